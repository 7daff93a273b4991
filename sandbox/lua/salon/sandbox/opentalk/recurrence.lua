-- Recurrence patterns (RFC 5545 lines): are they valid, and on which dates does a
-- series take place? Dates are found one after the other, as far as they are asked for.

local ffi = require "ffi"
local time = require "salon.sandbox.time"

ffi.cdef "int setenv(const char *name, const char *value, int overwrite); void tzset(void);"

local recurrence = {}

local CENTURY = 36525
local INVALID = "Invalid recurrence pattern"
local WEEKDAYS = { SU = 1, MO = 2, TU = 3, WE = 4, TH = 5, FR = 6, SA = 7 }
local KNOWN = { DAILY = true, WEEKLY = true, MONTHLY = true, YEARLY = true }
local SHORT = { HOURLY = true, MINUTELY = true, SECONDLY = true }

-- The machine's own database of zones answers. The process moves to the zone that is
-- asked about; nothing else in it uses local time.
local zone_now

-- What a time zone's clocks are ahead of UTC at a moment: both in seconds.
local function zone_offset(zone, seconds)
  if zone ~= zone_now then
    ffi.C.setenv("TZ", ":" .. zone, 1)
    ffi.C.tzset()
    zone_now = zone
  end
  local there = os.date("*t", seconds)
  local day = time.days(there.year, there.month, there.day)
  return day * 86400 + there.hour * 3600 + there.min * 60 + there.sec - seconds
end

-- Seconds in UTC of a day's clock time (seconds) in a zone; at_midnight: with the
-- offset that the day begins with.
local function zone_utc(zone, day, clock, at_midnight)
  local base = day * 86400
  local wanted = base + (at_midnight and 0 or clock)
  return base + clock - zone_offset(zone, wanted - zone_offset(zone, wanted))
end

local function numbers(text)
  local set = text and {}
  for number in (text or ""):gmatch "[^,]+" do set[tonumber(number) or 0] = true end
  return set
end

-- A rule: freq, step, count, stop (microseconds), months, days, weekdays (list of
-- { weekday, which of the month's or nil }). nil when it is none; BYSETPOS is not looked at.
local function read_rule(text)
  local raw = {}
  for part in text:gmatch "[^;]+" do
    local name, value = part:match "^(%u+)=(.+)$"
    if not name then return nil end
    raw[name] = value
  end
  local rule = { freq = raw.FREQ, step = tonumber(raw.INTERVAL or 1), months = numbers(raw.BYMONTH),
    count = tonumber(raw.COUNT or math.huge), days = numbers(raw.BYMONTHDAY),
    stop = raw.UNTIL and (time.parse_compact(raw.UNTIL) or -math.huge) or math.huge, ended = raw.COUNT or raw.UNTIL }
  if not (rule.freq and rule.step and rule.step >= 1 and rule.count) then return nil end
  for part in (raw.BYDAY or ""):gmatch "[^,]+" do
    local which, name = part:match "^([+-]?%d*)(%u%u)$"
    if not WEEKDAYS[name] then return nil end
    rule.weekdays = rule.weekdays or {}
    table.insert(rule.weekdays, { WEEKDAYS[name], tonumber(which) })
  end
  return rule
end

-- The moments of an EXDATE or RDATE line: by the clocks of a zone where they do not
-- end in Z.
local function read_dates(text, zone, old)
  local list = {}
  zone = text:match "TZID=([^;:]+)" or zone
  for word in text:gsub("^[^:]*:", ""):gmatch "[^,]+" do
    local at = time.parse_compact(word)
    if at and not word:find "Z$" then
      local seconds = at / 1000000
      at = zone_utc(zone, math.floor(seconds / 86400), seconds % 86400, old) * 1000000
    end
    list[#list + 1] = at
  end
  table.sort(list)
  return list
end

-- The lines as { rule, added, excluded (set) }; nil and the controller's message.
local function read(lines, starts, old)
  local plan = { added = {}, excluded = {} }
  for _, line in ipairs(lines) do
    local name, rest = line:match "^(%u+)([;:].*)$"
    if name == "EXDATE" then
      for _, at in ipairs(read_dates(rest, starts.timezone, old)) do plan.excluded[at] = true end
    elseif name == "RDATE" then
      plan.added = read_dates(rest, starts.timezone, old)
    elseif name ~= "EXRULE" then
      if name and name ~= "RRULE" then return nil, INVALID end
      plan.rule = read_rule((line:gsub("^RRULE:", "")))
      if not plan.rule then return nil, INVALID end
    end
  end
  local rule = plan.rule
  if not rule then return plan.added[1] and plan, INVALID end
  if SHORT[rule.freq] then return nil, "Frequencies below 'DAILY' are not supported" end
  return KNOWN[rule.freq] and rule.stop >= starts.at and plan, INVALID
end

-- Does day number `day` fit? `first` is the series' first day, as os.date tells it.
local function fits(rule, day, first)
  local date = os.date("!*t", day * 86400)
  local month_first = day - date.day + 1
  local length = time.days(date.year, date.month + 1, 1) - month_first
  if rule.months and not rule.months[date.month] then return false end
  if rule.days and not (rule.days[date.day] or rule.days[date.day - length - 1]) then return false end
  local nth, nth_last = math.floor((date.day - 1) / 7) + 1, -math.floor((length - date.day) / 7) - 1
  for _, wanted in ipairs(rule.weekdays or {}) do
    local which = wanted[2] or nth
    if wanted[1] == date.wday and (which == nth or which == nth_last) then return true end
  end
  if rule.weekdays then return false end
  if rule.days or rule.freq == "DAILY" then return true end
  if rule.freq == "WEEKLY" then return date.wday == first.wday end
  return date.day == first.day and (rule.freq == "MONTHLY" or rule.months ~= nil or date.month == first.month)
end

-- First and last day of the period number n.
local function period(rule, day, first, n)
  n = n * rule.step
  if rule.freq == "DAILY" then return day + n, day + n end
  if rule.freq == "WEEKLY" then
    local monday = day - (first.wday + 5) % 7 + 7 * n
    return monday, monday + 6
  elseif rule.freq == "MONTHLY" then
    return time.days(first.year, first.month + n, 1), time.days(first.year, first.month + n + 1, 1) - 1
  end
  return time.days(first.year + n, 1, 1), time.days(first.year + n + 1, 1, 1) - 1
end

-- A function that calls give(moment) for the dates in a rule's next period; false at
-- the end of the series, or after a century.
local function follow(rule, starts, old, give)
  local seconds = math.floor(starts.at / 1000000)
  local here = seconds + zone_offset(starts.timezone, seconds)
  local day, clock, fraction = math.floor(here / 86400), here % 86400, starts.at % 1000000
  local first, count, n = os.date("!*t", day * 86400), 0, -1
  return function()
    n = n + 1
    local from, to = period(rule, day, first, n)
    if from > day + CENTURY then return false end
    for other = math.max(from, day), to do
      if fits(rule, other, first) then
        local at = zone_utc(starts.timezone, other, clock, old) * 1000000 + fraction
        count = count + 1
        if at > rule.stop or count > rule.count then return false end
        give(at)
      end
    end
    return true
  end
end

---A function that gives the starts of a series' dates one after the other, then nil,
---and whether the series has no end; or nil and the controller's message. 2023 takes the
---offset of the beginning of the day, which is wrong on the day on which the clocks change.
function recurrence.walk(lines, starts, old)
  local plan, words = read(lines, starts, old)
  if not plan then return nil, words end
  local added, found, taken = plan.added, {}, 0
  local function put(at)
    if not plan.excluded[at] then found[#found + 1] = at end
  end
  local function give(at)
    while added[1] and added[1] < at do put(table.remove(added, 1)) end
    put(at)
  end
  local more = plan.rule and follow(plan.rule, starts, old, give)
  if not more then give(starts.at) end
  return function()
    while taken == #found and more do more = more() and more end
    while taken == #found and added[1] do put(table.remove(added, 1)) end
    taken = taken + 1
    return found[taken]
  end, plan.rule and not plan.rule.ended
end

---The start of a series' last date: a century away when it has no end. nil and the
---controller's message when the lines are wrong.
function recurrence.last(lines, starts, old)
  local walk, endless = recurrence.walk(lines, starts, old)
  if not walk then return nil, endless end
  local last = walk()
  if not last then return nil, "recurrence_pattern does not yield any dates" end
  if endless then return starts.at + CENTURY * 86400 * 1000000 end
  for at in walk do last = at end
  return last
end

return recurrence
