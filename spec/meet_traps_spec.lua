-- Traps of Meet's External API, each in the words of its test, and that nobody who uses
-- salon falls into them: against both versions that the sandbox plays.

local salon = require "salon"
local support = require "spec.support"

local check = salon.check

local ADA, GRACE = "ada@example.org", "grace@example.org"

local function raises(message, act)
  local ok, e = pcall(act)
  assert.is_false(ok)
  assert.matches(message, e)
end

for _, version in ipairs { "1.31", "1.27" } do
  local can_update = version == "1.31"

  describe("on Meet " .. version, function()
    local sandbox, meet, seen

    setup(function()
      sandbox = support.start { opentalk = false, meet = version }
      meet = salon.meet(support.meet(sandbox, { client_id = "throwaway-app-five" }))
    end)
    teardown(function()
      meet:close()
      sandbox:stop()
    end)
    before_each(function()
      sandbox:reset()
      check(meet.rooms:list())
      check(meet.rooms:list { user = GRACE })
      seen = #sandbox:requests()
    end)

    -- The requests since the last time: "GET 200".
    local function sent()
      local words, all = {}, sandbox:requests()
      for i = seen + 1, #all do words[#words + 1] = all[i].method .. " " .. all[i].status end
      seen = #all
      return table.concat(words, ", ")
    end

    local function same_or_lacking(room, err)
      if can_update then return assert.is_nil(err) or room end
      assert.same({ "unsupported", 405 }, { err.kind, err.status })
    end

    it("a room that was read for one user is read again and changed as that user", function()
      local id = sandbox:put("meeting", nil, { owner = GRACE, name = "Hers", slug = "hers" })
      local rooms = { check(meet.rooms:get(id, { user = GRACE })), check(meet.rooms:list { user = GRACE })[1],
        check(meet.rooms:find("hers", { user = GRACE })) }
      for room in meet.rooms:each { user = GRACE } do rooms[#rooms + 1] = room end
      assert.equal(4, #rooms)
      for _, room in ipairs(rooms) do
        assert.equal(id, check(room:refresh()).id)
        same_or_lacking(room:update { access_level = "restricted" })
      end
      local _, err = meet.rooms:get(id)
      assert.equal(403, err.status)
    end)

    it("a room is found by slug and by link, on whichever page, and one that is none is nil", function()
      for i = 1, 25 do sandbox:put("meeting", nil, { owner = ADA, name = ("R%02d"):format(i),
        slug = ("r%02d"):format(i) }) end
      assert.equal("R25", check(meet.rooms:find "r25").name)
      assert.equal("GET 200, GET 200", sent())
      assert.equal("R03", check(meet.rooms:find(check(meet.rooms:find "r03").url)).name)
      local room, err = meet.rooms:find "r26"
      assert.same({}, { room, err })
      assert.equal(404, select(2, meet.rooms:get "r03").status)
    end)

    it("a page has 20 rooms whatever page_size says, and the next one is the second", function()
      for i = 1, 25 do sandbox:put("meeting", nil, { owner = ADA, name = ("R%02d"):format(i) }) end
      local page = check(meet.rooms:list { page_size = 5 })
      assert.same({ 20, 25, 2 }, { #page, page.total, page.next.page })
      assert.equal(5, #check(meet.rooms:list(page.next)))
    end)

    it("everyone_can_mute is true or false: the server takes 'no' and null, and means yes and no", function()
      for _, wrong in ipairs { "no", "false", 0, salon.null } do
        raises("rooms:create: field 'configuration' has 'everyone_can_mute', which must be a boolean", function()
          return meet.rooms:create { configuration = { everyone_can_mute = wrong } }
        end)
      end
      assert.equal("", sent())
      local room = check(meet.rooms:create { configuration = { everyone_can_mute = false } })
      assert.is_false(room.configuration.everyone_can_mute)
    end)

    it("fields that a server ignores without a word, a name or a slug, are refused here", function()
      for _, name in ipairs { "name", "slug" } do
        raises("rooms:create: unknown field '" .. name .. "'", function()
          return meet.rooms:create { [name] = "weekly" }
        end)
      end
      assert.equal("", sent())
    end)

    it("rooms cannot be deleted nor given away yet, which is an error of its own kind", function()
      local room = check(meet.rooms:create())
      local _, err = room:delete()
      assert.same({ "unsupported", "Meet's External API does not offer it yet" }, { err.kind, err.hint })
      _, err = room:grant_access { email = GRACE, role = "member" }
      assert.same({ "unsupported", "Meet's External API does not offer it yet" }, { err.kind, err.hint })
      assert.same({ false, false }, { meet:supports "rooms.delete", meet:supports "rooms.grant_access" })
    end)

    it("404 says that a room is unknown, 403 that it is somebody else's", function()
      local id = sandbox:put("meeting", nil, { owner = GRACE, member = ADA })
      assert.equal(id, check(meet.rooms:get(id)).id)
      local _, err = meet.rooms:update(id, { access_level = "restricted" })
      assert.equal(can_update and 403 or 405, err.status)
      id = sandbox:put("meeting", nil, { owner = GRACE })
      _, err = meet.rooms:get(id)
      assert.equal(403, err.status)
      _, err = meet.rooms:get "6f1d7a52-0000-4000-8000-000000000001"
      assert.equal(404, err.status)
    end)

    it("a name that is taken is the server's bad luck: three more are asked for, and nothing is made", function()
      sandbox:switch { collide = true }
      local _, err = meet.rooms:create()
      sandbox:switch { collide = false }
      assert.equal("POST 400, POST 400, POST 400, POST 400", sent())
      assert.same({ 400, true, 4 }, { err.status, err.retryable, err.attempts })
    end)

    it("a PIN keeps its zeros, and a room may have none, nor an address", function()
      local id = sandbox:put("meeting", nil, { owner = ADA, pin = "0007351011" })
      assert.equal("0007351011", check(meet.rooms:get(id)).dial_in.pin)
      id = sandbox:put("meeting", nil, { owner = ADA, pin = false })
      assert.is_nil(check(meet.rooms:get(id)).dial_in.pin)
      sandbox:switch { telephony = false, base_url = false }
      local room = check(meet.rooms:get(id))
      sandbox:switch { telephony = true, base_url = "https://meet.example" }
      assert.same({}, { room.dial_in, room.join_url })
    end)

    it("a creation whose response was lost is not repeated, for it cannot be told from another", function()
      sandbox:fault { route = "POST /external-api/v1.0/rooms/", kind = "cut", worked = true }
      local _, err = meet.rooms:create()
      assert.same({ "network", "unknown", false }, { err.kind, err.outcome, err.retryable })
      assert.equal("POST 0", sent())
    end)
  end)
end
