-- Memory must not grow with the list: the most that a process ever had resident
-- (VmHWM) when it walks 100,000 rooms, less the same for 1,000.

local lists = require "bench.lists"
local support = require "bench.support"

local FEW, MANY = 1000, support.at_most(10000, 100000)
local ROUNDS = support.at_most(1, 3)

local memory = {}

local function measure(sandbox, rooms)
  sandbox:reset { rooms = rooms }
  local token = support.token(sandbox)
  local command = lists.salon(sandbox.opentalk.controller_url, "rooms", lists.WINDOW)
  local kib = {}
  for round = 1, ROUNDS do
    local text = support.capture(("BENCH_TOKEN=%s %s"):format(support.quote(token), command))
    local entries, peak = text:match "^(%d+) [%d.]+ (%d+)$"
    if tonumber(entries) ~= rooms then error("salon counted " .. text, 0) end
    kib[round] = tonumber(peak)
  end
  return support.median(kib)
end

function memory.run()
  support.with_sandbox({ meet = false, token_life = 3600 }, function(sandbox)
    local few, many = measure(sandbox, FEW), measure(sandbox, MANY)
    support.figure(("memory, walking %d rooms less %d"):format(MANY, FEW), "%.2f MiB", (many - few) / 1024,
      "<= 4", "most that was resident: %.1f MiB and %.1f MiB, median of %d processes each",
      many / 1024, few / 1024, ROUNDS)
  end)
end

return memory
