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

---Reads a text; nil when it is not JSON. The last of two equal members counts;
---an empty list inside of something is an empty object here.
function json.read(text)
  if text:find "^%s*%[%s*%]%s*$" then return json.list {} end
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
