-- Did the server take what was sent? Older ones ignore fields that they do not know, without a
-- word: then there is an error, and what was made is in it.

local Error = require "salon.internal.error"
local core = require "salon.core"

local taken = {}

---What was made, without something that was asked for.
---@param record salon.Record
---@param names string[]
---@return salon.Error  kind: unsupported; err.made: the record
function taken.left_out(record, names)
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
function taken.same(name, witness)
  return function(raw, value) return raw[witness] == nil or holds(raw[name], value) end
end

---What was made or changed, unless the server left something out that was asked for.
---@param record salon.Record
---@param body table  fields that were asked for
---@param tests table<string, fun(raw: table, value: any, text: string): boolean>
---  field -> did it get through?
---@param text string  of the response
---@return salon.Record? record
---@return salon.Error? err
function taken.check(record, body, tests, text)
  local names = {}
  for name, is_taken in pairs(tests) do
    local value = body[name]
    if core.is_secret(value) then value = value:reveal() end
    if value ~= nil and not is_taken(record.raw, value, text) then
      names[#names + 1] = name
    end
  end
  if names[1] == nil then return record end
  table.sort(names)
  return nil, taken.left_out(record, names)
end

return taken
