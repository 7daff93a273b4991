-- What a backend does not have is a typed response, not a nil: a service whose
-- every method says so.

local Error = require "salon.internal.error"
local core = require "salon.core"

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
    message = ("the server ignored '%s'"):format(table.concat(names, "', '")),
    hint = "what it made is in err.made: keep it, or delete it",
    status = about.status, attempts = about.attempts, request_id = about.request_id,
    outcome = "done", made = record,
  }
end

---Does `got` have everything that `sent` has? Null is nothing; the order of a list does not count.
---@param got any
---@param sent any
---@return boolean
local function holds(got, sent)
  if sent == core.null then return got == nil or got == core.null end
  if type(sent) ~= "table" then return got == sent end
  if type(got) ~= "table" then return got == nil and next(sent) == nil end
  if #got > #sent then return false end
  for key, value in pairs(sent) do
    local found = holds(got[key], value)
    if type(key) == "number" then
      for _, item in ipairs(got) do found = found or holds(item, value) end
    end
    if not found then return false end
  end
  return true
end

---A test of what comes back under its own name, from a server that tells it.
---@param name string
---@param witness string  a field that all responses with `name` have, whatever it is
---@return fun(raw: table, value: any): boolean
function unsupported.same(name, witness)
  return function(raw, value) return raw[witness] == nil or holds(raw[name], value) end
end

---What was made or changed, unless the server left something out that was asked for.
---@param record salon.Record
---@param body table  fields that were asked for
---@param taken table<string, fun(raw: table, value: any, text: string): boolean>
---  field -> did it get through?
---@param text string  of the response
---@return salon.Record? record
---@return salon.Error? err
function unsupported.unless_taken(record, body, taken, text)
  local names = {}
  for name, is_taken in pairs(taken) do
    local value = body[name]
    if core.is_secret(value) then value = value:reveal() end
    if value ~= nil and not is_taken(record.raw, value, text) then
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
  local function each() Error.raise(unsupported.error(name .. ":each", message, hint)) end
  return setmetatable({ each = each }, { __index = function(_, method)
    if type(method) ~= "string" then return nil end  -- it is no list
    return function() return nil, unsupported.error(name .. ":" .. method, message, hint) end
  end })
end

return unsupported
