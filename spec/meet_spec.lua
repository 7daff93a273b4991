-- Meet end to end, against the sandbox.

local salon = require "salon"
local support = require "spec.support"

local check = salon.check

for _, version in ipairs { "1.31", "1.27" } do
  describe("Meet " .. version, function()
    local sandbox, meet

    setup(function()
      sandbox = support.start { opentalk = false, meet = version, rooms = 65 }
      meet = salon.meet(support.meet(sandbox))
    end)
    teardown(function()
      meet:close()
      sandbox:stop()
    end)

    local function tokens()
      local n = 0
      for _, request in ipairs(sandbox:requests()) do
        if request.path:find("/application/token/", 1, true) then n = n + 1 end
      end
      return n
    end

    local function application(id, extra)
      local given = support.meet(sandbox, extra)
      given.client_id = id
      return salon.meet(given)
    end

    it("gets a token for a user and keeps it", function()
      local token = check(meet:token())
      assert.equal(token, check(meet:token()))
      assert.same({ "rooms:list", "rooms:retrieve", "rooms:create" }, token.scopes)
      assert.is_true(token:expires_in() > 3000)
      check(meet.rooms:list())
      assert.equal(1, tokens())
    end)

    it("keeps a token for each user", function()
      local before = tokens()
      check(meet.rooms:list { user = "grace@example.org" })
      check(meet.rooms:list { user = "grace@example.org" })
      check(meet.rooms:list())
      assert.equal(before + 1, tokens())
      assert.not_equal(check(meet:token()), check(meet:token { user = "grace@example.org" }))
    end)

    it("walks all rooms", function()
      local seen, n = {}, 0
      for room in meet.rooms:each() do
        assert.is_nil(seen[room.id])
        seen[room.id], n = true, n + 1
        assert.equal("meet", room.backend)
        assert.equal(room.name, room.title)
        assert.equal(room.access_level, room.access)
        assert.equal(room.url, room.join_url)
      end
      assert.is_true(n >= 65)
    end)

    it("lists page by page, with the total", function()
      local options, n, total = { page_size = 50 }, 0, nil
      while options do
        local page = check(meet.rooms:list(options))
        n, total = n + #page, page.total
        options = page.next
      end
      assert.equal(total, n)
    end)

    it("creates a room and reads it again", function()
      local room = check(meet.rooms:create {
        access_level = "restricted",
        configuration = { everyone_can_mute = false, can_publish_sources = salon.array() },
      })
      assert.equal("restricted", room.access)
      assert.equal(201, room.response.status)
      assert.is_false(room.configuration.everyone_can_mute)
      assert.equal(0, #room.configuration.can_publish_sources)
      assert.equal(room.id, check(meet.rooms:get(room.id)).id)
      assert.is_truthy(check(meet.rooms:create()).id)
    end)

    it("reads dial-in data", function()
      local room = check(meet.rooms:list())[1]
      assert.matches("^%+", room.dial_in.tel)
      assert.matches("^%d+$", room.dial_in.pin)
    end)

    it("answers what it does not have with a type", function()
      for _, method in ipairs { "list", "get", "create", "update", "delete", "cancel", "move" } do
        local value, err = meet.events[method](meet.events)
        assert.is_nil(value)
        assert.equal("unsupported", err.kind)
      end
      local ok, e = pcall(meet.events.each, meet.events)
      assert.is_false(ok)
      assert.equal("unsupported", salon.caught(e).kind)
      local room = check(meet.rooms:list())[1]
      assert.equal("unsupported", select(2, room.invites:create()).kind)
      assert.equal("room.invites:verify: Meet has no guest links", select(2, room.invites:verify "x").message)
      assert.error_matches(function() salon.map(meet.events, tostring) end, "give it :each()", 1, true)
      local _, err = meet.rooms:delete(room.id)
      assert.equal("unsupported", err.kind)
      assert.equal(405, err.status)
    end)

    it("changes rooms where servers can", function()
      local can = application("throwaway-app-five")
      local room = check(can.rooms:create { access_level = "trusted" })
      local changed, err = can.rooms:update(room.id, { access_level = "restricted" })
      if version == "1.31" then
        assert.equal("restricted", changed.access)
      else
        assert.is_nil(changed)
        assert.equal("unsupported", err.kind)
        assert.equal(405, err.status)
      end
      can:close()
    end)

    it("names function and field where something cannot be sent", function()
      assert.error_matches(function() meet.rooms:create { configuration = { x = print } } end,
        "^rooms:create: field 'configuration' cannot be written as JSON: "
          .. "cannot encode a function at x$")
    end)

    it("explains refusals", function()
      local _, err = meet.rooms:get("not-an-id")
      assert.equal("http", err.kind)
      assert.equal(404, err.status)
      _, err = meet.rooms:create { configuration = { colour = "red" } }
      assert.equal(400, err.status)
      assert.equal("configuration.colour", err.fields[1].field)
      assert.equal("extra_forbidden", err.fields[1].code)
      local listonly = application("throwaway-app-listonly")
      _, err = listonly.rooms:create()
      assert.equal(403, err.status)
      assert.matches("scope", tostring(err))
      listonly:close()
    end)

    it("explains refused logins", function()
      local _, err = salon.meet(support.meet(sandbox, { client_secret = "m4rker-s3cret" })):token()
      assert.equal("auth", err.kind)
      assert.equal(401, err.status)
      assert.matches("client_secret", err.hint)
      assert.is_nil((tostring(err) .. err.body):find("m4rker", 1, true))
      _, err = meet:token { user = "nobody@example.org" }
      assert.equal("auth", err.kind)
      assert.equal(404, err.status)
      _, err = meet:token { user = "Ada <ada@example.org>" }
      assert.equal("auth", err.kind)
      assert.equal(400, err.status)
      _, err = application("throwaway-app-inactive"):token()
      assert.equal("auth", err.kind)
      assert.matches("activate", err.hint)
      _, err = application("throwaway-app-domain"):token()
      assert.equal(403, err.status)
    end)

    it("gets over a token that expired", function()
      local before = tokens()
      sandbox:fault { route = "GET /external-api/v1.0/rooms/", kind = "expired" }
      check(meet.rooms:list())
      assert.equal(before + 1, tokens())
    end)

    it("explains a token from outside that is no good", function()
      local given = salon.meet { url = sandbox.meet.url, token = "n0t-a-t0ken" }
      local _, err = given.rooms:list()
      assert.equal("auth", err.kind)
      assert.equal(401, err.status)
      assert.matches("option 'token'", err.hint)
      given:close()
    end)

    it("gets over an overloaded server, and asks a token twice if need be", function()
      sandbox:fault { route = "GET /external-api/v1.0/rooms/", kind = "503" }
      assert.equal(2, check(meet.rooms:list()).response.attempts)
      sandbox:fault { route = "POST /external-api/v1.0/application/token/", kind = "cut" }
      assert.equal(2, check(meet:token { user = "edsger@example.org" }).response.attempts)
    end)

    it("follows no link to another host", function()
      sandbox:fault { route = "GET /external-api/v1.0/rooms/", kind = "link_host", count = 2 }
      local n = 0
      for _ in meet.rooms:each() do n = n + 1 end
      assert.is_true(n >= 65)
    end)

    it("works over TLS", function()
      local secure = salon.meet(support.meet(sandbox, {
        url = sandbox.meet.tls.url, ca_file = sandbox.ca_file,
      }))
      check(secure.rooms:list())
      secure:close()
    end)

    it("says when the address is not the API's", function()
      local wrong = salon.meet(support.meet(sandbox, { url = sandbox.meet.url .. "/elsewhere" }))
      local _, err = wrong.rooms:list()
      assert.equal("http", err.kind)
      assert.equal(404, err.status)
      assert.matches("url", err.hint)
      wrong:close()
    end)
  end)
end
