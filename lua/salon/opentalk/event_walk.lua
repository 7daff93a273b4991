-- Walking all events. Servers up to 0.32 lose timed events that stand after a
-- time-independent one. Unless a filter keeps the two apart already, each kind is walked by
-- itself, in the server's order.

local operation = require "salon.internal.operation"

local event_walk = {}

local function with(given, name, value)
  local copy = {}
  for key, old in pairs(given) do copy[key] = old end
  copy[name] = value
  return copy
end

local function walks_both(given)
  return given.time_independent == nil and given.time_min == nil and given.time_max == nil
    and given.after == nil
end

-- How `err.resume` says that the walk broke in its first half: a cursor is no text
-- with a blank.
local FIRST_HALF = "then timed: "

local function resume_first_half(self, position)
  return with(with(self.given, "time_independent", nil), "after", FIRST_HALF .. (position or ""))
end

---@return table source
---@return table given
function event_walk.walk(op, service, keys, given)
  local resumed = given.after and given.after:sub(1, #FIRST_HALF) == FIRST_HALF
  if not (resumed or walks_both(given)) then return operation.source(op, service, keys, given), given end
  local cursor = resumed and given.after:sub(#FIRST_HALF + 1)
  local all = with(given, "after", nil)
  local first = operation.source(op, service, keys, with(all, "time_independent", true))
  first.resume = resume_first_half
  first.after = operation.source(op, service, keys, with(all, "time_independent", false))
  return first, with(all, "after", cursor ~= "" and cursor or nil)
end

return event_walk
