-- How to test your own script without a server:
--
--   busted examples/test_with_sandbox_spec.lua
--
-- The script creates a room for each team, with a guest link. The sandbox is the
-- server: it remembers requests and rooms, and fails on demand.

local salon = require "salon"

-- The script under test.
local function rooms_for(client, teams)
  local links = {}
  for _, team in ipairs(teams) do
    local room, err = client.rooms:create { waiting_room = true }
    if not room then return nil, err end
    local invite
    invite, err = room.invites:create { expires_in = 3600 }
    if not invite then return nil, err end
    links[team] = invite.url
  end
  return links
end

describe("rooms_for", function()
  local sandbox, client

  setup(function() sandbox = assert(require("salon.sandbox").start { opentalk = "2026", meet = false }) end)
  teardown(function() sandbox:stop() end)

  before_each(function()
    sandbox:reset()
    local role = sandbox.opentalk
    client = salon.opentalk { url = role.url, client_id = role.client_id,
      username = role.username, password = role.password }
  end)
  after_each(function() client:close() end)

  it("gives each team a link of its own", function()
    local links = assert(rooms_for(client, { "sales", "support" }))
    assert.is_truthy(links.sales:find(sandbox.opentalk.url, 1, true))
    assert.are_not.equal(links.sales, links.support)
    local rooms = sandbox:rooms()
    assert.are.equal(2, #rooms)
    assert.are.equal("alice", rooms[1].owner)
    assert.is_true(rooms[1].waiting_room)
  end)

  it("logs in again when the login expires between two calls", function()
    assert(rooms_for(client, { "sales" }))
    sandbox:advance(3600)
    assert(rooms_for(client, { "support" }))
    assert.are.equal(2, #sandbox:rooms())
  end)

  it("stops at the first failure and says what happened", function()
    sandbox:fault { route = "POST /v1/rooms", kind = "500", skip = 1 }
    local links, err = rooms_for(client, { "sales" })
    assert.is_nil(links)
    assert.are.equal(500, err.status)
    -- The first room and its link stay; the failed creation was not repeated.
    local sent = 0
    for _, request in ipairs(sandbox:requests()) do
      if request.method == "POST" and request.path:find "/invites$" then sent = sent + 1 end
    end
    assert.are.equal(1, sent)
  end)
end)
