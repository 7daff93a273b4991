-- The calendar, RFC 3339 times and those of HTTP, to and from seconds since 1970, in UTC,
-- without the C library's idea of a local time zone. Nothing here decides within a second.

local clock = {}

local floor = math.floor

-- Days since 1970-01-01 of a date in the Gregorian calendar; years begin in
-- March here, so that the leap day is the last one of its year.
---@return integer
function clock.days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = floor(year / 400)
  local of_era = year - era * 400
  local of_year = floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + floor(of_era / 4) - floor(of_era / 100) + of_year - 719468
end

-- The same backwards.
---@return integer year, integer month, integer day
function clock.date(days)
  days = days + 719468
  local era = floor(days / 146097)
  local of_era = days - era * 146097
  local year = floor((of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + floor(year / 4) - floor(year / 100))
  local month = floor((5 * of_year + 2) / 153)
  local day = of_year - floor((153 * month + 2) / 5) + 1
  month = month + (month < 10 and 3 or -9)
  return year + era * 400 + (month <= 2 and 1 or 0), month, day
end

-- What a day or an hour is not, or nil; numbers or their texts.
local function fault(year, month, day, hour, minute, second)
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  local exists = month >= 1 and month <= 12 and day >= 1 and day <= 31
  if exists then
    local _, same = clock.date(clock.days(year, month, day))
    exists = same == month
  end
  if not exists then return ("names a day that does not exist, %04d-%02d-%02d"):format(year, month, day) end
  if tonumber(hour) > 23 or tonumber(minute) > 59 or tonumber(second) > 60 then
    return ("names a time of day that does not exist, %s:%s:%s"):format(hour, minute, second)
  end
end

---@return number? seconds  since 1970
---@return string? message  why there is no such time
function clock.seconds(year, month, day, hour, minute, second)
  local message = fault(year, month, day, hour, minute, second)
  if message then return nil, message end
  return clock.days(tonumber(year), tonumber(month), tonumber(day)) * 86400 + tonumber(hour) * 3600
    + tonumber(minute) * 60 + tonumber(second)
end

local FIRST, LAST = clock.days(0, 1, 1) * 86400, clock.days(10000, 1, 1) * 86400 - 1

---Can RFC 3339 write it? Its years have four digits.
---@param time number
---@return boolean
function clock.writable(time)
  return time >= FIRST and floor(time) <= LAST
end

---@param time number  seconds since 1970
---@return string date  "2026-11-01"
---@return string time_of_day  "00:00:00"
function clock.parts(time)
  time = floor(time)
  local days = floor(time / 86400)
  local left = time - days * 86400
  return ("%04d-%02d-%02d"):format(clock.date(days)),
    ("%02d:%02d:%02d"):format(floor(left / 3600), floor(left / 60) % 60, left % 60)
end

---@param time number  seconds since 1970
---@param offset? integer  of the zone to write it in, in seconds: UTC
---@return string  "2026-11-01T00:00:00Z"
function clock.rfc3339(time, offset)
  local minutes = floor((offset or 0) / 60)  -- RFC 3339 has no finer ones
  local date, time_of_day = clock.parts(time + minutes * 60)
  local sign, distance = minutes < 0 and "-" or "+", math.abs(minutes)
  return date .. "T" .. time_of_day .. (offset and ("%s%02d:%02d"):format(sign, floor(distance / 60),
    distance % 60) or "Z")
end

---@param text any
---@return number? seconds  since 1970; nil when `text` is no RFC 3339 time
---@return any offset  in seconds; why there is no such time, where `text` has the form of one
---@return number? fraction  of a second, which `seconds` is without
function clock.read(text)
  if type(text) ~= "string" then return nil end
  local year, month, day, hour, minute, second, rest =
    text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(.*)$")
  if year == nil then return nil end
  local fraction, zone = rest:match("^(%.%d+)(.*)$")
  zone = zone or rest
  local offset = 0
  if zone ~= "Z" and zone ~= "z" then
    local sign, hours, minutes = zone:match("^([+-])(%d%d):(%d%d)$")
    if sign == nil or tonumber(hours) > 23 or tonumber(minutes) > 59 then return nil end
    offset = (tonumber(hours) * 60 + tonumber(minutes)) * 60
    if sign == "-" then offset = -offset end
  end
  local time, message = clock.seconds(year, month, day, hour, minute, second)
  if time == nil then return nil, message end
  local digits = fraction and fraction:sub(2, 16) or "0"
  return time - offset, offset, tonumber(digits) / 10 ^ #digits
end

---@param text any
---@return number? seconds  since 1970, whole ones; nil when `text` is no RFC 3339 time
---@return string? message  why there is no such time, where `text` has the form of one
function clock.parse(text)
  local time, message = clock.read(text)
  if time then return time end
  return nil, message
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
  return month and (clock.seconds(year, month, day, hour, minute, second)) or nil
end

return clock
