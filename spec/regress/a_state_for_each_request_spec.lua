-- With `lua_code_cache off` nginx makes a Lua state for each request: a timer of a
-- day kept every one of them, with its descriptors, until nothing was left.

local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local support = require "spec.support"

describe("a Lua state that nginx makes for one request", function()
  local server, guest, port
  setup(function()
    server = raw.start()
    port = support.free_ports()()
    guest = nginx.start(([[
      lua_code_cache off;
      server {
        listen 127.0.0.1:%d;
        location / { content_by_lua_block {
          local salon = require "salon"
          local client = salon.meet { url = "%s", token = "t" }
          ngx.say(#assert(client.rooms:list()))
        } }
      }
    ]]):format(port, server:reply("x", "200 OK", "", '{"count":0,"next":null,"results":[]}')))
  end)
  teardown(function()
    guest:stop()
    server:stop()
  end)

  local function ask(times)
    local output = support.run(
      ("for i in $(seq %d); do curl -s --noproxy '*' http://127.0.0.1:%d/; done | sort | uniq -c"):format(times, port))
    assert.matches("^%s*" .. times .. " 0\n$", output)
  end

  -- What the worker has open, once what lingers has ended.
  local function descriptors()
    support.run "sleep 3"
    local worker = support.run("cat /proc/" .. guest.pid .. "/task/" .. guest.pid .. "/children")
    local listed = support.run("ls /proc/" .. worker:match "%d+" .. "/fd")
    return select(2, listed:gsub("\n", ""))
  end

  it("goes soon after it, and with it all that it had open", function()
    ask(20)
    local before = descriptors()
    ask(200)
    assert.is_true(descriptors() <= before + 2)
  end)

  it("does not hold up a worker that quits", function()
    ask(5)
    local took = support.run(([[
      kill -QUIT %s; for i in $(seq 100); do [ -e %s/nginx.pid ] || break; sleep 0.1; done; echo $i]])
      :format(guest.pid, guest.folder))
    assert.is_true(tonumber(took) < 50)
  end)
end)
