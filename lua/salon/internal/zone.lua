-- Time zones, out of the system's files (TZif, RFC 8536). A zone is a sequence of spans in
-- which its clocks have one offset from UTC: those of the file's table, and after the last
-- one what the rule at the file's end says.

local clock = require "salon.internal.clock"

local zone = {}

local FOLDER = "/usr/share/zoneinfo"
local PROBE = "Europe/Berlin"     -- is in every tzdata
local LONGEST = 65536             -- bytes; the longest file of 2026 has 4,000
local WIDEST = 26 * 3600          -- no clock is farther from UTC (RFC 8536)

local floor, huge = math.floor, math.huge

-- The rule --------------------------------------------------------------------------------

-- "-2:30/…" -> seconds, and what follows.
local function seconds_of(text)
  local sign, hours, rest = text:match "^([+-]?)(%d%d?%d?)(.*)$"
  if sign == nil then return nil, text end
  local total = tonumber(hours) * 3600
  for _, unit in ipairs { 60, 1 } do
    local value, after = rest:match "^:([0-5]%d)(.*)$"
    if value == nil then break end
    total, rest = total + tonumber(value) * unit, after
  end
  return sign == "-" and -total or total, rest
end

-- "CET-1…" -> 3600, and what follows; nil where the name has no offset after it.
local function offset_of(text)
  local rest = text:match "^%a%a%a+(.*)$" or text:match "^<[%w+-]+>(.*)$" or ""
  local west, after = seconds_of(rest)
  if west and math.abs(west) > WIDEST then return nil, "" end
  return west and -west, after
end

-- The three forms of the day of a change, each as a function of the year.
local function nth_weekday(month, week, weekday)
  return function(year)
    local first = clock.days(year, month, 1)
    local day = first + (weekday - first - 4) % 7 + (week - 1) * 7
    local length = clock.days(year + floor(month / 12), month % 12 + 1, 1) - first
    return day - first < length and day or day - 7
  end
end

local function day_of_year(number) return function(year) return clock.days(year, 1, 1) + number end end

local function day_without_leap_days(number)
  return function(year)
    return number < 60 and clock.days(year, 1, 1) + number - 1 or clock.days(year, 3, 1) + number - 60
  end
end

-- ",M3.5.0/2…" -> a function that gives the change's local time in a year, and what follows.
local function change_of(text)
  local day, rest
  local month, week, weekday, after = text:match "^,M(%d%d?)%.([1-5])%.([0-6])(.*)$"
  local julian, number, behind = text:match "^,(J?)(%d%d?%d?)(.*)$"
  month, number = tonumber(month), tonumber(number)
  if month and month >= 1 and month <= 12 then
    day, rest = nth_weekday(month, tonumber(week), tonumber(weekday)), after
  elseif number and number <= 365 then
    day, rest = (julian == "J" and day_without_leap_days or day_of_year)(number), behind
  else
    return nil
  end
  local time = 7200
  if rest:find "^/" then
    time, rest = seconds_of(rest:sub(2))
    if time == nil or math.abs(time) > 167 * 3600 then return nil end
  end
  return function(year) return day(year) * 86400 + time end, rest
end

-- "CET-1CEST,M3.5.0,M10.5.0/3" -> { offset, [summer, begins, ends] }; nil: it is none.
local function rule_of(text)
  local offset, rest = offset_of(text)
  if offset == nil then return nil end
  local rule = { offset = offset }
  if rest == "" then return rule end
  local summer, changes = offset_of(rest)
  rule.summer = summer or rule.offset + 3600
  rule.begins, changes = change_of(changes)
  if rule.begins then rule.ends, changes = change_of(changes) end
  return rule.ends and changes == "" and rule or nil
end

-- The offset at `time`, and when it ends.
local function span_by_rule(rule, time)
  if rule.summer == nil then return rule.offset, huge end
  local year = clock.date(floor(time / 86400))
  local last, offset, ends = -huge, nil, huge
  for y = year - 2, year + 2 do  -- a change may lie a week outside of its year
    local begin_summer, end_summer = rule.begins(y) - rule.offset, rule.ends(y) - rule.summer
    -- Where summer ends as the next one begins it goes on: the beginning counts.
    if end_summer <= time and end_summer > last then last, offset = end_summer, rule.offset end
    if begin_summer <= time and begin_summer >= last then last, offset = begin_summer, rule.summer end
    if end_summer > time then ends = math.min(ends, end_summer) end
    if begin_summer > time then ends = math.min(ends, begin_summer) end
  end
  return offset, ends
end

-- The file --------------------------------------------------------------------------------

local function number_at(data, at, bytes)
  local value = data:byte(at)
  if value > 127 then value = value - 256 end
  for i = at + 1, at + bytes - 1 do value = value * 256 + data:byte(i) end
  return value
end

-- The block whose header stands at `at`: its counts, and where the next one begins.
local function block_at(data, at, bytes)
  if data:sub(at, at + 3) ~= "TZif" or #data < at + 43 then return nil end
  local block = { version = data:byte(at + 4), at = at + 44 }
  local size = { utc = 1, standard = 1, leaps = bytes + 4, times = bytes + 1, types = 6, letters = 1 }
  local next_at = block.at
  for i, name in ipairs { "utc", "standard", "leaps", "times", "types", "letters" } do
    local count = number_at(data, at + 16 + 4 * i, 4)
    if count < 0 then return nil end
    block[name], next_at = count, next_at + count * size[name]
  end
  if next_at > #data + 1 or block.types == 0 then return nil end
  return block, next_at
end

-- A zone, or nil where the file is none that can be used.
local function read(data)
  local bytes = 4
  local block, next_at = block_at(data, 1, bytes)
  if block and block.version >= 50 then  -- "2": all again, with eight bytes for each time
    bytes = 8
    block, next_at = block_at(data, next_at, bytes)
  end
  if block == nil or block.leaps > 0 then return nil end
  local self = { times = {}, offsets = {} }
  local types_at = block.at + block.times * (bytes + 1)
  local function offset(number)
    local found = number < block.types and number_at(data, types_at + number * 6, 4)
    return found and math.abs(found) <= WIDEST and found or nil
  end
  self.first = offset(0)
  for i = 1, block.times do
    self.times[i] = number_at(data, block.at + (i - 1) * bytes, bytes)
    self.offsets[i] = offset(data:byte(block.at + block.times * bytes + i - 1))
    if self.offsets[i] == nil or i > 1 and self.times[i] <= self.times[i - 1] then return nil end
  end
  local footer = bytes == 4 and "" or data:match("^\n([^\n]*)\n", next_at)
  self.rule = footer and rule_of(footer)
  return self.first and (self.rule or footer == "") and self or nil
end

-- What callers use ------------------------------------------------------------------------

-- The offset at `time`, and when it ends.
local function span(self, time)
  local times, low, high = self.times, 0, #self.times
  while low < high do  -- the last change that is not after `time`
    local middle = floor((low + high + 1) / 2)
    if times[middle] <= time then low = middle else high = middle - 1 end
  end
  if self.rule and low == #times then return span_by_rule(self.rule, time) end
  return self.offsets[low] or self.first, times[low + 1] or huge
end

zone.offset = span

---"2027-01-18 09:00" by the zone's clocks, with seconds where they are not 0.
---@param self table
---@param seconds number
---@return string
function zone.text(self, seconds)
  local offset = span(self, seconds)
  local date, time_of_day = clock.parts(seconds + offset)
  return date .. " " .. time_of_day:gsub(":00$", "", 1)
end

---Of a local time, given as if it were UTC. One that exists twice is the first of the two.
---@param self table
---@param wanted number
---@return number seconds  one that the clock leaves out: later by what they leave out
---@return number? from  the clock leaves it out: it goes from here
---@return number? to  to here
function zone.utc(self, wanted)
  local time = wanted - WIDEST
  while true do
    local offset, ends = span(self, time)
    if wanted - offset < ends then return wanted - offset end
    local after = span(self, ends)
    if wanted - after < ends then return wanted - offset, ends + offset, ends + after end
    time = ends
  end
end

local known = { UTC = { times = {}, offsets = {}, first = 0 } }

local function open(folder, name)
  local file = io.open(folder .. "/" .. name, "rb")
  local data = file and file:read(LONGEST)
  if file then file:close() end
  return data
end

---@param name any
---@return table? zone
---@return string? message  follows what is wrong
function zone.find(name)
  if known[name] then return known[name] end
  local is_name = type(name) == "string" and #name < 100 and name:find "^[A-Za-z0-9_+/-]+$"
    and not ("/" .. name .. "/"):find "//"
  if not is_name then return nil, "must name a time zone such as 'Europe/Berlin'" end
  local folder = (os.getenv "TZDIR" or ""):match ".+" or FOLDER
  local data = open(folder, name)
  if data == nil and open(folder, PROBE) == nil then
    return nil, ("names a time zone, and there are none in %s: install tzdata (Debian's name), or set TZDIR")
      :format(folder)
  elseif data == nil then
    return nil, ("names the time zone '%s', which this machine does not know; case counts: Europe/Berlin")
      :format(name)
  end
  known[name] = read(data)
  if known[name] then return known[name] end
  return nil, ("names the time zone '%s', whose file in %s cannot be used: damaged, or with leap seconds")
    :format(name, folder)
end

return zone
