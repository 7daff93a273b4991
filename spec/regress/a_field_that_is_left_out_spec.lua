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
      assert.matches("the server ignored '" .. field .. "'", err.message)
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
    assert.matches("the server ignored 'guest_access', 'name'", err.message)
  end)

  local function left_out(names, value, err)
    assert.is_nil(value)
    assert.equal("unsupported", err.kind)
    assert.matches("the server ignored '" .. names .. "'", err.message)
    assert.is_truthy(err.made)
  end

  it("of OpenTalk may still not do what it was told, and that is an error", function()
    local client = salon.opentalk { controller_url = server.url .. "/x", token = "t" }
    server:reply("x", "200 OK", "", '{"id":"r","waiting_room":false,"password":null}')
    local room = assert(client.rooms:create())
    local wanted = { waiting_room = true, password = salon.secret "kiwi" }
    left_out("password', 'waiting_room", client.rooms:create(wanted))
    left_out("password', 'waiting_room", room:update(wanted))
    server:reply("x", "200 OK", "", '{"id":"r","waiting_room":true,"password":"kiwi"}')
    assert(client.rooms:create(wanted))
    left_out("password", room:update { password = salon.null })
    server:reply("x", "200 OK", "", '{"id":"e","type":"single","is_time_independent":true,'
      .. '"room":{"id":"r","waiting_room":false}}')
    left_out("password', 'waiting_room", client.events:create { title = "t", waiting_room = true,
      password = "kiwi" })
    server:reply("x", "200 OK", "", '{"invite_code":"c","room_id":"r","active":true,"expiration":null,'
      .. '"created":"2026-11-01T00:00:00Z"}')
    left_out("expires_in", room.invites:create { expires_in = 60 })
    left_out("expiration", room.invites:create { expiration = "2026-11-02T00:00:00Z" })
    assert(room.invites:create())
    assert(room.invites:update("c", { expiration = salon.null }))
    server:reply("x", "200 OK", "", '{"invite_code":"c","room_id":"r","active":true,'
      .. '"expiration":"2026-11-02T01:00:00.5+01:00","created":"2026-11-01T00:00:00Z"}')
    assert(room.invites:create { expiration = "2026-11-02T00:00:00Z" })
    left_out("expiration", room.invites:update("c", { expiration = "2026-11-03T00:00:00Z" }))
  end)

  it("of OpenTalk is believed about encryption, which it does not tell", function()
    local client = salon.opentalk { controller_url = server.url .. "/x", token = "t" }
    for _, body in ipairs { '{"id":"r","waiting_room":false}', '{"id":"r","waiting_room":false,"password":"kiwi"}' } do
      server:reply("x", "200 OK", "", body)
      assert(client.rooms:create { e2e_encryption = true })
    end
    server:reply("x", "200 OK", "", '{"id":"r", "password" : null,"waiting_room":false}')
    left_out("e2e_encryption", client.rooms:create { e2e_encryption = true })
  end)

  it("of Meet may still not do what it was told, and that is an error", function()
    local client = salon.meet { url = server.url .. "/x", token = "t" }
    local function reply(configuration)
      server:reply("x", "200 OK", "", '{"id":"r","access_level":"public","configuration":' .. configuration .. "}")
    end
    reply '{"everyone_can_mute":true,"can_publish_sources":["camera"]}'
    left_out("access_level", client.rooms:update("r", { access_level = "restricted" }))
    for _, configuration in ipairs { { everyone_can_mute = false }, { can_publish_sources = {} },
      { can_publish_sources = { "camera", "microphone" } }, { can_publish_sources = { "microphone" } },
      { can_publish_sources = salon.null }, { other = { 1 } } } do
      left_out("configuration", client.rooms:update("r", { configuration = configuration }))
      left_out("configuration", client.rooms:create { configuration = configuration })
    end
    reply '{"everyone_can_mute":false,"can_publish_sources":["microphone","camera"],"none":null}'
    for _, configuration in ipairs { {}, { everyone_can_mute = false }, { none = salon.null },
      { can_publish_sources = { "camera", "microphone" } } } do
      assert(client.rooms:update("r", { configuration = configuration }))
    end
    local room = assert(client.rooms:get "r")
    assert(room:update { configuration = room.configuration })
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
