-- salon sends or fetches one file.
--
--   lua bench/file.lua BASE up|down NAME PATH
--
-- prints "seconds KiB", the last the most that was ever resident.

local core = require "salon.core"
local salon = require "salon"

local base, way, name, path = arg[1], arg[2], arg[3], arg[4]
local client = salon.opentalk { url = base, controller_url = base, token = "throwaway", proxy = "" }
local room = salon.check(client.rooms:get "room")  -- discovery is over, the connection open

local start = core.now()
if way == "up" then
  salon.check(room.assets:upload { file = path, kind = "bench", file_extension = "bin" })
else
  salon.check(room.assets:download(name, path))
end
local seconds = core.now() - start

local status = assert(io.open "/proc/self/status"):read "*a"
print(("%.6f %d"):format(seconds, tonumber(status:match "VmHWM:%s*(%d+)")))
