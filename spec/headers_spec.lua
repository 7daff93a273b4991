-- The headers of a request, sent to a server or through a proxy.

local core = require "salon.core"
local salon = require "salon"
local raw = require "spec.support.raw"

local ROOM = '{"id":"6f1d7a52-0000-4000-8000-000000000001"}'
local LONG = ("jwt."):rep(400)

local server
setup(function() server = raw.start() end)
teardown(function() server:stop() end)

-- The requests that `act` makes, each as its first line and its sorted headers.
local function seen(name, options, act)
  local _, before = server:log(), #(server:log())
  server:reply(name, "200 OK", "", ROOM)
  options.token, options.user_agent = LONG, "headers_spec/1"
  local client = salon.meet(options)
  act(client)
  client:close()
  local requests = {}
  for head in server:log():sub(before + 1):gmatch "(%u+ .-\r\n)\r\n" do
    local first, rest = head:match "^(.-)\r\n(.*)$"
    local lines = {}
    for line in rest:gmatch "[^\r\n]+" do
      if not line:find "^Proxy%-Connection:" then lines[#lines + 1] = line end
    end
    table.sort(lines)
    requests[#requests + 1] = { first = first, headers = table.concat(lines, "\n") }
  end
  return requests
end

local function both_ways(act)
  local direct = seen("x", { url = server.url .. "/x", proxy = "" }, act)
  local proxied = seen("x", { url = server.url .. "/x", proxy = server.url, no_proxy = "" }, act)
  return direct, proxied
end

describe("a request that libcurl refuses for its length", function()
  it("is not sent anywhere", function()
    local url = server:reply("x", "200 OK", "", ROOM)
    local client = salon.meet { url = url, token = LONG, proxy = "" }
    local _, before = server:log()
    local data, err = client:call("DELETE", "/rooms/x/", { query = { q = ("q"):rep(9e6) } })
    assert.is_nil(data)
    assert.equal("limit", err.kind)
    assert.equal("unsent", err.outcome)
    assert.matches("too long", err.message)
    assert.equal(before, select(2, server:log()))
    assert(client:call("DELETE", "/rooms/x/"))
    assert.equal(before + 1, select(2, server:log()))
    client:close()
  end)
end)

describe("the headers of a request", function()
  it("are the same whichever way they are sent", function()
    local direct, proxied = both_ways(function(client)
      salon.check(client.rooms:get "6f1d7a52-0000-4000-8000-000000000001")
      salon.check(client.rooms:create { access_level = "public" })
    end)
    assert.equal(2, #direct)
    assert.equal(2, #proxied)
    for i, request in ipairs(direct) do
      assert.matches("^%u+ /x/external", request.first)
      assert.matches("^%u+ http://127", proxied[i].first)
      assert.equal(proxied[i].headers, request.headers)
    end
  end)

  it("are there once, with the token as it was given", function()
    local requests = both_ways(function(client)
      salon.check(client.rooms:create { access_level = "public" })
    end)
    local host = server.url:match "//(.*)"
    local expected = { "Accept-Encoding: gzip", "Accept-Language: en", "Accept: application/json",
      "Authorization: Bearer " .. LONG, "Content-Length: 25", "Content-Type: application/json",
      "Host: " .. host, "User-Agent: headers_spec/1" }
    table.sort(expected)  -- in this locale's order
    assert.equal(table.concat(expected, "\n"), requests[1].headers)
  end)
end)

describe("a mistake in what is sent", function()
  it("is told by the name of the field, and no header is repeated", function()
    local client = core.client { label = "test", proxy = "" }
    local closed = core.bytes_to_send "x"
    closed:close()
    local function mistake(spec, headers)
      spec.url = server.url
      local ok, message = pcall(core.request, client, spec, nil, headers)
      assert.is_false(ok)
      return message
    end
    assert.equal("request: 'upload' must be an open File", mistake({ upload = "x" }))
    assert.equal("request: 'upload' must be an open File", mistake({ upload = closed }))
    assert.equal("request: 'download' must be an open File", mistake({ download = io.stdout }))
    assert.equal("request: a header must be a string", mistake({}, { {} }))
    assert.equal("request: a header has no colon", mistake({}, { "s3cret" }))
    client:close()
  end)
end)
