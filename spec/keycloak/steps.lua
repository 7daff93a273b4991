-- What both login services are asked, in order. A row: a name, what its form is
-- made of, and
--   realm ("OPENTALK"), route ("token") or path below the base; method, body, type,
--   basic, host as spec/keycloak/compare.lua sends them; keep = the name under which the
--   body of the response is remembered: as a token, "a" is the refresh token of that
--   login, "<a.id_token>" another member; wait = seconds before it; after = { name,
--   seconds since that was kept }; admin = what the administrator does before it:
--   { user =, disabled =, pending =, logout = true }, { realm =, not_before = seconds } or
--   now as `not_before = true`. "<code.now>" in a form is a one-time code of user otto; "last"
--   and "next" are those before and after it.
--
-- Wrong passwords lock accounts, so no account gets two within a second, nor
-- three without a success between.

local steps = {}

local PASSWORD = "throwaway-password"
local SECRET = "throwaway-controller-secret-1234"

-- Adds rows; `form` makes a form of what is in the row, `common` goes for all.
local function add(form, common, rows)
  for _, row in ipairs(rows) do
    local step = { name = row[1], form = form and not row.body and form(row[2], row[3]) }
    for name, value in pairs(common) do step[name] = value end
    for name, value in pairs(row) do step[name] = value end
    steps[#steps + 1] = step
  end
end

-- Forms: fields over the defaults of a grant; false leaves one out.
local function over(form, changes)
  for name, value in pairs(changes or {}) do form[name] = value end
  return form
end

local function password(changes)
  return over({ grant_type = "password", client_id = "Frontend", username = "alice",
    password = PASSWORD, scope = "openid" }, changes)
end

local function with_token(form, token, changes)
  if token and token:find "^%w%d?$" then token = "<" .. token .. ".refresh_token>" end
  form.client_id, form.refresh_token = "Frontend", token
  return over(form, changes)
end

local function refresh(token, changes) return with_token({ grant_type = "refresh_token" }, token, changes) end
local function logout(token, changes) return with_token({}, token, changes) end

-- Addresses

local REALM = "/realms/OPENTALK"
local DISCOVERY = "/.well-known/openid-configuration"
local TOKEN = REALM .. "/protocol/openid-connect/token"

add(nil, { method = "GET" }, {
  { "discovery", path = REALM .. DISCOVERY },
  { "discovery with a slash at the end", path = REALM .. DISCOVERY .. "/" },
  { "discovery with a doubled slash", path = REALM .. "/" .. DISCOVERY },
  { "a doubled slash in front", path = "/" .. REALM .. DISCOVERY },
  { "discovery of an unknown realm", path = "/realms/nosuch" .. DISCOVERY },
  { "discovery, realm in lower case", path = "/realms/opentalk" .. DISCOVERY },
  { "discovery below /auth", path = "/auth" .. REALM .. DISCOVERY },
  { "discovery by POST", path = REALM .. DISCOVERY, method = "POST" },
  { "discovery under another host", path = REALM .. DISCOVERY, host = "accounts.example:8443" },
  { "discovery with a query", path = REALM .. DISCOVERY .. "?x=1" },
  { "keys", route = "certs" },
  { "an unknown path", route = "nothing" },
  { "an unknown path of the realm", path = REALM .. "/nothing" },
  { "token by GET" },
})
add(password, {}, {
  { "token by PUT", method = "PUT" },
  { "token in an unknown realm", realm = "nosuch" },
  { "token with a slash at the end", path = TOKEN .. "/" },
  { "token below /auth", path = "/auth" .. TOKEN },
})

-- Password grant

add(password, {}, {
  { "password", keep = "a" },
  { "password without scope", { scope = false }, keep = "p" },
  { "password, empty scope", { scope = "" } },
  { "password, blank scope", { scope = " " } },
  { "password, offline", { scope = "openid offline_access", username = "bob" }, keep = "o" },
  { "password, optional scopes", { scope = "openid phone address" }, keep = "q" },
  { "password, a default scope asked for", { scope = "openid email" } },
  { "password, a scope twice", { scope = "openid openid" } },
  { "password, unknown scope", { scope = "openid nosuch" } },
  { "password, unknown scope and wrong password", { scope = "nosuch", password = "no" } },
  { "password, scope in capitals", { scope = "OpenID" } },
  { "password wrong", { username = "charlie", password = "wrong" } },
  { "password, unknown user", { username = "nobody" } },
  { "password, disabled user", { username = "dora" } },
  { "password, disabled user, wrong", { username = "dora", password = "wrong" } },
  { "password, action pending", { username = "eve" } },
  { "password, action pending, wrong", { username = "eve", password = "wrong" } },
  { "password, incomplete profile", { username = "nora" } },
  { "password, name in capitals", { username = "ALICE" } },
  { "password, e-mail", { username = "alice@example.org" } },
  { "password, e-mail in capitals", { username = "Alice@Example.ORG" } },
  { "password, blank before the name", { username = " alice" } },
  { "password with every sign", { username = "zoe", password = "throwaway & pass+word=100% é" } },
  { "password, plus not encoded", body = "grant_type=password&client_id=Frontend&username=zoe"
    .. "&password=throwaway+%26+pass+word%3D100%25+%C3%A9" },
  { "password, lone percent", body = "grant_type=password&client_id=Frontend&username=alice&password=100%" },
  { "password, percent and no digits", body = "grant_type=password&client_id=Frontend&username=alice&password=%zz" },
  { "password, no UTF-8", body = "grant_type=password&client_id=Frontend&username=grete&password=%ff%fe" },
  { "password, no username", { username = false } },
  { "password, empty username", { username = "" } },
  { "password, long username", { username = ("a"):rep(300) } },
  { "password, no password", { username = "grete", password = false }, wait = 1.1 },
  { "password, empty password", { username = "charlie", password = "" }, wait = 1.1 },
  { "password, right again", { username = "charlie" }, wait = 1.1 },
  { "password, right again for another", { username = "grete" } },
  { "no grant", { grant_type = false } },
  { "empty grant", { grant_type = "" } },
  { "unknown grant", { grant_type = "nosuch" } },
  { "unknown grant and unknown client", { grant_type = "nosuch", client_id = "nosuch" } },
  { "no grant and no client", { grant_type = false, client_id = false } },
  { "no body", body = "" },
  { "a JSON body", body = '{"grant_type":"password"}', type = "application/json" },
  { "only a query", body = "", path = TOKEN .. "?grant_type=password&client_id=Frontend&username=alice" },
  { "a field twice", body = "grant_type=password&client_id=Frontend&client_id=Frontend&username=alice" },
  { "the grant twice", body = "grant_type=password&grant_type=password&client_id=Frontend" },
  { "an unknown field", body = "grant_type=password&client_id=Frontend&username=alice&nosuch=1&password=" .. PASSWORD },
})

-- Clients

local CONFIDENTIAL = { client_id = "Controller", client_secret = SECRET }

add(password, {}, {
  { "no client", { client_id = false } },
  { "empty client", { client_id = "" } },
  { "unknown client", { client_id = "nosuch" } },
  { "client in lower case", { client_id = "frontend" } },
  { "client switched off", { client_id = "SwitchedOff" } },
  { "grant off", { client_id = "NoGrants" } },
  { "grant off and wrong password", { client_id = "NoGrants", password = "wrong" } },
  { "grant off and no username", { client_id = "NoGrants", username = false } },
  { "grant off and unknown scope", { client_id = "NoGrants", scope = "nosuch" } },
  { "no username and unknown scope", { username = false, scope = "nosuch" } },
  { "disabled user and unknown scope", { username = "dora", scope = "nosuch" } },
  { "a client without mappers", { client_id = "Other" } },
  { "public client with a secret", { client_secret = "superfluous" } },
  { "secret", CONFIDENTIAL, keep = "s" },
  { "secret missing", { client_id = "Controller" } },
  { "secret empty", { client_id = "Controller", client_secret = "" } },
  { "secret wrong", { client_id = "Controller", client_secret = "wrong" } },
  { "secret wrong and password wrong", { client_id = "Controller", client_secret = "wrong", password = "wrong" } },
  { "secret wrong and unknown grant", { client_id = "Controller", client_secret = "wrong", grant_type = "nosuch" } },
  { "secret by Basic", { client_id = false }, basic = "Controller:" .. SECRET },
  { "secret wrong by Basic", { client_id = false }, basic = "Controller:wrong" },
  { "unknown client by Basic", { client_id = false }, basic = "nosuch:wrong" },
  { "Basic and form name the same", { client_id = "Controller" }, basic = "Controller:" .. SECRET },
  { "Basic and form differ", basic = "Controller:" .. SECRET },
  { "wrong Basic and form differ", basic = "Controller:wrong" },
  { "public client by Basic", { client_id = false }, basic = "Frontend:" },
})

-- Refresh

add(refresh, {}, {
  { "refresh", "a", keep = "b" },
  { "refresh, the same once more", "a" },
  { "refresh with the newer one", "b" },
  { "refresh without openid", "p" },
  { "refresh, a scope more", "p", { scope = "openid" } },
  { "refresh, narrower", "a", { scope = "openid" } },
  { "refresh, an optional scope dropped", "q", { scope = "openid" }, keep = "d" },
  { "refresh, and asked for again", "q", { scope = "openid phone" } },
  { "refresh after it was dropped", "d" },
  { "refresh, without openid in the scope", "a", { scope = "email" } },
  { "refresh, unknown scope", "a", { scope = "openid nosuch" } },
  { "refresh, empty scope", "a", { scope = "" } },
  { "refresh, blank scope", "a", { scope = " " } },
  { "refresh, offline", "o" },
  { "refresh, confidential", "s", CONFIDENTIAL },
  { "refresh, confidential, wrong secret", "s", { client_id = "Controller", client_secret = "wrong" } },
  { "refresh, garbage", "garbage" },
  { "refresh, altered", "<a.refresh_token>x" },
  { "refresh, empty", "" },
  { "refresh, missing", false },
  { "refresh, missing, unknown scope", false, { scope = "nosuch" } },
  { "refresh, garbage and unknown scope", "garbage", { scope = "nosuch" } },
  { "refresh with an access token", "<a.access_token>" },
  { "refresh with an ID token", "<a.id_token>" },
  { "refresh by another client", "a", { client_id = "Other" } },
  { "refresh by a client without grants", "a", { client_id = "NoGrants" } },
  { "refresh by an unknown client", "a", { client_id = "nosuch" } },
  { "refresh in another realm", "a", realm = "ROTATE" },
  { "refresh under another host", "a", host = "accounts.example" },
  { "refresh, still good", "a" },
})

-- Logout

add(logout, { route = "logout" }, {
  { "logout, garbage", "garbage" },
  { "logout by another client", "a", { client_id = "Other" } },
  { "logout by an unknown client", "a", { client_id = "nosuch" } },
  { "logout, no client", "a", { client_id = false } },
  { "logout with an access token", "<a.access_token>" },
  { "logout, wrong secret", "s", { client_id = "Controller", client_secret = "wrong" } },
  { "logout", "a" },
  { "logout again", "a" },
  { "logout with a newer token", "b" },
  { "logout, offline", "o" },
})
add(refresh, {}, {
  { "refresh after logout", "a" },
  { "refresh with a newer token after logout", "b" },
  { "another session goes on", "p" },
  { "refresh, offline, after logout", "o" },
})

-- Device login; a person with a browser is in keycloak_spec.lua

local DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"

local function start(changes) return over({ client_id = "Device", scope = "openid" }, changes) end

local function poll(code, changes)
  return over({ grant_type = DEVICE_CODE, client_id = "Device", device_code = code and "<" .. code .. ".device_code>" },
    changes)
end

add(start, { route = "auth/device" }, {
  { "device: start", keep = "v1" },
  { "device: start without a scope", { scope = false }, keep = "v2" },
  { "device: start with an unknown scope", { scope = "openid nosuch" } },
  { "device: start with an empty scope", { scope = "" } },
  { "device: start by a client that may not", { client_id = "Frontend" } },
  { "device: start by an unknown client", { client_id = "nosuch" } },
  { "device: start without a client", { client_id = false } },
})
add(poll, {}, {
  { "device: nobody has confirmed", "v1" },
  { "device: asked again at once", "v1" },
  { "device: another code", "v2" },
  { "device: an unknown code", false, { device_code = "nosuch" } },
  { "device: no code", false },
  { "device: the code of another client that may not", "v1", { client_id = "Frontend" } },
  { "device: by an unknown client", "v1", { client_id = "nosuch" } },
})

-- Client credentials

local function service(changes)
  return over({ grant_type = "client_credentials", client_id = "Bot",
    client_secret = "throwaway-bot-secret-56789012345", scope = "openid" }, changes)
end

add(service, {}, {
  { "service", keep = "w" },
  { "service without openid", { scope = false } },
  { "service, unknown scope", { scope = "openid nosuch" } },
  { "service, wrong secret", { client_secret = "wrong" } },
  { "service, public client", { client_id = "Frontend", client_secret = false } },
  { "service, not switched on", { client_id = "Controller", client_secret = SECRET } },
})

-- Revocation

local function revoke(token, changes)
  return over({ client_id = "Frontend", token = token or nil }, changes)
end

add(password, {}, { { "revoke: a session", keep = "x" } })
add(revoke, { route = "revoke" }, {
  { "revoke, garbage", "garbage" },
  { "revoke, no token" },
  { "revoke by another client", "<x.refresh_token>", { client_id = "Other" } },
  { "revoke by an unknown client", "<x.refresh_token>", { client_id = "nosuch" } },
  { "revoke an access token", "<x.access_token>" },
  { "revoke it again", "<x.access_token>" },
  { "revoke a service account's token", "<w.access_token>",
    { client_id = "Bot", client_secret = "throwaway-bot-secret-56789012345" } },
})
add(refresh, {}, { { "refresh after the access token was revoked", "x" } })
add(revoke, { route = "revoke" }, { { "revoke a refresh token", "<x.refresh_token>" } })
add(refresh, {}, { { "refresh after that", "x" } })
add(revoke, { route = "revoke" }, { { "revoke a refresh token again", "<x.refresh_token>" } })

-- What an administrator changes

add(password, {}, {
  { "admin: a session from before", { username = "irene" }, keep = "i" },
  { "admin: another session from before", { username = "jack" }, keep = "j1" },
})
add(refresh, {}, {
  { "admin: user disabled, refresh", "i", admin = { user = "irene", disabled = true } },
  { "admin: user disabled, by another client", "i", { client_id = "Other" } },
  { "admin: user enabled, refresh", "i", admin = { user = "irene", disabled = false } },
  { "admin: action demanded, refresh", "j1", admin = { user = "jack", pending = true } },
})
add(password, {}, {
  { "admin: user disabled again, password", { username = "irene" }, admin = { user = "irene", disabled = true } },
  { "admin: user enabled again, password", { username = "irene" }, admin = { user = "irene", disabled = false } },
  { "admin: action demanded, password", { username = "jack" } },
  { "admin: action taken back", { username = "jack" }, admin = { user = "jack", pending = false }, keep = "j2" },
})
add(refresh, {}, { { "admin: all sessions ended", "j1", admin = { user = "jack", logout = true } } })
add(logout, { route = "logout" }, { { "admin: all sessions ended, logout", "j2" } })

-- Short lives: access token 5 s, idle 10 s; other steps pass the time

add(password, { realm = "SHORT" }, {
  { "short: password", keep = "u1" },
  { "short: offline", { username = "bob", scope = "openid offline_access" }, keep = "o1" },
})

-- Rotation

add(password, { realm = "ROTATE" }, {
  { "rotation: password", keep = "r1" },
  { "rotation: password of the second", { username = "bob" }, keep = "s1" },
  { "rotation: password of the third", { username = "charlie", scope = "openid offline_access" }, keep = "t1" },
})
add(refresh, { realm = "ROTATE" }, {
  { "rotation: refresh", "r1", keep = "r2", wait = 1.1 },
  { "rotation: refresh of the second", "s1", keep = "s2" },
  { "rotation: refresh of the third", "t1", keep = "t2" },
  { "rotation: refresh again", "r2", keep = "r3", wait = 1.1 },
  { "rotation: the token before", "r1", wait = 1.1 },
  { "rotation: the newest after that", "r3" },
  { "rotation: the token before once more", "r1" },
  { "rotation: the last one used again", "s1" },
  { "rotation: the newest of these after that", "s2" },
  { "rotation: an offline token used again", "t1" },
  { "rotation: the newest offline token after that", "t2" },
})
add(logout, { realm = "ROTATE", route = "logout" }, { { "rotation: logout after that", "r3" } })
add(password, { realm = "ROTATE" }, {
  { "rotation: a new login", keep = "r4" },
  { "rotation: a login to be refused for its scope", { username = "bob" }, keep = "s3" },
})
add(refresh, { realm = "ROTATE" }, {
  { "rotation: refresh of the new login", "r4" },
  { "rotation: refused for the scope, which is no use", "s3", { scope = "nosuch" } },
  { "rotation: good all the same", "s3" },
})
add(refresh, { realm = "SHORT" }, {
  { "short: refresh in time, the access token is over", "u1", keep = "u2", after = { "u1", 6.1 } },
})

-- "Not before": what is older counts no more

add(password, { realm = "ROTATE" }, { { "not before: a login", { username = "bob" }, keep = "n1" } })
add(refresh, { realm = "ROTATE" }, {
  { "not before: refresh", "n1", wait = 1.1, admin = { realm = "ROTATE", not_before = true } },
  { "not before: refresh once more", "n1" },
})
add(password, { realm = "ROTATE" }, { { "not before: a newer login", { username = "bob" }, keep = "n2" } })
add(refresh, { realm = "ROTATE" }, {
  { "not before: refresh of the newer login", "n2" },
  { "not before: taken back, the old login", "n1", admin = { realm = "ROTATE", not_before = 0 } },
})
add(logout, { realm = "ROTATE", route = "logout" }, { { "not before: taken back, logout", "n1" } })

-- One-time codes

add(password, {}, {
  { "code: missing", { username = "otto" } },
  { "code: wrong", { username = "otto", totp = "000000" }, wait = 1.1 },
  { "code: in the field that comes first", { username = "otto", otp = "<code.next>", totp = "000000" }, wait = 1.1 },
  { "code: in the field that comes second", { username = "otto", otp = "000000", totp = "<code.now>" } },
  { "code: right, password wrong", { username = "otto", totp = "<code.now>", password = "wrong" }, wait = 1.1 },
  { "code: right, older than the last one", { username = "otto", totp = "<code.now>" }, wait = 1.1, keep = "c" },
  { "code: used before", { username = "otto", totp = "<code.now>" } },
  { "code: the oldest", { username = "otto", totp = "<code.last>" }, wait = 1.1 },
})
add(refresh, {}, { { "code: refresh wants none", "c" } })

-- Locks

add(password, {}, {
  { "lock: a session from before", { username = "frank" }, keep = "f1" },
  { "lock: wrong once", { username = "frank", password = "wrong" } },
  { "lock: wrong twice", { username = "frank", password = "wrong" }, wait = 1.2 },
  { "lock: wrong three times", { username = "frank", password = "wrong" }, wait = 1.2 },
  { "lock: the right password", { username = "frank" }, wait = 1.2 },
  { "lock: two at once, first", { username = "henry", password = "wrong" } },
  { "lock: two at once, second", { username = "henry", password = "wrong" } },
  { "lock: two at once, then the right one", { username = "henry" }, wait = 0.3 },
})
add(refresh, {}, { { "lock: the session goes on", "f1" } })

add(refresh, { realm = "SHORT" }, {
  { "short: refresh after the idle time", "u2", after = { "u2", 11.1 } },
  { "short: refresh with an older one", "u1" },
  { "short: offline outlives the idle time", "o1" },
})
add(logout, { realm = "SHORT", route = "logout" }, { { "short: logout after the idle time", "u2" } })

return steps
