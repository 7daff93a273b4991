-- /v1/auth/login and /v1/users/me: who one is, and the login of 2023

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"
local errors = require "salon.sandbox.opentalk.errors"
local input = require "salon.sandbox.opentalk.input"
local views = require "salon.sandbox.opentalk.views"

local users = {}

local function ok(body) return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = body } end

---Where to log in.
function users.provider(request)
  local issuer = store.settings.addresses[request.scheme].login .. "/realms/OPENTALK"
  return ok(json.object("oidc", json.object("name", '"default"', "url", json.quote(issuer))))
end

-- Takes any of the user's tokens; 2023 stores how long the session lasts.
function users.login(request, _, old)
  local values, refusal = input.body(request, { { "id_token", "string", required = true } })
  if not values then return refusal end
  local facts = tokens.find(values.id_token)
  if not facts or facts.kind == "refresh" or facts.realm ~= "OPENTALK" then
    return errors.bearer(old, "The provided id token is invalid")
  elseif facts.expires <= store.seconds() then
    return errors.bearer(old, "The user session expired", nil, nil, old and "invalid_request")
  elseif old and not facts.groups then
    return errors.json(400, "invalid_claims", "some required attributes are missing or malformed")
  end
  if old then facts.user.session_ends = facts.expires end
  return ok '{"permissions":[]}'
end

---The user of a request, or nil and the answer. The order of the checks is the
---controller's.
function users.authenticate(request, old)
  local token = (request:header "authorization" or ""):match("^Bearer (%S+)$")
  if not token then
    return nil, errors.bearer(old, "The provided access token is invalid", old
      and "Unable to parse access token" or "Unable to parse access token or invite code")
  end
  local facts = tokens.find(token)
  local invalid = "The provided access token is invalid"
  local inactive = "The provided access token expired"
  if not facts or facts.kind == "refresh" or facts.realm ~= "OPENTALK"
    or (old and not facts.groups) then
    return nil, errors.bearer(old, invalid, nil, true)
  elseif request.expired or facts.expires <= store.seconds() then
    return nil, errors.bearer(old, old and invalid or inactive, nil, true)
  end
  local user = facts.user
  if old then
    if not user.session_ends then
      local answer = errors.json(401, "unknown_sub", "Unknown subject in access token. Please login first!")
      answer.bare = true
      return nil, answer
    elseif user.session_ends < store.seconds() then
      return nil, errors.bearer(old, "The user session expired",
        "The session for this user has expired", true, "invalid_request")
    end
  end
  if facts.kind ~= "access" or facts.session.ended or user.disabled
    or not facts.audience then
    return nil, errors.bearer(old, inactive, nil, true)
  end
  if not old and not facts.scope:find "openid" then
    return nil, errors.bearer(old, invalid, nil, true)
  end
  return user
end

function users.me(_, user, old) return ok(views.me(user, old)) end

return users
