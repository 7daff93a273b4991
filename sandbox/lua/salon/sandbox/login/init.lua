-- The login service, as Keycloak 26: discovery, keys, token route, introspection,
-- logout. The issuer follows the Host header unless the realm has a fixed
-- address, and tokens are bound to it.

local json = require "salon.sandbox.json"
local jwt = require "salon.sandbox.jwt"
local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"
local answers = require "salon.sandbox.login.answers"
local discovery = require "salon.sandbox.login.discovery"
local grants = require "salon.sandbox.login.grants"
local sessions = require "salon.sandbox.login.sessions"

local login = {}

local q, refuse = json.quote, answers.refuse

-- Who asks: the client of the form or of HTTP Basic, and its id; nil, the
-- error's code and whether there is such a client when it is not one.
local function client_of(request, form)
  local id, secret = form.client_id, form.client_secret
  local basic = (request:header "authorization" or ""):match("^[Bb]asic%s+(%S+)$")
  if basic then
    local name, word = (ngx.decode_base64(basic) or ""):match("^([^:]*):(.*)$")
    if not id or id == name then id, secret = name, word end
  end
  local client = id and store.clients[id]
  if not client or client.disabled then return nil, "invalid_client" end
  if client.secret and client.secret ~= secret then return nil, "unauthorized_client" end
  return client, id
end

local NOT_A_CLIENT = "Invalid client or Invalid client credentials"

---Claims of an access token that is good at this realm, for this client.
function login.introspect(issuer, token, client_id)
  local claims = tokens.read("login", token)
  if not claims or claims.typ ~= "Bearer" or claims.iss ~= issuer or sessions.over(claims) then
    return nil
  end
  local session = sessions.of(claims)
  local heard = type(claims.aud) == "table" and claims.aud[1] == client_id
  if not session or session.user.disabled or not heard and store.settings.keycloak ~= "26.0" then
    return nil
  end
  return claims, session
end

local ROUTES = {}

ROUTES["GET /.well-known/openid-configuration"] = function(request)
  local old = store.settings.keycloak == "26.0"
  return answers.new("fixed", 200, discovery(request.issuer),
    old and { ["Content-Type"] = "application/json;charset=UTF-8" } or nil)
end

ROUTES["GET "] = function(request, realm)
  return answers.new("changing", 200, json.object("realm", q(realm),
    "public_key", q(ngx.encode_base64(jwt.public(tokens.pair("sig").key))),
    "token-service", q(request.issuer .. "/protocol/openid-connect"),
    "account-service", q(request.issuer .. "/account"), "tokens-not-before", "0"),
    { ["Content-Type"] = "application/json;charset=UTF-8" })
end

local function key_of(use, algorithm)
  local pair = tokens.pair(use)
  local certificate = pair.certificate:gsub("%-%-%-[^\n]*", ""):gsub("%s", "")
  local bytes = ngx.decode_base64(certificate)
  return json.object("kid", q(tokens.key_id(use)), "kty", '"RSA"', "alg", q(algorithm),
    "use", q(use), "x5c", json.array { q(certificate) }, "x5t", q(jwt.encode(ngx.sha1_bin(bytes))),
    "x5t#S256", q(jwt.sha256(bytes)), "n", q(jwt.encode(jwt.modulus(pair.key))), "e", '"AQAB"')
end

ROUTES["GET /protocol/openid-connect/certs"] = function()
  return answers.new("changing", 200, json.object("keys",
    json.array { key_of("enc", "RSA-OAEP"), key_of("sig", "RS256") }))
end

ROUTES["POST /protocol/openid-connect/token"] = function(request, realm)
  local form, fault = request:form()
  if fault == "percent" then
    return refuse("plain", 500, "unknown_error", "For more on this error consult the server log.")
  elseif not form then
    return refuse("token", 400, "invalid_request", "duplicated parameter")
  elseif not form.grant_type then
    return refuse("token", 400, "invalid_request", "Missing form parameter: grant_type")
  end
  local run = grants[form.grant_type]
  if not run then return refuse("token", 400, "unsupported_grant_type", "Unsupported grant_type") end
  local client, id = client_of(request, form)
  if not client then return refuse("token", 401, id, NOT_A_CLIENT) end
  return run(request, realm, form, client, id)
end

ROUTES["POST /protocol/openid-connect/token/introspect"] = function(request)
  local form = request:form() or {}
  local client, id = client_of(request, form)
  if not client and store.settings.keycloak == "26.0" then
    return refuse("plain", 401, "invalid_request", "Authentication failed.")
  elseif not client then
    return refuse("plain", 401, "invalid_client",
      id == "unauthorized_client" and "Client authentication failed." or NOT_A_CLIENT)
  elseif not client.secret then
    return refuse("plain", 403, "invalid_request", "Client not allowed.")
  elseif not form.token then
    return refuse("plain", 400, "invalid_request", "Token not provided.")
  end
  local claims = login.introspect(request.issuer, form.token, id)
  if not claims then return answers.new("changing", 200, '{"active":false}') end
  local more = json.object("client_id", q(claims.azp), "username", q(claims.preferred_username),
    "token_type", '"Bearer"', "active", "true")
  return answers.new("changing", 200, claims.text:sub(1, -2) .. "," .. more:sub(2))
end

-- Ends the session of a refresh token; twice is no mistake.
ROUTES["POST /protocol/openid-connect/logout"] = function(request)
  local form = request:form() or {}
  local client, id = client_of(request, form)
  if not client then return refuse("plain", 401, id, NOT_A_CLIENT) end
  local claims = form.refresh_token and tokens.read("refresh", form.refresh_token)
  if not claims or claims.iss ~= request.issuer then
    return refuse("plain", 400, "invalid_grant", "Invalid refresh token")
  elseif claims.azp ~= id then
    return refuse("plain", 400, "invalid_grant",
      "Invalid refresh token. Token client and authorized client don't match")
  end
  local session = store.sessions[claims.sid]
  if session then session.ended = true end
  local answer = answers.new("changing", 204, "", { ["Content-Security-Policy"] =
    "frame-src 'self'; frame-ancestors 'self'; object-src 'none';" })
  answer.headers["Content-Type"] = nil
  return answer
end

-- scheme://host of the issuer; behind a trusted proxy as the proxy says.
local function origin(request, realm)
  if realm.address then return realm.address end
  local prefix = store.settings.login_prefix or ""
  local scheme, host = request.scheme, request:header "host" or "127.0.0.1"
  if prefix ~= "" then
    scheme = request:header "x-forwarded-proto" or scheme
    host = request:header "x-forwarded-host" or host
    local port = request:header "x-forwarded-port"
    if port and port ~= (scheme == "https" and "443" or "80") then host = host:gsub(":%d+$", "") .. ":" .. port end
  end
  return scheme .. "://" .. host .. prefix
end

function login.answer(request)
  local path, prefix = request.path, store.settings.login_prefix or ""
  if path:sub(1, #prefix + 1) ~= prefix .. "/" then
    return answers.bare(404, "<html><body><h1>Resource not found</h1></body></html>", "text/html; charset=utf-8")
  end
  path = path:sub(#prefix + 1)
  if store.settings.keycloak == "26.0" then
    path = path:gsub("//+", "/")
  elseif path:find("//", 1, true) then
    return answers.bare(400, '{"error":"missingNormalization","error_description":"Request path not normalized"}',
      "application/json; charset=UTF-8")
  end
  local realm, rest = path:match("^/realms/([^/]+)(.*)$")
  if not realm then
    return answers.bare(404, '{"error":"Unable to find matching target resource method"}', "application/json")
  elseif not store.realms[realm] then
    return answers.new("plain", 404, '{"error":"Realm does not exist"}')
  end
  rest = rest:gsub("/$", "")
  request.issuer = origin(request, store.realms[realm]) .. "/realms/" .. realm
  local route = ROUTES[request.method .. " " .. rest]
  if route then return route(request, realm) end
  if rest:find("^/protocol") and (ROUTES["GET " .. rest] or ROUTES["POST " .. rest]) then
    return answers.new("plain", 405, '{"error":"HTTP 405 Method Not Allowed"}')
  end
  return answers.new("plain", 404, '{"error":"HTTP 404 Not Found"}')
end

return login
