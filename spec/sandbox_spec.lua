-- The sandbox on its own, asked with the curl program. What it must answer was
-- recorded at real servers: texts, headers and their order of decision here are
-- theirs, letter by letter.

local cjson = require("cjson").new()
local support = require("spec.support")

local UUID = "%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x"

-- ask(url, { method, body, token, headers, more }) -> { status, headers, body }
local function ask(url, call)
  call = call or {}
  local words = { "curl -sS -i --noproxy '*' --max-time 10 --fail-early", call.more }
  if call.method == "HEAD" then
    words[#words + 1] = "-I"
  elseif call.method then
    words[#words + 1] = "-X " .. call.method
  end
  local headers = {}
  for _, header in ipairs(call.headers or {}) do headers[#headers + 1] = header end
  if call.token then headers[#headers + 1] = "Authorization: Bearer " .. call.token end
  if call.body then
    words[#words + 1] = "--data-binary " .. support.quote(call.body)
    headers[#headers + 1] = "Content-Type: " .. (call.type or "application/json")
  end
  for _, header in ipairs(headers) do words[#words + 1] = "-H " .. support.quote(header) end
  words[#words + 1] = support.quote(url)
  local text = support.run(table.concat(words, " "))
  local answer = { headers = {}, text = text }
  local head, body = text:match("^(HTTP.-)\r\n\r\n(.*)$")
  answer.status, answer.body = tonumber((head or ""):match("^%S+ (%d+)")), body
  for name, value in (head or ""):gmatch("\r\n([^:\r\n]+): ?([^\r\n]*)") do
    answer.headers[name:lower()] = value
  end
  return answer
end

local function json(answer)
  assert.are.equal("application/json", answer.headers["content-type"])
  return cjson.decode(answer.body)
end

local FORM = "application/x-www-form-urlencoded"

local function log_in(sandbox, user, more)
  return ask(sandbox.opentalk.issuer .. "/protocol/openid-connect/token", { type = FORM,
    body = "grant_type=password&client_id=Frontend&scope=openid&password=throwaway-password"
      .. "&username=" .. (user or "alice") .. (more or "") })
end

local function opentalk_token(sandbox, user) return json(log_in(sandbox, user)).access_token end

local function meet_token(sandbox, user, app)
  local answer = ask(sandbox.meet.url .. "/external-api/v1.0/application/token/", { body =
    ('{"client_id":"%s","client_secret":"throwaway-secret","grant_type":"client_credentials","scope":"%s"}')
      :format(app or "throwaway-app", user or "ada@example.org") })
  return json(answer).access_token
end

-- Each line: what is sent, and the status and text that must come back.
local function check(lines, send)
  for _, line in ipairs(lines) do
    it(line[1], function()
      local answer = send(line)
      assert.are.equal(line.status, answer.status)
      assert.are.equal(line.text, answer.body)
      for name, value in pairs(line.headers or {}) do
        assert.are.equal(value or nil, answer.headers[name])
      end
    end)
  end
end

describe("the sandbox", function()
  it("refuses options it does not know, at the caller's line", function()
    local start = require("salon.sandbox").start
    assert.has_error(function() start { rums = 1 } end)
    assert.has_error(function() start { opentalk = "2024" } end)
    assert.has_error(function() start { rooms = "many" } end)
    local _, message = pcall(function() start { rums = 1 } end)
    assert.is_truthy(message:find("sandbox_spec.lua", 1, true))
    assert.is_truthy(message:find("unknown option 'rums'", 1, true))
  end)

  it("says in a sentence what to do when its folder cannot be made", function()
    local sandbox, message = require("salon.sandbox").start { dir = "/proc/1" }
    assert.is_nil(sandbox)
    assert.is_truthy(message:find("^cannot write to /proc/1: "))
  end)

  it("refuses switches it does not know, or versions of one", function()
    local start = require("salon.sandbox").start
    for words, switches in pairs { ["unknown switch 'weather'"] = { weather = "fair" },
      ["switch 'keycloak' knows no version 19"] = { keycloak = "19" },
      ["switch 'https' must be a boolean, got number"] = { https = 1 } } do
      local ok, message = pcall(start, { switches = switches })
      assert.is_false(ok)
      assert.is_truthy(tostring(message):find(words, 1, true))
    end
  end)

  -- Starts with something missing: `replaced` stands in for a function of `place`.
  local function start_without(place, name, replaced)
    local module = require(place)
    local kept = module[name]
    module[name] = replaced(kept)
    local ok, sandbox, message = pcall(require("salon.sandbox").start)
    module[name] = kept
    assert.is_true(ok)
    assert.is_nil(sandbox)
    return message
  end

  it("says in a sentence what to do without nginx, or without its Lua module", function()
    local function finding(text)
      return function(run)
        return function(command) return command:find("openresty", 1, true) and text or run(command), 0 end
      end
    end
    assert.is_truthy(start_without("salon.sandbox.shell", "run", finding(""))
      :find("^nginx was not found: install nginx with its Lua module"))
    assert.is_truthy(start_without("salon.sandbox.shell", "run",
      finding("@/opt/nginx\nnginx version: nginx/1.22.1\nconfigure arguments: --prefix=/opt/none\n"))
      :find("^/opt/nginx has no Lua module: install nginx"))
  end)

  it("says so when every port it tries is taken, and leaves no folder", function()
    local folder = support.folder()
    local message = start_without("salon.sandbox.nginx", "start", function()
      return function() return nil, "port taken" end
    end)
    assert.are.equal("no free ports on 127.0.0.1: close something and try again", message)
    support.remove(folder)
  end)

  it("stops, twice without harm, and leaves no folder behind", function()
    local sandbox = support.start { meet = false }
    assert.are.equal(200, ask(sandbox.opentalk.url .. "/anything").status)
    sandbox:stop()
    sandbox:stop()
    assert.is_nil(io.open(sandbox.ca_file))
    assert.is_nil(ask(sandbox.opentalk.url).status)
  end)

  it("stops by itself when the process that started it is gone", function()
    local file = os.tmpname()
    support.write(file, [[
      local s = assert(require("salon.sandbox").start { meet = false })
      io.write(s.dir, "\n", s.opentalk.url)
      io.stdout:flush()
      os.exit(1)]])
    local dir, url = support.script({ file }):match("^(%S+)\n(%S+)")
    os.remove(file)
    local stop = os.time() + 8
    while ask(url).status and os.time() < stop do support.run("sleep 0.2") end
    assert.is_nil(ask(url).status)
    assert.is_nil(io.open(dir .. "/nginx.conf"))
  end)

  it("draws the same ids from the same seed", function()
    local ids = {}
    for i = 1, 2 do
      local sandbox = support.start { meet = false, rooms = 3, seed = 7 }
      ids[i] = ask(sandbox.opentalk.controller_url .. "/v1/rooms",
        { token = opentalk_token(sandbox) }).body:gsub('"created_at":"[^"]*"', "")
      sandbox:stop()
    end
    assert.are.equal(ids[1], ids[2])
  end)
end)

describe("the sandbox's OpenTalk of 2023", function()
  local sandbox, base, token

  setup(function()
    sandbox = support.start { opentalk = "2023", meet = false, rooms = 5, events = 20 }
    base, token = sandbox.opentalk.controller_url, opentalk_token(sandbox)
  end)
  teardown(function() sandbox:stop() end)

  it("is found from the front end", function()
    local client = json(ask(sandbox.opentalk.url .. "/.well-known/opentalk/client"))
    assert.are.equal(base, client.opentalk_controller.base_url)
    assert.are.equal(404, ask(base .. "/.well-known/opentalk/api").status)
    assert.are.equal(sandbox.opentalk.issuer, json(ask(base .. "/v1/auth/login")).oidc.url)
  end)

  it("answers over TLS and HTTP/2 with its own addresses", function()
    local answer = ask(sandbox.opentalk.tls.controller_url .. "/v1/auth/login",
      { more = "--http2 --cacert " .. sandbox.ca_file })
    assert.is_truthy(answer.text:find("^HTTP/2 200"))
    assert.are.equal(sandbox.opentalk.tls.issuer, cjson.decode(answer.body).oidc.url)
  end)

  it("wants everybody to log in first", function()
    local answer = ask(base .. "/v1/users/me", { token = token })
    assert.are.equal(401, answer.status)
    assert.are.equal('{"code":"unknown_sub","message":'
      .. '"Unknown subject in access token. Please login first!"}', answer.body)
    assert.is_nil(answer.headers["www-authenticate"])
    assert.is_nil(answer.headers["x-request-id"])
    answer = ask(base .. "/v1/auth/login", { body = '{"id_token":"' .. token .. '"}' })
    assert.are.equal('{"permissions":[]}', answer.body)
    assert.are.equal(200, ask(base .. "/v1/users/me", { token = token }).status)
  end)

  local INVALID = 'Bearer error="invalid_token" error_description="The provided %s is invalid"'
  check({
    { "refuses a call without a token", "GET", "/v1/rooms", anonymous = true, status = 401,
      text = '{"code":"unauthorized","message":"Unable to parse access token"}',
      headers = { ["www-authenticate"] = INVALID:format("access token"),
        ["content-type"] = "text/json; charset=utf-8" } },
    { "refuses text that is no token", "POST", "/v1/auth/login", '{"id_token":"throwaway"}',
      status = 401, text = '{"code":"unauthorized","message":"Authentication failed"}',
      headers = { ["www-authenticate"] = INVALID:format("id token") } },
    { "names the place of a missing member", "POST", "/v1/auth/login", "{}", status = 400,
      text = '{"code":"invalid_json","message":"Json deserialize error: missing field `id_token` '
        .. 'at line 1 column 2"}' },
    { "hides unknown rooms", "GET", "/v1/rooms/00000000-0000-4000-8000-000000000000",
      status = 403, text = "", headers = { ["content-length"] = "0", ["content-type"] = false } },
    { "hides unknown paths", "GET", "/v1/nothing", status = 403, text = "" },
    { "knows no final slash", "GET", "/v1/rooms/", status = 403, text = "" },
    { "answers nothing outside of /v1", "GET", "/", status = 404, text = "" },
    { "knows no HEAD", "HEAD", "/v1/rooms", status = 401, text = "" },
    { "wants a content type", "POST", "/v1/rooms", "{}", type = "text/plain", status = 400,
      text = '{"code":"invalid_content_type","message":"Content type error"}' },
    { "wants a text for a password", "POST", "/v1/rooms", '{"password":12345}', status = 400,
      text = '{"code":"invalid_json","message":"Json deserialize error: invalid type: integer '
        .. '`12345`, expected a string at line 1 column 17"}' },
    { "refuses null for a boolean", "POST", "/v1/rooms", '{"waiting_room":null}', status = 400,
      text = '{"code":"invalid_json","message":"Json deserialize error: invalid type: null, '
        .. 'expected a boolean at line 1 column 20"}' },
    { "sees where JSON ends", "POST", "/v1/rooms", '{"password":"a"', status = 400,
      text = '{"code":"invalid_json","message":"Json deserialize error: EOF while parsing an '
        .. 'object at line 1 column 15"}' },
    { "refuses an empty password", "POST", "/v1/rooms", '{"password":""}', status = 422,
      text = '{"code":"validation_failed","message":"Some provided values are invalid",'
        .. '"errors":[{"field":"password","code":"invalid_length"}]}' },
    { "refuses per_page 0", "GET", "/v1/rooms?per_page=0", status = 400,
      text = "Query deserialize error: per_page <= 0",
      headers = { ["content-type"] = "text/plain; charset=utf-8" } },
    { "refuses per_page 101", "GET", "/v1/rooms?per_page=101", status = 400,
      text = "Query deserialize error: per_page too large" },
    { "refuses per_page abc", "GET", "/v1/rooms?per_page=abc", status = 400,
      text = "Query deserialize error: invalid digit found in string" },
    { "calls page 0 too large", "GET", "/v1/rooms?page=0", status = 400,
      text = "Query deserialize error: page too large" },
    { "refuses a bare plus in a time", "GET", "/v1/events?time_min=2027-01-20T00:00:00+01:00",
      status = 400, text = "Query deserialize error: input contains invalid characters" },
    { "refuses an unknown state", "GET", "/v1/events?invite_status=maybe", status = 400,
      text = 'Query deserialize error: unknown invite_status "maybe"' },
    { "refuses a parameter twice", "GET",
      "/v1/events?invite_status=accepted&invite_status=pending", status = 400,
      text = "Query deserialize error: duplicate field `invite_status`" },
    { "refuses a cursor that is none", "GET", "/v1/events?after=throwaway", status = 400,
      text = 'Query deserialize error: invalid value: string "throwaway", '
        .. "expected base64 + bincode encoded cursor data" },
    { "refuses a malformed guest code", "POST", "/v1/invite/verify",
      '{"invite_code":"throwaway"}', status = 400,
      text = '{"code":"invalid_json","message":"Json deserialize error: UUID parsing failed: '
        .. "invalid character: expected an optional prefix of `urn:uuid:` followed by "
        .. '[0-9a-fA-F-], found `t` at 1 at line 1 column 26"}' },
    { "refuses dates on a time-independent event", "POST", "/v1/events",
      '{"title":"x","description":"","is_time_independent":true,"is_all_day":false}',
      status = 400, text = '{"code":"bad_request","message":"time independent events must not '
        .. 'have is_all_day, starts_at, ends_at or recurrence_pattern set"}' },
    { "refuses hourly series", "POST", "/v1/events",
      '{"title":"x","description":"","is_time_independent":false,"is_all_day":false,'
        .. '"starts_at":{"datetime":"2027-01-04T10:00:00Z","timezone":"Europe/Berlin"},'
        .. '"ends_at":{"datetime":"2027-01-04T11:00:00Z","timezone":"Europe/Berlin"},'
        .. '"recurrence_pattern":["FREQ=HOURLY;COUNT=3"]}', status = 422,
      text = '{"code":"invalid_event","message":"Frequencies below \'DAILY\' are not supported",'
        .. '"errors":[]}' },
  }, function(line)
    return ask(base .. line[3], { method = line[2], body = line[4], type = line.type,
      token = not line.anonymous and token or nil })
  end)

  it("writes page links without blanks and keeps other parameters", function()
    local url = base .. "/v1/rooms"
    local answer = ask(url .. "?per_page=2&page=2&text=a%20b%2Cc", { token = token })
    local at = function(n) return "<" .. url .. "?per_page=2&text=a+b%2Cc&page=" .. n .. ">" end
    assert.are.equal(at(1) .. '; rel="first",' .. at(1) .. '; rel="prev",' .. at(3)
      .. '; rel="next",' .. at(10) .. '; rel="last"', answer.headers.link)
    assert.are.equal(2, #json(answer))
  end)

  it("sends an empty Link for a single page, and none for an empty list of events", function()
    local answer = ask(base .. "/v1/rooms?per_page=100", { token = token })
    assert.are.equal("", (answer.headers.link:gsub("%s", "")))
    answer = ask(base .. "/v1/events?time_min=2100-01-01T00:00:00Z", { token = token })
    assert.are.equal("[]", answer.body)
    assert.is_nil(answer.headers.link)
  end)

  it("names links after Forwarded before X-Forwarded before Host", function()
    local both = { "Forwarded: for=192.0.2.1;proto=https;host=one.example.org",
      "X-Forwarded-Host: two.example.org" }
    local answer = ask(base .. "/v1/rooms?per_page=2", { token = token, headers = both })
    assert.is_truthy(answer.headers.link:find("^<https://one%.example%.org/v1/rooms%?"))
    answer = ask(base .. "/v1/rooms?per_page=2", { token = token, headers = { both[2] } })
    assert.is_truthy(answer.headers.link:find("^<http://two%.example%.org/"))
  end)

  it("loses timed events behind a time-independent one, as the real one did", function()
    local bob = opentalk_token(sandbox, "bob")
    ask(base .. "/v1/auth/login", { body = '{"id_token":"' .. bob .. '"}' })
    local function make(title, date)
      local dates = date and (',"is_all_day":false,"starts_at":{"datetime":"%s","timezone":"UTC"},'
        .. '"ends_at":{"datetime":"%s","timezone":"UTC"}'):format(date, date) or ""
      local answer = ask(base .. "/v1/events", { token = bob, body = ('{"title":"%s","description":"",'
        .. '"is_time_independent":%s%s}'):format(title, tostring(not date), dates) })
      assert.are.equal(200, answer.status)
    end
    make("first", "2027-06-01T08:00:00Z")
    make("second")
    make("third", "2027-06-02T08:00:00Z")
    local url, titles = base .. "/v1/events?per_page=1", {}
    while url do
      local answer = ask(url, { token = bob })
      local list = json(answer)
      if list[1] then titles[#titles + 1] = list[1].title end
      url = answer.headers.link and answer.headers.link:match("^<(.*)>; rel=\"after\"$")
    end
    assert.are.same({ "second", "third" }, titles)
  end)

  it("writes rooms, events and exceptions in the shape of 2023", function()
    local room = json(ask(base .. "/v1/rooms?per_page=1", { token = token }))[1]
    assert.is_truthy(room.password == cjson.null or type(room.password) == "string")
    assert.is_nil(room.guest_access)
    local kinds = {}
    for _, event in ipairs(json(ask(base .. "/v1/events?per_page=100", { token = token }))) do
      kinds[event.type] = event
    end
    assert.are.equal("+493012345678", kinds.single.room.sip_tel)
    assert.is_truthy(kinds.recurring.recurrence_pattern[1])
    assert.is_nil(kinds.exception.room)
    assert.are.equal("cancelled", kinds.exception.status)
    assert.is_truthy(kinds.exception.id:find("^" .. UUID .. "_%d%d%d%d%d%d%d%dT%d%d%d%d%d%dZ$"))
  end)

  it("only switches guest links off", function()
    local room = json(ask(base .. "/v1/rooms", { token = token, body = "{}" }))
    local invites = base .. "/v1/rooms/" .. room.id .. "/invites"
    local invite = json(ask(invites, { token = token, body = '{"expiration":"2027-06-30T12:00:00.5+02:00"}' }))
    assert.are.equal("2027-06-30T10:00:00.500Z", invite.expiration)
    local verify = { body = '{"invite_code":"' .. invite.invite_code .. '"}' }
    assert.are.equal('{"room_id":"' .. room.id .. '","password_required":false}',
      ask(base .. "/v1/invite/verify", verify).body)
    for _ = 1, 2 do
      assert.are.equal(204, ask(invites .. "/" .. invite.invite_code,
        { method = "DELETE", token = token }).status)
    end
    assert.are.equal(404, ask(base .. "/v1/invite/verify", verify).status)
    assert.is_false(json(ask(invites, { token = token }))[1].active)
  end)

  it("shows events to the people that were put among its invitees", function()
    local bob = opentalk_token(sandbox, "bob")
    ask(base .. "/v1/auth/login", { body = '{"id_token":"' .. bob .. '"}' })
    local event = json(ask(base .. "/v1/events", { token = token,
      body = '{"title":"Open house","description":"","is_time_independent":true}' }))
    local url = base .. "/v1/events/" .. event.id
    assert.are.equal(403, ask(url, { token = bob }).status)
    sandbox:put("invitation", event.id, { user = "bob" })
    local pending = base .. "/v1/events?invite_status=pending"
    assert.are.equal("Open house", json(ask(pending, { token = bob }))[1].title)
    assert.is_false(json(ask(url, { token = bob })).can_edit)
    sandbox:put("invitation", event.id, { user = "bob", status = "accepted" })
    assert.are.equal("[]", ask(pending, { token = bob }).body)
    assert.are.equal("accepted",
      json(ask(url .. "?invitees_max=1", { token = token })).invitees[1].status)
  end)

  it("calls a token that ran out invalid, and a session that ended expired", function()
    local expired = 'Bearer error="invalid_token" error_description="The provided access token expired"'
    local answer = log_in(sandbox, "charlie")
    local login = json(answer)
    ask(base .. "/v1/auth/login", { body = '{"id_token":"' .. login.id_token .. '"}' })
    assert.are.equal(200, ask(base .. "/v1/rooms", { token = login.access_token }).status)
    assert.are.equal(expired,
      ask(base .. "/v1/rooms", { token = login.id_token }).headers["www-authenticate"])
    ask(sandbox.opentalk.issuer .. "/protocol/openid-connect/logout", { type = FORM,
      body = "client_id=Frontend&refresh_token=" .. login.refresh_token })
    assert.are.equal(expired,
      ask(base .. "/v1/rooms", { token = login.access_token }).headers["www-authenticate"])
  end)
end)

describe("the sandbox's OpenTalk of 2026", function()
  local sandbox, base, token

  setup(function()
    sandbox = support.start { meet = false, rooms = 30, events = 30 }
    base, token = sandbox.opentalk.controller_url, opentalk_token(sandbox)
  end)
  teardown(function() sandbox:stop() end)

  it("needs no login call and says where its API is", function()
    assert.are.equal(200, ask(base .. "/v1/users/me", { token = token }).status)
    assert.are.equal('{"opentalk_api":{"v1":{"base_url":"/v1"}}}',
      ask(base .. "/.well-known/opentalk/api").body)
  end)

  check({
    { "puts a comma into WWW-Authenticate", "GET", "/v1/rooms", anonymous = true, status = 401,
      text = '{"code":"unauthorized","message":"Unable to parse access token or invite code"}',
      headers = { ["www-authenticate"] = 'Bearer error="invalid_token", '
        .. 'error_description="The provided access token is invalid"' } },
    { "refuses pages that are too large", "GET", "/v1/events?per_page=101", status = 400,
      text = "Query deserialize error: Page size is outside the allowed range (1..=100)" },
    { "refuses unknown members of events", "POST", "/v1/events",
      '{"title":"x","description":"","is_time_independent":true,"colour":"red"}', status = 400,
      text = '{"code":"invalid_json","message":"Json deserialize error: data did not match any '
        .. 'variant of untagged enum EventDateKind"}' },
  }, function(line)
    return ask(base .. line[3], { method = line[2], body = line[4],
      token = not line.anonymous and token or nil })
  end)

  it("walks all events by cursor, exceptions counted, none lost", function()
    local seen, count, url = {}, 0, base .. "/v1/events?per_page=4"
    while url do
      local answer = ask(url, { token = token })
      local list = json(answer)
      assert.is_true(#list <= 4)
      for _, event in ipairs(list) do
        assert.is_nil(seen[event.id])
        seen[event.id] = true
        if event.type ~= "exception" then count = count + 1 end
      end
      url = list[1] and answer.headers.link:match("^<(.*)>; rel=\"after\"$")
    end
    assert.are.equal(30, count)
  end)

  it("writes rooms and events in the new shape", function()
    local room = json(ask(base .. "/v1/rooms", { token = token, body = "{}" }))
    assert.is_nil(room.password)
    assert.are.equal("waiting_room", room.guest_access)
    local event = json(ask(base .. "/v1/events?per_page=1", { token = token }))[1]
    assert.are.equal("+493012345678", event.room.call_in.tel)
    assert.is_truthy(event.room.call_in.password:find("^%d%d%d%d%d%d%d%d%d%d$"))
    assert.is_false(event.room.e2e_encryption)
  end)
end)

describe("the sandbox's login service", function()
  local sandbox, route

  setup(function()
    sandbox = support.start { meet = false }
    route = sandbox.opentalk.issuer .. "/protocol/openid-connect/"
  end)
  teardown(function() sandbox:stop() end)

  local function refused(code, words)
    return ('{"error":"%s","error_description":"%s"}'):format(code, words)
  end
  local ALICE = "grant_type=password&client_id=Frontend&username=alice&password=throwaway-password"
  check({
    { "refuses a wrong password", "grant_type=password&client_id=Frontend&username=bob&password=x",
      status = 400, text = refused("invalid_grant", "Invalid user credentials") },
    { "tells a disabled account", (ALICE:gsub("alice", "dora")), status = 400,
      text = refused("invalid_grant", "Account disabled") },
    { "tells an account that is not set up", (ALICE:gsub("alice", "eve")), status = 400,
      text = refused("invalid_grant", "Account is not fully set up") },
    { "tells a client without direct grants", (ALICE:gsub("Frontend", "NoGrants")), status = 400,
      text = refused("unauthorized_client", "Client not allowed for direct access grants") },
    { "refuses an unknown client", (ALICE:gsub("Frontend", "NoSuch")), status = 401,
      text = refused("invalid_client", "Invalid client or Invalid client credentials") },
    { "refuses an unknown scope", ALICE .. "&scope=openid%20nosuch", status = 400,
      text = refused("invalid_scope", "Invalid scopes: openid nosuch") },
    { "refuses a parameter twice", ALICE .. "&username=bob", status = 400,
      text = refused("invalid_request", "duplicated parameter") },
    { "trips over a lone percent sign", "grant_type=password&password=100%", status = 500,
      text = refused("unknown_error", "For more on this error consult the server log.") },
    { "refuses an unknown refresh token",
      "grant_type=refresh_token&client_id=Frontend&refresh_token=x", status = 400,
      text = refused("invalid_grant", "Invalid refresh token") },
  }, function(line) return ask(route .. "token", { body = line[2], type = FORM }) end)

  local function introspect(token, header)
    return json(ask(route .. "token/introspect", { type = FORM, headers = { header },
      body = "client_id=Controller&client_secret=throwaway-controller-secret-1234&token=" .. token }))
  end

  it("gives tokens of the real size, and refreshes them", function()
    local login = json(log_in(sandbox, "ALICE"))
    assert.are.equal("openid email profile", login.scope)
    assert.are.equal(300, login.expires_in)
    assert.is_true(#login.access_token > 1300 and #login.access_token < 1600)
    local answer = ask(route .. "token", { type = FORM, body =
      "grant_type=refresh_token&client_id=Frontend&refresh_token=" .. login.refresh_token })
    assert.are_not.equal(login.access_token, json(answer).access_token)
    assert.is_true(introspect(json(answer).access_token).active)
  end)

  it("binds tokens to the name of the host", function()
    local login = json(log_in(sandbox))
    assert.is_true(introspect(login.access_token).active)
    assert.is_false(introspect(login.access_token, "Host: accounts.example").active)
  end)

  it("signs tokens that others can verify with its keys", function()
    local token = json(log_in(sandbox)).access_token
    local head, claims, signature = token:match("^([^.]*)%.([^.]*)%.(.*)$")
    local keys = json(ask(route .. "certs")).keys
    local key = keys[1].use == "sig" and keys[1] or keys[2]
    local folder = support.folder()
    support.write(folder .. "/key.pem", "-----BEGIN CERTIFICATE-----\n"
      .. key.x5c[1]:gsub(("."):rep(64), "%0\n") .. "\n-----END CERTIFICATE-----\n")
    support.write(folder .. "/text", head .. "." .. claims)
    support.write(folder .. "/base64", signature:gsub("-", "+"):gsub("_", "/") .. "==\n")
    assert.are.equal("Verified OK\n", (support.run(("cd %s && openssl base64 -d -A -in base64 -out signature && "
      .. "openssl x509 -in key.pem -pubkey -noout >public.pem && "
      .. "openssl dgst -sha256 -verify public.pem -signature signature text"):format(folder))))
    support.remove(folder)
    assert.is_false(introspect(token:sub(1, -7) .. "AAAAAA").active)
  end)

  it("locks an account after two wrong passwords within a second", function()
    for _ = 1, 2 do
      ask(route .. "token", { type = FORM,
        body = "grant_type=password&client_id=Frontend&username=henry&password=x" })
    end
    assert.are.equal(400, log_in(sandbox, "henry").status)
    sandbox:advance(61)
    assert.are.equal(200, log_in(sandbox, "henry").status)
  end)

  it("ends a rotated session when a token is used again", function()
    local rotating = (route:gsub("OPENTALK", "ROTATE"))
    local first = json(ask(rotating .. "token", { type = FORM, body = ALICE })).refresh_token
    local function refresh(token)
      return ask(rotating .. "token", { type = FORM,
        body = "grant_type=refresh_token&client_id=Frontend&refresh_token=" .. token })
    end
    local second = json(refresh(first)).refresh_token
    assert.are.equal(refused("invalid_grant", "Maximum allowed refresh token reuse exceeded"),
      refresh(first).body)
    assert.are.equal(refused("invalid_grant", "Session doesn't have required client"),
      refresh(second).body)
  end)
end)

describe("the sandbox's Meet", function()
  local sandbox, base, token, old, old_token
  local GRACES = "d1d0b6cd-4930-477e-8ea5-34dfe5dfd534"
  local function path(which) return which.meet.url .. "/external-api/v1.0" end

  setup(function()
    sandbox = support.start { opentalk = false, rooms = 45 }
    old = support.start { opentalk = false, meet = "1.27" }
    base, token = path(sandbox), meet_token(sandbox, nil, "throwaway-app-five")
    old_token = meet_token(old, "grace@example.org", "throwaway-app-five")
    for _, which in ipairs { sandbox, old } do
      which:put("meeting", GRACES, { owner = "grace@example.org", name = "Weekly stand-up", slug = "weekly" })
    end
  end)
  teardown(function()
    sandbox:stop()
    old:stop()
  end)

  local CREDENTIALS = '{"client_id":"%s","client_secret":"%s","grant_type":"client_credentials","scope":"%s"}'
  local REQUIRED = '{"client_id":["This field is required."],"client_secret":["This field is required."],'
    .. '"grant_type":["This field is required."],"scope":["This field is required."]}'
  local TOKEN, ROOMS = "/application/token/", "/rooms/"
  local PAGE = "\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>%s</title>\n</head>\n<body>\n"
    .. "  <h1>%s</h1><p>%s</p>\n</body>\n</html>\n"

  check({
    { "refuses Accept without JSON before all else", "POST", TOKEN, "{",
      send = { "Accept: text/html" }, status = 406,
      text = '{"detail":"Could not satisfy the request Accept header."}' },
    { "has only POST on the token route", "GET", TOKEN, status = 405,
      text = '{"detail":"Method \\"GET\\" not allowed."}', headers = { allow = "POST, OPTIONS" } },
    { "speaks Python about malformed JSON", "POST", TOKEN, "{client_id: 1}", status = 400,
      text = '{"detail":"JSON parse error - Expecting property name enclosed in double quotes: '
        .. 'line 1 column 2 (char 1)"}' },
    { "wants an object", "POST", TOKEN, "[]", status = 400,
      text = '{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}' },
    { "names missing fields", "POST", TOKEN, "{}", status = 400, text = REQUIRED },
    { "loses a chunked body", "POST", TOKEN, CREDENTIALS:format("throwaway-app", "throwaway-secret", "ada@example.org"),
      send = { "Transfer-Encoding: chunked" }, status = 400, text = REQUIRED },
    { "names wrong types", "POST", TOKEN,
      '{"client_id":true,"client_secret":["x"],"grant_type":{},"scope":1.5}', status = 400,
      text = '{"client_id":["Not a valid string."],"client_secret":["Not a valid string."],'
        .. '"grant_type":["\\"{}\\" is not a valid choice."]}' },
    { "refuses an unknown application", "POST", TOKEN,
      CREDENTIALS:format("nobody", "throwaway-secret", "ada@example.org"), status = 401,
      text = '{"detail":"Invalid credentials"}', headers = { ["www-authenticate"] = "Session" } },
    { "refuses an inactive application", "POST", TOKEN,
      CREDENTIALS:format("throwaway-app-inactive", "throwaway-secret", "ada@example.org"),
      status = 401, text = '{"detail":"Application is inactive"}' },
    { "wants an e-mail address", "POST", TOKEN,
      CREDENTIALS:format("throwaway-app", "throwaway-secret", "rooms:list"), status = 400,
      text = '{"error":"Scope should be a valid email address."}' },
    { "refuses foreign domains", "POST", TOKEN,
      CREDENTIALS:format("throwaway-app-domain", "throwaway-secret", "ada@example.org"),
      status = 403, text = '{"error":"This application is not authorized for this email domain."}' },
    { "does not know everybody", "POST", TOKEN,
      CREDENTIALS:format("throwaway-app", "throwaway-secret", "nobody@example.org"),
      status = 404, text = '{"detail":"User not found."}' },
    { "answers HTML for twins", "POST", TOKEN,
      CREDENTIALS:format("throwaway-app", "throwaway-secret", "twin@example.org"), status = 400,
      text = PAGE:format("Bad Request (400)", "Bad Request (400)", "") },
    { "wants a token", "GET", ROOMS, status = 401, anonymous = true,
      text = '{"detail":"Authentication credentials were not provided."}',
      headers = { ["www-authenticate"] = "Bearer", allow = "GET, POST, HEAD, OPTIONS" } },
    { "does not know pages past the end", "GET", ROOMS .. "?page=4", status = 404,
      text = '{"detail":"Invalid page."}' },
    { "tells a slug from an id", "GET", ROOMS .. "abc-defg-hij/", status = 404,
      text = '{"detail":"Not found."}' },
    { "tells an unknown room from a foreign one", "GET",
      ROOMS .. "00000000-0000-4000-8000-000000000000/", status = 404,
      text = '{"detail":"No Room matches the given query."}' },
    { "does not show foreign rooms", "GET", ROOMS .. GRACES .. "/",
      status = 403, text = '{"detail":"You do not have permission to perform this action."}' },
    { "redirects without a slash and does nothing", "POST", "/rooms?x=1", "{}", status = 301,
      text = "", headers = { location = "/external-api/v1.0/rooms/?x=1" } },
    { "answers HTML for unknown paths", "GET", "/nothing/", status = 404,
      text = PAGE:format("Not Found", "Not Found",
        "The requested resource was not found on this server."),
      headers = { vary = "origin, Accept-Language, Cookie" } },
    { "refuses forms for rooms", "POST", ROOMS, "access_level=restricted", type = FORM,
      status = 415, text = '{"detail":"Unsupported media type '
        .. '\\"application/x-www-form-urlencoded\\" in request."}' },
    { "refuses bad levels", "POST", ROOMS, '{"access_level":"open"}', status = 400,
      text = '{"access_level":["\\"open\\" is not a valid choice."]}' },
    { "refuses public rooms", "POST", ROOMS, '{"access_level":"public"}', status = 400,
      text = '{"access_level":["Public rooms are disabled for the external API."]}' },
    { "lists every fault of a configuration", "POST", ROOMS,
      '{"configuration":{"foo":true,"everyone_can_mute":"maybe","can_publish_sources":["camera","tv"]}}',
      status = 400, text = '{"configuration":[{"type":"literal_error","loc":["can_publish_sources","1"],'
        .. "\"msg\":\"Input should be 'camera', 'microphone', 'screen_share' or 'screen_share_audio'\","
        .. "\"input\":\"tv\",\"ctx\":{\"expected\":\"'camera', 'microphone', 'screen_share' or "
        .. "'screen_share_audio'\"},\"url\":\"https://errors.pydantic.dev/2.13/v/literal_error\"},"
        .. '{"type":"bool_parsing","loc":["everyone_can_mute"],"msg":"Input should be a valid boolean, '
        .. 'unable to interpret input","input":"maybe","url":"https://errors.pydantic.dev/2.13/v/bool_parsing"},'
        .. '{"type":"extra_forbidden","loc":["foo"],"msg":"Extra inputs are not permitted","input":"True",'
        .. '"url":"https://errors.pydantic.dev/2.13/v/extra_forbidden"}]}' },
  }, function(line)
    local with_token = line[3]:find("^/rooms") and not line.anonymous
    return ask(base .. line[3], { method = line[2], body = line[4], type = line.type,
      headers = line.send, token = with_token and token or nil })
  end)

  it("gives 20 rooms a page whatever page_size says, with sorted links", function()
    local answer = json(ask(base .. "/rooms/?page_size=5&page=2", { token = token }))
    assert.are.equal(45, answer.count)
    assert.are.equal(20, #answer.results)
    assert.are.equal(base .. "/rooms/?page=3&page_size=5", answer.next)
    assert.are.equal(base .. "/rooms/?page_size=5", answer.previous)
  end)

  it("keeps the order of keys on creation and sorts them later", function()
    local answer = ask(base .. "/rooms/", { token = token, body =
      '{"access_level":"restricted","configuration":{"can_publish_sources":["camera"],"everyone_can_mute":false}}' })
    assert.are.equal(201, answer.status)
    local room = json(answer)
    assert.are.equal(room.url, answer.headers.location)
    assert.is_truthy(room.slug:find("^%l%l%l%-%l%l%l%l%-%l%l%l$"))
    assert.is_truthy(answer.body:find('{"can_publish_sources":["camera"],"everyone_can_mute":false}', 1, true))
    local again = ask(base .. "/rooms/" .. room.id:upper() .. "/", { token = token })
    assert.is_truthy(again.body:find('{"everyone_can_mute":false,"can_publish_sources":["camera"]}', 1, true))
  end)

  it("offers PATCH since 1.31 and 405 before", function()
    local url = "/rooms/" .. GRACES .. "/"
    local change = { method = "PATCH", token = old_token, body = '{"access_level":"restricted"}' }
    local answer = ask(path(old) .. url, change)
    assert.are.equal(405, answer.status)
    assert.are.equal("GET, HEAD, OPTIONS", answer.headers.allow)
    change.token = meet_token(sandbox, "grace@example.org", "throwaway-app-five")
    assert.are.equal("restricted", json(ask(base .. url, change)).access_level)
    change.token = meet_token(sandbox, "grace@example.org")
    assert.are.equal('{"detail":"Insufficient permissions. Required scope: rooms:update"}',
      ask(base .. url, change).body)
  end)

  it("judges tokens by what they claim", function()
    local claims = { client_id = "throwaway-app", aud = "Test inc.", scope = "rooms:list", iat = os.time(),
      exp = os.time() + 60, user_id = "00000000-0000-4000-8000-000000000000" }
    local function answer(key) return ask(base .. "/rooms/", { token = key }).body end
    assert.are.equal('{"detail":"Invalid token."}', answer(sandbox:sign("meet", claims)))
    claims.exp = claims.iat - 1
    assert.are.equal('{"detail":"Token expired."}', answer(sandbox:sign("meet", claims)))
    assert.are.equal('{"detail":"Resource Server is improperly configured"}', answer(token:sub(1, -5) .. "AAAA"))
  end)

  it("takes a form for a token since 1.28", function()
    local form = { type = FORM, body = "client_id=throwaway-app&client_secret=throwaway-secret"
      .. "&grant_type=client_credentials&scope=ada%40example.org" }
    assert.are.equal(200, ask(base .. "/application/token/", form).status)
    assert.are.equal(415, ask(path(old) .. "/application/token/", form).status)
  end)
end)

describe("the sandbox's faults and clock", function()
  local sandbox, rooms, meet, token, meet_key

  setup(function()
    sandbox = support.start { rooms = 60, token_life = 100 }
    rooms = sandbox.opentalk.controller_url .. "/v1/rooms"
    meet = sandbox.meet.url .. "/external-api/v1.0/rooms/"
    token, meet_key = opentalk_token(sandbox), meet_token(sandbox)
  end)
  teardown(function() sandbox:stop() end)

  it("meet as many requests as ordered, after as many as were skipped", function()
    sandbox:fault { route = "GET /v1/rooms", kind = "429", skip = 1, count = 2, retry_after = 7 }
    local statuses = {}
    for i = 1, 4 do
      local answer = ask(rooms, { token = token })
      statuses[i] = answer.status
      if i == 2 then assert.are.equal("7", answer.headers["retry-after"]) end
    end
    assert.are.same({ 200, 429, 429, 200 }, statuses)
  end)

  it("cut the connection before the answer, and remember the request", function()
    sandbox:fault { route = "POST /v1/rooms", kind = "cut" }
    local before = #sandbox:requests()
    assert.is_nil(ask(rooms, { token = token, body = "{}" }).status)
    local log = sandbox:requests()
    assert.are.equal(before + 1, #log)
    assert.are.equal("POST", log[#log].method)
    assert.are.equal("/v1/rooms", log[#log].path)
    assert.are.equal(0, log[#log].status)
    assert.are.equal("cut", log[#log].fault)
  end)

  it("answer as if the token had run out", function()
    sandbox:fault { route = "* /", kind = "expired", count = 2 }
    assert.is_truthy(ask(rooms, { token = token }).headers["www-authenticate"]:find("expired", 1, true))
    assert.are.equal('{"detail":"Token expired."}', ask(meet, { token = meet_key }).body)
    assert.are.equal(200, ask(rooms, { token = token }).status)
  end)

  it("put a wrong host into links", function()
    sandbox:fault { route = "GET /", kind = "link_host", count = 2 }
    assert.is_truthy(ask(rooms, { token = token }).headers.link:find("<http://wrong.example:81/v1/", 1, true))
    assert.is_truthy(json(ask(meet, { token = meet_key })).next:find("^http://wrong%.example:81/"))
    assert.is_falsy(ask(rooms, { token = token }).headers.link:find("wrong", 1, true))
  end)

  it("let tokens run out when the clock moves", function()
    sandbox:advance(101)
    assert.are.equal(401, ask(rooms, { token = token }).status)
    assert.are.equal('{"detail":"Token expired."}', ask(meet, { token = meet_key }).body)
    token, meet_key = opentalk_token(sandbox), meet_token(sandbox)
    assert.are.equal(200, ask(rooms, { token = token }).status)
  end)

  it("show rooms, and forget all on reset", function()
    local made = json(ask(rooms, { token = token, body = '{"password":"x"}' }))
    local found
    for _, room in ipairs(sandbox:rooms()) do found = found or (room.id == made.id and room) end
    assert.are.equal("alice", found.owner)
    sandbox:reset { rooms = 2 }
    assert.are.equal(401, ask(rooms, { token = token }).status)
    token = opentalk_token(sandbox)
    assert.are.equal(2, #json(ask(rooms, { token = token })))
  end)
end)

describe("the example of a test with the sandbox", function()
  it("passes as it stands", function()
    local file = os.tmpname()
    support.write(file, 'require("busted.runner")({ standalone = false })')
    local output, code = support.script { file, "-o", "TAP", "examples/test_with_sandbox_spec.lua" }
    os.remove(file)
    assert.are.equal(0, code, output)
    local _, passed = ("\n" .. output):gsub("\nok ", "")
    assert.are.equal(3, passed, output)
  end)
end)
