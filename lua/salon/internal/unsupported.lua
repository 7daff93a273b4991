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

---What was made, without something that was asked for.
---@param record salon.Record
---@param names string[]
---@return salon.Error  kind: unsupported; err.made: the record
function unsupported.left_out(record, names)
  local about = record.response
  return Error.new {
    kind = "unsupported",
    message = ("the server knows no '%s' and left it out"):format(table.concat(names, "', '")),
    hint = "what it made is in err.made: keep it, or delete it",
    status = about.status, attempts = about.attempts, request_id = about.request_id,
    outcome = "done", made = record,
  }
end

---What was made or changed, unless the server left something out that was asked for.
---@param record salon.Record
---@param body table  fields that were asked for
---@param taken table<string, fun(raw: table, value: any, session: salon.Session): boolean>
---  field -> did it get through?
---@param session salon.Session
---@return salon.Record? record
---@return salon.Error? err
function unsupported.unless_taken(record, body, taken, session)
  local names = {}
  for name, is_taken in pairs(taken) do
    if body[name] ~= nil and not is_taken(record.raw, body[name], session) then
      names[#names + 1] = name
    end
  end
  if names[1] == nil then return record end
  table.sort(names)
  return nil, unsupported.left_out(record, names)
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
