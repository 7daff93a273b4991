-- The mailbox of finished requests: nobody need look into it, and yet they do not pile
-- up there with the responses that they hold.
-- And what finalisers may do in the middle of a call.

local core = require "salon.core"
local raw = require "spec.support.raw"
local support = require "spec.support"

-- A finaliser as every Lua has them.
local function at_collection(act)
  local newproxy = rawget(_G, "newproxy")
  if newproxy then
    getmetatable(newproxy(true)).__gc = act
  else
    setmetatable({}, { __gc = act })
  end
end

describe("a client that a finaliser closes", function()
  it("may be in the middle of a call", function()
    local parts, client, inside, over, closed = {}, nil, false, false, 0
    finally(function() over = true end)
    for i = 1, 600 do parts[i] = "aa" end
    local function arm()
      at_collection(function()
        if inside then
          client:close()
          closed = closed + 1
        end
        if not over then arm() end
      end)
    end
    for _ = 1, 30 do arm() end
    local patience = core.now() + 20
    for i = 1, 1e6 do
      client = core.client { label = "test", proxy = "", user_agent = "agent-" .. i }
      inside = true
      local made, request = pcall(core.request, client, { parts = parts, retry = "never" },
        "http://127.0.0.1:9", { "A: b" })
      inside = false
      if made then request:close() end
      if closed >= 20 or core.now() > patience then break end
    end
    assert.is_true(closed >= 20)
  end)
end)

describe("a request that was done before it is waited for", function()
  it("leaves no finished request behind", function()
    local server = raw.start()
    finally(function() server:stop() end)
    local url = server:answer("x", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "keep")
    local client = core.client { label = "test", proxy = "" }
    local request = core.request(client, { url = url .. "/" })
    local patience = core.now() + 20
    repeat until tostring(request):find("done", 1, true) or core.now() > patience
    assert.is_true(request:wait(1))
    assert.is_nil(request:pending())
    assert.is_nil(core.mailbox():take())
    client:close()
  end)
end)

describe("what is not a number", function()
  it("is not waited for, and is neither a process nor a status", function()
    local server = raw.start()
    finally(function() server:stop() end)
    local client = core.client { label = "test", proxy = "" }
    local request = core.request(client, { url = server:answer("x", "", "hang"),
      deadline = core.now() + 3 })
    assert.is_false(request:wait(0 / 0))
    assert.is_false(core.mailbox():wait(0 / 0))
    request:close()
    assert.is_false(core.runs(0 / 0))
    assert.is_false(core.runs(2 ^ 40))
    assert.is_true(core.runs(core.pid()))
    local rule = { status = 0 / 0, max = 1 }
    assert.error_matches(function()
      core.request(client, { url = server.url, repeat_on = rule })
    end, "'repeat_on.status' must be a whole number", nil, true)
    client:close()
  end)
end)

describe("a module that is loaded a second time in one state", function()
  it("still waits for the requests from before", function()
    local output, status = support.script { "-e", [[
      local core = require "salon.core"
      local old = setmetatable({ core.mailbox() }, { __mode = "v" })
      local request = core.request(core.client { label = "test", proxy = "" },
        { url = "http://127.0.0.1:1/", retry = "never", deadline = core.now() + 20 })
      repeat until request:wait(20)
      package.loaded["salon.core"], core = nil, nil
      core = require "salon.core"
      collectgarbage()
      collectgarbage()
      io.write(tostring(request:wait(0)), " ", tostring(core.mailbox() == old[1]))
    ]] }
    assert.same({ "true true", 0 }, { output, status })
  end)
end)
