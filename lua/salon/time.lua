-- salon.time: times and dates in time zones, as they go into events and filters. What comes
-- back is what the API calls `starts_at`: { datetime = "…Z", timezone = "Europe/Berlin" }.

local clock = require "salon.internal.clock"
local moment = require "salon.internal.moment"
local options = require "salon.internal.options"
local zone = require "salon.internal.zone"

local time = {}

local function zone_of(fname, name, argument, level)
  local found, message = zone.find(name)
  if found then return found end
  error(("salon.time.%s: argument '%s' %s"):format(fname, argument, message), level + 1)
end

-- Seconds, the zone and its name.
local function take(fname, value, name)
  local seconds, own = moment.read(value)
  if seconds == nil then error(("salon.time.%s: argument 'value' %s"):format(fname, own), 3) end
  if name == nil and own == nil then name = "UTC" end
  return seconds, zone_of(fname, name or own, name and "zone" or "value", 3), name or own
end

-- The offset there, of a time that can be written with it.
local function offset_of(fname, found, seconds)
  local offset = zone.offset(found, seconds)
  if clock.writable(seconds + offset) then return offset end
  error(("salon.time.%s: argument 'value' lies outside of the years 0000 to 9999 there"):format(fname), 3)
end

---Reads RFC 3339.
---@param text string  "2027-01-18T09:00:00.5+01:00"
---@return number? seconds  since 1970, with a fraction if there is one; nil: it is no such time
---@return integer? offset  from UTC, in seconds
function time.parse(text)
  local seconds, offset, fraction = clock.read(text)
  if seconds == nil then return nil end
  return fraction > 0 and seconds + fraction or seconds, offset
end

---Writes RFC 3339, to the second.
---@param value salon.Time
---@param zone_name? string  "Europe/Berlin": with the offset that it has then; else in UTC
---@return string
function time.rfc3339(value, zone_name)
  local seconds, found = take("rfc3339", value, zone_name or "UTC")
  return clock.rfc3339(seconds, zone_name and offset_of("rfc3339", found, seconds) or nil)
end

---The local time, "2027-01-18 09:00", with seconds where they are not 0.
---@param value salon.Time
---@param zone_name? string  its own, else UTC
---@return string
function time.text(value, zone_name)
  local seconds, found = take("text", value, zone_name)
  offset_of("text", found, seconds)
  return (zone.text(found, seconds))
end

---What the API wants: `{ datetime =, timezone = }`. Options and fields take a pair as it is.
---@param value salon.Time
---@param zone_name? string  its own, else UTC
---@return salon.opentalk.Moment
function time.moment(value, zone_name)
  local seconds, _, name = take("moment", value, zone_name)
  return moment.new(seconds, name)
end

---Now, by this machine's clock.
---@param zone_name? string  UTC
---@return salon.opentalk.Moment
function time.now(zone_name)
  local _, _, name = take("now", 0, zone_name)
  return moment.new(os.time(), name)
end

-- The day it is there, as a number, and where that begins.
local function day_of(found, seconds)
  local offset = zone.offset(found, seconds)
  return math.floor((seconds + offset) / 86400)
end

local function day_begins(found, name, day)
  return moment.new((zone.utc(found, day * 86400)), name)
end

---The beginning of today, by this machine's clock.
---@param zone_name? string  UTC
---@return salon.opentalk.Moment
function time.today(zone_name)
  local seconds, found, name = take("today", os.time(), zone_name)
  return day_begins(found, name, day_of(found, seconds))
end

---The beginning of this week's Monday, and that of the next.
---@param zone_name? string  UTC
---@return salon.opentalk.Moment
---@return salon.opentalk.Moment
function time.week(zone_name)
  local seconds, found, name = take("week", os.time(), zone_name)
  local day = day_of(found, seconds)
  local monday = day - (day + 3) % 7
  return day_begins(found, name, monday), day_begins(found, name, monday + 7)
end

local AMOUNTS = {
  weeks = { "number", integer = true }, days = { "number", integer = true },
  hours = { "number" }, minutes = { "number" }, seconds = { "number" },
}

---Later, or with negative amounts earlier. Days and weeks are those of the calendar: the time
---of day stays where the clocks change meanwhile. One that the clocks leave out on that day
---becomes later by what they leave out.
---@param value salon.Time
---@param amounts { weeks?: integer, days?: integer, hours?: number, minutes?: number, seconds?: number }
---@return salon.opentalk.Moment
function time.add(value, amounts)
  local given = options.check("salon.time.add", amounts, AMOUNTS, 3, "amount")
  local seconds, found, name = take("add", value)
  -- By floats, which do not wrap around; a zone knows nothing of other years.
  local shift = ((given.weeks or 0) * 7.0 + (given.days or 0)) * 86400
  if shift ~= 0 and clock.writable(seconds + shift) then
    seconds = zone.utc(found, seconds + zone.offset(found, seconds) + shift)
  else
    seconds = seconds + shift
  end
  seconds = seconds + (given.hours or 0) * 3600.0 + (given.minutes or 0) * 60.0 + (given.seconds or 0)
  if not clock.writable(seconds) then
    error("salon.time.add: the sum lies outside of the years 0000 to 9999", 2)
  end
  return moment.new(seconds, name)
end

return time
