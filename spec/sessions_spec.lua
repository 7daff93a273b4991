-- Logins that are shared through a store, over real sockets: one renewal for all, and
-- what happens when a store or a login is not what it should be.

local core = require "salon.core"
local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local redis = require "spec.support.redis"
local salon = require "salon"
local sessions = require "spec.support.sessions"
local support = require "spec.support"

describe("a login that has expired is renewed once", function()
  -- Rounds; who renews is killed in the last one.
  local function rounds(fields)
    fields.calls, fields.locked = 200, 4
    local run = sessions.start(fields)
    finally(function() run:stop() end)
    for round = 1, 4 do
      local kills = round == 4
      local renewals, all, failed, last = run:round(kills)
      assert.is_true(renewals == 1 or kills and renewals == 2, all)
      assert.are.equal("0 ", failed .. " " .. last)
    end
  end

  it("over nginx workers with a shared dictionary", function()
    rounds { store = "shdict", workers = 4 }
  end)

  it("over processes and nginx workers with a file", function()
    rounds { store = "file", workers = 2, processes = 2 }
  end)

  it("over processes with Redis", function()
    rounds { store = "redis", processes = 4 }
  end)
end)

describe("a shared login", function()
  local sandbox, grants_read, folder

  setup(function()
    folder = support.folder()
    sandbox = support.start { rooms = 1, switches = { rotate = true } }
  end)
  teardown(function()
    sandbox:stop()
    support.remove(folder)
  end)
  before_each(function() grants_read = #sandbox:grants() end)

  -- The requests for tokens of this test: "password 200, …"
  local function grants() return table.concat(sandbox:grants(), ", ", grants_read + 1) end

  local function client(store, more) return salon.opentalk(support.opentalk(sandbox, { store = store,
    store_failures = more and more.store_failures, scope = more and more.scope, timeout = more and more.timeout,
  })) end

  -- A run of a script that knows no password.
  local function cron(store)
    local role = sandbox.opentalk
    return salon.opentalk { url = role.url, client_id = role.client_id, username = role.username, store = store }
  end

  local function copy(store, changes)
    local other = {}
    for name, value in pairs(store) do other[name] = value end
    for name, value in pairs(changes) do other[name] = value end
    return other
  end

  it("is one for all clients of a process, however many calls there are", function()
    local store, list = salon.store.memory(), {}
    local clients = { client(store), client(store), client(store) }
    for i = 1, 60 do list[i] = clients[i % 3 + 1] end
    for _ = 1, 2 do
      for _, page, err in salon.map(list, function(one) return one.rooms:list() end, { concurrency = 60 }) do
        assert(page, err)
      end
      sandbox:advance(301)
    end
    assert.are.equal("password 200, refresh_token 200", grants())
  end)

  it("goes on from run to run without a password", function()
    local path = folder .. "/cron"
    assert(client(salon.store.file(path)).rooms:list())
    for _ = 1, 3 do
      assert(cron(salon.store.file(path)).rooms:list())
      assert(cron(salon.store.file(path)):token())
      sandbox:advance(301)
    end
    assert.are.equal("password 200, refresh_token 200, refresh_token 200", grants())
    assert.is_nil(support.read(path):find(sandbox.opentalk.password, 1, true))
  end)

  it("says what to do when it has ended, and is taken up again after that", function()
    local store = salon.store.file(folder .. "/ended")
    local _, err = cron(store):token()
    assert.are.same({ "auth", "unsent" }, { err.kind, err.outcome })
    assert.matches("log in once with", err.hint)
    assert.equal(("there is no login of client 'Frontend', user 'alice', scope 'openid' in file %s/ended")
      :format(folder), err.message)
    local given = support.opentalk(sandbox, { username = salon.secret "alice", store = store })
    given.password = nil
    local secret = salon.opentalk(given)
    assert.equal(("there is no login of client 'Frontend', scope 'openid' in file %s/ended")
      :format(folder), select(2, secret:token()).message)
    secret:close()
    assert(client(store):token())
    assert(cron(store):token())
    sandbox:put("user", "alice", { logout = true })
    _, err = cron(store).rooms:list()
    assert.are.equal("auth", err.kind)
    assert.matches("log in once with", err.hint)
    assert(client(store).rooms:list())
    assert(cron(store).rooms:list())
  end)

  it("outlasts an outage of the login service", function()
    local store = salon.store.memory()
    assert(client(store):token())
    for _, kind in ipairs { "503", "reset" } do
      sandbox:advance(301)
      local job = cron(store)
      sandbox:fault { route = "POST /realms", kind = kind, count = 1 }
      local _, err = job.rooms:list()
      assert.is_true(err.kind == "http" or err.kind == "network", tostring(err))
      assert(job.rooms:list())
    end
  end)

  it("is what another has stored when its own renewal took too long", function()
    local memory, theirs = salon.store.memory(), nil
    local other = client(copy(memory, { lock = function() return true end, unlock = function() end }))
    local late = client(copy(memory, { write = function(...)
      theirs = theirs or assert(other:token())
      return memory.write(...)
    end }))
    assert.are.equal(assert(late:token()):reveal(), theirs:reveal())
    assert.are.equal(theirs:reveal(), assert(cron(memory):token()):reveal())
  end)

  it("is stored before its token is used", function()
    local memory, sent_before = salon.store.memory(), nil
    local store = copy(memory, { write = function(...)
      sent_before = #sandbox:requests()
      return memory.write(...)
    end })
    local one = client(store)
    assert(one.rooms:list())
    local requests = sandbox:requests()
    assert.matches("/token$", requests[sent_before].path)
    assert.matches("/rooms", requests[sent_before + 1].path)
  end)

  it("is renewed when what another has stored was refused, too", function()
    local store = salon.store.memory()
    local one, other = client(store), client(store)
    assert(one.rooms:list())
    assert(other.rooms:list())
    sandbox:advance(301)
    assert(one.rooms:list())
    sandbox:put("user", "alice", { logout = true })
    assert(other.rooms:list())
    assert.are.equal("password 200, refresh_token 200, refresh_token 400, password 200", grants())
  end)

  it("ends for all at a logout", function()
    local path = folder .. "/logout"
    local one, other = client(salon.store.file(path)), client(salon.store.file(path))
    assert(one.rooms:list())
    assert(other.rooms:list())
    sandbox:advance(301)
    assert(one.rooms:list())  -- `other` does not know of this
    assert(other:logout())
    local _, err = cron(salon.store.file(path)):token()
    assert.are.equal("auth", err.kind)
    assert(one.rooms:list())  -- refused, as the session has ended, and begun anew
    assert(cron(salon.store.file(path)).rooms:list())
    assert.are.equal("password 200, refresh_token 200, refresh_token 400, password 200", grants())
  end)

  it("of a device is taken up without a user name", function()
    local store, role = salon.store.memory(), sandbox.opentalk
    local function device(more)
      local given = { url = role.url, client_id = "Device", store = store }
      for name, value in pairs(more or {}) do given[name] = value end
      return salon.opentalk(given)
    end
    sandbox:switch { device_interval = 0.05 }
    assert(device { device = function(prompt) sandbox:approve(prompt.user_code) end }:token())
    assert(device().rooms:list())
    sandbox:advance(301)
    assert(device().rooms:list())
    assert.matches("refresh_token 200$", grants())
  end)

  it("is not lost when it could not be stored", function()
    local memory, full = salon.store.memory(), false
    local store = copy(memory, { name = "drawer", write = function(...)
      if full then return nil, "no space left" end
      return memory.write(...)
    end })
    local one = client(store)
    assert(one.rooms:list())
    sandbox:advance(301)
    full = true
    for _ = 1, 2 do
      local _, err = one.rooms:list()
      assert.are.same({ "store", "the store of logins (drawer) cannot be written: no space left" },
        { err.kind, err.message })
    end
    full = false
    assert(one.rooms:list())
    assert(cron(store).rooms:list())
    assert.are.equal("password 200, refresh_token 200", grants())
  end)

  it("goes on in memory when the store fails, if that was asked for", function()
    local memory, broken = salon.store.memory(), true
    local store = {}
    for name, work in pairs(memory) do
      store[name] = type(work) == "function" and function(...)
        if broken then error("gone: " .. sandbox.opentalk.password) end
        return work(...)
      end or nil
    end
    local _, err = client(store):token()
    assert.are.equal("store", err.kind)
    assert.matches("the table of option 'store'.*gone: %*%*%*", err.message)
    local one = client(store, { store_failures = "ignore" })
    for _ = 1, 2 do
      assert(one.rooms:list())
      sandbox:advance(301)
    end
    broken = false
    assert(one.rooms:list())  -- the store gets what is newest
    assert(cron(store).rooms:list())
    assert.are.equal("password 200, refresh_token 200, refresh_token 200", grants())
  end)

  it("survives a store that forgets", function()
    local path = folder .. "/forgets"
    local one = client(salon.store.file(path))
    for _ = 1, 2 do
      assert(one.rooms:list())
      os.remove(path)
      sandbox:advance(301)
    end
    assert(one.rooms:list())
    assert(cron(salon.store.file(path)).rooms:list())
    assert.are.equal("password 200, refresh_token 200, refresh_token 200", grants())
  end)

  it("outlasts a Redis that goes away", function()
    local server = redis.start()
    finally(function() server:stop() end)
    local store = salon.store.redis { port = server.port, password = redis.PASSWORD }
    local strict, lenient = client(store), client(store, { store_failures = "ignore" })
    assert(strict.rooms:list())
    assert(lenient.rooms:list())
    sandbox:advance(301)
    server:stop()
    local _, err = strict.rooms:list()
    assert.are.equal("store", err.kind)
    assert.matches("redis 127.0.0.1:" .. server.port, err.message, 1, true)
    assert(lenient.rooms:list())
    assert.are.equal("password 200, refresh_token 200", grants())
    sandbox:advance(301)
    server = redis.start(server.port)  -- empty
    assert(lenient.rooms:list())
    assert(strict.rooms:list())
    assert.are.equal("password 200, refresh_token 200, refresh_token 200", grants())
  end)

  it("is not asked for by calls whose token is in memory", function()
    local asked, store = 0, salon.store.memory()
    for name, work in pairs(store) do
      store[name] = type(work) == "function" and function(...)
        asked = asked + 1
        return work(...)
      end or work
    end
    local one = client(store)
    assert(one.rooms:list())
    local before = asked
    for _ = 1, 5 do assert(one.rooms:list()) end
    assert.are.equal(before, asked)
  end)

  it("waits for a lock that nobody gives back until its own deadline", function()
    local memory = salon.store.memory()
    local store = copy(memory, { lock = function() return nil end })
    local begun = core.now()
    local _, err = client(store, { timeout = 0.7 }):token()
    assert.are.same({ "timeout", true }, { err.kind, err.retryable })
    assert.matches("holds the lock", err.hint)
    assert.is_true(core.now() - begun < 3)
    local lasting = copy(memory, { lock = function(key) return memory.lock(key, 0.3) end,
      unlock = function() end })  -- as if all died
    assert(client(lasting):token())
    sandbox:advance(301)
    assert(client(lasting).rooms:list())
  end)

  it("lets others work while it waits for a lock", function()
    local memory, free = salon.store.memory(), false
    local store = copy(memory, { lock = function(...) return free and memory.lock(...) or nil end })
    local waiting, other = client(store), client(salon.store.memory())
    local results = salon.check(salon.all {
      waiting = function() return waiting.rooms:list() end,
      other = function()
        local page = other.rooms:list()
        free = true
        return page
      end,
    })
    assert.are.equal(#results.other, #results.waiting)
  end)

  it("is begun anew when its refresh token was used elsewhere", function()
    local store = salon.store.memory()
    local one, role = client(store), sandbox.opentalk
    local refresh = assert(one:token()):reveal_refresh()
    for _ = 1, 2 do
      support.run(("curl -sS -d grant_type=refresh_token -d client_id=%s -d refresh_token=%s %s"):format(
        role.client_id, refresh, role.issuer .. "/protocol/openid-connect/token"))
    end
    assert(one.rooms:list())
    assert.are.equal("password 200, refresh_token 200, refresh_token 400, refresh_token 400, password 200", grants())
  end)

  it("is another one for another scope, user or service", function()
    local path = folder .. "/scopes"
    local store = salon.store.file(path)
    local wide, narrow = client(store, { scope = "openid phone" }), client(store)
    local function phone(token) return table.concat(token.scopes, " "):find "phone" ~= nil end
    assert.is_true(phone(assert(wide:token())))
    assert.is_false(phone(assert(narrow:token())))
    assert.is_true(phone(assert(client(store, { scope = "openid phone" }):token())))
    assert.is_false(phone(assert(cron(store):token())))
    assert.are.equal("password 200, password 200", grants())
    local before = #sandbox:requests()
    local meet = salon.meet(support.meet(sandbox, { store = store }))
    local ada = assert(meet:token()):reveal()
    local grace = assert(meet:token { user = "grace@example.org" }):reveal()
    assert.are_not.equal(ada, grace)
    local again = salon.meet(support.meet(sandbox, { store = store }))
    assert.are.equal(grace, assert(again:token { user = "grace@example.org" }):reveal())
    assert.are.equal(ada, assert(again:token()):reveal())
    assert.are.equal(before + 2, #sandbox:requests())
    for _, secret in ipairs { sandbox.opentalk.password, sandbox.meet.client_secret } do
      assert.is_nil(support.read(path):find(secret, 1, true))
    end
  end)

  it("of a newer version is left alone", function()
    local memory, key = salon.store.memory(), nil
    local store = copy(memory, { read = function(name)
      key = name
      return memory.read(name)
    end })
    cron(store):token()
    for blob, words in pairs { ['{"format":2,"access":{}}'] = "a newer version of salon wrote it",
      ["what is this"] = "it holds something else" } do
      assert(memory.write(key, blob, 60, (memory.read(key))))
      local _, err = client(store):token()
      assert.are.equal("store", err.kind)
      assert.matches(words, err.message)
      assert(client(store, { store_failures = "ignore" }).rooms:list())
      assert.are.equal(blob, (memory.read(key)))
    end
  end)

  it("is judged by the server's clock", function()
    local store = salon.store.memory()
    for _, hours in ipairs { 2, -4 } do
      sandbox:advance(hours * 3600)
      local fresh = salon.store.memory()
      assert(client(fresh):token())
      assert(cron(fresh).rooms:list())
      assert(cron(fresh):token())
    end
    assert.are.equal("password 200, password 200", grants())
    sandbox:advance(2 * 3600)
    assert(client(store):token())
    sandbox:advance(298)
    local late = cron(store)
    assert(late.rooms:list())  -- two seconds are not enough
    assert.is_true(assert(late:token()):expires_in() > 200)
    assert.matches("refresh_token 200$", grants())
  end)

  it("is renewed rather than handed out for its last seconds", function()
    sandbox:reset { token_life = 6 }
    local store = salon.store.memory()
    assert(client(store).rooms:list())
    sandbox:advance(3)
    local late = cron(store)
    assert(late.rooms:list())
    assert.is_true(assert(late:token()):expires_in() > 3)
    assert.are.equal("password 200, refresh_token 200", table.concat(sandbox:grants(), ", "))
    sandbox:reset { token_life = 300 }
  end)
end)

describe("a thousand calls at once", function()
  it("renew a login of two clients once", function()
    local sandbox = support.start { meet = false, rooms = 1, switches = { rotate = true } }
    finally(function() sandbox:stop() end)
    local store, list = salon.store.memory(), {}
    local function client() return salon.opentalk(support.opentalk(sandbox, { store = store, timeout = 60 })) end
    local one, other = client(), client()
    for i = 1, 1000 do list[i] = i % 2 == 0 and one or other end
    for _ = 1, 3 do
      local done = 0
      for _, page, err in salon.map(list, function(each) return each.rooms:list() end, { concurrency = 1000 }) do
        assert(page, err)
        done = done + 1
      end
      assert.are.equal(1000, done)
      sandbox:advance(301)
    end
    assert.are.equal("password 200, refresh_token 200, refresh_token 200", table.concat(sandbox:grants(), ", "))
  end)
end)

describe("a token of an odd lifetime", function()
  it("can be shared", function()
    local server = raw.start()
    for name, lifetime in pairs { none = "", zero = ',"expires_in":0', negative = ',"expires_in":-5',
      text = ',"expires_in":"300"', words = ',"expires_in":"soon"', null = ',"expires_in":null' } do
      server:reply(name, "200 OK", "", ('{"access_token":"t-1","refresh_token":"r-1"%s}'):format(lifetime))
      local store = salon.store.memory()
      for _ = 1, 2 do
        local one = salon.opentalk { controller_url = server.url, token_endpoint = server.url .. "/" .. name,
          client_id = "c", username = "u", password = "p", store = store }
        assert.are.equal("t-1", assert(one:token()):reveal())
      end
    end
    server:stop()
  end)
end)

describe("a worker of nginx", function()
  it("serves others while one request waits for the lock of a store", function()
    local sandbox = support.start { meet = false }
    local role, port = sandbox.opentalk, support.free_ports()()
    local server = nginx.start(([[
      lua_shared_dict logins 1m;
      server { listen 127.0.0.1:%d;
        location / { content_by_lua_block {
          local salon = require "salon"
          local shared = salon.store.shdict "logins"
          store = {}
          for name, value in pairs(shared) do store[name] = value end
          store.lock = function(...)
            waiting = true
            if free then return shared.lock(...) end
          end
          local token, err = salon.opentalk { url = %q, client_id = %q, username = %q, password = %q,
            store = store }:token()
          ngx.print(tostring(token or err)) } }
        location /free { content_by_lua_block {
          for i = 1, 200 do if waiting then break end ngx.sleep(0.02) end
          free = true
          ngx.print "served" } } } ]]):format(port, role.url, role.client_id, role.username, role.password))
    local url = ("http://127.0.0.1:%d/"):format(port)
    local pipe = io.popen("curl -sS --max-time 20 " .. url)
    assert.are.equal("served", (support.curl(url .. "free")))
    assert.matches("^salon.Token", pipe:read "*a")
    pipe:close()
    server:stop()
    sandbox:stop()
  end)
end)

describe("option 'store'", function()
  local function given(more)
    return function()
      local options = { url = "https://x.example", client_id = "c" }
      for name, value in pairs(more) do options[name] = value end
      salon.opentalk(options)
    end
  end

  it("is a store", function()
    assert.has_error(given { store = {} }, "salon.opentalk: option 'store' must be one of salon.store, or have "
      .. "the functions read, write, lock, unlock; 'read' is none")
    assert.has_error(given { store = salon.store.memory(), store_failures = "no" },
      "salon.opentalk: option 'store_failures' must be one of 'report', 'ignore'")
    assert.has_error(given { store = "x" }, "salon.opentalk: option 'store' must be a store, "
      .. "such as salon.store.file \"x\", got a string")
  end)

  it("does without a password, but not without a user name to it", function()
    given { store = salon.store.memory() } ()
    assert.error_matches(given { store = salon.store.memory(), password = "p" },
      "salon.opentalk: option 'username' is required")
    assert.error_matches(given {}, "salon.opentalk: option 'username' is required")
  end)
end)
