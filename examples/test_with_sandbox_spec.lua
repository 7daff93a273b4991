-- How to test your own script without a server:
--
--   busted examples/test_with_sandbox_spec.lua
--
-- The script gives out guest links of a day's meetings. The sandbox is the server: it holds
-- what a test puts there, remembers requests, fails on demand, and its clock can be moved.

local salon = require "salon"

-- The script under test.
local function guest_links(client, day)
  local links = {}
  for event in client.events:each { time_min = day, time_max = salon.time.add(day, { days = 1 }) } do
    links[event.title] = salon.check(event.room:guest_url { expires_in = 24 * 3600 })
  end
  return links
end

describe("guest_links", function()
  local MONDAY = { "2027-01-18", "Europe/Berlin" }
  local sandbox, client

  setup(function() sandbox = assert(require("salon.sandbox").start { opentalk = "2026", meet = false }) end)
  teardown(function() sandbox:stop() end)

  local function put_meeting(title, starts, ends)
    return sandbox:put("event", nil, { title = title, owner = "alice",
      starts_at = salon.time.moment { starts, "Europe/Berlin" },
      ends_at = salon.time.moment { ends, "Europe/Berlin" } })
  end

  -- Each test begins with these meetings alone.
  before_each(function()
    sandbox:reset { rooms = 0, events = 0 }
    put_meeting("Late on Sunday", "2027-01-17 22:00", "2027-01-17 23:30")
    put_meeting("Early", "2027-01-18 00:15", "2027-01-18 01:00")
    put_meeting("Weekly", "2027-01-18 09:00", "2027-01-18 10:00")
    local role = sandbox.opentalk
    client = salon.opentalk { url = role.url, client_id = role.client_id,
      username = role.username, password = role.password }
  end)
  after_each(function() client:close() end)

  -- How often the script sent such a request.
  local function sent(method, path)
    local count = 0
    for _, request in ipairs(sandbox:requests()) do
      if request.method == method and request.path:find(path) then count = count + 1 end
    end
    return count
  end

  it("gives each meeting of the day a link of its own", function()
    local links = guest_links(client, MONDAY)
    assert.is_nil(links["Late on Sunday"])
    assert.is_truthy(links.Early:find(sandbox.opentalk.url, 1, true))
    assert.are_not.equal(links.Early, links.Weekly)
  end)

  it("gives the same links again, and new ones when those have expired", function()
    local links = guest_links(client, MONDAY)
    assert.are.same(links, guest_links(client, MONDAY))
    sandbox:advance(25 * 3600)   -- the login is over, too: salon logs in again
    assert.are_not.equal(links.Weekly, guest_links(client, MONDAY).Weekly)
  end)

  it("does not mind a server that is overloaded for a moment", function()
    sandbox:fault { route = "GET /v1/events", kind = "503", count = 2 }
    assert.is_truthy(guest_links(client, MONDAY).Weekly)
  end)

  it("stops at the first failure and says what happened", function()
    sandbox:fault { route = "POST /v1/rooms", kind = "500", skip = 1 }
    local ok, message = pcall(guest_links, client, MONDAY)
    assert.is_false(ok)
    assert.are.equal(500, salon.caught(message).status)
    assert.are.equal(2, sent("POST", "/invites$"))   -- a creation is not repeated
  end)
end)
