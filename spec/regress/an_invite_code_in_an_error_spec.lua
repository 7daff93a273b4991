-- Whoever has the code of a guest link can join: it stands in a path, where no query is
-- that could be left out.

local raw = require "spec.support.raw"
local support = require "spec.support"
local salon = require "salon"

describe("the code of a guest link", function()
  local CODE = "5ac3fd52 5a1c-4d5b-9b2f-aa17cb38be46"  -- with a blank, which is escaped in a URL
  local server, ot, room
  setup(function()
    server = raw.start()
    ot = salon.opentalk { url = server.url .. "/x", token = "t", max_tries = 1 }
    server:reply("x", "200 OK", "", '{"id":"r"}')
    room = assert(ot.rooms:get "r")
  end)
  teardown(function() server:stop() end)

  local CALLS = {
    ["invites:get"] = function() return room.invites:get(CODE) end,
    ["client:call"] = function() return ot:call("DELETE", "/v1/rooms/r/invites/" .. CODE) end,
  }

  local ANSWERS = {
    { "404 Not Found", '{"code":"not_found","message":"no invite ' .. CODE .. ' here"}' },
    { "404 Not Found", "" },
    { "301 Moved", "" },
    { "200 OK", '{"invite_code":"' .. CODE:gsub(" ", "\\u0020") .. '"' },
  }

  for name, call in pairs(CALLS) do
    it("is in no error of " .. name .. ", whatever the server says", function()
      local function look(err)
        for _, text in ipairs { tostring(err), err.url, err.message, err.body or "", err.hint or "" } do
          assert.not_matches("5ac3fd52", text)
        end
        assert.matches("/v1/rooms/r/invites/%*%*%*$", err.url)
      end
      for _, answer in ipairs(ANSWERS) do
        server:reply("x", answer[1], "Location: /elsewhere/" .. CODE:gsub(" ", "%%20") .. "\r\n", answer[2])
        look(select(2, call()))
      end
      server:answer("x", "", "reset")
      look(select(2, call()))
    end)
  end

  local UUID = "5ac3fd52-5a1c-4d5b-9b2f-aa17cb38be46"

  it("is struck in capitals and without hyphens, wherever it was sent", function()
    local OTHERS = {
      function() return room.invites:get(UUID) end,
      function() return room.invites:get((UUID:gsub("-", ""):upper())) end,
      function() return ot:call("POST", "/v1/invite/verify", { json = { invite_code = UUID } }) end,
      function()
        local ok, e = pcall(function() for _ in ot:pages("/v1/rooms/r/invites/" .. UUID) do break end end)
        return nil, not ok and salon.caught(e)
      end,
    }
    for _, said in ipairs { UUID, UUID:upper(), UUID:gsub("-", ""), (UUID:upper():gsub("-", "")) } do
      server:reply("x", "404 Not Found", "", '{"code":"not_found","message":"no ' .. said .. ' here"}')
      for _, call_it in ipairs(OTHERS) do
        local _, err = call_it()
        assert.equal("no *** here", err.message)
        assert.not_matches("38[bB][eE]46", err.body .. err.url)
      end
    end
  end)

  it("is in no error of a success that cannot be read", function()
    local BROKEN = { '[{"invite_code":"' .. UUID .. '","room_id":"r","active":true},',
      '{"invite_code":"' .. UUID .. '","expiration":5}', '"' .. UUID .. '"' }
    for _, body in ipairs(BROKEN) do
      server:reply("x", "200 OK", "", body)
      for _, name in ipairs { "list", "create" } do
        local _, err = room.invites[name](room.invites)
        assert.equal("decode", err.kind)
        assert.is_nil(err.body)
        assert.not_matches(UUID, tostring(err), 1, true)
      end
    end
  end)

  it("is left out at a real one as well, and the hint is still found", function()
    local sandbox = support.start { meet = false, rooms = 1 }
    finally(function() sandbox:stop() end)
    local client = salon.opentalk(support.opentalk(sandbox))
    local first = client.rooms:list()[1]
    local _, err = first.invites:get "00000000-0000-0000-0000-000000000000"
    assert.matches("/rooms/[%x-]+/invites/%*%*%*$", err.url)
    assert.equal("the room has no such guest link", err.hint)
  end)
end)
