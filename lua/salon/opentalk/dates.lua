-- The date fields of events, and their traps: all of them have to be sent together, or
-- servers drop the others; all-day means midnight in UTC; and newer servers give the end of
-- a series as the start of its last occurrence.

local Error = require "salon.internal.error"
local clock = require "salon.internal.clock"
local core = require "salon.core"
local is = require "salon.internal.is"
local options = require "salon.internal.options"

local dates = {}

local MOMENT = {
  datetime = is.rfc3339 { required = true, says = "RFC 3339" },
  timezone = is.text { required = true, says = "IANA name: Europe/Berlin; case counts" },
}

-- What a day without a time becomes.
local DAY = { __name = "a day" }

local function is_day(value) return getmetatable(value) == DAY end

local function convert(value)
  if type(value) == "string" then
    return value, ("must be a local time with its zone: { \"%s\", \"Europe/Berlin\" }"):format(
      #value <= 25 and not value:find "[^%d:+TZ -]" and value ~= "" and value or "2027-01-18 09:00")
  end
  if type(value) ~= "table" or value[1] == nil then return value end
  local moment = require "salon.internal.moment"
  local seconds, zone, is_date = moment.read(value)
  if seconds == nil then return value, zone end
  if not is_date then return moment.new(seconds, zone) end
  return setmetatable({ datetime = value[1] .. "T00:00:00Z", timezone = zone }, DAY)
end

---A date with its zone: a pair of salon.time, or what the API has.
function dates.moment(more)
  return is.object(MOMENT, options.merge({ convert = convert,
    luals = "salon.opentalk.Moment|salon.LocalTime" }, more or {}))
end

local function pattern_fault(lines)
  for _, line in ipairs(lines) do
    if line:find "[%z\1-\31]" then return "must hold one rule in each text, without a line end" end
    if line:find "DTSTART" or line:find "DTEND" then return "must hold rules, without DTSTART and DTEND" end
  end
end

dates.FIELDS = {
  is_time_independent = is.flag { says = "true: without a time; the default without `starts_at`" },
  is_all_day = is.flag { says = "both ends are days, { \"2027-01-18\", \"Europe/Berlin\" }: midnight in UTC" },
  starts_at = dates.moment(),
  ends_at = dates.moment { says = "together with starts_at; of an all-day event the last day" },
  recurrence_pattern = is.list(is.text { max_chars = 1024 }, { max_items = 4, check = pattern_fault,
    says = "lines of RFC 5545: FREQ=WEEKLY;COUNT=10" }),
}

local NAMES = { "is_all_day", "starts_at", "ends_at", "recurrence_pattern" }

---What is wrong with dates that come together, or nil.
---@param fields table  checked one by one
---@return string?
function dates.fault(fields)
  if fields.is_time_independent then
    for _, name in ipairs(NAMES) do
      if fields[name] ~= nil then
        return ("field '%s' does not go with is_time_independent = true"):format(name)
      end
    end
  end
  local starts, ends = fields.starts_at, fields.ends_at
  if (starts == nil) ~= (ends == nil) then
    return ("field '%s' is required together with '%s'"):format(starts and "ends_at" or "starts_at",
      starts and "starts_at" or "ends_at")
  elseif starts == nil then
    return nil
  end
  if is_day(starts) ~= is_day(ends) then
    return "fields 'starts_at' and 'ends_at' must both be days, or both have a time"
  elseif is_day(starts) and fields.is_all_day == false then
    return "field 'starts_at' is a day without a time, which does not go with is_all_day = false"
  end
  local first, last = clock.parse(starts.datetime), clock.parse(ends.datetime)
  if last < first then return "field 'ends_at' must not be before 'starts_at'" end
  if fields.is_all_day and (first % 86400 ~= 0 or last % 86400 ~= 0) then
    return "fields 'starts_at' and 'ends_at' of an all-day event must be midnight in UTC: "
      .. "…T00:00:00Z"
  end
end

---The same, of an event that is made: what belongs to a time needs one.
---@param fields table
---@return string?
function dates.fault_of_new(fields)
  if fields.starts_at == nil and not fields.is_time_independent then
    for _, name in ipairs(NAMES) do
      if fields[name] ~= nil then return ("field '%s' needs 'starts_at'"):format(name) end
    end
    if fields.is_time_independent == false then return "field 'starts_at' is required" end
  end
  return dates.fault(fields)
end

---The same, of an event that is moved and may keep its length.
---@param fields table
---@return string?
function dates.fault_of_move(fields)
  return fields.ends_at and dates.fault(fields)
end

---Days without a time make an event an all-day one.
---@param fields table
---@return table fields
function dates.with_all_day(fields)
  if not (is_day(fields.starts_at) or is_day(fields.ends_at)) then return fields end
  return options.merge(fields, { is_all_day = true })
end

---With the date fields that servers want although they can be told.
---@param fields table  is changed
---@return table fields
function dates.complete(fields)
  local timed = fields.starts_at ~= nil
  fields = dates.with_all_day(fields)
  fields.is_time_independent = not timed
  if timed and fields.is_all_day == nil then fields.is_all_day = false end
  return fields
end

local function seconds(moment)
  return type(moment) == "table" and clock.parse(moment.datetime) or nil
end

---Seconds between the two ends.
---@param raw table  an event or an occurrence
---@return number?
function dates.length(raw)
  local starts, ends = seconds(raw.starts_at), seconds(raw.ends_at)
  return starts and ends and ends - starts
end

---Seconds that an occurrence takes, of one which nobody moved if there is any.
---@param instances salon.Record[]
---@return number?
function dates.duration(instances)
  local found
  for _, instance in ipairs(instances) do
    local raw = instance.raw
    local length = dates.length(raw)
    if length and clock.rfc3339(seconds(raw.starts_at)):gsub("[-:]", "") == raw.instance_id then
      return length
    end
    found = found or length
  end
  return found
end

local function at_midnight(moment) return (seconds(moment) or 0) % 86400 == 0 end

---All date fields, as they shall be.
---@param old table  the event as the server has it
---@param fields table  what is to change
---@param duration number?  of a series, if it is needed
---@return table? block  nil: the event has no time, or none that can be read
---@return string? message  why not, where it is something else
---@return string? hint
function dates.block(old, fields, duration)
  local independent = fields.is_time_independent
  if independent == nil then independent = fields.starts_at == nil and old.is_time_independent end
  if independent then return { is_time_independent = true } end
  fields = dates.with_all_day(fields)
  local block = { is_time_independent = false }
  for _, name in ipairs(NAMES) do
    block[name] = fields[name]
    if block[name] == nil then block[name] = old[name] end
  end
  if block.is_all_day == nil then block.is_all_day = false end
  if duration and fields.ends_at == nil then
    if seconds(block.starts_at) == nil then return nil end
    local ends = seconds(block.starts_at) + duration
    if not clock.writable(ends) then return nil, "the event would end after the year 9999" end
    block.ends_at = { datetime = clock.rfc3339(ends),
      timezone = (block.ends_at or block.starts_at).timezone }
  end
  if block.is_all_day and not (at_midnight(block.starts_at) and at_midnight(block.ends_at)) then
    if fields.is_all_day then return nil, "an all-day event has to begin and end at midnight in UTC" end
    if fields.starts_at then block.is_all_day = false end
  end
  -- From the first day to the last one it is no time at all where both are the same.
  if old.is_all_day == true and not block.is_all_day and fields.ends_at == nil then
    return nil, "the days of an all-day event do not tell how long it takes from a time of day on",
      fields.starts_at and "give 'ends_at', too, or a day: { \"2027-01-18\", \"Europe/Berlin\" }"
  end
  if block.recurrence_pattern == nil then
    block.recurrence_pattern = setmetatable({}, core.array_mt)
  end
  return block
end

-- A method of records: the text of one of their dates, in its own zone or another one.
local function text_of(name)
  return function(record, zone_name)
    local raw, zones = record.raw, require "salon.internal.zone"
    local zone, message
    if zone_name ~= nil then
      zone, message = zones.find(zone_name)
      if zone == nil then error(("%s_text: argument 'zone' %s"):format(name:match "^%l+", message), 3) end
    end
    local time = seconds(raw[name])
    if time == nil then return nil end
    if raw.is_all_day == true then return (clock.parts(time)) end
    if zone == nil then zone, message = zones.find(raw[name].timezone) end
    if zone then return zones.text(zone, time) end
    return nil, Error.new { kind = "unsupported", outcome = "done", attempts = record.response.attempts,
      message = ("%s_text: field '%s' %s"):format(name:match "^%l+", name, message) }
  end
end

dates.METHODS = { starts_text = text_of "starts_at", ends_text = text_of "ends_at" }

-- What is described of them. Of any record, as a walk may give some of two kinds.
local METHOD = "fun(self: salon.Record, zone?: string): string|nil, salon.Error|nil  "
local TEXT = " by the clocks of `zone`, else of its own `timezone`, \"2027-01-18 09:00\"; all-day: "
  .. "\"2027-01-18\"; nil: it has none"

dates.DESCRIBED = { starts_text = METHOD .. "its start" .. TEXT, ends_text = METHOD .. "its end" .. TEXT }

return dates
