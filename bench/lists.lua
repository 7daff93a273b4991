-- Walking 10,000 rooms of an OpenTalk that takes 20 ms for each answer: salon,
-- libcurl alone, Python with requests. Each walk is a process of its own that
-- opens its connection and then times itself; they take turns.

local support = require "bench.support"

local ROOMS, PAGE, LATENCY, WINDOW = 10000, 100, 0.02, 1
local ROUNDS = 5

local lists = {}

-- "Python 3.11.2, requests 2.28.1", or nil where there is no requests.
local function python()
  local text, code = support.run [[python3 -c 'import platform, requests
print("Python %s, requests %s" % (platform.python_version(), requests.__version__))']]
  return code == 0 and text:match "[^\n]+" or nil
end

local function competitors(build, base)
  local function program(command)
    return ("%s %s"):format(command, support.quote(base))
  end
  local list = {
    { name = "salon", command = program(support.lua .. " bench/walk.lua") },
    { name = "libcurl", command = program(build .. "/bench/walk") },
  }
  if python() then
    list[#list + 1] = { name = "requests", command = program "python3 bench/walk.py" }
  end
  return list
end

local function walk(competitor, token)
  local text = support.capture(("BENCH_TOKEN=%s %s"):format(support.quote(token), competitor.command))
  local rooms, seconds = text:match "^(%d+) ([%d.]+)$"
  if tonumber(rooms) ~= ROOMS then
    error(("%s counted %s"):format(competitor.name, text), 0)
  end
  return tonumber(seconds)
end

local function measure(list, token)
  local times = {}
  for _, competitor in ipairs(list) do times[competitor.name] = {} end
  walk(list[1], token)  -- the sandbox renders its pages now
  for round = 1, ROUNDS do
    for i = 1, #list do
      local competitor = list[(i + round) % #list + 1]
      times[competitor.name][round] = walk(competitor, token)
    end
  end
  return times
end

local function report(times)
  local ideal = ROOMS / PAGE * LATENCY / WINDOW
  local salon, libcurl = support.median(times.salon), support.median(times.libcurl)
  support.figure("walk, salon : libcurl alone", ("%.3f"):format(support.ratio(times.salon, times.libcurl)),
    "<= 1.15", "%d rooms, %d pages, one page ahead: %.3f s and %.3f s, median of %d",
    ROOMS, ROOMS / PAGE, salon, libcurl, ROUNDS)
  support.figure("walk, libcurl alone : its ideal", ("%.3f"):format(libcurl / ideal), nil,
    "%d pages x %d ms / window of %d = %.2f s; salon : ideal %.3f", ROOMS / PAGE, LATENCY * 1000,
    WINDOW, ideal, salon / ideal)
  if times.requests then
    support.figure("walk, requests : salon", ("%.3f"):format(support.ratio(times.requests, times.salon)),
      nil, "%s, one page at a time: %.3f s", python(), support.median(times.requests))
  else
    support.figure("walk, requests : salon", "not measured", nil, "Python has no module requests")
  end
end

local function measure_with(sandbox, build)
  local role = sandbox.opentalk
  local salon = require "salon"
  local client = salon.opentalk { url = role.url, client_id = role.client_id,
    username = role.username, password = role.password, proxy = "" }
  local token = salon.check(client:token()):reveal()
  report(measure(competitors(build, role.controller_url), token))
end

function lists.run(build)
  local sandbox = assert(require("salon.sandbox").start {
    meet = false, rooms = ROOMS, latency = LATENCY, token_life = 3600 })
  local ok, err = pcall(measure_with, sandbox, build)
  sandbox:stop()
  if not ok then error(err, 0) end
end

return lists
