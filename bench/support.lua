-- What the parts of the benchmark share: a folder, servers that end with the
-- program, running others, and how a figure is printed.

local core = require "salon.core"
local shell = require "salon.sandbox.shell"

local support = {}

support.now, support.run, support.quote = core.now, shell.run, shell.quote

---Only to see that everything runs.
support.quick = os.getenv "QUICK" == "1"

---`n`, or `few` in a quick run.
function support.at_most(few, n) return support.quick and few or n end

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
local missed, reached = {}, 0

---Begins the table in the form asked for.
function support.begin(as_markdown)
  markdown = as_markdown
  if markdown then print("\n| figure | measured | wanted | details |\n| --- | --- | --- | --- |") end
end

local function line(name, text, wanted, details)
  if markdown then
    print(("| %s | %s | %s | %s |"):format(name, text, wanted or "", details))
  else
    print(("%s: %s (%s%s)"):format(name, text, wanted and "wanted: " .. wanted .. "; " or "", details))
  end
  io.stdout:flush()
end

-- By how much `value` misses `wanted`, a text like ">= 0.75": a share of what
-- was wanted, or nil.
local function shortfall(value, wanted)
  local sign, limit = wanted:match "([<>])=? *([%d.]+)"
  limit = tonumber(limit)
  if sign == ">" and value < limit then return (limit - value) / limit end
  if sign == "<" and value > limit then return (value - limit) / limit end
end

---Prints one figure.
---@param name string
---@param format string  of the value, with its unit: "%.1f ms"
---@param value number
---@param wanted? string  "<= 1.15", ">= 50"
---@param ... any  format and values of the details
function support.figure(name, format, value, wanted, ...)
  local text = format:format(value)
  if wanted then
    local by = shortfall(value, wanted)
    if by then
      missed[#missed + 1] = ("%s: %s, wanted %s"):format(name, text, wanted)
      wanted = ("%s, missed by %.0f %%"):format(wanted, by * 100)
    else
      reached = reached + 1
    end
  end
  line(name, text, wanted, string.format(...))
end

---Says aloud what could not be measured, and why.
function support.cannot(name, why) line(name, "not measured", nil, why) end

---What was wanted and not reached, once more.
function support.summary()
  print(("\n%d of the %d figures wanted were reached."):format(reached, reached + #missed))
  for _, text in ipairs(missed) do print("missed: " .. text) end
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

---Runs `work` with a sandbox that ends with it.
function support.with_sandbox(options, work, ...)
  local sandbox = assert(require("salon.sandbox").start(options))
  local ok, err = pcall(work, sandbox, ...)
  sandbox:stop()
  if not ok then error(err, 0) end
end

---A fresh access token of the sandbox's OpenTalk.
function support.token(sandbox)
  local salon, role = require "salon", sandbox.opentalk
  local client = salon.opentalk {
    url = role.url, client_id = role.client_id, username = role.username, password = role.password,
    proxy = "",
  }
  return salon.check(client:token()):reveal()
end

---Lets `each(name, round)` measure everybody in every round, each time in
---another order; returns what it gave: name -> list.
function support.take_turns(names, rounds, each)
  local results = {}
  for _, name in ipairs(names) do results[name] = {} end
  for round = 1, rounds do
    for i = 1, #names do
      local name = names[(i + round) % #names + 1]
      results[name][round] = each(name, round)
    end
  end
  return results
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
