-- What a store of logins costs a call whose token is in memory, which is to be nothing:
-- instructions in a script, CPU of the worker in nginx; and how often a store is asked.

local callgrind = require "bench.callgrind"
local front = require "bench.front"
local support = require "bench.support"

local FEW, MANY = support.at_most(100, 200), support.at_most(200, 1000)  -- calls
local CALLS = support.at_most(100, 1000)
local RUN, ROUNDS = support.at_most("200ms", "700ms"), support.at_most(1, 9)
local EQUAL = "<= 1.02"

local store = {}

local function instructions(role, id)
  local login = "BENCH_LOGIN=" .. support.quote(("%s %s %s"):format(role.issuer, role.username, role.password))
  local function own(kind)
    return callgrind.sum(callgrind.per_unit(login, function(n)
      return ("%s bench/work.lua login %d %s %s %s"):format(support.lua, n, role.controller_url, id, kind)
    end, FEW, MANY), "salon", "Lua", "lua-cjson")
  end
  local without, with = own "none", own "memory"
  support.figure("a small call, store in memory : no store", "%.3f", with / without, EQUAL,
    "%.1f and %.1f thousand instructions", with / 1e3, without / 1e3)
end

-- Calls that go through one store, which is asked `asked()` times.
local function counted(inner)
  local n, counting = 0, {}
  for name, value in pairs(inner) do
    counting[name] = type(value) == "function" and function(...)
      n = n + 1
      return value(...)
    end or value
  end
  return counting, function() return n end
end

local function accesses(sandbox, salon, kind, inner, id)
  local role = sandbox.opentalk
  local shared, asked = counted(inner)
  local client = salon.opentalk { controller_url = role.controller_url, issuer = role.issuer,
    client_id = role.client_id, username = role.username, password = role.password, proxy = "", store = shared }
  salon.check(client.rooms:get(id))
  local first = asked()
  for _ = 1, CALLS do salon.check(client.rooms:get(id)) end
  local rest = asked() - first
  sandbox:advance(3601)
  for _ = 1, CALLS do salon.check(client.rooms:get(id)) end
  support.figure(("accesses to a %s store, %d calls without a renewal"):format(kind, CALLS), "%d", rest, "<= 0",
    "%d with the first login, %d with one renewal in as many calls", first, asked() - first - rest)
end

local function measure(sandbox)
  local salon, role = require "salon", sandbox.opentalk
  local base = role.controller_url
  local client = salon.opentalk { url = base, controller_url = base, token = support.token(sandbox), proxy = "" }
  local id = salon.check(client.rooms:list { per_page = 1 })[1].id
  local _, code = support.run "command -v valgrind"
  if code == 0 then instructions(role, id) else support.cannot("a store, instructions", "valgrind is not there") end
  accesses(sandbox, salon, "memory", salon.store.memory(), id)
  accesses(sandbox, salon, "file", salon.store.file(support.folder() .. "/logins"), id)
end

local function in_nginx()
  local address, worker = front.start()
  local names = { "shared", "alone" }
  local function url(name) return ("%s/salon/login-%s"):format(address, name) end
  for _, name in ipairs(names) do front.load("-c 50 -n 1000", url(name)) end
  local runs = support.take_turns(names, ROUNDS, function(name)
    return front.measure("-c 50 -D " .. RUN, url(name), worker)
  end)
  local shared, alone = front.column(runs.shared, "worker"), front.column(runs.alone, "worker")
  support.figure("nginx, CPU of the worker, shared dictionary : no store", "%.3f", support.ratio(shared, alone), EQUAL,
    "%.1f us and %.1f us a request, median of %d pairs of %s; requests/s %.3f : 1", support.median(shared),
    support.median(alone), ROUNDS, RUN, support.ratio(front.column(runs.shared, "rate"),
      front.column(runs.alone, "rate")))
  front.check()
end

function store.run()
  support.with_sandbox({ meet = false, rooms = 1, token_life = 3600 }, measure)
  in_nginx()
end

return store
