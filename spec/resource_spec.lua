-- What all operations have in common: methods of services and of records, mistakes at the
-- caller's line, what a server does not have.

local Transport = require "spec.support.transport"
local core = require "salon.core"
local json = require "salon.internal.json"
local salon = require "salon"

local ID = "6f1d7a52-2f0e-4b9e-8a0a-3c7c4c0d9f11"

describe("an operation", function()
  local transport, answer, ot, meet

  before_each(function()
    answer = function() return 200, core.encode { id = ID, type = "single" } end
    transport = Transport.install(function(entry)
      if entry.path:find("well-known", 1, true) then return 404, "" end
      return answer(entry)
    end)
    ot = salon.opentalk { url = "https://m.example", controller_url = "https://c.example", token = "t" }
    meet = salon.meet { url = "https://v.example", token = "t" }
  end)
  after_each(function() transport:remove() end)

  local function last()
    local entry = transport.log[#transport.log]
    return entry.method .. " " .. entry.path .. (entry.query ~= "" and "?" .. entry.query or ""), entry.body
  end

  it("on a record is the one of its service, with the record's own id", function()
    local room = assert(ot.rooms:get(ID))
    assert(room:update { waiting_room = true })
    assert.same({ "PATCH /v1/rooms/" .. ID, '{"waiting_room":true}' }, { last() })
    assert(room:refresh())
    assert.equal("GET /v1/rooms/" .. ID, (last()))
    assert.is_true(room:delete { notify = false, force = true })
    assert.equal("DELETE /v1/rooms/" .. ID .. "?force_delete_reference_if_external_services_fail=true"
      .. "&suppress_email_notification=true", (last()))
    answer = function() return 200, core.encode { room_id = ID, password_required = true } end
    local verified = assert(room.invites:verify "5ac3fd52-1111-4222-8333-944455556666")
    assert.same({ ID, true }, { verified.room_id, verified.password_required })
    assert.same({ "POST /v1/invite/verify", '{"invite_code":"5ac3fd52-1111-4222-8333-944455556666"}' },
      { last() })
    answer = function() return 200, core.encode { id = ID, type = "single" } end
    local event = assert(ot.events:get(ID))
    assert.is_true(event:accept())
    assert.equal("PATCH /v1/events/" .. ID .. "/invite", (last()))
    assert.is_true(event.invites:withdraw("a@b.example"))
    assert.same({ "DELETE /v1/events/" .. ID .. "/invites/email", '{"email":"a@b.example"}' }, { last() })
  end)

  it("is read back as it was asked for, where the response is empty", function()
    local event = { id = ID, type = "single", is_time_independent = true, title = "x" }
    answer = function(entry)
      if entry.method == "PATCH" then return 204, "" end
      return 200, core.encode(event)
    end
    assert(ot.events:update(ID, { title = "x" }, { invitees_max = 10 }))
    assert.equal("GET /v1/events/" .. ID .. "?invitees_max=10", (last()))
    event.recurring_event_id, event.instance_id = ID, "20270118T080000Z"
    local instances = assert(ot.events:get(ID)).instances
    assert(instances:cancel("20270118T080000Z", { invitees_max = 3, notify = false }))
    assert.equal("GET /v1/events/" .. ID .. "/instances/20270118T080000Z?invitees_max=3", (last()))
  end)

  it("moves a meeting from a day to a time only with its end, and to a day only what takes whole days", function()
    local event = { id = ID, type = "single", is_time_independent = false, is_all_day = true, title = "x",
      starts_at = { datetime = "2027-01-04T00:00:00Z", timezone = "Europe/Berlin" },
      ends_at = { datetime = "2027-01-05T00:00:00Z", timezone = "Europe/Berlin" } }
    answer = function(entry)
      if entry.method == "PATCH" then return 204, "" end
      return 200, core.encode(event)
    end
    local function moved(when, ends)
      local before, sent = #transport.log, nil
      local done, err = ot.events:move(ID, { starts_at = when, ends_at = ends })
      for i = before + 1, #transport.log do sent = transport.log[i].body or sent end
      local body = sent and json.decode(sent)
      return body and { body.is_all_day, body.starts_at.datetime, body.ends_at.datetime }, done and nil or err
    end
    assert.same({ true, "2027-01-18T00:00:00Z", "2027-01-19T00:00:00Z" }, (moved { "2027-01-18", "Europe/Berlin" }))
    assert.same({ true, "2027-01-18T00:00:00Z", "2027-01-19T00:00:00Z" },
      (moved { datetime = "2027-01-18T00:00:00Z", timezone = "Europe/Berlin" }))
    assert.same({ false, "2027-01-18T08:00:00Z", "2027-01-18T09:00:00Z" },
      (moved({ "2027-01-18 09:00", "Europe/Berlin" }, { "2027-01-18 10:00", "Europe/Berlin" })))
    for _, ends in ipairs { "2027-01-04T00:00:00Z", "2027-01-05T00:00:00Z" } do
      event.ends_at.datetime = ends
      local sent, err = moved { "2027-01-18 09:00", "Europe/Berlin" }
      assert.is_nil(sent)
      assert.same({ "unsupported", "done",
        "events:move: the days of an all-day event do not tell how long it takes from a time of day on",
        "give 'ends_at', too, or a day: { \"2027-01-18\", \"Europe/Berlin\" }" },
        { err.kind, err.outcome, err.message, err.hint })
    end
    event.is_all_day, event.starts_at.datetime, event.ends_at.datetime = false, "2027-01-04T08:00:00Z",
      "2027-01-04T09:00:00Z"
    local body, err = moved { "2027-01-18", "Europe/Berlin" }
    assert.is_nil(body)
    assert.same({ "unsupported", "events:move: an all-day event has to begin and end at midnight in UTC",
      "give 'ends_at', too" }, { err.kind, err.message, err.hint })
  end)

  it("that is called wrongly raises at the caller's line, and names itself and the mistake", function()
    local room, event = assert(ot.rooms:get(ID)), assert(ot.events:get(ID))
    local when = { datetime = "2027-01-04T08:00:00Z", timezone = "Europe/Berlin" }
    local before = { datetime = "2027-01-04T07:00:00Z", timezone = "Europe/Berlin" }
    local sent = #transport.log
    local MISTAKES = {
      ["rooms:update: argument 'id' must be a string, got nil"] = function() local _ = ot.rooms:update() end,
      ["events:create: 'notify' is an option: give it in the table after the fields"] = function()
        local _ = ot.events:create { title = "x", notify = false }
      end,
      ["event:update: 'notify' is an option: give it in the table after the fields"] = function()
        local _ = event:update { notify = false }
      end,
      ["rooms:create: 'timeout' is an option: give it in the table after the fields"] = function()
        local _ = ot.rooms:create { timeout = 10 }
      end,
      ["rooms:update: unknown field 'waitingroom', did you mean 'waiting_room'?"] = function()
        local _ = ot.rooms:update(ID, { waitingroom = true })
      end,
      ["room:update: field 'password' must have at most 255 characters"] = function()
        local _ = room:update { password = ("x"):rep(256) }
      end,
      ["room:update: field 'name' must have 3 to 40 of the characters a-z 0-9 . -"] = function()
        local _ = room:update { name = "Weekly" }
      end,
      ["room:delete: unknown option 'notfy', did you mean 'notify'?"] = function()
        local _ = room:delete { notfy = false }
      end,
      ["room:delete: wrong self (table); call it with a colon: room:delete(...)"] = function()
        local _ = room.delete {}
      end,
      ["room:delete: wrong self (userdata); call it with a colon: room:delete(...)"] = function()
        local _ = room.delete(event)
      end,
      ["events:create: field 'title' is required"] = function() local _ = ot.events:create {} end,
      ["events:create: field 'title' must have at most 255 characters"] = function()
        local _ = ot.events:create { title = ("x"):rep(256) }
      end,
      ["events:create: field 'ends_at' is required together with 'starts_at'"] = function()
        local _ = ot.events:create { title = "x", starts_at = when }
      end,
      ["events:create: field 'ends_at' must not be before 'starts_at'"] = function()
        local _ = ot.events:create { title = "x", starts_at = when, ends_at = before }
      end,
      ["events:create: field 'starts_at' needs 'timezone'"] = function()
        local _ = ot.events:create { title = "x", starts_at = { datetime = when.datetime } }
      end,
      ["events:create: field 'ends_at' must be a local time with its zone: "
        .. "{ \"2027-01-04T08:00:00Z\", \"Europe/Berlin\" }"] = function()
        local _ = ot.events:create { title = "x", starts_at = when, ends_at = when.datetime }
      end,
      ["events:create: field 'starts_at' has 'zone', which is unknown: names are datetime, timezone"] = function()
        local _ = ot.events:create { title = "x", starts_at = { zone = "UTC" } }
      end,
      ["events:create: fields 'starts_at' and 'ends_at' of an all-day event must be midnight in UTC: …T00:00:00Z"]
        = function()
          local _ = ot.events:create { title = "x", starts_at = when, ends_at = when, is_all_day = true }
        end,
      ["events:create: field 'is_all_day' needs 'starts_at'"] = function()
        local _ = ot.events:create { title = "x", is_all_day = true }
      end,
      ["events:create: field 'recurrence_pattern' must have at most 4 entries"] = function()
        local _ = ot.events:create { title = "x", recurrence_pattern = { "a", "b", "c", "d", "e" } }
      end,
      ["event:move: field 'starts_at' is required"] = function() local _ = event:move {} end,
      ["event.invites:create: either field 'invitee' or field 'email' is required"] = function()
        local _ = event.invites:create { role = "moderator" }
      end,
      ["event.invites:create: field 'role' must be one of 'user', 'moderator', 'guest'"] = function()
        local _ = event.invites:create { email = "a@b.example", role = "owner" }
      end,
      ["event.instances:get: argument 'instance_id' must be the start of an occurrence by the rule, "
        .. "in UTC: 20270118T080000Z"] = function() local _ = event.instances:get(ID) end,
      ["invites:update: field 'expires_in' or 'expiration' is required"] = function()
        local _ = room.invites:update("code", {})
      end,
      ["users:find: argument 'q' must have at least 3 bytes"] = function() local _ = ot.users:find "al" end,
      ["client:supports: unknown operation 'rooms.creat', did you mean 'rooms.create'?"] = function()
        local _ = ot:supports "rooms.creat"
      end,
    }
    for message, call in pairs(MISTAKES) do
      local ok, e = pcall(call)
      assert.is_false(ok, message)
      assert.equal(message, (e:gsub("^spec/resource_spec%.lua:%d+: ", "")))
      assert.matches("^spec/resource_spec%.lua:%d+: ", e)
    end
    assert.equal(sent, #transport.log)
  end)

  it("that the server does not have is unsupported, and supports() knows from then on", function()
    assert.is_true(ot:supports "rooms.event")
    assert.is_true(ot:supports "rooms")
    answer = function() return 404, "" end
    local _, err = ot.rooms:event(ID)
    assert.same({ "unsupported", 404, "the server does not have rooms:event", "servers have it since 0.5" },
      { err.kind, err.status, err.message, err.hint })
    assert.is_false(ot:supports "rooms.event")
    _, err = ot.rooms:get(ID)
    assert.equal("http", err.kind)
    assert.is_false(meet:supports "rooms.delete")
    assert.is_true(meet:supports "rooms.update")
    answer = function() return 405, '{"detail":"Method \\"PATCH\\" not allowed."}' end
    _, err = meet.rooms:update(ID, { access_level = "public" })
    assert.equal("unsupported", err.kind)
    assert.is_false(meet:supports "rooms.update")
    assert.same({ lacking = { "rooms.update" } }, meet:server())
  end)

  it("is known by each name that server() tells, a variant's too", function()
    local invites = assert(ot.events:get(ID)).invites
    answer = function() return 404, "UUID parsing failed" end
    local _, err = invites:withdraw "a@b.example"
    assert.equal("unsupported", err.kind)
    local lacking = assert(ot:server()).lacking
    assert.same({ "event.invites.withdraw by e-mail address" }, lacking)
    assert.is_false(ot:supports(lacking[1]))
    assert.is_true(ot:supports "event.invites.withdraw")
  end)

  it("of the other system alone is no mistake: supports() is false", function()
    for _, name in ipairs { "events", "events.instances", "rooms.tariff", "users.me" } do
      assert.is_false(meet:supports(name))
      assert.is_true(ot:supports(name))
    end
    assert.is_false(ot:supports "rooms.find")
    assert.is_true(meet:supports "rooms.find")
    assert.error_matches(function() meet:supports "event" end, "unknown operation 'event'")
  end)

  it("is judged by the version, where the server tells it", function()
    answer = function() return 200, '{"openapi":"3.1.0","info":{"title":"x","version":"0.30.2"}}' end
    assert.same({ version = "0.30.2", profile = "2026", lacking = {} }, ot:server())
    assert.equal("GET /v1/openapi.json", (last()))
    local sent = #transport.log
    assert.is_false(ot:supports "events.instances")
    assert.is_true(ot:supports "rooms.event")
    assert(ot:server())
    assert.equal(sent, #transport.log)
  end)

  it("is judged by no trouble that passes, nor by a login that is refused", function()
    answer = function() return 502, "" end
    assert.equal(502, select(2, ot:server()).status)
    answer = function() return 200, '{"info":{"version":"0.30.2"}}' end
    assert.same({ version = "0.30.2", profile = "2026", lacking = {} }, ot:server())
    ot = salon.opentalk { url = "https://m.example", controller_url = "https://c.example", client_id = "c",
      username = "u", password = "p", token_endpoint = "https://l.example/token", max_tries = 1 }
    for _, status in ipairs { 400, 404 } do
      answer = function() return status, '{"error":"invalid_request"}' end
      assert.equal(status, select(2, ot:server()).status)
      assert.is_true(ot:supports "events.instances")
    end
    answer = function() return 200, '{"access_token":"t","expires_in":300,"info":{"version":"0.30.2"}}' end
    assert.equal("0.30.2", assert(ot:server()).version)
  end)

  it("is judged by what servers of 2023 do not have, once it is known that it is one", function()
    answer = function() return 404, "" end
    assert.is_true(ot:supports "events.instances")
    assert.same({ profile = "2023", lacking = {} }, ot:server())
    assert.is_false(ot:supports "events.instances")
    assert.is_true(ot:supports "events.create")
  end)

  it("refuses a client that is closed", function()
    local room = assert(ot.rooms:get(ID))
    ot:close()
    local ok, e = pcall(function() room:refresh() end)
    assert.is_false(ok)
    assert.matches("^spec/resource_spec%.lua:%d+: room:refresh: the client is closed$", e)
  end)

  it("finds a room of Meet by its slug or its web link", function()
    local rooms = { { id = ID, slug = "abc-defg-hij", access_level = "public" } }
    answer = function(entry)
      local page = entry.query:find("page=2", 1, true) and rooms or { { id = "other", slug = "x" } }
      return 200, core.encode { count = 2, results = page,
        next = page ~= rooms and "https://v.example/external-api/v1.0/rooms/?page=2" or nil }
    end
    for _, text in ipairs { "abc-defg-hij", "https://v.example/abc-defg-hij",
      "https://v.example/abc-defg-hij/?x=1#y" } do
      assert.equal(ID, assert(meet.rooms:find(text)).id)
    end
    local room, err = meet.rooms:find "nobody"
    assert.is_nil(room)
    assert.is_nil(err)
  end)
end)
