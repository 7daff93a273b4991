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

---What was made or changed, unless the server left something out that was asked for:
---then an error that holds it.
---@param record salon.Record
---@param body table  fields that were asked for
---@param taken table<string, fun(raw: table, value: any): boolean>  field -> did it get through?
---@return salon.Record? record
---@return salon.Error? err  kind: unsupported; err.made: the record
function unsupported.unless_taken(record, body, taken)
  local left_out = {}
  for name, is_taken in pairs(taken) do
    if body[name] ~= nil and not is_taken(record.raw, body[name]) then
      left_out[#left_out + 1] = "'" .. name .. "'"
    end
  end
  if left_out[1] == nil then return record end
  table.sort(left_out)
  local about = record.response
  return nil, Error.new {
    kind = "unsupported",
    message = "the server knows no " .. table.concat(left_out, ", ") .. " and left it out",
    hint = "what it made is in err.made: keep it, or delete it",
    status = about.status, attempts = about.attempts, request_id = about.request_id,
    outcome = "done", made = record,
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
