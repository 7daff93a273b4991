-- `make sandbox` after SIGTERM: its shell stayed for ever.

local support = require "spec.support"

-- The processes that have `folder` in their environment.
local function processes(folder)
  return (support.run(("grep -al %s /proc/[0-9]*/environ 2>/dev/null | grep -v /self/"):format(
    support.quote("TMPDIR=" .. folder))))
end

describe("tools/sandbox.lua", function()
  it("leaves no process and no file behind when it is terminated", function()
    local folder = support.folder()
    finally(function() support.remove(folder) end)
    os.execute(("TMPDIR=%s %s tools/sandbox.lua >%s/out 2>&1 & echo $! >%s/pid")
      :format(support.quote(folder), support.quote(support.lua), folder, folder))
    support.run(("for i in $(seq 300); do grep -q Ctrl-C %s/out && break; sleep 0.1; done"):format(folder))
    assert.matches("Ctrl%-C stops it", support.read(folder .. "/out"))
    assert.is_true(#processes(folder) > 0)
    support.run("kill $(cat " .. folder .. "/pid)")
    for _ = 1, 300 do
      if processes(folder) == "" then break end
      support.run "sleep 0.1"
    end
    assert.equal("", processes(folder))
    assert.equal("out\npid\n", (support.run("ls " .. folder)))
  end)
end)
