-- A server that takes its users' names from outside kept 425 bytes for each name that
-- Meet does not know, for good.

local Transport = require "spec.support.transport"
local salon = require "salon"

describe("logins that failed", function()
  local function memory()
    for _ = 1, 4 do collectgarbage() end  -- what has a finaliser needs more than one
    return collectgarbage "count"
  end

  it("leave nothing behind, and those that are valid stay", function()
    local logins = 0
    local transport = Transport.install(function(asked)
      if asked.path:find "/application/token/$" then
        logins = logins + 1
        if asked.body:find "ada@" then return 200, '{"access_token":"t","expires_in":300}' end
        return 404, '{"error":"User not found."}'
      end
      return 200, '{"id":"r"}'
    end)
    finally(function() transport:remove() end)
    local meet = salon.meet { url = "https://meet.example", client_id = "app", client_secret = "s3cret" }
    local function ask(user) return meet.rooms:get("r", { user = user }) end
    local function ask_strangers(first, last)
      for i = first, last do
        local room, err = ask(("stranger-%d@example.org"):format(i))
        assert.is_nil(room)
        assert.equal(404, err.status)
      end
      transport.log = {}
    end
    assert(ask "ada@example.org")
    ask_strangers(1, 1000)
    local before = memory()
    ask_strangers(1001, 11000)
    assert.is_true(memory() - before < 500)  -- 4,150 if they stayed
    logins = 0
    assert(ask "ada@example.org")
    assert.equal(0, logins)
  end)
end)
