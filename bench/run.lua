-- make bench: salon beside its peers, in one run, one line per figure.
--
--   lua bench/run.lua [lists] [vendor] [memory] [map] [files] [nginx] [cpu] [store] [start] [plot]
--
-- Without names all parts run but the plot; together about five minutes. In
-- the environment:
--
--   MARKDOWN=1   the figures as a table
--   QUICK=1      a few short rounds, to see that everything runs
--   PLOT=1       the plot as well
--
-- Servers listen on free ports of 127.0.0.1 and end with the program, their
-- files are in a temporary folder. Absolute figures are the machine's; the
-- ratios count.

local support = require "bench.support"

local BUILD = os.getenv "BUILD" or "build"
local PARTS = { "lists", "vendor", "memory", "map", "files", "nginx", "cpu", "store", "start" }

local function line_of(name, pattern)
  local file = io.open(name)
  local text = file and file:read "*a" or ""
  if file then file:close() end
  return text:match(pattern) or "unknown"
end

local function head()
  local curl = require("salon.core").curl()
  local _, nginx = pcall(support.capture, "nginx -v || openresty -v || /usr/sbin/nginx -v")
  print(("salon %s, %s, libcurl %s, %s, %s"):format(require "salon.version", _VERSION, curl.version,
    curl.ssl, nginx:match "nginx version: (%S+)" or "no nginx"))
  print(("%s, Linux %s, %s x %s"):format(line_of("/etc/os-release", 'PRETTY_NAME="([^"]*)"'),
    support.run("uname -r"):match "%S+", support.run("nproc"):match "%d+",
    line_of("/proc/cpuinfo", "model name%s*: ([^\n]*)")))
  print(("%s, load before the run %s%s"):format(os.date "!%Y-%m-%d %H:%M UTC",
    line_of("/proc/loadavg", "%S+"), support.quick and ", quick: the figures say little" or ""))
end

local function main()
  local names = { table.unpack(arg[1] and arg or PARTS) }
  if os.getenv "PLOT" == "1" then names[#names + 1] = "plot" end
  head()
  support.begin(os.getenv "MARKDOWN" == "1")
  local start = support.now()
  for _, name in ipairs(names) do require("bench." .. name).run(BUILD) end
  support.summary()
  print(("The run took %.0f s."):format(support.now() - start))
end

support.open()
local ok, err = xpcall(main, function(message)
  return type(message) == "string" and debug.traceback(message, 2) or message
end)
support.close()
if not ok then
  io.stderr:write("bench: ", tostring(err), "\n")
  os.exit(1)
end
