-- Times as users give them: RFC 3339, seconds since 1970, the local time of a zone as
-- { "2027-01-18 09:00", "Europe/Berlin" }, and the API's { datetime =, timezone = }.
-- What is wrong is said in words that follow "option 'x' ".

local clock = require "salon.internal.clock"
local zone = require "salon.internal.zone"

local moment = {}

local FORMS = "must be a time: RFC 3339 such as '2026-11-01T00:00:00Z', seconds since 1970, or "
  .. "{ \"2026-11-01 09:00\", \"Europe/Berlin\" }"

-- The local time as if it were UTC.
local function local_seconds(text)
  local year, month, day, rest = text:match "^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$"
  local is_date = rest == ""
  if is_date then rest = " 00:00" end
  local hour, minute, second = (rest or ""):match "^[T ](%d%d):(%d%d)(.*)$"
  second = second == "" and "00" or (second or ""):match "^:(%d%d)$"
  if second == nil then return nil, FORMS end
  local seconds, message = clock.seconds(year, month, day, hour, minute, second)
  return seconds, message or is_date
end

local function of_pair(text, name)
  local found, message = zone.find(name)
  if found == nil then return nil, message end
  local seconds, fault = clock.parse(text)  -- with an offset, which names one of two
  if seconds then return seconds, name end
  if fault then return nil, fault end
  local wanted, is_date = local_seconds(text)
  if wanted == nil then return nil, is_date end
  local from, to
  seconds, from, to = zone.utc(found, wanted)
  if from and not (is_date and to < wanted + 86400) then
    return nil, ("names '%s', which does not exist in %s: the clocks go from %s %s to %s %s"):format(text,
      name, clock.parts(from), select(2, clock.parts(from)), clock.parts(to))
  end
  return seconds, name, is_date
end

local function of_table(value)
  local text, name = value[1], value[2]
  if type(text) == "string" and name == nil then
    return nil, "lacks the time zone: { \"2026-11-01 09:00\", \"Europe/Berlin\" }"
  end
  if type(text) == "string" and name ~= nil and #value == 2 then return of_pair(text, name) end
  local seconds, fault = clock.parse(value.datetime)
  if seconds == nil or type(value.timezone) ~= "string" then return nil, fault or FORMS end
  return seconds, value.timezone
end

---@param value any
---@return number? seconds  whole ones, since 1970
---@return string? zone  its name, where the value has one; what is wrong where there are no seconds
---@return boolean? is_date  a local day without a time
function moment.read(value)
  local seconds, name, is_date
  if type(value) == "table" then
    seconds, name, is_date = of_table(value)
  elseif type(value) == "number" then
    seconds = value
  else
    seconds, name = clock.parse(value)
    name = seconds == nil and (name or FORMS) or nil
  end
  if seconds == nil then return nil, name end
  if not clock.writable(seconds) then return nil, "lies outside of the years 0000 to 9999" end
  return math.floor(seconds), name, is_date
end

---@param seconds number  since 1970
---@param name string  of the zone
---@return { datetime: string, timezone: string }
function moment.new(seconds, name)
  return { datetime = clock.rfc3339(seconds), timezone = name }
end

return moment
