-- `make sandbox`: what it prints, and after SIGTERM, when its shell, or Lua and nginx, stayed for ever.

local salon = require "salon"
local support = require "spec.support"

-- The processes that have `folder` in their environment.
local function processes(folder)
  return (support.run(("grep -al %s /proc/[0-9]*/environ 2>/dev/null | grep -v /self/"):format(
    support.quote("TMPDIR=" .. folder))))
end

describe("make sandbox", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(function() support.remove(folder) end)

  -- Returns what it has printed.
  local function start(command)
    os.execute(("TMPDIR=%s %s >%s/out 2>&1 & echo $! >%s/pid"):format(support.quote(folder), command, folder,
      folder))
    support.run(("for i in $(seq 300); do grep -q Ctrl-C %s/out && break; sleep 0.1; done"):format(folder))
    local output = support.read(folder .. "/out")
    assert.matches("Ctrl%-C stops it", output)
    assert.is_true(#processes(folder) > 0)
    return output
  end

  local function terminate()
    support.run("kill $(cat " .. folder .. "/pid)")
    local function left() return processes(folder) .. support.run("ls " .. folder) end
    for _ = 1, 300 do
      if left() == "out\npid\n" then break end
      support.run "sleep 0.1"
    end
    assert.equal("out\npid\n", left())
  end

  it("leaves no process and no file behind when it is terminated", function()
    start("exec make -s sandbox LUA=lua5.4")
    terminate()
  end)

  it("refuses what it is set to in one line", function()
    for setting, words in pairs {
      ["SANDBOX_OPENTALK=2024"] = "option 'opentalk' knows no version 2024; it knows 0.66, 2023, 2026, false",
      ["SANDBOX_ROOMS=many"] = "SANDBOX_ROOMS must be a number, got 'many'",
      ["SANDBOX_EVENTS=-1"] = "option 'events' must not be negative",
    } do
      local output, status = support.run(("%s TMPDIR=%s timeout 20 %s tools/sandbox.lua"):format(setting,
        support.quote(folder), support.quote(support.lua)))
      assert.equal(1, status, output)
      assert.matches("^sandbox: [^\n]+\n$", output)
      assert.truthy(output:find(words, 1, true), output)
    end
  end)

  it("prints a line that confirms a device login, and when an account is locked", function()
    local output = start(support.quote(support.lua) .. " tools/sandbox.lua")
    assert.truthy(output:find("Three wrong passwords, or two within a second, lock an account for a minute.", 1, true))
    local desk = salon.opentalk { url = output:match "front end (%S+)", client_id = "Device",
      device = function(prompt)
        local line = output:match("\n(curl [^\n]*/decide)\n"):gsub("CODE", prompt.user_code)
        support.run(line:gsub("^curl", "curl --noproxy '*'"))
      end }
    assert.equal("alice@example.org", salon.check(desk:whoami { timeout = 20 }).email)
    desk:close()
    terminate()
  end)
end)
