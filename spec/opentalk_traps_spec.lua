-- Traps of OpenTalk's API, each in the words of its test, and that nobody who uses salon
-- falls into them: against every version that the sandbox plays, and where it cannot play
-- one, against a server that sends the bytes.

local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"

local check = salon.check

local function at(text) return { datetime = text, timezone = "Europe/Berlin" } end

local START, END = at "2027-01-04T09:00:00+01:00", at "2027-01-04T10:30:00+01:00"
local LENGTH = 90 * 60

-- Seconds between two moments of one day in UTC.
local function seconds(starts, ends)
  local function of_day(moment)
    local hour, minute = moment.datetime:match "T(%d%d):(%d%d)"
    return hour * 3600 + minute * 60
  end
  return of_day(ends) - of_day(starts)
end

local function raises(message, act)
  local ok, e = pcall(act)
  assert.is_false(ok)
  assert.matches(message, e)
end

for _, version in ipairs { "2023", "2026", "0.66" } do
  local is_old = version == "2023"

  describe("on OpenTalk " .. version, function()
    local sandbox, ot, seen

    setup(function()
      sandbox = support.start { opentalk = version, meet = false }
      ot = salon.opentalk(support.opentalk(sandbox))
    end)
    teardown(function()
      ot:close()
      sandbox:stop()
    end)
    before_each(function()
      sandbox:reset()
      check(ot.users:me())
      seen = #sandbox:requests()
    end)

    -- The requests since the last time: "PATCH 200", their paths and bodies.
    local function sent()
      local words, log = {}, {}
      local all = sandbox:requests()
      for i = seen + 1, #all do
        words[#words + 1] = all[i].method .. " " .. all[i].status
        log[#log + 1] = all[i]
      end
      seen = #all
      return table.concat(words, ", "), log
    end

    local function single(more)
      local fields = { title = "Talk", starts_at = START, ends_at = END }
      for name, value in pairs(more or {}) do fields[name] = value end
      return check(ot.events:create(fields))
    end

    local function series(more)
      local fields = { recurrence_pattern = { "FREQ=WEEKLY;COUNT=10" } }
      for name, value in pairs(more or {}) do fields[name] = value end
      return single(fields)
    end

    local function count(walk)
      local n, ids = 0, {}
      for entry in walk do
        assert.is_nil(ids[entry.id])
        n, ids[entry.id] = n + 1, true
      end
      return n
    end

    describe("a series", function()
      local CHANGES = {
        title = { title = "Other" }, description = { description = "Other" }, ["ad-hoc"] = { is_adhoc = true },
        start = { starts_at = at "2027-01-05T09:00:00+01:00" },
        ["password and title"] = { password = "kiwi", title = "Other" },
      }
      for name, fields in pairs(CHANGES) do
        it("stays one, as long as it was, when somebody changes its " .. name, function()
          local id = series().id
          local event = check(fields.starts_at and ot.events:move(id, fields) or ot.events:update(id, fields))
          assert.same({ "recurring", { "FREQ=WEEKLY;COUNT=10" } }, { event.type, event.recurrence_pattern })
          assert.equal(10, count(event.instances:each()))
          for instance in event.instances:each() do
            assert.equal(LENGTH, seconds(instance.starts_at, instance.ends_at))
          end
        end)
      end

      it("that has no end stays as long as it was, though its end is said to be in a hundred years", function()
        local event = check(series { recurrence_pattern = { "FREQ=DAILY" } }:update { title = "Other" })
        local first = check(event.instances:list { per_page = 1 })[1]
        assert.equal(LENGTH, seconds(first.starts_at, first.ends_at))
      end)

      it("keeps its occurrences when its room alone is changed", function()
        local event = series()
        check(event.instances:cancel "20270118T080000Z")
        sent()
        check(event:update { password = "kiwi", waiting_room = true })
        local words, log = sent()
        assert.equal("PATCH 200", words)
        assert.equal('{"password":"kiwi","waiting_room":true}', log[1].body)
        assert.equal("cancelled", check(event.instances:get "20270118T080000Z").status)
      end)

      it("ends when its rule is taken away, and only then", function()
        assert.equal("single", check(series():update { recurrence_pattern = {}, starts_at = START,
          ends_at = END }).type)
      end)

      it("without an end is cut off at time_max here, for servers go on", function()
        local event = series { recurrence_pattern = { "FREQ=WEEKLY" } }
        assert.equal(8, count(event.instances:each { time_max = "2027-02-22T08:00:00Z" }))
        assert.equal(2, #check(event.instances:list { time_min = "2027-01-10T00:00:00+01:00",
          time_max = "2027-01-20T00:00:00+01:00" }))
      end)

      it("goes on behind an occurrence that was moved out of time_max", function()
        local event = series { recurrence_pattern = { "FREQ=WEEKLY" } }
        check(event.instances:update("20270111T080000Z", { starts_at = at "2027-06-04T09:00:00+02:00",
          ends_at = at "2027-06-04T10:00:00+02:00" }))
        local ids = {}
        for instance in event.instances:each { time_max = "2027-01-31T00:00:00Z" } do
          ids[#ids + 1] = instance.instance_id
        end
        assert.same({ "20270104T080000Z", "20270118T080000Z", "20270125T080000Z" }, ids)
      end)

      it("has occurrences that are moved with both ends, and keep their ids", function()
        local event = series()
        local third = check(event.instances:list())[3]
        raises("instance:update: field 'ends_at' is required together with 'starts_at'", function()
          return third:update { starts_at = START }
        end)
        raises("event.instances:update: field 'starts_at' is required together with 'ends_at'", function()
          return event.instances:update(third.instance_id, { ends_at = END })
        end)
        local moved = check(third:update { starts_at = at "2027-01-19T12:00:00+01:00",
          ends_at = at "2027-01-19T13:00:00+01:00" })
        assert.same({ third.id, "2027-01-19T11:00:00Z" }, { moved.id, moved.starts_at.datetime })
        assert.equal(10, count(event.instances:each()))
      end)

      it("is the only kind of event with occurrences: a 404 that says so", function()
        local _, err = single().instances:list()
        assert.equal(404, err.status)
        assert.matches("only events that repeat", err.hint)
      end)
    end)

    describe("the dates of an event", function()
      it("are sent as a whole, with an event that has a time and one that has none", function()
        check(single():update { title = "Other" })
        local _, log = sent()
        for _, name in ipairs { "is_time_independent", "is_all_day", "starts_at", "ends_at",
          "recurrence_pattern" } do
          assert.matches('"' .. name .. '":', log[#log].body)
        end
        local event = check(ot.events:create { title = "Any time" })
        assert.is_true(event.is_time_independent)
        check(event:update { title = "Other" })
        _, log = sent()
        assert.equal('{"is_time_independent":true,"title":"Other"}', log[#log].body)
        assert.is_true(check(event:refresh()).is_time_independent)
      end)

      it("come and go with its time", function()
        local event = check(ot.events:create { title = "Any time" })
        local _, err = event:move { starts_at = START }
        assert.same({ "unsupported", "give 'ends_at', too" }, { err.kind, err.hint })
        event = check(event:move { starts_at = START, ends_at = END })
        assert.same({ false, "2027-01-04T08:00:00Z" }, { event.is_time_independent, event.starts_at.datetime })
        assert.equal("2027-01-07T09:30:00Z",
          check(event:move { starts_at = at "2027-01-07T09:00:00+01:00" }).ends_at.datetime)
        event = check(event:update { is_time_independent = true })
        assert.same({ true }, { event.is_time_independent, event.starts_at })
      end)

      it("of a whole day are midnight in UTC, not where somebody lives", function()
        raises("must be midnight in UTC", function()
          return ot.events:create { title = "x", is_all_day = true, starts_at = at "2027-01-04T00:00:00+01:00",
            ends_at = at "2027-01-05T00:00:00+01:00" }
        end)
        assert.is_true(single { is_all_day = true, starts_at = at "2027-01-04T00:00:00Z",
          ends_at = at "2027-01-05T00:00:00Z" }.is_all_day)
      end)
    end)

    describe("what is sent", function()
      it("is never a text for a boolean, nor a field that the API does not know", function()
        sent()
        raises("events:create: field 'is_adhoc' must be a boolean, got string", function()
          return ot.events:create { title = "x", is_adhoc = "true" }
        end)
        raises("events:list: option 'adhoc' must be a boolean, got string", function()
          return ot.events:list { adhoc = "false" }
        end)
        raises("events:create: unknown field 'color'", function()
          return ot.events:create { title = "x", color = "red" }
        end)
        assert.equal("", (sent()))
      end)

      it("mails nobody with notify = false, wherever mails are written", function()
        local QUIET = { notify = false }
        local event = check(ot.events:create({ title = "Talk", starts_at = START, ends_at = END,
          recurrence_pattern = { "FREQ=WEEKLY" } }, QUIET))
        local id = check(ot.users:me()).id
        sandbox:put("invitation", event.id, { user = "charlie" })
        check(event:update({ title = "Other" }, QUIET))
        check(event:move({ starts_at = START }, QUIET))
        local instance = check(event.instances:list { per_page = 1 })[1]
        check(instance:update({ title = "Other" }, QUIET))
        check(instance:cancel(QUIET))
        check(instance:restore(QUIET))
        check(event.invites:create({ email = "bob@example.org" }, QUIET))
        event.invites:update(id, { role = "moderator" }, QUIET)
        event.invites:update("bob@example.org", { role = "moderator" }, QUIET)
        event.invites:withdraw(id, QUIET)
        event.invites:withdraw("bob@example.org", QUIET)
        check(event:cancel(QUIET))
        check(ot.events:delete(single().id, QUIET))
        ot.rooms:delete(event.room.id, QUIET)
        local _, log = sent()
        local changes = 0
        for _, request in ipairs(log) do
          local has = request.path:find("suppress_email_notification=true", 1, true) ~= nil
          local is_loud = request.path == "/v1/events" or request.path:find("^/internal/")
            or request.path:find("^/v1/auth/")
          assert.equal(request.method ~= "GET" and not is_loud, has, request.method .. " " .. request.path)
          if has then
            changes = changes + 1
            assert.is_true((request.mails or 0) == 0, request.path)
          end
        end
        assert.equal(14, changes)
      end)

      it("to take back an invitation by e-mail is a body with the address", function()
        local event = single()
        check(event.invites:create { email = "grete@example.org" })
        sent()
        local done, err = event.invites:withdraw "grete@example.org"
        local _, log = sent()
        assert.equal("DELETE /v1/events/" .. event.id .. "/invites/email", log[1].method .. " " .. log[1].path)
        if is_old then
          assert.same({ "unsupported", 404 }, { err.kind, err.status })
        else
          assert.is_true(done)
          assert.equal('{"email":"grete@example.org"}', log[1].body)
          assert.equal(0, #check(event.invites:list()))
        end
      end)
    end)

    describe("a response", function()
      it("of 403 without a body is 'no permission, or no such object'", function()
        local _, err = ot.events:get "00000000-0000-4000-8000-000000000000"
        assert.equal("no permission, or no such object (the server does not tell which)", err.message)
      end)

      it("of 200, 201 or 204 is a success, and 204 to a change that changes nothing gives the record", function()
        local event = single()
        sent()
        assert.is_true(event.invites:create { email = "grete@example.org" })
        assert.is_true(event.invites:create { email = "grete@example.org" })
        assert.is_true(event:add_favorite())
        assert.is_true(event:add_favorite())
        assert.equal("POST 201, POST 204, PUT 201, PUT 204", (sent()))
        assert.equal(1, count(ot.events:each { favorites = true }))
        assert.equal(event.title, check(ot.events:update(event.id, {})).title)
        local instance = check(series().instances:list())[1]
        sent()
        assert.equal(instance.id, check(instance:update {}).id)
        assert.equal("PATCH 204, GET 200", (sent()))
      end)

      if not is_old then
        it("of 304 to a PUT says that it is so already", function()
          local path = "/v1/events/" .. single().id .. "/shared_folder"
          check(ot:call("PUT", path))
          sent()
          assert.is_true(check(ot:call("PUT", path)))
          assert.equal("PUT 304", (sent()))
        end)
      end

      it("of 500 may come after the event was made: it is not made twice", function()
        sent()
        sandbox:fault { route = "POST /v1/events", kind = "500" }
        local event, err = ot.events:create { title = "Talk" }
        assert.is_nil(event)
        assert.same({ 500, false }, { err.status, err.retryable })
        assert.equal("POST 500", (sent()))
        assert.equal(1, count(ot.events:each()))
      end)
    end)

    describe("a DELETE whose first response was lost", function()
      local function lost(route)
        sandbox:fault { route = "DELETE " .. route, kind = "cut", worked = true }
      end

      it("counts as done when the second response is 404", function()
        local room = check(ot.rooms:create())
        lost "/v1/rooms"
        assert.is_true(room:delete())
        local event = single()
        check(event:add_favorite())
        lost "/v1/users/me/event_favorites"
        assert.is_true(event:remove_favorite())
        local _, err = event:remove_favorite()
        assert.same({ 404, "the event is no favourite" }, { err.status, err.hint })
      end)

      it("may be done when the second response is 403, as servers say of events that are gone", function()
        local event = single()
        lost "/v1/events"
        local _, err = event:cancel()
        assert.same({ 403, "unknown" }, { err.status, err.outcome })
        assert.matches("look whether it is still there", err.hint)
      end)
    end)

    describe("a room", function()
      it("is deleted with its event, though some servers keep either without the other", function()
        local event = single()
        assert.is_true(event.room:delete())
        assert.equal(0, count(ot.events:each()))
        assert.equal(0, count(ot.rooms:each()))
        event = single()
        assert.is_true(event:cancel())
        assert.equal(is_old and 1 or 0, count(ot.rooms:each()))
        sent()
        local deleted, err = event.room:delete()
        if is_old then
          assert.is_true(deleted)
          assert.equal("DELETE 409, DELETE 204", (sent()))
        else
          assert.equal(404, err.status)
        end
        assert.equal(0, count(ot.rooms:each()))
      end)

      it("has a link for guests, made if there is none, and asked for again it is the same", function()
        local room = check(ot.rooms:create())
        sent()
        local link = check(room:guest_url())
        assert.equal("GET 200, POST 200", (sent()))
        assert.equal(link, check(ot.rooms:guest_url(room.id)))
        local own = sandbox.opentalk.url .. "/room/" .. room.id
        if version == "0.66" then
          assert.equal(own, link)
        else
          assert.matches("?invite=", link, 1, true)
          assert.equal("GET 200", (sent()))
          local soon = check(room:guest_url { expires_in = 3600 })
          assert.not_equal(link, soon)
          assert.equal(soon, check(room:guest_url { expires_in = 3600 }))
          assert.equal(2, #check(room.invites:list()))
          check(room.invites:deactivate(link:match "invite=(.*)$"))
          local other = check(room:guest_url())
          assert.is_true(other ~= link and other ~= soon)
        end
      end)

      it("has a link for guests that ends at a moment, and the same one for that moment alone", function()
        local room = check(ot.rooms:create())
        local link = check(room:guest_url { expiration = { "2031-01-18 09:00", "Europe/Berlin" } })
        sent()
        assert.equal(link, check(ot.rooms:guest_url(room.id, { expiration = "2031-01-18T08:00:00Z" })))
        assert.equal("GET 200", (sent()))
        if version ~= "0.66" then
          assert.equal("2031-01-18T08:00:00Z", salon.time.rfc3339(check(room.invites:list())[1].expiration))
          local others = { [link] = true }
          for _, fields in ipairs { { expiration = "2031-01-18T08:00:01Z" }, { expires_in = 3600 }, {} } do
            local other = check(room:guest_url(fields))
            assert.is_nil(others[other])
            others[other] = true
            assert.equal(other, check(room:guest_url(fields)))
          end
          assert.equal(check(room:guest_url()), check(room:guest_url { expiration = salon.null }))
          assert.equal(4, #check(room.invites:list()))
        end
        raises("fields 'expires_in' and 'expiration' exclude each other", function()
          return room:guest_url { expires_in = 60, expiration = "2031-01-18T08:00:00Z" }
        end)
        sent()
        raises("room:guest_url: field 'expiration' must be a moment to come, but 2020%-01%-18T08:00:00Z is over",
          function() return room:guest_url { expiration = "2020-01-18T09:00:00+01:00" } end)
        raises("field 'expiration' must be a moment to come", function()
          return room:guest_url { expiration = os.time() - 5 }
        end)
        assert.equal("", (sent()))
        assert(room:guest_url { expiration = os.time() + 60 })
      end)

      it("has a link for guests of its owner alone, where guests are let in", function()
        local room = check(ot.rooms:create())
        local bob = salon.opentalk(support.opentalk(sandbox, { username = "bob" }))
        local url, err = bob.rooms:guest_url(room.id)
        assert.same({ nil, 403 }, { url, err.status })
        local event = check(ot.events:create { title = "x" })
        check(event.invites:create({ invitee = check(bob.users:me()).id }, { notify = false }))
        local theirs = check(bob.events:get(event.id))
        assert.is_false(theirs.can_edit)
        url, err = theirs.room:guest_url { expires_in = 3600 }
        assert.same({ nil, 403 }, { url, err.status })
        bob:close()
        if not is_old then
          url, err = check(ot.rooms:create { guest_access = "disabled" }):guest_url()
          assert.same({ nil, 404 }, { url, err.status })
        end
        if version == "0.66" then
          assert.equal(check(room:guest_url { expires_in = 3600 }), check(room:guest_url { expires_in = 60 }))
        end
      end)

      it("lists guest links that were switched off, and says that they are of no use", function()
        local room = check(ot.rooms:create())
        local invite = check(room.invites:create())
        assert.is_true(invite:usable())
        if version == "0.66" then
          local _, err = invite:deactivate()
          assert.same({ "unsupported", "unsent" }, { err.kind, err.outcome })
          return
        end
        assert.is_true(invite:deactivate())
        assert.is_true(invite:deactivate())
        assert.is_false(check(room.invites:list())[1]:usable())
        assert.is_false(check(invite:refresh()):usable())
      end)

      it("keeps the end of a guest link unless another one is given", function()
        local room = check(ot.rooms:create())
        local id = version ~= "0.66" and check(room.invites:create { expires_in = 3600 }).id or "code"
        sent()
        raises("field 'expires_in' or 'expiration' is required", function()
          return room.invites:update(id, {})
        end)
        assert.equal("", (sent()))
        if version == "0.66" then return end
        assert.is_nil(check(room.invites:update(id, { expiration = salon.null })).expiration)
      end)

      it("knows its event by a 404 if there is none, where servers can tell at all", function()
        local _, err = check(ot.rooms:create()):event()
        assert.equal(is_old and 403 or 404, err.status)
        local event = single()
        local info
        info, err = event.room:event()
        assert.equal(not is_old and event.id or nil, info and info.id)
        if is_old then assert.matches("servers have it since 0.5", err.hint) end
      end)
    end)

    describe("the people of an event", function()
      local function with(n)
        local event = single()
        for i = 1, n do
          local name = ("u%d-%d"):format(n, i)
          sandbox:put("user", name, {})
          sandbox:put("invitation", event.id, { user = name, status = i % 2 == 0 and "accepted" or nil })
        end
        return event
      end

      it("are all walked and listed, though new servers refuse the second page", function()
        local event = with(70)
        assert.equal(70, count(event.invites:each()))
        for _, options in ipairs { {}, { per_page = 50 } } do
          local n = 0
          while options do
            local page = check(event.invites:list(options))
            n, options = n + #page, page.next
          end
          assert.equal(70, n)
        end
      end)

      it("come by their status beyond the first page, too", function()
        local event = with(70)
        local n = 0
        for person in event.invites:each { status = "pending" } do
          assert.equal("pending", person.status)
          n = n + 1
        end
        assert.equal(35, n)
      end)

      it("are an error where there are more than can be listed, never fewer without a word", function()
        local event = with(110)
        local ok, e = pcall(count, event.invites:each())
        if is_old then
          assert.same({ true, 110 }, { ok, e })
        else
          assert.equal("limit", salon.caught(e).kind)
          assert.equal("limit", select(2, event.invites:list()).kind)
        end
      end)

      it("are invited by e-mail where the controller has not met them", function()
        local event = single()
        local id = "0f0f0f0f-0000-4000-8000-00000000000f"
        sandbox:put("user", "newcomer", { unseen = true, id = id, email = "newcomer@example.org" })
        local _, err = event.invites:create { invitee = id }
        assert.equal(404, err.status)
        assert.matches("invite by e%-mail", err.hint)
        check(event.invites:create { email = "newcomer@example.org" })
        local person = check(event.invites:list())[1]
        assert.same({ "unregistered", "newcomer@example.org" }, { person.kind, person.email })
        _, err = event.invites:create { email = "nobody@example.net" }
        assert.same({ 409, "unknown_email" }, { err.status, err.code })
      end)
    end)

    describe("a search for people", function()
      it("is one request: with 3 bytes at least, and never for a second page", function()
        sent()
        raises("users:find: argument 'q' must have at least 3 bytes", function() return ot.users:find "al" end)
        assert.equal("", (sent()))
        local page = check(ot.users:find "alice")
        assert.is_nil(page.next)
        local words, log = sent()
        assert.same({ "GET 200", "/v1/users/find?q=alice" }, { words, log[1].path })
      end)

      it("that is switched off is a 404 that says so", function()
        sandbox:switch { user_search = false }
        local _, err = ot.users:find "alice"
        sandbox:switch { user_search = true }
        assert.equal(404, err.status)
        assert.matches("switched off", err.hint)
      end)
    end)

    describe("a list of events", function()
      it("mixes exceptions with events only when it is told to", function()
        check(series().instances:update("20270118T080000Z", { title = "Other" }))
        assert.equal(1, count(ot.events:each()))
        local types = {}
        for event in ot.events:each { exceptions = true } do
          types[#types + 1] = event.type
          assert.equal(event.type == "recurring", event.room ~= nil)
        end
        assert.same({ "recurring", "exception" }, types)
      end)

      it("has one parameter for several states, and a plus in a time that is one", function()
        sent()
        check(ot.events:list { invite_status = { "accepted", "pending" }, time_min = "2027-01-04T09:00:00+01:00" })
        local _, log = sent()
        assert.matches("invite_status=accepted%2Cpending", log[1].path, 1, true)
        assert.is_nil(log[1].path:find("+", 1, true))
      end)

      it("has 100 entries to a page: more is refused here, where one server cuts and another says 400", function()
        for _, list in ipairs { function() return ot.events:list { per_page = 101 } end,
          function() return ot.rooms:list { per_page = 101 } end } do
          raises("option 'per_page' must be between 1 and 100", list)
        end
      end)
    end)
  end)
end

describe("OpenTalk's bytes", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  local function client(status, headers, body)
    return salon.opentalk { controller_url = server:reply("x", status, headers, body), token = "t" }
  end

  it("that are an error in text/json are read like any JSON", function()
    local _, err = client("400 Bad Request", "Content-Type: text/json\r\n",
      '{"code":"invalid_json","message":"no such thing"}').rooms:get "r"
    assert.same({ "http", "invalid_json", "no such thing" }, { err.kind, err.code, err.message })
  end)

  it("keep the zeros before a phone id", function()
    for _, fields in ipairs { '"call_in":{"tel":"+4930","id":"0012345678","password":"0000000001"}',
      '"sip_tel":"+4930","sip_id":"0012345678","sip_password":"0000000001"' } do
      local dial_in = check(client("200 OK", "", '{"id":"r",' .. fields .. "}").rooms:get "r").dial_in
      assert.same({ "0012345678", "0000000001" }, { dial_in.id, dial_in.pin })
    end
  end)

  it("have a null for a password that is none, or nothing at all", function()
    for _, body in ipairs { '{"id":"r","password":null,"waiting_room":false}', '{"id":"r","waiting_room":false}' } do
      local room = check(client("200 OK", "", body).rooms:get "r")
      assert.same({ access = "open" }, { access = room.access, password = room.password })
    end
  end)

  it("show an event's encryption that was not taken as what it is", function()
    local _, err = client("200 OK", "", '{"id":"e","title":"t","type":"single","is_time_independent":true,'
      .. '"room":{"id":"r","e2e_encryption":false}}').events:update("e", { e2e_encryption = true })
    assert.same({ "unsupported", "done" }, { err.kind, err.outcome })
    assert.matches("'e2e_encryption'", err.message)
  end)
end)
