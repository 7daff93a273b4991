-- One exchange with a login service, and what of the response can be compared
-- between two services: addresses become BASE, what is drawn at random becomes its
-- kind and length, tokens become what is written in them.

local core = require "salon.core"
local json = require "salon.sandbox.json"
local ask = require "spec.support.ask"
local conformance = require "tools.conformance.compare"
local wire = require "tools.conformance.wire"

local compare = { open = wire.open }

---call: method ("POST"), path (below the base), form (table) or body, type, basic
---("name:word"), bearer, host (header). The response, as spec.support.ask gives it.
function compare.send(base, call)
  local fields = {}
  for name, value in pairs(call.form or {}) do
    if value then fields[#fields + 1], fields[#fields + 2] = name, value end
  end
  return ask.url(base .. call.path, { method = call.method or "POST", token = call.bearer, type = call.type,
    body = call.form and core.form(fields) or call.body, headers = { Accept = "application/json", Host = call.host },
    more = call.basic and "-u '" .. call.basic .. "'" })
end

local RANDOM = { sid = true, sub = true, at_hash = true, session_state = true, kid = true, n = true,
  x5t = true, ["x5t#S256"] = true, jti = true, device_code = true }
local USER_CODE = ("%u"):rep(4) .. "%-" .. ("%u"):rep(4)

local function comparable(value, base, key)
  if type(value) == "table" then
    if key == "x5c" then return #value end
    local copy = json.is_list(value) and json.list {} or {}
    for name, member in pairs(value) do copy[name] = comparable(member, base, name) end
    return copy
  end
  if type(value) ~= "string" then return value end
  if RANDOM[key] then return ("%s... (%d)"):format(value:match "^%l+:" or "", #value) end
  if key == "refresh_token" then return "a token" end    -- what is in it is nobody else's business
  local head, claims = wire.open(value)
  if head then return { head = comparable(head, base), claims = comparable(claims, base) } end
  return (value:gsub(base:gsub("%p", "%%%0"), "BASE"):gsub(USER_CODE, "ABCD-EFGH"))
end

-- All of a response that two services should have in common.
local function told(response, base)
  local headers = response.headers
  return { status = response.status, body = comparable(json.read(response.body) or response.body, base),
    type = (headers["content-type"] or ""):gsub("%s", ""):lower():gsub("^application/json;charset=utf%-8$",
      "application/json"), authenticate = headers["www-authenticate"], location = headers.location }
end

---What two services (address, response) say otherwise; "" if nothing.
function compare.differences(base, response, other_base, other)
  local map, list = conformance.new "services", {}
  map.tolerance = 1    -- of a life, when the clock ticks during a call
  map:value(told(response, base), told(other, other_base), "response", nil, list)
  return table.concat(list, "\n")
end

return compare
