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
