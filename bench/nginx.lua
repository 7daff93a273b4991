-- In nginx, one worker: a handler that makes a call through salon against
-- proxy_pass to the same backend, and what 1,000 pending calls do to others.
-- h2load asks; the measurements to be compared take turns.

local shell = require "salon.sandbox.shell"
local support = require "bench.support"

local CLIENTS = 50
local SECONDS = 1      -- of each run
local ROUNDS = 9
local PENDING = 1000
local PATIENCE = 4     -- seconds until a pending call is answered
local STATIC_ROUNDS = 3

local ID = "6f1d7a52-0000-4000-8000-000000000001"
local CALL = "/external-api/v1.0/rooms/" .. ID .. "/"
-- What Meet says of a room, 283 bytes.
local ROOM = '{"id":"' .. ID .. '","name":"Weekly","slug":"abc-defg-hij","access_level":"restricted",'
  .. '"configuration":{},"url":"https://meet.example.org/abc-defg-hij",'
  .. '"telephony":{"enabled":true,"phone_number":"+493012345678","pin_code":"0123456789",'
  .. '"default_country":"DE"}}'

local nginx = {}

-- Servers --------------------------------------------------------------------

local function prologue(server, name)
  local lines = {}
  for _, file in ipairs(server.modules) do lines[#lines + 1] = "load_module " .. file .. ";" end
  if support.run("id -u"):match "^0" then lines[#lines + 1] = "user root;" end
  lines[#lines + 1] = "daemon off; worker_processes 1; worker_rlimit_nofile 16384;"
  lines[#lines + 1] = ("pid %s.pid; error_log %s.log warn;"):format(name, name)
  return table.concat(lines, "\n")
end

local TEMPORARY = "client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; "
  .. "uwsgi_temp_path tmp; scgi_temp_path tmp;"

-- Starts nginx with bench/NAME.conf; returns the pid of its master.
local function start(server, name, values)
  local folder = support.folder()
  values.prologue, values.temporary = prologue(server, name), TEMPORARY
  local text = support.read("bench/" .. name .. ".conf"):gsub("{{(%w+)}}", function(key)
    return assert(values[key], key)
  end)
  support.write(folder .. "/" .. name .. ".conf", text)
  return support.spawn(("%s -p %s -e %s.log -c %s.conf"):format(server.program, folder, name, name),
    name .. ".out")
end

local function worker_of(master)
  return support.capture("cat /proc/" .. master .. "/task/" .. master .. "/children"):match "%d+"
end

-- Measuring ------------------------------------------------------------------

-- CPU seconds that each thread of a process has used: { worker, I/O thread }.
local function cpu_of(pid)
  local used = {}
  for line in support.run(("cat /proc/%s/task/*/stat"):format(pid)):gmatch "[^\n]+" do
    local thread, user, system = line:match "^(%d+) .*%) %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ (%d+) (%d+)"
    if thread then
      local n = thread == pid and 1 or 2
      used[n] = (used[n] or 0) + (tonumber(user) + tonumber(system)) / 100
    end
  end
  return used
end

-- Runs h2load; requests per second and the times of all requests in ms.
local function load(options, url)
  local log = support.folder() .. "/times"
  os.remove(log)
  local text = support.capture(("h2load --h1 %s --log-file=%s %s"):format(options, log, url))
  local rate = tonumber(text:match "finished in [^,]*, ([%d.]+) req/s")
  local good = tonumber(text:match "status codes: (%d+) 2xx")
  local total = tonumber(text:match "requests: %d+ total, %d+ started, (%d+) done")
  if not rate or good ~= total or total == 0 then error(text .. "\nnot all went well: " .. url, 0) end
  local times = {}
  for time in support.read(log):gmatch "%d+\t%d+\t(%d+)" do times[#times + 1] = tonumber(time) / 1000 end
  return { rate = rate, total = total, p99 = support.quantile(times, 0.99) }
end

local function measure(front, name, worker)
  local before = cpu_of(worker)
  local run = load(("-c %d -D %d"):format(CLIENTS, SECONDS), front .. name)
  run.cpu = {}
  for n, used in pairs(cpu_of(worker)) do run.cpu[n] = (used - (before[n] or 0)) / run.total * 1e6 end
  return run
end

local function column(runs, key)
  local values = {}
  for i, run in ipairs(runs) do values[i] = run[key] end
  return values
end

local function cpu(runs, n)
  local values = {}
  for i, run in ipairs(runs) do values[i] = run.cpu[n] or 0 end
  return support.median(values)
end

-- The figures ----------------------------------------------------------------

local function compare(front, worker, upstream, title, wanted)
  local runs = { salon = {}, proxy = {} }
  local names = { "salon", "proxy" }
  for _, name in ipairs(names) do load("-c 50 -n 2000", front .. "/" .. name .. "/" .. upstream) end
  for round = 1, ROUNDS do
    for i = 1, 2 do
      local name = names[(i + round) % 2 + 1]
      runs[name][round] = measure(front, "/" .. name .. "/" .. upstream, worker)
    end
  end
  local function both(key)
    return support.median(column(runs.salon, key)), support.median(column(runs.proxy, key))
  end
  local rate, proxy_rate = both "rate"
  local p99, proxy_p99 = both "p99"
  support.figure("nginx, " .. title .. ", requests/s, salon : proxy_pass",
    ("%.3f"):format(support.ratio(column(runs.salon, "rate"), column(runs.proxy, "rate"))), wanted,
    "%d clients: %.0f/s and %.0f/s; CPU per request %.1f us + %.1f us on the I/O thread, and %.1f us",
    CLIENTS, rate, proxy_rate, cpu(runs.salon, 1), cpu(runs.salon, 2), cpu(runs.proxy, 1))
  support.figure("nginx, " .. title .. ", p99, salon : proxy_pass",
    ("%.2f"):format(support.ratio(column(runs.salon, "p99"), column(runs.proxy, "p99"))), nil,
    "%.2f ms and %.2f ms, median of %d runs of %d s", p99, proxy_p99, ROUNDS, SECONDS)
end

local function pending(front)
  return tonumber(support.capture("curl -s --noproxy '*' " .. front .. "/pending"))
end

local function static(front)
  return load("-c 10 --rps 100 -D 2", front .. "/static.txt").p99
end

local function with_pending(front)
  local idle, busy = {}, {}
  for round = 1, STATIC_ROUNDS do
    support.wait_until("no pending calls", function() return pending(front) == 0 end)
    idle[round] = static(front)
    local asking = support.spawn(("h2load --h1 -c %d -n %d %s/salon/stuck"):format(PENDING, PENDING, front),
      "stuck.out")
    support.wait_until("pending calls", function() return pending(front) == PENDING end)
    busy[round] = static(front)
    if pending(front) ~= PENDING then error("pending calls ended too early", 0) end
    support.stop(asking)
  end
  local grown = {}
  for i = 1, STATIC_ROUNDS do grown[i] = busy[i] - idle[i] end
  support.figure(("nginx, static file beside %d pending calls, p99 grows by"):format(PENDING),
    ("%.2f ms"):format(support.median(grown)), "< 5 ms",
    "%.2f ms with none pending, %.2f ms with them, 1,000 requests/s",
    support.median(idle), support.median(busy))
end

local function serve(server, build)
  local take = shell.free_ports()
  local root = support.capture "pwd"
  local values = {
    fast = take(), slow = take(), stuck = take(), front = take(), patience = PATIENCE,
    room = ROOM, id = ID, call = CALL, token = "throwaway-token", folder = support.folder(),
    path = ("%s/lua/?.lua;%s/lua/?/init.lua;%s/?.lua;;"):format(root, root, root),
    cpath = ("%s/%s/5.1/?.so;;"):format(root, build),
  }
  support.capture("mkdir -p " .. support.folder() .. "/tmp")
  support.write(support.folder() .. "/static.txt", "hello\n")
  start(server, "backend", values)
  local master = start(server, "front", values)
  local front = "http://127.0.0.1:" .. values.front
  support.wait_until("nginx at " .. front, function()
    local _, code = support.run("curl -fs --noproxy '*' " .. front .. "/proxy/fast")
    return code == 0
  end)
  return front, worker_of(master)
end

function nginx.run(build)
  local server = assert(require("salon.sandbox.nginx").find())
  local front, worker = serve(server, build)
  compare(front, worker, "fast", "fast backend", ">= 0.5")
  compare(front, worker, "slow", "backend of 20 ms", ">= 0.95")
  with_pending(front)
  local log = support.read(support.folder() .. "/front.log")
  if log:find "%[error%]" or log:find "%[alert%]" then error("nginx complained:\n" .. log, 0) end
end

return nginx
