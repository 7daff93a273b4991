-- The sandbox's tokens: signed ones, which anybody with the key can verify. Each
-- issuer ("login", "refresh", "meet") has its algorithm and its key. Verified
-- tokens are remembered, so that a request costs a look-up.

local json = require "salon.sandbox.json"
local jwt = require "salon.sandbox.jwt"
local shell = require "salon.sandbox.shell"
local store = require "salon.sandbox.store"

local tokens = {}

local ALGORITHMS = { login = "RS256", refresh = "HS512", meet = "HS256" }
local MOST = 20000    -- remembered tokens

local seen, count

function tokens.forget() seen, count = { login = {}, refresh = {}, meet = {} }, 0 end

tokens.forget()

local function read(name) return shell.read(store.settings.dir .. "/" .. name) end

-- The RSA keys are made in the background at the start: the first use waits for them.
local pairs_of_keys = {}

---Key and certificate (PEM) of a use: "sig" or "enc".
function tokens.pair(use)
  local pair = pairs_of_keys[use]
  for _ = 1, 200 do
    if pair then return pair end
    local certificate = read(use .. ".pem")
    if certificate then
      pair = { key = jwt.key(read(use .. ".key")), certificate = certificate }
      pairs_of_keys[use] = pair
    else
      ngx.sleep(0.05)
    end
  end
  return assert(pair, "no RSA key was made")
end

function tokens.key_id(use)
  local pair = tokens.pair(use)
  pair.id = pair.id or jwt.sha256(jwt.modulus(pair.key))
  return pair.id
end

local function key_of(issuer)
  return issuer == "login" and tokens.pair("sig").key or issuer .. store.settings.key
end

---Signs claims.
function tokens.sign(issuer, claims)
  local head = { alg = ALGORITHMS[issuer], typ = "JWT", kid = issuer ~= "meet" and tokens.key_id "sig" or nil }
  return jwt.sign(ALGORITHMS[issuer], key_of(issuer), json.write(head), json.write(claims))
end

---The claims of a token of this issuer, expired or not; nil if it is none.
function tokens.read(issuer, token)
  local known = seen[issuer][token]
  if known == nil then
    local text = jwt.open(ALGORITHMS[issuer], key_of(issuer), token)
    known = text and json.read(text) or false
    if count >= MOST then tokens.forget() end
    seen[issuer][token], count = known, count + 1
  end
  return known or nil
end

---The claim at_hash of an ID token.
function tokens.half_hash(token) return jwt.encode(jwt.decode(jwt.sha256(token)):sub(1, 16)) end

---A text that cannot be guessed, for session ids.
function tokens.opaque(size)
  store.drawn = store.drawn + 1
  return jwt.encode((ngx.hmac_sha1(store.settings.key, "opaque " .. store.drawn .. ngx.now())):sub(1, size))
end

return tokens
