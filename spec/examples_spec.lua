-- Every example runs as it stands, against a sandbox.

local cjson = require("cjson")
local nginx = require("spec.support.nginx")
local support = require("spec.support")

-- The records of an RFC 4180 text; raises where it is none.
local function parse_csv(text)
  local records, record, at = {}, {}, 1
  while at <= #text do
    local cell
    if text:sub(at, at) == '"' then
      local parts = {}
      at = at + 1
      repeat
        local quoted, last = text:match('^([^"]*)"()', at)
        assert(quoted, "a quote is not closed")
        parts[#parts + 1], at = quoted, last
        local again = text:sub(at, at) == '"'
        if again then parts[#parts + 1], at = '"', at + 1 end
      until not again
      cell = table.concat(parts)
    else
      cell, at = text:match('^([^",\r\n]*)()', at)
    end
    record[#record + 1] = cell
    local mark = text:match("^,", at) or text:match("^\r\n", at)
    assert(mark, "no comma and no line end after a cell")
    at = at + #mark
    if mark ~= "," then
      records[#records + 1], record = record, {}
    end
  end
  return records
end

-- The records below the head line, as tables by column name.
local function rows(text)
  local records = parse_csv(text)
  local head = table.remove(records, 1)
  for i, record in ipairs(records) do
    local row = {}
    for column, name in ipairs(head) do row[name] = record[column] end
    records[i] = row
  end
  return records
end

local function count_requests(sandbox, method, pattern)
  local n = 0
  for _, request in ipairs(sandbox:requests()) do
    if request.method == method and request.path:find(pattern) then n = n + 1 end
  end
  return n
end

for _, version in ipairs { "2026", "2023" } do
  describe("examples/opentalk.lua on a server of " .. version, function()
    local sandbox, home

    local function opentalk(...)
      return support.script({ "examples/opentalk.lua", ... }, { HOME = home })
    end

    setup(function()
      sandbox = support.start { opentalk = version, meet = false, rooms = 130, events = 12 }
      home = support.folder()
      local role = sandbox.opentalk
      support.write(home .. "/.opentalk_api.rc", table.concat({
        "# the vendor's names",
        "OT_USER=" .. role.username,
        "OT_PASSWORD='" .. role.password .. "'",
        "export OT_PROTO=http://",
        "OT_HOST=127.0.0.1",
        "OT_MAIN_URL=${OT_HOST}" .. role.url:match(":%d+$"),
        'OT_CONTROLLER_URL="$OT_HOST' .. role.controller_url:match(":%d+$") .. '"',
        "OT_CLIENT_ID=" .. role.client_id .. "  # from the login page",
      }, "\n") .. "\n")
    end)
    teardown(function()
      sandbox:stop()
      support.remove(home)
    end)

    it("lists every room as CSV", function()
      local output, status = opentalk("-r")
      assert.equal(0, status, output)
      local list = rows(output)
      assert.equal(130, #list)
      assert.equal(sandbox.opentalk.url .. "/room/" .. list[130].room_id, list[130].room_link)
      assert.equal(output, (opentalk("--rooms")))
    end)

    it("creates a room with a guest link of 24 hours under each name of the option", function()
      for _, option in ipairs { "-c", "--create", "--create-room" } do
        local output, status = opentalk(option)
        assert.equal(0, status, output)
        local id, guest = output:match("^Room: %S+/room/(%S+) Guest: (%S+)\n$")
        assert.truthy(id, output)
        assert.truthy(guest:find(sandbox.opentalk.url, 1, true) == 1, guest)
        local sent
        for _, request in ipairs(sandbox:requests()) do
          if request.method == "POST" and request.path:find(id .. "/invites", 1, true) then
            sent = request.body
          end
        end
        local y, m, d, h, min = sent:match('"expiration":"(%d+)-(%d+)-(%d+)T(%d+):(%d+)')
        local at = os.time { year = y, month = m, day = d, hour = h, min = min, isdst = false }
        local now = os.time(os.date("!*t"))
        assert.near(24 * 3600, at - now, 4000) -- os.time reads both as local: off by a clock change at most
      end
    end)

    it("shows a room as JSON", function()
      local id = rows(opentalk("-r"))[1].room_id
      local output, status = opentalk("--info", id)
      assert.equal(0, status, output)
      assert.equal(id, cjson.decode(output).id)
      assert.equal(id, cjson.decode((opentalk("-i", id))).id)
    end)

    it("lists events as CSV with dial-in and makes no guest link unasked", function()
      local output, status = opentalk("-l")
      assert.equal(0, status, output)
      local list = rows(output)
      assert.is_true(#list > 0)
      local dial_in = 0
      for i, event in ipairs(list) do
        assert.equal(tostring(i - 1), event.number)
        assert.matches("/room/%x+%-", event.room_link)
        assert.equal("", event.guest_link)
        if event.sip ~= "" then
          assert.matches("^%+?%d+,,%d+,,%d+$", event.sip)
          dial_in = dial_in + 1
        end
      end
      assert.is_true(dial_in > 0, "no event had a telephone number")
      assert.equal(0, count_requests(sandbox, "GET", "/invites"))
    end)

    it("gives each event a guest link once asked, and the same one again", function()
      local made = count_requests(sandbox, "POST", "/invites$")
      local first = rows(opentalk("--list-events", "--guest-links"))
      local after = count_requests(sandbox, "POST", "/invites$")
      assert.is_true(after > made)
      local second = rows(opentalk("--list-events", "--guest-links"))
      assert.equal(after, count_requests(sandbox, "POST", "/invites$"))
      for i, event in ipairs(first) do
        assert.matches("^http://", event.guest_link)
        assert.equal(event.guest_link, second[i].guest_link)
      end
    end)

    local function add_event(title)
      local ot = require("salon").opentalk(support.opentalk(sandbox))
      local output = support.run(("curl -sS --noproxy '*' -H 'Authorization: Bearer %s'"
        .. " -H 'Content-Type: application/json' -d %s %s"):format(
        ot:token():reveal(),
        support.quote(cjson.encode { title = title, description = "", is_time_independent = true }),
        support.quote(sandbox.opentalk.controller_url .. "/v1/events")))
      ot:close()
      assert.truthy(output:find('"id"', 1, true), output)
    end

    it("quotes titles that hold commas, quotes and line breaks", function()
      local title = 'Budget, "round" two\r\nand more'
      add_event(title)
      local found
      for _, event in ipairs(rows(opentalk("-l"))) do
        if event.title == title then found = event end
      end
      assert.truthy(found)
      assert.equal("", found.start)
    end)

    it("keeps a title that a spreadsheet would run as text", function()
      add_event '=HYPERLINK("x")'
      assert.truthy(opentalk("-l"):find([[,"'=HYPERLINK(""x"")",]], 1, true))
    end)

    it("goes on when one room has trouble, and says so by its status", function()
      local list = rows(opentalk("-l"))
      local id = list[2].room_link:match "room/([%x-]+)"
      sandbox:fault { route = "GET /v1/rooms/" .. id .. "/invites", kind = "500", count = 4 }  -- all tries
      local output, status = opentalk("-l", "--guest-links")
      assert.equal(1, status)
      local table_, notes = output:gsub("opentalk: no guest link for room " .. id:gsub("%-", "%%-") .. ": [^\n]*\n", "")
      assert.equal(1, notes)
      assert.equal(#list, #rows(table_))
    end)

    it("does not succeed when its output cannot be written", function()
      for _, option in ipairs { "-r", "-c" } do
        local output, status = support.run(("HOME=%s %s examples/opentalk.lua %s 2>&1 >/dev/full"):format(
          support.quote(home), support.lua, option))
        assert.equal(1, status, option)
        assert.matches("^opentalk: standard output", output)
      end
    end)

    it("refuses a lifetime that is none before it makes a room", function()
      local rc, made = home .. "/hours.rc", count_requests(sandbox, "POST", "/rooms$")
      for _, hours in ipairs { "-1", "0", "1e999", "1e9", "soon" } do
        support.write(rc, support.read(home .. "/.opentalk_api.rc") .. "DEFAULT_EXPIRATION_HOURS=" .. hours .. "\n")
        local output, status = opentalk("-c", "--config", rc)
        assert.equal(1, status)
        assert.matches("DEFAULT_EXPIRATION_HOURS must be a number above 0", output)
      end
      assert.equal(made, count_requests(sandbox, "POST", "/rooms$"))
    end)

    it("reads a file that an editor has marked as UTF-8", function()
      local rc = home .. "/marked.rc"
      support.write(rc, "\239\187\191" .. support.read(home .. "/.opentalk_api.rc"))
      local output, status = opentalk("-r", "--config", rc)
      assert.equal(0, status, output)
    end)

    it("says in a sentence what went wrong, and no secret", function()
      local output, status = opentalk("-i", "00000000-0000-4000-8000-000000000000")
      assert.equal(1, status)
      assert.matches("^opentalk: .*status 403", output)
      output, status = opentalk()
      assert.is_true(status ~= 0)
      assert.matches("one of %-l, %-c, %-r or %-i ID is required", output)
      local rc = home .. "/wrong.rc"
      support.write(rc, support.read(home .. "/.opentalk_api.rc"):gsub("OT_PASSWORD=[^\n]*",
        "OT_PASSWORD=not-the-password"))
      output, status = opentalk("-r", "--config", rc)
      assert.equal(1, status)
      assert.is_nil(output:find("not-the-password", 1, true))
    end)

    it("reads its file without executing it", function()
      local rc, trap = home .. "/evil.rc", home .. "/trap"
      for _, line in ipairs {
        "A=$(touch " .. trap .. ")", "A=`touch " .. trap .. "`", 'A="$(touch ' .. trap .. ')"',
        "touch " .. trap, "A=1; touch " .. trap, "A=1 touch " .. trap, "A=x && touch " .. trap,
      } do
        support.write(rc, "OT_USER=x\n" .. line .. "\n")
        local output, status = opentalk("-r", "--config", rc)
        assert.equal(1, status)
        assert.matches("line 2: .*executed", output)
        assert.is_nil(io.open(trap))
      end
    end)
  end)
end

describe("examples/meet.lua", function()
  local sandbox

  local function meet(...)
    local role = sandbox.meet
    return support.script({ "examples/meet.lua", ... }, {
      MEET_URL = role.url, MEET_CLIENT_ID = role.client_id,
      MEET_CLIENT_SECRET = role.client_secret, MEET_USER = role.user,
    })
  end

  setup(function() sandbox = support.start { opentalk = false, rooms = 45 } end)
  teardown(function() sandbox:stop() end)

  it("lists, creates and shows rooms", function()
    local output, status = meet("list")
    assert.equal(0, status, output)
    assert.equal(46, select(2, output:gsub("\n", "")))
    output, status = meet("create", "--access", "restricted")
    assert.equal(0, status, output)
    local id, url = output:match("^(%S+) (%S+)\n$")
    assert.truthy(id, output)
    assert.truthy(meet("list"):find(id .. ",restricted," .. url, 1, true))
    output, status = meet("show", id)
    assert.equal(0, status, output)
    assert.equal(id, cjson.decode(output).id)
  end)

  it("quotes cells, and does not succeed when they cannot be written", function()
    local role = sandbox.meet
    local output, status = support.run(("env MEET_URL=%s MEET_CLIENT_ID=%s MEET_CLIENT_SECRET=%s MEET_USER=%s"
      .. " %s examples/meet.lua list 2>&1 >/dev/full"):format(support.quote(role.url), support.quote(role.client_id),
      support.quote(role.client_secret), support.quote(role.user), support.lua))
    assert.equal(1, status)
    assert.matches("^meet: standard output", output)
    local id = "6f1d7a52-0000-4000-8000-00000000abcd"
    sandbox:put("meeting", id, { owner = role.user, name = "x", slug = 'a,"b', access_level = "public" })
    local found
    for _, room in ipairs(rows((meet("list")))) do
      if room.id == id then found = room.join_url end
    end
    assert.equal('a,"b', found:match "[^/]*$")
  end)

  it("says in a sentence what went wrong", function()
    local output, status = meet("create", "--access", "everybody")
    assert.equal(1, status)
    assert.matches("^meet: ", output)
    assert.is_nil(output:find(sandbox.meet.client_secret, 1, true))
  end)
end)

describe("examples/cron.lua", function()
  local sandbox, home, settings

  setup(function()
    sandbox = support.start { meet = false, rooms = 1, events = 3 }
    home = support.folder()
    local role = sandbox.opentalk
    settings = { HOME = home, OPENTALK_URL = role.url, OPENTALK_CLIENT_ID = role.client_id,
      OPENTALK_USERNAME = role.username, OPENTALK_SCOPE = "openid offline_access" }
  end)
  teardown(function()
    sandbox:stop()
    support.remove(home)
  end)

  local function run(...) return support.script({ "examples/cron.lua", ... }, settings) end

  -- By hand, with the password that somebody types.
  local function log_in(password)
    local words = { "printf '%s\\n' " .. support.quote(password) .. " | env" }
    for name, value in pairs(settings) do words[#words + 1] = name .. "=" .. support.quote(value) end
    words[#words + 1] = support.quote(support.lua) .. " examples/cron.lua login"
    return support.run(table.concat(words, " "))
  end

  it("keeps its login between runs, and no password", function()
    local output, status = run()
    assert.equal(2, status, output)  -- nobody has logged in yet
    assert.matches("^cron: log in by hand", output)
    output, status = log_in(sandbox.opentalk.password)
    assert.equal(0, status, output)
    assert.equal("The login of alice is kept in " .. home .. "/.salon-logins.json\n", output)
    local list
    for _ = 1, 3 do
      output, status = run()
      assert.equal(0, status, output)
      assert.matches("^[^\n]*http://%S+/room/", output)
      list = list or output
      assert.equal(list, output)
      sandbox:advance(301)
    end
    assert.equal("password 200, refresh_token 200, refresh_token 200", table.concat(sandbox:grants(), ", "))
    local kept = support.read(home .. "/.salon-logins.json")
    assert.is_nil(kept:find(sandbox.opentalk.password, 1, true))
    assert.equal("600\n", (support.run("stat -c %a " .. home .. "/.salon-logins.json")))
  end)

  it("says in words and by its status when the login has ended, and can begin anew", function()
    sandbox:put("user", "alice", { logout = true })
    local output, status = run()
    assert.equal(2, status, output)
    assert.matches("^cron: log in by hand", output)
    output, status = log_in "not-the-password"
    assert.equal(2, status)
    assert.is_nil(output:find("not-the-password", 1, true))
    output, status = log_in(sandbox.opentalk.password)
    assert.equal(0, status, output)
    output, status = run()
    assert.equal(0, status, output)
  end)

  it("asks the server about the password while the stored login is good, too", function()
    local before = #sandbox:grants()
    for _, try in ipairs { { "not-the-password", 2 }, { sandbox.opentalk.password, 0 } } do
      local output, status = log_in(try[1])
      assert.equal(try[2], status, output)
      sandbox:advance(61)
    end
    assert.equal("password 400, password 400, password 200", table.concat(sandbox:grants(), ", ", before + 1))
  end)

  it("refuses other words, and does not run for them", function()
    local before = #sandbox:requests()
    for _, words in ipairs { { "logni" }, { "--help" }, { "login", "alice" } } do
      local output, status = run(words[1], words[2])
      assert.same({ "cron: usage: cron.lua [login]\n", 1 }, { output, status })
    end
    assert.equal(before, #sandbox:requests())
  end)

  it("runs from a crontab as its first lines say", function()
    local line = support.read "examples/cron.lua":match "\n%-%-   [*/%d]+ %* %* %* %* ([^\n]+)\n"
    local exports, variables = {}, ""
    for name, value in pairs(settings) do
      exports[#exports + 1] = ("export %s=%s\n"):format(name, support.quote(value))
      if name ~= "HOME" then variables = variables .. " -u " .. name end
    end
    support.write(home .. "/.opentalk.env", table.concat(exports))
    local command = line:gsub("lua5%.4 ~/", support.quote(support.lua):gsub("%%", "%%%%") .. " examples/")
    local output, status = support.run(("env%s HOME=%s sh -c %s"):format(variables, support.quote(home),
      support.quote(command)))
    assert.equal(0, status, output)
    assert.matches("^[^\n]*http://%S+/room/", output)
  end)

  it("has another status for trouble that passes", function()
    sandbox:fault { route = "GET /v1/events", kind = "503", count = 10 }
    local output, status = run()
    assert.equal(1, status)
    assert.matches("^cron: GET .*503", output)
  end)
end)

describe("examples/device.lua", function()
  local sandbox, home

  setup(function()
    sandbox = support.start { meet = false, rooms = 2, switches = { device_interval = 0.05 } }
    home = support.folder()
  end)
  teardown(function()
    sandbox:stop()
    support.remove(home)
  end)

  it("shows link and code, and keeps the login for later runs", function()
    local role, words = sandbox.opentalk, { "env" }
    for name, value in pairs { HOME = home, OPENTALK_URL = role.url, OPENTALK_CLIENT_ID = "Device" } do
      words[#words + 1] = name .. "=" .. support.quote(value)
    end
    local command = ("%s %s examples/device.lua 2>&1"):format(table.concat(words, " "), support.quote(support.lua))
    local pipe = io.popen(command)
    assert.matches("^Open http://", pipe:read "*l")
    sandbox:approve(pipe:read("*l"):match "^and confirm the code (%S+)$")
    local list = pipe:read "*a"
    pipe:close()
    assert.matches("^Rooms of Alice Adams\n.*/room/.*/room/", list)
    sandbox:advance(301)
    assert.equal(list, (support.run(command)))
    local given = {}
    for _, grant in ipairs(sandbox:grants()) do  -- "400" says that nobody has confirmed it yet
      if grant:find "200$" then given[#given + 1] = grant:match "%w+_%w+ 200$" end
    end
    assert.same({ "device_code 200", "refresh_token 200" }, given)
  end)

  it("says what is missing", function()
    local output, status = support.script({ "examples/device.lua" }, { OPENTALK_URL = "" })
    assert.equal(1, status)
    assert.matches("^device: ", output)
    for _, name in ipairs { "cron", "device" } do
      output, status = support.run(("env -u HOME -u LOGINS OPENTALK_URL=http://127.0.0.1:1 OPENTALK_CLIENT_ID=c "
        .. "OPENTALK_USERNAME=u %s examples/%s.lua"):format(support.quote(support.lua), name))
      assert.same({ name .. ": HOME is not set\n", 1 }, { output, status })
    end
  end)
end)

describe("examples/nginx", function()
  local sandbox, server

  setup(function()
    sandbox = support.start { rooms = 3, events = 3 }
    server = nginx.example(sandbox)
  end)
  teardown(function()
    if server then server:stop() end
    sandbox:stop()
  end)

  local function post(backend)
    local output = support.run(("curl -sS --noproxy '*' --max-time 20 -X POST"
      .. " -w '\\n%%{http_code}' %s/meet/%s"):format(server.url, backend))
    local body, status = output:match("^(.*)\n(%d+)$")
    return cjson.decode(body), tonumber(status)
  end

  it("creates a room in OpenTalk and answers with its links", function()
    local body, status = post("opentalk")
    assert.equal(201, status)
    assert.equal(sandbox.opentalk.url .. "/room/" .. body.id, body.join_url)
    assert.truthy(body.guest_url:find(sandbox.opentalk.url, 1, true))
  end)

  it("creates a room in Meet and answers with its link", function()
    local body, status = post("meet")
    assert.equal(201, status)
    assert.matches("^http", body.join_url)
    assert.is_nil(body.guest_url)
  end)

  it("has one login for all workers, before and after a reload", function()
    assert.equal(201, select(2, post "opentalk"))
    assert.equal(201, select(2, post "meet"))
    local function logins()
      return table.concat(sandbox:grants(), ", "), count_requests(sandbox, "POST", "/application/token")
    end
    local opentalk, meet = logins()
    assert.equal("password 200", opentalk)
    assert.equal(1, meet)
    local workers = support.run("pgrep -P " .. server.pid)
    support.run("kill -HUP " .. server.pid)
    for worker in workers:gmatch "%d+" do support.gone(worker) end
    assert.equal(201, select(2, post "opentalk"))
    assert.equal(201, select(2, post "meet"))
    assert.same({ "password 200", 1 }, { logins() })
  end)

  it("creates nothing when a page of another site asks", function()
    local before = count_requests(sandbox, "POST", "/rooms/?$")
    for _, words in ipairs { "-H 'Origin: https://evil.example'", "-H 'Origin: null'",
      "-H 'Sec-Fetch-Site: cross-site'", "-H 'Host: evil.example'" } do
      for _, backend in ipairs { "opentalk", "meet" } do
        local status = support.run(("curl -sS --noproxy '*' --max-time 20 -X POST %s -o /dev/null"
          .. " -w '%%{http_code}' %s/meet/%s"):format(words, server.url, backend))
        assert.equal(words:find "Host" and "421" or "403", status)
      end
    end
    assert.equal(before, count_requests(sandbox, "POST", "/rooms/?$"))
  end)

  it("answers 502 with the kind of the failure when the backend refuses", function()
    sandbox:fault { route = "POST /v1/rooms", kind = "503", count = 10 }
    local body, status = post("opentalk")
    assert.equal(502, status)
    assert.equal("http", body.error)
  end)
end)
