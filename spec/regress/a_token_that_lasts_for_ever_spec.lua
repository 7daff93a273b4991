-- A login service that says a token lasts for longer than a store can count: Redis did not
-- take it, and no call was made.

local raw = require "spec.support.raw"
local redis = require "spec.support.redis"
local salon = require "salon"
local support = require "spec.support"

describe("a token without a refresh token that lasts for ever", function()
  it("is kept by every store", function()
    local server, cache, folder = raw.start(), redis.start(), support.folder()
    finally(function()
      server:stop()
      cache:stop()
      support.remove(folder)
    end)
    server:reply("api", "200 OK", "", "[]")
    local stores = { salon.store.memory(), salon.store.file(folder .. "/logins"),
      salon.store.redis { port = cache.port, password = redis.PASSWORD } }
    for i, seconds in ipairs { "1e300", "1e17" } do
      server:reply("token", "200 OK", "", ('{"access_token":"throwaway-%d","expires_in":%s}'):format(i, seconds))
      for _, store in ipairs(stores) do
        server:forget()
        for _ = 1, 2 do
          local ot = salon.opentalk { controller_url = server.url, token_endpoint = server.url .. "/token",
            client_id = "c" .. i, client_secret = "throwaway-secret", store = store }
          assert(ot:token())
        end
        assert.equal(1, select(2, server:log()), store.name)
      end
    end
  end)
end)
