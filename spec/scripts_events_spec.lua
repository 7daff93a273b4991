-- The scripts of doc/howto.md about events and rooms, each as it stands, against a sandbox.

local salon = require "salon"
local support = require "spec.support"

local ZONE = "Europe/Berlin"
local check = salon.check

-- Where the local day in `days` days begins; a time of day there.
local function day(days) return salon.time.add(salon.time.today(ZONE), { days = days }) end
local function day_text(days) return salon.time.text(day(days)):sub(1, 10) end
local function at(days, time) return { day_text(days) .. " " .. time, ZONE } end

local sandbox, folder, ot

-- Runs a script: what it writes, both streams as they come, and its status.
local function run(script, ...)
  return support.script({ "examples/" .. script .. ".lua", ... }, support.login(sandbox))
end

local function moment(value) return salon.time.moment(value) end

local function put(title, starts, ends, more)
  local fields = { title = title, starts_at = starts and moment(starts), ends_at = ends and moment(ends) }
  for name, value in pairs(more or {}) do fields[name] = value end
  return sandbox:put("event", nil, fields)
end

local function sent(method, pattern)
  local n = 0
  for _, request in ipairs(sandbox:requests()) do
    if request.method == method and request.path:find(pattern) then n = n + 1 end
  end
  return n
end

local function titles()
  local list = {}
  for event in ot.events:each() do list[#list + 1] = event.title end
  table.sort(list)
  return list
end

local function lines_of(text)
  local list = {}
  for line in text:gmatch "([^\r\n]+)\r?\n" do list[#list + 1] = line end
  return list
end

for _, version in ipairs { "2026", "2023" } do
  describe("on a server of " .. version .. ",", function()
    setup(function()
      sandbox = support.start { opentalk = version, rooms = 0, events = 0 }
      folder = support.folder()
    end)
    teardown(function()
      sandbox:stop()
      support.remove(folder)
    end)
    before_each(function()
      sandbox:reset()
      ot = salon.opentalk(support.opentalk(sandbox))
    end)
    after_each(function() ot:close() end)

    describe("week_report.lua", function()
      -- Days from today to this week's Monday.
      local function monday()
        local found = salon.time.week(ZONE)
        return math.floor((salon.time.parse(found.datetime) - salon.time.parse(day(0).datetime)) / 86400 + 0.5)
      end

      it("lists what starts in the week, series date by date, then Meet's rooms", function()
        local first = monday()
        put("Once", at(first + 2, "14:00"), at(first + 2, "15:00"))
        local series = put("Daily", at(first - 10, "09:00"), at(first - 10, "09:30"),
          { recurrence_pattern = { "FREQ=DAILY" } })
        put("Sunday before", at(first - 1, "23:00"), at(first, "01:00"))
        put("Monday after", at(first + 7, "00:00"), at(first + 7, "01:00"))
        put("Off-site", day_text(first) .. "T00:00:00Z", day_text(first) .. "T00:00:00Z", { is_all_day = true })
        check(check(ot.events:get(series)).instances:each { time_min = day(first + 3) }():cancel())
        local moved = put("Moved", at(first - 7, "08:00"), at(first - 7, "08:30"),
          { recurrence_pattern = { "FREQ=WEEKLY;COUNT=1" } })
        check(check(ot.events:get(moved)).instances:each()():update { starts_at = at(first + 6, "20:00"),
          ends_at = at(first + 6, "20:30") })
        sandbox:put("meeting", nil, { owner = sandbox.meet.user, name = "Lounge", slug = "lounge",
          pin = "1234567890" })
        local output, status = run "week_report"
        assert.equal(0, status, output)
        local found = {}
        for _, line in ipairs(lines_of(output)) do
          found[#found + 1] = line:match "^[^,]*,[^,]*,[^,]*,[^,]*,[^,]*"
        end
        local wanted = { "system,starts,ends,title,state" }
        local function add(days, from, to, title, state)
          local on = day_text(days)
          wanted[#wanted + 1] = ("OpenTalk,%s%s,%s%s,%s,%s"):format(on, from, on, to, title, state)
        end
        add(first, "", "", "Off-site", "ok")
        for i = 0, 6 do
          add(first + i, " 09:00", " 09:30", "Daily", i == 3 and "cancelled" or "ok")
          if i == 2 then add(first + i, " 14:00", " 15:00", "Once", "ok") end
        end
        add(first + 6, " 20:00", " 20:30", "Moved", "ok")
        wanted[#wanted + 1] = "Meet,,,Lounge,public"
        for room in salon.meet(support.meet(sandbox)).rooms:each() do
          if room.title == "Lounge" then wanted[#wanted] = "Meet,,,Lounge," .. room.access end
        end
        assert.same(wanted, found)
        assert.truthy(output:find(check(ot.events:get(series)).join_url .. ',"Dial in: +', 1, true), output)
        assert.matches("/lounge,Dial in: %+%d+; PIN: %d+; One%-tap: \"?", (output:gsub('"', "")))
        assert.truthy(run("week_report", "--next"):find(day_text(first + 7) .. " 00:00," .. day_text(first + 7)
          .. " 01:00,Monday after", 1, true))
      end)

      it("quotes cells, and hands a spreadsheet no formula", function()
        for i, title in ipairs { "=1+1", "+1", "-1", "@SUM(A1)", '=A,"B"\r\nC' } do
          put(title, at(monday(), "08:0" .. i), at(monday(), "09:00"))
        end
        local output = run "week_report"
        for _, cell in ipairs { ",'=1+1,", ",'+1,", ",'-1,", ",'@SUM(A1),", ',"\'=A,""B""\r\nC",' } do
          assert.truthy(output:find(cell, 1, true), cell .. " is not in " .. output)
        end
      end)

      it("leaves a system out whose address is not set", function()
        put("Once", at(monday(), "08:00"), at(monday(), "09:00"))
        sandbox:put("meeting", nil, { owner = sandbox.meet.user, name = "Lounge", slug = "lounge" })
        local opentalk, meet = sandbox.opentalk, sandbox.meet
        local output, status = support.script({ "examples/week_report.lua" }, { OPENTALK_URL = opentalk.url,
          OPENTALK_CLIENT_ID = opentalk.client_id, OPENTALK_USERNAME = opentalk.username,
          OPENTALK_PASSWORD = opentalk.password })
        assert.equal(0, status, output)
        local of_meet, status_of_meet = support.script({ "examples/week_report.lua" }, { MEET_URL = meet.url,
          MEET_CLIENT_ID = meet.client_id, MEET_CLIENT_SECRET = meet.client_secret, MEET_USER = meet.user })
        assert.equal(0, status_of_meet, of_meet)
        assert.matches("^week_report: MEET_URL is not set: Meet is left out\nsystem,", output)
        assert.matches("\nOpenTalk,[^\n]*,Once,", output)
        assert.is_nil(output:find("\nMeet,", 1, true))
        assert.matches("^week_report: OPENTALK_URL is not set: OpenTalk is left out\nsystem,", of_meet)
        assert.matches("\nMeet,,,Lounge,", of_meet)
        assert.is_nil(of_meet:find("\nOpenTalk,", 1, true))
        output, status = support.script({ "examples/week_report.lua" }, { HOME = folder })
        assert.equal(1, status)
        assert.equal("week_report: neither OPENTALK_URL nor MEET_URL is set\n", output)
      end)

      it("says what is missing or went wrong, and writes half a report never", function()
        local output, status = support.script({ "examples/week_report.lua" }, { OPENTALK_URL = sandbox.opentalk.url })
        assert.equal(1, status)
        assert.matches("^week_report: OPENTALK_CLIENT_ID is not set\n$", output)
        output, status = support.script({ "examples/week_report.lua" }, { OPENTALK_URL = "" , HOME = folder })
        assert.equal(1, status)
        assert.matches("^week_report: OPENTALK_URL is not set\n$", output)
        sandbox:fault { route = "GET /external-api/v1.0/rooms/", kind = "503", count = 9 }
        output, status = run "week_report"
        assert.equal(1, status)
        assert.matches("^week_report: GET http[^\n]+503[^\n]*\n$", output)
        output, status = run("week_report", "--zone", "Europe/Berln")
        assert.equal(1, status)
        assert.matches("time zone 'Europe/Berln', which this machine does not know", output)
      end)
    end)

    it("no script succeeds when its output cannot be written", function()
      put("Budget round", at(5, "09:00"), at(5, "10:30"))
      put("Weekly", at(5, "09:00"), at(5, "10:30"), { recurrence_pattern = { "FREQ=WEEKLY" } })
      local words = { "env" }
      for name, value in pairs(support.login(sandbox)) do words[#words + 1] = name .. "=" .. support.quote(value) end
      local list = support.write(folder .. "/list.csv", "title,password,expires\nA,,\n")
      for script, arguments in pairs { week_report = "", clean_up = "", rooms_from_csv = list,
        reschedule = ("'Budget round' '%s 14:00'"):format(day_text(6)),
        cancel_occurrence = "Weekly " .. day_text(5) } do
        local output, status = support.run(("%s %s examples/%s.lua %s 2>&1 >/dev/full"):format(
          table.concat(words, " "), support.quote(support.lua), script, arguments))
        assert.same({ script .. ": standard output cannot be written\n", 1 }, { output, status })
      end
    end)

    describe("clean_up.lua", function()
      local function fill()
        put("Long over", at(-40, "09:00"), at(-40, "10:00"))
        put("Just over", at(-20, "09:00"), at(-20, "10:00"))
        put("To come", at(5, "09:00"), at(5, "10:00"))
        put("No time")
        put("Goes on", at(-60, "09:00"), at(-60, "10:00"), { recurrence_pattern = { "FREQ=WEEKLY" } })
        put("Ended", at(-60, "09:00"), at(-60, "10:00"), { recurrence_pattern = { "FREQ=WEEKLY;COUNT=2" } })
        local moved = put("Ended but for one", at(-60, "09:00"), at(-60, "10:00"),
          { recurrence_pattern = { "FREQ=WEEKLY;COUNT=2" } })
        check(check(ot.events:get(moved)).instances:each()():update { starts_at = at(3, "09:00"),
          ends_at = at(3, "10:00") })
        local of_bob = put("Of Bob", at(-40, "09:00"), at(-40, "10:00"), { owner = "bob" })
        sandbox:put("invitation", of_bob, { user = "alice" })
        put("Call", nil, nil, { is_adhoc = true })
        check(ot.rooms:create {})
      end
      local ALL = { "Call", "Ended", "Ended but for one", "Goes on", "Just over", "Long over", "No time", "Of Bob",
        "To come" }

      it("says what it would delete, and deletes nothing", function()
        fill()
        local output, status = run "clean_up"
        assert.equal(0, status, output)
        local found = lines_of(output)
        table.sort(found)
        assert.same({ "2 over, 0 deleted, 0 failed", "to delete  " .. day_text(-60) .. " 09:00  Ended",
          "to delete  " .. day_text(-40) .. " 09:00  Long over" }, found)
        assert.same(ALL, titles())
        assert.equal(0, sent("DELETE", "."))
      end)

      it("deletes it with its rooms, without a mail, and finds nothing the next night", function()
        fill()
        local output, status = run("clean_up", "--delete")
        assert.equal(0, status, output)
        assert.truthy(output:find("\n2 over, 2 deleted, 0 failed\n", 1, true), output)
        assert.same({ "Call", "Ended but for one", "Goes on", "Just over", "No time", "Of Bob", "To come" }, titles())
        local rooms = 0
        for _ in ot.rooms:each() do rooms = rooms + 1 end
        assert.equal(8, rooms)
        assert.equal("0 over, 0 deleted, 0 failed\n", (run("clean_up", "--delete")))
      end)

      it("takes another number of days", function()
        fill()
        assert.matches("Just over", (run("clean_up", "--days", "10")))
        local output, status = run("clean_up", "--days", "soon")
        assert.is_true(status ~= 0)
        assert.matches("%-%-days must be a number of days", output)
      end)

      it("goes on when one cannot be deleted, and says so by its status", function()
        fill()
        for event in ot.events:each() do
          local route = "DELETE /v1/rooms/" .. event.room.id
          if event.title == "Ended" then sandbox:fault { route = route, kind = "500" } end
        end
        local output, status = run("clean_up", "--delete")
        assert.equal(1, status, output)
        assert.matches("clean_up: [^\n]+: DELETE http[^\n]+500", output)
        assert.truthy(output:find("\n2 over, 1 deleted, 1 failed\n", 1, true), output)
      end)
    end)

    describe("reschedule.lua", function()
      local PEOPLE = { "--invite", "bob@example.org", "--invite", "charlie@example.org",
        "--invite", "frank@example.org" }
      local unpack = table.unpack or unpack

      it("moves a meeting to a local time, invites three people, and does it once", function()
        local id = put("Budget round", at(5, "09:00"), at(5, "10:30"))
        local output, status = run("reschedule", "Budget round", at(6, "14:00")[1], unpack(PEOPLE))
        assert.equal(0, status, output)
        assert.equal(("Budget round: moved from %s 09:00 to %s 14:00 (Europe/Berlin)\nbob@example.org: invited\n"
          .. "charlie@example.org: invited\nfrank@example.org: invited\n"):format(day_text(5), day_text(6)), output)
        local event, invited = check(ot.events:get(id)), {}
        assert.same({ at(6, "14:00")[1], at(6, "15:30")[1] }, { event:starts_text(ZONE), event:ends_text(ZONE) })
        for person in event.invites:each() do invited[#invited + 1] = person.email end
        assert.is_true(#invited >= 3)
        local changed = sent("PATCH", "/events/") + sent("POST", "/invites$")
        output, status = run("reschedule", id, at(6, "14:00")[1], unpack(PEOPLE))
        assert.equal(0, status, output)
        assert.equal(("Budget round: starts at %s 14:00 (Europe/Berlin) already\n"
          .. "bob@example.org: was invited already\ncharlie@example.org: was invited already\n"
          .. "frank@example.org: was invited already\n"):format(day_text(6)), output)
        assert.equal(changed, sent("PATCH", "/events/") + sent("POST", "/invites$"))
      end)

      it("invites the others when the server knows no such address, and says so by its status", function()
        put("Budget round", at(5, "09:00"), at(5, "10:30"))
        local output, status = run("reschedule", "Budget round", at(6, "14:00")[1], "--invite", "nobody@example.org",
          "--invite", "bob@example.org")
        assert.equal(1, status)
        assert.matches("\nnobody@example.org: not invited\nbob@example.org: invited\n", output)
        assert.matches("reschedule: POST http[^\n]+invites: [^\n]+unknown_email", output)
      end)

      it("takes the time of another zone, and moves a series when told to", function()
        local id = put("Weekly", { "2027-01-18 09:00", ZONE }, { "2027-01-18 10:00", ZONE },
          { recurrence_pattern = { "FREQ=WEEKLY;COUNT=3" } })
        local output, status = run("reschedule", "Weekly", "2027-01-19 09:00", "--zone", "America/New_York")
        assert.equal(1, status)
        assert.matches("^reschedule: this is a series; %-%-series moves all of it", output)
        output, status = run("reschedule", "Weekly", "2027-01-19 09:00", "--zone", "America/New_York", "--series")
        assert.equal(0, status, output)
        assert.equal("2027-01-19 15:00", check(ot.events:get(id)):starts_text(ZONE))
      end)

      it("says what to do when the name or the time will not do", function()
        local ids = { put("Twice", at(5, "09:00"), at(5, "10:00")), put("Twice", at(6, "09:00"), at(6, "10:00")) }
        local output, status = run("reschedule", "Twice", at(7, "09:00")[1])
        assert.equal(1, status)
        local list = "give an id:\n  " .. ids[1] .. "  " .. at(5, "09:00")[1] .. "\n  " .. ids[2]
        assert.truthy(output:find(list, 1, true), output)
        output, status = run("reschedule", "Never", at(7, "09:00")[1])
        assert.equal(1, status)
        assert.equal("reschedule: you have no meeting with a time and the title or id 'Never'\n", output)
        for time, words in pairs { ["tomorrow"] = "must look like '2027%-01%-18 09:00'",
          ["2027-03-28 02:30"] = "2027%-03%-28 02:30', which does not exist in Europe/Berlin" } do
          output, status = run("reschedule", ids[1], time)
          assert.is_true(status ~= 0)
          assert.matches(words, output)
        end
        output, status = run("reschedule", ids[1], at(7, "09:00")[1], "--invite", "bob@example.org", "--invite", "bob")
        assert.is_true(status ~= 0)
        assert.matches("%-%-invite wants an e%-mail address, not 'bob'", output)
        assert.equal(0, sent("PATCH", "."))
      end)
    end)

    describe("cancel_occurrence.lua", function()
      local function states(id)
        local list = {}
        for date in check(ot.events:get(id)).instances:each() do
          list[#list + 1] = date:starts_text():sub(1, 10) .. " " .. date.status
        end
        return list
      end

      it("cancels the date of a day and restores it", function()
        local id = put("Weekly", { "2027-01-18 00:30", ZONE }, { "2027-01-18 01:00", ZONE },
          { recurrence_pattern = { "FREQ=WEEKLY;COUNT=3" } })
        local output, status = run("cancel_occurrence", "Weekly", "2027-01-25")
        assert.equal(0, status, output)
        assert.equal("Weekly, 2027-01-25 00:30: is cancelled\n", output)
        assert.same({ "2027-01-18 ok", "2027-01-25 cancelled", "2027-02-01 ok" }, states(id))
        local changed = sent("PATCH", "/instances/")
        output, status = run("cancel_occurrence", "Weekly", "2027-01-25")
        assert.equal(0, status, output)
        assert.equal("nothing to do:\nWeekly, 2027-01-25 00:30: is cancelled\n", output)
        assert.equal(changed, sent("PATCH", "/instances/"))
        output, status = run("cancel_occurrence", id, "2027-01-25", "--restore", "--no-mail")
        assert.equal(0, status, output)
        assert.equal("Weekly, 2027-01-25 00:30: takes place\n", output)
        assert.same({ "2027-01-18 ok", "2027-01-25 ok", "2027-02-01 ok" }, states(id))
        assert.equal(1, sent("PATCH", "suppress_email_notification=true"))
      end)

      it("wants the time where a day has more dates, and names what is not there", function()
        local id = put("Weekly", { "2027-01-18 09:00", ZONE }, { "2027-01-18 09:30", ZONE },
          { recurrence_pattern = { "FREQ=WEEKLY;COUNT=3" } })
        check(check(ot.events:get(id)).instances:update("20270125T080000Z",
          { starts_at = { "2027-02-01 15:00", ZONE }, ends_at = { "2027-02-01 15:30", ZONE } }))
        local output, status = run("cancel_occurrence", "Weekly", "2027-02-01")
        assert.equal(1, status)
        assert.matches("^cancel_occurrence: more than one date; add the time:\n  %S+  2027%-02%-01 15:00\n  %S+  "
          .. "2027%-02%-01 09:00\n", output)
        output, status = run("cancel_occurrence", "Weekly", "2027-02-01 15:00")
        assert.equal(0, status, output)
        assert.same({ "2027-01-18 ok", "2027-02-01 cancelled", "2027-02-01 ok" }, states(id))
        output, status = run("cancel_occurrence", "Weekly", "2027-01-25")
        assert.equal(1, status)
        assert.equal("cancel_occurrence: 'Weekly' has no date on 2027-01-25; the nearest: 2027-01-18 09:00, "
          .. "2027-02-01 09:00, 2027-02-01 15:00\n", output)
        for _, word in ipairs { "tomorrow", "25.1.2027", "2027-1-25", "2027-01-25 9" } do
          output, status = run("cancel_occurrence", "Weekly", word)
          assert.is_true(status ~= 0)
          assert.truthy(output:find("the day must be of the form YYYY-MM-DD, or 'YYYY-MM-DD HH:MM', not '" .. word
            .. "'", 1, true), output)
        end
        output, status = run("cancel_occurrence", "Never", "2027-01-30")
        assert.equal(1, status)
        assert.equal("cancel_occurrence: you have no series with the title or id 'Never'\n", output)
      end)
    end)

    describe("rooms_from_csv.lua", function()
      local path
      before_each(function()
        path = folder .. "/rooms.csv"
        support.run("rm -f " .. support.quote(path) .. "*")
      end)

      local function twenty()
        local rows = { "title,password,expires" }
        for i = 1, 19 do rows[#rows + 1] = ("Room %d,,2031-01-18 18:00"):format(i) end
        rows[#rows + 1] = '"Room ""20"", blue",secret,'
        return support.write(path, table.concat(rows, "\r\n") .. "\r\n")
      end

      local function made() return #titles() end

      it("makes twenty rooms with their links, and none twice", function()
        local output, status = run("rooms_from_csv", twenty())
        assert.equal(0, status, output)
        local rows = lines_of(output)
        assert.equal(21, #rows)
        assert.equal("title,password,expires,link", rows[1])
        assert.matches("^Room 7,,2031%-01%-18 18:00,http", rows[8])
        assert.matches('^"Room ""20"", blue",secret,,http', rows[21])
        assert.equal(20, made())
        local last
        for event in ot.events:each() do
          if event.title == 'Room "20", blue' then last = event end
          for invite in event.room.invites:each() do
            assert.truthy(output:find(invite.url, 1, true))
            assert.equal(event.title:find "20" and "nil" or "2031-01-18T17:00:00Z",
              invite.expiration and salon.time.rfc3339(invite.expiration) or "nil")
          end
        end
        assert.equal("secret", last.room.password)
        assert.equal(output, (run("rooms_from_csv", path)))
        assert.equal(20, made())
        assert.equal(20, sent("POST", "/invites$"))
      end)

      it("stops at a room that was made with another password", function()
        support.write(path, "title,password,expires\nA,,\nB,one,\n")
        assert.equal(0, select(2, run("rooms_from_csv", path)))
        for text, words in pairs { ["A,,\nB,two,\n"] = "record 3: 'B'", ["A,,\nB,,\n"] = "record 3: 'B'",
          ["A,new,\nB,one,\n"] = "record 2: 'A'" } do
          local output, status = run("rooms_from_csv", support.write(path, "title,password,expires\n" .. text))
          assert.equal(1, status)
          assert.equal("rooms_from_csv: " .. words .. " was made with another password\n", output)
        end
      end)

      it("goes on when a response was lost", function()
        sandbox:fault { route = "POST /v1/events", kind = "cut", at = 0, worked = true, skip = 4 }
        local output, status = run("rooms_from_csv", twenty())
        assert.equal(1, status)
        assert.matches("^rooms_from_csv: POST http[^\n]+\nRun it again: it goes on from here%.\n$", output)
        local _, written = support.read(path .. ".journal"):gsub(" made", "")
        assert.equal(written + 1, made())
        output, status = run("rooms_from_csv", path)
        assert.equal(0, status, output)
        assert.equal(20, made())
      end)

      it("goes on when it was killed before the journal's line, or while it wrote it", function()
        local first = run("rooms_from_csv", twenty())
        local journal = support.read(path .. ".journal")
        for _, length in ipairs { #journal - 3, #journal:match "^\n[^\n]*", #journal:match "^\n[^\n]*\n%S+ Roo" } do
          support.write(path .. ".journal", journal:sub(1, length))
          assert.equal(first, (run("rooms_from_csv", path)))
          assert.equal(20, made())
        end
      end)

      it("knows a room by its journal when its meeting has another name by now", function()
        run("rooms_from_csv", twenty())
        for event in ot.events:each() do check(event:update { title = "Mine", description = "" }) end
        local output, status = run("rooms_from_csv", path)
        assert.equal(0, status, output)
        assert.equal(20, made())
      end)

      it("makes nothing from a list that will not do", function()
        for text, words in pairs {
          ["name;password;expires\nA;;\n"] = "record 1: the first must be 'title,password,expires'",
          ["title,password,expires\nA,,\nA,,\n"] = "record 3: .*title of their own",
          ["title,password,expires\nA,,soon\n"] = "record 2: expires must look like 2027%-12%-31 18:00: "
            .. "salon.time.rfc3339: argument 'value'",
          ["title,password,expires\nA,,\nB,,2020-01-18 18:00\n"] = "record 3: expires is over: 2020%-01%-18 18:00\n",
          ["title,password,expires\nA,\n"] = "record 2: it must have 3 cells, [^\n]+ and has 2\n",
          ["title,password,expires\n,,\n"] = "record 2: it needs a title",
          ['title,password,expires\n"A,,\n'] = "a quote is not closed",
          [""] = "record 1: the first must be",
        } do
          local output, status = run("rooms_from_csv", support.write(path, text))
          assert.equal(1, status)
          assert.matches(words, output)
        end
        local output, status = run("rooms_from_csv", folder .. "/none.csv")
        assert.equal(1, status)
        assert.matches("^rooms_from_csv: [^\n]*none%.csv: No such file or directory\n$", output)
        output, status = run("rooms_from_csv", folder)
        assert.equal(1, status)
        assert.matches("^rooms_from_csv: [^\n]+ cannot be read: Is a directory\n$", output)
        assert.equal(0, made())
      end)
    end)
  end)

  it("clean_up.lua deletes ad-hoc meetings by their age, on a server of " .. version, function()
    sandbox = support.start { opentalk = version, meet = false, rooms = 100, events = 20 }  -- made 80 s ago
    local none, some = run "clean_up", run("clean_up", "--days", "0")
    sandbox:stop()
    assert.equal("0 over, 0 deleted, 0 failed\n", none)
    assert.equal("to delete  ad hoc  Review 20\n1 over, 0 deleted, 0 failed\n", some)
  end)
end
