-- /v1/auth/login, and authentication of all other requests

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"
local responses = require "salon.sandbox.opentalk.responses"
local input = require "salon.sandbox.opentalk.input"
local people = require "salon.sandbox.opentalk.people"
local login = require "salon.sandbox.login"

local users = {}

local function realm() return store.settings.tenants and "OPENTALK2" or "OPENTALK" end

local function issuer(scheme) return store.settings.addresses[scheme].login .. "/realms/" .. realm() end

---The login service's address.
function users.provider(request)
  return responses.ok { oidc = { name = "default", url = issuer(request.scheme) } }
end

-- Claims of a token of our realm, whatever its type; nil if it is none.
local function read(token)
  local claims = tokens.read("login", token)
  local ours = claims and (claims.iss == issuer "http" or claims.iss == issuer "https")
  return ours and claims or nil
end

local INVALID, EXPIRED = "The provided access token is invalid", "The provided access token expired"
local UNKNOWN = "Unknown %s in access token. Please login first!"

-- Why a request is refused before its route is looked at.
local REFUSALS = {
  missing = function(old)
    return responses.bearer(old, INVALID, old and "Unable to parse access token"
      or "Unable to parse access token or invite code")
  end,
  invalid = function(old) return responses.bearer(old, INVALID) end,
  -- 2023 reads the time in the token itself, later servers ask the provider.
  expired = function(old) return responses.bearer(old, old and INVALID or EXPIRED) end,
  inactive = function(old) return responses.bearer(old, EXPIRED) end,
  session = function(old)
    return responses.bearer(old, "The user session expired", "The session for this user has expired", "invalid_request")
  end,
  unknown_sub = function() return responses.error(401, "unknown_sub", UNKNOWN:format "subject") end,
  unknown_tenant = function() return responses.error(401, "unknown_tenant_id", UNKNOWN:format "tenant_id") end,
  failed = function() return responses.error(500) end,
}

users.refusals = REFUSALS

-- Has anybody of this tenant ever logged in?
local function tenant_known(tenant)
  for _, person in pairs(store.people[realm()]) do
    if person.tenant == tenant and person.session_ends then return true end
  end
end

-- The reason to refuse a token, or nil and the user; "failed" when the
-- provider or the database, which are asked in this order, do not respond.
local function judge(token, old)
  local claims = read(token)
  if not claims or (old and not claims.x_grp) then return "invalid" end
  local now = store.seconds()
  if claims.exp <= now then return "expired" end
  if store.settings.database_down then return "failed" end
  local user = store.subs[claims.sub]
  if old then
    if store.settings.tenants and not tenant_known(user and user.tenant) then return "unknown_tenant" end
    if not user or not user.session_ends then return "unknown_sub" end
    if user.session_ends < now then return "session" end
  end
  if store.settings.provider_down then return "failed" end
  if not login.is_active(claims.iss, token, "Controller") then return "inactive" end
  if not user or (not old and not claims.scope:find "openid") then return "invalid" end
  if user.unseen and not old then people.arrive(user) end
  return nil, user
end

---The user of a request, or nil and the response.
function users.authenticate(request, old)
  local token = (request:header "authorization" or ""):match("^Bearer (%S+)$")
  local reason, user = request.refusal or not token and "missing", nil
  if not reason then reason, user = judge(token, old) end
  if not reason then return user end
  local response = (REFUSALS[reason] or REFUSALS.invalid)(old)
  response.bare = reason ~= "missing"    -- a token was read: no request id
  return nil, response
end

local function claims_fault(text) return responses.error(400, "invalid_claims", text) end

local ID_TOKEN = input.fields "id_token:string!"

-- Takes any of the user's tokens; 2023 stores how long the session lasts.
function users.login(request, _, old)
  local values, refusal = input.body(request, ID_TOKEN)
  if not values then return refusal end
  local claims = read(values.id_token)
  if not claims then
    return responses.bearer(old, "The provided id token is invalid")
  elseif claims.exp <= store.seconds() then
    return responses.bearer(old, "The user session expired", nil, old and "invalid_request")
  elseif old and not claims.x_grp then
    return claims_fault "some required attributes are missing or malformed"
  elseif store.settings.tenants and not claims.tenant_id then
    return claims_fault "tenant_id missing in id_token claims"
  elseif store.settings.tenants and not claims.tariff_id then
    return claims_fault "tariff_id missing in id_token claims"
  elseif store.settings.tenants and claims.tariff_id ~= "gold" then
    return responses.error(500, "invalid_tariff_id", "JWT contained unknown tariff_id")
  end
  local user = store.subs[claims.sub]
  if user then
    user.session_ends = claims.exp
    people.arrive(user, old)
  end
  return responses.ok { permissions = json.list {} }
end

return users
