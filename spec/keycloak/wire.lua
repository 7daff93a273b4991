-- One exchange with a login service by the curl program, and what of the answer
-- can be compared between two services: addresses become BASE, what is drawn at
-- random becomes its kind and length, tokens become what is written in them.

local cjson = require "cjson"
local core = require "salon.core"
local support = require "spec.support"

local wire = {}

local FORM_ORDER = { "grant_type", "client_id", "client_secret", "username", "password", "scope",
  "refresh_token", "token", "totp" }

---A form's text; a value of false leaves the field out.
function wire.form(fields)
  local pairs_of = {}
  for _, name in ipairs(FORM_ORDER) do
    if fields[name] then
      pairs_of[#pairs_of + 1] = name
      pairs_of[#pairs_of + 1] = fields[name]
    end
  end
  return core.form(pairs_of)
end

---call: method, path (below the base), form or body, type, basic ("name:word"),
---bearer, host (header).
---@return table answer  status, headers (names in lower case), text, body
function wire.send(base, call)
  local words = { "curl -sS -i --noproxy '*' --max-time 20 --path-as-is -X", call.method or "POST",
    "-H Expect:", "-H 'Accept: application/json'" }
  local function add(option, value)
    words[#words + 1] = option .. " " .. support.quote(value)
  end
  if call.form or call.body then
    add("-H", "Content-Type: " .. (call.type or "application/x-www-form-urlencoded"))
    add("--data-binary", call.form and wire.form(call.form) or call.body)
  end
  if call.basic then add("-u", call.basic) end
  if call.bearer then add("-H", "Authorization: Bearer " .. call.bearer) end
  if call.host then add("-H", "Host: " .. call.host) end
  add("", base .. call.path)
  local output = support.run(table.concat(words, " "))
  local status, head, text = output:match("^HTTP/%S+ (%d+)[^\r\n]*(.-\r\n)\r\n(.*)$")
  assert(status, "no answer from " .. base .. ": " .. output)
  local answer = { status = tonumber(status), headers = {}, text = text }
  for name, value in head:gmatch("\r\n([^:\r\n]+):%s*([^\r\n]*)") do
    answer.headers[name:lower()] = value
  end
  local good, body = pcall(cjson.decode, text)
  answer.body = good and body or nil
  return answer
end

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

local function decode(text)
  local bits, width, bytes = 0, 0, {}
  for letter in text:gmatch(".") do
    bits, width = bits * 64 + LETTERS:find(letter, 1, true) - 1, width + 6
    if width >= 8 then
      width = width - 8
      bytes[#bytes + 1] = string.char(math.floor(bits / 2 ^ width))
      bits = bits % 2 ^ width
    end
  end
  return table.concat(bytes)
end

---Head and claims of a token.
function wire.open(token)
  local head, claims = token:match("^([%w_-]+)%.([%w_-]+)%.[%w_-]+$")
  if not head then return nil end
  return cjson.decode(decode(head)), cjson.decode(decode(claims))
end

local RANDOM = { sid = true, sub = true, at_hash = true, session_state = true, kid = true, n = true,
  x5t = true, ["x5t#S256"] = true, public_key = true, jti = true }

local comparable

local function comparable_text(text, key, base)
  if RANDOM[key] then return ("%s... (%d)"):format(text:match("^%l+:") or "", #text) end
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
  if type(value) == "string" then
    if key ~= "scope" then return comparable_text(value, key, base) end
    local words = {}
    for word in value:gmatch("%S+") do words[#words + 1] = word end
    table.sort(words)
    return table.concat(words, " ")
  elseif type(value) ~= "table" then
    return value
  elseif #value > 0 then
    return comparable_list(value, key, base)
  end
  local copy = {}
  for name, member in pairs(value) do copy[name] = comparable(member, base, name) end
  if copy.iat then copy.exp, copy.iat = copy.exp and copy.exp - copy.iat, "time" end
  return copy
end

local MEANING = { "cache-control", "pragma", "www-authenticate", "location", "referrer-policy",
  "x-robots-tag", "x-content-type-options", "x-frame-options", "strict-transport-security" }

---All of an answer that two services should have in common.
function wire.comparable(answer, base)
  local said = { status = answer.status, body = comparable(answer.body or answer.text, base) }
  local kind = answer.headers["content-type"]
  said.type = kind and kind:gsub("%s", ""):lower()
  for _, name in ipairs(MEANING) do said[name] = answer.headers[name] end
  return said
end

-- Lives may be a second shorter when the clock ticks during a call.
local function equal(one, other, key)
  if one == other then return true end
  return type(one) == "number" and type(other) == "number" and math.abs(one - other) == 1
    and (key == "exp" or key == "expires_in" or key == "refresh_expires_in")
end

local function add_differences(list, path, key, one, other)
  if type(one) ~= "table" or type(other) ~= "table" then
    if not equal(one, other, key) then
      list[#list + 1] = ("%s: %s, and %s"):format(path, core.encode { one }, core.encode { other })
    end
    return
  end
  local names = {}
  for name in pairs(one) do names[name] = true end
  for name in pairs(other) do names[name] = true end
  for name in pairs(names) do
    add_differences(list, path .. "." .. name, name, one[name], other[name])
  end
end

---What the first answer says and the second one says otherwise; "" if nothing.
function wire.differences(one, other)
  local list = {}
  add_differences(list, "answer", nil, one, other)
  table.sort(list)
  return table.concat(list, "\n")
end

return wire
