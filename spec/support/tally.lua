-- A busted output handler for tools/one.sh: silent about tests that pass. Prints
-- the reason of every skipped test and all about those that failed. The file that
-- SALON_TALLY names gets a line `passed failed skipped` and the name of each test
-- that failed; no such line means that the run died.
-- A skip whose full name is not in skips.lua counts as a failure.

local expected = require "spec.support.skips"
local pretty = require "pl.pretty"

local function where(entry)
  local trace = entry.element.trace or {}
  return ("%s (line %s)"):format(entry.name, tostring(trace.currentline))
end

local function text(message)
  local meta = getmetatable(message) or {}
  return meta.__tostring and tostring(message) or type(message) == "string" and message or pretty.write(message)
end

return function()
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base"()

  local function report()
    local names = {}
    for _, list in ipairs { handler.failures, handler.errors } do
      for _, entry in ipairs(list) do
        names[#names + 1] = where(entry)
        io.write("\n", where(entry), "\n", text(entry.message), "\n")
      end
    end
    local skipped = 0
    for _, entry in ipairs(handler.pendings) do
      local known = expected[entry.name]
      if known then skipped = skipped + 1 else names[#names + 1] = "skipped unexpectedly: " .. where(entry) end
      io.write(("skipped%s: %s (%s)\n"):format(known and "" or " unexpectedly", entry.name,
        entry.message and text(entry.message) or "no reason given"))
    end
    local path = os.getenv "SALON_TALLY"
    if path then
      local file = assert(io.open(path, "w"))
      file:write(("%d %d %d\n"):format(handler.successesCount, #names, skipped))
      for _, name in ipairs(names) do file:write(name:gsub("\n", " "), "\n") end
      file:close()
    end
    return nil, true
  end

  local subscribe = handler.subscribe
  function handler:subscribe(options)
    subscribe(self, options)
    busted.subscribe({ "suite", "end" }, report)
  end

  return handler
end
