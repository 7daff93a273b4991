-- The Lua in the README is run, in its order, as one script against a sandbox;
-- only the two web addresses are put in.  The nginx block is run in a server.

local nginx = require("spec.support.nginx")
local support = require("spec.support")

local function blocks(language)
  local found = {}
  for block in support.read("README.md"):gmatch("\n```" .. language .. "\n(.-)\n```\n") do
    found[#found + 1] = block
  end
  return found
end

describe("the README", function()
  local sandbox, folder

  setup(function()
    sandbox = support.start { rooms = 25, events = 6 }
    folder = support.folder()
  end)
  teardown(function()
    sandbox:stop()
    support.remove(folder)
  end)

  local function here(text)
    return (text:gsub("https://meet%.example%.org", sandbox.opentalk.url)
      :gsub("https://visio%.example%.org", sandbox.meet.url))
  end

  it("shows Lua that runs as it stands", function()
    local lua = blocks("lua")
    assert.equal(7, #lua)
    local script = support.write(folder .. "/readme.lua", here(table.concat(lua, "\n")))
    local output, status = support.script({ script }, {
      OT_PASSWORD = sandbox.opentalk.password,
      MEET_CLIENT_SECRET = sandbox.meet.client_secret,
    })
    assert.equal(0, status, output)
    assert.matches("/room/%x+%-", output)                        -- OpenTalk
    assert.matches("trusted\thttps?://", output)                 -- Meet
    assert.matches("\n%d+ events, %d+ rooms\n", output)          -- many at once
    assert.matches("http\t4%d%d\tfalse\t1\tdone", output)        -- the failing path
    assert.matches("the server said 4%d%d", output)
    assert.matches("30\t2\n$", output)                           -- the sandbox's fault
  end)

  it("shows an nginx configuration that runs as it stands", function()
    local found = blocks("nginx")
    assert.equal(1, #found)
    local port = support.free_ports()()
    local http = here(found[1]):gsub("127%.0%.0%.1:8088", "127.0.0.1:" .. port)
    local server = nginx.start(http, { OT_PASSWORD = sandbox.opentalk.password },
      "env OT_PASSWORD;")
    local output = support.curl("http://127.0.0.1:" .. port .. "/meet")
    local log = server:log()
    server:stop()
    assert.truthy(output:find(sandbox.opentalk.url .. "/room/", 1, true), output .. log)
    assert.equal("", log)
  end)

  it("names every kind of error, and no other", function()
    local shown = {}
    for kind in support.read("README.md"):gmatch("\n| `(%l+)` |") do shown[#shown + 1] = kind end
    assert.same({ "network", "tls", "timeout", "cancelled", "http", "auth", "decode", "limit",
      "unsupported", "phase", "store" }, shown)
  end)
end)
