-- The login service, as Keycloak 26: discovery, token route (password and
-- refresh grants), userinfo, introspection, logout. The issuer follows the Host
-- header, and tokens are bound to it.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"

local login = {}

local q = json.quote
local KEY_ID = "sandbox-9WQJJAQ8GlR9vQ0ZH7Ai0CDgTHLsWJv1ve0zN2d"

-- Headers ---------------------------------------------------------------

local function headers(extra)
  local all = { ["Content-Type"] = "application/json", ["Referrer-Policy"] = "no-referrer",
    ["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains",
    ["X-Content-Type-Options"] = "nosniff", ["X-Frame-Options"] = "SAMEORIGIN",
    ["X-Robots-Tag"] = "none" }
  for name, value in pairs(extra or {}) do all[name] = value end
  return all
end

local TOKEN_ROUTE = headers { ["Cache-Control"] = "no-store", Pragma = "no-cache" }
local PLAIN, NOT_CACHED = headers(), headers { ["Cache-Control"] = "no-cache" }

local function answer(status, body, head) return { status = status, headers = head or PLAIN, body = body } end

local function refuse(status, code, description, head)
  return answer(status, json.object("error", q(code),
    "error_description", description and q(description)), head or TOKEN_ROUTE)
end

local function bearer_error(status, realm, code, description)
  local text = ('Bearer realm="%s"'):format(realm)
  if code then
    text = ('%s, error="%s", error_description="%s"'):format(text, code, description)
  end
  local head = headers { ["Cache-Control"] = "no-store", Pragma = "no-cache",
    ["Content-Type"] = "text/plain;charset=utf-8", ["WWW-Authenticate"] = text }
  head["X-Frame-Options"] = nil
  return answer(status, "", head)
end

-- Sessions and tokens ----------------------------------------------------

-- Scopes a client has by default come whether asked for or not.
local KNOWN = { openid = true, email = true, profile = true, offline_access = true,
  phone = true, address = true, roles = true, basic = true, acr = true,
  ["web-origins"] = true, organization = true, service_account = true,
  ["microprofile-jwt"] = true }

local DEFAULT = { email = true, profile = true }

-- What `asked` gives, in Keycloak's order; nil when it holds an unknown word.
local function granted(asked)
  local has = {}
  for word in (asked or ""):gmatch("%S+") do
    if not KNOWN[word] then return nil end
    has[word] = true
  end
  if asked and not asked:find("%S") then return nil end
  local list = {}
  for _, word in ipairs { "openid", "offline_access" } do
    if has[word] then list[#list + 1] = word end
  end
  list[#list + 1], list[#list + 2] = "email", "profile"
  for _, word in ipairs { "phone", "address" } do
    if has[word] then list[#list + 1] = word end
  end
  return table.concat(list, " ")
end

local function has_scope(scope, word) return (" " .. scope .. " "):find(" " .. word .. " ", 1, true) end

local function roles_of(realm)
  return ('["offline_access","uma_authorization","default-roles-%s"]'):format(realm:lower())
end

-- The claims about the person, as userinfo shows them.
local function personal(person, client, realm)
  return "sub", q(person.sub), "email_verified", "true",
    "name", q(person.given .. (person.family and " " .. person.family or "")),
    "x_grp", client.groups and roles_of(realm) or nil,
    "preferred_username", q(person.name), "given_name", q(person.given),
    "family_name", person.family and q(person.family), "email", person.email and q(person.email)
end

local function issue(session, kind, issuer, scope, now, life)
  local expires = now + life
  local facts = { kind = kind, session = session, user = session.user, client = session.client,
    realm = session.realm, issuer = issuer, scope = scope, issued = now, expires = expires,
    audience = session.settings.audience, groups = session.settings.groups,
    kid = KEY_ID }
  local exp, iat = ("%d"):format(expires), ("%d"):format(now)
  local jti = q((kind == "access" and "onrtro:" or "") .. store.random:uuid())
  if kind == "refresh" then
    return tokens.issue("HS512", json.object("exp", exp, "iat", iat, "jti", jti,
      "iss", q(issuer), "aud", q(issuer), "sub", q(session.user.sub),
      "typ", session.offline and '"Offline"' or '"Refresh"', "azp", q(session.client),
      "sid", q(session.id), "scope", q(scope .. " basic acr roles web-origins")), facts)
  elseif kind == "id" then
    return tokens.issue("RS256", json.object("exp", exp, "iat", iat, "jti", jti,
      "iss", q(issuer), "aud", q(session.client), "typ", '"ID"', "azp", q(session.client),
      "sid", q(session.id), "at_hash", q(tokens.opaque(16)), "acr", '"1"',
      personal(session.user, session.settings, session.realm)), facts)
  end
  facts.text = json.object("exp", exp, "iat", iat, "jti", jti, "iss", q(issuer),
    "aud", facts.audience and '["Controller","account"]' or '"account"',
    "typ", '"Bearer"', "azp", q(session.client), "sid", q(session.id), "acr", '"1"',
    "allowed-origins", '["http://127.0.0.1"]',
    "realm_access", '{"roles":' .. roles_of(session.realm) .. "}",
    "resource_access",
    '{"account":{"roles":["manage-account","manage-account-links","view-profile"]}}',
    "scope", q(scope), personal(session.user, session.settings, session.realm))
  return tokens.issue("RS256", facts.text, facts)
end

-- The answer of the token route for a session; both lives end with it.
local function grant(session, issuer, scope)
  local now = math.floor(store.seconds())
  local realm = store.realms[session.realm]
  local rest = session.offline and math.huge or session.started + realm.session - now
  local life = math.min(store.settings.token_life or realm.access, rest)
  local idle = session.offline and 0 or math.min(realm.idle, rest)
  local refresh = issue(session, "refresh", issuer, scope, now, session.offline and 1e9 or idle)
  return answer(200, json.object(
    "access_token", q(issue(session, "access", issuer, scope, now, life)),
    "expires_in", ("%d"):format(life), "refresh_expires_in", ("%d"):format(idle),
    "refresh_token", q(refresh), "token_type", '"Bearer"',
    "id_token", has_scope(scope, "openid") and q(issue(session, "id", issuer, scope, now, life)),
    "not-before-policy", "0", "session_state", q(session.id), "scope", q(scope)),
    TOKEN_ROUTE)
end

local function new_session(realm, client_id, user, scope)
  return { id = tokens.opaque(18), realm = realm, client = client_id, user = user,
    settings = store.clients[client_id], offline = has_scope(scope, "offline_access") and true,
    started = math.floor(store.seconds()) }
end

---Is a token good at the login service? Facts, or nil and the reason.
function login.check(token, kind)
  local facts = tokens.find(token)
  if not facts or facts.kind ~= kind then return nil, "Token verification failed" end
  if facts.expires <= store.seconds() then return nil, "Token verification failed" end
  if facts.session.ended then return nil, "user_session_not_found" end
  if facts.user.disabled then return nil, "User disabled" end
  return facts
end

-- Who asks: the client of the form or of HTTP Basic; nil and an answer when it
-- is not one.
local function client_of(request, form)
  local id, secret = form.client_id, form.client_secret
  local basic = (request:header "authorization" or ""):match("^[Bb]asic%s+(%S+)$")
  if basic then
    local name, word = (ngx.decode_base64(basic) or ""):match("^([^:]*):(.*)$")
    if not id or id == name then id, secret = name, word end
  end
  local client = id and store.clients[id]
  local message = "Invalid client or Invalid client credentials"
  if not client or client.disabled then return nil, refuse(401, "invalid_client", message) end
  if client.secret and client.secret ~= secret then
    local refusal = refuse(401, "unauthorized_client", message)
    refusal.known = true
    return nil, refusal
  end
  return client, id
end

-- Grants ----------------------------------------------------------------

-- Three wrong passwords, or two within a second, lock an account for a minute.
local function note_failure(person)
  local now, failures = store.seconds(), person.failures
  failures[#failures + 1] = now
  local last = failures[#failures - 1]
  if #failures >= 3 or (last and now - last < 1) then
    person.locked, person.failures = now + 60, {}
  end
end

local GRANTS = {}

function GRANTS.password(request, realm, form, client, id)
  if not client.direct then
    return refuse(400, "unauthorized_client", "Client not allowed for direct access grants")
  elseif not form.username then
    return refuse(401, "invalid_request", "Missing parameter: username")
  end
  local scope = granted(form.scope)
  if not scope then return refuse(400, "invalid_scope", "Invalid scopes: " .. form.scope) end
  local person = store.person(form.username)
  local wrong = refuse(400, "invalid_grant", "Invalid user credentials")
  if not person or (person.locked and person.locked > store.seconds()) then return wrong end
  if person.password ~= form.password then
    note_failure(person)
    return wrong
  end
  if person.disabled then return refuse(400, "invalid_grant", "Account disabled") end
  if person.pending then return refuse(400, "invalid_grant", "Account is not fully set up") end
  person.failures = {}
  return grant(new_session(realm, id, person, scope), request.issuer, scope)
end

-- With rotation a token is good once; using it again ends the session.
local function rotated(session, facts)
  if session.reused then return "Session doesn't have required client" end
  local last = session.last_used or 0
  if facts.used or facts.issued < last then
    session.reused, session.ended = true, true
    return facts.issued < last and "Stale token" or "Maximum allowed refresh token reuse exceeded"
  end
  facts.used, session.last_used = true, facts.issued
end

local function refresh_fault(request, realm, facts, id)
  if not facts or facts.kind ~= "refresh" or facts.realm ~= realm then
    return "Invalid refresh token"
  elseif facts.issuer ~= request.issuer then
    return ("Invalid token issuer. Expected '%s'"):format(request.issuer)
  elseif facts.client ~= id then
    return "Invalid refresh token. Token client and authorized client don't match"
  end
  local session = facts.session
  local fault = store.realms[realm].rotate and rotated(session, facts)
  if fault then return fault end
  if session.ended then
    return session.offline and "Offline user session not found" or "Session not active"
  elseif facts.expires <= store.seconds() then
    return "Token is not active"
  elseif facts.user.disabled then
    return "User disabled"
  end
end

function GRANTS.refresh_token(request, realm, form, _, id)
  if not form.refresh_token then return refuse(400, "invalid_request", "No refresh token") end
  if form.scope and not granted(form.scope) then
    return refuse(400, "invalid_scope", "Invalid scopes: " .. form.scope)
  end
  local facts = tokens.find(form.refresh_token)
  local fault = refresh_fault(request, realm, facts, id)
  if fault then return refuse(400, "invalid_grant", fault) end
  -- What is no default of the client can be left out, nothing can be added.
  local scope = facts.scope:gsub("%S+%s*", function(word)
    local bare = word:match("%S+")
    if form.scope and not DEFAULT[bare] and not has_scope(form.scope, bare) then return "" end
  end)
  return grant(facts.session, request.issuer, (scope:gsub("%s+$", "")))
end

-- Routes ----------------------------------------------------------------

local ROUTES = {}

local function endpoint(issuer, name) return q(issuer .. "/protocol/openid-connect/" .. name) end

ROUTES["GET /.well-known/openid-configuration"] = function(request)
  local issuer = request.issuer
  return answer(200, json.object("issuer", q(issuer),
    "authorization_endpoint", endpoint(issuer, "auth"),
    "token_endpoint", endpoint(issuer, "token"),
    "introspection_endpoint", endpoint(issuer, "token/introspect"),
    "userinfo_endpoint", endpoint(issuer, "userinfo"),
    "end_session_endpoint", endpoint(issuer, "logout"),
    "jwks_uri", endpoint(issuer, "certs"),
    "grant_types_supported", '["password","refresh_token"]',
    "scopes_supported", '["openid","offline_access","email","profile","phone","address"]'),
    headers { ["Cache-Control"] = "no-cache, must-revalidate, no-transform, no-store" })
end

ROUTES["POST /protocol/openid-connect/token"] = function(request, realm)
  local kind = request:header "content-type" or ""
  local text = kind:find("^application/x%-www%-form%-urlencoded") and request:body() or ""
  local form, fault = tokens.form(text)
  if fault == "percent" then
    return refuse(500, "unknown_error", "For more on this error consult the server log.", PLAIN)
  elseif not form then
    return refuse(400, "invalid_request", "duplicated parameter")
  elseif not form.grant_type then
    return refuse(400, "invalid_request", "Missing form parameter: grant_type")
  end
  local client, id = client_of(request, form)
  if not client then return id end
  local run = GRANTS[form.grant_type]
  if not run then return refuse(400, "unsupported_grant_type", "Unsupported grant_type") end
  return run(request, realm, form, client, id)
end

ROUTES["GET /protocol/openid-connect/userinfo"] = function(request, realm)
  local token = (request:header "authorization" or ""):match("^[Bb][Ee][Aa][Rr][Ee][Rr]%s+(%S+)$")
  if not token then return bearer_error(401, realm) end
  local facts, reason = login.check(token, "access")
  if facts and (facts.realm ~= realm or facts.issuer ~= request.issuer) then
    facts, reason = nil, "Token verification failed"
  end
  if not facts then return bearer_error(401, realm, "invalid_token", reason) end
  if not has_scope(facts.scope, "openid") then
    return bearer_error(403, realm, "insufficient_scope", "Missing openid scope")
  end
  return answer(200, json.object(personal(facts.user, facts.session.settings, realm)), TOKEN_ROUTE)
end

ROUTES["POST /protocol/openid-connect/userinfo"] = ROUTES["GET /protocol/openid-connect/userinfo"]

ROUTES["POST /protocol/openid-connect/token/introspect"] = function(request, realm)
  local form = tokens.form(request:body()) or {}
  local client, id = client_of(request, form)
  if not client then
    return refuse(401, "invalid_client", id.known and "Client authentication failed."
      or "Invalid client or Invalid client credentials", PLAIN)
  elseif not client.secret then
    return refuse(403, "invalid_request", "Client not allowed.", PLAIN)
  end
  local facts = login.check(form.token or "", "access")
  if not facts or facts.realm ~= realm or facts.issuer ~= request.issuer
    or not (facts.audience and id == "Controller") then
    return answer(200, '{"active":false}', NOT_CACHED)
  end
  local more = json.object("client_id", q(facts.client), "username", q(facts.user.name),
    "token_type", '"Bearer"', "active", "true")
  return answer(200, facts.text:sub(1, -2) .. "," .. more:sub(2), NOT_CACHED)
end

-- Ends the session of a refresh token.
ROUTES["POST /protocol/openid-connect/logout"] = function(request, realm)
  local form = tokens.form(request:body()) or {}
  local client, id = client_of(request, form)
  if not client then return id end
  if not form.refresh_token then
    return answer(200, "<!doctype html>\n<html><body>Logging out</body></html>\n",
      headers { ["Content-Type"] = "text/html;charset=UTF-8" })
  end
  local facts = tokens.find(form.refresh_token)
  if not facts or facts.kind ~= "refresh" or facts.realm ~= realm then
    return refuse(400, "invalid_grant", "Invalid refresh token", PLAIN)
  elseif facts.client ~= id then
    return refuse(400, "invalid_grant",
      "Invalid refresh token. Token client and authorized client don't match", PLAIN)
  end
  facts.session.ended = true
  local head = headers { ["Cache-Control"] = "no-cache" }
  head["Content-Type"] = nil
  return answer(204, "", head)
end

ROUTES["GET "] = function(request, realm)
  return answer(200, json.object("realm", q(realm),
    "token-service", q(request.issuer .. "/protocol/openid-connect"),
    "account-service", q(request.issuer .. "/account"), "tokens-not-before", "0"), NOT_CACHED)
end

function login.answer(request)
  if request.path:find("//", 1, true) then
    return refuse(400, "missingNormalization", "Request path not normalized",
      { ["Content-Type"] = "application/json; charset=UTF-8" })
  end
  local realm, rest = request.path:match("^/realms/([^/]+)(.*)$")
  if not realm then
    return answer(404, '{"error":"Unable to find matching target resource method"}',
      { ["Content-Type"] = "application/json" })
  elseif not store.realms[realm] then
    return answer(404, '{"error":"Realm does not exist"}')
  end
  if #rest > 1 then rest = rest:gsub("/$", "") end
  request.issuer = request:origin() .. "/realms/" .. realm
  local route = ROUTES[request.method .. " " .. rest]
  if route then return route(request, realm) end
  for _, method in ipairs { "GET ", "POST " } do
    if ROUTES[method .. rest] and rest:find("^/protocol") then
      return answer(405, '{"error":"HTTP 405 Method Not Allowed"}')
    end
  end
  return answer(404, '{"error":"HTTP 404 Not Found"}')
end

return login
