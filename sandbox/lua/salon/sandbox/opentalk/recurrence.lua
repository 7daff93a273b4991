-- Recurrence patterns (RFC 5545 lines), as far as creating and listing events
-- needs them: are they valid, and when does the series end?

local time = require "salon.sandbox.time"

local recurrence = {}

local DAY = 86400 * 1000000
local STEPS = { DAILY = DAY, WEEKLY = 7 * DAY, MONTHLY = 30.4375 * DAY, YEARLY = 365.25 * DAY }
local SHORT = { HOURLY = true, MINUTELY = true, SECONDLY = true }
local CENTURY = 36525 * DAY

local INVALID = "Invalid recurrence pattern"

local function read_rule(text)
  local rule = {}
  for part in text:gmatch("[^;]+") do
    local name, value = part:match("^(%u+)=(.+)$")
    if not name then return nil end
    rule[name] = value
  end
  return rule.FREQ and rule
end

---Checks the lines of an event that starts at `start`. Returns the start of
---the last occurrence, or nil and the controller's message.
function recurrence.last(lines, start)
  local rule, excluded, added = nil, 0, false
  for _, line in ipairs(lines) do
    local name, rest = line:match("^(%u+)[;:](.*)$")
    if name == "EXDATE" then
      for _ in rest:gmatch("%d%d%d%d%d%d%d%d") do excluded = excluded + 1 end
    elseif name == "RDATE" then
      added = true
    elseif name ~= "EXRULE" then
      if name and name ~= "RRULE" then return nil, INVALID end
      rule = read_rule(line:gsub("^RRULE:", ""))
      if not rule then return nil, INVALID end
    end
  end
  if not rule then
    if added then return start end
    return nil, INVALID
  end
  if SHORT[rule.FREQ] then return nil, "Frequencies below 'DAILY' are not supported" end
  local step = STEPS[rule.FREQ]
  local count = rule.COUNT and tonumber(rule.COUNT)
  if not step or (rule.COUNT and not count) then return nil, INVALID end
  step = step * (tonumber(rule.INTERVAL or "1") or 1)
  if rule.UNTIL then
    local stop = time.parse_compact(rule.UNTIL)
    if not stop or stop < start then return nil, INVALID end
    return start + math.floor((stop - start) / step) * step
  elseif count then
    if count <= excluded then return nil, "recurrence_pattern does not yield any dates" end
    return start + math.floor((count - 1) * step)
  end
  return start + CENTURY
end

return recurrence
