-- salon.time: time zones of this machine, local times, and times as events and filters
-- take them. The program `date`, which reads the same files, says what is right.

local clock = require "salon.internal.clock"
local salon = require "salon"
local support = require "spec.support"

local time = salon.time
local check = salon.check

-- What a function of one line raises, without the place, which must be that line.
local function mistake(fn)
  local ok, e = pcall(fn)
  assert.is_false(ok)
  local place = ("spec/time_spec.lua:%d: "):format(debug.getinfo(fn, "S").linedefined)
  assert.equal(place, tostring(e):sub(1, #place))
  return tostring(e):sub(#place + 1)
end

local function padded(text) return #text == 16 and text .. ":00" or text end

-- Moments that are spread over the years, the same in each run.
local function moments(count, first, last)
  local list, seed = {}, 42
  for i = 1, count do
    seed = seed * 16807 % 2147483647
    list[i] = math.floor(first + (last - first) * (seed / 2147483647))
  end
  return list
end

-- What `date` says: a list of "2027-01-18 09:00:00".
local function dates(zone, list)
  local lines = {}
  for i, seconds in ipairs(list) do lines[i] = ("@%d"):format(seconds) end
  local folder = support.folder()
  support.write(folder .. "/moments", table.concat(lines, "\n") .. "\n")
  local output = support.run(("LC_ALL=C TZ=%s date -f %s/moments '+%%Y-%%m-%%d %%H:%%M:%%S'"):format(
    support.quote(zone), folder))
  support.remove(folder)
  local found = {}
  for line in output:gmatch "[^\n]+" do found[#found + 1] = line end
  assert.equal(#list, #found)
  return found
end

describe("salon.time", function()
  it("reads RFC 3339 with its offset and its fraction", function()
    assert.same({ 1800259200, 3600 }, { time.parse "2027-01-18T09:00:00+01:00" })
    assert.same({ 1800262800.5, 0 }, { time.parse "2027-01-18T09:00:00.5Z" })
    assert.same({ 1800262800.25, 0 }, { time.parse("2027-01-18T09:00:00.25" .. ("0"):rep(400) .. "Z") })
    assert.same({ 1800262800, -5400 }, { time.parse "2027-01-18t07:30:00-01:30" })
    for _, text in ipairs { "", "2027-01-18 09:00", "2027-01-18T09:00:00", "2027-02-29T00:00:00Z",
      "2027-04-31T00:00:00Z", "2100-02-29T00:00:00Z", "2027-01-18T24:00:00Z", "2027-01-18T09:60:00Z",
      "2027-01-18T09:00:00+24:00", "2027-01-18T09:00:00+01:60", "2027-00-18T09:00:00Z" } do
      assert.is_nil(time.parse(text), text)
    end
  end)

  it("writes RFC 3339 of each year that it has", function()
    for seconds, text in pairs { [-62167219200] = "0000-01-01T00:00:00Z", [253402300799] = "9999-12-31T23:59:59Z",
      [-1] = "1969-12-31T23:59:59Z", [951782400] = "2000-02-29T00:00:00Z", [4107542400] = "2100-03-01T00:00:00Z",
      [1800262800.75] = "2027-01-18T09:00:00Z" } do
      assert.equal(text, time.rfc3339(seconds))
      assert.equal(math.floor(seconds), (time.parse(text)))
    end
    for _, seconds in ipairs { -62167219201, 253402300800, 1 / 0, -1 / 0, 0 / 0 } do
      assert.equal("salon.time.rfc3339: argument 'value' lies outside of the years 0000 to 9999",
        mistake(function() time.rfc3339(seconds) end))
    end
    assert.equal("2027-07-18T09:00:00+02:00", time.rfc3339({ "2027-07-18 09:00", "Europe/Berlin" }, "Europe/Berlin"))
    assert.equal("2027-07-18T07:00:00Z", time.rfc3339 { "2027-07-18 09:00", "Europe/Berlin" })
    assert.equal("2027-01-18T04:30:00-03:30", time.rfc3339("2027-01-18T09:00:00+01:00", "America/St_Johns"))
  end)

  it("agrees with the calendar for each day of twelve hundred years", function()
    local day = clock.days(1600, 1, 1)
    assert.equal(-135140, day)
    for year = 1600, 2800 do
      local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
      for month, length in ipairs { 31, leap and 29 or 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 } do
        for number = 1, length do
          local y, m, d = clock.date(day)
          if y ~= year or m ~= month or d ~= number or clock.days(year, month, number) ~= day then
            error(("%d-%d-%d is no day %d"):format(year, month, number, day))
          end
          day = day + 1
        end
      end
    end
  end)

  it("turns the local time of a zone into what the API wants, and back", function()
    for _, case in ipairs {
      { "2027-01-18 09:00", "Europe/Berlin", "2027-01-18T08:00:00Z" },
      { "2027-07-18 09:00", "Europe/Berlin", "2027-07-18T07:00:00Z" },
      { "2027-07-18 09:00:30", "Europe/Berlin", "2027-07-18T07:00:30Z" },
      { "2027-10-31 01:59:59", "Europe/Berlin", "2027-10-30T23:59:59Z" },
      { "2027-10-31 02:30", "Europe/Berlin", "2027-10-31T00:30:00Z" },       -- twice: the first
      { "2027-10-31 03:00", "Europe/Berlin", "2027-10-31T02:00:00Z" },
      { "2027-11-07 01:30", "America/New_York", "2027-11-07T05:30:00Z" },
      { "2027-04-04 01:45", "Australia/Lord_Howe", "2027-04-03T14:45:00Z" }, -- half an hour twice
      { "2027-10-03 02:30", "Australia/Lord_Howe", "2027-10-02T15:30:00Z" },
      { "2027-07-18 09:00", "Europe/Dublin", "2027-07-18T08:00:00Z" },       -- its winter is what is saved
      { "2027-10-31 01:30", "Europe/Dublin", "2027-10-31T00:30:00Z" },
      { "2027-02-10 12:00", "Africa/Casablanca", "2027-02-10T12:00:00Z" },   -- Ramadan
      { "2027-07-10 12:00", "Africa/Casablanca", "2027-07-10T11:00:00Z" },
      { "2011-12-29 23:59", "Pacific/Apia", "2011-12-30T09:59:00Z" },
      { "2011-12-31 00:00", "Pacific/Apia", "2011-12-30T10:00:00Z" },
      { "2027-01-18 09:00", "Australia/Sydney", "2027-01-17T22:00:00Z" },
      { "2027-07-18 09:00", "Australia/Sydney", "2027-07-17T23:00:00Z" },
      { "2100-01-18 09:00", "Europe/Berlin", "2100-01-18T08:00:00Z" },       -- by the rule
      { "2100-07-18 09:00", "Europe/Berlin", "2100-07-18T07:00:00Z" },
      { "2100-10-31 02:30", "Europe/Berlin", "2100-10-31T00:30:00Z" },
      { "2100-12-18 09:00", "Australia/Sydney", "2100-12-17T22:00:00Z" },
      { "9999-07-01 00:00", "Europe/Berlin", "9999-06-30T22:00:00Z" },
      { "1970-01-01 01:00", "Europe/Berlin", "1970-01-01T00:00:00Z" },
      { "1969-12-31 18:59:59", "America/New_York", "1969-12-31T23:59:59Z" },
      { "1945-05-24 04:00", "Europe/Berlin", "1945-05-24T01:00:00Z" },       -- three hours from UTC
      { "1800-01-01 00:00", "Europe/Berlin", "1799-12-31T23:06:32Z" },       -- before zones
      { "2027-01-18 09:00", "UTC", "2027-01-18T09:00:00Z" },
      { "2027-01-18 09:00", "Etc/GMT+5", "2027-01-18T14:00:00Z" },
      { "2027-01-18 09:00", "Asia/Kathmandu", "2027-01-18T03:15:00Z" },
    } do
      local text, zone, datetime = case[1], case[2], case[3]
      assert.same({ datetime = datetime, timezone = zone }, time.moment { text, zone })
      assert.equal(text, time.text({ datetime = datetime, timezone = zone }))
      assert.equal(text, time.text(datetime, zone))
    end
  end)

  it("takes the second of two equal local times by its offset", function()
    assert.equal("2027-10-31T01:30:00Z", time.moment({ "2027-10-31T02:30:00+01:00", "Europe/Berlin" }).datetime)
  end)

  it("raises for a local time that does not exist, and says what the clocks do", function()
    for text, case in pairs {
      ["2027-03-28 02:30"] = { "Europe/Berlin", "2027-03-28 02:00:00 to 2027-03-28 03:00:00" },
      ["2027-03-28 02:00"] = { "Europe/Berlin", "2027-03-28 02:00:00 to 2027-03-28 03:00:00" },
      ["2100-03-28 02:59"] = { "Europe/Berlin", "2100-03-28 02:00:00 to 2100-03-28 03:00:00" },
      ["2027-03-14 02:30"] = { "America/New_York", "2027-03-14 02:00:00 to 2027-03-14 03:00:00" },
      ["2027-10-03 02:15"] = { "Australia/Lord_Howe", "2027-10-03 02:00:00 to 2027-10-03 02:30:00" },
      ["2027-03-28 01:15"] = { "Europe/Dublin", "2027-03-28 01:00:00 to 2027-03-28 02:00:00" },
      ["2011-12-30 12:00"] = { "Pacific/Apia", "2011-12-30 00:00:00 to 2011-12-31 00:00:00" },
      ["2011-12-30"] = { "Pacific/Apia", "2011-12-30 00:00:00 to 2011-12-31 00:00:00" },
    } do
      assert.equal(("salon.time.moment: argument 'value' names '%s', which does not exist in %s: the clocks go from %s")
        :format(text, case[1], case[2]), mistake(function() time.moment { text, case[1] } end))
    end
  end)

  it("begins a day whose midnight does not exist at its first moment", function()
    assert.equal("2027-04-29T22:00:00Z", time.moment({ "2027-04-30", "Africa/Cairo" }).datetime)
    assert.equal("2027-04-30 01:00", time.text { "2027-04-30", "Africa/Cairo" })
  end)

  it("raises for days, hours and zones that do not exist, at the caller's line", function()
    for text, message in pairs {
      ["2027-04-31"] = "names a day that does not exist, 2027-04-31",
      ["2027-02-29 09:00"] = "names a day that does not exist, 2027-02-29",
      ["2027-13-01 09:00"] = "names a day that does not exist, 2027-13-01",
      ["2027-01-18 24:00"] = "names a time of day that does not exist, 24:00:00",
      ["2027-01-18 09:60"] = "names a time of day that does not exist, 09:60:00",
      ["2027-02-29T09:00:00Z"] = "names a day that does not exist, 2027-02-29",
    } do
      local pair = text:find "Z" and text or { text, "Europe/Berlin" }
      assert.equal("salon.time.text: argument 'value' " .. message, mistake(function() time.text(pair) end))
    end
    for _, value in ipairs { { "2027-02-29T09:00:00Z", "Europe/Berlin" },
      { datetime = "2027-02-29T09:00:00Z", timezone = "Europe/Berlin" } } do
      assert.equal("salon.time.text: argument 'value' names a day that does not exist, 2027-02-29",
        mistake(function() time.text(value) end))
    end
    for _, value in ipairs { "tomorrow", "2027-01-18", {}, { "9 o'clock", "UTC" },
      { "2027-01-18 09:00:5", "UTC" }, { "2027-01-18 09:00", "UTC", "x" }, { datetime = "2027-01-18T09:00:00Z" },
      true, print } do
      assert.matches("argument 'value' must be a time: RFC 3339 such as", mistake(function() time.text(value) end))
    end
    assert.matches("argument 'value' must be a time", mistake(function() time.moment() end))
    assert.equal("salon.time.text: argument 'value' lacks the time zone: { \"2026-11-01 09:00\", \"Europe/Berlin\" }",
      mistake(function() time.text { "2027-01-18 09:00" } end))
    for _, zone in ipairs { "", "..", "../zoneinfo/Europe/Berlin", "/usr/share/zoneinfo/Europe/Berlin", "Europe/",
      "Europe//Berlin", "zone.tab", "Europe/Berlin\0", "Europe Berlin", ("x"):rep(200), 5, true } do
      assert.equal("salon.time.today: argument 'zone' must name a time zone such as 'Europe/Berlin'",
        mistake(function() time.today(zone) end))
    end
    for _, zone in ipairs { "Europe/Berln", "europe/berlin", "Europe" } do
      assert.equal(("salon.time.text: argument 'zone' names the time zone '%s', which this machine does not know; "
        .. "case counts: Europe/Berlin"):format(zone), mistake(function() time.text(0, zone) end))
    end
    assert.matches("argument 'value' names the time zone 'Nowhere'",
      mistake(function() time.text { "2027-01-18", "Nowhere" } end))
    assert.matches("damaged, or with leap seconds", mistake(function() time.text(0, "right/Europe/Berlin") end))
  end)

  it("raises for a time whose year has five digits, or none, by the clocks of the zone", function()
    local words = "argument 'value' lies outside of the years 0000 to 9999 there"
    assert.equal("9999-12-31T23:30:00Z", time.rfc3339 "9999-12-31T23:30:00Z")
    assert.equal("salon.time.rfc3339: " .. words,
      mistake(function() local _ = time.rfc3339("9999-12-31T23:30:00Z", "Asia/Tokyo") end))
    assert.equal("salon.time.text: " .. words,
      mistake(function() local _ = time.text("0000-01-01T00:30:00Z", "America/New_York") end))
  end)

  it("adds days of the calendar, and hours as they pass", function()
    local function sum(text, amounts) return time.text(time.add({ text, "Europe/Berlin" }, amounts)) end
    assert.equal("2027-03-29 00:00", sum("2027-03-28", { days = 1 }))      -- a day of 23 hours
    assert.equal("2027-03-29 01:00", sum("2027-03-28", { hours = 24 }))
    assert.equal("2027-11-01 00:00", sum("2027-10-31", { days = 1 }))      -- one of 25
    assert.equal("2027-10-31 23:00", sum("2027-10-31", { hours = 24 }))
    assert.equal("2027-03-28 03:30", sum("2027-03-27 02:30", { days = 1 })) -- 02:30 does not exist
    assert.equal("2027-04-01 09:15:01", sum("2027-03-18 09:00", { weeks = 2, minutes = 15, seconds = 1 }))
    assert.equal("2028-02-28 09:00", sum("2028-03-01 09:00", { days = -2 }))
    assert.same({ datetime = "1970-01-02T00:00:00Z", timezone = "UTC" }, time.add(0, { days = 1 }))
    assert.equal("salon.time.add: unknown amount 'day', did you mean 'days'?",
      mistake(function() time.add(0, { day = 1 }) end))
    assert.equal("salon.time.add: amount 'days' must be an integer",
      mistake(function() time.add(0, { days = 0.5 }) end))
    assert.equal("salon.time.add: the sum lies outside of the years 0000 to 9999",
      mistake(function() time.add(0, { days = 2932897 }) end))
    assert.matches("lies outside", mistake(function() time.add(0, { days = 2 ^ 53 }) end))
    for _, amount in ipairs { 1e300, -1e300, math.maxinteger or 2 ^ 63, math.mininteger or -2 ^ 63 } do
      for _, unit in ipairs { "weeks", "days", "hours" } do
        local value = { "2027-01-18 09:00", "Europe/Berlin" }
        assert.matches("lies outside", mistake(function() time.add(value, { [unit] = amount }) end))
      end
    end
    assert.matches("lies outside", mistake(function() time.add(0, { seconds = -1e300 }) end))
  end)

  it("knows today, this week and now in each zone", function()
    for _, zone in ipairs { "UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago" } do
      local function today()
        return support.run(("TZ=%s date '+%%Y-%%m-%%d 00:00 %%u'"):format(zone)):match "^(.-) (%d)\n$"
      end
      local day, number
      repeat  -- at midnight the second try is right
        day, number = today()
        local found, monday, next_monday = time.today(zone), time.week(zone)
        local same = today() == day
        if same then
          assert.equal(day, time.text(found))
          assert.equal(zone, found.timezone)
          assert.equal(day, time.text(time.add(monday, { days = number - 1 })))
          assert.equal(time.text(next_monday), time.text(time.add(monday, { weeks = 1 })))
        end
      until same
      local before = os.time()
      local now = time.parse(time.now(zone).datetime)
      assert.is_true(now >= before and now <= os.time())
    end
    assert.equal("UTC", time.now().timezone)
  end)

  it("agrees with date at thousands of moments", function()
    for _, zone in ipairs { "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin",
      "Africa/Casablanca", "Pacific/Apia", "Australia/Sydney", "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Monrovia",
      "Antarctica/Troll", "America/Nuuk", "Asia/Gaza" } do
      local list = moments(300, -3e9, 6e9)
      for i, expected in ipairs(dates(zone, list)) do
        local seconds = list[i]
        if padded(time.text(seconds, zone)) ~= expected then assert.equal(expected, time.text(seconds, zone)) end
        local back = time.moment { expected, zone }
        local first = time.parse(back.datetime)
        -- The same moment, or of two with this local time the first.
        assert.is_true(first <= seconds and first > seconds - 86400)
        assert.equal(expected, padded(time.text(back)))
      end
    end
  end)
end)

-- Files of our own. -------------------------------------------------------------------------

local function big_endian(number, bytes)
  local text = ""
  for _ = 1, bytes do
    text = string.char(number % 256) .. text
    number = math.floor(number / 256)
  end
  return text
end

local function header(times, types)
  return "TZif2" .. ("\0"):rep(15) .. big_endian(0, 12) .. big_endian(times, 4) .. big_endian(types, 4)
    .. big_endian(4, 4)
end

-- A file of the second version; indexes: a type for each time.
local function file(footer, times, indexes, offset)
  local body = {}
  for i, at in ipairs(times or {}) do body[i] = big_endian(at, 8) end
  for _, index in ipairs(indexes or {}) do body[#body + 1] = string.char(index) end
  return header(0, 1) .. big_endian(0, 6) .. "UTC\0" .. header(#(times or {}), 1) .. table.concat(body)
    .. big_endian(offset or 0, 6):sub(3) .. big_endian(0, 2) .. "UTC\0" .. "\n" .. footer .. "\n"
end

-- Runs code with these zones: name -> content of its file.
local function with_zones(zones, code)
  local folder = support.folder()
  for name, content in pairs(zones) do support.write(folder .. "/" .. name, content) end
  local output, status = support.script({ "-e", "local time = require('salon').time " .. code }, { TZDIR = folder })
  support.remove(folder)
  assert.equal(0, status, output)
  return output
end

describe("files of time zones", function()
  it("may hold any rule that POSIX allows", function()
    local rules = { "EST5EDT,M3.2.0,M11.1.0", "AAA-1BBB,J60/2,J300/3", "AAA-1BBB,59/2,300/3",
      "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
      "IST-1GMT0,M10.5.0,M3.5.0/1", "AAA3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
      "AAA0BBB-0:20:30,M1.1.1/0,M12.5.6/24", "IST-2IDT,M3.4.4/26,M10.5.0", "AAA-1BBB,J300/100,J100" }
    local list = moments(200, 0, 4e9)
    local zones, numbers = {}, {}
    for i, rule in ipairs(rules) do zones["r" .. i] = file(rule) end
    for i, seconds in ipairs(list) do numbers[i] = ("%d"):format(seconds) end
    local output = with_zones(zones, (
      "for i = 1, %d do for _, t in ipairs { %s } do print(time.text(t, 'r'..i)) end end")
      :format(#rules, table.concat(numbers, ",")))
    local lines = output:gmatch "[^\n]+"
    for _, rule in ipairs(rules) do
      for i, expected in ipairs(dates(rule, list)) do
        assert.equal(rule .. " " .. expected, rule .. " " .. padded(lines()), list[i])
      end
    end
  end)

  it("may have summer all the year", function()
    local output = with_zones({ x = file "EST5EDT,0/0,J365/25" }, [[
      for _, text in ipairs { "1995-01-01T02:30:00Z", "1995-01-01T04:30:00Z", "1995-07-01T12:00:00Z" } do
        print(time.text(text, "x"))
      end]])
    assert.equal("1994-12-31 22:30\n1995-01-01 00:30\n1995-07-01 08:00\n", output)
  end)

  it("are refused when they are damaged, without a hang", function()
    local bad = {
      magic = "tzif" .. file("AAA0"):sub(5), short = "TZif",
      many_times = header(4294967295, 1) .. ("x"):rep(100), many_types = header(0, 2147483647) .. ("x"):rep(100),
      no_type = header(0, 0) .. ("x"):rep(100), huge = ("TZif"):rep(100000),
      backwards = file("AAA0", { 10, 5 }, { 0, 0 }), twice = file("AAA0", { 5, 5 }, { 0, 0 }),
      index = file("AAA0", { 5 }, { 1 }), wide = file("AAA0", {}, {}, 100000),
    }
    for i, footer in ipairs { "garbage", "AAA", "AAA0BBB", "AAA0BBB,M3.5.0", "AAA0BBB,M13.1.0,M10.5.0",
      "AAA0BBB,M3.5.0,M10.5.7", "AAA0BBB,M3.5.0,M10.5.0/999", "AAA99", "AAA0BBB-99,M3.5.0,M10.5.0", "<AAA0", "A0",
      "AAA0BBB,M3.5.0,M10.5.0,", "AAA0BBB,J366,J1", "AAA0:99", "AAA0BBB,M3.0.0,M10.5.0" } do
      bad["footer" .. i] = file(footer)
    end
    local names = {}
    for name in pairs(bad) do names[#names + 1] = "'" .. name .. "'" end
    bad.good, bad.empty_footer = file("AAA0"), file("")
    local output = with_zones(bad, ([[
      for _, name in ipairs { %s } do
        local ok, e = pcall(time.text, 0, name)
        print(ok and 'taken: ' .. name or tostring(e):find 'damaged' and 'refused' or e)
      end
      print(time.text(0, 'good'), time.text(0, 'empty_footer'))]]):format(table.concat(names, ",")))
    assert.equal(("refused\n"):rep(#names) .. "1970-01-01 00:00\t1970-01-01 00:00\n", output)
  end)

  it("are refused when they are cut anywhere, and harmless when a byte is wrong", function()
    local output = with_zones({ Berlin = support.read "/usr/share/zoneinfo/Europe/Berlin" }, [[
      local folder = os.getenv 'TZDIR'
      local input = io.open(folder .. '/Berlin', 'rb')
      local whole = input:read '*a'
      input:close()
      local function try(name, content)
        local output = io.open(folder .. '/' .. name, 'wb')
        output:write(content)
        output:close()
        local ok, e = pcall(time.text, 1800259200, name)
        local made, fault = pcall(time.moment, { '2100-03-28 02:30', name })
        os.remove(folder .. '/' .. name)
        if not made and not tostring(fault):find '^salon.time.moment: argument' then return fault end
        return ok and 'taken' or tostring(e):find 'damaged' and 'refused' or e
      end
      local found = { taken = 0, refused = 0 }
      for length = 1, #whole - 1, 3 do
        local how = try('cut' .. length, whole:sub(1, length))
        found[how] = (found[how] or 0) + 1
      end
      print(found.taken)
      for i = 1, 600 do
        local at = (i * 7919) % #whole + 1
        local how = try('wrong' .. i, whole:sub(1, at - 1) .. string.char(i * 31 % 256) .. whole:sub(at + 1))
        found[how] = (found[how] or 0) + 1
      end
      print(found.taken > 0)
      for how in pairs(found) do if how ~= 'taken' and how ~= 'refused' then print(how) end end]])
    assert.equal("0\ntrue\n", output)
  end)

  it("may be missing for UTC alone, and the error names the package", function()
    local output, status = support.script({ "-e", [[local time = require("salon").time
      print(time.text(0), time.text({ "2027-01-18 09:00", "UTC" }))
      print(select(2, pcall(time.text, 0, "Europe/Berlin")))]] }, { TZDIR = "/nonexistent" })
    assert.equal(0, status, output)
    assert.equal("1970-01-01 00:00\t2027-01-18 09:00\nsalon.time.text: argument 'zone' names a time zone, and there "
      .. "are none in /nonexistent: install tzdata (Debian's name), or set TZDIR\n",
      (output:gsub("%(command line%):%d: ", "")))
  end)

  it("lie where they always do for an empty TZDIR", function()
    assert.equal("1970-01-01 01:00\n", (support.script({ "-e",
      "print((require('salon').time.text(0, 'Europe/Berlin')))" }, { TZDIR = "" })))
  end)

  it("are not read, nor the code for it, by who uses none", function()
    local output = support.script { "-e", [[local salon = require "salon"
      salon.opentalk { url = "https://x.example", client_id = "x", username = "x", password = "x" }:close()
      print(package.loaded["salon.internal.zone"], package.loaded["salon.time"])]] }
    assert.equal("nil\tnil\n", output)
  end)
end)

describe("times of events and filters", function()
  local sandbox, ot

  setup(function()
    sandbox = support.start { meet = false }
    ot = salon.opentalk(support.opentalk(sandbox))
  end)
  teardown(function()
    ot:close()
    sandbox:stop()
  end)

  local function at(text) return { text, "Europe/Berlin" } end
  local function moment(datetime) return { datetime = datetime, timezone = "Europe/Berlin" } end

  local function event(more)
    local fields = { title = "x", starts_at = at "2027-01-18 09:00", ends_at = at "2027-01-18 10:00" }
    for name, value in pairs(more or {}) do fields[name] = value end
    return check(ot.events:create(fields))
  end

  local function last_query()
    local requests = sandbox:requests()
    return requests[#requests].path:match "%?(.*)$"
  end

  it("may be the local time of a zone", function()
    local made = event()
    assert.same({ moment "2027-01-18T08:00:00Z", moment "2027-01-18T09:00:00Z", false },
      { made.starts_at, made.ends_at, made.is_all_day })
    assert.same({ "2027-01-18 09:00", "2027-01-18 10:00" }, { made:starts_text(), made:ends_text() })
    local moved = check(made:move { starts_at = at "2027-07-19 09:00" })
    assert.same({ "2027-07-19 09:00", "2027-07-19 10:00" }, { moved:starts_text(), moved:ends_text() })
    local changed = check(made:update { starts_at = at "2027-07-20 09:00", ends_at = at "2027-07-20 12:00" })
    assert.equal("2027-07-20 12:00", changed:ends_text())
    local series = event { recurrence_pattern = { "FREQ=WEEKLY;COUNT=3" } }
    local one = check(series.instances:update("20270125T080000Z", { starts_at = at "2027-01-26 15:00",
      ends_at = at "2027-01-26 16:00" }))
    assert.equal("2027-01-26 15:00", one:starts_text())
  end)

  it("are days of an all-day event where they have no time", function()
    local made = event { starts_at = at "2027-01-18", ends_at = at "2027-01-19" }
    assert.same({ moment "2027-01-18T00:00:00Z", moment "2027-01-19T00:00:00Z", true },
      { made.starts_at, made.ends_at, made.is_all_day })
    assert.same({ "2027-01-18", "2027-01-19" }, { made:starts_text(), made:ends_text() })
    local moved = check(made:move { starts_at = at "2027-03-28" })
    assert.same({ "2027-03-28", "2027-03-29" }, { moved:starts_text(), moved:ends_text() })
    local day = event { starts_at = at "2027-01-18", ends_at = at "2027-01-18" }
    local done, err = day:move { starts_at = salon.time.add(day.starts_at, { hours = 9 }) }
    assert.same({ nil, "give 'ends_at', too, or a day: { \"2027-01-18\", \"Europe/Berlin\" }" }, { done, err.hint })
    done, err = day:update { is_all_day = false }
    assert.same({ nil, "give 'starts_at' and 'ends_at', too" }, { done, err.hint })
    moved = check(day:move { starts_at = at "2027-01-18 09:00", ends_at = at "2027-01-18 10:00" })
    assert.same({ false, "2027-01-18 10:00" }, { moved.is_all_day, moved:ends_text() })
    local timed = event()
    local changed = check(timed:update { starts_at = at "2027-01-18", ends_at = at "2027-01-18" })
    assert.same({ true, "2027-01-18" }, { changed.is_all_day, changed:ends_text() })
    local series = event { recurrence_pattern = { "FREQ=WEEKLY;COUNT=3" } }
    check(series.instances:update("20270125T080000Z", { starts_at = at "2027-01-26", ends_at = at "2027-01-26" }))
    local exception
    for found in ot.events:each { exceptions = true } do
      if found.type == "exception" and found.recurring_event_id == series.id then exception = found end
    end
    assert.same({ true, moment "2027-01-26T00:00:00Z" }, { exception.is_all_day, exception.starts_at })
  end)

  it("are told in another zone when one is named, days as they are", function()
    local made = event()
    assert.same({ "2027-01-18 03:00", "2027-01-18 04:00" },
      { made:starts_text "America/New_York", made:ends_text "America/New_York" })
    local days = event { starts_at = at "2027-01-18", ends_at = at "2027-01-19" }
    assert.same({ "2027-01-18", "2027-01-19" },
      { days:starts_text "America/New_York", days:ends_text "America/New_York" })
    local _, message = pcall(function() made:ends_text "Berlin" end)
    assert.matches("^spec/time_spec%.lua:%d+: ends_text: argument 'zone' names the time zone 'Berlin', "
      .. "which this machine does not know", message)
  end)

  it("raise at the caller's line when they do not fit", function()
    local function new(starts_at, ends_at, is_all_day)
      return { title = "x", starts_at = starts_at, ends_at = ends_at, is_all_day = is_all_day }
    end
    local late = at "2027-12-01 10:00"
    for message, fields in pairs {
      ["field 'starts_at' names '2027-03-28 02:30', which does not exist in Europe/Berlin: the clocks go from "
        .. "2027-03-28 02:00:00 to 2027-03-28 03:00:00"] = new(at "2027-03-28 02:30", late),
      ["field 'ends_at' names a day that does not exist, 2027-04-31"]
        = new(at "2027-03-28 09:00", at "2027-04-31 09:00"),
      ["field 'starts_at' names a time of day that does not exist, 24:00:00"] = new(at "2027-03-28 24:00", late),
      ["field 'starts_at' must be a local time with its zone: { \"2027-01-18 09:00\", \"Europe/Berlin\" }"]
        = new("2027-01-18 09:00", late),
      ["field 'starts_at' lacks the time zone: { \"2026-11-01 09:00\", \"Europe/Berlin\" }"]
        = new({ "2027-01-18 09:00" }, late),
      ["field 'ends_at' must not be before 'starts_at'"] = new(late, at "2027-12-01 09:59"),
      ["fields 'starts_at' and 'ends_at' must both be days, or both have a time"] = new(at "2027-03-28", late),
      ["field 'starts_at' is a day without a time, which does not go with is_all_day = false"]
        = new(at "2027-03-28", at "2027-03-28", false),
      ["field 'starts_at' names the time zone 'Europe/Berln', which this machine does not know; case counts: "
        .. "Europe/Berlin"] = new({ "2027-03-28 09:00", "Europe/Berln" }, late),
    } do
      assert.equal("events:create: " .. message, mistake(function() ot.events:create(fields) end))
    end
    assert.matches("^events:list: option 'time_min' names the time zone 'Nowhere'",
      mistake(function() ot.events:list { time_min = { "2027-01-18", "Nowhere" } } end))
    assert.equal("events:list: option 'time_min' names a day that does not exist, 2027-02-29",
      mistake(function() ot.events:list { time_min = "2027-02-29T00:00:00Z" } end))
    assert.matches("^events:each: option 'time_max' must be a time",
      mistake(function() ot.events:each { time_max = true } end))
    assert.matches("lies outside", mistake(function() ot.events:list { time_min = 0 / 0 } end))
  end)

  it("are refused before they end after the year 9999", function()
    local made = event()
    local before = #sandbox:requests()
    local moved, err = made:move { starts_at = { datetime = "9999-12-31T23:30:00Z", timezone = "UTC" } }
    assert.is_nil(moved)
    assert.equal("unsupported", err.kind)
    assert.matches("the event would end after the year 9999", err.message)
    assert.equal(before + 1, #sandbox:requests())  -- it was read, and not changed
  end)

  it("filter in each form", function()
    local datetime = "time_min=2027-01-18T08%3A00%3A00Z"
    for _, value in ipairs { 1800259200, at "2027-01-18 09:00", moment "2027-01-18T08:00:00Z",
      time.moment(at "2027-01-18 09:00"), "2027-01-18T08:00:00Z" } do
      check(ot.events:list { time_min = value })
      assert.truthy(last_query():find(datetime, 1, true))
    end
    check(ot.events:list { time_min = at "2027-01-18" })  -- where the day begins there
    assert.truthy(last_query():find("time_min=2027-01-17T23%3A00%3A00Z", 1, true))
    local starts = {}
    event { title = "filtered", starts_at = at "2031-06-02 09:00", ends_at = at "2031-06-02 10:00" }
    local monday = time.moment(at "2031-06-02")
    for found in ot.events:each { time_min = monday, time_max = time.add(monday, { days = 7 }) } do
      if found.title == "filtered" then starts[#starts + 1] = found:starts_text() end
    end
    assert.same({ "2031-06-02 09:00" }, starts)
    check(ot.events:list { created_after = os.time() - 3600, created_before = time.now() })
    local invite = check(check(ot.rooms:create {}).invites:create { expiration = at "2031-06-02 09:00" })
    assert.equal(time.parse "2031-06-02T07:00:00Z", (time.parse(invite.expiration)))
  end)

  it("have no text where there is none, and an error where this machine lacks the zone", function()
    local made = check(ot.events:create { title = "x" })
    assert.is_nil(made:starts_text())
    assert.same({ n = 1 }, { n = select("#", made:starts_text()) })
    made = event()
    assert.error_matches(function() made.starts_text() end, "event:starts_text: wrong self")
    local role = sandbox.opentalk
    local output = support.script({ "-e", ([[local ot = require("salon").opentalk { url = %q, client_id = %q,
        username = %q, password = %q }
      local text, err = ot.events:get(%q):starts_text()
      print(text, err.kind, err.message)]]):format(role.url, role.client_id, role.username, role.password, made.id) },
      { TZDIR = "/nonexistent" })
    assert.equal("nil\tunsupported\tstarts_text: field 'starts_at' names a time zone, and there are none in "
      .. "/nonexistent: install tzdata (Debian's name), or set TZDIR\n", output)
  end)
end)
