-- The grants of the token route: password, refresh token, device code and client
-- credentials. Wrong passwords lock an account, and it checks one password of an account at a time; with
-- rotation a refresh token is good once.

local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"
local device = require "salon.sandbox.login.device"
local responses = require "salon.sandbox.login.responses"
local sessions = require "salon.sandbox.login.sessions"

local grants = {}

local refuse = responses.refuse

local CHECKING = 0.05  -- seconds that a password takes, while others of the account are refused

-- Three wrong passwords, or two within a second, lock an account: for a
-- minute, or in some realms for good.
local function note_failure(person, realm)
  local now, failures = store.seconds(), person.failures
  failures[#failures + 1] = now
  local last = failures[#failures - 1]
  if #failures >= 3 or (last and now - last < 1) then
    person.locked, person.failures = store.realms[realm].locks_for_good and math.huge or now + 60, {}
  end
end

-- The one-time password of a step of 30 s (RFC 6238).
local function one_time(secret, step)
  local counter = ""
  for _ = 1, 8 do
    counter, step = string.char(step % 256) .. counter, math.floor(step / 256)
  end
  local digest = ngx.hmac_sha1(secret, counter)
  local at = digest:byte(20) % 16 + 1
  local a, b, c, d = digest:byte(at, at + 3)
  return ("%06d"):format((((a % 128 * 256 + b) * 256 + c) * 256 + d) % 1000000)
end

-- A code of now, the step before or the one after, in any order, and each only once.
local function code_fits(person, code)
  if not person.otp then return true end
  local now, used = math.floor(store.seconds() / 30), person.codes_used
  for step = now - 1, now + 1 do
    if code == one_time(person.otp, step) and not used[step] then
      used[step] = true
      return true
    end
  end
end

function grants.password(request, realm, form, client, id)
  if not client.direct then
    return refuse(400, "unauthorized_client", "Client not allowed for direct access grants")
  end
  local scope = sessions.granted(form.scope)
  if not scope then return refuse(400, "invalid_scope", "Invalid scopes: " .. form.scope) end
  if not form.username then return refuse(401, "invalid_request", "Missing parameter: username") end
  local person = store.person(realm, form.username)
  local wrong = refuse(400, "invalid_grant", "Invalid user credentials")
  if not person or person.checking or (person.locked and person.locked > store.seconds()) then return wrong end
  person.checking = true
  ngx.sleep(CHECKING)
  person.checking = nil
  if person.password ~= form.password or not code_fits(person, form.otp or form.totp) then
    note_failure(person, realm)
    return wrong
  end
  if person.disabled then return refuse(400, "invalid_grant", "Account disabled") end
  if person.pending or not person.email then
    return refuse(400, "invalid_grant", "Account is not fully set up")
  end
  person.failures = {}
  return sessions.grant(sessions.start(realm, id, person, scope), request.issuer, scope)
end

grants["urn:ietf:params:oauth:grant-type:device_code"] = device.poll

function grants.client_credentials(request, realm, form, client, id)
  if not client.service then
    return refuse(401, "unauthorized_client", client.secret and "Client not enabled to retrieve service account"
      or "Public client not allowed to retrieve service account")
  end
  local scope = sessions.granted(form.scope)
  if not scope then return refuse(400, "invalid_scope", "Invalid scopes: " .. form.scope) end
  local session = sessions.start(realm, id, store.service_account(realm, id), scope)
  session.service = true
  return sessions.grant(session, request.issuer, scope)
end

-- Using a token again ends the client's part of the session.
local function rotated(session, claims)
  if session.reused then return "Session doesn't have required client" end
  local last = session.last_used or 0
  if session.used[claims.jti] or claims.iat < last then
    session.reused, session.ended = true, true
    return claims.iat < last and "Stale token" or "Maximum allowed refresh token reuse exceeded"
  end
  session.used[claims.jti], session.last_used = true, claims.iat
end

-- Why a refresh token is refused, checked in the login service's order.
local function fault_of(request, realm, claims, id)
  local issuer_realm = claims and claims.iss:match("/realms/([^/]+)$")
  if not claims then return "Invalid refresh token" end
  if claims.iss ~= request.issuer then
    if issuer_realm ~= realm then return "Invalid refresh token" end
    return ("Invalid token issuer. Expected '%s'"):format(request.issuer)
  elseif claims.azp ~= id then
    return "Invalid refresh token. Token client and authorized client don't match"
  end
  if claims.iat < (store.not_before[realm] or 0) then return "Stale token" end
  local session = store.sessions[claims.sid]
  local rotates = store.realms[realm].rotate or store.settings.rotate
  local fault = session and rotates and rotated(session, claims)
  if fault then return fault end
  if sessions.over(claims) then return "Token is not active" end
  local alive
  alive, fault = sessions.of(claims)
  if not alive then return fault end
  if session.user.disabled then return "User disabled" end
end

function grants.refresh_token(request, realm, form, _, id)
  if not form.refresh_token then return refuse(400, "invalid_request", "No refresh token") end
  if form.scope and not sessions.granted(form.scope) then
    return refuse(400, "invalid_scope", "Invalid scopes: " .. form.scope)
  end
  local claims = tokens.read("refresh", form.refresh_token)
  local fault = fault_of(request, realm, claims, id)
  if fault then return refuse(400, "invalid_grant", fault) end
  local scope = claims.scope:gsub(" basic acr roles web%-origins$", "")
  return sessions.grant(store.sessions[claims.sid], request.issuer, sessions.narrowed(scope, form.scope), scope)
end

return grants
