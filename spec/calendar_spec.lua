-- ot.events:dates: the meetings of a span of time, series date by date.

local nginx = require "spec.support.nginx"
local salon = require "salon"
local support = require "spec.support"

local ZONE = "Europe/Berlin"
local check = salon.check

local function at(text) return { text, ZONE } end

-- The week from Monday, 2027-01-18.
local MONDAY, NEXT_MONDAY = at "2027-01-18", at "2027-01-25"

for _, version in ipairs { "2023", "2026", "0.66" } do
  describe("ot.events:dates on OpenTalk " .. version, function()
    local sandbox, ot

    setup(function() sandbox = support.start { opentalk = version, meet = false } end)
    teardown(function() sandbox:stop() end)
    before_each(function()
      sandbox:reset { rooms = 0, events = 0 }
      ot = salon.opentalk(support.opentalk(sandbox))
    end)
    after_each(function() ot:close() end)

    local function put(title, starts, ends, more)
      local fields = { title = title, starts_at = starts and salon.time.moment(at(starts)),
        ends_at = ends and salon.time.moment(at(ends)) }
      for name, value in pairs(more or {}) do fields[name] = value end
      return sandbox:put("event", nil, fields)
    end

    -- A series, as the record.
    local function series(title, starts, ends, rule)
      return check(ot.events:get(put(title, starts, ends, { recurrence_pattern = { rule } })))
    end

    local function day(text)
      local moment = { datetime = text .. "T00:00:00Z", timezone = "UTC" }
      return { is_all_day = true, starts_at = moment, ends_at = moment }
    end

    -- "Title 2027-01-18 09:00" of all that the walk gives.
    local function found(given)
      local list = {}
      for date in ot.events:dates(given) do list[#list + 1] = date.title .. " " .. date:starts_text(ZONE) end
      return list
    end

    local function week(more)
      local given = { time_min = MONDAY, time_max = NEXT_MONDAY }
      for name, value in pairs(more or {}) do given[name] = value end
      return found(given)
    end

    it("gives single meetings by their start, then the dates of each series", function()
      series("Daily", "2027-01-16 09:00", "2027-01-16 09:30", "FREQ=DAILY")
      put("Friday", "2027-01-22 10:00", "2027-01-22 11:00")
      put("Tuesday", "2027-01-19 10:00", "2027-01-19 11:00")
      series("Too", "2027-01-18 09:00", "2027-01-18 09:30", "FREQ=DAILY;COUNT=2")  -- at the same times
      put("No time")
      put("Next month", "2027-02-19 10:00", "2027-02-19 11:00")
      assert.same({ "Tuesday 2027-01-19 10:00", "Friday 2027-01-22 10:00", "Daily 2027-01-18 09:00",
        "Daily 2027-01-19 09:00", "Daily 2027-01-20 09:00", "Daily 2027-01-21 09:00", "Daily 2027-01-22 09:00",
        "Daily 2027-01-23 09:00", "Daily 2027-01-24 09:00", "Too 2027-01-18 09:00", "Too 2027-01-19 09:00" }, week())
    end)

    it("has the methods and rooms of both kinds of records", function()
      put("Once", "2027-01-22 10:00", "2027-01-22 11:00")
      series("Weekly", "2027-01-18 09:00", "2027-01-18 09:30", "FREQ=WEEKLY")
      local links, rooms = {}, {}
      for date in ot.events:dates { time_min = MONDAY, time_max = NEXT_MONDAY } do
        links[#links + 1], rooms[date.room.id] = date.join_url, true
        if date.type == "instance" then check(date:cancel()) end
      end
      assert.equal(2, #links)
      for id in pairs(rooms) do assert.truthy(table.concat(links, " "):find(id, 1, true)) end
      for date in ot.events:dates { time_min = at "2027-01-18 09:10", time_max = at "2027-01-18 09:20" } do
        assert.same({ "Weekly", "cancelled" }, { date.title, date.status })
      end
    end)

    it("finds dates where they were moved to, and not where they were", function()
      local weekly = series("Weekly", "2026-11-02 09:00", "2026-11-02 09:30", "FREQ=WEEKLY")
      local function move(id, day_and_time, title)
        check(weekly.instances:update(id, { starts_at = at(day_and_time), ends_at = at(day_and_time), title = title }))
      end
      move("20261221T080000Z", "2027-01-20 15:00", "From before")
      move("20270118T080000Z", "2027-01-17 15:00", "To before")
      move("20270222T080000Z", "2027-01-21 15:00", "From behind")
      assert.same({ "From before 2027-01-20 15:00" }, week { time_max = at "2027-01-21" })
      local ended = series("Ended", "2026-12-28 08:00", "2026-12-28 08:30", "FREQ=WEEKLY;COUNT=1")
      check(check(ended.instances:list())[1]:update { starts_at = at "2027-01-24 08:00",
        ends_at = at "2027-01-24 08:30" })
      assert.same({ "From before 2027-01-20 15:00", "From behind 2027-01-21 15:00", "Ended 2027-01-24 08:00" }, week())
    end)

    it("counts what overlaps, without what only touches", function()
      put("Ends as it begins", "2027-01-17 23:00", "2027-01-18 00:00")
      put("Goes on", "2027-01-17 23:00", "2027-01-18 00:01")
      put("Takes no time", "2027-01-18 00:00", "2027-01-18 00:00")
      put("All week", "2027-01-10 00:00", "2027-02-10 00:00")
      put("Last minute", "2027-01-24 23:59", "2027-01-25 00:30")
      put("Begins as it ends", "2027-01-25 00:00", "2027-01-25 01:00")
      series("Nightly", "2027-01-16 23:30", "2027-01-17 00:30", "FREQ=WEEKLY;BYDAY=SA,SU")
      assert.same({ "All week 2027-01-10 00:00", "Goes on 2027-01-17 23:00", "Takes no time 2027-01-18 00:00",
        "Last minute 2027-01-24 23:59", "Nightly 2027-01-17 23:30", "Nightly 2027-01-23 23:30",
        "Nightly 2027-01-24 23:30" }, week())
      assert.same({ "All week 2027-01-10 00:00" }, week { time_min = "2027-01-19T00:00:00Z",
        time_max = salon.time.parse "2027-01-19T12:00:00Z" })
      assert.equal(8, #found { time_max = NEXT_MONDAY, adhoc = false } - 1)
    end)

    it("takes all-day meetings for days of the zone that the span is given in", function()
      for _, text in ipairs { "2027-01-17", "2027-01-18", "2027-01-24", "2027-01-25" } do
        put("Off", nil, nil, day(text))
      end
      for _, zone in ipairs { "Europe/Berlin", "America/New_York", "Pacific/Auckland", "UTC" } do
        assert.same({ "Off 2027-01-18", "Off 2027-01-24" }, week { time_min = { "2027-01-18", zone },
          time_max = { "2027-01-25", zone } }, zone)
        local monday = salon.time.moment { "2027-01-18", zone }
        assert.same({ "Off 2027-01-18" }, week { time_min = monday, time_max = salon.time.add(monday, { days = 1 }) })
      end
      assert.same({ "Off 2027-01-18" }, week { time_min = "2027-01-18T00:00:00-05:00",
        time_max = "2027-01-18T23:00:00-05:00" })
    end)

    it("walks more pages than one, of events and of dates", function()
      for _ = 1, 105 do put("Once", "2027-01-18 09:00", "2027-01-18 10:00") end
      series("Daily", "2026-01-01 09:00", "2026-01-01 09:30", "FREQ=DAILY")
      local singles, dates = 0, 0
      for date in ot.events:dates { time_min = MONDAY, time_max = at "2027-12-31", prefetch = 0 } do
        if date.type == "single" then singles = singles + 1 else dates = dates + 1 end
      end
      assert.same({ 105, 347 }, { singles, dates })
    end)

    it("takes the filters of each", function()
      put("Call", "2027-01-18 09:00", "2027-01-18 10:00", { is_adhoc = true })
      local liked = put("Liked", "2027-01-18 09:00", "2027-01-18 10:00")
      sandbox:put("favourite", liked, { user = "alice" })
      assert.same({ "Call 2027-01-18 09:00" }, week { adhoc = true })
      assert.same({ "Liked 2027-01-18 09:00" }, week { adhoc = false })
      assert.same({ "Liked 2027-01-18 09:00" }, week { favorites = true })
    end)

    it("raises what a server refuses, of the events or of a series, without a way to resume", function()
      series("Weekly", "2027-01-18 09:00", "2027-01-18 09:30", "FREQ=WEEKLY")
      put("Once", "2027-01-22 10:00", "2027-01-22 11:00")
      for skip, given in pairs { [0] = 0, [2] = 1 } do  -- two pages of events, then the series
        sandbox:fault { route = "GET /v1/events", kind = "garbage", skip = skip }
        local seen = 0
        local ok, e = pcall(function()
          for _ in ot.events:dates { time_min = MONDAY, time_max = NEXT_MONDAY } do seen = seen + 1 end
        end)
        local err = salon.caught(e)
        assert.same({ false, given, "decode" }, { ok, seen, err and err.kind })
        assert.is_nil(err.resume)
      end
    end)

    it("can be left early and closed", function()
      series("Daily", "2027-01-16 09:00", "2027-01-16 09:30", "FREQ=DAILY")
      local walk = ot.events:dates { time_min = MONDAY, time_max = NEXT_MONDAY }
      assert.equal("Daily", walk().title)
      walk:close()
      assert.is_nil(walk())
    end)

    it("raises mistakes at the caller's line", function()
      for words, given in pairs {
        ["option 'time_max' is required"] = { time_min = MONDAY },
        ["option 'time_max' must not be before 'time_min'"] = { time_min = NEXT_MONDAY, time_max = MONDAY },
        ["unknown option 'exceptions'"] = { time_max = MONDAY, exceptions = true },
        ["option 'time_min' names the time zone 'Europe/Berln'"] = { time_min = { "2027-01-18", "Europe/Berln" },
          time_max = MONDAY },
        ["option 'time_max' must be an RFC 3339 time"] = { time_max = "soon" },
      } do
        local line
        local ok, message = pcall(function()
          line = debug.getinfo(1, "l").currentline; ot.events:dates(given)
        end)
        assert.is_false(ok)
        assert.truthy(message:find(("calendar_spec.lua:%d: events:dates: %s"):format(line, words), 1, true), message)
      end
      assert.error_matches(function() ot.events:dates() end, "events:dates: option 'time_max' is required")
    end)
  end)
end

it("ot.events:dates waits in nginx without blocking, and gives the same there", function()
  local sandbox = support.start { meet = false, rooms = 0, events = 0, latency = 0.05 }
  for i = 1, 3 do
    sandbox:put("event", nil, { title = "Series " .. i, starts_at = salon.time.moment(at "2027-01-18 09:00"),
      ends_at = salon.time.moment(at "2027-01-18 09:30"), recurrence_pattern = { "FREQ=DAILY" } })
  end
  local port, server = support.free_ports()(), sandbox.opentalk
  local http = nginx.start(([[server { listen 127.0.0.1:%d; location / { content_by_lua_block {
    ot = ot or require("salon").opentalk { url = "%s", client_id = "%s", username = "%s", password = "%s" }
    local n = 0
    for date in ot.events:dates { time_min = "2027-01-18T00:00:00Z", time_max = "2027-01-20T00:00:00Z" } do
      n = n + 1
    end
    ngx.say(n) } } }]]):format(port, server.url, server.client_id, server.username, server.password))
  local output = support.run(("for i in 1 2 3; do curl -sS --noproxy '*' --max-time 20 http://127.0.0.1:%d/ &"
    .. " done; wait"):format(port))
  http:stop()
  sandbox:stop()
  assert.equal("6\n6\n6\n", output)
end)
