-- Servers since 0.66 make guest links that have no code: guests come with the room's own
-- link. They were refused, although they had been made.

local raw = require "spec.support.raw"
local salon = require "salon"

local function link(more)
  return ('{"created":"2026-11-01T10:00:00Z","room_id":"r-1","active":true%s}'):format(more or "")
end

describe("a guest link", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  -- The guest links of a room at a server whose every response is `body`.
  local function invites(body)
    server:reply("x", "200 OK", "", body)
    local client = salon.opentalk { controller_url = server.url .. "/x", token = "t",
      frontend_url = "https://meet.example" }
    server:reply("x", "200 OK", "", '{"id":"r-1"}')
    local room = assert(client.rooms:get("r-1"))
    server:reply("x", "200 OK", "", body)
    return room.invites
  end

  it("without a code is made, and its address is the room's", function()
    local made = assert(invites(link()):create())
    assert.is_nil(made.id)
    assert.are.equal("https://meet.example/room/r-1", made.url)
    assert.is_true(made:usable())
  end)

  it("without a code is listed and walked, as often as there are such", function()
    local list = invites("[" .. link() .. "," .. link(',"invite_code":"c-1"') .. "," .. link() .. "]")
    local page = assert(list:list())
    assert.are.equal(3, #page)
    assert.are.equal("https://meet.example/room/r-1?invite=c-1", page[2].url)
    local n = 0
    for one in list:each() do n = n + (one.room_id == "r-1" and 1 or 0) end
    assert.are.equal(3, n)
  end)

  it("whose code or end is no text is an error", function()
    for _, odd in ipairs { ',"invite_code":5', ',"invite_code":"a/b"', ',"expiration":1793527200',
      ',"expiration":{}' } do
      local list = invites(link(odd))
      local _, err = list:create()
      assert.are.equal("decode", err.kind)
      _, err = list:get("c-1")
      assert.are.equal("decode", err.kind)
      _, err = invites("[" .. link() .. "," .. link(odd) .. "]"):list()
      assert.are.equal("decode", err.kind)
    end
  end)
end)
