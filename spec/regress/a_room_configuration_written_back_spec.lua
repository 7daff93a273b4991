-- What was read can be written back and means the same: an empty list stays a list,
-- a null stays a null.

local core = require "salon.core"
local raw = require "spec.support.raw"
local salon = require "salon"

describe("a room's configuration that was read", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  it("is written back as it was, but for what was changed", function()
    local id = "6f1d7a52-0000-4000-8000-000000000001"
    local url = server:reply("x", "200 OK", "", '{"id":"' .. id .. '","name":null,"configuration":'
      .. '{"can_publish_sources":[],"everyone_can_mute":null,"more":{"a":[null,{}],"b":[[]]}}}')
    local client = salon.meet { url = url, token = "t" }
    local room = salon.check(client.rooms:get(id))
    local configuration = room.configuration
    assert.is_nil(configuration.everyone_can_mute)
    assert.same({}, configuration.can_publish_sources)
    salon.check(client.rooms:update(id, { configuration = configuration }))
    local sent = server:log():match('{"configuration".*}')
    assert.equal('{"configuration":{"can_publish_sources":[],"everyone_can_mute":null,'
      .. '"more":{"a":[null,{}],"b":[[]]}}}', sent)
    assert.equal(sent, core.encode { configuration = room:totable().configuration })
    configuration.everyone_can_mute = true
    salon.check(client.rooms:update(id, { configuration = configuration }))
    assert.is_truthy(server:log():find('{"can_publish_sources":[],"everyone_can_mute":true,', 1, true))
  end)

  it("is sent with a list that was typed as {}", function()
    local url = server:reply("y", "200 OK", "", '{"id":"6f1d7a52-0000-4000-8000-000000000001"}')
    local typed = { can_publish_sources = {} }
    salon.check(salon.meet { url = url, token = "t" }.rooms:create { configuration = typed })
    assert.is_truthy(server:log():find('{"configuration":{"can_publish_sources":[]}}', 1, true))
    assert.is_nil(getmetatable(typed.can_publish_sources))
  end)
end)
