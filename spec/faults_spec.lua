-- Every kind of misbehaviour that a sandbox can be ordered to show, seen by
-- the curl program.

local support = require("spec.support")

describe("a sandbox's fault", function()
  local sandbox, rooms, key, meet, meet_key

  local function curl(arguments) return support.run("curl -sS -i --max-time 10 --noproxy '*' " .. arguments) end

  -- Lists the rooms of alice (or makes one); what curl printed, and its code.
  local function list(more, query)
    return curl(("%s -H 'Authorization: Bearer %s' '%s%s'"):format(more or "", key, rooms, query or ""))
  end

  local function order(kind, more)
    local fault = { route = "* /v1/rooms", kind = kind }
    for name, value in pairs(more or {}) do fault[name] = value end
    sandbox:fault(fault)
  end

  local function status(text) return tonumber(text:match("^HTTP/%S+ (%d+)")) end
  local function header(text, name)
    return text:match("^(.-)\r\n\r\n"):lower():match("\r\n" .. name:gsub("%-", "%%-") .. ": ([^\r]*)")
  end
  local function body(text) return text:match("\r\n\r\n(.*)$") end
  local function count() return #sandbox:rooms() end

  setup(function()
    sandbox = support.start { rooms = 45 }
    rooms = sandbox.opentalk.controller_url .. "/v1/rooms"
    meet = sandbox.meet.url .. "/external-api/v1.0"
    key = curl(("-d grant_type=password -d client_id=Frontend -d scope=openid -d username=alice "
      .. "-d password=throwaway-password %s/protocol/openid-connect/token"):format(sandbox.opentalk.issuer))
      :match('"access_token":"([^"]*)')
    meet_key = curl(("-H 'Content-Type: application/json' -d '%s' %s/application/token/"):format(
      '{"client_id":"throwaway-app","client_secret":"throwaway-secret","grant_type":"client_credentials",'
      .. '"scope":"ada@example.org"}', meet)):match('"access_token":"([^"]*)')
  end)
  teardown(function() sandbox:stop() end)

  it("of a kind that is unknown is refused by name", function()
    local ok, message = pcall(order, "flood")
    assert.is_false(ok)
    assert.is_truthy(tostring(message):find("unknown kind of fault: flood", 1, true))
    ok, message = pcall(order, "401", { reason = "weather" })
    assert.is_false(ok)
    assert.is_truthy(tostring(message):find("unknown reason: weather", 1, true))
  end)

  it("latency delays an answer", function()
    order("latency", { seconds = 0.4 })
    local time = tonumber((list("-o /dev/null -w '%{time_total}'")))
    assert.is_true(time >= 0.4 and time < 3)
  end)

  it("slow delivers a body in pieces", function()
    order("slow", { seconds = 0.5 })
    local first, total = list("-o /dev/null -w '%{time_starttransfer} %{time_total}'", "?per_page=100")
      :match("(%S+) (%S+)")
    assert.is_true(tonumber(total) - tonumber(first) >= 0.3)
  end)

  it("cut ends the connection before the first byte, or at a byte of the body", function()
    order "cut"
    local text, code = list()
    assert.are.same({ "", 52 }, { text:match("^HTTP") or "", code })
    order("cut", { at = 100 })
    text, code = list()
    assert.are.equal(18, code)
    assert.are.equal(100, #body(text):gsub("curl: .*$", ""))
  end)

  it("length names more or fewer bytes than there are", function()
    order("length", { by = 50 })
    local text, code = list()
    assert.are.equal(18, code)
    assert.are.equal(200, status(text))
    order("length", { by = -50 })
    text = list()
    assert.is_nil(body(text):find("%]$"))
  end)

  it("garbage spoils the body, noise the whole answer", function()
    order "garbage"
    local text = list()
    assert.are.equal(200, status(text))
    assert.is_nil(body(text):find("^%["))
    order "noise"
    local _, code = list()
    assert.are_not.equal(0, code)
  end)

  it("502 is a page of a proxy", function()
    order "502"
    local text = list()
    assert.are.equal(502, status(text))
    assert.are.equal("text/html", header(text, "content-type"))
  end)

  it("429 and 503 carry Retry-After as seconds, as a date, or as nonsense", function()
    order("503", { retry_after = 7 })
    assert.are.equal("7", header(list(), "retry-after"))
    order("429", { in_date = 60 })
    assert.is_truthy(header(list(), "retry-after"):find("^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d gmt$"))
    for _, nonsense in ipairs { "-1", "soon", "99999999999999999999", "1e3" } do
      order("429", { retry_after = nonsense })
      assert.are.equal(nonsense, header(list(), "retry-after"))
    end
    order "503"
    assert.is_nil(header(list(), "retry-after"))
  end)

  it("401 comes in every kind that the systems know", function()
    for reason, words in pairs { missing = "unable to parse", invalid = "token is invalid", expired = "expired",
      inactive = "expired", session = "session expired", unknown_sub = "unknown_sub",
      unknown_tenant = "unknown_tenant_id" } do
      order("401", { reason = reason })
      local text = list()
      assert.are.equal(401, status(text))
      assert.is_truthy(text:lower():find(words, 1, true), reason)
    end
    for reason, words in pairs { missing = "credentials were not provided", header = "Invalid token header",
      unknown = "improperly configured", invalid = "Invalid token.", expired = "Token expired.",
      application = "Application is disabled.", user = "User account is disabled." } do
      sandbox:fault { route = "GET /external", kind = "401", reason = reason }
      local text = curl(("-H 'Authorization: Bearer %s' %s/rooms/"):format(meet_key, meet))
      assert.are.equal(401, status(text))
      assert.is_truthy(text:find(words, 1, true), reason)
    end
  end)

  local MAKE = "-H 'Content-Type: application/json' -d '{}'"

  it("500 comes after the work was done", function()
    local before = count()
    order "500"
    assert.are.equal(500, status(list(MAKE)))
    assert.are.equal(before + 1, count())
  end)

  it("reset and cut happen before the work, or after it", function()
    for kind, code in pairs { reset = 56, cut = 52 } do
      for _, worked in ipairs { false, true } do
        local before = count()
        order(kind, { worked = worked })
        local _, met = list(MAKE)
        assert.are.equal(code, met)
        assert.are.equal(before + (worked and 1 or 0), count())
      end
    end
  end)

  local function ids(text)
    local found = {}
    for id in body(text):gmatch('{"id":"([^"]*)","created_by"') do found[#found + 1] = id end
    return found
  end

  it("moved shows the last entry of the page before again", function()
    local one = ids(list(nil, "?per_page=10"))
    order "moved"
    local two = ids(list(nil, "?per_page=10&page=2"))
    assert.are.equal(10, #two)
    assert.are.equal(one[10], two[1])
    sandbox:fault { route = "GET /external", kind = "moved", by = -1 }
    local text = curl(("-H 'Authorization: Bearer %s' '%s/rooms/?page=2'"):format(meet_key, meet))
    assert.are.equal(200, status(text))
  end)

  it("same_link gives this very page as the next", function()
    order "same_link"
    assert.is_truthy(header(list(nil, "?per_page=10&page=2"), "link"):find('&page=2>; rel="next"', 1, true))
    sandbox:fault { route = "GET /external", kind = "same_link" }
    local text = curl(("-H 'Authorization: Bearer %s' '%s/rooms/?page=2'"):format(meet_key, meet))
    assert.is_truthy(text:find('"next":"[^"]*page=2"'))
  end)

  it("bomb is small on the wire and large when unpacked", function()
    order("bomb", { size = 8 * 1024 * 1024 })
    local sizes = list("--compressed -o /dev/null -w '%{size_download}'")
    assert.is_true(tonumber((sizes)) < 100000)
    order("bomb", { size = 8 * 1024 * 1024 })
    local length = support.run(("curl -s --compressed --noproxy '*' -H 'Authorization: Bearer %s' %s | wc -c")
      :format(key, rooms))
    assert.are.equal(8 * 1024 * 1024, tonumber(length))
  end)

  it("header is ten megabytes long", function()
    order "header"
    local _, code = list("-o /dev/null")
    assert.are_not.equal(0, code)    -- more than curl takes
    order("header", { size = 1000 })
    assert.are.equal(1000, #header(list(), "x-padding"))
  end)
end)
