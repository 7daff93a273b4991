-- Sessions at the login service and the tokens of one: claims, lifetimes, scopes.

local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"
local responses = require "salon.sandbox.login.responses"

local sessions = {}

local KNOWN = {}
for word in ("openid email profile offline_access phone address roles basic acr web-origins "
  .. "organization service_account microprofile-jwt"):gmatch("%S+") do KNOWN[word] = true end

-- Scopes a client has by default come whether asked for or not.
local DEFAULT = { email = true, profile = true }

---The scope granted for `asked`; nil when a word is unknown or there is none.
function sessions.granted(asked)
  local has = { email = true, profile = true }
  for word in (asked or ""):gmatch("%S+") do
    if not KNOWN[word] then return nil end
    has[word] = true
  end
  if asked == "" then return nil end
  local list = {}
  for word in ("openid offline_access email profile phone address"):gmatch("%S+") do
    if has[word] then list[#list + 1] = word end
  end
  return table.concat(list, " ")
end

local function has_scope(scope, word) return (" " .. scope .. " "):find(" " .. word .. " ", 1, true) end

---The scope of a refresh: it may drop what is no default, and add nothing.
function sessions.narrowed(scope, asked)
  local kept = scope:gsub("%S+%s*", function(word)
    local bare = word:match("%S+")
    if asked and not DEFAULT[bare] and not has_scope(asked, bare) then return "" end
  end)
  return (kept:gsub("%s+$", ""))
end

function sessions.start(realm, client_id, user, scope)
  local session = { id = tokens.opaque(18), realm = realm,
    client = client_id, user = user, started = math.floor(store.seconds()), used = {},
    offline = has_scope(scope, "offline_access") and true }
  session.touched = session.started
  store.sessions[session.id] = session
  return session
end

---Have these claims expired? The second that they name still counts.
function sessions.over(claims) return claims.exp < math.floor(store.seconds()) end

---Is the session of these claims alive? It, or nil and the login service's message.
function sessions.of(claims)
  local session = store.sessions[claims.sid or ""]
  local now = store.seconds()
  local realm = session and store.realms[session.realm]
  if not session or session.ended or not session.offline
    and (now >= session.touched + realm.idle or now >= session.started + realm.session) then
    return nil, session and session.offline and "Offline user session not found" or "Session not active"
  end
  return session
end

-- The claims about the person, or the service account.
local function add_person(claims, user, client, roles)
  if user.service then
    claims.email_verified, claims.preferred_username, claims.client_id = false, user.name, user.service
    claims.clientHost, claims.clientAddress = "127.0.0.1", "127.0.0.1"
    return
  end
  claims.email_verified, claims.email, claims.preferred_username = true, user.email, user.name
  claims.name = user.given .. (user.family and " " .. user.family or "")
  claims.given_name, claims.family_name = user.given, user.family
  if not client.groups then return end
  claims.x_grp, claims.tenant_id, claims.tariff_id, claims.nickname = roles, user.tenant, user.tariff, user.nickname
end

-- A token of a kind: "access" (refreshed: at a refresh), "refresh", or "id" (of an access token).
local function issue(session, kind, issuer, scope, now, life, refreshed, access)
  local client, user = store.clients[session.client], session.user
  local roles = { "offline_access", "uma_authorization", "default-roles-" .. session.realm:lower() }
  local claims = { exp = now + life, iat = now, jti = store.random:uuid(), iss = issuer, sub = user.sub,
    azp = session.client, sid = not session.service and session.id or nil }
  if kind == "refresh" then
    claims.aud, claims.typ = issuer, session.offline and "Offline" or "Refresh"
    claims.scope = scope .. " basic acr roles web-origins"
    return tokens.sign("refresh", claims)
  end
  claims.acr = "1"
  add_person(claims, user, client, roles)
  if kind == "id" then
    claims.aud, claims.typ, claims.at_hash = session.client, "ID", tokens.half_hash(access)
    return tokens.sign("login", claims)
  end
  -- Its id tells the kind of session (on, off) and the grant (ro: password, rt: refresh).
  claims.jti = (session.service and "trrtcc:"
    or (session.offline and "of" or "on") .. "rt" .. (refreshed and "rt:" or "ro:")) .. claims.jti
  claims.aud, claims.typ = client.audience and { "Controller", "account" } or "account", "Bearer"
  claims.scope, claims["allowed-origins"], claims.realm_access = scope, { "http://127.0.0.1" }, { roles = roles }
  claims.resource_access = { account = { roles = { "manage-account", "manage-account-links", "view-profile" } } }
  return tokens.sign("login", claims)
end

local ENDLESS = 1e9

---The response of the token route for a session; nothing outlives it.
---full: at a refresh, the scope of the login; a narrower one applies to the access
---token only.
function sessions.grant(session, issuer, scope, full)
  local now = math.floor(store.seconds())
  local realm = store.realms[session.realm]
  local rest = session.offline and math.huge or session.started + realm.session - now
  local life = math.floor(math.min(store.settings.token_life or realm.access, rest))
  local idle = (session.offline or session.service) and 0 or math.min(realm.idle, rest)
  session.touched = now
  local access = issue(session, "access", issuer, scope, now, life, full)
  local response = { access_token = access, expires_in = life, refresh_expires_in = idle, token_type = "Bearer",
    ["not-before-policy"] = store.not_before[session.realm] or 0, scope = scope }
  if not session.service then
    response.session_state = session.id
    response.refresh_token = issue(session, "refresh", issuer, full or scope, now, session.offline and ENDLESS or idle)
  end
  if has_scope(full or scope, "openid") then
    response.id_token = issue(session, "id", issuer, scope, now, life, nil, access)
  end
  return responses.json(200, response)
end

return sessions
