-- A function that a client calls may use the client. Inside of a login such a call waited for
-- that login, which waited for it, until the time of both was up; in on_event it told of itself
-- without end.

local core = require "salon.core"
local nginx = require "spec.support.nginx"
local salon = require "salon"
local support = require "spec.support"

local sandbox, grants_read

setup(function() sandbox = support.start { meet = false, rooms = 3, switches = { rotate = true } } end)
teardown(function() sandbox:stop() end)
before_each(function() grants_read = #sandbox:grants() end)

local function grants() return table.concat(sandbox:grants(), ", ", grants_read + 1) end

local function client(more) return salon.opentalk(support.opentalk(sandbox, more)) end

-- Four calls at once, all of which need the login.
local function list_at_once(ot)
  local pages = 0
  for _, page, err in salon.map({ 1, 2, 3, 4 }, function() return ot.rooms:list() end) do
    assert(page, err)
    pages = pages + 1
  end
  return pages
end

local function assert_nested(err)
  assert.equal("timeout", err and err.kind)
  assert.matches("the login is under way, and this call is made inside of it", err.message, 1, true)
end

describe("a call inside of a login", function()
  it("from on_event has an error at once, and harms no other call", function()
    local ot, err
    ot = client { timeout = 20, on_event = function(event)
      if event.name == "login" then err = select(2, ot:whoami()) end
    end }
    local begun = core.now()
    assert.equal(4, list_at_once(ot))
    assert.is_true(core.now() - begun < 20)
    assert_nested(err)
    assert.equal("password 200", grants())
  end)

  it("from a store has an error at once, and harms no other call", function()
    local store, errs, asked, ot = salon.store.memory(), {}, 0, nil
    for _, name in ipairs { "read", "write", "lock", "unlock" } do
      local inner = store[name]
      store[name] = function(...)
        asked = asked + 1
        if asked <= 4 then errs[#errs + 1] = select(2, ot.rooms:list()) end
        return inner(...)
      end
    end
    ot = client { timeout = 20, store = store }
    local begun = core.now()
    assert.equal(4, list_at_once(ot))
    assert.is_true(core.now() - begun < 20)
    assert.equal(4, #errs)
    for _, err in ipairs(errs) do assert_nested(err) end
  end)

  it("from on_event has an error at once in nginx", function()
    local role, port = sandbox.opentalk, support.free_ports()()
    local server = nginx.start(([[
      init_worker_by_lua_block { salon = require "salon" }
      server { listen 127.0.0.1:%d;
        location / { content_by_lua_block {
          local ot, err
          ot = salon.opentalk { url = %q, client_id = %q, username = %q, password = %q, timeout = 20,
            on_event = function(event)
              if event.name == "login" then err = select(2, ot:whoami()) end
            end }
          local page, why = ot.rooms:list()
          ngx.say(page and "ok" or tostring(why), " ", err and err.message)
        } } } ]]):format(port, role.url, role.client_id, role.username, role.password))
    finally(function() server:stop() end)
    assert.equal("ok the login is under way, and this call is made inside of it\n",
      (support.curl(("http://127.0.0.1:%d"):format(port))))
  end)
end)

describe("on_event", function()
  it("may use the client, and is not told of that", function()
    local ot, told, most = nil, 0, 0
    local depth = 0
    ot = client { on_event = function(event)
      depth, told = depth + 1, told + 1
      most = math.max(most, depth)
      if told < 100 and event.name == "done" and event.url:find "/rooms$" then assert(ot.users:me()) end
      depth = depth - 1
    end }
    assert(ot.rooms:list())
    assert.equal(1, most)
    local before = told
    assert(ot.rooms:list())
    assert.equal(before + 2, told)
  end)
end)
