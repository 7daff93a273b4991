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

---A service of which nothing exists: methods return nil, err; `each` raises.
---@param name string  "meet.events"
---@param message string
---@param hint? string
---@return table
function unsupported.service(name, message, hint)
  local service = {}
  for _, method in ipairs { "list", "get", "create", "update", "delete" } do
    service[method] = function()
      return nil, unsupported.error(name .. ":" .. method, message, hint)
    end
  end
  function service.each()
    Error.raise(unsupported.error(name .. ":each", message, hint))
  end
  return service
end

return unsupported
