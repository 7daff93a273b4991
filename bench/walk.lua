-- salon's walk over /v1/rooms.
--
--   lua bench/walk.lua BASE     token in $BENCH_TOKEN; prints "rooms seconds"

local core = require "salon.core"
local salon = require "salon"

local client = salon.opentalk {
  url = arg[1], controller_url = arg[1], token = os.getenv "BENCH_TOKEN", proxy = "",
}
salon.check(client.rooms:list { per_page = 1 })  -- discovery is over, the connection open

local rooms, start = 0, core.now()
for room in client.rooms:each() do
  rooms = rooms + (room.id and 1 or 0)
end
print(("%d %.6f"):format(rooms, core.now() - start))
