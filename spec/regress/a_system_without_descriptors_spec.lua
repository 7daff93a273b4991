-- Where the system has nothing left, a call returns an error of kind `limit`, in the
-- system's own words; it never raises.

local raw = require "spec.support.raw"
local support = require "spec.support"

describe("a system that has no descriptors left", function()
  local function run(limit, chunk)
    local script = support.write(os.tmpname(), chunk)
    local output = support.run(("ulimit -n %d; %s %s"):format(limit, support.quote(support.lua), script))
    os.remove(script)
    return output
  end

  it("is an error of kind limit, whatever there are descriptors for", function()
    local seen = {}
    for limit = 3, 12 do
      local output = run(limit, [[
        local ok, salon = pcall(require, "salon")
        if not ok then return io.write "no module" end
        local meet = salon.meet { url = "http://127.0.0.1:1", token = "t", max_tries = 1, timeout = 5 }
        local called, value, err = pcall(meet.call, meet, "GET", "/rooms/")
        if not called then return io.write("raised ", tostring(value)) end
        io.write(err.kind, " ", err.message)
      ]])
      assert.is_nil(output:find("raised", 1, true), output)
      seen[output:match "^%S+"] = output
    end
    assert.is_truthy(seen.limit, "no limit was met")
    assert.matches("Too many open files", seen.limit)
  end)

  it("keeps no watched client from a call on a connection that is open", function()
    local server = raw.start()
    local url = server:reply("x", "200 OK", "", '{"id":"1","slug":"a"}')
    local output = run(60, ([[
      local salon = require "salon"
      local events = 0
      local meet = salon.meet { url = %q, token = "t", on_event = function() events = events + 1 end }
      salon.check(meet.rooms:get "1")
      local taken = {}
      repeat
        local file = io.open "/dev/null"
        taken[#taken + 1] = file
      until not file
      local ok, room, err = pcall(meet.rooms.get, meet.rooms, "1")
      io.write(tostring(ok), " ", ok and room and room.id or tostring(err or room), " ", events)
    ]]):format(url))
    server:stop()
    assert.equal("true 1 4", output)
  end)

  it("still has one for each who asks for a claim that another has", function()
    assert.equal("0 of 100", run(20, [[
      local core = require "salon.core"
      local name = "a system without descriptors " .. core.pid()
      local held, given = core.claim(name), 0
      collectgarbage "stop"
      for _ = 1, 100 do
        if core.claim(name) then given = given + 1 end
      end
      held:release()
      io.write(given, " of 100")
    ]]))
  end)
end)

describe("a finaliser", function()
  it("may close the request that is being read", function()
    local output, status = support.script({ "-e", [[
      local core = require "salon.core"
      local client = core.client { label = "x" }
      local function garbage(request)
        local t = setmetatable({}, { __gc = function() request:close() end })
        if newproxy then
          t = newproxy(true)
          getmetatable(t).__gc = function() request:close() end
        end
      end
      local url = "http://127.0.0.1:1/" .. ("x"):rep(5000)
      local function reads(request, method, text)
        collectgarbage "restart" -- Lua 5.1: the next push takes a step
        local ok, value = pcall(request[method], request)
        if ok and value ~= text then error(method .. "() is of memory that was freed") end
        return ok
      end
      for _ = 1, 200 do
        local request = core.request(client, { url = url,
          deadline = core.now() + 5, retry = "never" })
        request:wait(5)
        collectgarbage "stop"
        garbage(request)
        collectgarbage "restart"
        collectgarbage("setpause", 1)
        for _ = 1, 50 do
          if not (reads(request, "method", "GET") and reads(request, "url", url)
              and pcall(request.result, request) and pcall(tostring, request)) then
            break
          end
        end
      end
      io.write "alive"
    ]] }, { MALLOC_PERTURB_ = "165" }) -- glibc overwrites what is freed
    assert.same({ "alive", 0 }, { output, status })
  end)

  it("that calls while the state closes gets an error, and nothing leaks", function()
    local output, status = support.script { "-e", [[
      local late
      local function finalise() late() end
      keep = setmetatable({}, { __gc = finalise })
      if newproxy then
        keep = newproxy(true)
        getmetatable(keep).__gc = finalise
      end
      local salon = require "salon"
      local meet = salon.meet { url = "http://127.0.0.1:1", token = "t", max_tries = 1, timeout = 1 }
      meet:call("GET", "/rooms/")
      function late()
        local ok, err = pcall(meet.call, meet, "GET", "/rooms/")
        io.write(ok and "returned" or tostring(err))
      end
    ]] }
    assert.equal(0, status, output)
    assert.is_nil(output:find("attempt to", 1, true), output)
  end)
end)
