-- OpenTalk end to end, against the sandbox: what a user of `salon` does.

local salon = require "salon"
local support = require "spec.support"

local check = salon.check

for _, version in ipairs { "2026", "2023" } do
  describe("OpenTalk " .. version, function()
    local sandbox, ot

    setup(function()
      sandbox = support.start { opentalk = version, meet = false, rooms = 230, events = 130 }
      ot = salon.opentalk(support.opentalk(sandbox, {
        controller_url = version == "2023" and sandbox.opentalk.controller_url or nil,
      }))
    end)
    teardown(function()
      ot:close()
      sandbox:stop()
    end)

    local function asked(method, path)
      local n = 0
      for _, request in ipairs(sandbox:requests()) do
        if request.method == method and request.path:sub(1, #path) == path then n = n + 1 end
      end
      return n
    end

    it("logs in and hands out the token", function()
      local token = check(ot:token())
      assert.is_true(token:expires_in() > 0)
      assert.matches("^salon%.Token%(expires in %d+ s%)$", tostring(token))
      assert.equal(200, token.response.status)
    end)

    it("walks all rooms, each once", function()
      local seen, n = {}, 0
      for room in ot.rooms:each() do
        assert.is_nil(seen[room.id])
        seen[room.id] = true
        n = n + 1
        assert.equal("opentalk", room.backend)
        assert.equal(sandbox.opentalk.url .. "/room/" .. room.id, room.join_url)
      end
      local known = 0
      for _, room in ipairs(sandbox:rooms()) do
        if seen[room.id] then known = known + 1 end
      end
      assert.equal(n, known)
      assert.is_true(n >= 230)
    end)

    it("walks small pages and lists page by page to the same end", function()
      local walked, listed = {}, {}
      for room in ot.rooms:each { per_page = 33 } do walked[#walked + 1] = room.id end
      local options = { per_page = 33 }
      while options do
        local page = check(ot.rooms:list(options))
        assert.is_true(#page <= 33)
        assert.equal(200, page.response.status)
        for _, room in ipairs(page) do listed[#listed + 1] = room.id end
        options = page.next
      end
      assert.same(listed, walked)
    end)

    it("creates a room, reads it again, and makes guest links for it", function()
      local room = check(ot.rooms:create { waiting_room = true, password = salon.secret "kiwi42" })
      assert.equal("waiting_room", room.access)
      assert.equal("kiwi42", room.password)
      assert.is_truthy(room.response.request_id)
      local again = check(ot.rooms:get(room.id))
      assert.same(room:totable(), again:totable())

      local invite = check(room.invites:create { expires_in = 3600 })
      assert.equal(("%s/room/%s?invite=%s"):format(sandbox.opentalk.url, room.id,
        invite.invite_code), invite.url)
      assert.is_true(invite:usable())
      assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", invite.expiration)
      local endless = check(room.invites:create())
      assert.is_nil(endless.expiration)
      local past = check(room.invites:create { expiration = "2020-01-01T00:00:00Z" })
      assert.is_false(past:usable())

      local codes = {}
      for one in room.invites:each() do codes[one.id] = true end
      assert.same({ [invite.id] = true, [endless.id] = true, [past.id] = true }, codes)
      assert.equal(invite.id, check(room.invites:get(invite.id)).id)
    end)

    it("says of rooms how one gets in", function()
      assert.equal("open", check(ot.rooms:create()).access)
      assert.equal("password", check(ot.rooms:create { password = "x" }).access)
    end)

    it("walks all events, with rooms that know their title", function()
      local n, last = 0, ""
      for event in ot.events:each() do
        n = n + 1
        assert.matches("^salon%.Event%(", tostring(event))
        assert.equal(event.room.join_url, event.join_url)
        assert.equal(event.title, event.room.title)
        assert.equal(event.raw.room.id, event.room.id)
        local start = event.starts_at and event.starts_at.datetime or ""
        assert.is_true(start >= last)
        last = start
      end
      assert.is_true(n >= 130)
    end)

    it("reads dial-in data, new or old", function()
      for event in ot.events:each() do
        local dial_in = event.room.dial_in
        if dial_in then
          assert.matches("^%+%d+$", dial_in.tel)
          assert.matches("^%d+$", dial_in.id)
          assert.matches("^%d+$", dial_in.pin)
          return
        end
      end
      error("no event with dial-in")
    end)

    it("finds one event", function()
      local first = check(ot.events:list { per_page = 1 })[1]
      local event = check(ot.events:get(first.id, { invitees_max = 10 }))
      assert.equal(first.title, event.title)
      assert.equal("table", type(event.invitees))
    end)

    it("filters", function()
      for event in ot.events:each { time_independent = true } do
        assert.is_true(event.is_time_independent)
      end
      local some = 0
      for event in ot.events:each { time_min = "2026-11-01T00:00:00+01:00", adhoc = false } do
        assert.is_false(event.is_adhoc)
        some = some + 1
      end
      assert.is_true(some > 0)
    end)

    it("answers unknown rooms with an error object", function()
      local room, err = ot.rooms:get("00000000-0000-4000-8000-000000000000")
      assert.is_nil(room)
      assert.equal("http", err.kind)
      assert.equal(403, err.status)
      assert.equal(1, err.attempts)
      assert.equal("done", err.outcome)
      assert.is_false(err.retryable)
      assert.matches("no permission, or no such object", tostring(err))
    end)

    it("gets over a token that expired, in a walk and in a POST", function()
      sandbox:fault { route = "GET /v1/rooms", kind = "expired", skip = 1 }
      local n = 0
      for _ in ot.rooms:each() do n = n + 1 end
      assert.is_true(n >= 230)
      local posts = asked("POST", "/v1/rooms")
      sandbox:fault { route = "POST /v1/rooms", kind = "expired" }
      check(ot.rooms:create())
      assert.equal(posts + 2, asked("POST", "/v1/rooms"))
    end)

    it("gets over an overloaded server", function()
      sandbox:fault { route = "GET /v1/rooms", kind = "429", retry_after = 0 }
      sandbox:fault { route = "GET /v1/rooms", kind = "503" }
      sandbox:fault { route = "GET /v1/rooms", kind = "cut" }
      local page = check(ot.rooms:list())
      assert.equal(4, page.response.attempts)
    end)

    it("does not repeat a creation that may have arrived", function()
      local posts = asked("POST", "/v1/rooms")
      sandbox:fault { route = "POST /v1/rooms", kind = "cut" }
      local room, err = ot.rooms:create()
      assert.is_nil(room)
      assert.equal("network", err.kind)
      assert.equal("unknown", err.outcome)
      assert.is_false(err.retryable)
      assert.equal(posts + 1, asked("POST", "/v1/rooms"))
      check(ot.rooms:create())
    end)

    it("follows no link to another host", function()
      sandbox:fault { route = "GET /v1/rooms", kind = "link_host", count = 3 }
      local n = 0
      for _ in ot.rooms:each() do n = n + 1 end
      assert.is_true(n >= 230)
    end)

    it("logs in over TLS with HTTP/2", function()
      local tls = sandbox.opentalk.tls
      local secure = salon.opentalk(support.opentalk(sandbox, {
        url = tls.url, controller_url = tls.controller_url, issuer = tls.issuer,
        ca_file = sandbox.ca_file,
      }))
      check(secure.rooms:list { per_page = 1 })
      secure:close()
      local stranger = salon.opentalk(support.opentalk(sandbox, {
        url = tls.url, controller_url = tls.controller_url, issuer = tls.issuer,
      }))
      local _, err = stranger.rooms:list()
      assert.equal("tls", err.kind)
      assert.matches("ca_file", err.hint)
      stranger:close()
    end)

    it("explains a wrong password, and tries it twice", function()
      local wrong = salon.opentalk(support.opentalk(sandbox, {
        controller_url = sandbox.opentalk.controller_url, username = "bob",
        password = "m4rker-s3cret",
      }))
      local before = asked("POST", "/realms/")
      local room, err = wrong.rooms:list()
      assert.is_nil(room)
      assert.equal("auth", err.kind)
      assert.equal("invalid_grant", err.code)
      wrong.rooms:list()
      assert.equal(before + 2, asked("POST", "/realms/"))
      assert.is_nil((tostring(err) .. tostring(wrong) .. (err.body or "")):find("m4rker", 1, true))
      wrong:close()
    end)

    it("sends passwords as they are", function()
      local zoe = salon.opentalk(support.opentalk(sandbox, {
        controller_url = sandbox.opentalk.controller_url, username = "zoe",
        password = sandbox.opentalk.users.zoe,
      }))
      check(zoe:token())
      zoe:close()
    end)
  end)
end

describe("OpenTalk out of reach", function()
  it("is a network error that says so", function()
    local ot = salon.opentalk { url = "http://127.0.0.1:1", client_id = "c", username = "u",
      password = "pass", max_tries = 1 }
    local page, err = ot.rooms:list { timeout = 5 }
    assert.is_nil(page)
    assert.equal("network", err.kind)
    assert.equal("unsent", err.outcome)
    assert.is_true(err.retryable)
    ot:close()
  end)
end)
