-- Times as the APIs write them: RFC 3339 in and out, microseconds inside.
-- A moment is a number of microseconds since 1970 (exact up to 2^53).

local time = {}

local floor = math.floor

-- Days since 1970-01-01 of a date (Howard Hinnant's algorithm); months beyond 12 belong
-- to later years.
local function days(y, m, d)
  y, m = y + floor((m - 1) / 12), (m - 1) % 12 + 1
  if m <= 2 then y = y - 1 end
  local era = floor(y / 400)
  local yoe = y - era * 400
  local doy = floor((153 * (m + (m > 2 and -3 or 9)) + 2) / 5) + d - 1
  return era * 146097 + yoe * 365 + floor(yoe / 4) - floor(yoe / 100) + doy - 719468
end

time.days = days

local LENGTHS = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

---Reads RFC 3339 (a blank may stand for the T); nil and the controller's
---message if it is wrong.
function time.parse(text)
  local y, m, d, h, min, s, rest =
    text:match("^(%d%d%d%d)-(%d%d)-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(.*)$")
  if not y then
    local shape = text:gsub("%d", "0")
    local whole = "0000-00-00T00:00:00"
    if #shape < #whole and whole:sub(1, #shape) == shape then
      return nil, "premature end of input"
    end
    return nil, "input contains invalid characters"
  end
  local fraction, zone = rest:match("^(%.%d+)(.*)$")
  zone = zone or rest
  if zone == "" then return nil, "premature end of input" end
  local sign, zh, zm = zone:match("^([+-])(%d%d):(%d%d)$")
  if not sign and zone ~= "Z" and zone ~= "z" then
    return nil, "input contains invalid characters"
  end
  y, m, d, h, min, s = tonumber(y), tonumber(m), tonumber(d), tonumber(h), tonumber(min), tonumber(s)
  if m < 1 or m > 12 or d < 1 or d > LENGTHS[m] or h > 23 or min > 59 or s > 60 then
    return nil, "input is out of range"
  end
  local seconds = days(y, m, d) * 86400 + h * 3600 + min * 60 + math.min(s, 59)  -- no leap seconds
  if sign then
    local offset = tonumber(zh) * 3600 + tonumber(zm) * 60
    seconds = seconds + (sign == "+" and -offset or offset)
  end
  return seconds * 1000000 + tonumber(((fraction or "."):sub(2) .. "000000"):sub(1, 6))
end

---Writes UTC with no, three or six digits after the point, as many as needed.
function time.format(moment)
  local seconds = floor(moment / 1000000)
  local micro = moment - seconds * 1000000
  local fraction = micro == 0 and "" or micro % 1000 == 0 and (".%03d"):format(micro / 1000) or (".%06d"):format(micro)
  return os.date("!%Y-%m-%dT%H:%M:%S", seconds) .. fraction .. "Z"
end

---The form of instance ids: 20270118T080000Z.
function time.compact(moment)
  return (time.format(moment - moment % 1000000):gsub("[-:]", ""))
end

---Reads the compact form; a day without a time means its last second (UNTIL of a series).
function time.parse_compact(text)
  local day, clock = text:match "^(%d%d%d%d%d%d%d%d)T?(%d*)Z?$"
  if not day then return nil end
  return time.parse((day .. (clock == "" and "235959" or clock)):gsub("^(....)(..)(..)(..)(..)(..)$",
    "%1-%2-%3T%4:%5:%6Z"))
end

return time
