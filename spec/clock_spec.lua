-- Times of the wire: RFC 3339 both ways, and Retry-After.

local clock = require "salon.internal.clock"

describe("clock", function()
  it("reads RFC 3339 in every spelling servers use", function()
    assert.equal(0, clock.parse "1970-01-01T00:00:00Z")
    assert.equal(1793491200, clock.parse "2026-11-01T00:00:00Z")
    assert.equal(1793491200, clock.parse "2026-11-01 01:00:00.123456+01:00")
    assert.equal(1793491200, clock.parse "2026-10-31t20:30:00-03:30")
    assert.equal(951827696, clock.parse "2000-02-29T12:34:56Z")
    assert.equal(4107542400, clock.parse "2100-03-01T00:00:00z")
  end)

  it("refuses everything else", function()
    for _, text in ipairs { "", "2026-11-01", "2026-11-01T00:00:00", "2026-13-01T00:00:00Z",
      "2026-11-32T00:00:00Z", "2026-11-01T24:00:00Z", "2026-11-01T00:00:00 01:00",
      "26-11-01T00:00:00Z", "2026-11-01T00:00:00Zx", "now" } do
      assert.is_nil(clock.parse(text), text)
    end
  end)

  it("writes what it reads", function()
    for _, seconds in ipairs { 0, 951827696, 1793491200, 4107542400 } do
      assert.equal(seconds, clock.parse(clock.rfc3339(seconds)))
    end
    assert.equal("2026-11-01T00:00:00Z", clock.rfc3339(1793491200.9))
  end)
end)
