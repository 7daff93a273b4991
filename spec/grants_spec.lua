-- The ways to sign in besides user name and password, whose login it is, and its end:
-- at the sandbox's login service.

local core = require "salon.core"
local salon = require "salon"
local support = require "spec.support"
local ask = require "spec.support.ask"
local one_time = require "spec.support.one_time"

local sandbox
local TOKEN_ROUTE = "POST /realms"
local BOT = { client_id = "Bot", client_secret = "throwaway-bot-secret-56789012345", username = false,
  password = false }

setup(function() sandbox = support.start { switches = { device_interval = 0.05 } } end)
teardown(function() sandbox:stop() end)
before_each(function() sandbox:reset() end)

local function client(extra)
  local given = support.opentalk(sandbox)
  for name, value in pairs(extra or {}) do given[name] = value or nil end
  return salon.opentalk(given)
end

local function realm(name) return (sandbox.opentalk.issuer:gsub("[^/]+$", name)) end

-- The forms that the token route got, in order: their grants; the requests to other routes
-- of the login service by the end of their path.
local function asked()
  local list = {}
  for _, request in ipairs(sandbox:requests()) do
    if request.role == "login" and request.method == "POST" then
      list[#list + 1] = request.body:match "grant_type=([%w_%%.-]+)" or request.path:match "[^/]+$"
    end
  end
  return list
end

local function times(word)
  local n = 0
  for _, one in ipairs(asked()) do n = n + (one:find(word, 1, true) and 1 or 0) end
  return n
end

-- A client for device logins, and the prompts it was shown.
local function device(extra)
  local prompts = {}
  local given = { client_id = "Device", username = false, password = false,
    device = function(prompt) prompts[#prompts + 1] = prompt end }
  for name, value in pairs(extra or {}) do given[name] = value end
  return client(given), prompts
end

-- One that has logged in.
local function confirmed(extra)
  local ot, prompts = device(extra)
  assert.is_nil(ot:token { timeout = 0.5 })
  sandbox:approve(prompts[1].user_code)
  assert(ot:token())
  return ot, prompts
end

-- The API refuses the token in hand once.
local function expire() sandbox:fault { route = "GET /v1/users/me", kind = "401", reason = "inactive" } end

describe("device login", function()
  it("shows where to confirm it, once per login, and waits", function()
    local ot, prompts = device()
    local token, err = ot:token { timeout = 0.5 }
    assert.is_nil(token)
    assert.same({ "timeout", true, "nobody has confirmed the login so far" }, { err.kind, err.retryable, err.message })
    assert.matches("the next call of this client goes on waiting for the same code$", err.hint)
    assert.truthy(err.hint:find("longer 'timeout'", 1, true))
    local prompt = prompts[1]
    assert.equal(realm "OPENTALK" .. "/device", prompt.verification_uri)
    assert.equal(prompt.verification_uri .. "?user_code=" .. prompt.user_code, prompt.verification_uri_complete)
    assert.equal(600, prompt.expires_in)
    sandbox:approve(prompt.user_code, "bob")
    assert.equal("bob@example.org", assert(ot.users:me()).email)
    assert.equal(1, #prompts)
  end)

  it("asks less often when the login service wants that", function()
    local ot = device()
    ot:token { timeout = 0.5 }
    sandbox:switch { device_interval = 5 }
    ot:token { timeout = 0.5 }   -- one poll may still be let through
    local before = #asked()
    assert.is_nil(ot:token { timeout = 0.3 })
    sandbox:switch { device_interval = 0.05 }
    assert.is_true(#asked() - before <= 1)
  end)

  it("asks no more often where something ends a wait early, as a signal does", function()
    local sleep = core.sleep
    sandbox:switch { device_interval = 0.5 }
    finally(function()
      core.sleep = sleep
      sandbox:switch { device_interval = 0.05 }
    end)
    function core.sleep(seconds) sleep(math.min(seconds, 0.01)) end
    local ot = device()
    assert.is_nil(ot:token { timeout = 0.9 })
    assert.is_true(times "device_code" <= 1)
  end)

  it("says that somebody refused, and shows another code the next time", function()
    local ot, prompts = device()
    ot:token { timeout = 0.5 }
    sandbox:deny(prompts[1].user_code)
    local token, err = ot:token()
    assert.is_nil(token)
    assert.same({ "auth", "access_denied" }, { err.kind, err.code or tostring(err) })
    assert.truthy(err.hint:find "refused the login")
    ot:token { timeout = 0.5 }
    assert.equal(2, #prompts)
  end)

  it("says that a code has expired", function()
    local ot, prompts = device()
    ot:token { timeout = 0.5 }
    sandbox:advance(601)
    local _, err = ot:token()
    assert.same({ "auth", "expired_token" }, { err.kind, err.code or tostring(err) })
    assert.truthy(err.hint:find("call again", 1, true))
    ot:token { timeout = 0.5 }
    assert.equal(2, #prompts)
  end)

  it("goes on waiting while the login service is out", function()
    local ot, prompts = device()
    ot:token { timeout = 0.5 }
    sandbox:fault { route = TOKEN_ROUTE, kind = "503" }
    local _, err = ot:token { timeout = 2 }
    assert.same({ "http", 503 }, { err.kind, err.status })
    sandbox:approve(prompts[1].user_code)
    assert(ot:token { timeout = 10 })
    assert.equal(1, #prompts)
  end)

  it("ends with the scope it runs in", function()
    local ot, prompts = device()
    local before = core.now()
    local _, err = salon.scope({ timeout = 0.5 }):run(function() return ot:token { timeout = 60 } end)
    assert.equal("timeout", err.kind)
    assert.is_true(core.now() - before < 10)
    sandbox:approve(prompts[1].user_code)
    assert(ot:token())
  end)

  it("raises what the function raises, and asks it again", function()
    local calls = 0
    local ot = device { device = function()
      calls = calls + 1
      if calls == 1 then error("no terminal", 0) end
    end }
    assert.has_error(function() ot:token() end, "no terminal")
    ot:token { timeout = 0.5 }
    assert.equal(2, calls)
  end)

  it("names the switch of a client that may not do it", function()
    local _, err = device({ client_id = "Frontend" }):token()
    assert.same({ "auth", "unauthorized_client" }, { err.kind, err.code or tostring(err) })
    assert.truthy(err.hint:find("OAuth 2.0 Device Authorization Grant", 1, true))
  end)

  it("renews without a person, and asks one again when the session is over", function()
    local ot, prompts = confirmed()
    expire()
    assert(ot.users:me())
    assert.equal(1, times "refresh_token")
    sandbox:put("user", "alice", { logout = true })
    assert.is_nil(ot.users:me { timeout = 2 })
    assert.equal(2, #prompts)
    sandbox:approve(prompts[2].user_code)
    assert(ot.users:me())
  end)

  for _, kind in ipairs { "503", "500", "cut" } do
    it("asks nobody because the login service is out: " .. kind, function()
      local ot, prompts = confirmed()
      expire()
      sandbox:fault { route = TOKEN_ROUTE, kind = kind, worked = true }
      local _, err = ot.users:me()
      assert.not_equal("auth", err.kind)
      assert(ot.users:me())   -- the token in hand is used while it lasts
      expire()
      assert(ot.users:me())
      assert.same({ 1, 2 }, { #prompts, times "refresh_token" })
    end)
  end
end)

describe("a refusal that breaks off", function()
  it("is trouble of the network, and no word of the login service", function()
    local fault = { route = "POST /realms/OPENTALK/protocol/openid-connect/token", kind = "cut", at = 5 }
    local ot, prompts = device()
    sandbox:fault(fault)
    ot:token { timeout = 0.5 }
    sandbox:approve(prompts[1].user_code)
    assert(ot:token())
    assert.equal(1, #prompts)
    sandbox:fault(fault)
    local _, err = client({ password = "wrong" }):token()
    assert.same({ "network", 400 }, { err.kind, err.status })
    fault.route = "POST /external-api"
    sandbox:fault(fault)
    _, err = salon.meet(support.meet(sandbox, { client_secret = "wrong", max_tries = 1 })):token()
    assert.same({ "network", 401 }, { err.kind, err.status })
  end)
end)

describe("a refresh token from outside", function()
  local function session(extra)
    local ot = client(extra)
    return assert(ot:token()):reveal_refresh()
  end

  it("logs in, and the newest one renews where they rotate", function()
    local ROTATE = { issuer = realm "ROTATE" }
    local ot = client { issuer = ROTATE.issuer, username = false, password = false, refresh_token = session(ROTATE) }
    for _ = 1, 3 do
      local token = assert(ot:token())
      expire()
      ot.users:me()   -- the controller knows another realm
      assert.not_equal(token:reveal_refresh(), assert(ot:token()):reveal_refresh())
    end
  end)

  it("is final once its session is over, and says so", function()
    local ot = client { username = false, password = false, refresh_token = session() }
    sandbox:put("user", "alice", { logout = true })
    local token, err = ot:token()
    assert.is_nil(token)
    assert.same({ "auth", "invalid_grant", 1 }, { err.kind, err.code, err.attempts })
    assert.truthy(err.hint:find "session is over.*log in anew")
  end)

  it("gives way to the password once it is refused, and a function is asked again", function()
    local ot = client { refresh_token = "stale-refresh-token" }
    assert(ot:token())
    assert.same({ "refresh_token", "password" }, asked())
    local tokens = { "stale-refresh-token", session() }
    local again = client { username = false, password = false,
      refresh_token = function() return table.remove(tokens, 1) end }
    assert.is_nil(again:token())
    assert(again:token())
  end)
end)

describe("a login that ends at the login service", function()
  -- One that goes on with another's login, and has no password.
  local function follower()
    local text = assert(client():token()):reveal_refresh()
    return client { username = false, password = false, refresh_token = text }
  end

  local function renew(ot)
    expire()
    return ot.users:me()
  end

  -- Somebody else uses a refresh token.
  local function use(text)
    return ask.url(sandbox.opentalk.issuer .. "/protocol/openid-connect/token",
      { form = "grant_type=refresh_token&client_id=Frontend&refresh_token=" .. text }).status
  end

  -- Where tokens rotate; how often a login was renewed before somebody else uses its first
  -- refresh token, what that gets, and what the error says.
  for _, case in ipairs {
    { 0, 200, "somebody else used the refresh token" }, { 1, 400, "one is used twice" },
  } do
    for _, has_password in ipairs { false, true } do
      it(("because its refresh token was used elsewhere, after %d renewals, %s a password"):format(case[1],
        has_password and "with" or "without"), function()
        sandbox:switch { rotate = true }
        finally(function() sandbox:switch { rotate = false } end)
        local ot = has_password and client() or follower()
        local first = assert(ot:token()):reveal_refresh()
        for _ = 1, case[1] do assert(renew(ot)) end
        assert.equal(case[2], use(first))
        local sent = times "refresh_token"
        local me, err = renew(ot)
        assert.equal(sent + 1, times "refresh_token")
        if has_password then
          assert.equal("alice@example.org", me.email)
        else
          assert.same({ "auth", "invalid_grant", false }, { err.kind, err.code, err.retryable })
          assert.truthy(err.hint:find(case[3], 1, true), err.hint)
          assert.truthy(err.hint:find("log in anew, and let only one place renew", 1, true))
        end
      end)
    end
  end

  it("as all do there: one with a password logs in anew, others are told", function()
    local one, other = client(), follower()
    assert(one:token())
    assert(other:token())
    sandbox:advance(2)
    sandbox:put("realm", "OPENTALK", { not_before = os.time() + 1 })
    local _, err = other.users:me()
    assert.same({ "auth", "invalid_grant" }, { err.kind, err.code })
    assert.truthy(err.message:find("Stale token", 1, true))
    assert.truthy(err.hint:find("an administrator ended all logins", 1, true))
    local sent = times "password"
    assert(one.users:me())
    assert.equal(sent + 1, times "password")
  end)

  it("goes on while tasks or a lock keep the account from a new one", function()
    local ot = client()
    assert(ot:token())
    sandbox:put("user", "alice", { pending = true })
    assert(renew(ot))
    sandbox:put("user", "alice", { logout = true })
    local _, err = renew(ot)
    assert.same({ "auth", 1 }, { err.kind, err.attempts })
    assert.truthy(err.message:find("Account is not fully set up", 1, true))
    assert.truthy(err.hint:find("verify e-mail, change password", 1, true))
    sandbox:put("user", "alice", { pending = false })
    assert(ot.users:me())
    sandbox:put("user", "alice", { locked = os.time() + 60 })
    assert(renew(ot))
    _, err = client():token()
    assert.same({ "auth", 2 }, { err.kind, err.attempts })
    assert.truthy(err.hint:find("a locked account gets the same response", 1, true))
  end)
end)

describe("client credentials", function()
  it("log the client in as itself, and in again instead of a renewal", function()
    local bot = client(BOT)
    local token = assert(bot:token())
    assert.is_nil(token:reveal_refresh())
    local _, err = bot.users:me()
    assert.equal("auth", err.kind)
    assert.truthy(err.hint:find("want the token of a user", 1, true))
    assert.same({ "client_credentials", "client_credentials" }, asked())
  end)

  for _, case in ipairs { { "Controller", "Controller", "Service accounts roles" },
    { "Frontend", "no-secret-there", "has no secret" } } do
    it("name what client " .. case[1] .. " lacks", function()
      local secret = case[1] == "Controller" and "throwaway-controller-secret-1234" or case[2]
      local _, err = client({ username = false, password = false, client_id = case[1], client_secret = secret }):token()
      assert.same({ "auth", "unauthorized_client" }, { err.kind, err.code or tostring(err) })
      assert.truthy(err.hint:find(case[3], 1, true), err.hint)
    end)
  end
end)

describe("a one-time code", function()
  local function otto(one_time_code) return client { username = "otto", one_time_code = one_time_code } end

  it("is sent once: renewals go by refresh token, and a text is not asked for twice", function()
    local ot = otto(one_time.code())
    assert(ot:token())
    expire()
    assert(ot.users:me())
    assert.same({ "password", "refresh_token" }, asked())
    sandbox:put("user", "otto", { logout = true })
    local _, err = ot.users:me()
    assert.equal("auth", err.kind)
    assert.truthy(err.message:find("sent before, and works once", 1, true))
    assert.truthy(err.hint:find("give a function", 1, true))
    assert.equal(1, times "password")
  end)

  it("comes from a function for each login", function()
    local step = one_time.step() - 1
    local ot = otto(function()
      step = step + 1
      return one_time.code(step)
    end)
    assert(ot:token())
    assert(ot:logout())
    assert(ot:token())
    assert.same({ "password", "logout", "password" }, asked())
  end)
end)

describe("a one-time code that is refused", function()
  local function otto(one_time_code) return client { username = "otto", one_time_code = one_time_code } end

  it("is sent once, since it counts as a wrong password, and another one soon", function()
    local codes, given = { "000000", one_time.code() }, 0
    local ot = otto(function()
      given = given + 1
      return codes[given]
    end)
    local _, err = ot:token()
    assert.same({ "auth", "invalid_grant", 1, false }, { err.kind, err.code, err.attempts, err.retryable })
    assert.truthy(err.hint:find("one-time code, or another one", 1, true))
    local ends = core.now() + 6
    repeat
      core.sleep(0.2)
      _, err = ot:token()
    until err == nil or core.now() > ends
    assert.is_nil(err)
    assert.same({ 2, 2 }, { given, times "password" })
  end)

  it("is one that others used before; an older one of the minute will do", function()
    local step = one_time.step()  -- another one may begin meanwhile
    assert(otto(one_time.code(step + 1)):token())
    assert.is_nil((otto(one_time.code(step + 1)):token()))
    assert(otto(one_time.code(step)):token())
  end)
end)

describe("client:whoami", function()
  it("tells who, how long and with which scopes, and no token", function()
    local ot = client()
    local who = assert(ot:whoami())
    assert.same({ "opentalk", "alice@example.org", "Alice Adams" }, { who.backend, who.email, who.display_name })
    assert.same({ "openid", "email", "profile" }, who.scopes)
    assert.is_true(who.expires_in > 290 and who.expires_in <= 300)
    local meet = salon.meet(support.meet(sandbox))
    local other = assert(meet:whoami { user = "grace@example.org" })
    assert.same({ "meet", "grace@example.org" }, { other.backend, other.email })
    assert.is_true(other.expires_in > 3590)
    for _, value in pairs(who) do assert.not_equal("userdata", type(value)) end
  end)

  it("knows no person behind Meet's token from outside", function()
    local token = assert(salon.meet(support.meet(sandbox)):token()):reveal()
    local who = assert(salon.meet({ url = sandbox.meet.url, token = token }):whoami())
    assert.is_nil(who.email)
  end)
end)

describe("client:logout", function()
  it("ends the session, and the next call logs in anew", function()
    local ot = client()
    local token = assert(ot:token()):reveal()
    assert.is_true(ot:logout())
    assert.equal("auth", select(2, salon.opentalk({ url = sandbox.opentalk.url, token = token }).users:me()).kind)
    assert(ot.users:me())
    assert.same({ "password", "logout", "password" }, asked())
  end)

  it("sends nothing where there is no login", function()
    assert.is_true(client():logout())
    assert.same({}, asked())
  end)

  it("is an error, or nothing to do, where nothing can wait", function()
    for _, one in ipairs { client { host = "nginx" }, salon.meet(support.meet(sandbox, { host = "nginx" })) } do
      assert.is_true(one:logout())
    end
  end)

  it("revokes a token that has no session", function()
    local bot = client(BOT)
    assert(bot:token())
    assert.is_true(bot:logout())
    assert.same({ "client_credentials", "revoke" }, asked())
  end)

  it("forgets offline, too, and tells that the session may live on", function()
    local ot, prompts = confirmed()
    sandbox:fault { route = "POST /realms/OPENTALK/protocol/openid-connect/logout", kind = "reset", count = 9 }
    local done, err = ot:logout { timeout = 1 }
    assert.is_nil(done)
    assert.is_true(err.kind == "network" or err.kind == "timeout", err.kind)
    ot:token { timeout = 0.5 }
    assert.equal(2, #prompts)
  end)

  it("refuses afterwards where there is no way in", function()
    local refresh = assert(client():token()):reveal_refresh()
    local ot = client { username = false, password = false, refresh_token = refresh }
    assert(ot:token())
    assert.is_true(ot:logout())
    local before = #asked()
    local _, err = ot:token()
    assert.equal("auth", err.kind)
    assert.equal(before, #asked())
    for _, outside in ipairs { salon.opentalk { url = sandbox.opentalk.url, token = "from-outside" },
      salon.meet { url = sandbox.meet.url, token = "from-outside" } } do
      assert(outside:token())
      assert.is_true(outside:logout())
      assert.equal("auth", select(2, outside:token()).kind)
    end
  end)

  it("forgets one user of Meet", function()
    local meet = salon.meet(support.meet(sandbox))
    local ada, grace = assert(meet:token()), assert(meet:token { user = "grace@example.org" })
    assert.is_true(meet:logout())
    assert.not_equal(ada, assert(meet:token()))
    assert.equal(grace, assert(meet:token { user = "grace@example.org" }))
  end)
end)

describe("meet:as", function()
  it("is a client for another user that shares the logins and never mixes them", function()
    local meet = salon.meet(support.meet(sandbox))
    local ada, grace = assert(meet:token()), meet:as "grace@example.org"
    assert.equal("salon.Client(meet " .. sandbox.meet.url .. " as grace@example.org)", tostring(grace))
    local token = assert(grace:token())
    assert.not_equal(ada:reveal(), token:reveal())
    assert.equal(token, meet:as("grace@example.org"):token())
    assert.equal(token, meet:token { user = "grace@example.org" })
    assert.equal(ada, grace:as("ada@example.org"):token())
    local room = assert(grace.rooms:create {})
    assert(grace.rooms:get(room.id))
    assert.equal(403, select(2, meet.rooms:get(room.id)).status)
    assert(room:refresh())
  end)

  it("ends with its parent, and no parent with it", function()
    local meet = salon.meet(support.meet(sandbox))
    local grace, other = meet:as "grace@example.org", meet:as "edsger@example.org"
    grace:close()
    assert.same({ true, false, false }, { grace:closed(), other:closed(), meet:closed() })
    assert.has_error(function() grace:token() end)
    meet:close()
    assert.is_true(other:closed())
    assert.has_error(function() other.rooms:list() end)
  end)

  it("raises where there is nobody to act for", function()
    local outside = salon.meet { url = sandbox.meet.url, token = "from-outside" }
    assert.has_error(function() outside:as "ada@example.org" end)
    assert.has_error(function() salon.meet(support.meet(sandbox)):as() end)
  end)
end)

describe("salon.opentalk", function()
  it("takes ways in that go together, and names the one that is missing", function()
    local function raised(extra)
      local given = { url = "https://x.example.org", client_id = "c" }
      for name, value in pairs(extra) do given[name] = value or nil end
      local ok, message = pcall(salon.opentalk, given)
      return ok and "" or message:gsub("^.-: salon", "salon")
    end
    local function f() end
    for _, case in ipairs {
      { { device = f }, "" }, { { refresh_token = "r" }, "" }, { { client_secret = "s" }, "" },
      { { device = f, refresh_token = "r" }, "" }, { { username = "u", password = "p", refresh_token = "r" }, "" },
      { { username = "u", password = "p", one_time_code = "123456" }, "" },
      { { device = f, username = "u" }, "options 'device' and 'username' exclude each other" },
      { { device = f, one_time_code = "1" }, "options 'device' and 'one_time_code' exclude each other" },
      { { token = "t", device = f }, "options 'token' and 'device' exclude each other" },
      { { token = "t", refresh_token = "r" }, "options 'token' and 'refresh_token' exclude each other" },
      { { username = "u" }, "option 'password' is required" },
      { { password = "p" }, "option 'username' is required" },
      { { one_time_code = "1", refresh_token = "r" }, "option 'username' is required" },
      { { device = f, client_id = false }, "option 'client_id' is required" },
      { {}, "option 'username' is required (or give 'device', 'refresh_token', 'client_secret' or 'token')" },
    } do
      local message = raised(case[1])
      assert.truthy(case[2] == "" and message == "" or case[2] ~= "" and message:find(case[2], 1, true), message)
    end
  end)
end)
