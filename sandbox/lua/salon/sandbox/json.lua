-- JSON as the sandbox needs it: a reader that keeps what other readers throw
-- away (order of the keys, places, 1 or 1.0), because the servers it doubles
-- speak about these in their error messages, and a writer that joins texts.
--
-- A value read is a node: { t = type, v = value, e = bytes up to its end };
-- types: object (keys, map), array (v = list), string, integer, float (v =
-- the text as sent), boolean, null. The last of two equal keys counts.

local json = {}

local byte, find, sub, format = string.byte, string.find, string.sub, string.format

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
  ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

-- The codes passed to fail() are put into words by each system's own chapter.
local function fail(code, at) error({ code = code, at = at }, 0) end

local function utf8_char(n)
  if n < 0x80 then return string.char(n) end
  local tail = {}
  local first = 0x40
  while n >= first do
    table.insert(tail, 1, string.char(0x80 + n % 0x40))
    n = math.floor(n / 0x40)
    first = first == 0x40 and 0x20 or first / 2
  end
  return string.char(256 - 2 * first + n) .. table.concat(tail)
end

local function blanks(text, i) return find(text, "[^ \t\r\n]", i) or #text + 1 end

local function read_string(text, start)
  local parts, i = {}, start + 1
  while true do
    local stop = find(text, '["\\%c]', i)
    if not stop then fail("string", start - 1) end
    parts[#parts + 1] = sub(text, i, stop - 1)
    local c = sub(text, stop, stop)
    if c == '"' then return table.concat(parts), stop + 1 end
    if c == "\127" then
      parts[#parts + 1], i = c, stop + 1
    elseif c ~= "\\" then
      fail("control", stop - 1)
    elseif sub(text, stop + 1, stop + 1) == "u" then
      local hex = text:match("^%x%x%x%x", stop + 2) or fail("escape", stop - 1)
      local n = tonumber(hex, 16)
      i = stop + 6
      if n >= 0xD800 and n < 0xDC00 then
        local low = text:match("^\\u([dD][c-fC-F]%x%x)", i)
        if low then
          n, i = 0x10000 + (n - 0xD800) * 0x400 + tonumber(low, 16) - 0xDC00, i + 6
        end
      end
      parts[#parts + 1] = utf8_char(n)
    else
      parts[#parts + 1] = ESCAPES[sub(text, stop + 1, stop + 1)] or fail("escape", stop - 1)
      i = stop + 2
    end
  end
end

local read_value

local function read_object(text, i)
  local node = { t = "object", keys = {}, map = {} }
  i = blanks(text, i + 1)
  if byte(text, i) == 125 then node.e = i; return node, i + 1 end
  while true do
    if byte(text, i) ~= 34 then fail("name", i - 1) end
    local key, after = read_string(text, i)
    i = blanks(text, after)
    if byte(text, i) ~= 58 then fail("colon", i - 1) end
    local value
    value, i = read_value(text, blanks(text, i + 1))
    if not node.map[key] then node.keys[#node.keys + 1] = key end
    node.map[key] = value
    i = blanks(text, i)
    local c = byte(text, i)
    if c == 125 then node.e = i; return node, i + 1 end
    if c ~= 44 then fail("comma in object", i - 1) end
    i = blanks(text, i + 1)
  end
end

local function read_array(text, i)
  local node = { t = "array", v = {} }
  i = blanks(text, i + 1)
  if byte(text, i) == 93 then node.e = i; return node, i + 1 end
  while true do
    local value
    value, i = read_value(text, i)
    node.v[#node.v + 1] = value
    i = blanks(text, i)
    local c = byte(text, i)
    if c == 93 then node.e = i; return node, i + 1 end
    if c ~= 44 then fail("comma in list", i - 1) end
    i = blanks(text, i + 1)
  end
end

local WORDS = { ["true"] = { "boolean", true }, ["false"] = { "boolean", false },
  ["null"] = { "null" } }

function read_value(text, i)
  local c = sub(text, i, i)
  if c == "{" then return read_object(text, i) end
  if c == "[" then return read_array(text, i) end
  if c == '"' then
    local value, after = read_string(text, i)
    return { t = "string", v = value, e = after - 1 }, after
  end
  local number = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", i)
  if number and tonumber(number) and not number:find("%.$") then
    local kind = number:find("[.eE]") and "float" or "integer"
    return { t = kind, v = number, e = i + #number - 1 }, i + #number
  end
  local word = text:match("^%a+", i)
  local known = word and WORDS[word]
  if not known then fail("value", i - 1) end
  return { t = known[1], v = known[2], e = i + #word - 1 }, i + #word
end

---Reads a text; returns its node, or nil and { code, at = offset from 0 }.
function json.read(text)
  local ok, node, after = pcall(function()
    local value, stop = read_value(text, blanks(text, 1))
    return value, blanks(text, stop)
  end)
  if not ok then
    if type(node) ~= "table" then error(node, 0) end
    return nil, node
  end
  if after <= #text then return nil, { code = "extra", at = after - 1 } end
  return node
end

---A node as plain Lua values (null and missing keys are the same).
function json.plain(node)
  if node.t == "object" then
    local map = {}
    for key, value in pairs(node.map) do map[key] = json.plain(value) end
    return map
  elseif node.t == "array" then
    local list = {}
    for i, value in ipairs(node.v) do list[i] = json.plain(value) end
    return list
  elseif node.t == "integer" or node.t == "float" then
    return tonumber(node.v)
  end
  return node.v
end

local QUOTED = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r",
  ["\t"] = "\\t", ["\b"] = "\\b", ["\f"] = "\\f" }

---A text as a JSON string.
function json.quote(text)
  return '"' .. text:gsub('[%c"\\]', function(c)
    return QUOTED[c] or (c ~= "\127" and format("\\u%04x", byte(c)) or c)
  end) .. '"'
end

---Joins ("name", text, "name", text, ...); members whose text is nil are left out.
function json.object(...)
  local parts = {}
  for i = 1, select("#", ...), 2 do
    local name, text = select(i, ...)
    if text then parts[#parts + 1] = '"' .. name .. '":' .. text end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function json.array(texts) return "[" .. table.concat(texts, ",") .. "]" end

---Plain Lua values as JSON; tables with [1], and empty ones, are lists.
function json.write(value)
  if type(value) == "string" then return json.quote(value) end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  if value[1] ~= nil or next(value) == nil then
    for i, v in ipairs(value) do parts[i] = json.write(v) end
    return json.array(parts)
  end
  for key, v in pairs(value) do
    parts[#parts + 1] = json.quote(tostring(key)) .. ":" .. json.write(v)
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

---A node as JSON; order(keys) may bring the keys of objects into another order.
function json.render(node, order)
  if node.t == "object" then
    local parts = {}
    for i, key in ipairs(order and order(node.keys) or node.keys) do
      parts[i] = json.quote(key) .. ":" .. json.render(node.map[key], order)
    end
    return "{" .. table.concat(parts, ",") .. "}"
  elseif node.t == "array" then
    local parts = {}
    for i, value in ipairs(node.v) do parts[i] = json.render(value, order) end
    return json.array(parts)
  elseif node.t == "string" then
    return json.quote(node.v)
  end
  return node.t == "null" and "null" or tostring(node.v)
end

return json
