-- salon.scope: one deadline for all that happens inside, and one way to call it
-- off; also when nginx's client goes away.

local core = require "salon.core"
local nginx = require "spec.support.nginx"
local salon = require "salon"
local support = require "spec.support"

local TOGETHER = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil
local LATENCY = 0.05
local PATIENCE = 10    -- seconds, and less than what the scope ends would take by itself

describe("salon.scope", function()
  local sandbox, ot, id

  setup(function()
    sandbox = support.start { rooms = 60, latency = LATENCY, meet = false }
    ot = salon.opentalk(support.opentalk(sandbox))
    id = assert(ot.rooms:list { per_page = 1 })[1].id
  end)
  teardown(function()
    ot:close()
    sandbox:stop()
  end)

  local function get() return ot.rooms:get(id) end

  it("hands on arguments, results and what is raised", function()
    local scope = salon.scope { timeout = 5 }
    local a, b, c = scope:run(function(...) return select("#", ...), nil, (...) end, "x", nil)
    assert.same({ 2, "x" }, { a, c })
    assert.is_nil(b)
    local object = {}
    local ok, e = pcall(scope.run, scope, function() error(object) end)
    assert.is_false(ok)
    assert.equal(object, e)
    assert.equal(id, scope:run(get).id)
  end)

  it("ends everything inside at its time: calls, pauses, pages, logins", function()
    local function ends(fn, seconds)
      local before = core.now()
      local value, err = salon.scope({ timeout = seconds }):run(fn)
      assert.is_true(core.now() - before < PATIENCE)
      assert.is_nil(value)
      assert.equal("timeout", err.kind)
    end
    ends(function()
      for _ = 1, 400 do
        local room, err = get()
        if not room then return nil, err end
      end
      return true
    end, 0.12)
    ends(function()
      local ok, e = pcall(function()
        for _ in ot.rooms:each { per_page = 3 } do assert(true) end
      end)
      return ok or nil, salon.caught(e)
    end, 0.12)
    sandbox:fault { route = "GET /v1/rooms", kind = "503", count = 5, retry_after = 2 * PATIENCE }
    local before = core.now()
    local room, err = salon.scope({ timeout = PATIENCE }):run(get)
    assert.is_nil(room)  -- it does not wait for what would be too late
    assert.equal(503, err.status)
    assert.is_true(core.now() - before < PATIENCE / 2)
    sandbox:reset()
    id = ot.rooms:list { per_page = 1 }[1].id
    local fresh = salon.opentalk(support.opentalk(sandbox))
    ends(function() return fresh:token() end, 0.005)
    fresh:close()
  end)

  it("gives way to the earlier deadline where scopes nest", function()
    local outer, inner = salon.scope { timeout = 0.08 }, salon.scope { timeout = 60 }
    local function both()
      local room, err = get()
      if room then room, err = get() end
      return room, err
    end
    local _, err = outer:run(function() return inner:run(both) end)
    assert.equal("timeout", err.kind)
    assert(inner:run(both))  -- by itself it has time left
    outer, inner = salon.scope { timeout = 60 }, salon.scope { timeout = 0.08 }
    outer:run(function()
      _, err = inner:run(both)
      assert.equal("timeout", err.kind)
      assert(both())
    end)
    assert(both())
  end)

  it("refuses what comes when it is over, unsent", function()
    assert(get())  -- what was sent before it has arrived by now
    local scope = salon.scope { timeout = 0.01 }
    while scope:expires_in() > 0 do assert(true) end
    local before = #sandbox:requests()
    local _, err = scope:run(get)
    assert.equal("timeout", err.kind)
    assert.equal("unsent", err.outcome)
    assert.equal(0, err.attempts)
    assert.matches("the scope timed out", tostring(err))
    scope:cancel()
    _, err = scope:run(get)
    assert.equal("cancelled", err.kind)
    assert.equal(before, #sandbox:requests())
    assert.is_false(err.retryable)
  end)

  it("counts inside only", function()
    local scope = salon.scope { timeout = 0.001 }
    while scope:expires_in() > 0 do assert(true) end
    assert(get())
    local other
    scope:run(function() other = coroutine.create(get) end)
    local _, room = coroutine.resume(other)
    assert.equal(id, room.id)  -- a coroutine of one's own begins outside
    pcall(scope.run, scope, error, "x")
    assert(get())
  end)

  if TOGETHER then
    it("covers salon.map and salon.all, and is cancelled from beside", function()
      local scope = salon.scope()
      local kinds = {}
      scope:run(function()
        for i, _, err in salon.map({ 1, 2, 3, 4 }, function(i)
          if i == 1 then
            get()
            scope:cancel()
            return true
          end
          for _ = 1, 5 do
            local room, err = get()
            if not room then return nil, err end
          end
        end, { on_error = "collect" }) do kinds[i] = err and err.kind or "fine" end
      end)
      assert.same({ "fine", "cancelled", "cancelled", "cancelled" }, kinds)
      local found, err = salon.scope({ timeout = 0.02 }):run(salon.all, { a = get, b = get })
      assert.is_nil(found)
      assert.equal("timeout", err.kind)
    end)

    it("covers the reading of a map that was made outside", function()
      local map = salon.map(function() return 1 end, get, { concurrency = 1 })
      local began = core.now()
      local ok, e = pcall(function()
        salon.scope { timeout = 0.08 }:run(function() for _ in map do end end)
      end)
      assert.is_false(ok)
      assert.equal("timeout", salon.caught(e).kind)
      assert.is_true(core.now() - began < PATIENCE)
      assert.is_nil((map()))
    end)

    it("calls away who waits for somebody else's login", function()
      local fresh = salon.opentalk(support.opentalk(sandbox))
      local scope, seen = salon.scope(), nil
      local found = assert(salon.all {
        a_login = function() return fresh:token() end,
        follower = function()
          seen = select(2, scope:run(function() return fresh:token() end))
          return true
        end,
        z = function()
          get()
          scope:cancel()
          return true
        end,
      })
      assert.equal("cancelled", seen.kind)
      assert.is_truthy(found.a_login)
      fresh:close()
    end)
  end

  it("cancels on close the page that was fetched ahead", function()
    local scope = salon.scope()
    local walk = scope:run(function()
      local walk = ot.rooms:each { per_page = 10 }
      walk()
      return walk
    end)
    scope:close()
    scope:close()
    local n = 1
    local ok, e = pcall(function() for _ in walk do n = n + 1 end end)
    assert.is_false(ok)
    assert.equal("cancelled", salon.caught(e).kind)
    assert.equal(10, n)
    assert.error_matches(function() scope:run(get) end, "scope:run: the scope is closed")
  end)

  it("is harmless when left open, cancelled late, or asked wrongly", function()
    for _ = 1, 100 do salon.scope { timeout = 60 }:run(tostring, 1) end
    local scope = salon.scope { timeout = 60 }
    assert.is_true(scope:expires_in() > 59)
    assert.matches("^salon.Scope%(%d+%.%d+ s left%)$", tostring(scope))
    assert(scope:run(get))
    scope:cancel()
    scope:cancel()
    assert.equal("salon.Scope(cancelled)", tostring(scope))
    assert.is_nil(salon.scope():expires_in())
    assert.error_matches(function() scope.cancel() end, "scope:cancel: call it with a colon")
    assert.error_matches(function() scope:run(1) end, "argument 'fn' must be a function")
    assert.error_matches(function() salon.scope { timeout = 0 } end, "must be greater than 0")
    assert.error_matches(function() salon.scope { timout = 1 } end, "did you mean 'timeout'")
  end)
end)

local HTTP = [[
  init_worker_by_lua_block {
    salon = require "salon"
    core = require "salon.core"
    ot = salon.opentalk { url = "@URL@", client_id = "@ID@", username = "@USER@",
      password = "@PASSWORD@" }
    gone = "nobody"
  }
  lua_check_client_abort on;
  server {
    listen 127.0.0.1:@PORT@;
    location /deadline { content_by_lua_block {
      salon.check(ot.rooms:list())
      local before = core.now()
      local scope = salon.scope { timeout = 0.12 }
      local n, err = 0, nil
      scope:run(function()
        for _, _, e in salon.map({ 1, 2, 3 }, function()
          for _ = 1, 400 do
            local page, e = ot.rooms:list()
            if not page then return nil, e end
          end
        end, { on_error = "collect" }) do n, err = n + 1, e end
      end)
      ngx.say(n, " ", err.kind, " ", core.now() - before < 10)
    } }
    location /beside { content_by_lua_block {
      local scope = salon.scope()
      local thread = ngx.thread.spawn(function()
        return scope:run(function()
          for _ = 1, 400 do
            local page, err = ot.rooms:list()
            if not page then return err.kind end
          end
        end)
      end)
      ngx.sleep(0.12)
      scope:cancel()
      local _, kind = ngx.thread.wait(thread)
      ngx.say(kind)
    } }
    location /away { content_by_lua_block {
      salon.scope():run(function()
        for i = 1, 200 do
          local page, err = ot.rooms:list()
          if not page then gone = err.kind .. ": " .. err.message return end
        end
        gone = "never"
      end)
    } }
    location /gone { content_by_lua_block { ngx.say(gone) } }
    location /exit { content_by_lua_block {
      salon.scope { timeout = 0.05 }:run(function()
        ot.rooms:list()
        ngx.sleep(0.05)
        ngx.exit(204)
      end)
    } }
    location /after { content_by_lua_block { ngx.say(#salon.check(ot.rooms:list())) } }
  }
]]

describe("salon.scope in nginx", function()
  local sandbox, guest, port

  local function get(path)
    return (support.curl("http://127.0.0.1:" .. port .. path):gsub("\n$", ""))
  end

  setup(function()
    sandbox = support.start { rooms = 10, latency = LATENCY, meet = false }
    port = support.free_ports()()
    local role = sandbox.opentalk
    guest = nginx.start((HTTP:gsub("@(%u+)@", { URL = role.url, ID = role.client_id,
      USER = role.username, PASSWORD = role.password, PORT = port })))
  end)
  teardown(function()
    guest:stop()
    sandbox:stop()
  end)

  it("ends everything inside at its time", function()
    assert.equal("3 timeout true", get "/deadline")
  end)

  it("is cancelled from another light thread", function()
    assert.equal("cancelled", get "/beside")
  end)

  it("is cancelled when the client goes away", function()
    support.run(("curl -sS --noproxy '*' --max-time 1 http://127.0.0.1:%d/away"):format(port))
    local before = core.now()
    repeat local text = get "/gone" until text ~= "nobody" or core.now() - before > PATIENCE
    assert.equal("cancelled: the client went away", get "/gone")
  end)

  it("does not outlive a request that is broken off inside", function()
    for _ = 1, 20 do get "/exit" end
    for _ = 1, 5 do assert.equal("10", get "/after") end
  end)

  it("leaves no complaint in the log", function()
    assert.is_nil(guest:log():find("%[error%]"))
  end)
end)
