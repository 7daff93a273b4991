-- The end of a process with TLS calls under way: never a crash, never a hang,
-- however it ends. OpenSSL's own exit handler pulls the ground from under a
-- thread that is in a handshake, so every round has some that are.
-- SALON_TORTURE=1 repeats it ten times as often.

local support = require "spec.support"

local TIMES = os.getenv "SALON_TORTURE" and 200 or 20

-- Begins twenty calls on connections of their own and ends somewhere between
-- their first and their last byte.
local SCRIPT = [[
local core = require "salon.core"
local client = core.client { label = "exit", proxy = "", ca_file = %q,
  http_version = "1.1", max_tries = 1 }
local requests = {}
for i = 1, 20 do requests[i] = core.request(client, { url = %q }) end
requests[1]:wait(%f)
]]

describe("a process with TLS calls under way", function()
  local sandbox, folder

  setup(function()
    sandbox = support.start { meet = false, latency = 0.02 }
    folder = support.folder()
  end)

  teardown(function()
    sandbox:stop()
    support.remove(folder)
  end)

  local function ends(last_words, expected)
    local command = "timeout -s KILL 20 " .. support.quote(support.lua) .. " " .. support.quote(folder .. "/script.lua")
    for round = 1, TIMES do
      local pause = (round - 1) % 10 * 0.004
      support.write(folder .. "/script.lua", SCRIPT:format(sandbox.ca_file,
        sandbox.opentalk.tls.controller_url .. "/v1/auth/login", pause) .. last_words)
      local output, status = support.run(command)
      assert.equal(expected, status, ("round %d: %s"):format(round, output))
    end
  end

  it("ends with os.exit(1)", function() ends("os.exit(1)", 1) end)

  it("ends with os.exit(true, true)", function()
    if _VERSION == "Lua 5.1" and not jit then pending("PUC Lua 5.1 takes a number alone") end
    ends("os.exit(true, true)", 0)
  end)

  it("ends with an uncaught error", function() ends("error('on purpose')", 1) end)

  it("ends after the last line", function() ends("", 0) end)

  it("ends by SIGTERM", function()
    ends("os.execute('kill -TERM ' .. core.pid())\n"
      .. "while true do requests[1]:wait(1) end", 128 + 15)
  end)
end)
