-- The standard lets a login service take a client's secret by HTTP Basic alone. Sent in
-- the form it was refused, and the hint blamed the client's id.

local raw = require "spec.support.raw"
local support = require "spec.support"
local salon = require "salon"

describe("a login service that wants Basic", function()
  local ID, SECRET = "my:client", "a secret+of:100% \195\188"
  -- What base64 makes of "my%3Aclient:a%20secret%2Bof%3A100%25%20%C3%BC".
  local BASIC = "bXklM0FjbGllbnQ6YSUyMHNlY3JldCUyQm9mJTNBMTAwJTI1JTIwJUMzJUJD"
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  local function client(methods, extra)
    server:reply("well-known-openid-configuration", "200 OK", "", ('{"token_endpoint":"%s"%s}')
      :format(server.url .. "/token", methods and ',"token_endpoint_auth_methods_supported":' .. methods or ""))
    local given = { url = server.url, issuer = server.url .. "/realm", client_id = ID, client_secret = SECRET,
      username = "u", password = "pass" }
    for name, value in pairs(extra or {}) do given[name] = value end
    return salon.opentalk(given)
  end

  local function last_request()
    local log = server:log()
    return log:match ".*(POST /token.*)$"
  end

  it("gets id and secret encoded as in a form, and no secret in the form", function()
    server:reply("token", "200 OK", "", '{"access_token":"t"}')
    assert(client('["private_key_jwt","client_secret_basic"]'):token())
    assert.matches("\nAuthorization: Basic " .. BASIC .. "\r\n", last_request())
    assert.not_matches("client_", last_request())
  end)

  it("is one that says so: all others get the form", function()
    server:reply("token", "200 OK", "", '{"access_token":"t"}')
    for _, methods in ipairs { '["client_secret_basic","client_secret_post"]', "[]", "null", '"basic"', false } do
      assert(client(methods):token())
      assert.not_matches("Authorization", last_request())
      assert.matches("&client_id=my%%3Aclient&client_secret=a%%20secret", last_request())
    end
    assert(client('["client_secret_basic"]', { token_endpoint = server.url .. "/token" }):token())
    assert.matches("client_secret=", last_request())
  end)

  it("may repeat what it got: no error shows it", function()
    local said = ("Basic %s, client my%%3Aclient:a%%20secret%%2Bof%%3A100%%25%%20%%C3%%BC, %s"):format(BASIC, SECRET)
    server:reply("token", "401 Unauthorized", "X-Request-Id: " .. BASIC .. "\r\n",
      '{"error":"invalid_client","error_description":"' .. said .. '"}')
    for _, secret in ipairs { SECRET, function() return SECRET end } do
      local _, err = client('["client_secret_basic"]', { client_secret = secret }):token()
      assert.equal(401, err.status)
      for _, text in ipairs { tostring(err), err.message, err.body, err.request_id } do
        assert.not_matches("secret.*100", text)
        assert.not_matches(BASIC:sub(24, 40), text, 1, true)
      end
    end
  end)
end)

describe("the sandbox's login service with basic_only", function()
  local sandbox
  setup(function() sandbox = support.start { meet = false, switches = { basic_only = true } } end)
  teardown(function() sandbox:stop() end)

  it("logs in and renews by Basic, and refuses a secret in the form", function()
    local options = support.opentalk(sandbox, { client_id = "Controller",
      client_secret = "throwaway-controller-secret-1234" })
    local ot = salon.opentalk(options)
    assert(ot:token())
    assert.equal(401, select(2, ot.rooms:list()).status)  -- no token of this client is good there
    local grants = {}
    for _, request in ipairs(sandbox:requests()) do
      if request.path:find "/token$" then
        grants[#grants + 1] = request.body:match "grant_type=(%w+)" .. " " .. request.status
      end
    end
    assert.same({ "password 200", "refresh 200" }, grants)
    options.token_endpoint = sandbox.opentalk.issuer .. "/protocol/openid-connect/token"
    local _, err = salon.opentalk(options):token()
    assert.equal("invalid_client", err.code)
  end)
end)
