-- What a process leaves to its children when calls are under way: nothing. The C
-- test of the same name forks itself; here are the forks that Lua programs see.

local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"
local core = require "salon.core"

describe("children", function()
  local server

  setup(function()
    server = raw.start()
    server:answer("hang", "", "hang")
    server:reply("rooms", "200 OK", "", '{"count":0,"next":null,"results":[]}')
  end)

  teardown(function() server:stop() end)

  -- libcurl 7.88 keeps a pair of sockets that are not closed on exec; harmless,
  -- as only curl_multi_wakeup writes to them, and out of reach.
  it("that run another program inherit no connection", function()
    local function sockets()
      return select(2, support.run("ls -l /proc/self/fd"):gsub("socket:", ""))
    end
    local before = sockets()
    local client = core.client { label = "fork", proxy = "" }
    local requests = {}
    for i = 1, 10 do
      requests[i] = core.request(client, { url = server.url .. "/hang" })
    end
    local last = core.request(client, { url = server.url .. "/rooms" })
    while not last:wait(1) do end
    assert.is_true(sockets() - before <= 2)
    for i = 1, 10 do
      requests[i]:cancel()
      while not requests[i]:wait(1) do end
    end
  end)

  it("of nginx work after a call in init, and so do those that replace them", function()
    local port = support.free_ports()()
    local guest = nginx.start(([[
      init_by_lua_block {
        local salon = require "salon"
        meet = salon.meet { url = "%s/rooms", token = "t" }
        in_init = #salon.check(meet.rooms:list())
      }
      server {
        listen 127.0.0.1:%d;
        location / { content_by_lua_block {
          local page, err = meet.rooms:list()
          ngx.say(in_init, " ", page and #page or tostring(err), " ", ngx.worker.pid())
        } }
      }]]):format(server.url, port))
    local workers = {}
    for round = 1, 4 do
      -- the new worker listens on the same socket: curl waits for it
      local calls, worker = support.curl(("http://127.0.0.1:%d/"):format(port)):match("^(.+) (%d+)\n$")
      assert.equal("0 0", calls)
      assert.is_nil(workers[worker], "round " .. round)
      workers[worker] = true
      support.run("kill -KILL " .. worker)
    end
    guest:stop()
  end)
end)

-- The client goes its way in this process, too.
it("a fork of others is not noticed", function()
  local server = raw.start()
  local url = server:reply("rooms", "200 OK", "", '{"count":0,"next":null,"results":[]}')
  local rooms = salon.meet({ url = url, token = "t" }).rooms
  for _ = 1, 20 do
    local pipe = io.popen("sleep 0", "r")
    assert.equal(0, #salon.check(rooms:list()))
    pipe:close()
  end
  server:stop()
end)
