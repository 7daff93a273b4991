-- Programs that forbid globals nobody declared ("pl.strict") could make no call:
-- salon asked for `ngx`.

local support = require "spec.support"

local SCRIPT = [[
setmetatable(_G, {
  __index = function(_, name) error("variable '" .. name .. "' is not declared", 2) end,
  __newindex = function(_, name) error("assignment to '" .. name .. "'", 2) end,
})
local salon = require "salon"
local url, client_id, client_secret, user = ...
local meet = salon.meet { url = url, client_id = client_id, client_secret = client_secret,
  user = user }
local rooms = {}
for room in meet.rooms:each() do rooms[#rooms + 1] = room.id end
local function get(id) return meet.rooms:get(id) end
local n = 0
for _, room in salon.map(rooms, get) do n = n + (room.id and 1 or 0) end
local room = salon.check(salon.scope { timeout = 60 }:run(get, rooms[1]))
local _, err = get "missing"
print(#rooms, n, room.id == rooms[1], err.status, err.kind, salon.version().lua ~= nil)
]]

describe("a program with strict globals", function()
  it("makes calls: one by one, many at once, and in a scope", function()
    local sandbox, folder = support.start { rooms = 3, opentalk = false }, support.folder()
    finally(function()
      sandbox:stop()
      support.remove(folder)
    end)
    support.write(folder .. "/script.lua", SCRIPT)
    local meet = sandbox.meet
    assert.equal("3\t3\ttrue\t404\thttp\ttrue\n", (support.script { folder .. "/script.lua",
      meet.url, meet.client_id, meet.client_secret, meet.user }))
  end)
end)
