-- nginx takes a timer and drops its callback where `lua_max_running_timers` run
-- already: what waited for that callback waited to its deadline, for ever.

local nginx = require "spec.support.nginx"
local support = require "spec.support"

local HTTP = [[
  init_by_lua_block {
    salon = require "salon"
    function new(more)
      local options = { url = "@URL@", client_id = "@ID@", username = "@USER@",
        password = "@PASSWORD@", timeout = 8 }
      for name, value in pairs(more or {}) do options[name] = value end
      return salon.opentalk(options)
    end
    ot = new()
    function timed(client)
      ngx.update_time()
      local begun = ngx.now()
      local page, err = client.rooms:list()
      ngx.update_time()
      return ngx.now() - begun, tostring(err or #page)
    end
  }
  server {
    listen 127.0.0.1:@PORT@;
    location /sleepers { content_by_lua_block {
      for _ = 1, 256 do assert(ngx.timer.at(0, function() ngx.sleep(3) end)) end
      ngx.sleep(0.1)
      ngx.say "asleep"
    } }
    location /call { content_by_lua_block { ngx.say(string.format("%.3f %s", timed(ot))) } }
    location /cold { content_by_lua_block {
      local client, threads = new(), {}
      for i = 1, 20 do threads[i] = ngx.thread.spawn(timed, client) end
      local worst, words = 0, nil
      for i = 1, 20 do
        local _, took, what = ngx.thread.wait(threads[i])
        if took > worst then worst, words = took, what end
      end
      ngx.say(string.format("%.3f %s", worst, words))
    } }
    location /crowd { content_by_lua_block {
      local client, over, worst, words, failed = new(), 0, 0, nil, 0
      for _ = 1, 300 do
        ngx.timer.at(0, function()
          local took, what = timed(client)
          over, worst = over + 1, math.max(worst, took)
          if what ~= "3" then failed, words = failed + 1, what end
        end)
      end
      ngx.sleep(0.5)
      for _ = 1, 100 do if over < 250 then ngx.sleep(0.1) end end
      ngx.say(string.format("%.3f %s %d of %d", worst, words, failed, over))
    } }
  }
]]

describe("a timer that nginx drops", function()
  local sandbox, guest, port

  local function get(path) return (support.curl("http://127.0.0.1:" .. port .. path)) end

  local function seconds(path)
    local took, what = get(path):match("^(%S+) (.-)\n$")
    assert.are.equal("3", what)
    return tonumber(took)
  end

  setup(function()
    sandbox = support.start { rooms = 3 }
    port = support.free_ports()()
    local ot = sandbox.opentalk
    local values = { URL = ot.url, ID = ot.client_id, USER = ot.username, PASSWORD = ot.password,
      PORT = port }
    guest = nginx.start((HTTP:gsub("@(%u+)@", values)))
  end)
  teardown(function()
    guest:stop()
    sandbox:stop()
  end)

  it("neither ends a login nor keeps calls from their end", function()
    assert.are.equal("asleep\n", get "/sleepers")
    assert.is_true(seconds "/cold" < 4)
    assert.matches("lua_max_running_timers are not enough", guest:log())
  end)

  it("leaves later calls as fast as they were", function()
    assert.is_true(seconds "/call" < 4)  -- with a login
    for _ = 1, 5 do assert.is_true(seconds "/call" < 1) end
    support.run "sleep 3"
    for _ = 1, 5 do assert.is_true(seconds "/call" < 1) end
  end)

  it("fails no call of those that do run", function()
    local took, words, failed, over = get("/crowd"):match("^(%S+) (%S+) (%d+) of (%d+)\n$")
    assert.are.same({ "nil", "0" }, { words, failed })
    assert.is_true(tonumber(over) >= 250)  -- some may be taken by timers of salon's own
    assert.is_true(tonumber(took) < 5)
    for _ = 1, 5 do assert.is_true(seconds "/call" < 1) end
  end)
end)
