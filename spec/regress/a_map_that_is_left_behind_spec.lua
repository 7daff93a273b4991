-- What is left half-done must not keep all later requests with their responses: a map
-- that somebody broke out of, dropped, or keeps and never reads on.

local raw = require "spec.support.raw"
local support = require "spec.support"
local salon = require "salon"

-- AddressSanitizer keeps what was freed for a while.
local KILOBYTES = (os.getenv "SALON_BUILD" or ""):find "asan" and 600000 or 6000

describe("a map that is left behind", function()
  local server, client
  setup(function()
    server = raw.start()
    client = salon.meet { token = "t", url = server:reply("x", "200 OK", "",
      '{"id":"1","slug":"a","name":"' .. ("n"):rep(10000) .. '"}') }
  end)
  teardown(function()
    client:close()
    server:stop()
  end)

  -- Kilobytes of the process: answers are kept outside of Lua's memory.
  local function resident()
    collectgarbage()
    collectgarbage()
    return tonumber(support.read("/proc/self/status"):match "VmRSS:%s*(%d+)")
  end

  local function calls(n)
    for _ = 1, n do assert(client.rooms:get "1") end
  end

  local function get(id) return client.rooms:get(id) end

  local LEFT = {
    ["by a break"] = function()
      for _ in salon.map({ "1", "2", "3", "4", "5" }, get) do break end
    end,
    ["and kept"] = function()
      local map = salon.map({ "1", "2", "3", "4", "5" }, get)
      assert(map())
      return map
    end,
    ["and kept by a walk of maps"] = function()
      local map = salon.map({ 1, 2, 3 }, function()
        local inner = salon.map({ "1", "2", "3" }, get)
        inner()
        return inner
      end)
      assert(map())
      return map
    end,
  }

  for name, leave in pairs(LEFT) do
    it(name .. " costs later calls nothing", function()
      local kept = leave()
      calls(300)
      local before = resident()
      calls(1000)
      assert.is_true(resident() - before < KILOBYTES)
      if kept then kept:close() end
    end)
  end

  -- The loops that cancel what is under way have been compiled with other keys before.
  it("is ended by the collector, on LuaJIT too", function()
    for _ = 1, 300 do
      local map = salon.map({ "1", "2" }, get)
      map()
      map:close()
    end
    local ended = 0
    local function sleep(i)
      if not salon.sleep(i == 1 and 0.01 or 60) then ended = ended + 1 end
      return i
    end
    local function leave() assert(salon.map({ 1, 2, 3 }, sleep)()) end
    leave()
    collectgarbage()
    collectgarbage()
    salon.sleep(0.01)  -- the sleepers see it
    local one_at_a_time = _VERSION == "Lua 5.1" and not rawget(_G, "jit")
    assert.equal(one_at_a_time and 0 or 2, ended)
  end)

  it("again and again costs later ones nothing", function()
    local function round(n)
      for _ = 1, n do for _, leave in pairs(LEFT) do leave() end end
    end
    round(100)
    local before = resident()
    round(500)
    calls(100)
    assert.is_true(resident() - before < KILOBYTES)
  end)
end)
