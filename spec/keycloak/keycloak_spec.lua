-- A real Keycloak, started by tools/keycloak/run.sh: `make test-keycloak`. First
-- the sandbox's login service is compared with it, response by response; then salon
-- logs in there.

local core = require "salon.core"
local salon = require "salon"
local support = require "spec.support"
local browser = require "spec.support.browser"
local one_time = require "spec.support.one_time"
local admin = require "spec.keycloak.admin"
local steps = require "spec.keycloak.steps"
local compare = require "spec.keycloak.compare"

local keycloak = assert(os.getenv "SALON_KEYCLOAK", "no Keycloak: run `make test-keycloak`")

local sandbox

setup(function() sandbox = support.start { meet = false } end)
teardown(function() sandbox:stop() end)

local function sleep(seconds) support.run("sleep " .. seconds) end

describe("the sandbox's login service", function()
  local sides, moments = {}, {}

  -- The same for both sides, whenever they are asked for.
  local first
  local code = setmetatable({}, { __index = function(_, name)
    first = first or one_time.step()
    return one_time.code(first + ({ last = -1, now = 0, next = 1 })[name])
  end })

  setup(function()
    sides = { { base = keycloak, kept = { code = code } },
      { base = sandbox.opentalk.issuer:match("^(.*)/realms/"), kept = { code = code } } }
  end)

  -- A step's call, with what this side has remembered put in.
  local function call_of(side, step)
    local call = {}
    for name, value in pairs(step) do call[name] = value end
    call.form = step.form and {}
    for name, value in pairs(step.form or {}) do
      call.form[name] = value and value:gsub("<(%w+)%.([%w_]+)>", function(of, field) return side.kept[of][field] end)
    end
    call.path = step.path or ("/realms/%s/protocol/openid-connect/%s"):format(
      step.realm or "OPENTALK", step.route or "token")
    return call
  end

  for _, step in ipairs(steps) do
    it("responds as Keycloak does: " .. step.name, function()
      if step.wait then sleep(step.wait) end
      if step.after then sleep(math.max(0, moments[step.after[1]] + step.after[2] - core.now())) end
      if step.admin then
        if step.admin.not_before == true then step.admin.not_before = os.time() end
        admin.keycloak(keycloak, step.admin)
        admin.sandbox(sandbox, step.admin)
      end
      local responses = {}
      for i, side in ipairs(sides) do
        responses[i] = compare.send(side.base, call_of(side, step))
        if step.keep then side.kept[step.keep], moments[step.keep] = responses[i].json, core.now() end
      end
      assert.equal("", compare.differences(keycloak, responses[1], sides[2].base, responses[2]))
    end)
  end
end)

describe("salon at a real Keycloak", function()
  local PASSWORD = "throwaway-password"
  local TOKEN = "/realms/%s/protocol/openid-connect/token"

  -- A client whose controller is the sandbox's and whose login service is not.
  local function login(changes)
    local options = { url = sandbox.opentalk.url, issuer = keycloak .. "/realms/OPENTALK",
      client_id = "Frontend", username = "alice", password = PASSWORD }
    for name, value in pairs(changes or {}) do options[name] = value or nil end
    return salon.opentalk(options)
  end

  -- Tokens of this client live for two seconds.
  local function hasty(realm)
    return login { issuer = keycloak .. "/realms/" .. realm, client_id = "Hasty" }
  end

  local function claims(token)
    local _, found = compare.open(token:reveal())
    return found
  end

  local function refusal(changes)
    local client = login(changes)
    local token, err = client:token()
    assert.is_nil(token)
    return err, client
  end

  it("finds the token endpoint and logs in", function()
    local token = assert(login():token())
    assert.equal(200, token.response.status)
    local left = token:expires_in()
    assert.is_true(left > 290 and left <= 300)
    table.sort(token.scopes)
    assert.same({ "email", "openid", "profile" }, token.scopes)
    local _, identity = compare.open(token:reveal_id())
    assert.equal("alice", identity.preferred_username)
    assert.equal(keycloak .. "/realms/OPENTALK", claims(token).iss)
  end)

  for what, changes in pairs {
    ["at an issuer with a slash at its end"] = { issuer = keycloak .. "/realms/OPENTALK/" },
    ["at a token endpoint, without any issuer"] =
      { issuer = false, token_endpoint = keycloak .. TOKEN:format("OPENTALK") },
    ["with every sign in a password"] = { username = "zoe", password = "throwaway & pass+word=100% é" },
    ["by e-mail"] = { username = "alice@example.org" },
    ["as a confidential client"] = { client_id = "Controller", client_secret = "throwaway-controller-secret-1234" },
  } do
    it("logs in " .. what, function() assert(login(changes):token()) end)
  end

  it("keeps a token as long as it is good", function()
    local client = login()
    assert.equal(assert(client:token()):reveal(), assert(client:token()):reveal())
  end)

  it("takes an offline token, which never expires", function()
    local token = assert(login { username = "bob", scope = "openid offline_access" }:token())
    local _, refresh = compare.open(token:reveal_refresh())
    assert.equal("Offline", refresh.typ)
  end)

  for realm, times in pairs { OPENTALK = 1, ROTATE = 3 } do
    it("refreshes in the same session, in realm " .. realm, function()
      local client = hasty(realm)
      local first = assert(client:token())
      local seen = { [first:reveal()] = true, [first:reveal_refresh()] = realm == "ROTATE" }
      for _ = 1, times do
        sleep(2.1)
        local token = assert(client:token())
        assert.equal(claims(first).sid, claims(token).sid)
        assert.is_true(token:expires_in() > 0)
        assert.is_falsy(seen[token:reveal()] or seen[token:reveal_refresh()])
        seen[token:reveal()], seen[token:reveal_refresh()] = true, realm == "ROTATE"
      end
    end)
  end

  -- what made the refresh token useless, realm, route and form by which it did
  for _, case in ipairs {
    { "somebody else has used the refresh token", "ROTATE", "token", { grant_type = "refresh_token" } },
    { "a logout elsewhere", "OPENTALK", "logout", {} },
  } do
    it("logs in anew after " .. case[1], function()
      local client, form = hasty(case[2]), case[4]
      local first = assert(client:token())
      form.client_id, form.refresh_token = "Hasty", first:reveal_refresh()
      local path = TOKEN:format(case[2]):gsub("token$", case[3])
      assert.is_true(compare.send(keycloak, { path = path, form = form }).status < 300)
      sleep(2.1)
      assert.not_equal(claims(first).sid, claims(assert(client:token())).sid)
    end)
  end

  -- A person without Chromium; Keycloak's pages need no scripts.
  local function browse_by_curl(prompt, username, answer)
    local jar = os.tmpname()
    local function page(address, form)
      return support.run(("curl -sS --noproxy '*' --max-time 20 -L -b %s -c %s %s %s"):format(jar, jar,
        form and "-d " .. support.quote(form) or "", support.quote(address)))
    end
    local function action(html) return (html:match '<form[^>]*action="([^"]+)"':gsub("&amp;", "&")) end
    local html = page(prompt.verification_uri_complete)
    html = page(action(html), "username=" .. username .. "&password=" .. PASSWORD)
    local base = action(html):match "^https?://" and "" or keycloak
    html = page(base .. action(html), "code=" .. html:match 'name="code" value="([^"]*)"' .. "&"
      .. (answer and "accept=Yes" or "cancel=No"))
    os.remove(jar)
    return html
  end

  -- A person who confirms (answer: true) or refuses a device login, and types the code to do so.
  -- Returns the last page.
  local function browse(prompt, username, answer)
    if not browser.found() then
      print "Chromium and chromedriver are not installed: curl sends the forms of Keycloak's pages"
      return browse_by_curl(prompt, username, answer)
    end
    local chromium = browser.start()
    local ok, text = pcall(function()
      chromium:open(prompt.verification_uri)
      chromium:type("#device_user_code", prompt.user_code)
      chromium:click "#kc-login"
      chromium:type("#username", username)
      chromium:type("#password", PASSWORD)
      chromium:click "#kc-login"
      chromium:click(answer and "[name=accept]" or "[name=cancel]")
      return chromium:text "body"
    end)
    chromium:stop()
    return assert(ok and text, text)
  end

  local function device()
    local prompts = {}
    local client = login { client_id = "Device", username = false, password = false,
      device = function(prompt) prompts[#prompts + 1] = prompt end }
    assert.equal("timeout", select(2, client:token { timeout = 3 }).kind)
    assert.equal(1, #prompts)
    return client, prompts[1]
  end

  it("waits for a device login, and logs in once somebody confirms it", function()
    local client, prompt = device()
    assert.matches("[Ss]uccess", browse(prompt, "grete", true))
    local token = assert(client:token())
    assert.equal("grete", claims(token).preferred_username)
    assert.truthy(token:reveal_refresh())
  end)

  it("says so when somebody refuses a device login", function()
    local client, prompt = device()
    browse(prompt, "grete", false)
    local _, err = client:token()
    assert.same({ "auth", "access_denied" }, { err.kind, err.code or tostring(err) })
  end)

  it("logs a client in as itself, and revokes its token", function()
    local bot = login { client_id = "Bot", client_secret = "throwaway-bot-secret-56789012345", username = false,
      password = false }
    local token = assert(bot:token())
    assert.equal("service-account-bot", claims(token).preferred_username)
    assert.is_nil(token:reveal_refresh())
    assert.is_true(bot:logout())
  end)

  it("ends a session, whose refresh token is of no use then, and logs in anew", function()
    local client = login()
    local token = assert(client:token())
    assert.is_true(client:logout())
    local _, err = login({ username = false, password = false, refresh_token = token:reveal_refresh() }):token()
    assert.same({ "auth", "invalid_grant" }, { err.kind, err.code or tostring(err) })
    assert.truthy(err.hint:find("session is over", 1, true))
    assert.not_equal(claims(token).sid, claims(assert(client:token())).sid)
  end)

  it("tells why it cannot go on when the user was disabled meanwhile", function()
    local client = login { client_id = "Hasty", username = "irene" }
    assert(client:token())
    admin.keycloak(keycloak, { user = "irene", disabled = true })
    sleep(2.1)
    local token, err = client:token()
    admin.keycloak(keycloak, { user = "irene", disabled = false })
    assert.is_nil(token)
    assert.equal("auth", err.kind)
    assert.truthy(err.hint:find("the account is disabled", 1, true))
  end)

  it("sends a refused password twice, so that three calls do not lock the account", function()
    local err, client = refusal { username = "bob", password = "wrong" }
    assert.same({ "auth", 400, "invalid_grant", 2, false },
      { err.kind, err.status, err.code, err.attempts, err.retryable })
    assert.truthy(err.hint:find("check 'username' and 'password'", 1, true))
    for _ = 1, 2 do
      local _, again = client:token()
      assert.equal(0, again.attempts)
    end
    sleep(1.1)  -- the realm's quickLoginCheckMilliSeconds, during which it may refuse anybody
    assert(login { username = "bob" }:token())
  end)

  -- what is wrong, options, kind, status, code, beginning of the hint (of kind "http": part)
  local SECRET, TASKS = "'client_secret' is missing or wrong", "the account has open tasks"
  for _, case in ipairs {
    { "direct access grants are off", { client_id = "NoGrants" }, "auth", 400, "unauthorized_client",
      "switch on 'Direct access grants'" },
    { "the user is disabled", { username = "dora" }, "auth", 400, "invalid_grant", "the account is disabled" },
    { "an action is pending", { username = "eve" }, "auth", 400, "invalid_grant", TASKS },
    { "the profile is incomplete", { username = "nora" }, "auth", 400, "invalid_grant", TASKS },
    { "the client is unknown", { client_id = "nosuch" }, "auth", 401, "invalid_client", "check 'client_id'" },
    { "the client is off", { client_id = "SwitchedOff" }, "auth", 401, "invalid_client", "check 'client_id'" },
    { "the secret is missing", { client_id = "Controller" }, "auth", 401, "unauthorized_client", SECRET },
    { "the secret is wrong", { client_id = "Controller", client_secret = "wrong" }, "auth", 401,
      "unauthorized_client", SECRET },
    { "a scope is unknown", { scope = "openid nosuch" }, "auth", 400, "invalid_scope", "check option 'scope'" },
    { "the realm does not exist", { issuer = keycloak .. "/realms/opentalk" }, "http", 404, nil, "check the realm" },
    { "the path has a prefix", { issuer = keycloak .. "/auth/realms/OPENTALK" }, "http", 404, nil, "prefix too many" },
    { "the path has a doubled slash", { token_endpoint = keycloak .. TOKEN:gsub("%%s", "/OPENTALK") }, "auth", 400,
      "missingNormalization", "give 'issuer' without a doubled slash" },
  } do
    it("says what to do when " .. case[1], function()
      local err = refusal(case[2])
      assert.same({ case[3], case[4], case[5] or "none", 1 },
        { err.kind, err.status, err.code or "none", err.attempts })
      local at = err.hint:find(case[6], 1, true)
      assert.truthy(at == 1 or at and err.kind == "http", err.hint)
      assert.is_nil(tostring(err):find(PASSWORD, 1, true))
    end)
  end

  it("says so when the controller trusts another login service", function()
    local page, err = login().rooms:list()
    assert.is_nil(page)
    assert.same({ "auth", 401 }, { err.kind, err.status })
    assert.truthy(err.hint:find("does not accept tokens of this login service", 1, true)
      or err.hint:find("refused as expired", 1, true))
  end)
end)
