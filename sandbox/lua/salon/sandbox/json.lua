-- JSON of the sandbox: lua-cjson reads it, a writer of our own writes it, because
-- Debian's lua-cjson turns an empty list into {} and has no order of members. Here they
-- are sorted, "id" first: equal values give equal texts.

local cjson = require("cjson").new()
cjson.decode_invalid_numbers(false)

local json = { null = cjson.null }

local LIST = {}

---Marks a table as a list, also when it is empty.
function json.list(items) return setmetatable(items, LIST) end

function json.is_list(value)
  return type(value) == "table" and (value[1] ~= nil or getmetatable(value) == LIST)
end

function json.is_object(value) return type(value) == "table" and not json.is_list(value) end

-- lua-cjson takes any bytes and numbers such as 01.
local function is_utf8(text)
  if not text:find "[\128-\255]" then return true end
  for _, sequence in ipairs { "[\194-\223][\128-\191]", "\224[\160-\191][\128-\191]",
    "[\225-\236\238\239][\128-\191][\128-\191]", "\237[\128-\159][\128-\191]",
    "\240[\144-\191][\128-\191][\128-\191]", "[\241-\243][\128-\191][\128-\191][\128-\191]",
    "\244[\128-\143][\128-\191][\128-\191]" } do
    text = text:gsub(sequence, " ")
  end
  return not text:find "[\128-\255]"
end

local function has_odd_number(text)
  if not text:find "0%d" then return false end
  local bare = text:gsub("\\.", ""):gsub('"[^"]*"', '""')
  return (" " .. bare):find "[^%w.+-]%-?0%d" ~= nil
end

---Reads a text; nil when it is not JSON. The last of two equal members counts;
---an empty list inside of something is an empty object here.
function json.read(text)
  if text:find "^%s*%[%s*%]%s*$" then return json.list {} end
  if not is_utf8(text) or has_odd_number(text) then return nil end
  local good, value = pcall(cjson.decode, text)
  if good then return value end
end

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quote(text)
  if not text:find '[%z\1-\31"\\]' then return '"' .. text .. '"' end    -- nearly always
  return '"' .. text:gsub('[%z\1-\31"\\]', function(c) return ESCAPES[c] or ("\\u%04x"):format(c:byte()) end) .. '"'
end

---A value as JSON text.
function json.write(value)
  if type(value) == "string" then return quote(value) end
  if value == json.null then return "null" end
  if type(value) == "number" then return (("%.14g"):format(value):gsub(",", ".")) end  -- the locale's
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  if json.is_list(value) then
    for i, item in ipairs(value) do parts[i] = json.write(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for name, member in pairs(value) do
    if name ~= "id" then parts[#parts + 1] = quote(name) .. ":" .. json.write(member) end
  end
  table.sort(parts)
  if value.id ~= nil then table.insert(parts, 1, '"id":' .. json.write(value.id)) end
  return "{" .. table.concat(parts, ",") .. "}"
end

return json
