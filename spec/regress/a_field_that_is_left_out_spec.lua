-- Servers leave out what they do not know, without a word: a room that was to be closed
-- to guests was open to them, and a filter let everything through.

local core = require "salon.core"
local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"

describe("a server of 2023", function()
  local sandbox, ot
  setup(function()
    sandbox = support.start { meet = false, opentalk = "2023", events = 20 }
    ot = salon.opentalk(support.opentalk(sandbox))
  end)
  teardown(function() sandbox:stop() end)

  it("that leaves out a field of a room is an error, which holds the room", function()
    for field, value in pairs { guest_access = "disabled", name = "weekly", e2e_encryption = true } do
      local room, err = ot.rooms:create { [field] = value, waiting_room = true }
      assert.is_nil(room)
      assert.are.same({ "unsupported", "done", false, 200 },
        { err.kind, err.outcome, err.retryable, err.status })
      assert.matches("the server knows no '" .. field .. "'", err.message)
      assert.are.equal(err.made.id, assert(ot.rooms:get(err.made.id)).id)
    end
    assert(ot.rooms:create { waiting_room = true, password = "kiwi", e2e_encryption = false })
  end)

  it("that ignores a filter by creation is filtered here", function()
    local function count(filter)
      local n = 0
      for _ in ot.events:each(filter) do n = n + 1 end
      return n
    end
    local middle
    for event in ot.events:each() do
      if event.title:find " 10$" then middle = event.created_at end
    end
    assert.are.equal(20, count {})
    assert.are.equal(0, count { created_after = "2099-01-01T00:00:00Z" })
    assert.are.equal(0, count { created_before = "2001-01-01T00:00:00+02:00" })
    assert.are.equal(10, count { created_before = middle })
    assert.are.equal(11, count { created_after = middle })
    assert.are.equal(0, #assert(ot.events:list { created_after = "2099-01-01T00:00:00Z" }))
  end)
end)

describe("a server that knows the field", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  it("of OpenTalk gives the room, under the name it made of the name", function()
    local client = salon.opentalk { controller_url = server.url .. "/x", token = "t" }
    server:reply("x", "200 OK", "", '{"id":"r","guest_access":"disabled","alias":"weekly_k2"}')
    assert(client.rooms:create { guest_access = "disabled", name = "weekly", e2e_encryption = true })
    local _, err = client.rooms:create { guest_access = "direct_access", name = "monthly" }
    assert.matches("knows no 'guest_access', 'name' and left it out", err.message)
  end)

  it("of Meet gives the room, and an old one is an error", function()
    local client = salon.meet { url = server.url .. "/x", token = "t" }
    local configuration = { everyone_can_mute = false }
    server:reply("x", "201 Created", "", '{"id":"r","access_level":"trusted","configuration":null}')
    assert(client.rooms:create { access_level = "trusted" })
    local _, err = client.rooms:create { access_level = "restricted", configuration = configuration }
    assert.matches("'access_level', 'configuration'", err.message)
    assert.are.equal("r", err.made.id)
    server:reply("x", "201 Created", "", core.encode { id = "r", access_level = "restricted",
      configuration = configuration })
    assert(client.rooms:create { access_level = "restricted", configuration = configuration })
  end)
end)
