-- Stores that fail in the middle of a run, places that are none, and functions of a
-- caller's own that return nonsense: each is named, nothing is lost and nothing hangs.

local core = require "salon.core"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"
local salon = require "salon"
local support = require "spec.support"

local sandbox, folder, grants_read

setup(function()
  folder = support.folder()
  sandbox = support.start { meet = false, rooms = 1, switches = { rotate = true } }
end)
teardown(function()
  sandbox:stop()
  support.remove(folder)
end)
before_each(function() grants_read = #sandbox:grants() end)

local function grants() return table.concat(sandbox:grants(), ", ", grants_read + 1) end

local function client(store, more)
  local given = { store = store, timeout = 10 }
  for name, value in pairs(more or {}) do given[name] = value end
  return salon.opentalk(support.opentalk(sandbox, given))
end

-- A run of a script that knows no password.
local function cron(store, more)
  local role = sandbox.opentalk
  local given = { url = role.url, client_id = role.client_id, username = role.username, store = store, timeout = 10 }
  for name, value in pairs(more or {}) do given[name] = value end
  return salon.opentalk(given)
end

local function changed(store, changes)
  local other = {}
  for name, value in pairs(store) do other[name] = value end
  for name, value in pairs(changes) do other[name] = value end
  return other
end

-- The call fails for the store, which is named: `where`, a plain text.
local function fails(where, words, page, err)
  assert.is_nil(page, words)
  assert.are.equal("store", err.kind, tostring(err))
  assert.matches(("(%s)"):format(where), err.message, 1, true)
  assert.matches(words, err.message)
end

local function new_folder(name)
  local path = folder .. "/" .. name
  support.run("mkdir -p " .. path)
  return path
end

-- A small file system of its own, where we may mount one.
local function mounted(name)
  local path = new_folder(name)
  local _, status = support.run(("mount -t tmpfs -o size=64k none %s"):format(path))
  if status ~= 0 then return nil end
  finally(function() support.run("umount " .. path) end)
  return path
end

describe("a store that vanishes", function()
  it("is named when its folder was deleted, and takes the login when that is back", function()
    local path = new_folder "deleted"
    local store = salon.store.file(path .. "/logins")
    local one, lenient = client(store), client(store, { store_failures = "ignore" })
    assert(one.rooms:list())
    assert(lenient.rooms:list())
    support.run("rm -r " .. path)
    assert(one.rooms:list())  -- the token in hand
    sandbox:advance(301)
    fails("file " .. path .. "/logins", "No such file", one.rooms:list())
    fails("file " .. path .. "/logins", "No such file", one.rooms:list())
    assert.are.equal("password 200", grants())  -- no refresh token was used up
    for _ = 1, 2 do
      assert(lenient.rooms:list())
      sandbox:advance(301)
    end
    new_folder "deleted"
    assert(lenient.rooms:list())
    assert(cron(store).rooms:list())
    assert(one.rooms:list())
    assert.are.equal("password 200, refresh_token 200, refresh_token 200, refresh_token 200", grants())
  end)

  it("is made anew when its file was deleted, or cut to nothing", function()
    local path = new_folder "file" .. "/logins"
    local store = salon.store.file(path)
    local one = client(store)
    assert(one.rooms:list())
    for _, command in ipairs { "rm %s", "truncate -s 0 %s", "rm %s %s.lock" } do
      support.run((command:gsub("%%s", path)))
      sandbox:advance(301)
      assert(one.rooms:list())
      assert(cron(store).rooms:list())
    end
    assert.are.equal("password 200, refresh_token 200, refresh_token 200, refresh_token 200", grants())
  end)

  it("loses no login on a full disk: its refresh token is not used up", function()
    local path = mounted "full"
    if path == nil then return pending "no file system can be mounted" end
    local store = salon.store.file(path .. "/logins")
    local one, lenient = client(store), client(store, { store_failures = "ignore" })
    assert(one.rooms:list())
    assert(lenient.rooms:list())
    sandbox:advance(301)
    support.run(("dd if=/dev/zero of=%s/rest bs=1k"):format(path))
    for _ = 1, 2 do
      fails("file " .. path .. "/logins", "No space left", cron(store).rooms:list())
      fails("file " .. path .. "/logins", "No space left", one.rooms:list())
    end
    assert.are.equal("password 200", grants())
    for _ = 1, 3 do
      assert(lenient.rooms:list())
      sandbox:advance(301)
    end
    os.remove(path .. "/rest")
    assert(lenient.rooms:list())
    assert(cron(store).rooms:list())
    assert.is_nil(grants():find("400", 1, true), grants())
    assert.are.equal("logins\nlogins.lock\n", (support.run("ls " .. path)))
  end)

  it("loses no login where nothing may be written any more", function()
    local path = mounted "read-only"
    if path == nil then return pending "no file system can be mounted" end
    local store = salon.store.file(path .. "/logins")
    local one, lenient = client(store), client(store, { store_failures = "ignore" })
    assert(one.rooms:list())
    assert(lenient.rooms:list())
    support.run("mount -o remount,ro " .. path)
    assert(cron(store).rooms:list())  -- reading is enough
    sandbox:advance(301)
    fails("file " .. path .. "/logins", "Read%-only", cron(store).rooms:list())
    for _ = 1, 2 do
      assert(lenient.rooms:list())
      sandbox:advance(301)
    end
    assert.are.equal("password 200, refresh_token 200, refresh_token 200", grants())
  end)
end)

describe("a place for a file that is none", function()
  local function complaint(path, words)
    local store = salon.store.file(path)
    local begun = core.now()
    fails("file " .. path, words or "", client(store).rooms:list())
    local _, err = client(store):token()
    assert.is_true(core.now() - begun < 3)
    assert(client(store, { store_failures = "ignore" }).rooms:list())
    return err.message
  end

  it("is a symbolic link, which a write would replace", function()
    local path = new_folder "links"
    salon.check(client(salon.store.file(path .. "/real")):token())
    for _, target in ipairs { "real", "nowhere" } do
      support.run(("ln -sfn %s %s/link"):format(target, path))
      assert.matches("symbolic link", complaint(path .. "/link"))
      assert.are.equal(target .. "\n", (support.run("readlink " .. path .. "/link")))
    end
    support.run(("ln -s %s %s/folder"):format(path, folder))
    assert(cron(salon.store.file(folder .. "/folder/real")):token())
  end)

  it("is a directory, a named pipe or a device", function()
    local path = new_folder "kinds"
    support.run(("mkdir %s/directory; mkfifo -m 600 %s/pipe"):format(path, path))
    assert.matches("it is a directory", complaint(path .. "/directory"))
    assert.matches("not a plain file", complaint(path .. "/pipe"))
    assert.matches("not a plain file", complaint "/dev/full")
    assert.matches("Not a directory", complaint(path .. "/pipe/x"))
  end)

  it("is one whose neighbours cannot be made", function()
    local path = new_folder "neighbours"
    support.run(("cd %s; mkdir a.lock b.new; mkdir c.lock; ln -s x d.lock"):format(path))
    assert.matches("a%.lock: Is a directory", complaint(path .. "/a"))
    assert.matches("b%.new: File exists", complaint(path .. "/b"))
    assert.matches("d%.lock: ", complaint(path .. "/d"))
  end)

  it("holds something else, or what a newer salon wrote, and is left alone", function()
    local path, key = new_folder "garbled" .. "/logins", nil
    assert(client(changed(salon.store.memory(), { read = function(name) key = name end })):token())
    local function holds(blob)
      return ('{"salon_store":1,"entries":{"%s":{"ends":9999999999,"blob":%s}}}'):format(key, core.encode(blob))
    end
    for text, words in pairs {
      ['{"salon_store":1,"entries":{"k":5}}'] = "not a store of salon's",
      ['{"salon_store":1,"entries":{"k":{"blob":"x","ends":"soon"}}}'] = "not a store of salon's",
      ['{"salon_store":1,"entries":{"k":{"blob":7,"ends":9999999999}}}'] = "not a store of salon's",
      ['{"salon_store":1,"entries":["x"]}'] = "not a store of salon's",
      ['{"salon_store":1,"entries":{"k":{"blob":"x","en'] = "not a store of salon's",
      [("\0"):rep(5000)] = "not a store of salon's",
      ['{"salon_store":2}'] = "a newer version of salon wrote it",
      [holds "what"] = "holds something else",
      [holds '{"format":2}'] = "a newer version of salon wrote it",
      [holds '{"format":1,"access":5}'] = "access",
      [holds '{"format":1,"access":"a b"}'] = "blank",
    } do
      support.write(path, text)
      support.run("chmod 600 " .. path)
      assert.matches(words, complaint(path, words), text)
      assert.are.equal(text, support.read(path))
    end
  end)
end)

describe("a lock that nobody gives back", function()
  it("ends no call later than its own time, and its file is named", function()
    local path = folder .. "/stopped"
    local store = salon.store.file(path)
    assert(client(store):token())
    sandbox:advance(301)
    local script = support.write(folder .. "/stopped.lua", [[
      local salon = require "salon"
      local inner, store = salon.store.file(arg[1]), {}
      for name, value in pairs(inner) do store[name] = value end
      function store.lock(...)
        local fence, message = inner.lock(...)
        print "held"
        io.stdout:flush()
        io.read()
        return fence, message
      end
      salon.opentalk { url = arg[2], client_id = arg[3], username = arg[4], store = store }.rooms:list()
    ]])
    local role = sandbox.opentalk
    local pipe = io.popen(("echo $$; exec %s %s %s %s %s %s </dev/zero"):format(support.quote(support.lua), script,
      path, role.url, role.client_id, role.username))
    local pid = pipe:read "*l"
    finally(function() support.run("kill -9 " .. pid) end)
    assert.are.equal("held", pipe:read "*l")
    support.run("kill -STOP " .. pid)
    local begun = core.now()
    local _, err = client(store, { timeout = 0.7 }).rooms:list()
    assert.are.same({ "timeout", true }, { err.kind, err.retryable })
    assert.matches("file " .. path, err.message, 1, true)
    assert.is_true(core.now() - begun < 3)
    support.run("kill -9 " .. pid)
    pipe:close()
    assert(client(store).rooms:list())
  end)

  it("in Redis ends by itself when its holder has died", function()
    local server = redis.start()
    finally(function() server:stop() end)
    local inner = salon.store.redis { port = server.port, password = redis.PASSWORD }
    assert(client(inner):token())
    sandbox:advance(301)
    local died = changed(inner, { lock = function(key) return inner.lock(key, 0.3) end, unlock = function() end,
      write = function() return nil, "the process is gone" end })
    fails(inner.name, "the process is gone", cron(died).rooms:list())
    assert(client(inner).rooms:list())
  end)
end)

describe("a Redis that is stopped, killed or none", function()
  it("is named in time, and used again as soon as it is back", function()
    local server = redis.start()
    finally(function() server:stop() end)
    local store = salon.store.redis { port = server.port, password = redis.PASSWORD, timeout = 0.3 }
    local one = client(store)
    assert(one.rooms:list())
    sandbox:advance(301)
    support.run("kill -STOP " .. server.pid)
    local begun = core.now()
    fails("redis 127.0.0.1:" .. server.port, "", one.rooms:list())
    assert.is_true(core.now() - begun < 3)
    support.run("kill -CONT " .. server.pid)
    assert(one.rooms:list())
    sandbox:advance(301)
    support.run("kill -9 " .. server.pid)
    support.gone(server.pid)
    fails("redis 127.0.0.1:" .. server.port, "", one.rooms:list())
    server = redis.start(server.port)
    assert(one.rooms:list())
    assert(cron(store).rooms:list())
    assert.are.equal("password 200, refresh_token 200, refresh_token 200", grants())
  end)

  it("is named when it takes no writes, before a refresh token is used up", function()
    local server = redis.start()
    finally(function() server:stop() end)
    local store = salon.store.redis { port = server.port, password = redis.PASSWORD }
    local one = client(store)
    assert(one.rooms:list())
    sandbox:advance(301)
    server:ask "config set maxmemory 1"
    for _ = 1, 2 do fails("redis 127.0.0.1:" .. server.port, "OOM", one.rooms:list()) end
    server:ask "config set maxmemory 0"
    assert(one.rooms:list())
    assert.are.equal("password 200, refresh_token 200", grants())
  end)

  it("is named when something else answers there", function()
    local role = sandbox.opentalk
    local port = tonumber(role.url:match ":(%d+)$")
    local begun = core.now()
    fails("redis 127.0.0.1:" .. port, "", client(salon.store.redis { port = port, timeout = 0.5 }).rooms:list())
    assert.is_true(core.now() - begun < 5)
  end)
end)

describe("a store of the caller's own", function()
  -- What one function returns instead, and what is said of it.
  local function instead(name, work, words, more)
    local store = changed(salon.store.memory(), { name = "drawer", [name] = work })
    local begun = core.now()
    fails("drawer", words, client(store, more).rooms:list())
    assert.is_true(core.now() - begun < 5, name)
    local lenient = client(store, { store_failures = "ignore" })
    for _ = 1, 3 do
      assert(lenient.rooms:list())
      sandbox:advance(301)
    end
    assert.is_nil(grants():find("400", 1, true), grants())
  end

  it("is told what its `read` returns that is no blob", function()
    for _, value in ipairs { 5, true, false, {}, print, "", "null", "[]", '{"format":"x"}', ("x"):rep(2 ^ 24),
      ("[1,"):rep(2 ^ 20) } do
      instead("read", function() return value, 1 end, "cannot be used")
    end
    instead("read", function() error "broken" end, "cannot be read.*broken")
    instead("read", function() error({}) end, "cannot be read")
    instead("read", function() error() end, "cannot be read")
    instead("read", function() return nil, { "odd" } end, "cannot be read")
    instead("read", function() return nil, ("x"):rep(2 ^ 20) end, "cannot be read")
  end)

  it("is told what its `write` returns that is neither true nor false", function()
    instead("write", function() end, "cannot be written: it returned")
    instead("write", function() return 1 end, "cannot be written: it returned")
    instead("write", function() return "OK" end, "cannot be written: it returned")
    instead("write", function() return {} end, "cannot be written: it returned")
    instead("write", function() error "broken" end, "cannot be written.*broken")
    instead("write", function() return nil, "full" end, "cannot be written: full")
    instead("write", function() return false end, "cannot be written: .*version")
  end)

  it("may say false for a lock that somebody else has", function()
    local store = changed(salon.store.memory(), { name = "drawer", lock = function() return false end })
    local _, err = client(store, { timeout = 0.3 }):token()
    assert.are.equal("timeout", err.kind)
    assert.matches("drawer", err.message)
    instead("lock", function() error "broken" end, "cannot be locked.*broken")
    assert(client(changed(salon.store.memory(), { unlock = function() error "broken" end })).rooms:list())
  end)

  it("cannot yield to salon's own loop", function()
    local store = changed(salon.store.memory(), { name = "drawer", read = function() coroutine.yield "x" end })
    local one = client(store)
    local ok, e = pcall(function()
      for _, page, err in salon.map({ 1, 2 }, function() return one.rooms:list() end, { on_error = "collect" }) do
        assert(page == nil and err.kind == "store", tostring(err))
      end
    end)
    assert.is_true(ok or tostring(e):find "yield" ~= nil, tostring(e))
  end)
end)

describe("a store of another clock", function()
  it("keeps the login, written hours ahead or behind", function()
    local role = sandbox.opentalk
    local script = support.write(folder .. "/clock.lua", [[
      local time, ahead = os.time, tonumber(arg[5]) * 3600
      os.time = function(...) return select("#", ...) > 0 and time(...) or time() + ahead end
      local salon = require "salon"
      print(#salon.check(salon.opentalk { url = arg[2], client_id = arg[3], username = arg[4],
        password = arg[6], store = salon.store.file(arg[1]) }.rooms:list()))
    ]])
    for _, hours in ipairs { "-30", "-5", "0", "5", "30" } do
      local path = folder .. "/clock" .. hours
      local words = { script, path, role.url, role.client_id, role.username, hours, role.password }
      assert.are.equal("1\n", (support.script(words)))
      words[#words] = nil
      assert(cron(salon.store.file(path)).rooms:list())
      assert.are.equal("1\n", (support.script(words)))
      sandbox:advance(301)
      assert(cron(salon.store.file(path)).rooms:list())
      assert.are.equal("1\n", (support.script(words)))
    end
    assert.is_nil(grants():find("400", 1, true), grants())
    assert.are.equal(5, select(2, grants():gsub("password", "")))
  end)
end)

describe("a login that could not be stored", function()
  local full, memory, store

  before_each(function()
    full, memory = false, salon.store.memory()
    store = changed(memory, { name = "drawer", write = function(...)
      if full then return nil, "full" end
      return memory.write(...)
    end })
  end)

  local function unsaved(more)
    local one = client(store, more)
    assert(one.rooms:list())
    sandbox:advance(301)
    full = true
    return one
  end

  it("gives way to a newer one of somebody else", function()
    local one = unsaved()
    fails("drawer", "full", one.rooms:list())
    assert(client(memory).rooms:list())
    full = false
    for _ = 1, 2 do
      assert(one.rooms:list())
      sandbox:advance(301)
    end
    assert.are.equal("password 200, refresh_token 200, refresh_token 400, password 200, refresh_token 200", grants())
  end)

  it("is renewed, not stored, when it has expired as well", function()
    local one = unsaved()
    fails("drawer", "full", one.rooms:list())
    sandbox:advance(301)
    full = false
    assert(one.rooms:list())
    assert(cron(memory).rooms:list())
    assert.are.equal("password 200, refresh_token 200, refresh_token 200", grants())
  end)

  it("is renewed as often as it expires, if the store may fail", function()
    local one = unsaved { store_failures = "ignore" }
    for _ = 1, 3 do
      local sent = #sandbox:requests()
      assert(one.rooms:list())
      assert.are.equal(sent + 3, #sandbox:requests())  -- refusal, renewal, call
      sandbox:advance(301)
    end
    assert.are.equal("password 200, refresh_token 200, refresh_token 200, refresh_token 200", grants())
  end)

  it("is the one that a logout ends", function()
    local one = unsaved()
    fails("drawer", "full", one.rooms:list())
    full = false
    assert(one:logout())
    assert.is_nil(cron(memory):token())
  end)
end)

describe("a refresh token that was used elsewhere", function()
  it("ends the login of a job without a password, which says how to begin anew", function()
    local store, role = salon.store.file(folder .. "/used"), sandbox.opentalk
    local refresh = assert(client(store):token()):reveal_refresh()
    for _ = 1, 2 do
      support.run(("curl -sS -d grant_type=refresh_token -d client_id=%s -d refresh_token=%s %s"):format(
        role.client_id, refresh, role.issuer .. "/protocol/openid-connect/token"))
    end
    local _, err = cron(store).rooms:list()
    assert.are.equal("auth", err.kind)
    assert.matches("log in once with", err.hint)
    assert(client(store).rooms:list())
    assert(cron(store).rooms:list())
  end)
end)

describe("in nginx", function()
  local server, url

  setup(function()
    local role, port = sandbox.opentalk, support.free_ports()()
    server = nginx.start(([[
      lua_shared_dict small 64k;
      lua_shared_dict logins 1m;
      init_worker_by_lua_block {
        salon, inner = require "salon", {}
        given = { url = %q, client_id = %q, username = %q, password = %q, timeout = 10 }
        function client(store, failures)
          local options = { store = store, store_failures = failures }
          for name, value in pairs(given) do options[name] = value end
          return salon.opentalk(options)
        end
        function try(store, failures)
          local page, err = client(store, failures).rooms:list()
          ngx.say(page and "ok" or err.kind .. ": " .. err.message)
        end
      }
      server { listen 127.0.0.1:%d;
        location = /full { content_by_lua_block {
          local small = ngx.shared.small
          for i = 1, 10000 do if not small:safe_set(i, "x") then break end end
          local store = salon.store.shdict "small"
          for _ = 1, 2 do try(store) end
          try(store, "ignore")
          small:flush_all()
          small:flush_expired()
          try(store)
        } }
        location = /redis { content_by_lua_block {
          redis_store = redis_store or salon.store.redis { port = tonumber(ngx.var.arg_port), password = %q,
            timeout = 0.5 }
          try(redis_store)
        } }
        location = /own { content_by_lua_block {
          local shared = salon.store.shdict "logins"
          for _, read in ipairs { function() ngx.sleep(0.02) return 5 end, function() error "broken" end,
            function() return {} end, function() ngx.sleep(0.02) return nil, "gone" end,
            function() coroutine.yield() return 5 end } do
            local store = { name = "drawer", read = read, write = shared.write, lock = shared.lock,
              unlock = shared.unlock }
            try(store)
            try(store, "ignore")
          end
        } } } ]]):format(role.url, role.client_id, role.username, role.password, port, redis.PASSWORD))
    url = ("http://127.0.0.1:%d"):format(port)
  end)
  teardown(function() server:stop() end)

  it("a shared dictionary that is full says so", function()
    local full = "store: the store of logins %(lua_shared_dict small%) cannot be %l+: it is full[^\n]*\n"
    assert.matches("^" .. full .. full .. "ok\nok\n$", (support.curl(url .. "/full")))
  end)

  it("a Redis that was killed is used again once it is back", function()
    local one = redis.start()
    finally(function() one:stop() end)
    local function ask() return (support.curl(url .. "/redis?port=" .. one.port)) end
    assert.are.equal("ok\nok\n", ask() .. ask())
    support.run("kill -9 " .. one.pid)
    support.gone(one.pid)
    assert.matches("^store: .*redis 127.0.0.1:" .. one.port, ask())
    one = redis.start(one.port)
    assert.are.equal("ok\nok\n", ask() .. ask())
    support.run("kill -STOP " .. one.pid)
    assert.matches("^store: .*redis 127.0.0.1:" .. one.port .. ".*timeout", ask())
    support.run("kill -CONT " .. one.pid)
    assert.are.equal("ok\n", ask())
  end)

  it("functions of one's own may wait, and return nonsense", function()
    local output = support.curl(url .. "/own")
    assert.are.equal(5, select(2, output:gsub("store: the store of logins %(drawer%) [^\n]+\nok\n", "")), output)
  end)
end)
