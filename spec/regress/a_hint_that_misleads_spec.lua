-- Hints that led away from the cause: a fresh token for a user who is disabled, an id for a
-- list, a prefix where the realm was missing.

local raw = require "spec.support.raw"
local salon = require "salon"

local NULL = '{"code":"invalid_json","message":"Json deserialize error: invalid type: null, expected %s at line 1"}'
local REFUSED = 'WWW-Authenticate: Bearer error="invalid_token", '
  .. 'error_description="The provided access token is invalid"\r\n'

local function list(client) return client.rooms:list() end
local function get(client) return client.rooms:get "r-1" end
local function create(client) return client.rooms:create() end
local function patch(client) return client.rooms:update("r-1", { access_level = "public" }) end
local function token(client) return client:token() end
local function path(method, where)
  return function(client) return client:call(method, where, method ~= "GET" and { json = {} } or nil) end
end

-- What is called; status, headers and body of the response; words of the hint; kind.
local MEET = {
  { get, "401 U", "", '{"detail":"Invalid token header."}', "header Authorization", "auth" },
  { get, "401 U", "", '{"detail":"Invalid token encoding."}', "header Authorization", "auth" },
  { get, "401 U", "", '{"detail":"Authentication credentials were not provided."}', "header Authorization", "auth" },
  { get, "401 U", "", '{"detail":"Invalid token type."}', "not one that an application gets", "auth" },
  { get, "401 U", "", '{"detail":"User account is disabled."}', "activate this user", "auth" },
  { get, "401 U", "", '{"detail":"User not found."}', "no account", "auth" },
  { get, "401 U", "", '{"detail":"Login failed: No user found for the given access token."}', "no account", "auth" },
  { get, "401 U", "", '{"detail":"Login failed"}', "deactivated", "auth" },
  { get, "401 U", "", '{"detail":"Application not found."}', "removed the application", "auth" },
  { get, "401 U", "", '{"detail":"Application is disabled."}', "activate the application", "auth" },
  { get, "400 Bad Request", "", "<title>Bad Request (400)</title>", "host name in 'url'", "auth" },
  { get, "401 U", "", '{"detail":"Token expired."}', "give a fresh one", "auth" },
  { list, "403 F", "", '{"detail":"Insufficient permissions."}', "scope rooms:list$", "http" },
  { get, "403 F", "", '{"detail":"Insufficient permissions."}', "scope rooms:retrieve$", "http" },
  { create, "403 F", "", '{"detail":"Insufficient permissions."}', "scope rooms:create$", "http" },
  { patch, "403 F", "", '{"detail":"Insufficient permissions."}', "scope rooms:update$", "http" },
  { create, "403 F", "", '{"detail":"Insufficient permissions. Required scope: rooms:create"}',
    "scope rooms:create$", "http" },
  { path("OPTIONS", "/rooms/"), "403 F", "", '{"detail":"Insufficient permissions. Required scope: None"}',
    "does not offer", "http" },
  { create, "400 B", "", [[{"access_level":["Value 'bogus' is not a valid choice."]}]],
    "EXTERNAL_API_DEFAULT_ACCESS_LEVEL", "http" },
  { path("POST", "/rooms/"), "400 B", "", [[{"access_level":["\"bogus\" is not a valid choice."]}]],
    "'public', 'trusted' or 'restricted'", "http" },
  { create, "404 N", "", '{"detail":"Not found."}', false, "http" },
}

local OPENTALK = {
  { path("POST", "/v1/rooms/r-1/start"), "401 U", "", '{"code":"wrong_room_password","message":"m"}',
    "missing or wrong", "http" },
  { get, "401 U", REFUSED, '{"code":"unauthorized","message":"Unable to parse access token"}',
    "header Authorization", "auth" },
  { get, "401 U", REFUSED, '{"code":"unauthorized","message":"Authentication failed"}', "give a fresh one",
    "auth" },
  { create, "400 B", "", NULL:format "a string", "is required", "http" },
  { create, "400 B", "", NULL:format "a boolean", "leave a field out", "http" },
  { create, "400 B", "", NULL:format "a sequence", "leave a field out", "http" },
  { create, "500 S", "", '{"code":"internal_server_error","message":"m"}', "be down$", "http" },
  { list, "500 S", "", '{"code":"internal_server_error","message":"m"}', "cannot list", "http" },
  { list, "403 F", "", "", "its operator", "http" },
  { create, "403 F", "", "", "its operator", "http" },
  { get, "403 F", "", "", "check the id", "http" },
  { path("POST", "/v1/rooms/r-1/invites"), "404 N", "", '{"code":"not_found","message":"m"}', "room was deleted",
    "http" },
  { path("GET", "/v1/rooms/r-1/invites"), "404 N", "", '{"code":"not_found","message":"m"}', "room was deleted",
    "http" },
  { path("POST", "/v1/events/e-1/invites"), "404 N", "", '{"code":"not_found","message":"m"}', "invite by e%-mail",
    "http" },
}

-- At the login service: the path of token_endpoint, and what is said there.
local NOTHING_THERE = '{"error":"Unable to find matching target resource method"}'
local OIDC = "/protocol/openid-connect"
local LOGIN = {
  { OIDC .. "/token", "404 N", "", NOTHING_THERE, "lacks the realm", "http" },
  { "/auth/realms/x" .. OIDC .. "/token", "404 N", "", NOTHING_THERE, "prefix too many", "http" },
  { OIDC .. "/token", "404 N", "", "<title>Resource not found</title>", "/auth/realms/NAME", "http" },
  { "/realms/x" .. OIDC .. "/token", "404 N", "", "<title>Resource not found</title>", "lacks its prefix", "http" },
  { "/realms/x" .. OIDC .. "/userinfo", "401 U", "", "", "ends in .*/token$", "auth" },
  { "/realms/x" .. OIDC .. "/token/introspect", "401 U", "", '{"error":"invalid_request"}',
    "ends in .*/token$", "auth" },
  { "/realms/x" .. OIDC .. "/auth", "400 B", "", "<title>Sign in</title>",
    "ends in .*/token$", "auth" },
  { "/userinfo", "401 U", "", "", "another address", "auth" },
  { "/realms/x" .. OIDC .. "/token", "400 B", "",
    '{"error":"invalid_grant","error_description":"Account disabled"}', "account is disabled", "auth" },
}

describe("a hint", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  local function judge(row, err)
    local about = row[4] .. ": " .. tostring(err)
    assert.are.equal(row[6], err.kind, about)
    assert.are.equal(tonumber(row[2]:match "%d+"), err.status, about)
    if row[5] then
      assert(err.hint and err.hint:find(row[5]), about)
    else
      assert.is_nil(err.hint, about)
    end
  end

  it("leads to the cause, with a token from outside", function()
    for _, row in ipairs(MEET) do
      local _, err = row[1](salon.meet { url = server:reply("x", row[2], row[3], row[4]), token = "t",
        max_tries = 1 })
      judge(row, err)
    end
    for _, row in ipairs(OPENTALK) do
      local _, err = row[1](salon.opentalk { controller_url = server:reply("x", row[2], row[3], row[4]),
        token = "t", max_tries = 1 })
      judge(row, err)
    end
  end)

  it("leads to the cause, not to the function that gave the same token again", function()
    local function same() return "t" end
    local url = server:reply("x", "401 U", "", '{"detail":"User account is disabled."}')
    assert.matches("activate this user", select(2, get(salon.meet { url = url, token = same })).hint)
    url = server:reply("x", "401 U", "", '{"detail":"Token expired."}')
    assert.matches("the refused token again", select(2, get(salon.meet { url = url, token = same })).hint)
  end)

  it("leads to the option that names the login service", function()
    for _, row in ipairs(LOGIN) do
      judge(row, select(2, token(salon.opentalk { controller_url = server.url, client_id = "c",
        username = "u", password = "p", max_tries = 1,
        token_endpoint = server:reply("x", row[2], row[3], row[4]) .. row[1] })))
    end
  end)

  it("for a server without its key tells that it may be broken", function()
    local url = server:reply("x", "500 S", "", "<title>Server Error (500)</title>")
    local _, err = token(salon.meet { url = url, client_id = "c", client_secret = "s", user = "a@b.example",
      max_tries = 1 })
    assert.matches("broken %(its database", err.hint)
    assert.matches("APPLICATION_JWT_SECRET_KEY", err.hint)
  end)

  it("names connect_timeout where no connection comes about", function()
    local url = server.url:gsub("^http:", "https:")  -- it waits for a request, and for no handshake
    local _, err = list(salon.meet { url = url, token = "t", connect_timeout = 0.2, max_tries = 1 })
    assert.are.equal("timeout", err.kind)
    assert.matches("%(connect_timeout%)$", err.message)
    assert.matches("set 'connect_timeout' %(seconds%)", err.hint)
    _, err = list(salon.meet { url = url, token = "t", timeout = 0.3 })
    assert.are.equal("timeout", err.kind)
    assert.matches("'connect_timeout' and 'timeout'", err.hint)
  end)
end)

describe("the line of an error", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  it("says each thing once, and how many fields are left out", function()
    local url = server:reply("x", "400 B", "", '{"a":["Required."],"b":["Required."],"c":["Odd."],'
      .. '"d":["Required."],"e":["Required."],"f":["Odd."]}')
    local _, err = list(salon.meet { url = url, token = "t" })
    assert.are.equal("a, b, d: Required.; c: Odd.; and 2 more", err.message)
    assert.are.equal(6, #err.fields)
  end)

  it("names the fields that OpenTalk refuses", function()
    for _, key in ipairs { "errors", "validation_errors" } do
      local url = server:reply("x", "422 V", "", ('{"code":"validation_failed","message":"Some provided '
        .. 'values are invalid","%s":[{"field":"password","code":"invalid_length"},'
        .. '{"field":"recurrence_pattern","code":"invalid_value"}]}'):format(key))
      local _, err = create(salon.opentalk { controller_url = url, token = "t" })
      assert.are.equal("Some provided values are invalid (password: invalid_length; "
        .. "recurrence_pattern: invalid_value)", err.message)
      assert.matches("passwords 1 to 255", err.hint)
    end
  end)

  it("cuts an address that is too long", function()
    local url = server:reply("x", "404 N", "", '{"detail":"Not found."}')
    local _, err = path("GET", "/rooms/" .. ("a"):rep(3000) .. "/")(salon.meet { url = url, token = "t" })
    assert.is_true(#err.url > 3000)
    assert.is_true(#tostring(err) < 600)
    url = server:reply("x", "302 F", "Location: https://x.example/" .. ("a"):rep(3000) .. "\r\n", "")
    _, err = list(salon.meet { url = url, token = "t" })
    assert.is_true(#tostring(err) < 900)
    local given = { url = server.url, issuer = server.url .. "/realm", client_id = "c", username = "u",
      password = "pppp", max_tries = 1 }
    local token_endpoint = server:reply("token", "401 U", "", '{"error":"invalid_grant"}')
    server:reply("well-known-openid-configuration", "200 OK", "", ('{"issuer":"https://x.example/%s",'
      .. '"token_endpoint":"%s"}'):format(("y"):rep(100000), token_endpoint))
    _, err = salon.opentalk(given):token()
    assert.matches("the login service calls itself https://x%.example/yyy", err.hint)
    assert.is_true(#tostring(err) < 1200)
    server:reply("well-known-openid-configuration", "404 N", "", "")
    given.issuer = given.issuer .. ("y"):rep(5000)
    _, err = salon.opentalk(given):token()
    assert.matches("no login service answers at", err.hint)
    assert.is_true(#tostring(err) < 1200)
  end)
end)
