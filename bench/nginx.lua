-- In nginx, one worker: a handler that makes a call through salon, one that
-- speaks HTTP/1.1 by hand on nginx's own sockets, and proxy_pass, to the same
-- backend; then what 1,000 pending calls do to others. The measurements to be
-- compared take turns.

local front = require "bench.front"
local support = require "bench.support"

local RUN = "700ms"
local ROUNDS = support.at_most(1, 5)
local PENDING, STATIC_ROUNDS = 1000, support.at_most(1, 3)

local nginx = {}

local WAYS = { "salon", "cosocket", "proxy" }

-- What to measure: target, clients, what is wanted of salon against the others,
-- and a further path to take turns with.
local SCENES = {
  { "plain-fast-short", 50, cosocket = ">= 0.75", proxy = ">= 0.58", beside = "/empty" },
  { "plain-fast-short", 500, cosocket = ">= 1.0", p99 = "<= 1.0" },
  { "tls-fast-short", 50, cosocket = ">= 0.7", proxy = ">= 0.58" },
  { "tls-fast-short", 500, cosocket = ">= 1.0", p99 = "<= 1.0" },
  { "plain-slow-short", 50, cosocket = ">= 0.98" },
  { "plain-slow-short", 500, cosocket = ">= 0.9" },
  { "tls-slow-short", 50, cosocket = ">= 0.98" },
  { "tls-slow-short", 500, cosocket = ">= 0.9" },
  { "plain-fast-long", 50, beside = "/salon/plain-fast-short" },
  { "tls-fast-long", 50, beside = "/salon/tls-fast-short" },
}

local WORDS = {
  plain = "http", tls = "https", fast = "fast upstream", slow = "upstream of 20 ms",
  short = "short token", long = "token of 1,200 bytes",
}

local function title_of(scene)
  local words = scene[1]:gsub("%-", ", "):gsub("%a+", WORDS)
  return ("nginx, %s, %d clients"):format(words, scene[2])
end

local function ratio(runs, key, one, other)
  return support.ratio(front.column(runs[one], key), front.column(runs[other], key))
end

local function median(runs, way, key) return support.median(front.column(runs[way], key)) end

local function report(scene, runs)
  local title = title_of(scene)
  support.figure(title .. ", salon : cosocket", "%.3f", ratio(runs, "rate", "salon", "cosocket"), scene.cosocket,
    "%.0f/s, %.0f/s, proxy_pass %.0f/s; CPU per request %.1f us + %.1f us on the I/O thread, %.1f us, %.1f us",
    median(runs, "salon", "rate"), median(runs, "cosocket", "rate"), median(runs, "proxy", "rate"),
    median(runs, "salon", "worker"), median(runs, "salon", "thread"), median(runs, "cosocket", "worker"),
    median(runs, "proxy", "worker"))
  support.figure(title .. ", p99, salon : cosocket", "%.2f", ratio(runs, "p99", "salon", "cosocket"), scene.p99,
    "%.2f ms, %.2f ms, proxy_pass %.2f ms; median of %d runs of %s", median(runs, "salon", "p99"),
    median(runs, "cosocket", "p99"), median(runs, "proxy", "p99"), ROUNDS, RUN)
  if scene.proxy then
    support.figure(title .. ", salon : proxy_pass", "%.3f", ratio(runs, "rate", "salon", "proxy"), scene.proxy,
      "as above")
  end
end

local function report_beside(scene, runs)
  local path = scene.beside
  if path == "/empty" then
    support.figure(title_of(scene) .. ", CPU of the worker, salon : an empty handler", "%.2f",
      ratio(runs, "worker", "salon", path), "<= 1.5", "%.1f us and %.1f us; cosocket %.1f us",
      median(runs, "salon", "worker"), median(runs, path, "worker"), median(runs, "cosocket", "worker"))
  elseif path then
    support.figure(title_of(scene) .. " : short token, salon", "%.3f", ratio(runs, "rate", "salon", path),
      ">= 0.75", "%.0f/s and %.0f/s", median(runs, "salon", "rate"), median(runs, path, "rate"))
  end
end

local function play(scene, address, worker)
  local target, clients = scene[1], scene[2]
  local names = { table.unpack(WAYS) }
  names[#names + 1] = scene.beside
  local function url(name) return name:find "^/" and address .. name or ("%s/%s/%s"):format(address, name, target) end
  for _, name in ipairs(names) do front.load(("-c %d -n %d"):format(clients, 20 * clients), url(name)) end
  local runs = support.take_turns(names, ROUNDS, function(name)
    return front.measure(("-c %d -D %s"):format(clients, RUN), url(name), worker)
  end)
  report(scene, runs)
  report_beside(scene, runs)
end

local function pending(address)
  return tonumber(support.capture("curl -s --noproxy '*' " .. address .. "/pending"))
end

local function static(address)
  return front.load("-c 10 --rps 100 -D 2", address .. "/static.txt").p99
end

local function with_pending(address)
  local idle, busy = {}, {}
  for round = 1, STATIC_ROUNDS do
    support.wait_until("no pending calls", function() return pending(address) == 0 end)
    idle[round] = static(address)
    local asking = support.spawn(("h2load --h1 -c %d -n %d %s/salon/stuck"):format(PENDING, PENDING, address),
      "stuck.out")
    support.wait_until("pending calls", function() return pending(address) == PENDING end)
    busy[round] = static(address)
    if pending(address) ~= PENDING then error("pending calls ended too early", 0) end
    support.stop(asking)
  end
  local grown = {}
  for i = 1, STATIC_ROUNDS do grown[i] = busy[i] - idle[i] end
  support.figure(("nginx, static file beside %d pending calls, p99 grows by"):format(PENDING), "%.2f ms",
    support.median(grown), "< 5 ms", "%.2f ms with none pending, %.2f ms with them, 1,000 requests/s",
    support.median(idle), support.median(busy))
end

function nginx.run()
  local address, worker = front.start()
  for _, scene in ipairs(SCENES) do play(scene, address, worker) end
  with_pending(address)
  front.check()
end

return nginx
