-- Stores of logins by themselves: the contract, for each on each host, and what is
-- wrong with a place.

local contract = require "spec.support.store_contract"
local core = require "salon.core"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"
local salon = require "salon"
local support = require "spec.support"

local folder, server
setup(function() folder, server = support.folder(), redis.start() end)
teardown(function()
  server:stop()
  support.remove(folder)
end)

local function of_redis(more)
  local given = { port = server.port, password = redis.PASSWORD }
  for name, value in pairs(more or {}) do given[name] = value end
  return salon.store.redis(given)
end

describe("a store keeps its contract", function()
  it("in memory", function() contract(salon.store.memory()) end)
  it("in a file", function() contract(salon.store.file(folder .. "/contract")) end)
  it("in Redis", function()
    contract(of_redis())
    contract(of_redis { username = "default", database = 3, prefix = "other:" })
  end)

  it("in nginx", function()
    local port = support.free_ports()()
    local nginx_server = nginx.start(([[
      lua_shared_dict logins 1m;
      server { listen 127.0.0.1:%d; location / { content_by_lua_block {
        local salon, contract = require "salon", require "spec.support.store_contract"
        for name, given in pairs { memory = false, file = %q, shdict = "logins",
          redis = { port = %d, password = %q } } do
          for _ = 1, 2 do ngx.say(name, " ", contract(salon.store[name](given or nil))) end
        end
        ngx.say(select(2, pcall(salon.store.shdict, "none")))
        ngx.say(select(2, salon.store.redis({ port = %d, password = "wrong" }).read "x"))
        local _, message, hint = salon.store.redis({ port = 1 }).read "x"
        ngx.say(message, "; ", hint)
      } } } ]]):format(port, folder .. "/in_nginx", server.port, redis.PASSWORD, server.port))
    local output = support.curl(("http://127.0.0.1:%d/"):format(port))
    for _, name in ipairs { "memory", "file", "shdict", "redis" } do
      assert.are.equal(2, select(2, output:gsub(name .. " kept\n", "")), output)
    end
    assert.truthy(output:find("nginx.conf has no lua_shared_dict 'none': "
      .. "add `lua_shared_dict none 1m;` to the http block\n", 1, true))
    assert.matches("WRONGPASS", output)
    assert.matches("connection refused; is Redis running at 127.0.0.1:1%?[^\n]*\n$", output)
    nginx_server:stop()
  end)
end)

describe("the lock of a worker of nginx that died", function()
  it("goes to one of the others at once", function()
    local port = support.free_ports()()
    local nginx_server = nginx.start(([[
      lua_shared_dict logins 1m;
      init_worker_by_lua_block { store = require "salon".store.shdict "logins" }
      server { listen 127.0.0.1:%d;
        location = /pid { content_by_lua_block { ngx.print(ngx.worker.pid()) } }
        location = /lock { content_by_lua_block {
          fence = store.lock("key", 600)
          ngx.print(fence and "held" or "refused") } }
        location = /unlock { content_by_lua_block {
          store.unlock("key", fence)
          ngx.print "free" } } } ]]):format(port))
    local function ask(path) return (support.curl(("http://127.0.0.1:%d%s"):format(port, path))) end
    local dead
    for _ = 1, 2 do
      assert.are.equal("held", ask "/lock")
      assert.are.equal("refused", ask "/lock")
      dead = ask "/pid"
      support.run("kill -9 " .. dead)
      support.gone(dead)
    end
    assert.are.equal("held", ask "/lock")
    assert.are_not.equal(dead, ask "/pid")
    assert.are.equal("free", ask "/unlock")
    assert.are.equal("held", ask "/lock")
    nginx_server:stop()
  end)
end)

describe("what is stored", function()
  it("ends with its time", function()
    for _, store in ipairs { salon.store.memory(), of_redis(), salon.store.file(folder .. "/short") } do
      assert(store.write("k", "x", 1, nil))
      assert(store.lock("k", 0.05))
      local ends = core.now() + 5
      repeat core.sleep(0.05) until store.read "k" == nil or core.now() > ends
      assert.is_nil(store.read "k")
      assert.is_true(store.write("k", "y", 60, nil))
      if not store.name:find "^file" then assert(store.lock("k", 1)) end
    end
  end)

  it("in a file is for its owner alone, and without the past", function()
    local path = folder .. "/mode"
    local store = salon.store.file(path)
    assert(store.write("old", "x", -1, nil))
    assert(store.write("k", "kiwi", 60, nil))
    assert.are.equal("600\n", (support.run("stat -c %a " .. path)))
    assert.is_nil(support.read(path):find('"old"', 1, true))
    assert.are.equal("mode\nmode.lock\n", (support.run(("cd %s && ls mode*"):format(folder))))
  end)
end)

describe("a lock", function()
  it("in a file ends with its holder", function()
    local path = folder .. "/holder"
    local store = salon.store.file(path)
    local script = support.write(folder .. "/holder.lua", [[
      local store = require("salon").store.file(arg[1])
      fence = assert(store.lock("k", 60))
      print "held"
      io.stdout:flush()
      io.read()
    ]])
    local pipe = io.popen(("echo $$; exec %s %s %s </dev/zero"):format(support.quote(support.lua), script, path))
    local pid = pipe:read "*l"
    assert.are.equal("held", pipe:read "*l")
    assert.is_nil(store.lock("k", 60))
    local other = store.lock("else", 60)
    assert(other):release()
    support.run("kill -9 " .. pid)
    pipe:close()
    assert(store.lock("k", 60)):release()
  end)
end)

describe("a place that will not do is named:", function()
  local function complaint(store)
    local _, read = store.read "k"
    local _, written = store.write("k", "x", 60, nil)
    return tostring(read or written)
  end

  it("a directory, a file that others can read, or that is none of salon's", function()
    assert.matches("directory", complaint(salon.store.file(folder)))
    local path = folder .. "/wrong"
    for text, words in pairs { ["export X=1\n"] = "not a store of salon's", ["[1]"] = "not a store",
      ['{"salon_store":2,"entries":{}}'] = "a newer version of salon wrote it",
      ['{"salon_store":"x"}'] = "not a store" } do
      support.write(path, text)
      support.run("chmod 644 " .. path)
      assert.matches("other users may read or write it: chmod 600", complaint(salon.store.file(path)))
      support.run("chmod 600 " .. path)
      assert.matches(words, complaint(salon.store.file(path)))
      assert.are.equal(text, support.read(path))
    end
    support.write(path, "")
    assert.are.equal("nil", complaint(salon.store.file(path)))
  end)

  it("a folder that is not there, and a full disk", function()
    assert.matches("No such file", complaint(salon.store.file(folder .. "/none/x")))
    local denied = complaint(salon.store.file "/sys/x")  -- not even root may
    assert.is_truthy(denied:find "denied" or denied:find "Read%-only" or denied:find "not permitted", denied)
    local path = folder .. "/full"
    assert(salon.store.file(path).write("k", "before", 60, nil))
    local script = support.write(folder .. "/full.lua", [[
      local store = require("salon").store.file(arg[1])
      print(store.write("k", "after", 60, "before"))
    ]])
    -- A file may have no byte more: what a full disk says, too.
    local output = support.run(("(trap '' XFSZ; ulimit -f 0; exec %s %s %s) | cat"):format(
      support.quote(support.lua), script, path))
    assert.matches("^nil\tFile too large", output)
    assert.are.equal("before", (salon.store.file(path).read "k"))
  end)

  it("a Redis that is not there, or wants another password", function()
    local _, message = salon.store.redis({ port = support.NO_PORT }).read "k"
    assert.matches("could not connect to 127.0.0.1:1", message)
    _, message = salon.store.redis({ port = server.port }).read "k"
    assert.matches("NOAUTH", message)
    _, message = salon.store.redis({ port = server.port, password = "wrong" }).lock("k", 1)
    assert.matches("WRONGPASS", message)
    assert.is_nil(message:find("wrong", 1, true))
  end)

  it("and what to do about it is said, where it is known", function()
    local function hint(store)
      local _, err = salon.opentalk({ url = "http://127.0.0.1:" .. support.NO_PORT, client_id = "c",
        username = "u", password = "p", store = store }):token()
      assert.equal("store", err.kind)
      return err.hint
    end
    local path = folder .. "/foreign"
    support.write(path, "export X=1\n")
    support.run("chmod 600 " .. path)
    assert.equal("delete it, or name another file", hint(salon.store.file(path)))
    assert.equal(("make the folder '%s/none/'"):format(folder), hint(salon.store.file(folder .. "/none/x")))
    local LOGIN = "check options 'password' and 'username' of salon.store.redis"
    assert.equal(LOGIN, hint(salon.store.redis { port = server.port }))
    assert.equal(LOGIN, hint(of_redis { password = "wrong" }))
    assert.equal(LOGIN, hint(of_redis { username = "nobody" }))
    assert.equal("is Redis running at 127.0.0.1:" .. support.NO_PORT
      .. "? Options 'host' and 'port' of salon.store.redis name the place",
      hint(salon.store.redis { port = support.NO_PORT }))
    local output = support.script { "-e", [[local salon = require "salon"
      local store = salon.store.redis()
      package.path = ""
      print((select(2, store.read "k")))]] }
    assert.equal("no module 'redis': install redis-lua (LuaRocks)"
      .. (_VERSION:find "5%.[123]" and " or lua-redis (Debian)\n" or "\n"), output)
  end)

  it("nothing, a dictionary outside of nginx, a name of a file", function()
    assert.has_error(function()
      salon.opentalk { url = "http://127.0.0.1", client_id = "c", username = "u", store = "s/a.json" }
    end, "salon.opentalk: option 'store' must be a store, "
      .. "such as salon.store.file \"s/a.json\", got a string")
    assert.has_error(function()
      salon.opentalk { url = "http://127.0.0.1", client_id = "c", username = "u", store = "redis://:pw@host" }
    end, "salon.opentalk: option 'store' must be a store, such as salon.store.file \"PATH\", got a string")
    assert.has_error(function() salon.store.file() end,
      "salon.store.file: argument 'path' must be the name of a file")
    assert.has_error(function() salon.store.shdict "x" end,
      "salon.store.shdict: this is not nginx: use salon.store.file")
    assert.has_error(function() salon.store.redis { prot = 1 } end,
      "salon.store.redis: unknown option 'prot', did you mean 'port'?")
  end)
end)
