-- Every kind of fault that a sandbox can be told to inject, seen by the curl program.

local support = require("spec.support")
local ask = require("spec.support.ask")

describe("a sandbox's fault", function()
  local sandbox, rooms, meet, token, meet_token

  setup(function()
    sandbox = support.start { rooms = 45 }
    rooms, meet = sandbox.opentalk.controller_url .. "/v1/rooms", sandbox.meet.url .. "/external-api/v1.0/rooms/"
    token, meet_token = ask.opentalk_token(sandbox), ask.meet_token(sandbox)
  end)
  teardown(function() sandbox:stop() end)

  -- Alice's rooms, or with call.json a new one; the same at Meet.
  local function list(query, call)
    call = call or {}
    call.token = token
    return ask.url(rooms .. (query or ""), call)
  end
  local function list_meet(query) return ask.url(meet .. (query or ""), { token = meet_token }) end
  local function make() return list("", { json = "{}" }) end

  -- Injects a fault into the next request that lists or makes rooms.
  local function inject(kind, more)
    local fault = { route = "* /v1/rooms", kind = kind }
    for name, value in pairs(more or {}) do fault[name] = value end
    sandbox:fault(fault)
  end

  -- What curl measures of a request: the body is thrown away.
  local function measured(what, query)
    local format = "%{" .. table.concat(what, "} %{") .. "}"
    local values = {}
    for word in list(query, { more = "-o /dev/null --compressed -w " .. support.quote(format) }).said:gmatch("%S+") do
      values[#values + 1] = tonumber(word)
    end
    return values[1], values[2]
  end

  local function count() return #sandbox:rooms() end

  it("of a kind or for a reason that is unknown is refused by name", function()
    for words, fault in pairs { ["unknown kind of fault: flood; there are 401, 429, 500, 502, 503, bomb, cut, "
      .. "expired, garbage, header, latency, length, link_host, moved, noise, reset, same_link, slow"] = { "flood" },
      ["unknown reason: revoked"] = { "401", { reason = "revoked" } } } do
      local ok, message = pcall(inject, fault[1], fault[2])
      assert.is_false(ok)
      assert.is_truthy(tostring(message):find(words, 1, true))
    end
  end)

  it("hits `count` requests after `skip` others, and is in the log", function()
    inject("429", { skip = 1, count = 2 })
    local statuses = {}
    for i = 1, 4 do statuses[i] = list().status end
    assert.are.same({ 200, 429, 429, 200 }, statuses)
    inject "cut"
    local before = #sandbox:requests()
    make()
    local log = sandbox:requests()
    local last = log[#log]
    assert.are.same({ before + 1, "POST", "/v1/rooms", 0, "cut" },
      { #log, last.method, last.path, last.status, last.fault })
  end)

  it("latency delays a response, slow delivers its body in pieces", function()
    inject("latency", { seconds = 0.4 })
    local total = measured { "time_total" }
    assert.is_true(total >= 0.4 and total < 15)
    inject("slow", { seconds = 1 })
    local first, last = measured({ "time_starttransfer", "time_total" }, "?per_page=100")
    assert.is_true(last - first >= 0.3)
  end)

  -- kind, more, code of curl, status that was seen, ending of the body
  local EMPTY, PARTIAL = 52, 18
  for _, case in ipairs {
    { "cut ends the connection before the first byte", "cut", {}, EMPTY },
    { "cut ends it at a byte of the body", "cut", { at = 100 }, PARTIAL, 200 },
    { "length names more bytes than there are", "length", { by = 50 }, PARTIAL, 200 },
    { "length names fewer bytes than there are", "length", { by = -50 }, 0, 200, "[^%]]$" },
    { "garbage spoils the body", "garbage", {}, 0, 200, "}%]$" },
  } do
    it(case[1], function()
      inject(case[2], case[3])
      local response = list()
      assert.are.same({ case[4], case[5] }, { response.code, response.status })
      if case[3].at then assert.are.equal(case[3].at, #response.body) end
      if case[6] then assert.is_truthy(response.body:find(case[6])) end
    end)
  end

  it("noise and a header of ten megabytes are no HTTP that curl takes", function()
    for _, kind in ipairs { "noise", "header" } do
      inject(kind)
      assert.are_not.equal(0, list("", { more = "-o /dev/null" }).code)
    end
    inject("header", { size = 1000 })
    assert.are.equal(1000, #list().headers["x-padding"])
  end)

  it("502 is a page of a proxy", function()
    inject "502"
    local response = list()
    assert.are.same({ 502, "text/html" }, { response.status, response.headers["content-type"] })
  end)

  it("429 and 503 carry Retry-After as seconds, as a date, or as nonsense", function()
    local function retry_after(kind, more)
      inject(kind, more)
      return list().headers["retry-after"]
    end
    assert.are.equal("7", retry_after("503", { retry_after = 7 }))
    assert.is_nil(retry_after("503"))
    assert.are.equal("1", retry_after("429"))
    assert.is_truthy(retry_after("429", { in_date = 60 }):find("^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d GMT$"))
    for _, nonsense in ipairs { "-1", "soon", "99999999999999999999", "1e3" } do
      assert.are.equal(nonsense, retry_after("429", { retry_after = nonsense }))
    end
  end)

  it("401 comes in every kind that the systems know, and as a token that has run out", function()
    for reason, words in pairs { missing = "unable to parse", invalid = "token is invalid", expired = "expired",
      inactive = "expired", session = "session expired", unknown_sub = "unknown_sub",
      unknown_tenant = "unknown_tenant_id" } do
      inject("401", { reason = reason })
      local response = list()
      assert.are.equal(401, response.status)
      local text = (response.headers["www-authenticate"] or "") .. response.body
      assert.is_truthy(text:lower():find(words, 1, true), reason)
    end
    for reason, words in pairs { missing = "Authentication credentials were not provided.",
      header = "Invalid token header.", unknown = "Resource Server is improperly configured",
      invalid = "Invalid token.", expired = "Token expired.", application = "Application is disabled.",
      user = "User account is disabled." } do
      sandbox:fault { route = "GET /external", kind = "401", reason = reason }
      local response = list_meet()
      assert.are.same({ 401, words }, { response.status, response.json.detail })
    end
    sandbox:fault { route = "* /", kind = "expired", count = 2 }
    assert.is_truthy(list().headers["www-authenticate"]:find("expired", 1, true))
    assert.are.equal("Token expired.", list_meet().json.detail)
    assert.are.equal(200, list().status)
  end)

  it("500 comes after the work was done", function()
    local before = count()
    inject "500"
    assert.are.equal(500, make().status)
    assert.are.equal(before + 1, count())
  end)

  it("reset and cut happen before the work, or after it", function()
    for kind, code in pairs { reset = 56, cut = EMPTY } do
      for _, worked in ipairs { false, true } do
        local before = count()
        inject(kind, { worked = worked })
        assert.are.equal(code, make().code)
        assert.are.equal(before + (worked and 1 or 0), count())
      end
    end
  end)

  it("moved shows the last entry of the page before again", function()
    local last = list("?per_page=10").json[10]
    inject "moved"
    local page = list("?per_page=10&page=2").json
    assert.are.equal(10, #page)
    assert.are.equal(last.id, page[1].id)
    sandbox:fault { route = "GET /external", kind = "moved", by = -1 }
    assert.are.equal(200, list_meet("?page=2").status)
  end)

  it("link_host and same_link spoil the links of a list", function()
    for kind, patterns in pairs { link_host = { "<http://wrong%.example:81/v1/", "^http://wrong%.example:81/" },
      same_link = { '&page=2>; rel="next"', "page=2$" } } do
      inject(kind)
      assert.is_truthy(list("?per_page=10&page=2").headers.link:find(patterns[1]))
      sandbox:fault { route = "GET /external", kind = kind }
      assert.is_truthy(list_meet("?page=2").json.next:find(patterns[2]))
      assert.is_falsy(list("?per_page=10&page=2").headers.link:find(patterns[1]))
    end
  end)

  it("bomb is small on the wire and large when unpacked", function()
    inject("bomb", { size = 8 * 1024 * 1024, count = 2 })
    assert.is_true(measured { "size_download" } < 100000)
    assert.are.equal(8 * 1024 * 1024, #list("", { more = "--compressed" }).body)
  end)
end)
