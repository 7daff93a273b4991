-- How to test your own script without a server:
--
--   busted examples/test_with_sandbox_spec.lua
--
-- The script gives out guest links of a day's meetings. The sandbox is the server: it holds
-- what a test makes there, fails on demand, and its clock can be moved.

local salon = require "salon"

-- The script under test.
local function guest_links(ot, day)
  local links = {}
  for date in ot.events:dates { time_min = day, time_max = salon.time.add(day, { days = 1 }) } do
    links[date.title] = salon.check(date.room:guest_url { expires_in = 24 * 3600 })
  end
  return links
end

describe("guest_links", function()
  local MONDAY = { "2027-01-18", "Europe/Berlin" }
  local sandbox, ot
  local function create(title, starts, ends)
    salon.check(ot.events:create { title = title, starts_at = { starts, "Europe/Berlin" },
      ends_at = { ends, "Europe/Berlin" } })
  end
  setup(function() sandbox = assert(require("salon.sandbox").start { opentalk = "2026", meet = false }) end)
  teardown(function() if sandbox then sandbox:stop() end end)  -- a failed setup is reported, not this
  before_each(function()
    sandbox:reset { rooms = 0, events = 0 }
    ot = salon.opentalk(sandbox.opentalk.options)
    create("Late on Sunday", "2027-01-17 22:00", "2027-01-17 23:30")
    create("Early", "2027-01-18 00:15", "2027-01-18 01:00")
    create("Weekly", "2027-01-18 09:00", "2027-01-18 10:00")
  end)
  after_each(function() if ot then ot:close() end end)

  it("gives each meeting of the day a link of its own", function()
    local links = guest_links(ot, MONDAY)
    assert.is_nil(links["Late on Sunday"])
    assert.are_not.equal(links.Early, links.Weekly)
  end)

  it("gives the same links again, and new ones when those have expired", function()
    local links = guest_links(ot, MONDAY)
    assert.are.same(links, guest_links(ot, MONDAY))
    sandbox:advance(25 * 3600)   -- the login is over, too: salon logs in again
    assert.are_not.equal(links.Weekly, guest_links(ot, MONDAY).Weekly)
  end)

  it("does not mind a server that is overloaded for a moment", function()
    sandbox:fault { route = "GET /v1/events", kind = "503", count = 2 }
    assert.is_truthy(guest_links(ot, MONDAY).Weekly)
  end)

  it("stops at the first failure and says what happened", function()
    sandbox:fault { route = "POST /v1/rooms", kind = "500", skip = 1 }
    local err = salon.caught(select(2, pcall(guest_links, ot, MONDAY)))
    assert.are.same({ 500, 1 }, { err.status, err.attempts })   -- a creation is not repeated
  end)
end)
