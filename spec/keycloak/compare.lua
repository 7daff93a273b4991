-- One exchange with a login service, and what of the response can be compared
-- between two services: addresses become BASE, what is drawn at random becomes its
-- kind and length, tokens become what is written in them.

local cjson = require "cjson"
local core = require "salon.core"
local wire = require "tools.conformance.wire"

local compare = {}

---call: method, path (below the base), form or body, type, basic ("name:word"),
---bearer, host (header).
---@return table response  status, headers (names in lower case), text, body (decoded)
function compare.send(base, call)
  local headers = { Accept = "application/json", Host = call.host,
    Authorization = call.bearer and "Bearer " .. call.bearer }
  local body = call.body
  if call.form then
    local fields = {}
    for name, value in pairs(call.form) do
      if value then fields[#fields + 1], fields[#fields + 2] = name, value end
    end
    body = core.form(fields)
  end
  if body then headers["Content-Type"] = call.type or "application/x-www-form-urlencoded" end
  local response = assert(wire.send(base, { method = call.method or "POST", path = call.path, headers = headers,
    body = body, more = call.basic and "-u '" .. call.basic .. "'" }))
  local good, value = pcall(cjson.decode, response.body)
  response.text, response.body = response.body, good and value or nil
  return response
end

local RANDOM = { sid = true, sub = true, at_hash = true, session_state = true, kid = true, n = true,
  x5t = true, ["x5t#S256"] = true, jti = true }

local comparable

local function comparable_text(text, key, base)
  if RANDOM[key] then return ("%s... (%d)"):format(text:match "^%l+:" or "", #text) end
  if key == "refresh_token" then return "a token" end    -- what is in it is nobody else's business
  local head, claims = wire.open(text)
  if head then return { head = comparable(head, base), claims = comparable(claims, base) } end
  return (text:gsub(base:gsub("%p", "%%%0"), "BASE"))
end

local function comparable_list(list, key, base)
  if key == "x5c" then return #list end
  local copy = {}
  for i, value in ipairs(list) do copy[i] = comparable(value, base) end
  table.sort(copy, function(a, b) return core.encode(a) < core.encode(b) end)
  return copy
end

---A decoded body, ready to be compared with that of another service. The order
---of lists and of the words of a scope does not count; times become a life.
function comparable(value, base, key)
  if type(value) == "string" and key == "scope" then
    local words = {}
    for word in value:gmatch "%S+" do words[#words + 1] = word end
    table.sort(words)
    return table.concat(words, " ")
  end
  if type(value) == "string" then return comparable_text(value, key, base) end
  if type(value) ~= "table" then return value end
  if #value > 0 then return comparable_list(value, key, base) end
  local copy = {}
  for name, member in pairs(value) do copy[name] = comparable(member, base, name) end
  if copy.iat then copy.exp, copy.iat = copy.exp and copy.exp - copy.iat, "time" end
  return copy
end

---All of a response that two services should have in common.
function compare.comparable(response, base)
  local headers, kind = response.headers, response.headers["content-type"]
  return { status = response.status, body = comparable(response.body or response.text, base),
    type = kind and kind:gsub("%s", ""):lower():gsub("^application/json;charset=utf%-8", "application/json"),
    authenticate = headers["www-authenticate"], location = headers.location }
end

-- Lives may be a second shorter when the clock ticks during a call.
local LIVES = { exp = true, expires_in = true, refresh_expires_in = true }

local function add_differences(list, path, key, one, other)
  if type(one) ~= "table" or type(other) ~= "table" then
    local close = LIVES[key] and type(one) == "number" and type(other) == "number" and math.abs(one - other) <= 1
    if one ~= other and not close then
      list[#list + 1] = ("%s: %s, and %s"):format(path, core.encode { one }, core.encode { other })
    end
    return
  end
  local names = {}
  -- Of the discovery document the sandbox has what clients use.
  if not (key == "body" and other.token_endpoint) then
    for name in pairs(one) do names[name] = true end
  end
  for name in pairs(other) do names[name] = true end
  for name in pairs(names) do
    add_differences(list, path .. "." .. name, name, one[name], other[name])
  end
end

---What the first response says and the second (the sandbox's) says otherwise; "" if nothing.
function compare.differences(one, other)
  local list = {}
  add_differences(list, "response", nil, one, other)
  table.sort(list)
  return table.concat(list, "\n")
end

compare.open = wire.open

return compare
