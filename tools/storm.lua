-- nginx in trouble, for a minute (SECONDS): workers are killed or end by themselves in
-- the middle of calls, clients go away, the configuration is read again, and the
-- application takes every timer that nginx has. Then all must be as before:
--   tools/run lua5.4 tools/storm.lua
-- Prints what is wrong and ends with status 1, or prints nothing.

local nginx = require "spec.support.nginx"
local salon = require "salon"
local support = require "spec.support"

local SECONDS = tonumber(os.getenv "SECONDS") or 50
local CALLS = 40  -- at a time

local HTTP = [[
  lua_code_cache @CACHE@;
  init_by_lua_block {
    function client()
      kept = kept or require("salon").opentalk { url = "@URL@", timeout = 8, @LOGIN@ }
      return kept
    end
  }
  server {
    listen 127.0.0.1:@PORT@;
    location /call { content_by_lua_block {
      ngx.say(#require("salon").check(client().rooms:list()))
    } }
    location /leave { content_by_lua_block {
      ngx.thread.spawn(function() return client().rooms:list() end)
      ngx.exit(204)
    } }
    location /end { content_by_lua_block {
      ngx.thread.spawn(function() return client().rooms:list() end)
      os.exit(0)
    } }
    location /timers { content_by_lua_block {
      for _ = 1, 256 do ngx.timer.at(0, function() ngx.sleep(2) end) end
      ngx.say "taken"
    } }
  }
]]

local wrong = 0
local function check(ok, ...)
  if ok then return end
  wrong = wrong + 1
  print(table.concat({ ... }, " "))
end

local function storm(sandbox, cache, login, troubles)
  local port = support.free_ports()()
  local values = { CACHE = cache, URL = sandbox.opentalk.url, LOGIN = login, PORT = port }
  local guest = nginx.start((HTTP:gsub("@(%u+)@", values)))
  local address = "http://127.0.0.1:" .. port

  local function workers()
    return support.run(("cat /proc/%s/task/%s/children"):format(guest.pid, guest.pid))
  end

  -- How many of `times` calls succeed, `CALLS` at a time.
  local function calls(times)
    local output = support.run(("seq %d | xargs -P %d -I{} curl -s --noproxy '*' -m 20 %s/call | grep -cx 3")
      :format(times, CALLS, address))
    return tonumber((output:match "%d+"))
  end

  -- Descriptors and KiB of the worker, once nothing is under way any more.
  local function size()
    support.run "sleep 4"
    local worker = workers():match "%d+"
    local fds = select(2, support.run("ls /proc/" .. worker .. "/fd"):gsub("\n", ""))
    return fds, tonumber(support.read("/proc/" .. worker .. "/status"):match "VmRSS:%s*(%d+)")
  end

  local curl = "curl -s -o /dev/null --noproxy '*' -m %s " .. address .. "%s & "
  local acts = {
    kill = function() support.run("kill -KILL " .. workers()) end,
    reload = function() support.run("kill -HUP " .. guest.pid) end,
    abort = function() support.run(curl:format("0.02", "/call"):rep(20) .. "wait") end,
    leave = function() support.run(curl:format("5", "/leave"):rep(20) .. "wait") end,
    ["end"] = function() support.run(curl:format("5", "/end") .. "wait") end,
    timers = function() support.run(curl:format("5", "/timers") .. "wait") end,
  }
  check(calls(20) == 20, cache, "calls failed before the storm")
  local ends = os.time() + SECONDS / 2
  repeat
    for _, name in ipairs(troubles) do
      support.run(curl:format("9", "/call"):rep(20))  -- under way meanwhile
      acts[name]()
    end
  until os.time() >= ends
  support.run "sleep 3"  -- timers of the application
  check(calls(200) == 200, cache, "calls failed after the storm")
  local fds, memory = size()
  check(calls(600) == 600, cache, "calls failed later")
  local more_fds, more_memory = size()
  check(more_fds <= fds + 2, cache, "descriptors grew from", fds, "to", more_fds)
  check(more_memory < memory + 6000, cache, "memory grew from", memory, "to", more_memory, "KiB")

  local all = guest.pid .. " " .. workers()
  local began = os.time()
  guest.owned = false
  guest:stop()
  check(os.time() - began <= 5, cache, "QUIT took", os.time() - began, "s")
  for pid in all:gmatch "%d+" do
    support.gone(pid)
    check(not io.open("/proc/" .. pid .. "/exe"), cache, "process", pid, "was left behind")
  end
  for line in guest:log():gmatch "[^\n]+" do
    local crash = line:find "exited on signal" and not line:find "signal 9" or line:find "double free"
      or line:find "corrupt" or line:find "assert"
    check(not crash, cache, line)
  end
  support.remove(guest.folder)
end

local sandbox = support.start { meet = false, rooms = 3, latency = 0.02 }
local ok, message = pcall(function()
  local options = support.opentalk(sandbox)
  storm(sandbox, "on", ("client_id = %q, username = %q, password = %q"):format(options.client_id,
    options.username, options.password), { "kill", "abort", "leave", "end", "timers", "reload" })
  -- each request is a client of its own: with a password all would wait for each other
  local token = salon.check(salon.opentalk(options):token()):reveal()
  storm(sandbox, "off", ("token = %q"):format(token), { "kill", "abort", "leave", "end", "reload" })
end)
check(ok, tostring(message))
sandbox:stop()
os.exit(wrong == 0 and 0 or 1)
