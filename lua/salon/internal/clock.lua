-- RFC 3339 times, and those of HTTP, to and from seconds since 1970, in UTC, without the C
-- library's idea of a local time zone. Fractions of a second are read and
-- dropped: nothing here decides within a second.

local clock = {}

local floor = math.floor

-- Days since 1970-01-01 of a date in the Gregorian calendar; years begin in
-- March here, so that the leap day is the last one of its year.
local function days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = floor(year / 400)
  local of_era = year - era * 400
  local of_year = floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + floor(of_era / 4) - floor(of_era / 100) + of_year - 719468
end

-- Seconds since 1970; nil when there is no such time.
local function seconds(year, month, day, hour, minute, second)
  day, hour, minute, second = tonumber(day), tonumber(hour), tonumber(minute), tonumber(second)
  if month < 1 or month > 12 or day < 1 or day > 31 or hour > 23 or minute > 59 or second > 60 then
    return nil
  end
  return days(tonumber(year), month, day) * 86400 + hour * 3600 + minute * 60 + second
end

---@param time number  seconds since 1970
---@return string  "2026-11-01T00:00:00Z"
function clock.rfc3339(time)
  return (os.date("!%Y-%m-%dT%H:%M:%SZ", floor(time)))
end

---@param text any
---@return number? seconds  since 1970; nil when `text` is no RFC 3339 time
function clock.parse(text)
  if type(text) ~= "string" then return nil end
  local year, month, day, hour, minute, second, rest =
    text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(.*)$")
  if year == nil then return nil end
  local zone = rest:match("^%.%d+(.*)$") or rest
  local offset = 0
  if zone ~= "Z" and zone ~= "z" then
    local sign, hours, minutes = zone:match("^([+-])(%d%d):(%d%d)$")
    if sign == nil then return nil end
    offset = (tonumber(hours) * 60 + tonumber(minutes)) * 60
    if sign == "-" then offset = -offset end
  end
  local time = seconds(year, tonumber(month), day, hour, minute, second)
  return time and time - offset
end

local MONTHS = {}
for i, name in ipairs { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
  "Dec" } do
  MONTHS[name] = i
end

---@param text string?  the header Date: "Sun, 01 Nov 2026 00:00:00 GMT"
---@return number? seconds  since 1970
function clock.parse_date(text)
  local day, month, year, hour, minute, second =
    (text or ""):match("^[A-Za-z]+, (%d%d) ([A-Za-z]+) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$")
  month = MONTHS[month]
  return month and seconds(year, month, day, hour, minute, second)
end

return clock
