-- salon.all: several different calls at once, in no order. worker_pool.lua runs them
-- side by side.

local WorkerPool = require "salon.internal.worker_pool"
local Error = require "salon.internal.error"

local function check(functions)
  if type(functions) ~= "table" then
    error("salon.all: argument must be a table of functions, got " .. type(functions), 3)
  end
  local names = {}
  for name, fn in pairs(functions) do
    if type(fn) ~= "function" then
      error(("salon.all: '%s' must be a function, got %s"):format(tostring(name), type(fn)), 3)
    end
    names[#names + 1] = name
  end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

---Calls all functions at once and gives a table of what they returned, under the
---same names. The first that returns `nil, err` cancels the rest, and so does
---an error that one raises; `false, err` is no failure.
---
---    local found, err = salon.all {
---      room = function() return ot.rooms:get(id) end,
---      rooms = function() return meet.rooms:list() end,
---    }
---
---On PUC Lua 5.1 and in nginx's init phase one is called after the other.
---@param functions table<any, function>
---@return table<any, any>? results
---@return any err
local function all(functions)
  local names = check(functions)
  local pool = WorkerPool.new("salon.all", "another call of salon.all failed")
  local results, workers, left, failure = {}, {}, #names, nil

  local function fail(outcome)
    if failure then return end
    failure = outcome
    pool:cancel()
    pool:wake()
  end

  for _, name in ipairs(names) do
    if failure then break end
    workers[#workers + 1] = pool:start(function()
      local result, err = functions[name]()
      if result == nil and err ~= nil then fail { err = err } end
      results[name] = result
      left = left - 1
    end, function(e) fail { raised = true, e = e } end)
  end
  while left > 0 and not failure do pool:wait() end
  if failure then
    pool:cancel_and_drain()
    if failure.raised then Error.raise(failure.e) end
    return nil, failure.err
  end
  for _, worker in ipairs(workers) do pool:reap(worker) end
  return results
end

return all
