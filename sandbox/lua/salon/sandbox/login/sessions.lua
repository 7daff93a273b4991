-- Sessions at the login service and the tokens of one: claims, lives, scopes.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"
local answers = require "salon.sandbox.login.answers"

local sessions = {}

local q = json.quote

local KNOWN = {}
for word in ("openid email profile offline_access phone address roles basic acr web-origins "
  .. "organization service_account microprofile-jwt"):gmatch("%S+") do KNOWN[word] = true end

-- Scopes a client has by default come whether asked for or not.
local DEFAULT = { email = true, profile = true }

---What asking for `asked` gives; nil when a word is unknown or there is none.
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

---A refresh may leave out what is no default, and add nothing.
function sessions.narrowed(scope, asked)
  local kept = scope:gsub("%S+%s*", function(word)
    local bare = word:match("%S+")
    if asked and not DEFAULT[bare] and not has_scope(asked, bare) then return "" end
  end)
  return (kept:gsub("%s+$", ""))
end

function sessions.start(realm, client_id, user, scope)
  local old = store.settings.keycloak == "26.0"
  local session = { id = old and store.random:uuid() or tokens.opaque(18), realm = realm,
    client = client_id, user = user, started = math.floor(store.seconds()), used = {},
    offline = has_scope(scope, "offline_access") and true }
  session.touched = session.started
  store.sessions[session.id] = session
  return session
end

---Has the time of these claims run out? The second that they name still counts.
function sessions.over(claims) return claims.exp < math.floor(store.seconds()) end

---Is the session of these claims alive? It, or nil and the login service's words.
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

local function roles_of(realm)
  return ('["offline_access","uma_authorization","default-roles-%s"]'):format(realm:lower())
end

-- The claims about the person.
local function personal(user, client, realm)
  return "email_verified", "true", "name", q(user.given .. (user.family and " " .. user.family or "")),
    "x_grp", client.groups and roles_of(realm) or nil,
    "tenant_id", client.groups and user.tenant and q(user.tenant) or nil,
    "tariff_id", client.groups and user.tariff and q(user.tariff) or nil,
    "nickname", client.groups and user.nickname and q(user.nickname) or nil,
    "preferred_username", q(user.name), "given_name", q(user.given),
    "family_name", user.family and q(user.family), "email", user.email and q(user.email)
end

local TYPES = { access = "Bearer", id = "ID" }

-- An access token's id tells the kind of session (on, off) and the grant (ro:
-- password, rt: refresh).
local function prefix_of(session, kind, refreshed)
  if kind ~= "access" or store.settings.keycloak == "26.0" then return "" end
  return (session.offline and "of" or "on") .. "rt" .. (refreshed and "rt:" or "ro:")
end

local function issue(session, kind, issuer, scope, now, life, refreshed, access)
  local client, user, realm = store.clients[session.client], session.user, session.realm
  local prefix = prefix_of(session, kind, refreshed)
  local function claims(...)
    return json.object("exp", ("%d"):format(now + life), "iat", ("%d"):format(now),
      "jti", q(prefix .. store.random:uuid()), "iss", q(issuer), ...)
  end
  if kind == "refresh" then
    return tokens.sign("refresh", claims("aud", q(issuer), "sub", q(user.sub),
      "typ", session.offline and '"Offline"' or '"Refresh"', "azp", q(session.client),
      "sid", q(session.id), "scope", q(scope .. " basic acr roles web-origins")))
  elseif kind == "id" then
    return tokens.sign("login", claims("aud", q(session.client), "sub", q(user.sub),
      "typ", q(TYPES.id), "azp", q(session.client), "sid", q(session.id),
      "at_hash", q(tokens.half_hash(access)), "acr", '"1"', personal(user, client, realm)))
  end
  return tokens.sign("login", claims(
    "aud", client.audience and '["Controller","account"]' or '"account"', "sub", q(user.sub),
    "typ", q(TYPES.access), "azp", q(session.client), "sid", q(session.id), "acr", '"1"',
    "allowed-origins", '["http://127.0.0.1"]',
    "realm_access", '{"roles":' .. roles_of(realm) .. "}", "resource_access",
    '{"account":{"roles":["manage-account","manage-account-links","view-profile"]}}',
    "scope", q(scope), personal(user, client, realm)))
end

local ENDLESS = 1e9

---The answer of the token route for a session; no life is longer than its rest.
---full: at a refresh, all that was granted once. Who asks for less gets less in
---the access token only.
function sessions.grant(session, issuer, scope, full)
  local now = math.floor(store.seconds())
  local realm = store.realms[session.realm]
  local rest = session.offline and math.huge or session.started + realm.session - now
  local life = math.floor(math.min(store.settings.token_life or realm.access, rest))
  local idle = session.offline and 0 or math.min(realm.idle, rest)
  session.touched = now
  local access = issue(session, "access", issuer, scope, now, life, full)
  return answers.new("token", 200, json.object("access_token", q(access),
    "expires_in", ("%d"):format(life), "refresh_expires_in", ("%d"):format(idle),
    "refresh_token", q(issue(session, "refresh", issuer, full or scope, now, session.offline and ENDLESS or idle)),
    "token_type", '"Bearer"',
    "id_token", has_scope(full or scope, "openid") and q(issue(session, "id", issuer, scope, now, life, nil, access)),
    "not-before-policy", "0", "session_state", q(session.id), "scope", q(scope)))
end

return sessions
