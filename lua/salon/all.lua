-- salon.all: several different calls at once, in no order. How they run side by
-- side stands in crew.lua.

local Crew = require "salon.internal.workers"
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
---same names. The first that returns `nil, err` cancels the rest: `nil, err`; a
---`false, err` is no failure. What one raises is raised, and cancels the rest as well.
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
  local crew = Crew.new("salon.all", "another call of salon.all failed")
  local results, workers, left, failure = {}, {}, #names, nil

  local function fail(outcome)
    if failure then return end
    failure = outcome
    crew:dismiss()
    crew:wake()
  end

  for _, name in ipairs(names) do
    if failure then break end
    workers[#workers + 1] = crew:start(function()
      local result, err = functions[name]()
      if result == nil and err ~= nil then fail { err = err } end
      results[name] = result
      left = left - 1
    end, function(e) fail { raised = true, e = e } end)
  end
  while left > 0 and not failure do crew:wait() end
  if failure then
    crew:dismiss_and_wait()
    if failure.raised then Error.raise(failure.e) end
    return nil, failure.err
  end
  for _, worker in ipairs(workers) do crew:reap(worker) end
  return results
end

return all
