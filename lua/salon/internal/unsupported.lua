-- What a backend does not have is a typed response, not a nil: a service whose
-- every method says so.

local Error = require "salon.internal.error"

local unsupported = {}

---@param what string  "meet.events:list"
---@param message string
---@param hint? string
---@return salon.Error
function unsupported.error(what, message, hint)
  return Error.new {
    kind = "unsupported",
    message = what .. ": " .. message,
    hint = hint,
  }
end

---Makes an error of what the server said to an operation that it does not have.
---@param err salon.Error
---@param op table  see operation.lua
---@param server table  takes note of it
function unsupported.explain(err, op, server)
  server:lacks(op)
  err.kind = "unsupported"
  err.message = "the server does not have " .. op.name
  err.hint = op.lacking or "servers have it since " .. op.since
end

---A service of which nothing exists: methods return nil, err; `each` raises.
---@param name string  "meet.events"
---@param message string
---@param hint? string
---@return table
function unsupported.service(name, message, hint)
  local function each() Error.raise(unsupported.error(name .. ":each", message, hint)) end
  return setmetatable({ each = each }, { __index = function(_, method)
    if type(method) ~= "string" then return nil end  -- it is no list
    return function() return nil, unsupported.error(name .. ":" .. method, message, hint) end
  end })
end

return unsupported
