-- What clients send to the controller, read as its framework reads it: JSON
-- bodies against a list of fields, queries against a list of parameters, ids
-- in paths; with the framework's own words for what is wrong.

local json = require "salon.sandbox.json"
local time = require "salon.sandbox.time"
local errors = require "salon.sandbox.opentalk.errors"

local input = {}

local LIMIT = 2097152

-- Line and column as serde counts them: the end of a text is no column more.
local function place(text, at)
  local line, start = 1, 0
  for stop in text:sub(1, at):gmatch("()\n") do line, start = line + 1, stop end
  return (" at line %d column %d"):format(line, at - start)
end

local SYNTAX = {
  value = { "EOF while parsing a value", "expected value" },
  name = { "EOF while parsing an object", "key must be a string" },
  colon = { "EOF while parsing an object", "expected `:`" },
  ["comma in object"] = { "EOF while parsing an object", "expected `,` or `}`" },
  ["comma in list"] = { "EOF while parsing a list", "expected `,` or `]`" },
  string = { "EOF while parsing a string" },
  control = { nil, "control character (\\u0000-\\u001F) found while parsing a string" },
  escape = { nil, "invalid escape" }, extra = { nil, "trailing characters" },
}

local function syntax(text, fault)
  local words = SYNTAX[fault.code]
  if fault.code == "string" or fault.at >= #text then return words[1] .. place(text, #text) end
  return words[2] .. place(text, fault.at + 1)
end

local NAMES = { string = "a string", boolean = "a boolean", array = "a sequence",
  object = "a map", uuid = "a formatted UUID string" }

local function shown(node)
  if node.t == "string" then return "string " .. json.quote(node.v) end
  if node.t == "integer" then return "integer `" .. node.v .. "`" end
  if node.t == "float" then return "floating point `" .. node.v .. "`" end
  if node.t == "boolean" then return "boolean `" .. tostring(node.v) .. "`" end
  return ({ null = "null", array = "sequence", object = "map" })[node.t]
end

---The framework's words about a text that is no UUID; nil if it is one.
function input.uuid_fault(text)
  local bare = text:gsub("^urn:uuid:", ""):gsub("^{(.*)}$", "%1")
  local at = bare:find("[^%x-]")
  if at then
    return ("UUID parsing failed: invalid character: expected an optional prefix of `urn:uuid:` "
      .. "followed by [0-9a-fA-F-], found `%s` at %d"):format(bare:sub(at, at), at)
  end
  local digits = bare:gsub("-", "")
  if #digits ~= 32 then
    return ("UUID parsing failed: invalid length: expected length 32 for simple format, found %d"):format(#digits)
  end
end

-- Readers of single values: value, or nil and the words about it.
local READ = {}

function READ.string(node) return node.t == "string" and node.v or nil end
function READ.boolean(node) if node.t == "boolean" then return node.v end end

function READ.strings(node)
  if node.t ~= "array" then return nil end
  local list = {}
  for i, item in ipairs(node.v) do
    if item.t ~= "string" then
      return nil, ("invalid type: %s, expected a string"):format(shown(item)), item.e
    end
    list[i] = item.v
  end
  return list
end

function READ.uuid(node)
  if node.t ~= "string" then return nil end
  local fault = input.uuid_fault(node.v)
  if fault then return nil, fault end
  return node.v:lower()
end

function READ.time(node)
  if node.t ~= "string" then return nil end
  return time.parse(node.v)
end

-- { datetime, timezone }: IANA names are taken by their look.
function READ.zoned(node)
  if node.t ~= "object" then return nil end
  local moment, zone = node.map.datetime, node.map.timezone
  if not moment then return nil, "missing field `datetime`", node.e end
  if not zone then return nil, "missing field `timezone`", node.e end
  local at, fault = READ.time(moment)
  if not at then return nil, fault or "invalid type: " .. shown(moment), moment.e end
  if zone.t ~= "string" or not input.is_zone(zone.v) then
    return nil, ("'%s' is not a valid timezone"):format(tostring(zone.v)), zone.e
  end
  return { at = at, timezone = zone.v }
end

local EXPECTED = { strings = NAMES.array, time = NAMES.string, zoned = "struct DateTimeTz" }

---Is this a name of the time zone database? Asked of the machine's own copy.
function input.is_zone(name)
  if name == "UTC" then return true end
  if not name:find("^%u[%w_+-]*/[%w_/+-]+$") then return false end
  local file = io.open("/usr/share/zoneinfo/" .. name, "rb")
  if file then file:close(); return true end
  -- A machine without that copy: the region decides.
  local base = io.open("/usr/share/zoneinfo/UTC", "rb")
  if base then base:close(); return false end
  return name:find("^Europe/B") ~= nil or name:find("^America/N") ~= nil
end

---400 in the words of the framework's JSON reader.
function input.json_fault(words) return errors.json(400, "invalid_json", "Json deserialize error: " .. words) end

---Reads the request's body as an object. fields: { name, kind, required? or
---null = true }. Returns the values and the set of names that were sent (null
---as `false` in it), or nil and the answer.
function input.body(request, fields, closed)
  local kind = (request:header "content-type" or ""):lower()
  if not (kind:find("^application/json") or kind:find("^application/[%w.-]+%+json")) then
    return nil, errors.json(400, "invalid_content_type", "Content type error")
  end
  local length = tonumber(request:header "content-length")
  if length and length > LIMIT then
    return nil, errors.json(400, "payload_overflow",
      ("JSON payload (%d bytes) is larger than allowed (limit: %d bytes)."):format(length, LIMIT))
  end
  local text = request:body()
  local function refuse(words)
    return nil, input.json_fault(words)
  end
  local node, fault = json.read(text)
  if not node then return refuse(syntax(text, fault)) end
  if node.t == "array" and not closed then    -- a list gives the fields in their order
    local list = node
    node = { t = "object", keys = {}, map = {}, e = list.e }
    for i, field in ipairs(fields) do
      if list.v[i] then node.keys[i], node.map[field[1]] = field[1], list.v[i] end
    end
  end
  if node.t ~= "object" then
    return refuse(("invalid type: %s, expected a map"):format(shown(node)) .. place(text, node.e))
  end
  local by_name, values, sent = {}, {}, {}
  for _, field in ipairs(fields) do by_name[field[1]] = field end
  for _, key in ipairs(node.keys) do
    local field, item = by_name[key], node.map[key]
    if not field and closed then return refuse(closed) end
    if field then
      sent[key] = true
      if item.t == "null" and field.null then
        sent[key] = false
      else
        local value, words, at = READ[field[2]](item)
        if value == nil then
          words = words or ("invalid type: %s, expected %s"):format(shown(item),
            EXPECTED[field[2]] or NAMES[field[2]])
          return refuse(words .. place(text, at or item.e))
        end
        values[key] = value
      end
    end
  end
  for _, field in ipairs(fields) do
    if field.required and sent[field[1]] == nil then
      return refuse(("missing field `%s`"):format(field[1]) .. place(text, node.e))
    end
  end
  return values, sent
end

---How many characters a text has.
function input.characters(text)
  local _, n = text:gsub("[^\128-\191]", "")
  return n
end

---The parameters of a query in order: list of { name, value }; the last of
---equal names counts.
function input.parameters(query)
  local list, at = {}, {}
  for pair in query:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    name, value = ngx.unescape_uri(name), ngx.unescape_uri((value:gsub("+", " ")))
    if at[name] then
      at[name].value, at[name].twice = value, true
    else
      at[name] = { name = name, value = value }
      list[#list + 1] = at[name]
    end
  end
  return list, at
end

local QUERY = {}

function QUERY.integer(text)
  if text == "" then return nil, "cannot parse integer from empty string" end
  if not text:find("^[+-]?%d+$") then return nil, "invalid digit found in string" end
  return tonumber(text)
end

function QUERY.unsigned(text)
  if text:find("^-") then return nil, "invalid digit found in string" end
  return QUERY.integer(text)
end

function QUERY.boolean(text)
  if text == "true" then return true elseif text == "false" then return false end
  return nil, "provided string was not `true` or `false`"
end

QUERY.time = time.parse

function QUERY.text(text) return text end

---Reads a query; kinds: name -> kind. Values, or nil and the answer.
function input.query(request, kinds)
  local list = input.parameters(request.query)
  local values = {}
  for _, parameter in ipairs(list) do
    local kind = kinds[parameter.name]
    if kind then
      if parameter.twice then
        return nil, errors.query(("duplicate field `%s`"):format(parameter.name))
      end
      local value, words = QUERY[kind](parameter.value)
      if value == nil then return nil, errors.query(words) end
      values[parameter.name] = value
    end
  end
  return values
end

return input
