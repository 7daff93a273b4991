-- A file to a room and back, beside the program curl, which does the same: time, and the
-- most memory that was ever resident (VmHWM) less the same for a small file.

local front = require "bench.front"
local shell = require "salon.sandbox.shell"
local support = require "bench.support"

local MIB = support.at_most(20, 200)
local ROUNDS = support.at_most(1, 15)

local files = {}

local function run(address, way, name)
  local path = support.folder() .. "/" .. (way == "up" and name or "got")
  local text = support.capture(("%s bench/file.lua %s %s %s %s"):format(support.lua, address, way, name, path))
  local seconds, kib = text:match "^([%d.]+) (%d+)$"
  return tonumber(seconds), tonumber(kib)
end

local CURL = {
  up = "-H 'Expect:' -X POST -T %s/%s -o /dev/null %s/v1/rooms/room/assets",
  down = "-o %s/curl.%s %s/v1/rooms/room/assets/big",
}

local function run_curl(address, way)
  return tonumber(support.capture(("curl -sS --noproxy '*' -H 'Authorization: Bearer throwaway' "
    .. "-w '%%{stderr}%%{time_total}' %s 2>&1"):format(CURL[way]:format(support.folder(), "big", address))))
end

local WORDS = { up = "sending", down = "fetching" }

local function measure(address, way)
  local kib = {}
  local seconds = support.take_turns({ "salon", "curl" }, ROUNDS, function(name)
    -- both write a new file: to remove the old one takes as long as a quarter of the transfer
    support.capture(("cd %s && rm -f got curl.big && sync -f ."):format(support.folder()))
    if name == "curl" then return run_curl(address, way) end
    local took
    took, kib[#kib + 1] = run(address, way, "big")
    return took
  end)
  if way == "down" then
    run(address, way, "big")
    support.capture(("cd %s && cmp big got"):format(support.folder()))
  end
  support.figure(("%s a file of %d MiB, salon : curl"):format(WORDS[way], MIB), "%.2f",
    support.ratio(seconds.salon, seconds.curl), "<= 1.1", "%.3f s and %.3f s, median of %d each",
    support.median(seconds.salon), support.median(seconds.curl), ROUNDS)
  local small = {}
  for round = 1, ROUNDS do small[round] = select(2, run(address, way, "small")) end
  support.figure(("memory, %s %d MiB less 1 KiB"):format(WORDS[way], MIB), "%.2f MiB",
    (support.median(kib) - support.median(small)) / 1024, "<= 2", "most that was resident: %.1f MiB and %.1f MiB",
    support.median(kib) / 1024, support.median(small) / 1024)
end

function files.run()
  local port, folder = shell.free_ports()(), support.folder()
  local master = front.serve(assert(require("salon.sandbox.nginx").find()), "files", { port = port, folder = folder })
  local address = "http://127.0.0.1:" .. port
  support.capture(("cd %s && head -c %dM /dev/urandom >big && head -c 1024 big >small && chmod 644 big small")
    :format(folder, MIB))
  support.wait_until("nginx at " .. address, function()
    local _, code = support.run("curl -fs --noproxy '*' " .. address .. "/v1/rooms/room")
    return code == 0
  end)
  for _, way in ipairs { "up", "down" } do measure(address, way) end
  support.stop(master)
  support.capture(("cd %s && rm -f big small got curl.big"):format(folder))
end

return files
