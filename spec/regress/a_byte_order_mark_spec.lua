-- Editors put three bytes before a text, and web servers hand such files out.

local raw = require "spec.support.raw"
local salon = require "salon"

describe("a byte order mark", function()
  local MARK = "\239\187\191"
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  local function client(well_known)
    server:reply("well-known-client", "200 OK", "", well_known)
    server:reply("v1", "404 Not Found", "", "")
    return salon.opentalk { url = server.url, client_id = "c", username = "u", password = "p" }
  end

  it("before a well-known file is skipped", function()
    local url = server:reply("ctl", "404 Not Found", "", "")
    local ot = client(MARK .. '{"opentalk_controller":{"base_url":"' .. url .. '"}}')
    local _, err = ot:token()
    assert.equal(url .. "/v1/auth/login", err.url)
  end)

  it("before a list or an object is skipped", function()
    local url = server:reply("x", "200 OK", "", MARK .. '[{"id":"r"}]')
    local ot = salon.opentalk { controller_url = url, token = "t" }
    assert.same({ { id = "r" } }, (ot:call("GET", "/v1/rooms")))
    assert.equal("r", ot.rooms:list()[1].id)
  end)

  it("or whatever makes a well-known file no JSON: the file is named as the cause", function()
    for _, text in ipairs { "<html>soon</html>", '{"opentalk_controller":', "\254\255" } do
      local _, err = client(text):token()
      assert.matches("no OpenTalk controller answers at .*%(.*/%.well%-known/opentalk/client: the response is ",
        err.hint)
    end
  end)
end)
