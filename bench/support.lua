-- What the parts of the benchmark share: a folder, servers that end with the
-- program, running others, and how a figure is printed.

local core = require "salon.core"
local shell = require "salon.sandbox.shell"

local support = {}

support.now, support.run, support.quote = core.now, shell.run, shell.quote

-- Figures ------------------------------------------------------------------

local function sorted(values)
  local copy = {}
  for i, value in ipairs(values) do copy[i] = value end
  table.sort(copy)
  return copy
end

---The value below which the share `q` (0 to 1) of the values lies.
function support.quantile(values, q)
  local list = sorted(values)
  return list[math.max(1, math.ceil(q * #list))]
end

function support.median(values)
  local list = sorted(values)
  local middle = math.floor((#list + 1) / 2)
  return (list[middle] + list[#list + 1 - middle]) / 2
end

---The median of a[i] / b[i]: measured pair by pair, so that what else the
---machine does meets both.
function support.ratio(a, b)
  local ratios = {}
  for i = 1, #a do ratios[i] = a[i] / b[i] end
  return support.median(ratios)
end

local markdown

---Begins the table in the form asked for.
function support.begin(as_markdown)
  markdown = as_markdown
  if markdown then print("\n| figure | measured | wanted | details |\n| --- | --- | --- | --- |") end
end

---Prints one figure: name, value with its unit, what was wanted (or nil), details.
function support.figure(name, value, wanted, ...)
  local details = string.format(...)
  if markdown then
    print(("| %s | %s | %s | %s |"):format(name, value, wanted or "", details))
  else
    print(("%s: %s (%s%s)"):format(name, value, wanted and "wanted: " .. wanted .. "; " or "", details))
  end
  io.stdout:flush()
end

-- Folder and processes -----------------------------------------------------

local folder
local running = {}  -- pid -> true

function support.folder() return folder end

-- Ends what was started and removes the folder when this program was killed.
local WATCHER = [[
while kill -0 %d 2>/dev/null; do sleep 1; done
cat %s/pids/* 2>/dev/null | while read pid; do kill $pid; done
rm -rf %s
]]

function support.open()
  folder = support.run("mktemp -d /tmp/salon-bench.XXXXXX"):match("^(/tmp/salon%-bench%.%w+)\n$")
  assert(folder, "no temporary folder")
  support.run("chmod 755 " .. folder .. " && mkdir " .. folder .. "/pids")
  os.execute(("(%s) >/dev/null 2>&1 &"):format(WATCHER:format(core.pid(), folder, folder)))
end

local function pid_file(pid) return ("%s/pids/%d"):format(folder, pid) end

---Starts a program in the background, its output in a file of the folder;
---returns its process id.
function support.spawn(command, log)
  local pipe = assert(io.popen(("%s </dev/null >%s/%s 2>&1 & echo $!"):format(command, folder, log)))
  local pid = pipe:read "*n"
  pipe:close()
  running[pid] = true
  support.write(pid_file(pid), pid .. "\n")
  return pid
end

---Ends a program that `spawn` started, and waits for it.
function support.stop(pid)
  if not running[pid] then return end
  running[pid] = nil
  support.run(("kill %d; n=0; while kill -0 %d && [ $n -lt 300 ]; do n=$((n+1)); sleep 0.01; done")
    :format(pid, pid))
  os.remove(pid_file(pid))
end

function support.close()
  for pid in pairs(running) do support.stop(pid) end
  if folder then support.run("rm -rf " .. folder) end
end

function support.read(name)
  local file = assert(io.open(name, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

function support.write(name, text)
  local file = assert(io.open(name, "wb"))
  file:write(text)
  assert(file:close())
end

---Runs a command that must succeed; its output without the last line end.
function support.capture(command)
  local text, code = support.run(command)
  if code ~= 0 then error(("%s\nfailed: %s"):format(text, command), 0) end
  return (text:gsub("%s+$", ""))
end

---Calls `test` until it is true.
function support.wait_until(what, test)
  local deadline = support.now() + 20
  while not test() do
    if support.now() > deadline then error("in vain waited for: " .. what, 0) end
    os.execute "sleep 0.05"
  end
end

-- The interpreter that runs this, for children; they inherit the module paths.
do
  local first = 0
  while arg[first - 1] do first = first - 1 end
  support.lua = support.quote(arg[first])
end

return support
