-- The scripts of examples/ that change many rooms, tell of new meetings, lead into rooms and
-- upload agendas run as they stand, against a sandbox.

local nginx = require("spec.support.nginx")
local raw = require("spec.support.raw")
local support = require("spec.support")

local login = support.login

local function lines(text) return select(2, text:gsub("\n", "")) end

-- The requests that have arrived with this method at a path like this.
local function requests(sandbox, method, pattern)
  local found = {}
  for _, request in ipairs(sandbox:requests()) do
    if request.method == method and request.path:find(pattern) then found[#found + 1] = request end
  end
  return found
end

describe("examples/bulk_change.lua", function()
  local sandbox, mine

  local function bulk_change(...)
    return support.script({ "examples/bulk_change.lua", ... }, login(sandbox))
  end

  local function waiting()
    local count = 0
    for _, room in ipairs(sandbox:rooms()) do
      if room.waiting_room and room.owner == "alice" then count = count + 1 end
    end
    return count
  end

  setup(function() sandbox = support.start { opentalk = "2026", meet = false } end)
  teardown(function() sandbox:stop() end)
  before_each(function()
    sandbox:reset { rooms = 0, events = 0 }
    mine = {}
    for i = 1, 12 do mine[i] = sandbox:put("room", nil, { owner = "alice", waiting_room = false }) end
    sandbox:put("room", nil, { owner = "alice", waiting_room = true })
    local foreign = sandbox:put("event", nil, { owner = "bob", waiting_room = false })
    sandbox:put("invitation", foreign, { user = "alice" })
  end)

  it("lists what it would change, and changes nothing unasked", function()
    local output, status = bulk_change()
    assert.equal(0, status, output)
    assert.equal(13, lines(output))
    for _, id in ipairs(mine) do
      assert.truthy(output:find(id .. " " .. sandbox.opentalk.url .. "/room/" .. id .. "\n", 1, true), output)
    end
    assert.truthy(output:find("12 rooms would be changed", 1, true), output)
    assert.equal(0, #requests(sandbox, "PATCH", "."))
  end)

  it("changes the rooms that are meant, once", function()
    local output, status = bulk_change("--apply", "--concurrency", "3")
    assert.equal(0, status, output)
    assert.matches("\r12 of 12 rooms, 0 failed\n$", output)
    assert.equal(12, #requests(sandbox, "PATCH", "^/v1/rooms/"))
    assert.equal(13, waiting())
    output, status = bulk_change "--apply"
    assert.equal(0, status, output)
    assert.equal(12, #requests(sandbox, "PATCH", "."))
  end)

  it("goes on when a room has trouble, lists it at the end and says so by its status", function()
    sandbox:fault { route = "PATCH /v1/rooms/" .. mine[5], kind = "500" }
    sandbox:fault { route = "PATCH /v1/rooms/" .. mine[9], kind = "401", reason = "session", count = 2 }
    local output, status = bulk_change "--apply"
    assert.equal(1, status, output)
    local found = output:match "\r12 of 12 rooms, 2 failed\n(.*)$"
    assert.equal(2, lines(found))
    assert.matches(mine[5]:gsub("%-", "%%-") .. ": [^\n]*500", found)
    assert.matches(mine[9]:gsub("%-", "%%-") .. ": ", found)
    assert.equal(12, waiting())  -- the server did what it answered with 500
  end)

  it("does not succeed when its list cannot be written", function()
    local words = { "env" }
    for name, value in pairs(login(sandbox)) do words[#words + 1] = name .. "=" .. support.quote(value) end
    local output, status = support.run(("%s %s examples/bulk_change.lua 2>&1 >/dev/full"):format(
      table.concat(words, " "), support.lua))
    assert.equal(1, status, output)
    assert.equal("bulk_change: standard output cannot be written\n", output)
  end)

  it("says in a sentence what is missing or wrong, and no secret", function()
    local output, status = support.script { "examples/bulk_change.lua" }
    assert.equal(1, status)
    assert.equal("bulk_change: OPENTALK_URL is not set\n", output)
    local environment = login(sandbox)
    environment.OPENTALK_PASSWORD = "not-the-password"
    output, status = support.script({ "examples/bulk_change.lua" }, environment)
    assert.equal(1, status)
    assert.matches("^bulk_change: .*%(auth", output)
    assert.is_nil(output:find("not-the-password", 1, true))
    for _, word in ipairs { "many", "0", "1.5", "-1" } do
      output, status = bulk_change("--concurrency=" .. word)
      assert.is_true(status ~= 0)
      assert.truthy(output:find("--concurrency must be a whole number from 1, not '" .. word .. "'", 1, true), output)
    end
  end)

  it("begins a new line for an error that ends the progress", function()
    local folder = support.folder()
    local text, changed = support.read("examples/bulk_change.lua"):gsub("return room:update %b{}",
      'error("no luck", 0)')
    assert.equal(1, changed)
    local output, status = support.script({ support.write(folder .. "/copy.lua", text), "--apply" }, login(sandbox))
    support.remove(folder)
    assert.equal(1, status)
    assert.matches("failed\nbulk_change: no luck\n$", output)
  end)
end)

describe("examples/new_events_to_webhook.lua", function()
  local sandbox, hook, folder, running

  -- Starts it in the background, with its programs in a group of their own.
  local function start(more, words)
    local environment = login(sandbox, { WEBHOOK_URL = hook.url .. "/hook?secret=" .. "s3cret", no_proxy = "*" })
    for name, value in pairs(more or {}) do environment[name] = value end
    local parts = { "env" }
    for name, value in pairs(environment) do parts[#parts + 1] = name .. "=" .. support.quote(value) end
    local output = support.run(("%s setsid %s examples/new_events_to_webhook.lua --every 1 %s %s"
      .. " >%s/log 2>&1 & echo $!"):format(table.concat(parts, " "), support.quote(support.lua), words or "",
      folder .. "/known", folder))
    running = output:match "%d+"
  end

  -- As Ctrl-C does.
  local function stop()
    support.run("kill -INT -" .. running)
    support.gone(running)
    assert.is_nil(io.open("/proc/" .. running .. "/exe"))
    assert.matches("new_events_to_webhook: interrupted!\n$", support.read(folder .. "/log"))
    running = nil
  end

  -- Asks for the condition until it holds, ten seconds at most.
  local function wait_for(what, condition)
    for _ = 1, 500 do
      if condition() then return end
      support.run "sleep 0.02"
    end
    error(what .. " did not come: " .. support.read(folder .. "/log"))
  end

  local function rounds() return #requests(sandbox, "GET", "^/v1/events") end

  -- A whole round more than there were.
  local function wait_for_round()
    local before = rounds()
    wait_for("a round", function() return rounds() > before + 1 end)
  end

  local function known()
    local file = io.open(folder .. "/known")
    local text = file and file:read "*a" or ""
    if file then file:close() end
    return text
  end

  local function posted(title)
    return select(2, hook:log():gsub("New meeting: " .. title .. ",", ""))
  end

  setup(function()
    sandbox = support.start { opentalk = "2026", meet = false }
    hook = raw.start()
  end)
  teardown(function()
    sandbox:stop()
    hook:stop()
  end)
  before_each(function()
    folder = support.folder()
    sandbox:reset { rooms = 0, events = 0 }
    sandbox:put("event", nil, { title = "Old" })
    hook:forget()
    hook:reply("hook", "200 OK", "", "")
  end)
  after_each(function()
    if running then stop() end
    support.remove(folder)
  end)

  it("posts what is new, and neither loses nor repeats anything over a restart", function()
    start()
    wait_for("the first round", function() return known() ~= "" end)
    sandbox:put("event", nil, { title = "First", starts_at = { datetime = "2027-01-18T08:00:00Z",
      timezone = "Europe/Berlin" }, ends_at = { datetime = "2027-01-18T09:00:00Z", timezone = "Europe/Berlin" } })
    wait_for("the first one", function() return lines(known()) == 2 end)
    assert.matches('{"text":"New meeting: First, 2027%-01%-18 09:00, http:', (hook:log():gsub("\\/", "/")))
    stop()
    sandbox:put("event", nil, { title = "Second" })
    start()
    wait_for("the second one", function() return posted "Second" > 0 end)
    wait_for_round()
    stop()
    assert.same({ 0, 1, 1 }, { posted "Old", posted "First", posted "Second" })
    assert.equal(3, lines(known()))
  end)

  it("posts what is there in the first run when asked to", function()
    start({}, "--all")
    wait_for("the old one", function() return posted "Old" > 0 end)
    wait_for_round()
    assert.equal(1, posted "Old")
  end)

  it("posts what the webhook refused with a later round", function()
    start()
    wait_for("the first round", function() return known() ~= "" end)
    hook:reply("hook", "500 Internal Server Error", "", "")
    sandbox:put("event", nil, { title = "Late" })
    wait_for("two attempts", function() return posted "Late" > 1 end)
    assert.equal(1, lines(known()))
    hook:reply("hook", "200 OK", "", "")
    wait_for("the note of it", function() return lines(known()) == 2 end)
    assert.matches("curl: %(22%)[^\n]*500[^\n]*\nnew_events_to_webhook: Late: will be tried again\n",
      support.read(folder .. "/log"))
  end)

  it("sends a title as it is, and runs nothing of it", function()
    local title = [[a "b" \c $(touch ]] .. folder .. [[/trap) `id` 'd']]
    start()
    wait_for("the first round", function() return known() ~= "" end)
    sandbox:put("event", nil, { title = title })
    wait_for("it", function() return lines(known()) == 2 end)
    local body = hook:log():match '{"text".*}'
    assert.truthy(require("cjson").decode(body).text:find(title, 1, true), body)
    assert.is_nil(io.open(folder .. "/trap"))
  end)

  it("shows the webhook's secret in no command line", function()
    hook:answer("hook", "HTTP/1.1 200 OK\r\n", "hang")
    start({}, "--all")
    wait_for("the request", function() return posted "Old" > 0 end)
    local list = support.run "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"
    assert.truthy(list:find("curl -sS --fail", 1, true))
    assert.is_nil(list:find("s3cret", 1, true))
    stop()
    assert.equal("", known())
  end)

  it("goes on when the server is away for a while, and ends when the login is refused", function()
    start()
    wait_for("the first round", function() return known() ~= "" end)
    sandbox:fault { route = "GET /v1/events", kind = "503", count = 4 }
    sandbox:put("event", nil, { title = "Later" })
    wait_for("it", function() return lines(known()) == 2 end)
    stop()
    local log = support.read(folder .. "/log")
    assert.matches("^new_events_to_webhook: [^\n]*503[^\n]*\n", log)
    local environment = login(sandbox, { WEBHOOK_URL = hook.url })
    environment.OPENTALK_PASSWORD = "not-the-password"
    local output, status = support.script({ "examples/new_events_to_webhook.lua", folder .. "/known" }, environment)
    assert.equal(1, status)
    assert.matches("^new_events_to_webhook: .*%(auth", output)
    assert.is_nil(output:find("not-the-password", 1, true))
  end)

  it("refuses an address that is none, and rounds without a pause", function()
    local words = { "examples/new_events_to_webhook.lua", folder .. "/known" }
    local output, status = support.script(words, login(sandbox, { WEBHOOK_URL = "chat.example.org/s3cret" }))
    assert.equal(1, status)
    assert.equal("new_events_to_webhook: WEBHOOK_URL must begin with http:// or https://\n", output)
    for _, word in ipairs { "0", "0.5", "-1", "often" } do
      words[3] = "--every=" .. word
      output, status = support.script(words, login(sandbox, { WEBHOOK_URL = hook.url }))
      assert.is_true(status ~= 0)
      assert.matches("%-%-every must be a number of seconds from 1", output)
    end
  end)

  it("posts nothing while it cannot note what it has posted", function()
    support.run(("mkdir %s/known.new"):format(folder))
    local output, status = support.script({ "examples/new_events_to_webhook.lua", "--all", folder .. "/known" },
      login(sandbox, { WEBHOOK_URL = hook.url .. "/hook" }))
    assert.equal(1, status)
    assert.matches("known.new: Is a directory", output)
    assert.equal(0, posted "Old")
  end)
end)

describe("the location /join of examples/nginx", function()
  local sandbox, server, room, meeting

  -- Status, address that it leads to and text of a request with these words for curl.
  local function join(path, words)
    local output = support.run(("curl -sS --noproxy '*' --max-time 20 %s -w '\\n%%{http_code} %%{redirect_url}' %s")
      :format(words or "-X POST -u ada:secret", support.quote(server.url .. "/join/" .. path)))
    local text, status, address = output:match "^(.*)\n(%d+) ([^\n]*)$"
    return tonumber(status), address, text
  end

  setup(function()
    sandbox = support.start { rooms = 0, events = 0 }
    server = nginx.example(sandbox)
    room = sandbox:put("room", nil, { owner = "alice" })
    meeting = sandbox:put("meeting", nil, { owner = sandbox.meet.user, access_level = "public" })
  end)
  teardown(function()
    if server then server:stop() end
    sandbox:stop()
  end)

  it("leads nobody anywhere before it is told who may log in", function()
    assert.equal(403, (join("opentalk/" .. room)))
    assert.equal(0, #requests(sandbox, "POST", "/invites$"))
    support.write(server.folder .. "/users", "ada:{PLAIN}secret\n")
    assert.equal(401, (join("opentalk/" .. room, "-X POST")))
    assert.equal(401, (join("opentalk/" .. room, "-X POST -u ada:wrong")))
    assert.equal(0, #requests(sandbox, "POST", "/invites$"))
  end)

  it("leads who is logged in to the room's link for guests, to the same one again", function()
    support.write(server.folder .. "/users", "ada:{PLAIN}secret\n")
    local status, address = join("opentalk/" .. room)
    assert.equal(303, status)
    assert.equal(1, address:find(sandbox.opentalk.url, 1, true), address)
    local ot = require("salon").opentalk(support.opentalk(sandbox))
    assert.equal(assert(ot.rooms:guest_url(room, { expires_in = 24 * 3600 })), address)
    ot:close()
    assert.equal(address, select(2, join("opentalk/" .. room)))
    assert.equal(1, #requests(sandbox, "POST", "/invites$"))
  end)

  it("leads to the link of a room in Meet", function()
    support.write(server.folder .. "/users", "ada:{PLAIN}secret\n")
    local status, address = join("meet/" .. meeting)
    local meet = require("salon").meet(support.meet(sandbox))
    assert.same({ 303, assert(meet.rooms:get(meeting)).join_url }, { status, address })
    meet:close()
  end)

  it("does nothing when a page of another site asks, nor for a GET", function()
    support.write(server.folder .. "/users", "ada:{PLAIN}secret\n")
    local before = #sandbox:requests()
    for _, words in ipairs { "-H 'Origin: https://evil.example'", "-H 'Sec-Fetch-Site: cross-site'" } do
      assert.equal(403, (join("opentalk/" .. room, "-X POST -u ada:secret " .. words)))
    end
    assert.equal(421, (join("opentalk/" .. room, "-X POST -u ada:secret -H 'Host: evil.example'")))
    assert.equal(405, (join("opentalk/" .. room, "-u ada:secret")))
    assert.equal(before, #sandbox:requests())
    local own = ("-X POST -u ada:secret -H 'Sec-Fetch-Site: same-origin' -H 'Origin: %s'"):format(server.url)
    assert.equal(303, (join("opentalk/" .. room, own)))
  end)

  it("says in a sentence what is wrong, and no more", function()
    support.write(server.folder .. "/users", "ada:{PLAIN}secret\n")
    local status, _, text = join("opentalk/00000000-0000-4000-8000-000000000000")
    assert.same({ 404, "There is no such room.\n" }, { status, text })
    sandbox:fault { route = "GET /v1/rooms", kind = "401", reason = "session", count = 2 }
    status, _, text = join("opentalk/" .. room)
    assert.same({ 502, "The meeting server does not answer as it should. Try again in a minute.\n" }, { status, text })
  end)
end)

describe("examples/upload_agenda.lua", function()
  local sandbox, folder, meeting

  local function upload(id, file, more)
    return support.script({ "examples/upload_agenda.lua", id, file }, login(sandbox, more))
  end

  setup(function()
    sandbox = support.start { opentalk = "0.66", meet = false, rooms = 0, events = 0 }
    folder = support.folder()
    meeting = sandbox:put("event", nil, { title = "Budget round" })
  end)
  teardown(function()
    sandbox:stop()
    support.remove(folder)
  end)

  it("sends the file to the meeting's room, tells how far it is, and prints the asset's id", function()
    local content = ("agenda\0\255"):rep(50000)
    support.write(folder .. "/today.pdf", content)
    local output, status = upload(meeting, folder .. "/today.pdf")
    assert.equal(0, status, output)
    local id = output:match "400000 of 400000 bytes\n(%x+%-[%x-]+)\n$"
    assert.truthy(id, output)
    local ot = require("salon").opentalk(support.opentalk(sandbox))
    local assets = assert(assert(ot.events:get(meeting)).room.assets:list())
    assert.same({ 1, id, "agenda" }, { #assets, assets[1].id, assets[1].kind })
    assert.matches("Budget.*%.pdf$", assets[1].filename)
    assert(assets[1]:download(folder .. "/back.pdf"))
    assert.is_true(content == support.read(folder .. "/back.pdf"))
    ot:close()
  end)

  it("knows the meeting by its title, and a file without an ending by --extension", function()
    local id = sandbox:put("event", nil, { title = "Retrospective" })
    sandbox:put("event", nil, { title = "Twice" })
    sandbox:put("event", nil, { title = "Twice" })
    support.write(folder .. "/notes", "x")
    local words = { "examples/upload_agenda.lua", "Retrospective", folder .. "/notes", "--extension", "pdf" }
    local output, status = support.script(words, login(sandbox))
    assert.equal(0, status, output)
    local ot = require("salon").opentalk(support.opentalk(sandbox))
    local assets = assert(assert(ot.events:get(id)).room.assets:list())
    ot:close()
    assert.equal(1, #assets)
    assert.matches("Retrospective.*%.pdf$", assets[1].filename)
    output, status = upload("Twice", folder .. "/notes")
    assert.equal(1, status)
    assert.matches("^upload_agenda: more than one has this title; give an id:\n  %S+  without a time\n  %S+", output)
    output, status = upload("Never", folder .. "/notes")
    assert.equal(1, status)
    assert.equal("upload_agenda: you have no meeting with the title or id 'Never'\n", output)
  end)

  it("says in a sentence what is wrong, and sends nothing then", function()
    support.write(folder .. "/nameless", "x")
    support.write(folder .. "/a.pdf", "x")
    local before = #requests(sandbox, "POST", "/assets")
    for _, case in ipairs {
      { meeting, "/none.pdf", "^upload_agenda: the file cannot be read: [^\n]*none%.pdf" },
      { meeting, "/nameless", "^upload_agenda: [^\n]*'file_extension' is required" },
      { "00000000-0000-4000-8000-000000000000", "/a.pdf", "^upload_agenda: [^\n]*status 403" },
    } do
      local output, status = upload(case[1], folder .. case[2])
      assert.equal(1, status)
      assert.matches(case[3], output)
    end
    assert.equal(before, #requests(sandbox, "POST", "/assets"))
  end)
end)
