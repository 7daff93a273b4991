-- Bodies sent to Meet, read as its framework does: what is no JSON, what is no
-- object, and Python's way to show a value.

local json = require "salon.sandbox.json"
local errors = require "salon.sandbox.meet.errors"

local input = {}

local SYNTAX = {
  value = "Expecting value", name = "Expecting property name enclosed in double quotes",
  colon = "Expecting ':' delimiter", ["comma in object"] = "Expecting ',' delimiter",
  ["comma in list"] = "Expecting ',' delimiter", extra = "Extra data",
  string = "Unterminated string starting at", control = "Invalid control character at",
  escape = "Invalid \\escape",
}

local function syntax(text, fault)
  local line, start = 1, 0
  for stop in text:sub(1, fault.at):gmatch("()\n") do line, start = line + 1, stop end
  return ("%s: line %d column %d (char %d)"):format(SYNTAX[fault.code], line, fault.at - start + 1, fault.at)
end

local KINDS = { array = "list", string = "str", integer = "int", float = "float", boolean = "bool" }

---A value as Python's str() shows it.
function input.python(node, inside)
  if node.t == "boolean" then return node.v and "True" or "False" end
  if node.t == "null" then return "None" end
  if node.t == "string" then return inside and "'" .. node.v .. "'" or node.v end
  if node.t == "integer" or node.t == "float" then return node.v end
  local parts = {}
  if node.t == "array" then
    for i, item in ipairs(node.v) do parts[i] = input.python(item, true) end
    return "[" .. table.concat(parts, ", ") .. "]"
  end
  for i, key in ipairs(node.keys) do
    parts[i] = "'" .. key .. "': " .. input.python(node.map[key], true)
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

---The body's text. Without Content-Length the server sees none, so a chunked
---one is lost (HTTP/2 comes through a proxy, which counts for it).
local function body_of(request)
  if request:header "transfer-encoding" and not request:header "content-length" then return "" end
  return request:body()
end

local EMPTY = { t = "object", keys = {}, map = {} }

local function read_form(request)
  local node = { t = "object", keys = {}, map = {} }
  for name, value in pairs(request:form(true) or {}) do node.map[name] = { t = "string", v = value } end
  return node
end

---The body as an object node, or nil and the answer. with_form: is a form
---welcome here?
function input.object(request, with_form)
  local text = body_of(request)
  if text == "" then return EMPTY end
  local kind = request:header "content-type" or ""
  local media = kind:lower():match("^[^;%s]*")
  if media == "application/x-www-form-urlencoded" and with_form then return read_form(request) end
  if media ~= "application/json" then
    return nil, errors.detail(request, 415, ('Unsupported media type "%s" in request.'):format(kind))
  end
  local node, fault = json.read(text)
  if not node then
    local word = text:match("^%s*(-?%a+)")
    if word == "NaN" or word == "Infinity" or word == "-Infinity" then
      return nil, errors.detail(request, 400,
        ("JSON parse error - Out of range float values are not JSON compliant: '%s'"):format(word))
    end
    return nil, errors.detail(request, 400, "JSON parse error - " .. syntax(text, fault))
  end
  if node.t == "object" then return node end
  local words = node.t == "null" and "No data provided"
    or ("Invalid data. Expected a dictionary, but got %s."):format(KINDS[node.t])
  return nil, errors.answer(request, 400, json.object("non_field_errors", json.array { json.quote(words) }))
end

return input
