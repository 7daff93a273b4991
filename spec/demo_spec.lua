-- The demo, against a sandbox that stays up: what it printed is read again with
-- the curl program.

local support = require("spec.support")

describe("the demo", function()
  local sandbox, output, status

  setup(function()
    sandbox = support.start { rooms = 250, events = 120 }
    local ot, meet = sandbox.opentalk, sandbox.meet
    output, status = support.script({ "tools/demo.lua", "--elsewhere" }, {
      OPENTALK_URL = ot.url, OPENTALK_CLIENT_ID = ot.client_id,
      OPENTALK_USERNAME = ot.username, OPENTALK_PASSWORD = ot.password,
      MEET_URL = meet.url, MEET_CLIENT_ID = meet.client_id,
      MEET_CLIENT_SECRET = meet.client_secret, MEET_USER = meet.user,
    })
  end)
  teardown(function() sandbox:stop() end)

  local function part(name)
    return (output .. "\n"):match(name .. " at [^\n]*\n(.-\n)\n")
  end

  it("ends well and walks several pages", function()
    assert.equal(0, status, output)
    assert.matches("rooms      250 on 3 pages %(100 %+ 100 %+ 50%)", part("OpenTalk"))
    assert.matches("events     120 on %d+ pages", part("OpenTalk"))
    assert.matches("rooms      250 on %d%d pages", part("Meet"))
  end)

  it("prints no secret", function()
    assert.is_nil(output:find(sandbox.opentalk.password, 1, true))
    assert.is_nil(output:find(sandbox.meet.client_secret, 1, true))
  end)

  it("created an OpenTalk room and a guest link that curl finds again", function()
    local ot = sandbox.opentalk
    local form = ("grant_type=password&client_id=%s&scope=openid&username=%s&password=%s")
      :format(ot.client_id, ot.username, ot.password)
    local answer = support.run(("curl -sS --noproxy '*' -d %s %s"):format(
      support.quote(form), support.quote(ot.issuer .. "/protocol/openid-connect/token")))
    local bearer = "Authorization: Bearer " .. answer:match('"access_token":"([^"]+)"')

    local id = part("OpenTalk"):match("created    room (%S+)")
    local room = support.curl(ot.controller_url .. "/v1/rooms/" .. id, bearer)
    assert.equal(id, room:match('"id":"([^"]+)"'))
    assert.matches('"waiting_room":true', room)
    assert.matches("join       " .. (ot.url .. "/room/" .. id):gsub("%p", "%%%0"), part("OpenTalk"))

    local code = part("OpenTalk"):match("as guest   %S-(%x+%-%x+%-%x+%-%x+%-%x+) %(until")
    local invites = support.curl(ot.controller_url .. "/v1/rooms/" .. id .. "/invites", bearer)
    assert.truthy(invites:find('"invite_code":"' .. code .. '"', 1, true))
  end)

  it("created a Meet room that curl finds again", function()
    local meet = sandbox.meet
    local request = ('{"client_id":"%s","client_secret":"%s","grant_type":"client_credentials","scope":"%s"}')
      :format(meet.client_id, meet.client_secret, meet.user)
    local answer = support.run(
      ("curl -sS --noproxy '*' -H 'Content-Type: application/json' -d %s %s"):format(
        support.quote(request),
        support.quote(meet.url .. "/external-api/v1.0/application/token/")))
    local bearer = "Authorization: Bearer " .. answer:match('"access_token":%s*"([^"]+)"')
    local id = part("Meet"):match("created    room (%S+)")
    local room = support.curl(meet.url .. "/external-api/v1.0/rooms/" .. id .. "/", bearer)
    assert.equal(id, room:match('"id":%s*"([^"]+)"'))
    assert.matches('"access_level":%s*"trusted"', room)
  end)
end)
