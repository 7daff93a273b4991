-- Errors: what they say, what they keep to themselves, how they are raised.

local Error = require "salon.internal.error"
local Secrets = require "salon.internal.secrets"
local failures = require "salon.internal.failures"
local salon = require "salon"

local MARKER = "m4rker+s3cret/=&\"x"
local secrets = Secrets.new()
secrets:note("marker", MARKER)
local striker = secrets:striker()

-- A finished request, as the session sees it.
local function request(method, headers)
  local lower = {}
  for name, value in pairs(headers or {}) do lower[name:lower()] = value end
  return {
    method = function() return method end,
    url = function() return "https://host.example/v1/x" end,
    header = function(_, name) return lower[name:lower()] end,
  }
end

local function answer(status, body, headers)
  return failures.response({ request = request("GET", headers), status = status,
    body = body or "", attempts = 1 }, striker)
end

describe("an error made of an answer", function()
  it("reads OpenTalk's object, whatever its content type", function()
    local err = answer(404,
      '{"code":"not_found","message":"A requested resource could not be found"}',
      { ["Content-Type"] = "text/json; charset=utf-8", ["x-request-id"] = "abc" })
    assert.equal("http", err.kind)
    assert.equal(404, err.status)
    assert.equal("not_found", err.code)
    assert.equal("A requested resource could not be found", err.message)
    assert.equal("abc", err.request_id)
    assert.equal("done", err.outcome)
    assert.equal("GET https://host.example/v1/x: A requested resource could not be found "
      .. "(http, status 404, not_found) [request abc]", tostring(err))
  end)

  it("reads both keys for lists of refused values", function()
    for _, key in ipairs { "errors", "validation_errors" } do
      local err = answer(422, ('{"code":"validation_failed","message":"Some provided values are '
        .. 'invalid","%s":[{"field":"title","code":"invalid_length"},{"code":"x"}]}'):format(key))
      assert.equal("validation_failed", err.code)
      assert.same({ { field = "title", code = "invalid_length" }, { code = "x" } }, err.fields)
    end
    assert.is_nil(answer(422, '{"code":"invalid_event","message":"m","errors":[]}').fields)
  end)

  it("reads Keycloak's pair", function()
    local err = answer(400,
      '{"error":"invalid_grant","error_description":"Invalid user credentials"}')
    assert.equal("invalid_grant", err.code)
    assert.equal("Invalid user credentials", err.message)
    err = answer(404, '{"error":"Realm does not exist"}')
    assert.equal("Realm does not exist", err.message)
  end)

  it("reads Meet's seven shapes", function()
    assert.equal("Not found.", answer(404, '{"detail":"Not found."}').message)
    assert.equal("Scope should be a valid email address.",
      answer(400, '{"error":"Scope should be a valid email address."}').message)
    local err = answer(400, '{"client_id":["This field is required."],"scope":["A","B"]}')
    assert.same({ { field = "client_id", message = "This field is required." },
      { field = "scope", message = "A" }, { field = "scope", message = "B" } }, err.fields)
    assert.equal("client_id: This field is required.; scope: A; scope: B", err.message)
    err = answer(400, '{"configuration":[{"type":"literal_error","loc":["can_publish_sources","1"],'
      .. '"msg":"Input should be","input":"tv"},"This field may not be null."]}')
    assert.same({
      { field = "configuration.can_publish_sources.1", code = "literal_error",
        message = "Input should be" },
      { field = "configuration", message = "This field may not be null." },
    }, err.fields)
    err = answer(400, '{"non_field_errors":["No data provided"]}')
    assert.same({ { message = "No data provided" } }, err.fields)
    err = answer(400, '["bad"]')
    assert.equal("bad", err.message)
    err = answer(500, "\n<!doctype html>\n<title>Server Error (500)</title>")
    assert.equal("Server Error (500)", err.message)
  end)

  it("reads plain text, nothing at all, and what only looks like JSON", function()
    assert.equal("Query deserialize error: x", answer(400, "Query deserialize error: x").message)
    assert.equal("no permission, or no such thing", answer(403).message)
    assert.is_nil(answer(403).body)
    assert.equal("bad gateway", answer(502, "{broken").message)
    assert.equal("unexpected response", answer(418, "").message)
  end)

  it("explains redirects without following their query", function()
    local err = answer(301, "", { Location = "https://a:b@x.example/y?token=z" })
    assert.equal("http", err.kind)
    assert.matches("https://x%.example/y%)", err.hint)
    assert.is_nil(tostring(err):find("token=", 1, true))
  end)

  it("shows no secret, however it is spelt", function()
    local spelt = { MARKER, 'm4rker+s3cret/=&\\"x', "m4rker%2Bs3cret%2F%3D%26%22x" }
    for _, text in ipairs(spelt) do
      for _, body in ipairs { '{"code":"x","message":"you sent %s"}', "text %s",
        "<title>%s</title>", '{"field":["%s"]}' } do
        local err = answer(400, (body:gsub("%%s", (text:gsub("%%", "%%%%")))),
          { Location = "https://x/" .. text })
        local all = { tostring(err), err.body, err.hint or "", err.message }
        for _, field in ipairs(err.fields or {}) do all[#all + 1] = field.message end
        assert.is_nil(table.concat(all, "\n"):find("s3cret", 1, true))
      end
    end
  end)

  it("keeps 2 KiB of the body, and no half of a secret at the edge", function()
    local err = answer(500, ("a"):rep(2040) .. MARKER .. ("b"):rep(5000))
    assert.equal(2048, #err.body)
    assert.is_nil(err.body:find("m4rker", 1, true))
  end)

  it("shows no half of a secret where a long text is cut, however much of it was struck", function()
    for _, edge in ipairs { 1000, 2048, 8 * 1000, 8 * 2048, 16384 } do
      local many = MARKER:rep(math.floor(edge / #MARKER))
      for _, body in ipairs { ("a"):rep(edge - 8) .. MARKER, many, many .. "m4rk" .. MARKER } do
        for cut = 0, 6 * #MARKER do
          local err = answer(500, ("a"):rep(cut) .. body .. MARKER:rep(400))
          for _, text in ipairs { err.body, err.message } do
            assert.is_nil(text:find("m4rker", 1, true))
            assert.is_nil(text:find("s3cret", 1, true))
          end
        end
      end
    end
  end)

  it("shows no secret of letters beyond ASCII, in whichever escapes", function()
    local own = Secrets.new()
    own:note("marker", "pä€😀zz-tail")
    local strike = own:striker()
    for _, spelt in ipairs { "pä€😀zz-tail", "p\\u00e4\\u20AC\\ud83d\\uDE00zz-tail",
      "p&#228;&#x20ac;&#128512;zz-tail", "p%C3%A4%e2%82%ac%F0%9F%98%80zz-tail" } do
      assert.equal("you sent ***!", strike("you sent " .. spelt .. "!"))
    end
    assert.equal("&#99999999999999999999;&#xffffffff;", strike "&#99999999999999999999;&#xffffffff;")
  end)

  it("shows no secret in the number of a request", function()
    local odd = { request = request("GET", { ["x-request-id"] = "id-" .. MARKER }), status = 200,
      body = "[]", attempts = 1 }
    assert.equal("id-***", failures.decode(odd, "not what was promised", striker).request_id)
  end)

  it("stays on one line", function()
    local err = answer(400, '{"message":"a\\nb\\u0007\\r\\nc"}')
    assert.is_nil(tostring(err):find("%c"))
  end)
end)

describe("an error made of a failed transfer", function()
  local function transport(method, info)
    info.attempts = info.attempts or 1
    return failures.transport(request(method), info, striker)
  end

  it("says whether the request may have arrived", function()
    local err = transport("POST", { kind = "network", message = "reset", outcome = "unknown",
      retryable = false })
    assert.is_false(err.retryable)
    assert.matches("look before repeating", err.hint)
    err = transport("POST", { kind = "network", message = "refused", outcome = "unsent",
      retryable = true })
    assert.is_true(err.retryable)
    err = transport("GET",
      { kind = "timeout", message = "late", outcome = "unknown", attempts = 3, retryable = true })
    assert.is_true(err.retryable)
    assert.matches("timeout, 3 attempts", tostring(err))
    err = transport("GET", { kind = "tls", message = "unknown authority", outcome = "unsent" })
    assert.is_false(err.retryable)
    assert.matches("ca_file", err.hint)
  end)
end)

describe("an error about the proxy", function()
  it("does not show its password", function()
    for _, proxy in ipairs { "http://joe:m4rker@host:99999", "ftpx://joe:m4rker@host" } do
      local client = salon.meet { url = "http://127.0.0.1:1", token = "t", proxy = proxy,
        no_proxy = "nowhere.example", timeout = 5, max_tries = 1 }
      local _, err = client.rooms:list()
      assert.equal("network", err.kind)
      assert.matches("proxy", err.message)
      for _, shown in pairs(err) do assert.not_matches("m4rker", tostring(shown)) end
      client:close()
    end
  end)
end)

describe("salon.check", function()
  local err = Error.new { kind = "http", message = "no", status = 404 }

  it("hands values through", function()
    assert.same({ 1, nil, 3 }, { salon.check(1, nil, 3) })
  end)

  it("takes false for a value where no error comes with it", function()
    assert.is_false(salon.check(false))
    assert.equal(err, salon.caught(select(2, pcall(salon.check, false, err))))
  end)

  it("raises what pcall and salon.caught give back, on every Lua", function()
    local ok, e = pcall(salon.check, nil, err)
    assert.is_false(ok)
    assert.equal(err, salon.caught(e))
    assert.equal("no (http, status 404)", tostring(e))
    if _VERSION == "Lua 5.1" then assert.equal("string", type(e)) end
  end)

  it("finds the error in a traceback", function()
    local other = Error.new { kind = "timeout", message = "late" }
    local _, e = xpcall(function() salon.check(nil, other) end, function(e)
      return debug.traceback(tostring(e))
    end)
    if _VERSION == "Lua 5.1" then assert.equal(other, salon.caught(e)) end
    assert.matches("late %(timeout%)", e)
  end)

  it("keeps the last 32 only, and knows nothing of other errors", function()
    assert.is_nil(salon.caught("something else"))
    assert.is_nil(salon.caught(nil))
    assert.is_nil(salon.caught({}))
    local first
    for i = 1, 40 do
      local _, e = pcall(salon.check, nil, Error.new { kind = "http", message = "number " .. i })
      first = first or e
      assert.equal("number " .. i, salon.caught(e).message)
    end
    if type(first) == "string" then assert.is_nil(salon.caught(first)) end
  end)

  it("raises at the caller's line when there is neither value nor error", function()
    local ok, e = pcall(function() local x = salon.check(nil) return x end)
    assert.is_false(ok)
    assert.matches("error_spec%.lua:%d+: salon%.check: neither a value nor an error: nothing was found$", e)
  end)
end)

it("an uncaught error of salon can be read on stderr", function()
  local support = require "spec.support"
  local output, status = support.script { "-e", [[
    local salon = require "salon"
    local meet = salon.meet { url = "http://127.0.0.1:9", client_id = "a", client_secret = "b",
      user = "a@b.c" }
    for _ in meet.events:each() do end]] }
  assert.not_equal(0, status)
  assert.matches("meet%.events:each: Meet's External API has no events %(unsupported%)", output)
end)
