-- Work to be counted, done N times.
--
--   lua bench/work.lua pages N BASE      walks N pages of 100 rooms
--   lua bench/work.lua decode N FILE     decodes such a page, with lua-cjson alone
--   lua bench/work.lua calls N BASE ID   asks for a room N times
--   lua bench/work.lua login N BASE ID STORE   the same, logged in; STORE: none, memory
--
-- Token in $BENCH_TOKEN, or issuer, user and password in $BENCH_LOGIN. Prints the CPU
-- seconds that the work took.

local N, where = tonumber(arg[2]), arg[3]

local function open(given)
  local salon = require "salon"
  given = given or { token = os.getenv "BENCH_TOKEN" }
  given.url, given.controller_url, given.proxy = where, where, ""
  local client = salon.opentalk(given)
  salon.check(client.rooms:list { per_page = 1 })
  return salon, client
end

local work = {}

function work.pages()
  local _, client = open()
  local start, left = os.clock(), N * 100
  for room in client.rooms:each() do
    assert(room.id)
    left = left - 1
    if left == 0 then break end
  end
  assert(left == 0, "the list is too short")
  return start
end

function work.decode()
  local cjson = require "cjson"
  local file = assert(io.open(where, "rb"))
  local text = file:read "*a"
  file:close()
  local start = os.clock()
  for _ = 1, N do assert(#cjson.decode(text) == 100) end
  return start
end

local function calls(given)
  local salon, client = open(given)
  local id = arg[4]
  local start = os.clock()
  for _ = 1, N do assert(salon.check(client.rooms:get(id)).id == id) end
  return start
end

function work.calls() return calls() end

function work.login()
  local issuer, username, password = os.getenv("BENCH_LOGIN"):match "^(%S+) (%S+) (%S+)$"
  local store = arg[5] == "memory" and require("salon").store.memory() or nil
  return calls { issuer = issuer, client_id = "Frontend", username = username, password = password,
    store = store }
end

local start = work[arg[1]]()
print(("%.6f"):format(os.clock() - start))
