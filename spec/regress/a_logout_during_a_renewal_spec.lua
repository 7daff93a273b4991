-- A logout during a renewal was undone: the client, and its store, had the token that the
-- renewal brought, and nobody ended that one.

local salon = require "salon"
local support = require "spec.support"

local sandbox, grants_read

setup(function() sandbox = support.start { meet = false, rooms = 3, switches = { rotate = true } } end)
teardown(function() sandbox:stop() end)
before_each(function() grants_read = #sandbox:grants() end)

local function grants() return table.concat(sandbox:grants(), ", ", grants_read + 1) end

local function client(more) return salon.opentalk(support.opentalk(sandbox, more)) end

describe("a logout during a renewal", function()
  it("ends the login that the renewal brings, in the store, too", function()
    local store, began = salon.store.memory(), false
    local ot = client { store = store, on_event = function(event) began = began or event.status == 401 end }
    assert(ot.rooms:list())
    sandbox:advance(301)
    sandbox:fault { route = "POST /realms", kind = "slow", seconds = 0.3 }
    local function work(name)
      if name == "list" then
        ot.rooms:list()  -- its token may have ended meanwhile
        return true
      end
      repeat salon.sleep(0.005) until began
      return ot:logout()
    end
    for _, done, err in salon.map({ "list", "logout" }, work) do assert(done, err) end
    assert.equal("password 200, refresh_token 200", grants())
    local role = sandbox.opentalk
    local other = salon.opentalk { url = role.url, client_id = role.client_id, username = role.username, store = store }
    local _, err = other:token()
    assert.matches("there is no login of client", err.message)
    assert(ot:token())
    assert.equal("password 200, refresh_token 200, password 200", grants())
  end)
end)
