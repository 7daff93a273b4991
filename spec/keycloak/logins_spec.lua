-- What becomes of salon's logins at a real Keycloak: `make test-keycloak`. Its own route
-- /userinfo stands for the API, since it takes a token only as long as its session lives;
-- how often Keycloak was asked is counted by its events.

local salon = require "salon"
local nginx = require "spec.support.nginx"
local support = require "spec.support"
local one_time = require "spec.support.one_time"
local admin = require "spec.keycloak.admin"
local compare = require "spec.keycloak.compare"

local keycloak = assert(os.getenv "SALON_KEYCLOAK", "no Keycloak: run `make test-keycloak`")

local PASSWORD = "throwaway-password"
local REALM = "LOGINS"   -- for these specs alone: others run at the same time
local BELOW = "/realms/" .. REALM .. "/protocol/openid-connect"

local folder
setup(function() folder = support.folder() end)
teardown(function() support.remove(folder) end)

local function sleep(seconds) support.run("sleep " .. seconds) end

local function options(changes)
  local given = { controller_url = keycloak .. BELOW, issuer = keycloak .. "/realms/" .. REALM,
    client_id = "Frontend", username = "alice", password = PASSWORD }
  for name, value in pairs(changes or {}) do given[name] = value or nil end
  return given
end

local function login(changes) return salon.opentalk(options(changes)) end

-- One that goes on with another's login, and has no password.
local function follower(refresh_token)
  return login({ username = false, password = false, refresh_token = refresh_token })
end

local function use(client)
  local who, err = client:call("GET", "/userinfo")
  return who and who.preferred_username, err
end

local function send(route, form)
  form.client_id = "Frontend"
  return compare.send(keycloak, { path = BELOW .. "/" .. route, form = form })
end

-- Revokes an access token alone, so that the next call is refused and renews.
local function revoke(token)
  assert.equal(200, send("revoke", { token = token:reveal() }).status)
end

local function refresh(text)
  return send("token", { grant_type = "refresh_token", refresh_token = text })
end

local function alive(access)
  return compare.send(keycloak, { method = "GET", path = BELOW .. "/userinfo", bearer = access }).status
    == 200
end

local function assert_refused(words, client)
  local who, err = use(client)
  assert.is_nil(who)
  assert.same({ "auth", "invalid_grant" }, { err.kind, err.code })
  for _, word in ipairs(words) do assert.truthy(tostring(err):find(word, 1, true), tostring(err)) end
  return err
end

describe("a login", function()
  it("a client renews many times, and no token comes twice", function()
    local client, seen = login(), {}
    local noted = admin.noted(keycloak, REALM, function()
      for i = 1, 21 do
        assert.equal("alice", use(client))
        local token = assert(client:token())
        assert.is_nil(seen[token:reveal_refresh()])
        seen[token:reveal_refresh()] = true
        if i < 21 then revoke(token) end
      end
    end)
    assert.same({ LOGIN = 1, REFRESH_TOKEN = 20 }, noted)
  end)

  it("many calls at a time renew once", function()
    local client, numbers = login(), {}
    for i = 1, 30 do numbers[i] = i end
    local noted = admin.noted(keycloak, REALM, function()
      revoke(assert(client:token()))
      for _, who, err in salon.map(numbers, function() return use(client) end, { concurrency = 30 }) do
        assert.equal("alice", who, err)
      end
    end)
    assert.same({ LOGIN = 1, REFRESH_TOKEN = 1 }, noted)
  end)

  -- Calls once for each line that it reads.
  local PROGRAM = [[
    local salon = require "salon"
    local client = salon.opentalk { controller_url = arg[1], issuer = arg[2], client_id = "Frontend",
      username = "bob", password = "throwaway-password", store = salon.store.file(arg[3]) }
    for _ in io.lines() do
      local who, err = client:call("GET", "/userinfo")
      local file = io.open(arg[4], "a")
      file:write(who and who.preferred_username or tostring(err), "\n")
      file:close()
    end
  ]]

  it("two processes share a login in a file, over many renewals and the end of its session", function()
    local program, said = support.write(folder .. "/program.lua", PROGRAM), folder .. "/said"
    support.run("mkfifo " .. said)
    local reader = assert(io.open(said, "r+"))  -- never at its end
    local given = options({ username = "bob", store = salon.store.file(folder .. "/shared") })
    local pipes = {}
    local noted = admin.noted(keycloak, REALM, function()
      for i = 1, 2 do
        pipes[i] = assert(io.popen(("exec %s %s %s %s %s/shared %s"):format(support.quote(support.lua), program,
          given.controller_url, given.issuer, folder, said), "w"))
      end
      for round = 1, 12 do
        if round == 12 then
          admin.keycloak(keycloak, { realm = REALM, user = "bob", logout = true })
        elseif round > 1 then
          revoke(assert(salon.opentalk(given):token()))
        end
        for _, pipe in ipairs(pipes) do
          pipe:write "go\n"
          pipe:flush()
        end
        for _ = 1, 2 do assert.equal("bob", reader:read "*l") end
      end
    end)
    for _, pipe in ipairs(pipes) do pipe:close() end
    reader:close()
    assert.same({ LOGIN = 2, REFRESH_TOKEN = 10, REFRESH_TOKEN_ERROR = 1 }, noted)
  end)
end)

describe("a refresh token that was used elsewhere", function()
  -- The newest one: Keycloak sees the second use. An older one: it ends the session at once.
  for what, case in pairs {
    ["the newest"] = { renewals = 0, words = { "somebody else used the refresh token", "log in anew" } },
    ["an older one"] = { renewals = 1, words = { "session is over", "used twice", "log in anew" } },
  } do
    -- A login whose tokens are of no use any more, and the access token that the other got.
    local function robbed(client)
      local first = assert(client:token())
      for _ = 1, case.renewals do
        revoke(assert(client:token()))
        assert(use(client))
      end
      local other = refresh(first:reveal_refresh())
      assert.equal(case.renewals == 0 and 200 or 400, other.status)
      if case.renewals == 0 then revoke(first) end
      return other.json.access_token
    end

    it("ends the login of who has no password, and says why: " .. what, function()
      local client = follower(assert(login({ username = "charlie" }):token()):reveal_refresh())
      local access = robbed(client)
      assert_refused(case.words, client)
      assert.is_false(access ~= nil and alive(access))
    end)

    it("is replaced by a new login, and no call is lost: " .. what, function()
      local path = folder .. "/" .. case.renewals
      local client = login({ username = "charlie", store = salon.store.file(path) })
      local noted = admin.noted(keycloak, REALM, function()
        robbed(client)
        assert.equal("charlie", use(client))
        assert.equal("charlie", use(login({ username = "charlie", password = false,
          store = salon.store.file(path) })))
      end)
      assert.same({ 2, nil }, { noted.LOGIN, noted.LOGIN_ERROR })
    end)
  end
end)

describe("a session that the administrator ends", function()
  local function by_name()
    admin.keycloak(keycloak, { realm = REALM, user = "alice", logout = true })
  end
  -- What was given out in this second stays good.
  local function by_time()
    sleep(1.1)
    admin.keycloak(keycloak, { realm = REALM, not_before = os.time() })
  end

  teardown(function() admin.keycloak(keycloak, { realm = REALM, not_before = 0 }) end)

  for what, case in pairs {
    ["that of one user"] = { ends = by_name, words = { "session is over", "log in anew" } },
    ["all, by \"not before\""] = { ends = by_time, words = { "an administrator", "log in anew" } },
  } do
    it("is followed by a new login where a password is there, once: " .. what, function()
      local client = login()
      local noted = admin.noted(keycloak, REALM, function()
        assert(use(client))
        case.ends()
        for _ = 1, 3 do assert.equal("alice", use(client)) end
      end)
      assert.same({ LOGIN = 2, REFRESH_TOKEN_ERROR = 1 }, noted)
    end)

    it("is final where none is, and the error says so: " .. what, function()
      local client = follower(assert(login():token()):reveal_refresh())
      assert(use(client))
      case.ends()
      local err = assert_refused(case.words, client)
      assert.is_false(err.retryable)
    end)
  end
end)

describe("an account with open tasks", function()
  local WORDS = { "Account is not fully set up", "verify e-mail, change password", "log in once with a browser" }

  for task, user in pairs { UPDATE_PASSWORD = "eve", VERIFY_EMAIL = "mona" } do
    it("is refused, once, and the tasks are named: " .. task, function()
      local client = login({ username = user })
      local noted = admin.noted(keycloak, REALM, function()
        local err = assert_refused(WORDS, client)
        assert.same({ 1, false }, { err.attempts, err.retryable })
      end)
      assert.same({ LOGIN_ERROR = 1 }, noted)
    end)
  end

  it("goes on while its session lives, and logs in as soon as they are done", function()
    local client = login({ username = "karl" })
    assert(use(client))
    admin.keycloak(keycloak, { realm = REALM, user = "karl", pending = true })
    revoke(assert(client:token()))
    assert.equal("karl", use(client))
    admin.keycloak(keycloak, { realm = REALM, user = "karl", logout = true })
    assert_refused(WORDS, client)
    admin.keycloak(keycloak, { realm = REALM, user = "karl", pending = false })
    assert.equal("karl", use(client))
  end)
end)

describe("an account with one-time codes", function()
  local NAMED = { "check 'username' and 'password'", "one-time code" }
  local function otto(code) return login({ username = "otto", one_time_code = code }) end
  local used

  it("logs in with a code, and goes on without another", function()
    used = one_time.code()
    local client = otto(used)
    assert.equal("otto", use(client))
    revoke(assert(client:token()))
    assert.equal("otto", use(client))
  end)

  for what, code in pairs {
    ["without one"] = function() end, ["with a wrong one"] = function() return "000000" end,
    ["with one that was used before"] = function() return used end,
  } do
    it("is refused " .. what .. ", and the error names the code", function()
      local err = assert_refused(NAMED, otto(code()))
      assert.equal(400, err.status)
      assert.equal(what == "without one" and 2 or 1, err.attempts)
      admin.keycloak(keycloak, { realm = REALM, user = "otto", unlocked = true })
    end)
  end
end)

describe("an account that is locked", function()
  it("is refused with the right password, hardly asked, and its session goes on", function()
    local at_work, client = login({ username = "karl" }), login({ username = "karl" })
    assert(use(at_work))
    for _ = 1, 3 do
      send("token", { grant_type = "password", username = "karl", password = "wrong" })
      sleep(1.1)
    end
    local noted = admin.noted(keycloak, REALM, function()
      local err = assert_refused({ "a locked account gets the same response" }, client)
      assert.same({ 2, false }, { err.attempts, err.retryable })
      for _ = 1, 20 do assert.equal(0, select(2, use(client)).attempts) end
      revoke(assert(at_work:token()))
      assert.equal("karl", use(at_work))
    end)
    assert.same({ LOGIN_ERROR = 2, REFRESH_TOKEN = 1 }, noted)
    admin.keycloak(keycloak, { realm = REALM, user = "karl", unlocked = true })
    assert.equal("karl", use(login({ username = "karl" })))
  end)
end)

describe("nginx that starts, with four workers and 200 requests at once", function()
  local WORKERS, CALLS = 4, 200
  local SERVER = [[
    lua_shared_dict logins 1m;
    log_format worker '$pid $status';
    server { access_log %s/access.log worker; listen 127.0.0.1:%d reuseport; location / { content_by_lua_block {
      local salon = require "salon"
      client = client or salon.opentalk { controller_url = %q, issuer = %q, client_id = "Frontend",
        username = "lena", password = %q, store = %s }
      local who, err = client:call("GET", "/userinfo")
      if who then return ngx.say(who.preferred_username) end
      ngx.log(ngx.ERR, tostring(err))
      ngx.exit(500)
    } } } ]]

  -- Starts it with this store (Lua) and asks. What Keycloak noted, and how many workers
  -- served.
  local function cold_start(store)
    local port, given, workers, seen = support.free_ports()(), options(), 0, {}
    local log = support.folder()
    local server = nginx.start(SERVER:format(log, port, given.controller_url, given.issuer, PASSWORD, store),
      nil, nil, WORKERS)
    local noted = admin.noted(keycloak, REALM, function()
      local said = support.run(("h2load --h1 -n %d -c %d -t 1 http://127.0.0.1:%d/"):format(CALLS, CALLS, port))
      assert.equal(tostring(CALLS), said:match "(%d+) succeeded", said .. server:log():sub(-2000))
    end)
    server:stop()
    for pid in support.read(log .. "/access.log"):gmatch "(%d+) 200\n" do
      if not seen[pid] then seen[pid], workers = true, workers + 1 end
    end
    support.remove(log)
    return noted, workers
  end

  for what, store in pairs {
    ["in a shared dictionary"] = [[salon.store.shdict "logins"]], ["in a file"] = "salon.store.file(%q)",
  } do
    it("logs in once, with a store " .. what, function()
      local noted, workers = cold_start(store:format(folder .. "/cold"))
      assert.equal(WORKERS, workers)
      assert.same({ LOGIN = 1 }, noted)
    end)
  end

  it("fails no request without a store, and locks nobody", function()
    local noted, workers = cold_start "nil"
    assert.equal(WORKERS, workers)
    assert.equal(WORKERS, noted.LOGIN)
    assert.equal("lena", use(login({ username = "lena" })))
  end)
end)
