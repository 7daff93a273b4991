-- Tokens that look like the servers' own: a header, the claims, a signature of
-- the right size. Nobody verifies the signature: a token counts when the store
-- knows it, and what the store wrote down about it is what counts.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"

local tokens = {}

local function url64(bytes)
  return (ngx.encode_base64(bytes, true):gsub("+", "-"):gsub("/", "_"))
end

tokens.url64 = url64

-- The same input gives the same signature, as with real keys.
local function signature(input, size)
  local parts = {}
  for i = 1, math.ceil(size / 20) do parts[i] = ngx.hmac_sha1(store.settings.key, i .. input) end
  return table.concat(parts):sub(1, size)
end

local SIZES = { RS256 = 256, HS512 = 64, HS256 = 32 }

---Makes a token and writes down `facts` (kind, user, client, expires, ...).
function tokens.issue(algorithm, claims, facts)
  local head = json.object("alg", json.quote(algorithm), "typ", '"JWT"',
    "kid", facts.kid and json.quote(facts.kid))
  local input = url64(head) .. "." .. url64(claims)
  local token = input .. "." .. url64(signature(input, SIZES[algorithm]))
  store.tokens[token] = facts
  return token
end

function tokens.find(token) return store.tokens[token] end

---Text of 24 characters, as Keycloak's session ids.
function tokens.opaque(bytes)
  store.drawn = store.drawn + 1
  return url64(signature("opaque " .. store.drawn .. ngx.now(), bytes))
end

---Parses application/x-www-form-urlencoded; nil and "duplicate" or "percent".
function tokens.form(text)
  local fields = {}
  for pair in text:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    if (name .. value):gsub("%%%x%x", ""):find("%", 1, true) then return nil, "percent" end
    name, value = ngx.unescape_uri(name), ngx.unescape_uri(value)
    if fields[name] then return nil, "duplicate" end
    fields[name] = value
  end
  return fields
end

return tokens
