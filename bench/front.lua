-- The stage for what is measured in nginx: a backend, the nginx under test with
-- one worker, and h2load that asks. All on this machine, with two cores or
-- more to share.

local shell = require "salon.sandbox.shell"
local support = require "bench.support"

local front = {}

local ID = "6f1d7a52-0000-4000-8000-000000000001"
local CALL = "/external-api/v1.0/rooms/" .. ID .. "/"
-- What Meet says of a room, 283 bytes.
local ROOM = '{"id":"' .. ID .. '","name":"Weekly","slug":"abc-defg-hij","access_level":"restricted",'
  .. '"configuration":{},"url":"https://meet.example.org/abc-defg-hij",'
  .. '"telephony":{"enabled":true,"phone_number":"+493012345678","pin_code":"0123456789",'
  .. '"default_country":"DE"}}'

front.PATIENCE = 4  -- seconds until the stuck backend answers

local TOKENS = { short = "throwaway-token", long = ("throwaway-token."):rep(75) }  -- 1,200 bytes

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

---Starts nginx with bench/NAME.conf; returns the pid of its master.
---@param server table  of the sandbox's finder
---@param name string
---@param values table<string, any>  for what stands in double braces there
function front.serve(server, name, values)
  local folder = support.folder()
  support.capture("mkdir -p " .. folder .. "/tmp")
  values.prologue, values.temporary = prologue(server, name), TEMPORARY
  local text = support.read("bench/" .. name .. ".conf"):gsub("{{([%w_]+)}}", function(key)
    return assert(values[key], key)
  end)
  support.write(folder .. "/" .. name .. ".conf", text)
  return support.spawn(("%s -p %s -e %s.log -c %s.conf"):format(server.program, folder, name, name),
    name .. ".out")
end

local function worker_of(master)
  return support.capture("cat /proc/" .. master .. "/task/" .. master .. "/children"):match "%d+"
end

-- The targets: name -> { port, tls, token, ceiling, login }, as bench/handler.lua wants
-- them. Names are "plain-fast-short" and the like.
local function make_targets(ports)
  local targets = { stuck = { port = ports.plain_stuck, token = TOKENS.short, ceiling = 1024 } }
  for _, login in ipairs { "alone", "shared" } do  -- bench/store.lua
    targets["login-" .. login] = { port = ports.plain_fast, token = TOKENS.short, login = login }
  end
  for _, kind in ipairs { "plain", "tls" } do
    for _, speed in ipairs { "fast", "slow" } do
      for length, token in pairs(TOKENS) do
        targets[("%s-%s-%s"):format(kind, speed, length)] = {
          port = ports[kind .. "_" .. speed], tls = kind == "tls", token = token,
          ceiling = speed == "slow" and 512 or nil,  -- 500 clients x 20 ms need more than 256
        }
      end
    end
  end
  return targets
end

local function write_settings(targets)
  local lines = {}
  for name, target in pairs(targets) do
    lines[#lines + 1] = ("[%q] = { port = %d, tls = %s, token = %q, ceiling = %s, login = %s },"):format(
      name, target.port, target.tls, target.token, target.ceiling, target.login and ("%q"):format(target.login))
  end
  support.write(support.folder() .. "/handler.settings",
    ("return { id = %q, call = %q, ca_file = %q, targets = {\n%s\n} }\n"):format(
      ID, CALL, support.folder() .. "/server.pem", table.concat(lines, "\n")))
end

local LOCATIONS = [[
location = /salon/%s { content_by_lua_block { require("bench.handler").salon("%s") } }
location = /cosocket/%s { content_by_lua_block { require("bench.handler").cosocket("%s") } }
location = /proxy/%s {
  proxy_set_header Connection "";
  proxy_set_header Authorization "Bearer %s";
  proxy_pass %s://up_%d%s;
}
]]

local function locations(targets)
  local text, ups, seen = {}, {}, {}
  for name, target in pairs(targets) do
    local port = target.port
    text[#text + 1] = LOCATIONS:format(name, name, name, name, name, target.token,
      target.tls and "https" or "http", port, CALL)
    if not seen[port] then
      seen[port] = true
      ups[#ups + 1] = ("upstream up_%d { server 127.0.0.1:%d; keepalive 512; keepalive_requests 1000000000; }")
        :format(port, port)
    end
  end
  return table.concat(text), table.concat(ups, "\n")
end

local CERTIFICATE = "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
  .. "-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 "
  .. "-keyout server.key -out server.pem 2>&1"

---Starts both servers; returns the address of the one under test and the process
---id of its worker.
---@return string address
---@return string worker
function front.start()
  local server = assert(require("salon.sandbox.nginx").find())
  local take, folder = shell.free_ports(), support.folder()
  local values = {
    plain_fast = take(), plain_slow = take(), plain_stuck = take(), tls_fast = take(), tls_slow = take(),
    front = take(), patience = front.PATIENCE, room = ROOM, room_length = #ROOM, folder = folder,
    ssl = server.http2 and "ssl" or "ssl http2", http2_on = server.http2 and "http2 on;" or "",
  }
  support.capture("mkdir -p " .. folder .. " && " .. CERTIFICATE:format(folder))
  support.write(folder .. "/static.txt", "hello\n")
  local targets = make_targets(values)
  write_settings(targets)
  values.locations, values.upstreams = locations(targets)
  front.serve(server, "backend", values)
  local master = front.serve(server, "front", values)
  local address = "http://127.0.0.1:" .. values.front
  support.wait_until("nginx at " .. address, function()
    local _, code = support.run("curl -fs --noproxy '*' " .. address .. "/proxy/tls-fast-short")
    return code == 0
  end)
  return address, worker_of(master)
end

---Raises what the nginx under test had to complain about.
function front.check()
  local log = support.read(support.folder() .. "/front.log")
  if log:find "%[error%]" or log:find "%[alert%]" then
    error("nginx complained:\n" .. log:sub(1, 2000), 0)
  end
end

-- Measuring ------------------------------------------------------------------

-- CPU seconds that a process has used: of its first thread, of all others.
local function cpu_of(pid)
  local first, others = 0, 0
  local text = support.run(("cd /proc/%s/task && for t in *; do echo $t $(cat $t/schedstat); done"):format(pid))
  for thread, nanoseconds in text:gmatch "(%d+) (%d+) %d+ %d+" do
    if thread == pid then first = tonumber(nanoseconds) / 1e9 else others = others + tonumber(nanoseconds) / 1e9 end
  end
  return first, others
end

-- How long, in ms, the requests of h2load's log took, sorted: all of them, or those
-- that began within `span` seconds after its first `skip` seconds.
local function read_log(log, skip, span)
  local times, first = {}, nil
  for begin, time in support.read(log):gmatch "(%d+)\t%d+\t(%d+)" do
    begin = tonumber(begin) / 1e6
    first = first or begin
    local at = begin - first - (skip or 0)
    if span == nil or (at >= 0 and at < span) then times[#times + 1] = tonumber(time) / 1000 end
  end
  table.sort(times)
  return times
end

---Runs h2load; requests per second, how many, and the quantiles of their times in ms.
---@param options string
---@param url string
---@param skip? number  seconds at its beginning that do not count
---@param span? number  seconds after them that do
function front.load(options, url, skip, span)
  local log = support.folder() .. "/times"
  os.remove(log)
  local text = support.capture(("h2load --h1 %s --log-file=%s %s"):format(options, log, url))
  local rate = tonumber(text:match "finished in [^,]*, ([%d.]+) req/s")
  local good = tonumber(text:match "status codes: (%d+) 2xx")
  local total = tonumber(text:match "requests: %d+ total, %d+ started, (%d+) done")
  if not rate or good ~= total or total == 0 then error(text .. "\nnot all went well: " .. url, 0) end
  local times = read_log(log, skip, span)
  if span then rate = #times / span end
  local function quantile(q) return times[math.max(1, math.ceil(q * #times))] end
  return { rate = rate, total = total, p50 = quantile(0.5), p99 = quantile(0.99) }
end

---The same with the CPU per request, in us: of the worker and of its I/O thread.
function front.measure(options, url, worker)
  local first, others = cpu_of(worker)
  local run = front.load(options, url)
  local first_now, others_now = cpu_of(worker)
  run.worker = (first_now - first) / run.total * 1e6
  run.thread = (others_now - others) / run.total * 1e6
  return run
end

---One key of all runs.
function front.column(runs, key)
  local values = {}
  for i, run in ipairs(runs) do values[i] = run[key] end
  return values
end

return front
