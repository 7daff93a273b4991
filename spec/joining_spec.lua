-- Tickets to join OpenTalk's rooms: `room:start` for whoever is logged in, `room:start_invited`
-- for guests.

local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"

local check = salon.check
local DEVICE = "device-secret-of-this-machine"
local UNKNOWN = "3e2afbdf-62b2-4a9d-a867-f561bcd9d64e"

for _, version in ipairs { "2023", "2026", "0.66" } do
  describe("joining on OpenTalk " .. version, function()
    local sandbox, ot, room, seen
    local is_old = version == "2023"

    setup(function()
      sandbox = support.start { opentalk = version, meet = false }
      ot = salon.opentalk(support.opentalk(sandbox, {
        controller_url = is_old and sandbox.opentalk.controller_url or nil }))
    end)
    teardown(function()
      ot:close()
      sandbox:stop()
    end)
    before_each(function()
      room = check(ot.rooms:create { password = "kiwi-of-the-room" })
      seen = #sandbox:requests()
    end)

    local function sent()
      local words, all = {}, sandbox:requests()
      for i = seen + 1, #all do words[#words + 1] = all[i].path:match "[^/]+$" .. " " .. all[i].status end
      return table.concat(words, ", ")
    end

    -- What a guest gives: the newest servers know no codes.
    local function guest(more)
      local fields = { device_secret = salon.secret(DEVICE), password = "kiwi-of-the-room",
        invite_code = check(room.invites:create()).id }
      for name, value in pairs(more or {}) do fields[name] = value end
      seen = #sandbox:requests()
      return fields
    end

    local function is_ticket(joining)
      assert.equal("salon.Joining(opentalk)", tostring(joining))
      assert.matches(is_old and "^%w+$" or "^[%x-]+$", joining.ticket:reveal())
      assert.equal(is_old and 64 or 36, #joining.ticket:reveal())
      for _, held in ipairs { joining.raw, joining:totable() } do
        for _, value in pairs(held) do
          assert.is_nil(tostring(value):find(joining.ticket:reveal(), 1, true))
        end
      end
      if is_old then
        assert.equal(64, #joining.resumption:reveal())
        assert.is_nil(joining.roomserver_address)
      else
        assert.equal(joining.ticket:reveal(), joining.token:reveal())
        assert.equal("https://roomserver.example", joining.roomserver_address)
        assert.is_nil(joining.resumption)
      end
    end

    it("gives a user a ticket, which nothing prints", function()
      is_ticket(check(room:start { device_secret = DEVICE }))
      is_ticket(check(ot.rooms:start(room.id, { device_secret = salon.secret(DEVICE) }, { timeout = 5 })))
    end)

    if is_old then
      it("wants no device secret, and goes on with a resumption", function()
        local joining = check(room:start())
        is_ticket(joining)
        is_ticket(check(room:start { resumption = joining.resumption }))
        local _, err = room:start { breakout_room = UNKNOWN }
        assert.same({ 400, "no_breakout_rooms", "the room has no breakout rooms" }, { err.status, err.code, err.hint })
      end)
    else
      it("wants a device secret, which salon makes where none is given", function()
        local joining = check(room:start())
        is_ticket(joining)
        local made = joining.device_secret:reveal()
        assert.matches("^%x+$", made)
        assert.equal(64, #made)
        assert.equal(made, require("cjson").decode(sandbox:requests()[#sandbox:requests()].body).device_secret)
        assert.equal("salon.Secret(***)", tostring(joining:totable().device_secret))
        assert.not_equal(made, check(room:start()).device_secret:reveal())
        assert.is_nil(check(room:start { device_secret = DEVICE }).device_secret)
        local fields = guest()
        fields.device_secret = nil
        assert.equal(64, #check(room:start_invited(fields)).device_secret:reveal())
      end)

      it("wants a device secret, which the hint says where salon makes none", function()
        local joining, err = ot:call("POST", ("/v1/rooms/%s/start"):format(room.id), { json = {} })
        assert.is_nil(joining)
        assert.equal(400, err.status)
        assert.matches("field 'device_secret': 16 to 255 random bytes", err.hint)
      end)

      it("does not lead into the whole room instead of a breakout room without a word", function()
        local joining, err = room:start { device_secret = DEVICE, breakout_room = UNKNOWN }
        assert.is_nil(joining)
        assert.equal("unsupported", err.kind)
        assert.matches("the server ignored 'breakout_room'", err.message)
        is_ticket(err.made)
      end)
    end

    it("gives a guest a ticket without a login, where the server has it", function()
      local fields = guest()
      local before = #sandbox:grants()
      local other = salon.opentalk(support.opentalk(sandbox, {
        controller_url = is_old and sandbox.opentalk.controller_url or nil }))
      is_ticket(check(other.rooms:start_invited(room.id, fields)))
      assert.equal(before, #sandbox:grants())
      other:close()
      assert.matches(is_old and "start_invited 200$" or "start_invited 308, start 200$", sent())
    end)

    it("does not let a guest in with a wrong password, and logs nobody in to cure it", function()
      local before = #sandbox:grants()
      local _, err = room:start_invited(guest { password = "melon-of-nobody" })
      assert.same({ "http", 401, "wrong_room_password" }, { err.kind, err.status, err.code })
      assert.matches("the room's password", err.hint)
      assert.is_nil(tostring(err):find("melon", 1, true))
      assert.equal(before, #sandbox:grants())
    end)

    if version ~= "0.66" then
      it("needs a guest link that is good, of this room", function()
        local _, err = room:start_invited(guest { invite_code = UNKNOWN })
        assert.same({ 404, "not_found" }, { err.status, err.code })
        assert.matches("switched off or expired", err.hint)
        assert.is_nil(tostring(err):find(UNKNOWN, 1, true))
        local other = check(ot.rooms:create())
        _, err = other:start_invited(guest())
        assert.equal("the guest link belongs to another room", err.hint)
      end)
    end

    it("has no experiment with a room server, and the hint says where there is one", function()
      for _, method in ipairs { "start", "start_invited" } do
        local _, err = room[method](room, guest(), { roomserver = true })
        assert.is_true(err.status == 403 or err.status == 401)
        assert.matches("only servers from 0%.31 to 0%.33 have .*: leave out option 'roomserver'", err.hint)
      end
    end)
  end)
end

describe("joining", function()
  local server, ot
  local TOKEN = '{"token":"token-8812","roomserver_address":"https://r.example"}'

  before_each(function()
    server = raw.start()
    ot = salon.opentalk { token = "login-of-somebody", controller_url = server:reply("ot", "200 OK", "", TOKEN) }
  end)
  after_each(function()
    ot:close()
    server:stop()
  end)

  local function last() return server:log():match ".*(POST .*)$" end

  it("tries what servers from 0.31 to 0.33 try, if it is asked to", function()
    local joining = check(ot.rooms:start("r", { device_secret = DEVICE }, { roomserver = true }))
    assert.equal("token-8812", joining.ticket:reveal())
    assert.matches("^POST /ot/v1/rooms/r/roomserver/start ", last())
    assert.matches("\r\nAuthorization: Bearer login%-of%-somebody\r\n", last())
    joining = check(ot.rooms:start_invited("r", { device_secret = DEVICE, invite_code = "c" }, { roomserver = true }))
    assert.equal("https://r.example", joining.roomserver_address)
    assert.matches("^POST /ot/v1/rooms/r/roomserver/start_invited ", last())
    assert.is_nil(last():find("Authorization", 1, true))
  end)

  it("sends a guest's request without the login", function()
    check(ot.rooms:start_invited("r", { invite_code = "code-1", display_name = "Zoë", password = salon.secret "p" }))
    assert.matches("^POST /ot/v1/rooms/r/start_invited ", last())
    assert.is_nil(last():find("Authorization", 1, true))
    assert.matches('{"display_name":"Zoë","invite_code":"code%-1","password":"p"}%s*$', last())
  end)

  it("asks servers that forgot the guests' route for that of the users", function()
    for status, body in pairs { ["404 Not Found"] = "",
      ["401 Unauthorized"] = '{"code":"unauthorized","message":"Authentication failed"}' } do
      server:reply("ot", status, "Content-Type: text/json\r\n", body)
      server:forget()
      local _, err = ot.rooms:start_invited("r", { device_secret = DEVICE })
      assert.equal(tonumber(status:match "%d+"), err.status)
      local log = server:log()
      assert.truthy(log:find("POST /ot/v1/rooms/r/start_invited ", 1, true))
      assert.matches("^POST /ot/v1/rooms/r/start ", last())
      assert.is_nil(log:match "POST.*":find("Authorization", 1, true))
    end
  end)

  it("keeps what a guest gives out of errors", function()
    server:reply("ot", "400 Bad Request", "Content-Type: text/json\r\n",
      '{"code":"bad_request","message":"' .. DEVICE .. ' code-of-a-link kiwi-of-the-room resumption-1"}')
    local fields = { device_secret = DEVICE, invite_code = "code-of-a-link", password = "kiwi-of-the-room",
      resumption = "resumption-1" }
    for _, act in ipairs {
      function() return ot.rooms:start_invited("r", fields) end,
      function() return ot:call("POST", "/v1/rooms/r/start_invited", { json = fields }) end,
    } do
      local _, err = act()
      assert.equal(400, err.status)
      for _, secret in pairs(fields) do
        assert.is_nil((tostring(err) .. err.body):find(secret, 1, true))
      end
    end
  end)

  it("is an error where the server gives no ticket", function()
    server:reply("ot", "200 OK", "", '{"token":7}')
    local joining, err = ot.rooms:start("r", { device_secret = DEVICE })
    assert.is_nil(joining)
    assert.equal("decode", err.kind)
    assert.matches("'ticket' or 'token' must be a string", err.message)
  end)

  it("with what no server takes is a mistake of the line that makes the call", function()
    for message, fields in pairs {
      ["rooms:start: field 'device_secret' must have 16 to 255 bytes"] = { device_secret = "short" },
      ["rooms:start: unknown field 'display_name', fields are breakout_room, device_secret, invite_code, password, "
        .. "resumption"] = { display_name = "x" },
    } do
      local ok, e = pcall(function() ot.rooms:start("r", fields) end)
      assert.is_false(ok)
      assert.matches("^spec/joining_spec%.lua:%d+: ", e)
      assert.equal(message, (e:gsub("^spec/joining_spec%.lua:%d+: ", "")))
    end
  end)
end)
