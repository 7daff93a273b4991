-- Without a folder for its socket every call of an nginx worker took 20 ms more, and
-- nothing said so.

local nginx = require "spec.support.nginx"
local support = require "spec.support"

local HTTP = [[
  init_by_lua_block {
    salon = require "salon"
    meet = salon.meet { url = "@URL@", client_id = "@ID@", client_secret = "@SECRET@",
      user = "@USER@" }
  }
  server {
    listen 127.0.0.1:@PORT@;
    location / { content_by_lua_block { ngx.say(#salon.check(meet.rooms:list())) } }
  }
]]

describe("a worker without a folder for its socket", function()
  it("makes calls, and says once in nginx's log what it lacks", function()
    local sandbox, port = support.start { rooms = 3, opentalk = false }, support.free_ports()()
    local meet = sandbox.meet
    local values = { URL = meet.url, ID = meet.client_id, SECRET = meet.client_secret,
      USER = meet.user, PORT = port }
    local guest = nginx.start((HTTP:gsub("@(%u+)@", values)),
      { TMPDIR = "/nonexistent" }, "env TMPDIR;")
    finally(function()
      guest:stop()
      sandbox:stop()
    end)
    for _ = 1, 3 do
      assert.equal("3\n", (support.curl("http://127.0.0.1:" .. port .. "/")))
    end
    local log = guest:log()
    assert.matches("No such file or directory", log)
    assert.equal(1, select(2, log:gsub("TMPDIR", "")))
  end)
end)
