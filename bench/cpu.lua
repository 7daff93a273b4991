-- What salon itself costs, without the wire: instructions of a listed room
-- against lua-cjson decoding the same page, and of a small call beside
-- libcurl's; then the CPU time of such a call, I/O thread and change of threads
-- included, less that of libcurl alone.

local callgrind = require "bench.callgrind"
local support = require "bench.support"

local FEW, MANY = 5, support.at_most(15, 35)  -- pages
local SOME_CALLS, MANY_CALLS = 100, support.at_most(200, 600)
local CALLS, ROUNDS = 2000, support.at_most(1, 7)
local ROOMS = 100 * (MANY + 15)  -- more than a walk looks at

local cpu, sum = {}, callgrind.sum

local function work(what, ...)
  local rest = table.concat({ ... }, " ")
  return function(n)
    return ("%s bench/work.lua %s %d %s"):format(support.lua, what, n, rest)
  end
end

local function rooms(token, base, page)
  local listed = callgrind.per_unit(token, work("pages", base), FEW, MANY)
  local decoded = callgrind.per_unit(token, work("decode", page), FEW, MANY)
  local ours, bare = sum(listed, "salon", "Lua", "lua-cjson"), sum(decoded, "Lua", "lua-cjson")
  support.figure("CPU, a page of 100 rooms, salon : cjson.decode", "%.2f", ours / bare, "<= 1.5",
    "%.0f and %.0f thousand instructions; salon's: C %.0f, Lua %.0f, lua-cjson %.0f; besides libcurl %.0f",
    ours / 1e3, bare / 1e3, sum(listed, "salon") / 1e3, sum(listed, "Lua") / 1e3,
    sum(listed, "lua-cjson") / 1e3, sum(listed, "libcurl", "others") / 1e3)
end

local function call(token, base, id)
  local unit = callgrind.per_unit(token, work("calls", base, id), SOME_CALLS, MANY_CALLS)
  local ours, curl = sum(unit, "salon", "Lua", "lua-cjson"), sum(unit, "libcurl", "others")
  support.figure("CPU, a small call, salon : libcurl", "%.2f", ours / curl, nil,
    "%.1f and %.1f thousand instructions; salon's: C %.1f, Lua %.1f, lua-cjson %.1f",
    ours / 1e3, curl / 1e3, sum(unit, "salon") / 1e3, sum(unit, "Lua") / 1e3, sum(unit, "lua-cjson") / 1e3)
end

local function time_of_calls(token, base, id, build)
  local commands = {
    salon = work("calls", base, id)(CALLS),
    libcurl = ("%s/bench/call %d %s/v1/rooms/%s"):format(build, CALLS, base, id),
  }
  local times = support.take_turns({ "salon", "libcurl" }, ROUNDS, function(name)
    return tonumber(support.capture(token .. " " .. commands[name])) / CALLS * 1e6
  end)
  local own = {}
  for i, time in ipairs(times.salon) do own[i] = time - times.libcurl[i] end
  support.figure("CPU, a small call, salon's own", "%.1f us", support.median(own), "<= 60",
    "%.1f us less %.1f us of libcurl alone, user and system, median of %d x %d calls, one after the other",
    support.median(times.salon), support.median(times.libcurl), ROUNDS, CALLS)
end

local function measure(sandbox, build)
  local salon = require "salon"
  local base, token, page = sandbox.opentalk.controller_url, support.token(sandbox), support.folder() .. "/page"
  local client = salon.opentalk { url = base, controller_url = base, token = token, proxy = "" }
  support.write(page, salon.check(client:call("GET", "/v1/rooms", { query = { per_page = 100 }, raw = true })))
  local id = salon.check(client.rooms:list { per_page = 1 })[1].id
  token = "BENCH_TOKEN=" .. support.quote(token)
  local _, code = support.run "command -v valgrind"
  if code == 0 then
    rooms(token, base, page)
    call(token, base, id)
  else
    support.cannot("CPU, instructions", "valgrind is not there")
  end
  time_of_calls(token, base, id, build)
end

function cpu.run(build)
  support.with_sandbox({ meet = false, rooms = ROOMS, token_life = 3600 }, measure, build)
end

return cpu
