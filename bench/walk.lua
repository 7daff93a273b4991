-- salon's walk over lists of OpenTalk.
--
--   lua bench/walk.lua BASE rooms|events [PREFETCH]    token in $BENCH_TOKEN
--
-- prints "entries seconds KiB", the last the most that was ever resident.

local core = require "salon.core"
local salon = require "salon"

local client = salon.opentalk {
  url = arg[1], controller_url = arg[1], token = os.getenv "BENCH_TOKEN", proxy = "",
}
salon.check(client.rooms:list { per_page = 1 })  -- discovery is over, the connection open

local entries, start = 0, core.now()
local walk = arg[2] == "rooms" and client.rooms:each { prefetch = tonumber(arg[3]) }
  or client.events:each { exceptions = true }
for entry in walk do
  entries = entries + (entry.id and 1 or 0)
end
local seconds = core.now() - start

local status = assert(io.open "/proc/self/status"):read "*a"
print(("%d %.6f %d"):format(entries, seconds, tonumber(status:match "VmHWM:%s*(%d+)")))
