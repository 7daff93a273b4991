-- Every field passes the search for secrets: a long list of them blocked the process
-- for half a minute.

local raw = require "spec.support.raw"
local salon = require "salon"

describe("an error response with 400,000 refused fields", function()
  it("is read at once, and the first hundred are kept", function()
    local server = raw.start()
    finally(function() server:stop() end)
    local url = server:reply("x", "400 Bad Request", "", '{"errors":[' .. ('"x",'):rep(399999) .. '"x"]}')
    local meet = salon.meet { url = url, token = ("t"):rep(1000) }
    local begun = os.clock()
    local _, err = meet.rooms:create {}
    assert.equal(100, #err.fields)
    assert.is_true(os.clock() - begun < 5)
  end)
end)
