-- Many calls at once: salon.map over 1,000 rooms of an OpenTalk that takes
-- 20 ms for each answer, 64 at a time over one port of HTTP/2 and TLS, against
-- the time in which 64 calls at a time can be done at best.

local salon = require "salon"
local support = require "bench.support"

local CALLS, CONCURRENCY, LATENCY = 1000, 64, 0.02
local ROUNDS = support.at_most(1, 7)

local map = {}

local function ids_of(client)
  local ids = {}
  for room in client.rooms:each() do ids[#ids + 1] = room.id end
  return ids
end

local function all(client, ids)
  local start, count = support.now(), 0
  local function get(id) return client.rooms:get(id) end
  for id, room, err in salon.map(ids, get, { concurrency = CONCURRENCY }) do
    if not room then error(err, 0) end
    assert(room.id == id, "another room than was asked for")
    count = count + 1
  end
  assert(count == CALLS, "some calls are missing")
  return support.now() - start
end

local function measure(sandbox)
  local role = sandbox.opentalk
  local client = salon.opentalk {
    url = role.tls.url, controller_url = role.tls.controller_url, client_id = role.client_id,
    username = role.username, password = role.password, ca_file = sandbox.ca_file, proxy = "",
  }
  local ids, times = ids_of(client), {}
  all(client, ids)  -- connections are open and warm from here on
  for round = 1, ROUNDS do times[round] = all(client, ids) end
  client:close()
  local time, ideal = support.median(times), CALLS / CONCURRENCY * LATENCY
  support.figure(("salon.map, %d calls, %d at a time : ideal"):format(CALLS, CONCURRENCY), "%.3f",
    time / ideal, "<= 1.25", "%.3f s, median of %d; %d / %d x %d ms = %.3f s; HTTP/2 over TLS",
    time, ROUNDS, CALLS, CONCURRENCY, LATENCY * 1000, ideal)
end

function map.run()
  if not salon.map then return support.cannot("salon.map", "there is none") end
  support.with_sandbox({ meet = false, rooms = CALLS, latency = LATENCY }, measure)
end

return map
