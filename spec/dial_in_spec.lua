-- Joining by telephone: `room.sip`, what OpenTalk's rooms are dialled with, and
-- `room:dial_in_text()` of both systems.

local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"

local check = salon.check
local PIN = "0987654321"

for _, version in ipairs { "2023", "2026", "0.66" } do
  describe("dial-in on OpenTalk " .. version, function()
    local sandbox, ot
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

    it("is text that an invitation can hold", function()
      local event = check(ot.events:create { title = "x" })
      local room, data = event.room, event.room.dial_in
      assert.equal(table.concat({ "Dial in: +493012345678", "Conference ID: " .. data.id, "PIN: " .. data.pin,
        "One-tap: +493012345678,," .. data.id .. ",," .. data.pin }, "\n"), check(room:dial_in_text()))
      assert.equal(check(room:dial_in_text()), check(event:dial_in_text()))
    end)

    it("is not told by a room that was read by itself, and the hint says which one tells it", function()
      local text, err = check(ot.rooms:create { enable_sip = true }):dial_in_text()
      assert.is_nil(text)
      assert.equal("unsupported", err.kind)
      assert.matches("event%.room$", err.hint)
    end)

    if is_old then
      it("cannot be changed by anybody, and the hint says so", function()
        local sip = check(ot.rooms:create()).sip
        for _, act in ipairs { function() return sip:get() end, function() return sip:set { lobby = true } end,
          function() return sip:remove() end } do
          local _, err = act()
          assert.equal(403, err.status)
          assert.matches("on servers of 2023 nobody", err.hint)
        end
      end)
    else
      it("is given to a room, read, changed and taken away", function()
        local room = check(ot.rooms:create())
        local _, err = room.sip:get()
        assert.equal(404, err.status)
        assert.matches("room%.sip:set", err.hint)
        local sip = check(room.sip:set { password = salon.secret(PIN) })
        assert.same({ 201, PIN, false, room.id }, { sip.response.status, sip.password, sip.lobby, sip.room })
        assert.matches("^%d%d%d%d%d%d%d%d%d%d$", sip.sip_id)
        sip = check(sip:set { lobby = true })
        assert.same({ 200, PIN, true }, { sip.response.status, sip.password, sip.lobby })
        assert.same(sip:totable(), check(room.sip:get()):totable())
        assert.same(sip:totable(), check(sip:refresh()):totable())
        assert.is_true(sip:remove())
        _, err = room.sip:remove()
        assert.equal(404, err.status)
      end)

      it("is nothing for an encrypted room", function()
        local event = check(ot.events:create { title = "x", e2e_encryption = true })
        local _, err = event.room:dial_in_text()
        assert.equal("unsupported", err.kind)
        assert.matches("end%-to%-end encryption", err.hint)
        _, err = event.room.sip:set { lobby = true }
        assert.same({ 403, "service_unavailable" }, { err.status, err.code })
        assert.matches("end%-to%-end encrypted", err.hint)
      end)
    end
  end)
end

describe("dial-in", function()
  local server, ot
  setup(function()
    server = raw.start()
    ot = salon.opentalk { token = "t", controller_url = server:reply("ot", "200 OK", "", '{"id":"r"}') }
  end)
  teardown(function()
    ot:close()
    server:stop()
  end)

  local function text_of(room)
    server:reply("ot", "200 OK", "", '{"id":"e","title":"t","type":"single","room":{"id":"r",' .. room .. "}}")
    return check(ot.events:get "e").room:dial_in_text()
  end

  it("is none of an event without a room", function()
    server:reply("ot", "200 OK", "", '{"id":"e","title":"t","type":"single"}')
    local text, err = check(ot.events:get "e"):dial_in_text()
    assert.is_nil(text)
    assert.equal("unsupported", err.kind)
  end)

  it("needs a number, an id and a PIN", function()
    assert.equal("SIP: sip:x@y.example\nConference ID: 0012345678\nPIN: 0000000001",
      text_of '"call_in":{"uri":"sip:x@y.example","id":"0012345678","password":"0000000001"}')
    for _, room in ipairs { '"sip_id":"0012345678","sip_password":"0000000001"', '"call_in":null',
      '"call_in":{"tel":"+4930","id":"0012345678"}', '"call_in":{"tel":"","id":"1","password":"2"}',
      '"call_in":{"tel":4930,"id":"1","password":"2"}' } do
      local text, err = text_of(room)
      assert.is_nil(text)
      assert.same({ "unsupported", "unsent" }, { err.kind, err.outcome })
      assert.matches("number to dial", err.hint)
    end
  end)

  it("keeps the PIN out of errors", function()
    server:reply("ot", "200 OK", "", '{"id":"r"}')
    local sip = check(ot.rooms:get "r").sip
    server:reply("ot", "400 Bad Request", "Content-Type: text/json\r\n",
      '{"code":"invalid_json","message":"what is ' .. PIN .. '?"}')
    local _, err = sip:set { password = PIN }
    assert.equal(400, err.status)
    assert.is_nil((tostring(err) .. err.body):find(PIN, 1, true))
  end)

  it("that cannot be is a mistake of the line that makes the call", function()
    server:reply("ot", "200 OK", "", '{"id":"r"}')
    local sip = check(ot.rooms:get "r").sip
    for message, fields in pairs {
      ["room.sip:set: field 'password' or 'lobby' is required"] = {},
      ["room.sip:set: field 'password' must have ten digits"] = { password = salon.secret "12345" },
      ["room.sip:set: field 'password' must be a string or salon.Secret, got number"] = { password = 1234567890 },
      ["room.sip:set: unknown field 'pin', fields are lobby, password"] = { pin = PIN },
    } do
      local ok, e = pcall(function() sip:set(fields) end)
      assert.is_false(ok)
      assert.matches("^spec/dial_in_spec%.lua:%d+: ", e)
      assert.equal(message, (e:gsub("^spec/dial_in_spec%.lua:%d+: ", "")))
    end
  end)

  it("is text for Meet's rooms, too, where the server has a number and the room a PIN", function()
    local sandbox = support.start { opentalk = false }
    local meet = salon.meet(support.meet(sandbox))
    local room = check(meet.rooms:create())
    local pin = room.telephony.pin_code
    assert.equal("Dial in: +33901020304\nPIN: " .. pin .. "\nOne-tap: +33901020304,," .. pin,
      check(room:dial_in_text()))
    local old = sandbox:put("meeting", nil, { owner = "ada@example.org", pin = false })
    local _, err = check(meet.rooms:get(old)):dial_in_text()
    assert.equal("unsupported", err.kind)
    sandbox:switch { telephony = false }
    _, err = check(room:refresh()):dial_in_text()
    assert.equal("unsupported", err.kind)
    assert.matches("no number to dial", err.hint)
    meet:close()
    sandbox:stop()
  end)
end)
