-- salon.sleep: a pause in a script, in salon.map and salon.all, in scopes and in nginx.

local core = require "salon.core"
local nginx = require "spec.support.nginx"
local salon = require "salon"
local support = require "spec.support"

local TOGETHER = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil
local LONG = 60        -- seconds that no test waits for
local PATIENCE = 10

describe("salon.sleep", function()
  it("waits for as long as it is told, and says true", function()
    local before = core.now()
    assert.is_true(salon.sleep(0.05))
    assert.is_true(core.now() - before >= 0.05)
    assert.is_true(salon.sleep(0))
    assert.equal(1, select("#", salon.sleep(0)))
  end)

  it("raises for what is no pause, at the caller's line", function()
    for _, case in ipairs { { -1, "must be at least 0" }, { 0 / 0, "must be finite" }, { 1 / 0, "must be finite" },
      { "1", "must be a number, got string" }, { salon.null, "must be a number, got salon.null" } } do
      local fn = function() salon.sleep(case[1]) end
      local ok, e = pcall(fn)
      assert.is_false(ok)
      assert.equal(("spec/sleep_spec.lua:%d: salon.sleep: argument 'seconds' %s"):format(
        debug.getinfo(fn, "S").linedefined, case[2]), e)
    end
    assert.error_matches(function() salon.sleep() end, "salon.sleep: argument 'seconds' is required")
  end)

  it("ends with its scope's time", function()
    local before = core.now()
    local slept, err = salon.scope({ timeout = 0.05 }):run(salon.sleep, LONG)
    assert.is_nil(slept)
    assert.equal("timeout", err.kind)
    assert.is_true(core.now() - before < PATIENCE)
    local scope = salon.scope { timeout = LONG }
    assert.is_true(scope:run(salon.sleep, 0.001))
    scope:cancel()
    slept, err = scope:run(salon.sleep, LONG)
    assert.is_nil(slept)
    assert.equal("cancelled", err.kind)
    assert.is_true(core.now() - before < PATIENCE)
  end)

  if TOGETHER then
    it("lets the other workers go on", function()
      local order = {}
      for _, seconds in salon.map({ 0.3, 0.2, 0.1, 0 }, function(seconds)
        assert(salon.sleep(seconds))
        order[#order + 1] = seconds
        return seconds
      end) do assert.is_number(seconds) end
      assert.same({ 0, 0.1, 0.2, 0.3 }, order)
    end)

    it("lets calls of other workers arrive meanwhile", function()
      local sandbox = support.start { rooms = 3, meet = false }
      local ot = salon.opentalk(support.opentalk(sandbox))
      local order = {}
      assert(salon.all {
        pause = function()
          local slept, err = salon.sleep(LONG)
          order[#order + 1] = err.kind
          return slept, err
        end,
        call = function()
          order[#order + 1] = #assert(ot.rooms:list())
          return nil, "enough"
        end,
      } == nil)
      assert.same({ 3, "cancelled" }, order)
      ot:close()
      sandbox:stop()
    end)

    it("is cancelled from beside", function()
      local scope, before = salon.scope(), core.now()
      local found = assert(salon.all {
        a = function()
          local _, err = scope:run(salon.sleep, LONG)
          return err.kind
        end,
        b = function()
          assert(salon.sleep(0.02))
          scope:cancel()
          return true
        end,
      })
      assert.equal("cancelled", found.a)
      assert.is_true(core.now() - before < PATIENCE)
    end)
  end

  it("waits in a coroutine of one's own as well", function()
    local co = coroutine.create(salon.sleep)
    local before = core.now()
    assert.same({ true, true }, { coroutine.resume(co, 0.03) })
    assert.is_true(core.now() - before >= 0.03)
  end)
end)

local HTTP = [[
  init_by_lua_block {
    salon = require "salon"
    core = require "salon.core"
    local before = core.now()
    at_start = tostring(salon.sleep(0.02)) .. " " .. tostring(core.now() - before >= 0.02)
  }
  server {
    listen 127.0.0.1:@PORT@;
    location = /start { content_by_lua_block { ngx.say(at_start) } }
    location = /long { content_by_lua_block {
      sleeper = salon.scope()
      local slept, err = sleeper:run(salon.sleep, 60)
      ngx.say(tostring(slept), " ", err.kind)
    } }
    location = /wake { content_by_lua_block {
      if sleeper then sleeper:cancel() end
    } }
    location = /short { content_by_lua_block {
      local before = core.now()
      local slept = salon.sleep(0.05)
      ngx.say(tostring(slept), " ", core.now() - before >= 0.05)
    } }
    location = /time { content_by_lua_block {
      local slept, err = salon.scope({ timeout = 0.05 }):run(salon.sleep, 60)
      ngx.say(tostring(slept), " ", err.kind)
    } }
    location = /phase {
      content_by_lua_block { ngx.say("x") }
      header_filter_by_lua_block {
        local slept, err = salon.sleep(0.01)
        ngx.header.slept = tostring(slept) .. " " .. err.kind
      }
    }
  }
]]

describe("salon.sleep in nginx", function()
  local guest, port

  local function get(path)
    return (support.curl("http://127.0.0.1:" .. port .. path):gsub("\n$", ""))
  end

  setup(function()
    port = support.free_ports()()
    guest = nginx.start((HTTP:gsub("@PORT@", port)))
  end)
  teardown(function() guest:stop() end)

  it("waits for as long as it is told, at the start as well", function()
    assert.equal("true true", get "/short")
    assert.equal("true true", get "/start")
  end)

  it("ends with its scope's time", function() assert.equal("nil timeout", get "/time") end)

  it("leaves the worker to other requests, which may end it", function()
    local folder = support.folder()
    support.run(("curl -sS --noproxy '*' --max-time %d http://127.0.0.1:%d/long >%s/out 2>&1 &"):format(LONG, port,
      folder))
    local before = core.now()
    local text
    repeat
      get "/wake"
      text = support.read(folder .. "/out")
    until text ~= "" or core.now() - before > PATIENCE
    assert.equal("nil cancelled\n", text)
    support.remove(folder)
  end)

  it("is an error of kind phase where nginx cannot wait", function()
    local head = support.run(("curl -sS -i --noproxy '*' --max-time 20 http://127.0.0.1:%d/phase"):format(port))
    assert.matches("slept: nil phase", head)
  end)

  it("leaves no complaint in the log", function() assert.is_nil(guest:log():find("%[error%]")) end)
end)
