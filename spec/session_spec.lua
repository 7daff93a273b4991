-- Sessions: discovery, logins, renewals, and the one replay after a refusal that
-- a fresh token cures. No network: the transport is the spec's.

local Transport = require "spec.support.transport"
local core = require "salon.core"
local salon = require "salon"

local FRONT, CTL, IDP = "https://meet.example", "https://ctl.example", "https://idp.example"
local WELL_KNOWN = "/.well-known/"
local TOKEN_PATH = "/realms/R/protocol/openid-connect/token"

local transport

-- A small OpenTalk. `extra[path]` is tried first; a string "METHOD /path" wins.
local function serve(extra)
  extra = extra or {}
  local given = 0
  transport = Transport.install(function(asked, n)
    local special = extra[asked.method .. " " .. asked.path]
    if special then
      local status, body, headers = special(asked, n)
      if status ~= false then return status, body, headers end
    end
    if asked.path == WELL_KNOWN .. "opentalk/client" then
      return 200, core.encode { opentalk_controller = { base_url = CTL .. "/" } }
    elseif asked.path == WELL_KNOWN .. "opentalk/api" then
      return 200, core.encode { opentalk_api = { v1 = { base_url = "/v1" } } }
    elseif asked.path == "/v1/auth/login" and asked.method == "GET" then
      return 200, core.encode { oidc = { name = "default", url = IDP .. "/realms/R/" } }
    elseif asked.path == "/v1/auth/login" then
      return 200, '{"permissions":[]}'
    elseif asked.path == "/realms/R/.well-known/openid-configuration" then
      return 200, core.encode { token_endpoint = IDP .. TOKEN_PATH }
    elseif asked.path == TOKEN_PATH then
      given = given + 1
      return 200, core.encode { access_token = "access-" .. given, expires_in = 300,
        refresh_token = "refresh-" .. given, id_token = "id-" .. given, scope = "openid email" }
    elseif asked.path:find("^/v1/rooms/") then
      return 200, core.encode { id = asked.path:match("[^/]+$") }
    end
    return 404, ""
  end)
end

local function client(extra)
  local given = { url = FRONT, client_id = "Frontend", username = "alice",
    password = "pa ss&w+rd" }
  for name, value in pairs(extra or {}) do given[name] = value or nil end
  return salon.opentalk(given)
end

local function unauthorised(description, code)
  return function()
    return 401, core.encode { code = code or "unauthorized", message = "Authentication failed" },
      { ["WWW-Authenticate"] = description
        and ('Bearer error="invalid_token", error_description="%s"'):format(description) or nil }
  end
end

-- Answers with `first`, and lets later requests pass.
local function once(first)
  local used = false
  return function(...)
    if used then return false end
    used = true
    return first(...)
  end
end

local function count(pattern)
  local n = 0
  for _, line in ipairs(transport:lines()) do
    if line:find(pattern) then n = n + 1 end
  end
  return n
end

local function forms()
  local list = {}
  for _, asked in ipairs(transport.log) do
    if asked.path == TOKEN_PATH then list[#list + 1] = asked.body end
  end
  return list
end

after_each(function()
  if transport then transport:remove() end
  transport = nil
end)

describe("logout", function()
  it("believes no page: only status 204 ends a session, and revocation comes after", function()
    local LOGOUT, REVOKE = "/realms/R/logout", "/realms/R/revoke"
    for status, lines in pairs { [204] = { LOGOUT }, [200] = { LOGOUT, REVOKE }, [404] = { LOGOUT, REVOKE } } do
      serve { ["GET /realms/R/.well-known/openid-configuration"] = function()
        return 200, core.encode { token_endpoint = IDP .. TOKEN_PATH, end_session_endpoint = IDP .. LOGOUT,
          revocation_endpoint = IDP .. REVOKE }
      end, ["POST " .. LOGOUT] = function() return status, status == 200 and "<html>Log out?</html>" or "" end,
        ["POST " .. REVOKE] = function() return 200, "" end }
      local ot = client()
      assert(ot:token())
      local before = #transport.log
      assert.is_true(ot:logout())
      for i, path in ipairs(lines) do assert.equal(path, transport.log[before + i].path) end
      assert.equal("client_id=Frontend&refresh_token=refresh-1", transport.log[before + 1].body)
      assert.equal(lines[2] and "client_id=Frontend&token=refresh-1", lines[2] and transport.log[before + 2].body)
      transport:remove()
    end
  end)

  it("says that a login service offers none, and forgets", function()
    serve()
    local ot = client()
    assert(ot:token())
    local done, err = ot:logout()
    assert.is_nil(done)
    assert.equal("unsupported", err.kind)
    assert.equal("access-2", assert(ot:token()):reveal())
  end)
end)

describe("device login", function()
  it("says that a login service offers none, or answers nonsense", function()
    local function device()
      return client { username = false, password = false, device = function() error "shown" end }
    end
    serve()
    assert.equal("unsupported", select(2, device():token()).kind)
    transport:remove()
    for _, body in ipairs { '{"device_code":"d","user_code":"u"}', '{"user_code":"u","verification_uri":"https://x"}',
      '{"device_code":"d","user_code":"\\u001b[2J","verification_uri":"https://x"}' } do
      serve { ["GET /realms/R/.well-known/openid-configuration"] = function()
        return 200, core.encode { token_endpoint = IDP .. TOKEN_PATH, device_authorization_endpoint = IDP .. "/device" }
      end, ["POST /device"] = function() return 200, body end }
      local _, err = device():token()
      assert.same({ "decode" }, { err.kind, err.body })
      transport:remove()
    end
  end)
end)

describe("a refused refresh token", function()
  it("says why, in the words of the login service's table", function()
    for description, hint in pairs {
      ["Token is not active"] = "session is over", ["Session not active"] = "session is over",
      ["Offline user session not found"] = "session is over",
      ["Session doesn't have required client"] = "session is over",
      ["Invalid refresh token"] = "none of this login service",
      ["Invalid refresh token. Token client and authorized client don't match"] = "another client",
      ["Invalid token issuer. Expected 'https://other'"] = "another address",
      ["User disabled"] = "account is disabled", ["Stale token"] = "somebody else used",
      ["Maximum allowed refresh token reuse exceeded"] = "somebody else used",
    } do
      serve { ["POST " .. TOKEN_PATH] = function()
        return 400, core.encode { error = "invalid_grant", error_description = description }
      end }
      local _, err = client({ username = false, password = false, refresh_token = "r" }):token()
      assert.same({ "auth", "invalid_grant" }, { err.kind, err.code })
      assert.truthy(err.hint:find(hint, 1, true), description)
      transport:remove()
    end
  end)
end)

describe("discovery", function()
  it("goes from the front end to the token endpoint, once per client", function()
    serve()
    local ot = client()
    assert(ot.rooms:get("r"))
    assert.same({
      "GET /.well-known/opentalk/client", "GET /.well-known/opentalk/api", "GET /v1/auth/login",
      "GET /realms/R/.well-known/openid-configuration", "POST " .. TOKEN_PATH, "GET /v1/rooms/r",
    }, transport:lines())
    assert(ot.rooms:get("s"))
    assert.equal(7, #transport.log)
    assert.equal(FRONT .. "/room/r", salon.check(ot.rooms:get("r")).join_url)
  end)

  it("takes the address for the controller's when it has no such file", function()
    for _, answer in ipairs { { 404, "" }, { 200, "<!doctype html><p>app" } } do
      serve { ["GET /.well-known/opentalk/client"] = function() return answer[1], answer[2] end,
        ["GET /.well-known/opentalk/api"] = function() return answer[1], answer[2] end }
      local room = assert(client { url = CTL, frontend_url = false }.rooms:get("r"))
      assert.equal(CTL .. "/v1/rooms/r", transport.log[#transport.log].url)
      assert.is_nil(room.join_url)
      transport:remove()
    end
  end)

  it("leaves out each step that an option answers", function()
    serve()
    assert(client { controller_url = CTL, token_endpoint = IDP .. TOKEN_PATH }.rooms:get("r"))
    assert.same({ "GET /.well-known/opentalk/api", "POST " .. TOKEN_PATH, "GET /v1/rooms/r" },
      transport:lines())
    transport:remove()
    serve()
    assert(client { issuer = IDP .. "/realms/R" }.rooms:get("r"))
    assert.equal(0, count "auth/login")
    transport:remove()
    serve()
    assert(salon.opentalk { url = FRONT, token = "t" }.rooms:get("r"))
    assert.equal(3, #transport.log)
  end)

  it("understands a base of the API that is relative, absolute or absent", function()
    for base, want in pairs {
      ["/v1"] = "https://h.example/ctl/v1", ["api/v1"] = "https://h.example/ctl/api/v1",
      ["https://x.example/api"] = "https://x.example/api",
    } do
      serve { ["GET /ctl/.well-known/opentalk/api"] = function()
        return 200, core.encode { opentalk_api = { v1 = { base_url = base } } }
      end }
      local ot = salon.opentalk { controller_url = "https://h.example/ctl", token = "t" }
      ot.rooms:get("r")
      assert.equal(want .. "/rooms/r", transport.log[#transport.log].url)
      transport:remove()
    end
  end)

  it("does not send tokens to a plain http address that a server names", function()
    serve { ["GET /.well-known/opentalk/client"] = function()
      return 200, core.encode { opentalk_controller = { base_url = "http://inner:11311" } }
    end }
    local room, err = client().rooms:get("r")
    assert.is_nil(room)
    assert.equal("decode", err.kind)
    assert.matches("controller.*plain http", err.message)
    assert.matches("controller_url", err.hint)
    assert.equal(1, #transport.log)
  end)
  it("does not send tokens to this machine in clear because another one says so", function()
    serve { ["GET /.well-known/opentalk/client"] = function()
      return 200, core.encode { opentalk_controller = { base_url = "http://127.0.0.1:11311" } }
    end }
    local room, err = client().rooms:get("r")
    assert.is_nil(room)
    assert.equal("decode", err.kind)
    assert.matches("plain http:// to this machine", err.message)
    assert.equal(1, #transport.log)
  end)

  it("says of a refusal that the login service has another name than was asked for", function()
    for named, said in pairs { [IDP .. "/realms/R"] = false, [IDP .. "/realms/R/"] = false, ["no URL"] = false,
      [IDP .. "/auth/realms/R"] = true } do
      for _, where in ipairs { "POST " .. TOKEN_PATH, "GET /v1/rooms/r" } do
        serve { ["GET /realms/R/.well-known/openid-configuration"] = function()
          return 200, core.encode { token_endpoint = IDP .. TOKEN_PATH, issuer = named }
        end, [where] = unauthorised("The provided access token is invalid", "invalid_client") }
        local _, err = client().rooms:get("r")
        assert.equal("auth", err.kind)
        assert.equal(said, err.hint:find(("the login service calls itself %s/auth/realms/R, not %s/realms/R: ")
          :format(IDP, IDP), 1, true) ~= nil)
        transport:remove()
      end
    end
  end)

  it("says what to check when nothing answers", function()
    serve { ["GET /v1/auth/login"] = function() return 404, "" end }
    local _, err = client().rooms:get("r")
    assert.matches("controller_url", err.hint)
    transport:remove()
    serve { ["GET /realms/R/.well-known/openid-configuration"] = function()
      return 404, "<html><title>Resource not found</title>"
    end }
    _, err = client().rooms:get("r")
    assert.matches("/auth", err.hint)
    assert.matches("issuer", err.hint)
  end)

  it("is tried again after a failure", function()
    serve { ["GET /.well-known/opentalk/client"] = once(function()
      return nil, { kind = "network", message = "refused", outcome = "unsent", attempts = 1 }
    end) }
    local ot = client()
    local _, err = ot.rooms:get("r")
    assert.equal("network", err.kind)
    assert(ot.rooms:get("r"))
  end)
end)

describe("the password grant", function()
  it("sends a percent-encoded form with scope openid, once", function()
    serve()
    local token = assert(client():token())
    assert.equal("grant_type=password&client_id=Frontend&username=alice&password=pa%20ss%26w%2Brd"
      .. "&scope=openid", (forms()[1]:gsub("%+", "%%20")))
    assert.same({ "openid", "email" }, token.scopes)
    assert.equal(200, token.response.status)
    for _, asked in ipairs(transport.log) do
      if asked.path == TOKEN_PATH then
        assert.equal("never", asked.retry)
        assert.is_nil(asked.token)
        assert.equal("Content-Type: application/x-www-form-urlencoded", asked.headers[3])
      end
    end
  end)

  it("asks functions and opens secrets, and sends a client's secret", function()
    serve()
    local ot = client { password = function() return salon.secret "from function" end,
      client_secret = "cs", username = salon.secret "bob", scope = "openid offline_access" }
    assert(ot:token())
    local form = forms()[1]
    assert.matches("client_secret=cs&username=bob&password=from[+%%20]+function", form)
    assert.matches("scope=openid[+%%20]+offline_access$", form)
  end)

  it("repeats refused credentials once, and no more in later calls", function()
    serve { ["POST " .. TOKEN_PATH] = function()
      return 400, '{"error":"invalid_grant","error_description":"Invalid user credentials"}'
    end }
    local ot = client()
    local _, err = ot.rooms:get("r")
    assert.equal("auth", err.kind)
    assert.equal("invalid_grant", err.code)
    assert.equal(400, err.status)
    assert.matches("username", err.hint)
    _, err = ot.rooms:get("r")
    assert.equal("auth", err.kind)
    assert.equal("unsent", err.outcome)
    assert.equal(2, #forms())
  end)

  it("says so when a password function yielded and another coroutine wants the login", function()
    serve()
    local ot = client { password = function() coroutine.yield() return "pass" end }
    local mine = {}
    local slow = coroutine.create(function() mine.room, mine.err = ot.rooms:get("r") end)
    local went, why = coroutine.resume(slow)
    if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then  -- there it cannot yield at all
      return assert.matches("attempt to yield", why)
    end
    assert.is_true(went)
    local began = core.now()
    local _, err = ot.rooms:get("r")
    assert.equal("the login is under way in another coroutine, which has to run first", err.message)
    assert.matches("must not yield", err.hint)
    assert.is_true(core.now() - began < 10)
    assert(coroutine.resume(slow))
    assert.equal("r", mine.room and mine.room.id)
    assert(ot.rooms:get("r"))
  end)

  it("takes over at once from a login that yielded inside of salon.map", function()
    serve()
    local yields = true
    local ot = client { password = function()
      if yields then
        yields = false
        coroutine.yield()
      end
      return "pass"
    end }
    local began = core.now()
    local ok, e = pcall(function()
      for _ in salon.map({ 1 }, function() return ot.rooms:get("r") end) do end
    end)
    assert.is_false(ok)
    assert.matches("yield", tostring(e))
    assert(ot.rooms:get("r"))
    assert.is_true(core.now() - began < 10)
  end)

  it("sends other credentials at once", function()
    serve { ["POST " .. TOKEN_PATH] = function(asked)
      if asked.body:find "password=right" then return false end
      return 401, '{"error":"invalid_grant","error_description":"Invalid user credentials"}'
    end }
    local passwords = { "wrong", "right" }
    local ot = client { password = function() return table.remove(passwords, 1) end }
    assert.is_nil((ot.rooms:get("r")))
    assert(ot.rooms:get("r"))
    assert.equal(3, #forms())
  end)

  it("explains what the login service says", function()
    for answer, hint in pairs {
      ['{"error":"unauthorized_client","error_description":"Client not allowed for direct access '
        .. 'grants"}'] = "Direct access grants",
      ['{"error":"invalid_grant","error_description":"Account is not fully set up"}'] = "browser",
      ['{"error":"invalid_client","error_description":"Invalid client"}'] = "client_id",
    } do
      serve { ["POST " .. TOKEN_PATH] = function() return 400, answer end }
      local _, err = client():token()
      assert.equal("auth", err.kind)
      assert.matches(hint, err.hint)
      transport:remove()
    end
    serve { ["POST " .. TOKEN_PATH] = function() return 404, "<html>" end }
    local _, err = client():token()
    assert.equal("http", err.kind)
    assert.matches("/auth", err.hint)
  end)

  it("wants a token in the answer", function()
    serve { ["POST " .. TOKEN_PATH] = function() return 200, '{"token_type":"Bearer"}' end }
    local _, err = client():token()
    assert.equal("decode", err.kind)
  end)

  it("is content with no token that cannot be sent, and shows none of it", function()
    for _, answer in ipairs {
      '{"access_token":"to ken-1234"}', '{"access_token":"token-1234\\nX: y"}',
      '{"access_token":"token-1234","expires_in":1e999}', '{"access_token":"token-1234",',
    } do
      serve { ["POST " .. TOKEN_PATH] = function() return 200, answer end }
      local _, err = client():token()
      assert.equal("decode", err.kind)
      for _, shown in pairs(err) do assert.not_matches("ken%-1234", tostring(shown)) end
    end
  end)

  it("shows no secret in anything it leaves behind", function()
    serve { ["POST " .. TOKEN_PATH] = function(asked) return 400, asked.body end }
    local ot = client { password = "m4rker-s3cret", client_secret = "m4rker-cs" }
    local _, err = ot:token()
    assert.is_nil((tostring(err) .. err.body .. tostring(ot)):find("m4rker", 1, true))
    transport:remove()
    serve { ["GET /v1/rooms/r"] = function(asked)
      return 400, core.encode { message = "you sent " .. asked.token }
    end }
    ot = client()
    _, err = ot.rooms:get("r")
    assert.is_nil((tostring(err) .. err.body):find("access%-1"))
    assert.equal("you sent ***", err.message)
  end)
end)

describe("a refused token", function()
  local ROOM = "GET /v1/rooms/r"

  it("is renewed once by its refresh token, and the call replayed once", function()
    for _, words in ipairs { "The provided access token is invalid",
      "The provided access token expired" } do
      serve { [ROOM] = once(unauthorised(words)) }
      assert(client().rooms:get("r"))
      assert.equal(2, #forms())
      assert.matches("^grant_type=refresh_token&client_id=Frontend&refresh_token=refresh%-1$",
        forms()[2])
      assert.equal("access-2", transport.log[#transport.log].token)
      assert.equal(2, count "GET /v1/rooms/r")
      transport:remove()
    end
  end)

  it("ends the call when the fresh one is refused too", function()
    serve { [ROOM] = unauthorised("The provided access token expired") }
    local _, err = client().rooms:get("r")
    assert.equal("auth", err.kind)
    assert.equal(401, err.status)
    assert.equal(2, err.attempts)
    assert.matches("audience mapper", err.hint)
    assert.equal(2, count "GET /v1/rooms/r")
    assert.equal(2, #forms())
  end)

  it("is replaced by the grant when the refresh token is good no more", function()
    serve { [ROOM] = once(unauthorised("The provided access token is invalid")),
      ["POST " .. TOKEN_PATH] = function(asked)
        if asked.body:find("refresh_token=", 1, true) then
          return 400, '{"error":"invalid_grant","error_description":"Token is not active"}'
        end
        return false
      end }
    assert(client().rooms:get("r"))
    assert.equal(3, #forms())
    assert.matches("grant_type=password", forms()[3])
  end)

  it("is not renewed by a refresh token whose answer was lost", function()
    serve { [ROOM] = once(unauthorised("The provided access token is invalid")),
      ["POST " .. TOKEN_PATH] = function(asked)
        if asked.body:find("refresh_token=", 1, true) then
          return nil, { kind = "network", message = "cut", outcome = "unknown", attempts = 1 }
        end
        return false
      end }
    local ot = client()
    assert(ot.rooms:get("r"))
    assert(ot.rooms:get("r"))
    local refreshes = 0
    for _, form in ipairs(forms()) do
      if form:find("refresh_token=refresh-1", 1, true) then refreshes = refreshes + 1 end
    end
    assert.equal(1, refreshes)
  end)

  it("is registered where the controller does not know the user", function()
    serve { [ROOM] = once(unauthorised(nil, "unknown_sub")) }
    assert(client().rooms:get("r"))
    assert.equal(1, #forms())
    local login = transport.log[#transport.log - 1]
    assert.equal("POST /v1/auth/login", login.method .. " " .. login.path)
    assert.equal('{"id_token":"id-1"}', login.body)
    assert.is_nil(login.token)
  end)

  it("is renewed and registered when the session expired, and from then on always", function()
    serve { [ROOM] = once(unauthorised("The user session expired")) }
    local ot = client()
    assert(ot.rooms:get("r"))
    assert.equal(2, #forms())
    assert.equal(1, count "POST /v1/auth/login")
    assert(ot.rooms:get("r"))
    assert.equal(1, count "POST /v1/auth/login")
  end)

  it("stays refused for reasons a token cannot cure", function()
    for i, refusal in ipairs { unauthorised(nil, "wrong_room_password"), unauthorised(nil),
      unauthorised("The provided id token is invalid") } do
      serve { [ROOM] = refusal }
      local _, err = client().rooms:get("r")
      assert.equal(i == 1 and "http" or "auth", err.kind)
      assert.equal(1, count "GET /v1/rooms/r")
      assert.equal(1, #forms())
      transport:remove()
    end
  end)

  it("is replayed for a POST as well: a 401 did nothing", function()
    serve { ["POST /v1/rooms"] = once(unauthorised("The provided access token is invalid")) }
    local _, err = client().rooms:create { waiting_room = true }
    assert.equal(404, err.status)
    assert.equal(2, count "POST /v1/rooms")
  end)
end)

describe("a token from outside", function()
  it("is sent as it is and never renewed", function()
    serve { ["GET /v1/rooms/r"] = unauthorised("The provided access token expired") }
    local _, err = salon.opentalk { url = FRONT, token = "t0ken" }.rooms:get("r")
    assert.equal("auth", err.kind)
    assert.equal("t0ken", transport.log[#transport.log].token)
    assert.equal(1, count "GET /v1/rooms/r")
    assert.matches("option 'token'", err.hint)
  end)

  it("is asked for again after a refusal if a function gives it", function()
    local n = 0
    local function fresh()
      n = n + 1
      return "token-" .. n
    end
    serve { ["GET /v1/rooms/r"] = once(unauthorised("The provided access token expired")) }
    local ot = salon.opentalk { url = FRONT, token = fresh }
    assert(ot.rooms:get("r"))
    assert.equal("token-2", transport.log[#transport.log].token)
    assert(ot.rooms:get("r"))
    assert.equal(2, n)
  end)

  it("is not sent again when the function has no other: the server's refusal is the error", function()
    serve { ["GET /v1/rooms/r"] = unauthorised("The provided access token expired") }
    local ot = salon.opentalk { url = FRONT, token = function() return "same" end }
    for n = 1, 2 do
      local _, err = ot.rooms:get("r")
      assert.same({ "auth", 401, 1, "done", "Authentication failed", CTL .. "/v1/rooms/r" },
        { err.kind, err.status, err.attempts, err.outcome, err.message, err.url })
      assert.matches("gave the refused token again", err.hint)
      assert.equal(n, count "GET /v1/rooms/r")
    end
  end)

  it("that no header can hold is refused: at the door, or as an auth error", function()
    serve()
    assert.error_matches(function() salon.opentalk { url = FRONT, token = "t0ken\n" } end,
      "option 'token' must not hold")
    local _, err = salon.opentalk { url = FRONT, token = function() return "t0ken\n" end }:token()
    assert.equal("auth", err.kind)
    assert.not_matches("t0ken", tostring(err))
  end)

  it("that cannot be had is an auth error; a function's own error comes through", function()
    serve()
    local _, err = salon.opentalk { url = FRONT, token = function() return nil, "vault shut" end }
      :token()
    assert.equal("auth", err.kind)
    assert.matches("vault shut", err.message)
    local ot = salon.opentalk { url = FRONT, token = function() error("boom", 0) end }
    assert.error_matches(function() ot:token() end, "^boom$")
    assert.error_matches(function() ot:token() end, "^boom$")
  end)
end)

describe("a token near its end", function()
  -- Tokens of this life; the clock of core is real, so lives are short.
  local function living(life, me)
    local n = 0
    serve { ["GET /v1/users/me"] = me, ["POST " .. TOKEN_PATH] = function()
      n = n + 1
      return 200, core.encode { access_token = "a" .. n, expires_in = life,
        refresh_token = "r" .. n }
    end }
  end

  it("is renewed before it expires", function()
    living(0)
    local ot = client()
    assert(ot.rooms:get("r"))
    assert(ot.rooms:get("r"))
    assert.equal(2, #forms())
  end)

  it("is renewed by client:whoami in what is left of its time", function()
    living(0, function()
      core.sleep(0.3)
      return 200, '{"id":"u-1"}'
    end)
    assert(client():whoami { timeout = 5 })
    assert.equal(2, #forms())
    local log = transport.log
    assert.is_true(log[#log].deadline - log[1].deadline < 0.25)
  end)

  it("is not renewed at every call while it is alive", function()
    living(1)
    local ot = client()
    for _ = 1, 5 do assert(ot.rooms:get("r")) end
    assert.equal(1, #forms())
  end)
end)

describe("a call", function()
  it("has one deadline through discovery, login and sending", function()
    serve()
    local before = core.now()
    assert(client().rooms:get("r", { timeout = 7 }))
    for _, asked in ipairs(transport.log) do
      assert.equal(transport.log[1].deadline, asked.deadline)
    end
    local deadline = transport.log[1].deadline
    assert.is_true(before + 7 <= deadline and deadline <= core.now() + 7)
    transport:remove()
    serve()
    before = core.now()
    assert(client { timeout = 3 }.rooms:get("r"))
    deadline = transport.log[1].deadline
    assert.is_true(before + 3 <= deadline and deadline <= core.now() + 3)
  end)

  it("sends what it should and nothing else", function()
    serve()
    client().rooms:create { waiting_room = true, password = salon.secret "kiwi42" }
    local post = transport.log[#transport.log]
    assert.equal('{"password":"kiwi42","waiting_room":true}', post.body)
    assert.same({ "Accept: application/json", "Accept-Language: en",
      "Content-Type: application/json" }, post.headers)
    assert.is_nil(post.retry)
    client().rooms:create()
    assert.equal("{}", transport.log[#transport.log].body)
  end)

  it("reports answers that are not what the API promises", function()
    for body, words in pairs { ["<html><title>x</title>"] = "HTML", [""] = "empty",
      ["[]"] = "JSON list", ["{broken"] = "broken JSON", ["hello"] = "is not a JSON object" } do
      serve { ["GET /v1/rooms/r"] = function() return 200, body end }
      local room, err = client().rooms:get("r")
      assert.is_nil(room)
      assert.equal("decode", err.kind)
      assert.equal(200, err.status)
      assert.matches(words, err.message)
      transport:remove()
    end
  end)

  it("keeps of an answer what it tells about the exchange, and closes its request", function()
    local headers = { ["X-Request-Id"] = "r-1", Date = "Sun, 22 Nov 2026 09:00:00 GMT" }
    serve {
      ["GET /v1/rooms/r"] = function() return 200, '{"id":"r"}', headers end,
      ["GET /v1/rooms"] = function() return 200, '[{"id":"r"}]', headers end,
    }
    local ot = client()
    local told = { status = 200, attempts = 1, request_id = "r-1", date = headers.Date }
    assert.same(told, assert(ot.rooms:get("r")).response)
    assert.is_true(transport.log[#transport.log].request.closed)
    assert.same(told, assert(ot.rooms:list()).response)
    assert.is_true(transport.log[#transport.log].request.closed)
    local _, about = ot:call("GET", "/v1/rooms/r")
    assert.same(told, about)
  end)

  it("takes no object whose id fits into no path, alone or in a list", function()
    for body, words in pairs { ["{}"] = "'id' must be a string", ['{"id":7}'] = "'id' must be",
      ['{"id":"a/../b"}'] = "slash", ['{"id":""}'] = "empty" } do
      serve {
        ["GET /v1/rooms/r"] = function() return 200, body end,
        ["GET /v1/rooms"] = function() return 200, "[" .. body .. "]" end,
      }
      local ot = client()
      local _, err = ot.rooms:get("r")
      assert.equal("decode", err.kind)
      assert.matches(words, err.message)
      _, err = ot.rooms:list()
      assert.equal("decode", err.kind)
      assert.matches("an id in the list", err.message)
      transport:remove()
    end
  end)

  it("does not blame the address for a proxy's page", function()
    for status, words in pairs { [429] = "wait before", [502] = "proxy", [302] = "redirects",
      [500] = "may be down", [404] = "check 'url'" } do
      serve { ["GET /v1/rooms/r"] = function() return status, "<html><title>x</title></html>" end }
      local _, err = client().rooms:get("r")
      assert.matches(words, err.hint)
      transport:remove()
    end
  end)

  it("does not end a list at a null", function()
    serve { ["GET /v1/rooms"] = function() return 200, '[{"id":"a"},null,{"id":"b"}]' end }
    local _, err = client().rooms:list()
    assert.equal("decode", err.kind)
  end)

  it("hands on what the transport says", function()
    for _, kind in ipairs { "network", "tls", "timeout", "cancelled", "limit" } do
      serve { ["GET /v1/rooms/r"] = function()
        return nil, { kind = kind, message = "m", outcome = "unknown", attempts = 2 }
      end }
      local _, err = client().rooms:get("r")
      assert.equal(kind, err.kind)
      assert.equal(2, err.attempts)
      assert.equal(CTL .. "/v1/rooms/r", err.url)
      transport:remove()
    end
  end)
end)
