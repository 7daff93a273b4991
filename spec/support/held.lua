-- What this process holds. Also for use in nginx.

local core = require "salon.core"

local held = {}

---Open descriptors. os.execute adds none, while io.popen holds two until it has
---closed one of them.
function held.descriptors()
  local name = os.tmpname()
  os.execute(("ls /proc/%d/fd | wc -l >'%s'"):format(core.pid(), name))
  local file = assert(io.open(name))
  local count = file:read "*n"
  file:close()
  os.remove(name)
  return count
end

---KiB of memory that the process occupies.
function held.resident()
  local file = io.open "/proc/self/statm"
  local pages = file:read("*l"):match "^%d+ (%d+)"
  file:close()
  return pages * 4
end

---KiB of Lua in use.
function held.memory()
  if rawget(_G, "jit") then jit.flush() end    -- compiled traces are no leak
  collectgarbage()
  collectgarbage()
  return collectgarbage "count"
end

---KiB that a step leaves behind: the median of `times` steps after a first one,
---so that what grows once, such as Lua's table of strings, does not count.
function held.growth(times, step)
  step()
  local grown, before = {}, held.memory()
  for i = 1, times do
    step()
    local now = held.memory()
    grown[i], before = now - before, now
  end
  table.sort(grown)
  return grown[math.ceil(times / 2)]
end

return held
