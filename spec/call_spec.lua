-- `client:call` and `client:pages`: any path of either API. The transport is the
-- spec's; real responses are in recordings_spec.lua.

local Transport = require "spec.support.transport"
local core = require "salon.core"
local salon = require "salon"

local CTL = "https://ctl.example"
local transport

-- Answers path -> { status, body, headers }; whatever is not there is a 404.
local function serve(answers)
  transport = Transport.install(function(asked)
    local key = asked.path .. (asked.query ~= "" and "?" .. asked.query or "")
    local answer = answers[key] or answers[asked.path]
    if answer == nil then return 404, "" end
    return answer[1], answer[2], answer[3]
  end)
end

local function opentalk() return salon.opentalk { controller_url = CTL, token = "t-1" } end

local function meet(extra)
  local given = { url = "https://meet.example", token = "t-1" }
  for name, value in pairs(extra or {}) do given[name] = value or nil end
  return salon.meet(given)
end

local function last() return transport.log[#transport.log] end

after_each(function()
  if transport then transport:remove() end
  transport = nil
end)

describe("call", function()
  it("sends method, path, query and body with the client's token", function()
    serve { ["/v1/things/a%20b"] = { 200, '{"n":null,"list":[1]}' } }
    local data, answer = opentalk():call("PUT", "/v1/things/a b", {
      query = { z = "1&2", a = true, m = 3 }, json = { list = salon.array {}, text = "ä" },
    })
    assert.same({ list = { 1 } }, data)
    assert.equal(200, answer.status)
    local asked = last()
    assert.equal("PUT", asked.method)
    assert.equal(CTL .. "/v1/things/a%20b?a=true&m=3&z=1%262", asked.url)
    assert.equal('{"list":[],"text":"ä"}', asked.body)
    assert.equal("t-1", asked.token)
  end)

  it("knows the API's place from discovery, and all other paths of the controller", function()
    serve { ["/.well-known/opentalk/api"] = { 200, '{"opentalk_api":{"v1":{"base_url":"/api/one"}}}' },
      ["/api/one/x"] = { 200, "{}" }, ["/internal/rooms/r"] = { 204, "" } }
    local ot = opentalk()
    assert.same({}, ot:call("GET", "/v1/x"))
    assert.is_true(ot:call("DELETE", "/internal/rooms/r"))
    assert.equal(CTL .. "/internal/rooms/r", last().url)
  end)

  it("takes Meet's paths whole or below the External API, for any user", function()
    serve { ["/external-api/v1.0/rooms/"] = { 200, '{"results":[]}' },
      ["/external-api/v1.0/application/token/"] = { 200, '{"access_token":"t-9"}' } }
    assert(meet():call("GET", "/rooms/"))
    assert(meet():call("GET", "/external-api/v1.0/rooms/"))
    local own = meet { token = false, client_id = "c", client_secret = "secret" }
    assert(own:call("GET", "/rooms/", { user = "ada@example.org" }))
    assert.equal("t-9", last().token)
    local ok, e = pcall(function() own:call("GET", "/rooms/") end)
    assert.is_false(ok)
    assert.matches("^spec/call_spec%.lua:%d+: client:call: option 'user' is required", e)
  end)

  it("hands over true for no body, text as it is, and a body as it came if asked to", function()
    serve { ["/v1/none"] = { 204, "" }, ["/v1/text"] = { 200, "plain" }, ["/v1/json"] = { 200, "{} " },
      ["/v1/html"] = { 200, "<html>app" } }
    local ot = opentalk()
    assert.is_true(ot:call("DELETE", "/v1/none"))
    assert.equal("plain", ot:call("GET", "/v1/text"))
    assert.equal("{} ", ot:call("GET", "/v1/json", { raw = true }))
    local data, err = ot:call("GET", "/v1/html")
    assert.is_nil(data)
    assert.equal("decode", err.kind)
    assert.matches("web page", err.hint)
  end)

  it("fails as every call does", function()
    serve { ["/v1/x"] = { 409, '{"code":"unknown_email","message":"no"}' } }
    local data, err = opentalk():call("POST", "/v1/x", { json = {} })
    assert.is_nil(data)
    assert.equal("http", err.kind)
    assert.equal("unknown_email", err.code)
    assert.matches("outside addresses", err.hint)
  end)

  it("raises at the caller's line when it is called wrongly", function()
    local ot = opentalk()
    for message, wrong in pairs {
      ["method of HTTP in capitals, got get"] = function() ot:call("get", "/v1/x") end,
      ["'path' must be a string, got nil"] = function() ot:call("GET") end,
      ["must begin with a slash"] = function() ot:call("GET", "v1/x") end,
      ["option 'query' is for that"] = function() ot:call("GET", "/v1/x?a=b") end,
      ["empty part"] = function() ot:call("GET", "/v1//x") end,
      ["must not have \".\""] = function() ot:call("GET", "/v1/../x") end,
      ["query 'a' must be a string, number or boolean, got table"] = function()
        ot:call("GET", "/v1/x", { query = { a = {} } })
      end,
      ["option 'query' has names"] = function() ot:call("GET", "/v1/x", { query = { "a" } }) end,
      ["option 'json': cannot encode a function at f"] = function()
        ot:call("POST", "/v1/x", { json = { f = print } })
      end,
      ["unknown option 'user'"] = function() ot:call("GET", "/v1/x", { user = "u" }) end,
      ["call it with a colon"] = function() ot.call("GET", "/v1/x") end,
    } do
      local ok, e = pcall(wrong)
      assert.is_false(ok)
      assert.matches("^spec/call_spec%.lua:%d+: client:call: ", e)
      assert.is_truthy(e:find(message, 1, true), e)
    end
  end)
end)

describe("pages", function()
  local function ids(walk)
    local list = {}
    for item in walk do list[#list + 1] = item.id or item end
    return list
  end

  local function page(...)
    local items = {}
    for i, id in ipairs { ... } do items[i] = { id = id } end
    return core.encode(setmetatable(items, core.array_mt))
  end

  it("follows numbered pages, keeping the caller's query", function()
    serve {
      ["/v1/l?kind=x&per_page=2"] = { 200, page("a", "b"),
        { Link = '<http://inner/v1/l?page=2>; rel="next",<http://inner/v1/l?page=2>; rel="last"' } },
      ["/v1/l?kind=x&per_page=2&page=2"] = { 200, page("b", "c"), { Link = "" } },
    }
    assert.same({ "a", "b", "c" },
      ids(opentalk():pages("/v1/l", { query = { per_page = 2, kind = "x" } })))
  end)

  it("follows cursors until a page is empty", function()
    serve {
      ["/v1/l"] = { 200, page("a"), { Link = '<https://x/v1/l?after=QQ>; rel="after"' } },
      ["/v1/l?after=QQ"] = { 200, page("b"), { Link = '<https://x/v1/l?after=Qg>; rel="after"' } },
      ["/v1/l?after=Qg"] = { 200, "[]" },
    }
    assert.same({ "a", "b" }, ids(opentalk():pages("/v1/l")))
  end)

  it("finds the list inside an object, and Meet's next page", function()
    serve { ["/v1/me"] = { 200, '{"owned_assets":[{"id":"a"}]}' },
      ["/v1/two"] = { 200, '{"a":[{"id":"a"}],"b":[{"id":"b"}]}' },
      ["/external-api/v1.0/rooms/"] = { 200,
        '{"results":[{"id":"a"}],"next":"http://inner/rooms/?page=2"}' },
      ["/external-api/v1.0/rooms/?page=2"] = { 200, '{"results":[{"id":"b"}],"next":null}' } }
    assert.same({ "a" }, ids(opentalk():pages("/v1/me")))
    assert.same({ "b" }, ids(opentalk():pages("/v1/two", { items = "b" })))
    assert.same({ "a", "b" }, ids(meet():pages("/rooms/")))
  end)

  it("keeps every entry that has no id, whatever it is", function()
    serve { ["/v1/l"] = { 200, '["x",{"id":"a"},"x",{"id":false},{"id":"a"},[],"y"]' } }
    local list = {}
    for item in opentalk():pages("/v1/l") do list[#list + 1] = item end
    assert.same({ "x", { id = "a" }, "x", { id = false }, {}, "y" }, list)
  end)

  it("ends at a null, and stays there", function()
    for body, found in pairs { ['[null,{"id":"a"}]'] = {}, ['[{"id":"a"},null,{"id":"b"}]'] = { "a" } } do
      serve { ["/v1/l"] = { 200, body, { Link = "" } } }
      local walk = opentalk():pages("/v1/l")
      assert.same(found, ids(walk))
      assert.same({}, ids(walk))
    end
  end)

  it("raises what call would return", function()
    serve { ["/v1/two"] = { 200, '{"a":[],"b":[]}' } }
    local ok, e = pcall(ids, opentalk():pages("/v1/none"))
    assert.is_false(ok)
    assert.equal(404, salon.caught(e).status)
    ok, e = pcall(ids, opentalk():pages("/v1/two"))
    assert.is_false(ok)
    assert.equal("decode", salon.caught(e).kind)
  end)

  it("raises at the caller's line when it is called wrongly", function()
    local ok, e = pcall(function() opentalk():pages("v1/l") end)
    assert.is_false(ok)
    assert.matches("^spec/call_spec%.lua:%d+: client:pages: argument 'path'", e)
  end)
end)
