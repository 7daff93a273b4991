-- The local clock was two hours slow: guest links for an hour were dead on arrival, and
-- usable() said that they could be used.

local clock = require "salon.internal.clock"
local salon = require "salon"
local support = require "spec.support"

describe("a guest link for an hour", function()
  for version, seconds in pairs { ["2023"] = 2 * 3600, ["2026"] = 40 * 86400 } do
    it("is one by the server's clock, " .. version, function()
      local sandbox = support.start { meet = false, opentalk = version }
      sandbox:advance(seconds)
      local room = assert(salon.opentalk(support.opentalk(sandbox)).rooms:create())
      local invite = assert(room.invites:create { expires_in = 3600 })
      local left = clock.parse(invite.expiration) - os.time() - seconds
      assert.is_true(left > 3590 and left < 3660, left)
      assert.is_true(invite:usable())
      sandbox:advance(3700)
      assert.is_true(invite:usable())  -- as far as one knows
      assert(room.invites:list())
      assert.is_false(invite:usable())
      sandbox:stop()
    end)
  end
end)

describe("the date of a response", function()
  it("is read, or it is none", function()
    assert.are.equal(784111777, clock.parse_date "Sun, 06 Nov 1994 08:49:37 GMT")
    for _, odd in ipairs { "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 99 Nov 2026 99:99:99 GMT" } do
      assert.is_nil(clock.parse_date(odd))
    end
    assert.is_nil(clock.parse_date(nil))
  end)
end)
