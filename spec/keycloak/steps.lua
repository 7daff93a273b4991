-- What both login services are asked, in order. A step: a name, and
--   realm ("OPENTALK"), route ("token") or path below the base; method, form,
--   body, type, basic, bearer, host as wire.send takes them; keep = the name
--   under which the answer's body is remembered; "<a.refresh_token>" in a value
--   stands for a field of one. wait = seconds before it; after = { name,
--   seconds since that was kept }; admin = what the administrator does before it:
--   { user, disabled =, pending =, logout = true }.
--
-- Wrong passwords lock accounts, so no account gets two within a second, nor
-- three without a success between.

local steps = {}

local PASSWORD = "throwaway-password"
local SECRET = "throwaway-controller-secret-1234"

local function step(name, fields)
  fields.name = name
  steps[#steps + 1] = fields
end

-- Fields over the defaults of a grant; false leaves one out.
local function grant(form, changes)
  for name, value in pairs(changes or {}) do form[name] = value end
  return form
end

local function password(changes)
  return grant({ grant_type = "password", client_id = "Frontend", username = "alice",
    password = PASSWORD, scope = "openid" }, changes)
end

local function refresh(token, changes)
  return grant({ grant_type = "refresh_token", client_id = "Frontend", refresh_token = token }, changes)
end

-- Addresses -----------------------------------------------------------------

local DISCOVERY = "/.well-known/openid-configuration"
local TOKEN = "/realms/OPENTALK/protocol/openid-connect/token"

step("discovery", { method = "GET", path = "/realms/OPENTALK" .. DISCOVERY })
step("discovery with a slash at the end", { method = "GET", path = "/realms/OPENTALK" .. DISCOVERY .. "/" })
step("discovery with a doubled slash", { method = "GET", path = "/realms/OPENTALK/" .. DISCOVERY })
step("a doubled slash in front", { method = "GET", path = "//realms/OPENTALK" .. DISCOVERY })
step("discovery of an unknown realm", { method = "GET", path = "/realms/nosuch" .. DISCOVERY })
step("discovery, realm in lower case", { method = "GET", path = "/realms/opentalk" .. DISCOVERY })
step("discovery below /auth", { method = "GET", path = "/auth/realms/OPENTALK" .. DISCOVERY })
step("discovery by POST", { method = "POST", path = "/realms/OPENTALK" .. DISCOVERY })
step("discovery under another host", { method = "GET", path = "/realms/OPENTALK" .. DISCOVERY,
  host = "accounts.example:8443" })
step("discovery with a query", { method = "GET", path = "/realms/OPENTALK" .. DISCOVERY .. "?x=1" })
step("realm", { method = "GET", path = "/realms/OPENTALK" })
step("realm with a slash", { method = "GET", path = "/realms/OPENTALK/" })
step("keys", { method = "GET", route = "certs" })
step("an unknown path", { method = "GET", route = "nothing" })
step("an unknown path of the realm", { method = "GET", path = "/realms/OPENTALK/nothing" })
step("token by GET", { method = "GET", route = "token" })
step("token by PUT", { method = "PUT", route = "token", form = password() })
step("token in an unknown realm", { realm = "nosuch", form = password() })
step("token with a slash at the end", { path = TOKEN .. "/", form = password() })
step("token below /auth", { path = "/auth" .. TOKEN, form = password() })

-- Password grant --------------------------------------------------------------

step("password", { form = password(), keep = "a" })
step("password without scope", { form = password { scope = false }, keep = "plain" })
step("password, empty scope", { form = password { scope = "" } })
step("password, blank scope", { form = password { scope = " " } })
step("password, offline", { form = password { scope = "openid offline_access", username = "bob" },
  keep = "offline" })
step("password, optional scopes", { form = password { scope = "openid phone address" }, keep = "phone" })
step("password, a default scope asked for", { form = password { scope = "openid email" } })
step("password, a scope twice", { form = password { scope = "openid openid" } })
step("password, unknown scope", { form = password { scope = "openid nosuch" } })
step("password, unknown scope and wrong password", { form = password { scope = "nosuch", password = "no" } })
step("password, scope in capitals", { form = password { scope = "OpenID" } })
step("password wrong", { form = password { username = "charlie", password = "wrong" } })
step("password, unknown user", { form = password { username = "nobody" } })
step("password, disabled user", { form = password { username = "dora" } })
step("password, disabled user, wrong", { form = password { username = "dora", password = "wrong" } })
step("password, action pending", { form = password { username = "eve" } })
step("password, action pending, wrong", { form = password { username = "eve", password = "wrong" } })
step("password, incomplete profile", { form = password { username = "nora" } })
step("password, name in capitals", { form = password { username = "ALICE" } })
step("password, e-mail", { form = password { username = "alice@example.org" } })
step("password, e-mail in capitals", { form = password { username = "Alice@Example.ORG" } })
step("password, blank before the name", { form = password { username = " alice" } })
step("password with every sign", { form = password { username = "zoe",
  password = "throwaway & pass+word=100% é" } })
step("password, plus not encoded", { body = "grant_type=password&client_id=Frontend&username=zoe"
  .. "&password=throwaway+%26+pass+word%3D100%25+%C3%A9" })
step("password, lone percent", { body = "grant_type=password&client_id=Frontend&username=alice&password=100%" })
step("password, percent and no digits", { body = "grant_type=password&client_id=Frontend&username=alice&password=%zz" })
step("password, no UTF-8", { body = "grant_type=password&client_id=Frontend&username=grete&password=%ff%fe" })
step("password, no username", { form = password { username = false } })
step("password, empty username", { form = password { username = "" } })
step("password, long username", { form = password { username = ("a"):rep(300) } })
step("password, no password", { wait = 1.1, form = password { username = "grete", password = false } })
step("password, empty password", { wait = 1.1, form = password { username = "charlie", password = "" } })
step("password, right again", { wait = 1.1, form = password { username = "charlie" } })
step("password, right again for another", { form = password { username = "grete" } })
step("no grant", { form = password { grant_type = false } })
step("empty grant", { form = password { grant_type = "" } })
step("unknown grant", { form = password { grant_type = "nosuch" } })
step("unknown grant and unknown client", { form = password { grant_type = "nosuch", client_id = "nosuch" } })
step("no grant and no client", { form = { username = "alice" } })
step("no body", { body = "" })
step("a JSON body", { body = '{"grant_type":"password"}', type = "application/json" })
step("only a query", { path = TOKEN .. "?grant_type=password&client_id=Frontend&username=alice", body = "" })
step("a field twice", { body = "grant_type=password&client_id=Frontend&client_id=Frontend&username=alice" })
step("the grant twice", { body = "grant_type=password&grant_type=password&client_id=Frontend" })
step("an unknown field", { body = "grant_type=password&client_id=Frontend&username=alice&password="
  .. PASSWORD .. "&nosuch=1" })

-- Clients -----------------------------------------------------------------------

step("no client", { form = password { client_id = false } })
step("empty client", { form = password { client_id = "" } })
step("unknown client", { form = password { client_id = "nosuch" } })
step("client in lower case", { form = password { client_id = "frontend" } })
step("client switched off", { form = password { client_id = "SwitchedOff" } })
step("grant off", { form = password { client_id = "NoGrants" } })
step("grant off and wrong password", { form = password { client_id = "NoGrants", password = "wrong" } })
step("grant off and no username", { form = password { client_id = "NoGrants", username = false } })
step("grant off and unknown scope", { form = password { client_id = "NoGrants", scope = "nosuch" } })
step("no username and unknown scope", { form = password { username = false, scope = "nosuch" } })
step("disabled user and unknown scope", { form = password { username = "dora", scope = "nosuch" } })
step("a client without mappers", { form = password { client_id = "Other" }, keep = "other" })
step("public client with a secret", { form = password { client_secret = "superfluous" } })
step("secret", { form = password { client_id = "Controller", client_secret = SECRET }, keep = "secret" })
step("secret missing", { form = password { client_id = "Controller" } })
step("secret empty", { form = password { client_id = "Controller", client_secret = "" } })
step("secret wrong", { form = password { client_id = "Controller", client_secret = "wrong" } })
step("secret wrong and password wrong", { form = password { client_id = "Controller",
  client_secret = "wrong", password = "wrong" } })
step("secret wrong and unknown grant", { form = password { client_id = "Controller",
  client_secret = "wrong", grant_type = "nosuch" } })
step("secret by Basic", { form = password { client_id = false }, basic = "Controller:" .. SECRET })
step("secret wrong by Basic", { form = password { client_id = false }, basic = "Controller:wrong" })
step("unknown client by Basic", { form = password { client_id = false }, basic = "nosuch:wrong" })
step("Basic and form name the same", { form = password { client_id = "Controller" },
  basic = "Controller:" .. SECRET })
step("Basic and form differ", { form = password(), basic = "Controller:" .. SECRET })
step("wrong Basic and form differ", { form = password(), basic = "Controller:wrong" })
step("public client by Basic", { form = password { client_id = false }, basic = "Frontend:" })

-- Refresh -----------------------------------------------------------------------

step("refresh", { form = refresh "<a.refresh_token>", keep = "b" })
step("refresh, the same once more", { form = refresh "<a.refresh_token>" })
step("refresh with the newer one", { form = refresh "<b.refresh_token>" })
step("refresh without openid", { form = refresh "<plain.refresh_token>" })
step("refresh, a scope more", { form = refresh("<plain.refresh_token>", { scope = "openid" }) })
step("refresh, narrower", { form = refresh("<a.refresh_token>", { scope = "openid" }) })
step("refresh, an optional scope dropped", { form = refresh("<phone.refresh_token>", { scope = "openid" }),
  keep = "dropped" })
step("refresh, and asked for again", { form = refresh("<phone.refresh_token>", { scope = "openid phone" }) })
step("refresh after it was dropped", { form = refresh "<dropped.refresh_token>" })
step("refresh, without openid in the scope", { form = refresh("<a.refresh_token>", { scope = "email" }) })
step("refresh, unknown scope", { form = refresh("<a.refresh_token>", { scope = "openid nosuch" }) })
step("refresh, empty scope", { form = refresh("<a.refresh_token>", { scope = "" }) })
step("refresh, blank scope", { form = refresh("<a.refresh_token>", { scope = " " }) })
step("refresh, offline", { form = refresh "<offline.refresh_token>" })
step("refresh, confidential", { form = refresh("<secret.refresh_token>", { client_id = "Controller",
  client_secret = SECRET }) })
step("refresh, confidential, wrong secret", { form = refresh("<secret.refresh_token>", {
  client_id = "Controller", client_secret = "wrong" }) })
step("refresh, garbage", { form = refresh "garbage" })
step("refresh, altered", { form = refresh "<a.refresh_token>x" })
step("refresh, empty", { form = refresh "" })
step("refresh, missing", { form = refresh(false) })
step("refresh, missing, unknown scope", { form = refresh(false, { scope = "nosuch" }) })
step("refresh, garbage and unknown scope", { form = refresh("garbage", { scope = "nosuch" }) })
step("refresh with an access token", { form = refresh "<a.access_token>" })
step("refresh with an ID token", { form = refresh "<a.id_token>" })
step("refresh by another client", { form = refresh("<a.refresh_token>", { client_id = "Other" }) })
step("refresh by a client without grants", { form = refresh("<a.refresh_token>", { client_id = "NoGrants" }) })
step("refresh by an unknown client", { form = refresh("<a.refresh_token>", { client_id = "nosuch" }) })
step("refresh in another realm", { realm = "ROTATE", form = refresh "<a.refresh_token>" })
step("refresh under another host", { form = refresh "<a.refresh_token>", host = "accounts.example" })
step("refresh, still good", { form = refresh "<a.refresh_token>" })

-- Introspection ------------------------------------------------------------------

local function introspect(token, changes)
  return grant({ client_id = "Controller", client_secret = SECRET, token = token }, changes)
end

step("introspection", { route = "token/introspect", form = introspect "<a.access_token>" })
step("introspection by Basic", { route = "token/introspect", form = { token = "<a.access_token>" },
  basic = "Controller:" .. SECRET })
step("introspection, refresh token", { route = "token/introspect", form = introspect "<a.refresh_token>" })
step("introspection, ID token", { route = "token/introspect", form = introspect "<a.id_token>" })
step("introspection, not in the audience", { route = "token/introspect", form = introspect "<other.access_token>" })
step("introspection, garbage", { route = "token/introspect", form = introspect "garbage" })
step("introspection, altered", { route = "token/introspect", form = introspect "<a.access_token>x" })
step("introspection, no token", { route = "token/introspect", form = introspect(false) })
step("introspection under another host", { route = "token/introspect", form = introspect "<a.access_token>",
  host = "accounts.example" })
step("introspection, nobody asks", { route = "token/introspect", form = { token = "<a.access_token>" } })
step("introspection, wrong secret", { route = "token/introspect",
  form = introspect("<a.access_token>", { client_secret = "wrong" }) })
step("introspection, unknown client", { route = "token/introspect",
  form = introspect("<a.access_token>", { client_id = "nosuch" }) })
step("introspection, public client", { route = "token/introspect",
  form = { client_id = "Frontend", token = "<a.access_token>" } })
step("introspection by GET", { method = "GET", route = "token/introspect" })

-- Logout -------------------------------------------------------------------------

local function leave(token, changes)
  return grant({ client_id = "Frontend", refresh_token = token }, changes)
end

step("logout, garbage", { route = "logout", form = leave "garbage" })
step("logout by another client", { route = "logout", form = leave("<a.refresh_token>", { client_id = "Other" }) })
step("logout by an unknown client", { route = "logout", form = leave("<a.refresh_token>", { client_id = "nosuch" }) })
step("logout, no client", { route = "logout", form = leave("<a.refresh_token>", { client_id = false }) })
step("logout with an access token", { route = "logout", form = leave "<a.access_token>" })
step("logout, wrong secret", { route = "logout", form = leave("<secret.refresh_token>", {
  client_id = "Controller", client_secret = "wrong" }) })
step("logout", { route = "logout", form = leave "<a.refresh_token>" })
step("logout again", { route = "logout", form = leave "<a.refresh_token>" })
step("logout with a newer token", { route = "logout", form = leave "<b.refresh_token>" })
step("refresh after logout", { form = refresh "<a.refresh_token>" })
step("refresh with a newer token after logout", { form = refresh "<b.refresh_token>" })
step("introspection after logout", { route = "token/introspect", form = introspect "<a.access_token>" })
step("another session goes on", { form = refresh "<plain.refresh_token>" })
step("logout, offline", { route = "logout", form = leave "<offline.refresh_token>" })
step("refresh, offline, after logout", { form = refresh "<offline.refresh_token>" })

-- What an administrator changes ---------------------------------------------------------

step("admin: a session from before", { form = password { username = "irene" }, keep = "i1" })
step("admin: user disabled, refresh", { admin = { "irene", disabled = true }, form = refresh "<i1.refresh_token>" })
step("admin: user disabled, introspection", { route = "token/introspect", form = introspect "<i1.access_token>" })
step("admin: user disabled, password", { form = password { username = "irene" } })
step("admin: user disabled, by another client", { form = refresh("<i1.refresh_token>", { client_id = "Other" }) })
step("admin: user enabled, refresh", { admin = { "irene", disabled = false }, form = refresh "<i1.refresh_token>" })
step("admin: user enabled, introspection", { route = "token/introspect", form = introspect "<i1.access_token>" })
step("admin: another session from before", { form = password { username = "jack" }, keep = "j1" })
step("admin: action demanded, refresh", { admin = { "jack", pending = true }, form = refresh "<j1.refresh_token>" })
step("admin: action demanded, password", { form = password { username = "jack" } })
step("admin: action taken back", { admin = { "jack", pending = false }, form = password { username = "jack" },
  keep = "j2" })
step("admin: all sessions ended", { admin = { "jack", logout = true }, form = refresh "<j1.refresh_token>" })
step("admin: all sessions ended, introspection", { route = "token/introspect",
  form = introspect "<j2.access_token>" })
step("admin: all sessions ended, logout", { route = "logout", form = leave "<j2.refresh_token>" })

-- Short lives: access token 5 s, idle 10 s; other steps pass the time ------------------

step("short: password", { realm = "SHORT", form = password(), keep = "u1" })
step("short: offline", { realm = "SHORT", keep = "o1",
  form = password { username = "bob", scope = "openid offline_access" } })

-- Rotation -------------------------------------------------------------------------

step("rotation: password", { realm = "ROTATE", form = password(), keep = "r1" })
step("rotation: password of the second", { realm = "ROTATE", form = password { username = "bob" }, keep = "s1" })
step("rotation: password of the third", { realm = "ROTATE", keep = "t1",
  form = password { username = "charlie", scope = "openid offline_access" } })
step("rotation: refresh", { wait = 1.1, realm = "ROTATE", form = refresh "<r1.refresh_token>", keep = "r2" })
step("rotation: refresh of the second", { realm = "ROTATE", form = refresh "<s1.refresh_token>", keep = "s2" })
step("rotation: refresh of the third", { realm = "ROTATE", form = refresh "<t1.refresh_token>", keep = "t2" })
step("rotation: refresh again", { wait = 1.1, realm = "ROTATE", form = refresh "<r2.refresh_token>", keep = "r3" })
step("rotation: the token before", { wait = 1.1, realm = "ROTATE", form = refresh "<r1.refresh_token>" })
step("rotation: the newest after that", { realm = "ROTATE", form = refresh "<r3.refresh_token>" })
step("rotation: the token before once more", { realm = "ROTATE", form = refresh "<r1.refresh_token>" })
step("rotation: introspection after that", { realm = "ROTATE", route = "token/introspect",
  form = introspect "<r3.access_token>" })
step("rotation: logout after that", { realm = "ROTATE", route = "logout", form = leave "<r3.refresh_token>" })
step("rotation: the last one used again", { realm = "ROTATE", form = refresh "<s1.refresh_token>" })
step("rotation: the newest after that", { realm = "ROTATE", form = refresh "<s2.refresh_token>" })
step("rotation: an offline token used again", { realm = "ROTATE", form = refresh "<t1.refresh_token>" })
step("rotation: the newest offline token after that", { realm = "ROTATE", form = refresh "<t2.refresh_token>" })
step("rotation: a new login", { realm = "ROTATE", form = password(), keep = "r4" })
step("rotation: refresh of it", { realm = "ROTATE", form = refresh "<r4.refresh_token>" })
step("rotation: refused for the scope", { realm = "ROTATE", form = password { username = "bob" }, keep = "s3" })
step("rotation: that use does not count", { realm = "ROTATE",
  form = refresh("<s3.refresh_token>", { scope = "nosuch" }) })
step("rotation: good all the same", { realm = "ROTATE", form = refresh "<s3.refresh_token>" })

step("short: introspection of an expired token", { after = { "u1", 6.1 }, realm = "SHORT", route = "token/introspect",
  form = introspect "<u1.access_token>" })
step("short: refresh in time", { realm = "SHORT", form = refresh "<u1.refresh_token>", keep = "u2" })

-- Locks ----------------------------------------------------------------------------

step("lock: a session from before", { form = password { username = "frank" }, keep = "f1" })
for n = 1, 3 do
  step("lock: wrong " .. n, { wait = n > 1 and 1.2 or nil,
    form = password { username = "frank", password = "wrong" } })
end
step("lock: the right password", { wait = 1.2, form = password { username = "frank" } })
step("lock: the session goes on", { form = refresh "<f1.refresh_token>" })
step("lock: two at once, first", { form = password { username = "henry", password = "wrong" } })
step("lock: two at once, second", { form = password { username = "henry", password = "wrong" } })
step("lock: two at once, then the right one", { wait = 0.3, form = password { username = "henry" } })

step("short: refresh after the idle time", { after = { "u2", 11.1 }, realm = "SHORT",
  form = refresh "<u2.refresh_token>" })
step("short: refresh with an older one", { realm = "SHORT", form = refresh "<u1.refresh_token>" })
step("short: logout after the idle time", { realm = "SHORT", route = "logout", form = leave "<u2.refresh_token>" })
step("short: offline outlives the idle time", { realm = "SHORT", form = refresh "<o1.refresh_token>" })

return steps
