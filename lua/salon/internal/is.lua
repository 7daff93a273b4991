-- Kinds of values that users hand in: `is.text { max_chars = 255, says = "…" }`. A kind
-- is a row of options.check, and besides
--   says      what an editor and the reference tell
--   since     the server version that understands it
--   null      true: salon.null may be sent, which clears the field
--   secret    true: a salon.Secret will do, and no error of a call shows it
--   required  true: it must be given
--   taken     fun(raw, value, text): boolean  did the server do as it was told? text: of its response
--   convert   fun(value): value, message?  what is checked and sent, of what is given
--   as, to    its name in a query, and what is sent there for a value
-- When a call is made nothing here runs, but for what any_object and open_object check.

local core = require "salon.core"
local options = require "salon.internal.options"

local is = {}

local function kind(base)
  return function(more)
    local row = options.merge(base, more or {})
    if row.secret then row[#row + 1] = "secret" end
    if row.null then row[#row + 1] = "null" end
    return row
  end
end

is.text = kind { "string" }
is.flag = kind { "boolean" }
is.number = kind { "number" }
is.integer = kind { "number", integer = true }
is.rfc3339 = kind(options.RFC3339)
is.time = kind(options.TIME)  -- of the forms that salon.time has, as RFC 3339

local function unwritable(value)
  local ok, message = pcall(core.encode, value)
  return not ok and "cannot be written as JSON: " .. message or nil
end

local any_table = kind { "table" }

---Whatever JSON can hold.
function is.any_object(more)
  local row = any_table(more)
  local check = row.check
  row.check = function(value) return check and check(value) or unwritable(value) end
  return row
end

---@param row table  the words that are allowed, and what else a kind has
function is.one_of(row)
  local words, more = {}, {}
  for key, value in pairs(row) do
    if type(key) == "number" then words[key] = value else more[key] = value end
  end
  more.one_of = words
  return is.text(more)
end

---@param fields table<string, table>
---@param more? table
function is.object(fields, more)
  return any_table(options.merge({ fields = fields }, more or {}))
end

---The same, but servers may know more names: what was read can be sent back.
function is.open_object(fields, more)
  return is.object(fields, options.merge(more or {}, { open = true, check = function(value)
    local others = {}
    for name, one in pairs(value) do
      if not fields[name] then others[name] = one end
    end
    return unwritable(others)
  end }))
end

---@param items table  a kind
---@param more? table  max_items …
function is.list(items, more)
  return any_table(options.merge({ items = items }, more or {}))
end

return is
