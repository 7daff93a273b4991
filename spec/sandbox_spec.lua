-- The sandbox on its own, asked with the curl program. What was recorded at real
-- servers is compared by `make conformance`; here stand its start and end, its
-- interface, and what no recording shows.

local support = require("spec.support")
local ask = require("spec.support.ask")

local UUID = "%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x"

describe("the sandbox", function()
  local start = require("salon.sandbox").start

  it("refuses options and switches it does not know, at the caller's line", function()
    for words, options in pairs {
      ["unknown option 'rums'"] = { rums = 1 },
      ["option 'opentalk' knows no version 2024; it knows 0.66, 2023, 2026, false"] = { opentalk = "2024" },
      ["option 'rooms' must be a number, got string"] = { rooms = "many" },
      ["unknown switch 'speed'"] = { switches = { speed = "fast" } },
      ["switch 'provider' knows no version up"] = { switches = { provider = "up" } },
      ["switch 'https' must be a boolean, got number"] = { switches = { https = 1 } },
    } do
      local ok, message = pcall(function() start(options) end)
      assert.is_false(ok)
      assert.is_truthy(message:find(words, 1, true), message)
      assert.is_truthy(message:find("sandbox_spec.lua", 1, true), message)
    end
  end)

  it("has ready options for a client of each system", function()
    local salon = require "salon"
    for _, switches in ipairs { {}, { tenants = true } } do
      local sandbox = support.start { switches = switches }
      local ot, meet = salon.opentalk(sandbox.opentalk.options), salon.meet(sandbox.meet.options)
      local who = { salon.check(ot:whoami()).email, salon.check(meet:whoami()).email }
      ot:close()
      meet:close()
      sandbox:stop()
      assert.are.same({ switches.tenants and "kim@example.org" or "alice@example.org", "ada@example.org" }, who)
    end
  end)

  it("has the options, switches, faults and kinds of things that its page names", function()
    local page = support.read "doc/sandbox.md" .. "\n"
    -- What stands in the first column of the table with this head.
    local function named(head)
      local names = {}
      local _, last = page:find("\n" .. head, 1, true)
      for cell in page:match("\n(| %-.-\n)\n", last):gmatch "| ([^|\n]+) |[^\n]*\n" do
        for name in cell:gmatch '`"?([%w_]+)"?`' do names[name] = true end
      end
      return names
    end
    local function there(file, part, ...)
      local names, text = {}, support.read("sandbox/lua/salon/sandbox/" .. file):match(part)
      for _, pattern in ipairs { ... } do
        for name in text:gmatch(pattern) do names[name] = true end
      end
      return names
    end
    assert.same(there("init.lua", "\nlocal SEEDED = .-\nfor ", "([%l_]+) = { \""), named "| option |")
    assert.same(there("init.lua", "\nlocal SWITCHES = .-\n}\n", "([%l_]+) = { \""), named "| switch |")
    assert.same(there("faults.lua", ".*", "\nfunction %u+%.([%l_]+)%(", "%[\"(%d+)\"%]"), named "| `kind` | |")
    assert.same(there("put.lua", ".*", "\nchecked%(\"(%l+)\"", "\nfunction put%.(%l+)"), named "| `kind` | `id` |")
  end)

  it("says in a sentence what to do when its folder cannot be made", function()
    local sandbox, message = start { dir = "/proc/1" }
    assert.is_nil(sandbox)
    assert.is_truthy(message:find("^cannot write to /proc/1: "))
  end)

  -- Starts with something missing: `replaced` stands in for a function of `place`.
  local function start_without(place, name, replaced)
    local module = require(place)
    local kept = module[name]
    module[name] = replaced(kept)
    local ok, sandbox, message = pcall(start)
    module[name] = kept
    assert.is_true(ok)
    assert.is_nil(sandbox)
    return message
  end

  it("says in a sentence what to do without nginx, or without its Lua module", function()
    for words, found in pairs {
      ["^nginx was not found: install nginx with its Lua module"] = "",
      ["^/opt/nginx has no Lua module: install nginx"] =
        "@/opt/nginx\nnginx version: nginx/1.22.1\nconfigure arguments: --prefix=/opt/none\n",
    } do
      assert.is_truthy(start_without("salon.sandbox.shell", "run", function(run)
        return function(command) return command:find("openresty", 1, true) and found or run(command), 0 end
      end):find(words))
    end
  end)

  -- What `eval "$(luarocks path)"` sets: the paths of one Lua, in the variables that each Lua reads.
  it("starts with the paths of this Lua in LUA_PATH and LUA_CPATH", function()
    local file = support.write(os.tmpname(), [[
      local sandbox = assert(require("salon.sandbox").start { meet = false })
      sandbox:stop()
      print "started"]])
    local numbered = ""
    for _, version in ipairs { "3", "4", "5" } do
      numbered = numbered .. (" -u LUA_PATH_5_%s -u LUA_CPATH_5_%s"):format(version, version)
    end
    local output = support.run(("env%s LUA_PATH=%s LUA_CPATH=%s %s %s"):format(numbered, support.quote(package.path),
      support.quote(package.cpath), support.quote(support.lua), file))
    os.remove(file)
    assert.are.equal("started\n", output)
  end)

  it("says so when every port it tries is taken, and leaves no folder", function()
    local message = start_without("salon.sandbox.nginx", "start", function()
      return function() return nil, "port taken" end
    end)
    assert.are.equal("no free ports on 127.0.0.1: close something and try again", message)
  end)

  it("stops, twice without harm, and leaves no folder behind", function()
    local sandbox = support.start { meet = false }
    assert.are.equal(200, ask.url(sandbox.opentalk.url .. "/anything").status)
    sandbox:stop()
    sandbox:stop()
    assert.is_nil(io.open(sandbox.ca_file))
    assert.is_nil(ask.url(sandbox.opentalk.url).status)
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
    local stop = os.time() + 30
    while ask.url(url).status and os.time() < stop do support.run("sleep 0.2") end
    assert.is_nil(ask.url(url).status)
    assert.is_nil(io.open(dir .. "/nginx.conf"))
  end)

  it("draws the same ids from the same seed", function()
    local ids = {}
    for i = 1, 2 do
      local sandbox = support.start { meet = false, rooms = 3, seed = 7 }
      ids[i] = ask.url(sandbox.opentalk.controller_url .. "/v1/rooms", { token = ask.opentalk_token(sandbox) })
        .body:gsub('"created_at":"[^"]*"', "")
      sandbox:stop()
    end
    assert.are.equal(ids[1], ids[2])
  end)
end)

-- The sandbox of a describe; `get(path, call)` asks its controller as alice.
local function with_opentalk(options)
  local self = {}
  setup(function()
    self.sandbox = support.start(options)
    self.base, self.token = self.sandbox.opentalk.controller_url, ask.opentalk_token(self.sandbox)
  end)
  teardown(function() self.sandbox:stop() end)
  function self.get(path, call)
    call = call or {}
    if call.token == nil then call.token = self.token end
    return ask.url(path:find("^http") and path or self.base .. path, call)
  end
  -- Requests in turn: "user METHOD path" (a path below /v1; $name: an id that was kept), status,
  -- then texts that the body has to contain ("!text": must not); body; keep: name for the id.
  function self.steps(rows)
    local ids, tokens = {}, { alice = self.token }
    local function fill(text) return text and text:gsub("%$(%l+)", ids) or nil end
    for i, row in ipairs(rows) do
      local user, method, path = row[1]:match("^(%l+) (%u+) (%S+)$")
      tokens[user] = tokens[user] or user ~= "nobody" and ask.opentalk_token(self.sandbox, user)
      path = path:find("^/[.]") and path or path:find("^/internal") and path or "/v1" .. path
      local response = self.get(fill(path), { method = method, json = fill(row.body), token = tokens[user] })
      local about = i .. " " .. row[1] .. ": " .. response.body
      assert.are.equal(row[2], response.status, about)
      for n = 3, #row do
        local absent, text = row[n]:match("^(!?)(.*)$")
        assert.are.equal(absent == "", response.body:find(fill(text), 1, true) ~= nil, about .. " for " .. row[n])
      end
      if row.keep then ids[row.keep] = response.json.id or response.json.invite_code end
      if row.room then ids[row.room] = response.json.room.id end
      if row.mails then
        local log = self.sandbox:requests()
        assert.are.equal(row.mails, log[#log].mails, about)
      end
    end
  end
  return self
end

local TIMELESS = '{"title":"%s","description":"","is_time_independent":true%s}'

local TIMED = '{"title":"%s","description":"","is_time_independent":false,"is_all_day":false,'
  .. '"starts_at":{"datetime":"2027-03-19T09:00:00Z","timezone":"Europe/Berlin"},'
  .. '"ends_at":{"datetime":"2027-03-19T10:00:00Z","timezone":"Europe/Berlin"},"recurrence_pattern":["%s"]}'

describe("the sandbox's OpenTalk of 2023", function()
  local it_is = with_opentalk { opentalk = "2023", meet = false, rooms = 5, events = 20 }
  local get = it_is.get

  local function register(token) get("/v1/auth/login", { json = '{"id_token":"' .. token .. '"}' }) end

  it("is found from the front end, over TLS and HTTP/2 with its own addresses", function()
    local role = it_is.sandbox.opentalk
    assert.are.equal(it_is.base, ask.url(role.url .. "/.well-known/opentalk/client").json.opentalk_controller.base_url)
    assert.are.equal(role.issuer, get("/v1/auth/login").json.oidc.url)
    local response = ask.url(role.tls.controller_url .. "/v1/auth/login",
      { more = "--http2 -w '%{http_version}' --cacert " .. it_is.sandbox.ca_file })
    assert.is_truthy(response.body:find(role.tls.issuer, 1, true))
    assert.is_truthy(response.body:find("2$"))
  end)

  it("wants everybody to log in first, and shows its things in the shape of 2023", function()
    assert.are.equal("unknown_sub", get("/v1/rooms").json.code)
    register(it_is.token)
    local room = get("/v1/rooms?per_page=1").json[1]
    assert.is_not_nil(room.password)    -- null, or a text
    assert.is_nil(room.guest_access)
    local kinds = {}
    for _, event in ipairs(get("/v1/events?per_page=100").json) do kinds[event.type] = event end
    assert.are.equal("+493012345678", kinds.single.room.sip_tel)
    assert.is_truthy(kinds.recurring.recurrence_pattern[1])
    assert.is_nil(kinds.exception.room)
    assert.are.equal("cancelled", kinds.exception.status)
    assert.is_truthy(kinds.exception.id:find("^" .. UUID .. "_%d%d%d%d%d%d%d%dT%d%d%d%d%d%dZ$"))
  end)

  it("shows events to the people that were put among its invitees", function()
    local bob = ask.opentalk_token(it_is.sandbox, "bob")
    register(bob)
    local event = get("/v1/events", { json = TIMELESS:format("Open house", "") }).json
    local path, pending = "/v1/events/" .. event.id, "/v1/events?invite_status=pending"
    assert.are.equal(403, get(path, { token = bob }).status)
    it_is.sandbox:put("invitation", event.id, { user = "bob" })
    assert.are.equal("Open house", get(pending, { token = bob }).json[1].title)
    assert.is_false(get(path, { token = bob }).json.can_edit)
    it_is.sandbox:put("invitation", event.id, { user = "bob", status = "accepted" })
    assert.are.equal("[]", get(pending, { token = bob }).body)
    assert.are.equal("accepted", get(path .. "?invitees_max=1").json.invitees[1].status)
  end)
end)

describe("the sandbox's OpenTalk of 2026", function()
  local it_is = with_opentalk { meet = false, rooms = 30, events = 30 }
  local get = it_is.get

  it("needs no login call and says where its API is", function()
    assert.are.equal(200, get("/v1/users/me").status)
    assert.are.equal("/v1", get("/.well-known/opentalk/api").json.opentalk_api.v1.base_url)
  end)

  -- what, path, body, status, code or text
  for _, case in ipairs {
    { "refuses pages that are too large", "/v1/events?per_page=101", nil, 400,
      "Query deserialize error: Page size is outside the allowed range (1..=100)" },
    { "refuses pages before the first", "/v1/rooms?page=0", nil, 400,
      "Query deserialize error: Page number is outside the allowed range (1..=9223372036854775807)" },
    { "refuses a cursor that is none", "/v1/events?after=throwaway", nil, 400, "Query deserialize error: "
      .. 'invalid value: string "throwaway", expected base64 + postcard encoded cursor data' },
    { "refuses unknown members of events", "/v1/events", TIMELESS:format("x", ',"colour":"red"'), 400, "invalid_json" },
    { "refuses dates on a time-independent event", "/v1/events", TIMELESS:format("x", ',"is_all_day":false'), 400,
      "invalid_json" },
    { "refuses an empty password", "/v1/rooms", '{"password":""}', 400, "invalid_json" },
    { "refuses an unknown guest access", "/v1/rooms", '{"guest_access":"open"}', 400, "invalid_json" },
    { "hides unknown rooms", "/v1/rooms/00000000-0000-4000-8000-000000000000", nil, 403, "" },
  } do
    it(case[1], function()
      local response = get(case[2], { json = case[3] })
      assert.are.same({ case[4], case[5] }, { response.status, response.json and response.json.code or response.body })
    end)
  end

  it("puts a comma into WWW-Authenticate", function()
    local response = get("/v1/rooms", { token = false })
    assert.are.equal("Unable to parse access token or invite code", response.json.message)
    assert.are.equal('Bearer error="invalid_token", error_description="The provided access token is invalid"',
      response.headers["www-authenticate"])
  end)

  it("walks all events by cursor, exceptions counted, none lost", function()
    local seen, count, url = {}, 0, "/v1/events?per_page=4"
    while url do
      local response = get(url)
      assert.is_true(#response.json <= 4)
      for _, event in ipairs(response.json) do
        assert.is_nil(seen[event.id])
        seen[event.id] = true
        if event.type ~= "exception" then count = count + 1 end
      end
      url = response.json[1] and response.headers.link:match('^<(.*)>; rel="after"$')
    end
    assert.are.equal(30, count)
  end)

  it("shows each room on one page", function()
    local seen, count, url = {}, 0, "/v1/rooms?per_page=7"
    while url do
      local response = get(url)
      for _, room in ipairs(response.json) do
        assert.is_nil(seen[room.id])
        seen[room.id], count = true, count + 1
      end
      url = response.headers.link:match('<([^>]*)>; rel="next"')
    end
    assert.are.equal(30, count)
  end)

  it("writes rooms and events in the new shape", function()
    local room = get("/v1/rooms", { json = "{}" }).json
    assert.is_nil(room.password)
    assert.are.equal("waiting_room", room.guest_access)
    local event = get("/v1/events?per_page=1").json[1]
    assert.are.equal("+493012345678", event.room.call_in.tel)
    assert.is_truthy(event.room.call_in.password:find("^%d%d%d%d%d%d%d%d%d%d$"))
    assert.is_false(event.room.e2e_encryption)
  end)

  it("takes streaming targets and a report of who took part, and shows them", function()
    local event = get("/v1/events", { json = TIMELESS:format("Live",
      ',"streaming_targets":[{"name":"a","kind":"custom","streaming_endpoint":"rtmp://h/a","streaming_key":"k",'
      .. '"public_url":"https://h/a"}],"training_participation_report":{"initial_checkpoint_delay":'
      .. '{"after":600,"within":0},"checkpoint_interval":{"after":60,"within":36000}}') }).json
    assert.are.equal("a", event.streaming_targets[1].name)
    assert.is_truthy(event.streaming_targets[1].id:find("^" .. UUID .. "$"))
    assert.are.equal(600, event.training_participation_report.initial_checkpoint_delay.after)
    for _, listed in ipairs(get("/v1/events?per_page=100").json) do assert.is_nil(listed.streaming_targets) end
  end)

  it("knows no user without a language", function()
    assert.are.equal("en-US", get("/v1/users/me").json.language)
  end)

  it("cuts times to microseconds and leap seconds", function()
    local timed = '{"title":"x","description":"","is_time_independent":false,"starts_at":{"datetime":"%s",'
      .. '"timezone":"UTC"},"ends_at":{"datetime":"2035-01-01T00:00:00Z","timezone":"UTC"}}'
    for sent, shown in pairs {
      ["2030-12-31T23:59:60Z"] = "2030-12-31T23:59:59Z",
      ["2030-01-01T00:00:00.1234567Z"] = "2030-01-01T00:00:00.123456Z",
      ["2030-01-01T00:00:00.9999999Z"] = "2030-01-01T00:00:00.999999Z",
    } do
      assert.are.equal(shown, get("/v1/events", { json = timed:format(sent) }).json.starts_at.datetime)
    end
  end)

  it("has no guest links for closed rooms, and deletes an event's room with it", function()
    local room = get("/v1/rooms", { json = '{"guest_access":"disabled"}' }).json
    local refused = get("/v1/rooms/" .. room.id .. "/invites", { json = "{}" })
    assert.are.same({ 403, "service_unavailable" }, { refused.status, refused.json.code })
    local event = get("/v1/events", { json = TIMELESS:format("Short", "") }).json
    assert.are.equal(204, get("/v1/events/" .. event.id, { method = "DELETE" }).status)
    assert.are.equal(404, get("/v1/rooms/" .. event.room.id).status)
  end)
end)

for _, version in ipairs { "2026", "0.66" } do
  describe("the sandbox's OpenTalk " .. version, function()
    local it_is = with_opentalk { meet = false, opentalk = version }
    local steps = it_is.steps

    it("tells its version", function()
      steps { { "nobody GET /openapi.json", 200, version == "2026" and '"0.35.0-alpha"' or '"0.66.0"' } }
    end)

    it("changes rooms for their owners, and tells guests about their meetings", function()
      steps {
        { "alice POST /rooms", 200, keep = "room", body = '{"password":"kiwi"}' },
        { "alice PATCH /rooms/$room", 200, '"password":"kiwi"', '"guest_access":"disabled"', '"waiting_room":true',
          body = '{"guest_access":"disabled","waiting_room":true}' },
        { "alice PATCH /rooms/$room", 200, "!password", body = '{"password":null,"guest_access":"direct_access"}' },
        { "alice PATCH /rooms/$room", 400, "unknown variant `open`", body = '{"guest_access":"open"}' },
        { "bob PATCH /rooms/$room", 403, body = "{}" }, { "alice GET /rooms/$room/event", 404, "not_found" },
        { "alice GET /rooms/$room/tariff", 200, '"modules":{', '"core":{"features":["call_in"]}', "!enabled_modules" },
        { "alice POST /events", 200, body = TIMELESS:format("Open house", ',"password":"x"'),
          keep = "event", room = "house" },
        { "alice GET /rooms/$house/event", 200, '"id":"$event"', '"title":"Open house"', '"password_required":true' },
        { "bob DELETE /rooms/$house", 403 },
        { "alice DELETE /rooms/$house?suppress_email_notification=yes", 400, "was not `true` or `false`" },
        { "alice DELETE /rooms/$house", 204, mails = 1 }, { "alice GET /events/$event", 403 },
      }
    end)

    local SERIES = TIMED:format("Weekly", "FREQ=WEEKLY;COUNT=3")

    it("changes events, and forgets dates that are not sent again", function()
      steps {
        { "alice POST /events", 200, body = SERIES, keep = "event", room = "room" },
        { "alice GET /events/$event", 200, '"ends_at":{"datetime":"2027-04-02T08:00:00Z"' },
        { "alice PATCH /events/$event", 204, body = "{}" },
        { "alice PATCH /events/$event?suppress_email_notification=true", 200, '"type":"recurring"',
          '"waiting_room":true', body = '{"waiting_room":true}', mails = 0 },
        { "alice PATCH /events/$event/instances/20270326T090000Z", 200, body = '{"status":"cancelled"}', mails = 1 },
        { "alice GET /events", 200, '"type":"exception"' },
        { "alice PATCH /events/$event", 200, '"type":"recurring"', '"title":"New"',
          body = SERIES:gsub('"Weekly"', '"New"') },
        { "alice GET /events", 200, "!exception" },
        { "alice PATCH /events/$event", 400, "EventDateKind", body = '{"colour":"red"}' },
        { "bob PATCH /events/$event", 403, body = '{"title":"Mine"}' },
        { "alice PATCH /events/$event", 200, '"is_time_independent":true', "!starts_at", body = '{"title":"x"}' },
        { "alice PATCH /events/$event", 500, "without date", body = '{"is_all_day":true}' },
        { "alice DELETE /events/$event", 204, mails = 1 }, { "alice GET /rooms/$room", 404 },
      }
    end)

    it("has a shared folder for an event only where the server has some", function()
      local body = TIMELESS:format("x", ',"has_shared_folder":true')
      steps { { "alice POST /events", 200, body = body, '"shared_folder":{"read":{', "read_write", keep = "event" },
        { "alice PATCH /events/$event", 200, "!shared_folder", body = '{"has_shared_folder":false}' } }
      it_is.sandbox:switch { shared_folders = false }
      steps { { "alice POST /events", 400, "No shared folder configured", body = body } }
      it_is.sandbox:switch { shared_folders = true }
    end)

    it("shows the dates of a series by the clocks of its place, and exceptions among them", function()
      it_is.sandbox:reset {}
      it_is.token = ask.opentalk_token(it_is.sandbox)
      steps {
        { "alice POST /events", 200, body = SERIES, keep = "event" },
        { "alice GET /events/$event/instances", 200, "20270319T090000Z", "20270326T090000Z", "20270402T080000Z" },
        { "alice PATCH /events/$event/instances/20270326T090000Z", 200, '"status":"ok"', '"title":"Moved"',
          body = '{"title":"Moved","starts_at":{"datetime":"2027-03-27T09:00:00Z","timezone":"UTC"},'
            .. '"ends_at":{"datetime":"2027-03-27T10:00:00Z","timezone":"UTC"}}' },
        { "alice GET /events/$event/instances/20270326T090000Z", 200, '{"datetime":"2027-03-27T09:00:00Z"' },
        { "alice GET /events/$event/instances/20270327T090000Z", 404, "not_found" },
        { "alice GET /events/instances", 200, '"type":"recurring"', '"type":"exception"', "!instance\"" },
        { "alice GET /events/instances?instances_max=2", 200, '"type":"instance"', "20270319T090000Z", "Moved",
          "!20270402T080000Z", "!recurring\"" },
        { "alice PATCH /events/$event/instances/20270319T090000Z", 422, "invalid_event",
          body = '{"starts_at":{"datetime":"2027-03-27T09:00:00Z","timezone":"UTC"}}' },
      }
    end)

    it("invites people, and takes their rights with the invitation", function()
      it_is.sandbox:put("user", "bob", { unseen = true })
      steps {
        { "charlie GET /users/me", 200, keep = "charlie" },
        { "alice POST /events", 200, body = TIMELESS:format("x", ""), keep = "event", room = "room" },
        { "alice POST /events/$event/invites", 201, body = '{"invitee":"$charlie","role":"moderator"}', mails = 2 },
        { "alice POST /events/$event/invites", 204, body = '{"email":"Charlie@example.org"}' },
        { "alice POST /events/$event/invites", 201, body = '{"email":"Bob@Example.org"}' },
        { "alice POST /events/$event/invites", 409, "unknown_email", body = '{"email":"x@example.net"}' },
        { "alice GET /events/$event/invites", 200, '"role":"moderator"', '"kind":"unregistered"', "!nobody" },
        { "alice GET /events/$event/invites?status=accepted", 200, "[]" },
        { "alice GET /events/$event/invites?per_page=10", 400, 'invalid type: string "10", expected i64' },
        { "bob GET /users/me/pending_invites", 200, '"total_pending_invites":1', },
        { "bob PATCH /events/$event/invite", 204 },
        { "bob GET /users/me/pending_invites", 200, '"total_pending_invites":0' },
        { "charlie DELETE /events/$event/invite", 204 },
        { "alice GET /events/$event/invites", 200, "accepted", "declined", "!unregistered" },
        { "charlie PATCH /events/$event/invites/$charlie", 403, "forbidden", body = '{"role":"user"}' },
        { "alice PATCH /events/$event/invites/$charlie", 204, body = '{"role":"user"}' },
        { "bob PUT /users/me/event_favorites/$event", 201 }, { "bob PUT /users/me/event_favorites/$event", 204 },
        { "bob GET /events?favorites=true", 200, "$event" },
        { "alice PATCH /events/$event/invites/email", 204, body = '{"email":"bob@example.org","role":"moderator"}' },
        { "alice DELETE /events/$event/invites/email?suppress_email_notification=true", 204, mails = 0,
          body = '{"email":"bob@example.org"}' },
        { "alice DELETE /events/$event/invites/$charlie", 204 }, { "charlie GET /rooms/$room", 403 },
      }
      it_is.sandbox:switch { outside_addresses = true }
      steps {
        { "alice POST /events", 200, body = TIMELESS:format("x", ""), keep = "event" },
        { "alice POST /events/$event/invites", 201, body = '{"email":"x@example.net","role":"guest"}' },
        { "alice GET /events/$event?invitees_max=5", 200, '"kind":"email"', '"invitees_truncated":false', "!role" },
        { "alice DELETE /events/$event/invites/email", 204, body = '{"email":"X@example.net"}' },
      }
      it_is.sandbox:switch { outside_addresses = false }
    end)

    it("finds people, and changes only oneself", function()
      it_is.sandbox:put("user", "bob", { unseen = true })
      steps {
        { "alice PATCH /users/me", 200, '"display_name":"Al"',
          body = '{"display_name":"Al","dashboard_theme":"dark"}' },
        { "alice PATCH /users/me", 204, body = '{"title":null}' },
        { "alice PATCH /users/me", 400, "unknown variant `pink`", body = '{"conference_theme":"pink"}' },
        { "alice PATCH /users/me", 400, "invalid value of language", body = '{"language":"not a language"}' },
        { "alice GET /users/find?q=char", 200, '"kind":"registered"', "Charlie", "!role" },
        { "alice GET /users/find?q=brown", 200, '"kind":"unregistered"', "!display_name" },
        { "charlie GET /users/me", 200, keep = "charlie" },
        { "alice GET /users/$charlie", 200, "charlie@example.org", "!language" },
      }
      it_is.sandbox:switch { user_search = false }
      steps { { "alice GET /users/find?q=char", 404 } }
      it_is.sandbox:switch { user_search = true }
    end)

    it("has what an administrator puts", function()
      local sandbox = it_is.sandbox
      sandbox:put("user", "ulla", { family = "Ude" })
      local room = sandbox:put("room", nil, { owner = "ulla", password = "kiwi", waiting_room = true })
      local link = "d1d0b6cd-4930-477e-8ea5-34dfe5dfd534"
      assert.are.equal(link, sandbox:put("link", link, { room = room, expiration = "2020-01-01T00:00:00Z" }))
      local zoned = { datetime = "2027-03-19T09:00:00Z", timezone = "Europe/Berlin" }
      local event = sandbox:put("event", nil, { owner = "ulla", title = "Put", starts_at = zoned, ends_at = zoned,
        recurrence_pattern = { "FREQ=DAILY;COUNT=3" } })
      sandbox:put("exception", event, { instance = "20270320T090000Z", status = "cancelled" })
      sandbox:put("invitation", event, { user = "bob", status = "tentative", role = "moderator" })
      sandbox:put("favourite", event, { user = "bob" })
      steps {
        { "ulla GET /rooms/" .. room, 200, '"lastname":"Ude"', '"password":"kiwi"' },
        { "ulla GET /rooms/" .. room .. "/invites", 200, '"expiration":"2020-01-01T00:00:00Z"' },
        { "nobody POST /invite/verify", 404, body = ('{"invite_code":"%s"}'):format(link) },
        { "bob GET /events?favorites=true", 200, event, "tentative", '"status":"cancelled"' },
        { "bob GET /events/" .. event .. "/invites", 200, '"role":"moderator"' },
      }
      sandbox:put("link", link, { expiration = "2035-01-01T00:00:00Z" })
      steps { { "nobody POST /invite/verify", 200, room, body = ('{"invite_code":"%s"}'):format(link) } }
      for words, put in pairs {
        ["room: unknown field 'colour'"] = { "room", { colour = "red" } },
        ["room: invalid type: string"] = { "room", { waiting_room = "yes" } },
        ["no user nobody"] = { "room", { owner = "nobody" } },
        ["no event x"] = { "favourite", { user = "bob" } },
        ["event: unknown field 'colour'"] = { "event", { colour = "red" } },
      } do
        local ok, message = pcall(sandbox.put, sandbox, put[1], put[1] == "favourite" and "x" or nil, put[2])
        assert.is_false(ok)
        assert.is_truthy(message:find(words, 1, true), message)
      end
    end)

    it("keeps files, streaming targets, dial-in and shared folders", function()
      steps {
        { "alice POST /events", 200, body = TIMELESS:format("x", ""), keep = "event", room = "room" },
        { "alice POST /rooms/$room/streaming_targets", 200, '"name":"a"', keep = "target",
          body = '{"name":"a","kind":"custom","streaming_key":"k","streaming_endpoint":"rtmp://h/a",'
            .. '"public_url":"https://h/a"}' },
        { "alice POST /rooms/$room/streaming_targets", 400, "missing field `kind`", body = '{"name":"a"}' },
        { "alice PATCH /rooms/$room/streaming_targets/$target", 400, "missing field `kind`",
          body = '{"streaming_key":"x"}' },
        { "alice PATCH /rooms/$room/streaming_targets/$target", 400, "relative URL",
          body = '{"kind":"custom","public_url":"x"}' },
        { "alice PATCH /rooms/$room/streaming_targets/$target", 400, "bad_request", body = "{}" },
        { "alice PATCH /rooms/$room/streaming_targets/$target", 200, '"name":"b"', "streaming_key",
          body = '{"name":"b"}' },
        { "alice GET /events/$event", 200, '"streaming_targets":[{"id":"$target"' },
        { "bob GET /rooms/$room/streaming_targets", 403 },
        { "alice DELETE /rooms/$room/streaming_targets/$target", 204 },
        { "alice GET /rooms/$room/streaming_targets", 200, "[]" },
        { "alice POST /rooms/$room/assets?file_extension=txt&kind=notes", 200, '"kind":"notes"', '"size":2',
          keep = "asset", body = "{}" },
        { "alice GET /rooms/$room/assets", 200, "$asset" },
        { "alice GET /users/me/assets", 200, '{"owned_assets":[{"id":"$asset"', "$room", "$event" },
        { "alice GET /users/me/assets?sort=size&order=ascending", 200, "$asset" },
        { "alice GET /users/me/assets?sort=colour", 400, "unknown variant `colour`" },
        { "alice GET /rooms/$room/assets/$asset", 200, "{}" },
        { "alice GET /rooms/$room/assets/$asset/download", 302 },
        { "alice GET /rooms/$room/assets/$asset/download?redirect=false", 200, "proxy?token=" },
        { "alice DELETE /rooms/$room/assets/$asset", 204 }, { "alice DELETE /rooms/$room/assets/$asset", 404 },
        { "alice PUT /rooms/$room/sip", 200, '"password":"0123456789"', body = '{"password":"0123456789"}' },
        { "alice DELETE /rooms/$room/sip", 204 },
        { "alice PUT /rooms/$room/sip", 201, '"lobby":true', body = '{"lobby":true}' },
        { "alice POST /events", 400, "invalid number of seconds", body = TIMELESS:format("x",
          ',"training_participation_report":{"initial_checkpoint_delay":{"after":59,"within":0},'
          .. '"checkpoint_interval":{"after":60,"within":0}}') },
        { "alice GET /events/$event/shared_folder", 404 },
        { "alice DELETE /events/$event/shared_folder?suppress_email_notification=x", 400 },
        { "alice PUT /events/$event/shared_folder", 200, "read_write" },
        { "alice PUT /events/$event/shared_folder", 304 }, { "alice DELETE /events/$event/shared_folder", 204 },
        { "alice POST /rooms/$room/start", 200, "roomserver_address", body = '{"device_secret":"0123456789abcdef"}' },
        { "nobody POST /rooms/$room/start_invited", 308, body = "{}" },
        { "nobody POST /rooms/$room/start", version == "0.66" and 200 or 400,
          body = '{"device_secret":"0123456789abcdef"}' },
      }
    end)

    it("knows the patterns of series", function()
      for pattern, dates in pairs {
        ["FREQ=DAILY;INTERVAL=2;COUNT=3"] = "0319 0321 0323",
        ["FREQ=WEEKLY;BYDAY=FR,MO;UNTIL=20270329T235959Z"] = "0319 0322 0326 0329",
        ["FREQ=MONTHLY;BYDAY=3FR;COUNT=3"] = "0319 0416 0521",
        ["FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3"] = "0331 0430 0531",
        ["FREQ=YEARLY;BYMONTH=3,4;BYMONTHDAY=20;COUNT=3"] = "0320 0420 0320",
        ['FREQ=DAILY;COUNT=3","EXDATE:20270320T090000Z","RDATE:20270401T080000Z'] = "0319 0321 0401",
      } do
        local id = it_is.get("/v1/events", { json = TIMED:format("x", pattern) }).json.id
        local seen = {}
        for i, date in ipairs(it_is.get("/v1/events/" .. id .. "/instances").json) do
          seen[i] = date.instance_id:match("^%d%d%d%d(%d%d%d%d)T")
        end
        assert.are.equal(dates, table.concat(seen, " "))
      end
    end)
  end)
end

describe("the sandbox's OpenTalk 0.66", function()
  local it_is = with_opentalk { meet = false, opentalk = "0.66" }
  local steps = it_is.steps

  it("gives rooms names, which stand for their ids", function()
    steps {
      { "alice POST /rooms/name/verify", 200, '"available":true', body = '{"name":"weekly"}' },
      { "alice POST /rooms", 200, '"alias":"weekly_', keep = "room", body = '{"name":"weekly"}' },
      { "alice POST /rooms", 400, "invalid room name", body = '{"name":"My Room"}' },
      { "alice PATCH /rooms/$room", 200, "!alias", body = '{"name":null}' },
    }
    it_is.sandbox:switch { name_suffix = false }
    steps {
      { "alice PATCH /rooms/weekly", 403, body = "{}" },
      { "alice POST /rooms", 200, '"alias":"weekly"', keep = "room", body = '{"name":"weekly"}' },
      { "alice GET /rooms/weekly", 200, "$room" },
      { "alice POST /rooms/name/verify", 200, '"available":false', body = '{"name":"weekly"}' },
      { "alice POST /rooms", 409, "conflict", body = '{"name":"weekly"}' }, { "alice DELETE /rooms/weekly", 204 },
      { "alice POST /rooms/name/verify", 200, '"available":true', body = '{"name":"weekly"}' },
    }
  end)

  it("tells no codes of guest links, and takes those it has made", function()
    steps {
      { "alice POST /rooms", 200, keep = "room", body = "{}" },
      { "alice POST /rooms/$room/invites", 200, '"active":true', "!invite_code", body = "{}" },
      { "alice GET /rooms/$room/invites", 200, '"active":true', "!invite_code" },
    }
  end)
end)

describe("the sandbox's login service", function()
  local sandbox, route

  setup(function()
    sandbox = support.start { meet = false }
    route = sandbox.opentalk.issuer .. "/protocol/openid-connect/"
  end)
  teardown(function() sandbox:stop() end)

  it("gives tokens of the real size", function()
    local token = ask.login(sandbox, "ALICE").json.access_token
    assert.is_true(#token > 1300 and #token < 1600, #token)
  end)

  it("signs tokens that others can verify with its keys", function()
    local head, claims, signature = ask.opentalk_token(sandbox):match("^([^.]*)%.([^.]*)%.(.*)$")
    local keys = ask.url(route .. "certs").json.keys
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
  end)

  it("binds tokens to the name of the host, and the controller checks that and the signature", function()
    local rooms, token = sandbox.opentalk.controller_url .. "/v1/rooms", ask.opentalk_token(sandbox)
    local elsewhere = ask.url(route .. "token", { headers = { Host = "accounts.example" },
      form = "grant_type=password&client_id=Frontend&username=alice&password=throwaway-password&scope=openid" })
    assert.are.equal(200, ask.url(rooms, { token = token }).status)
    assert.are.equal(401, ask.url(rooms, { token = elsewhere.json.access_token }).status)
    assert.are.equal(401, ask.url(rooms, { token = token:sub(1, -7) .. "AAAAAA" }).status)
  end)

  it("answers where its discovery document says, with the device flow off", function()
    local document = ask.url(sandbox.opentalk.issuer .. "/.well-known/openid-configuration").json
    local device = document.device_authorization_endpoint
    local started = ask.url(device, { form = "client_id=Frontend" })
    assert.are.same({ 400, "unauthorized_client" }, { started.status, started.json.error })
    assert.are.equal(401, ask.url(device, { form = "client_id=nobody" }).status)
    local asked = ask.url(route .. "token", { form = "client_id=Frontend&device_code=x"
      .. "&grant_type=urn:ietf:params:oauth:grant-type:device_code" })
    assert.are.same({ 400, "invalid_grant" }, { asked.status, asked.json.error })
  end)
end)

describe("the sandbox's Meet", function()
  local sandbox, rooms, token

  setup(function()
    sandbox = support.start { opentalk = false, rooms = 45 }
    rooms, token = sandbox.meet.url .. "/external-api/v1.0/rooms/", ask.meet_token(sandbox)
  end)
  teardown(function() sandbox:stop() end)

  it("shows meetings that were put to those who have a role in them", function()
    local id = "d1d0b6cd-4930-477e-8ea5-34dfe5dfd534"
    sandbox:put("meeting", id, { owner = "grace@example.org", member = "edsger@example.org", name = "Weekly",
      slug = "weekly", access_level = "restricted", configuration = { everyone_can_mute = false } })
    assert.are.equal(403, ask.url(rooms .. id .. "/", { token = token }).status)
    for _, user in ipairs { "grace", "edsger" } do
      local room = ask.url(rooms .. id .. "/", { token = ask.meet_token(sandbox, user .. "@example.org") }).json
      assert.are.same({ "Weekly", "restricted", false },
        { room.name, room.access_level, room.configuration.everyone_can_mute })
    end
  end)

  it("lets owners and administrators change a room, and nobody delete one", function()
    local id = "d1d0b6cd-4930-477e-8ea5-34dfe5dfd535"
    sandbox:put("meeting", id, { owner = "grace@example.org", administrator = "ada@example.org",
      member = "edsger@example.org", name = "Ours", slug = "ours" })
    for user, status in pairs { grace = 200, ada = 200, edsger = 403 } do
      local key = ask.meet_token(sandbox, user .. "@example.org", "throwaway-app-five")
      assert.are.equal(status, ask.url(rooms .. id .. "/",
        { method = "PATCH", token = key, json = '{"access_level":"restricted"}' }).status, user)
      local refused = ask.url(rooms .. id .. "/", { method = "DELETE", token = key })
      assert.are.same({ 405, "GET, PATCH, HEAD, OPTIONS" }, { refused.status, refused.headers.allow })
      assert.are.equal(404, ask.url(rooms .. id .. "/grant-access/", { token = key, json = "{}" }).status)
    end
  end)

  it("keeps an empty list and an empty configuration apart", function()
    local made = ask.url(rooms, { token = token, json = '{"configuration":{"can_publish_sources":[]}}' })
    assert.is_truthy(made.body:find('"configuration":{"can_publish_sources":[]}', 1, true))
    made = ask.url(rooms, { token = token, json = '{"configuration":{}}' })
    assert.is_truthy(made.body:find('"configuration":{}', 1, true))
  end)

  it("judges tokens by what they claim", function()
    local claims = { client_id = "throwaway-app", aud = "Test inc.", scope = "rooms:list", iat = os.time(),
      exp = os.time() + 60, user_id = "00000000-0000-4000-8000-000000000000" }
    local function detail(key) return ask.url(rooms, { token = key }).json.detail end
    assert.are.equal("User not found.", detail(sandbox:sign("meet", claims)))
    claims.client_id = "nobody"
    assert.are.equal("Application not found.", detail(sandbox:sign("meet", claims)))
    claims.aud = "another"
    assert.are.equal("Invalid token.", detail(sandbox:sign("meet", claims)))
    claims.exp = claims.iat - 1
    assert.are.equal("Token expired.", detail(sandbox:sign("meet", claims)))
    assert.are.equal("Resource Server is improperly configured", detail(token:sub(1, -5) .. "AAAA"))
  end)
end)

describe("the sandbox's Meet, as the server itself", function()
  local sandbox, rooms, grace

  setup(function()
    sandbox = support.start { opentalk = false, switches = { telephony = true } }
    rooms = sandbox.meet.url .. "/external-api/v1.0/rooms/"
    grace = ask.meet_token(sandbox, "grace@example.org")
  end)
  teardown(function() sandbox:stop() end)

  local function put(last, fields)
    local id = "d1d0b6cd-4930-477e-8ea5-00000000000" .. last
    fields.owner = "grace@example.org"
    sandbox:put("meeting", id, fields)
    return id
  end

  it("sorts names of other scripts behind Latin ones, and accents with their letters", function()
    for i, name in ipairs { "\230\151\165", "zoo", "\195\137lan", "Abc", "f" } do
      put(i, { name = name, slug = "s" .. i })
    end
    local names = {}
    for i, room in ipairs(ask.url(rooms, { token = grace }).json.results) do names[i] = room.name end
    assert.are.same({ "Abc", "\195\137lan", "f", "zoo", "\230\151\165" }, names)
  end)

  it("has rooms without a PIN", function()
    local url = rooms .. put(9, { name = "x", slug = "x", pin = false }) .. "/"
    assert.is_truthy(ask.url(url, { token = grace }).body:find('"pin_code":null', 1, true))
  end)

  it("refuses what is not JSON in UTF-8", function()
    for _, body in ipairs { '{"a":01}', '{"a":[-012]}', '{"a":"\233"}', '{"a":"\237\160\128"}' } do
      assert.are.equal(400, ask.url(rooms, { token = grace, json = body }).status, body)
    end
    local utf16 = { token = grace, body = "{}", type = "application/json; charset=utf-16" }
    assert.are.equal(400, ask.url(rooms, utf16).status)
    local good = '{"a":[0,-0.05,1e05,100,"01 \\" 02","\195\164\240\159\152\128"]}'
    assert.are.equal(201, ask.url(rooms, { token = grace, json = good }).status)
  end)

  it("refuses the cookie of a web session, and no other", function()
    local function status()
      return ask.url(sandbox.meet.url .. "/external-api/v1.0/application/token/", {
        headers = { Cookie = "a=b; sessionid=s1" }, json = '{"client_id":"throwaway-app",'
          .. '"client_secret":"throwaway-secret","grant_type":"client_credentials",'
          .. '"scope":"ada@example.org"}' }).status
    end
    assert.are.equal(200, status())
    sandbox:put("session", "s1")
    assert.are.equal(403, status())
    sandbox:put("session", "s1", { gone = true })
    assert.are.equal(200, status())
  end)

  it("says what can be put", function()
    local ok, message = pcall(sandbox.put, sandbox, "rum", "x")
    assert.is_false(ok)
    assert.matches("kind must be one of application, asset, event, exception, favourite, invitation, link, meeting, "
      .. "realm, room, session, user, not 'rum'", message)
    assert.matches("no realm OPEN", select(2, pcall(sandbox.put, sandbox, "realm", "OPEN", { not_before = 1 })))
  end)
end)

describe("the sandbox's clock and memory", function()
  local sandbox, rooms, meet, token, meet_token

  local function log_in()
    token, meet_token = ask.opentalk_token(sandbox), ask.meet_token(sandbox)
  end

  setup(function()
    sandbox = support.start { rooms = 3, token_life = 100 }
    rooms, meet = sandbox.opentalk.controller_url .. "/v1/rooms", sandbox.meet.url .. "/external-api/v1.0/rooms/"
    log_in()
  end)
  teardown(function() sandbox:stop() end)

  it("let tokens run out when the clock moves", function()
    sandbox:advance(101)
    assert.are.equal(401, ask.url(rooms, { token = token }).status)
    assert.are.equal("Token expired.", ask.url(meet, { token = meet_token }).json.detail)
    log_in()
    assert.are.equal(200, ask.url(rooms, { token = token }).status)
  end)

  it("show rooms and requests, and forget all on reset", function()
    local made = ask.url(rooms, { token = token, json = '{"password":"x"}' }).json
    local found
    for _, room in ipairs(sandbox:rooms()) do found = found or (room.id == made.id and room) end
    assert.are.equal("alice", found.owner)
    local log = sandbox:requests()
    local last = log[#log]
    assert.are.same({ "controller", "POST", "/v1/rooms", 200, '{"password":"x"}' },
      { last.role, last.method, last.path, last.status, last.body })
    sandbox:reset { rooms = 2 }
    assert.are.same({}, sandbox:requests())
    assert.are.equal(401, ask.url(rooms, { token = token }).status)
    log_in()
    assert.are.equal(2, #ask.url(rooms, { token = token }).json)
  end)
end)

describe("the example of a test with the sandbox", function()
  -- What busted prints for it, in TAP, and its status.
  local function run(environment)
    local file = support.write(os.tmpname(), 'require("busted.runner")({ standalone = false })')
    local output, code = support.script({ file, "-o", "TAP", "examples/test_with_sandbox_spec.lua" }, environment)
    os.remove(file)
    return output, code
  end

  it("passes as it stands", function()
    local output, code = run()
    assert.are.equal(0, code, output)
    local _, passed = ("\n" .. output):gsub("\nok ", "")
    assert.are.equal(4, passed, output)
  end)

  it("says why the sandbox did not start, and nothing else", function()
    local output, code = run { TMPDIR = "/proc/1" }
    assert.are_not.equal(0, code)
    assert.is_truthy(output:find("cannot write to /proc/1", 1, true), output)
    local _, failed = ("\n" .. output):gsub("\nnot ok ", "")
    assert.are.equal(1, failed, output)
  end)
end)
