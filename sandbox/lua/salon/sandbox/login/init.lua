-- The login service, as Keycloak 26: discovery, keys, token route, device
-- login, logout, revocation. The
-- issuer follows the Host header unless the realm has a fixed address, and tokens
-- are bound to it.

local jwt = require "salon.sandbox.jwt"
local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"
local device = require "salon.sandbox.login.device"
local discovery = require "salon.sandbox.login.discovery"
local grants = require "salon.sandbox.login.grants"
local responses = require "salon.sandbox.login.responses"
local sessions = require "salon.sandbox.login.sessions"

local login = {}

local refuse = responses.refuse

-- The client of a request, from the form or HTTP Basic, and its id; nil and the
-- error's code when it is not one.
local function client_of(request, form)
  local id, secret = form.client_id, form.client_secret
  if secret and store.settings.basic_only then return nil, "invalid_client" end
  local basic = (request:header "authorization" or ""):match "^[Bb]asic%s+(%S+)$"
  if basic then
    local name, word = (ngx.decode_base64(basic) or ""):match "^([^:]*):(.*)$"
    name, word = ngx.unescape_uri(name or ""), ngx.unescape_uri(word or "")
    if not id or id == name then id, secret = name, word end
  end
  local client = id and store.clients[id]
  if not client or client.disabled then return nil, "invalid_client" end
  if client.secret and client.secret ~= secret then return nil, "unauthorized_client" end
  return client, id
end

local NOT_A_CLIENT = "Invalid client or Invalid client credentials"

---Is this access token good at this realm, for this client? The controller asks.
function login.is_active(issuer, token, client_id)
  local claims = tokens.read("login", token)
  if not claims or claims.typ ~= "Bearer" or claims.iss ~= issuer or sessions.over(claims)
    or store.revoked[claims.jti] or claims.iat < (store.not_before[issuer:match "[^/]+$"] or 0) then
    return false
  end
  local session = sessions.of(claims)
  return session and not session.user.disabled and type(claims.aud) == "table" and claims.aud[1] == client_id
end

local ROUTES = {}

ROUTES["GET /.well-known/openid-configuration"] = function(request)
  return responses.json(200, discovery(request.issuer, store.settings.basic_only))
end

local function key_of(use, algorithm)
  local pair = tokens.pair(use)
  local certificate = pair.certificate:gsub("%-%-%-[^\n]*", ""):gsub("%s", "")
  local bytes = ngx.decode_base64(certificate)
  return { kid = tokens.key_id(use), kty = "RSA", alg = algorithm, use = use, x5c = { certificate },
    x5t = jwt.encode(ngx.sha1_bin(bytes)), ["x5t#S256"] = jwt.sha256(bytes),
    n = jwt.encode(jwt.modulus(pair.key)), e = "AQAB" }
end

ROUTES["GET /protocol/openid-connect/certs"] = function()
  return responses.json(200, { keys = { key_of("enc", "RSA-OAEP"), key_of("sig", "RS256") } })
end

ROUTES["POST /protocol/openid-connect/token"] = function(request, realm)
  local form, fault = request:form()
  if fault == "percent" then
    return refuse(500, "unknown_error", "For more on this error consult the server log.")
  elseif not form then
    return refuse(400, "invalid_request", "duplicated parameter")
  elseif not form.grant_type then
    return refuse(400, "invalid_request", "Missing form parameter: grant_type")
  end
  local grant = grants[form.grant_type]
  if not grant then return refuse(400, "unsupported_grant_type", "Unsupported grant_type") end
  local client, id = client_of(request, form)
  if not client then return refuse(401, id, NOT_A_CLIENT) end
  local response = grant(request, realm, form, client, id)
  store.grants[#store.grants + 1] = form.grant_type .. " " .. response.status
  return response
end

ROUTES["POST /protocol/openid-connect/auth/device"] = function(request, realm)
  local form = request:form() or {}
  local client, id = client_of(request, form)
  if not client then return refuse(401, id, NOT_A_CLIENT) end
  return device.start(request, realm, form, client, id)
end

-- A refresh token takes its session along, an access token only itself.
ROUTES["POST /protocol/openid-connect/revoke"] = function(request)
  local form = request:form() or {}
  local client, id = client_of(request, form)
  if not client then return refuse(401, id, NOT_A_CLIENT) end
  if not form.token then return refuse(400, "invalid_request", "Token not provided") end
  local refresh = tokens.read("refresh", form.token)
  local claims = refresh or tokens.read("login", form.token)
  if not claims or claims.iss ~= request.issuer or refresh and store.revoked[claims.jti] then
    return refuse(200, "invalid_token", "Invalid token")
  elseif claims.azp ~= id then
    return refuse(400, "invalid_request", "Unmatching clients")
  end
  store.revoked[claims.jti] = true
  if refresh and store.sessions[claims.sid] then store.sessions[claims.sid].ended = true end
  return { status = 200, headers = {} }
end

-- Ends the session of a refresh token; twice is no mistake.
ROUTES["POST /protocol/openid-connect/logout"] = function(request)
  local form = request:form() or {}
  local client, id = client_of(request, form)
  if not client then return refuse(401, id, NOT_A_CLIENT) end
  if not form.refresh_token then
    return { status = 200, headers = { ["Content-Type"] = "text/html;charset=utf-8" },
      body = "<html><body>Do you want to log out?</body></html>" }
  end
  local claims = tokens.read("refresh", form.refresh_token)
  if not claims or claims.iss ~= request.issuer then
    return refuse(400, "invalid_grant", "Invalid refresh token")
  elseif claims.azp ~= id then
    return refuse(400, "invalid_grant", "Invalid refresh token. Token client and authorized client don't match")
  end
  local session = store.sessions[claims.sid]
  if session then session.ended = true end
  return { status = 204, headers = {} }
end

-- scheme://host of the issuer; from X-Forwarded-... behind a trusted proxy.
local function origin(request, realm)
  if realm.address then return realm.address end
  local prefix = store.settings.login_prefix
  local scheme, host = request.scheme, request:header "host" or "127.0.0.1"
  if prefix ~= "" then
    scheme = request:header "x-forwarded-proto" or scheme
    host = request:header "x-forwarded-host" or host
    local port = request:header "x-forwarded-port"
    if port and port ~= (scheme == "https" and "443" or "80") then host = host:gsub(":%d+$", "") .. ":" .. port end
  end
  return scheme .. "://" .. host .. prefix
end

function login.respond(request)
  local path, prefix = request.path, store.settings.login_prefix
  if path:sub(1, #prefix + 1) ~= prefix .. "/" then
    return { status = 404, headers = { ["Content-Type"] = "text/html; charset=utf-8" },
      body = "<html><body><h1>Resource not found</h1></body></html>" }
  end
  path = path:sub(#prefix + 1)
  if path:find("//", 1, true) then
    local response = refuse(400, "missingNormalization", "Request path not normalized")
    response.headers = { ["Content-Type"] = "application/json; charset=UTF-8" }
    return response
  end
  local name, rest = path:match "^/realms/([^/]+)(.*)$"
  local realm = store.realms[name]
  if not realm then
    return refuse(404, name and "Realm does not exist" or "Unable to find matching target resource method")
  end
  rest = rest:gsub("/$", "")
  request.issuer = origin(request, realm) .. "/realms/" .. name
  local route = ROUTES[request.method .. " " .. rest]
  if route then return route(request, name) end
  if rest:find "^/protocol" and (ROUTES["GET " .. rest] or ROUTES["POST " .. rest]) then
    return refuse(405, "HTTP 405 Method Not Allowed")
  end
  return refuse(404, "HTTP 404 Not Found")
end

return login
