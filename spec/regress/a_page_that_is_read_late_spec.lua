-- A page that had come ahead was read minutes later, and its date was taken for the server's
-- time: guest links that were made then had expired before they began.

local clock = require "salon.internal.clock"
local core = require "salon.core"
local raw = require "spec.support.raw"
local salon = require "salon"

describe("the server's clock", function()
  local BEGIN = clock.parse "2026-11-01T00:00:00Z"
  local now, passed = core.now, nil
  local server, ot, room
  before_each(function()
    server, passed = raw.start(), 0
    core.now = function() return now() + passed end
    ot = salon.opentalk { controller_url = server.url .. "/x", token = "t" }
  end)
  after_each(function()
    core.now = now
    server:stop()
  end)

  -- In English, whatever the locale.
  local function http_date(seconds)
    local t = os.date("!*t", seconds)
    local days = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
    local months = { [10] = "Oct", [11] = "Nov" }
    return ("%s, %02d %s %d %02d:%02d:%02d GMT"):format(days[t.wday], t.day, months[t.month], t.year,
      t.hour, t.min, t.sec)
  end

  -- What the server sends from now on, by its clock.
  local function serve(seconds, body, headers)
    server:reply("x", "200 OK", "Date: " .. http_date(BEGIN + seconds) .. "\r\n" .. (headers or ""), body)
  end

  -- Seconds after BEGIN at which a new guest link for an hour ends.
  local function ends()
    server:forget()
    assert(room.invites:create { expires_in = 3600 })
    return clock.parse(server:log():match '"expiration":"([^"]+)"') - BEGIN
  end

  local INVITE = '{"id":"r","invite_code":"c","room_id":"r","active":true,"expiration":"2099-01-01T00:00:00Z"}'

  it("does not go back to the date of a page that is read late", function()
    serve(0, '[{"id":"r1"}]', 'Link: <http://h/?page=2>; rel="next"\r\n')
    local walk = ot.rooms:each { prefetch = 1 }
    walk()
    repeat until server:log():find("page=2", 1, true)
    serve(0, INVITE)
    room = assert(ot.rooms:get "r")
    passed = 600
    serve(600, INVITE)
    assert(ot.rooms:get "r")
    walk()
    assert.is_near(600 + 3600, ends(), 2)
  end)

  it("is followed when somebody sets it, forward and back", function()
    for _, seconds in ipairs { 0, 7200, -86400, 30, 0 } do
      serve(seconds, INVITE)
      room = assert(ot.rooms:get "r")
      assert.is_near(seconds + 3600, ends(), 2)
    end
  end)
end)
