-- Servers that break off, fall silent or send what they should not. Each fault gives
-- the documented error object, in time; nothing leaks, neither memory nor descriptors
-- nor a secret; and the same client works again when the server does.

local Authority = require "spec.support.authority"
local core = require "salon.core"
local held = require "spec.support.held"
local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"

local SECRET = "marker-token-7f3a"  -- must show up nowhere
local JSON = "Content-Type: application/json\r\n"
local HTML = "Content-Type: text/html\r\n"
local SHORT, LONG = 0.5, 10 -- seconds for a server that does not finish
local WAITS = { hang = true, drip = true }

local function response(status, headers, body)
  return ("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s"):format(status, headers, #body, body)
end

-- 2 MB of one letter in a few KB: gzip's own fixed code, repetitions of 258 bytes
-- at distance 1, 13 bits each (eight of them are 13 bytes).
local function bomb()
  local bits = { "110", "01011110" }  -- last block, fixed code; one dot
  for i = 1, 8064 do bits[2 + i] = "1100010100000" end
  local stream = table.concat(bits) .. ("0"):rep(7)
  local bytes = stream:gsub("%d%d?%d?%d?%d?%d?%d?%d?", function(byte)
    return string.char(tonumber(byte:reverse(), 2))
  end)
  return "\31\139\8\0\0\0\0\0\0\3" .. bytes .. ("\0"):rep(8)
end

-- What the server does, and what comes of a GET and of a POST: kind, status,
-- outcome. `get` and `post` say where they differ: is it safe to repeat?
local CASES = {
  { "closes without a response", "", "close", "network", nil, "unknown" },
  { "resets the connection", "", "reset", "network", nil, "unknown" },
  { "falls silent", "", "hang", "timeout", nil, "unknown" },
  { "falls silent within the header", "HTTP/1.1 200 OK\r\nConte", "hang", "timeout", 200, "done" },
  { "falls silent within the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "hang",
    "timeout", 200, "done" },
  { "sends byte by byte", response("200 OK", JSON, ("x"):rep(100)), "drip", "timeout" },
  { "cuts its response short", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"a\"", "close",
    "network", 200, "done" },
  { "cuts its header short", "HTTP/1.1 200 OK\r\nContent-Ty", "close", "network", 200, "done" },
  { "resets within its response", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"a\"", "reset",
    "network", 200, "done" },
  { "speaks no HTTP", "220 smtp ready\r\n", "close", "network", nil, "unknown" },
  { "sends invalid chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "close", "network", 200, "done" },
  { "sends invalid gzip", response("200 OK", JSON .. "Content-Encoding: gzip\r\n", "abc"), nil,
    "decode", 200, "done" },
  { "sends too much", response("200 OK", JSON, '"' .. ("x"):rep(2000000) .. '"'), nil,
    "limit", 200, "done" },
  { "sends gzip that unpacks to too much",
    response("200 OK", JSON .. "Content-Encoding: gzip\r\n", bomb()), nil, "limit", 200, "done" },
  { "sends too many headers", response("200 OK", ("X-A: " .. ("y"):rep(8000) .. "\r\n"):rep(40), "{}"),
    nil, "limit", 200, "done" },
  { "sends a web page", response("200 OK", HTML, "<!DOCTYPE html><title>Hi</title>"), nil,
    "decode", 200, "done" },
  { "calls a web page JSON", response("200 OK", JSON, "\r\n <html>"), nil, "decode", 200, "done" },
  { "sends an empty body", response("200 OK", JSON, ""), nil, "decode", 200, "done" },
  { "sends broken JSON", response("200 OK", JSON, '{"results": [{"id": '), nil, "decode", 200, "done" },
  { "sends a mere string", response("200 OK", JSON, '"x"'), nil, "decode", 200, "done" },
  { "sends a list of numbers", response("200 OK", JSON, "[1, 2]"), nil, "decode", 200, "done" },
  { "nests too deeply", response("200 OK", JSON, ('{"a":'):rep(3000) .. "1" .. ("}"):rep(3000)), nil,
    "decode, limit", 200, "done" },
  { "redirects", response("302 Found", "Location: /elsewhere\r\n", ""), nil, "http", 302, "done" },
  { "redirects and wants the body again", response("307 T", "Location: /elsewhere\r\n", ""), nil,
    "http", 307, "done" },
  { "says 403 without a body", response("403 Forbidden", "", ""), nil, "http", 403, "done" },
  { "says 404", response("404 Not Found", JSON, '{"detail":"Not found."}'), nil,
    "http", 404, "done" },
  { "says 400 as text/json", response("400 Bad", "Content-Type: text/json\r\n",
    '{"code":"invalid_json","message":"no, ' .. SECRET .. '"}'), nil, "http", 400, "done" },
  { "says 500 in HTML", response("500 Oops", HTML, "<h1>Server Error (500)</h1>" .. SECRET), nil,
    "http", 500, "done" },
  { "says 503", response("503 Busy", "", ""), nil, "http", 503, "done" },
  { "says 429", response("429 Slow down", "Retry-After: 3600\r\n", ""), nil, "http", 429, "done" },
}

local SAFE_STATUS = { [429] = true }                          -- nothing was done
local SAFE_FOR_GET = { [500] = true, [503] = true }
local MAY_PASS = { network = true, timeout = true }

local function retryable(case, post)
  local kind, status = case[4], case[5]
  if MAY_PASS[kind] then return not post end
  if kind ~= "http" then return false end
  return SAFE_STATUS[status] or SAFE_FOR_GET[status] and not post or false
end

-- Every text in an error, at every depth.
local function assert_silent(value, seen)
  seen = seen or {}
  if type(value) == "table" and not seen[value] then
    seen[value] = true
    for k, v in pairs(value) do
      assert_silent(k, seen)
      assert_silent(v, seen)
    end
  elseif type(value) == "string" then
    assert.is_nil(value:find(SECRET, 1, true), value)
  end
end

local TOGETHER = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil  -- what salon.map does

describe("network faults", function()
  local server, clients

  setup(function()
    server = raw.start()
    local url = server:answer("rooms", "")
    local options = { token = SECRET, max_tries = 1, max_body = 1000000 }
    options.controller_url = url
    local opentalk = salon.opentalk(options)
    options.controller_url, options.url = nil, url
    local meet = salon.meet(options)
    clients = {
      opentalk = { rooms = opentalk.rooms, page = "[]", created = '{"id":"r"}' },
      meet = { rooms = meet.rooms, page = '{"count":0,"next":null,"results":[]}',
        created = '{"id":"r"}' },
    }
  end)

  teardown(function() server:stop() end)

  local function assert_error(case, post, value, err)
    assert.is_nil(value)
    assert.is_truthy(case[4]:find(err.kind, 1, true), tostring(err))
    if case[3] ~= "drip" then  -- there it depends on how far it came
      assert.equal(case[5], err.status, tostring(err))
      assert.equal(case[6], err.outcome, tostring(err))
    end
    assert.equal(1, err.attempts)
    assert.equal(retryable(case, post), err.retryable, tostring(err))
    assert_silent(err)
    assert_silent(tostring(err))
  end

  -- What a call that takes a timeout returns: it gets more time until what the server
  -- does send has arrived.
  local function called(case, fn)
    local timeout, value, err = WAITS[case[3]] and SHORT or 30
    repeat
      value, err = fn(timeout)
      timeout = 4 * timeout
    until value or err.status == case[5] or case[3] == "drip" or timeout > LONG
    return value, err
  end

  for _, name in ipairs { "opentalk", "meet" } do
    for _, case in ipairs(CASES) do
      it(("are an error object of %s when the server %s"):format(name, case[1]), function()
        local client = clients[name]
        local start = core.now()
        server:answer("rooms", case[2], case[3])
        assert_error(case, false, called(case, function(timeout)
          return client.rooms:list { timeout = timeout }
        end))
        assert_error(case, true, called(case, function(timeout)
          return client.rooms:create({}, { timeout = timeout })
        end))
        assert.is_true(core.now() - start < 4 * LONG)
        server:reply("rooms", "200 OK", JSON, client.page)
        assert.equal(0, #salon.check(client.rooms:list()))
        server:reply("rooms", "201 Created", JSON, client.created)
        assert.equal("r", salon.check(client.rooms:create({})).id)
      end)
    end
  end

  it("are reported with code, message and Retry-After", function()
    local rooms = clients.meet.rooms
    server:answer("rooms", CASES[#CASES][2])
    local _, err = rooms:list()
    assert.equal(3600, err.retry_after)
    server:reply("rooms", "400 Bad", "Content-Type: text/json\r\n", '{"code":"c","message":"m"}')
    _, err = clients.opentalk.rooms:list()
    assert.equal("c", err.code)
    assert.equal("m", err.message)
  end)

  it("include redirects, which are not followed", function()
    for _, status in ipairs { "301 Moved", "302 Found", "303 Other", "307 T", "308 P" } do
      server:answer("rooms", response(status, "Location: " .. server.url .. "/elsewhere\r\n", ""))
      assert.is_nil((clients.meet.rooms:create({})))
      assert.is_nil((clients.meet.rooms:list()))
    end
    assert.is_nil(server:log():find("/elsewhere HTTP", 1, true))
  end)

  it("are met by repeating a GET, but not a POST", function()
    local url = server:answer("again", "", "close")
    local meet = salon.meet { url = url, token = SECRET, timeout = 20, max_tries = 2 }
    local function sent()
      return select(2, server:log():gsub(" /again/", ""))
    end
    local _, err = meet.rooms:list()
    assert.equal(2, err.attempts)
    assert.equal(2, sent())
    _, err = meet.rooms:create({})
    assert.equal(1, err.attempts)
    assert.equal("unknown", err.outcome)
    assert.is_false(err.retryable)
    assert.equal(3, sent())
  end)

  it("leave nothing behind", function()
    local function round()
      for _, case in ipairs(CASES) do
        if not WAITS[case[3]] then
          server:answer("rooms", case[2], case[3])
          for _, client in pairs(clients) do
            client.rooms:list()
            client.rooms:create({})
          end
        end
      end
      core.engine_stop()  -- with it go the connections that are kept
    end
    round()
    local before = held.descriptors()
    local grown = held.growth(5, round)
    assert.is_true(grown < 8, ("%.1f KiB for each round"):format(grown))
    assert.equal(before, held.descriptors())
  end)
end)

-- What changes something, with the connection cut after every byte of the request and of
-- the response: the server never takes a whole request twice that would make two things.
describe("a connection that is cut after any byte", function()
  local OBJECT = [[{"id":"r","room_id":"r","invite_code":"c","active":true,"title":"t","type":"single",]]
    .. [["recurring_event_id":"r","instance_id":"20270118T080000Z","profile":{"id":"u"}}]]
  local MADE = response("201 Created", JSON, OBJECT)
  local FIRST_LINE = #MADE:match "^[^\n]*\n"

  local server, ot, meet, room, event
  setup(function()
    server = raw.start()
    local url = server:answer("made", MADE)
    ot = salon.opentalk { controller_url = url, token = SECRET }
    meet = salon.meet { url = url, token = SECRET }
    room, event = salon.check(ot.rooms:get "r"), salon.check(ot.events:get "r")
  end)
  teardown(function() server:stop() end)

  -- A number that fits into every field, and is found in what the server got.
  local function mark(n) return tostring(100000 + n) end
  local MARK = "%f[%d]1%d%d%d%d%d%f[%D]"

  -- Bytes of the request of an undisturbed call.
  local function size(at, call)
    local before = #at:log()
    salon.check(call(mark(99999)))
    return #at:log():sub(before + 1):match "(%u+ /[^\n]*\n.*)\n$"
  end

  local function assert_unknown(err, is_answered, text)
    assert.equal("network", err.kind, text)
    assert.equal(is_answered and "done" or "unknown", err.outcome, text)
    assert.equal(1, err.attempts, text)
    assert.is_false(err.retryable, text)
    assert.matches("look before repeating it", err.hint, 1, true)
  end

  -- `before`: what makes the connection one that was used before.
  local function assert_never_two(call, before)
    local request, made, got = size(server, call), {}, {}
    for n = 0, request + #MADE - 1 do
      if before then before() end
      server:cut(n, n)
      local value, err = call(mark(n))
      made[mark(n)] = value ~= nil
      if value == nil then assert_unknown(err, n >= request + FIRST_LINE, n .. ": " .. tostring(err)) end
    end
    for text in server:log():gmatch(MARK) do got[text] = (got[text] or 0) + 1 end
    for n = 0, request + #MADE - 1 do
      assert.equal((made[mark(n)] or n >= request) and 1 or nil, got[mark(n)], n)
    end
    server:forget()
  end

  local CREATIONS = {
    { "room of OpenTalk", function(text) return ot.rooms:create { password = text } end },
    { "guest link", function(text)
      return room.invites:create { expiration = ("2027-01-01T00:00:00.%sZ"):format(text) }
    end },
    { "event", function(text) return ot.events:create { title = text } end },
    { "invitation", function(text) return event.invites:create { email = text .. "@example.org" } end },
    { "room of Meet", function(text) return meet.rooms:create { configuration = { name = text } } end },
  }
  for _, creation in ipairs(CREATIONS) do
    it("never makes a second " .. creation[1], function() assert_never_two(creation[2]) end)
  end

  it("never makes a second room when it had been used before", function()
    assert_never_two(CREATIONS[1][2], function() salon.check(ot.rooms:get "r") end)
  end)

  it("never sends a change twice", function()
    assert_never_two(function(text) return ot.rooms:update("r", { password = text }) end)
    assert_never_two(function(text) return event.instances:update("20270118T080000Z", { title = text }) end)
    assert_never_two(function(text) return meet.rooms:update("r", { configuration = { name = text } }) end)
  end)

  -- Repeats wait, and each server has a hundred of them: all go at the same time, to
  -- several servers.
  local function assert_repeated(good, once, call)
    local AT_A_SERVER = 80
    local servers, items = {}, {}
    finally(function()
      for _, at in ipairs(servers) do at:stop() end
    end)
    local function add()
      local at = raw.start()
      servers[#servers + 1] = at
      local client = salon.opentalk { controller_url = at:answer("made", MADE), token = SECRET }
      local service = { rooms = client.rooms, room = salon.check(client.rooms:get "r") }
      at:answer("made", good)
      if once then at:once "made" end
      return at, service
    end
    local first, service = add()
    local cuts = size(first, function(id) return call(service, id) end) + #good
    for n = 0, cuts - 1, AT_A_SERVER do
      local at, its = add()
      local last = math.min(n + AT_A_SERVER, cuts) - 1
      for i = n, last, TOGETHER and 1 or 16 do  -- one after the other would take minutes
        items[#items + 1] = { service = its, id = mark(i), at = at, cut = i }
      end
      at:cut(n, last)
    end
    local done, arrived = 0, 0
    for _, item in ipairs(items) do  -- as a whole, before the cut
      if item.cut >= cuts - #good then arrived = arrived + 1 end
    end
    for _, value, err in salon.map(items, function(item)
      if not TOGETHER then item.at:cut(item.cut, item.cut) end  -- else the repeats are cut as well
      return call(item.service, item.id)
    end,
      { concurrency = #items, on_error = "collect" }) do
      assert.is_truthy(value, tostring(err))
      done = done + 1
    end
    assert.equal(#items, done)
    local whole = -1
    for _, at in ipairs(servers) do
      whole = whole + select(2, at:log():gsub("%u+ /%S*/" .. MARK, ""))
    end
    return whole - done, arrived
  end

  it("is no reason to doubt a deletion: it is repeated, and a 404 says that it is done", function()
    local twice, cut = assert_repeated(response("200 OK", "", ""), true, function(service, id)
      return service.rooms:delete(id)
    end)
    assert.equal(cut, twice)
  end)

  it("leaves open what became of a deletion whose repetition is refused", function()
    finally(function() server:answer("made", MADE) end)
    server:answer("made", response("403 Forbidden", "", ""))
    local _, err = event:delete()
    assert.equal("done", err.outcome)
    server:answer("made", MADE)
    salon.check(event:refresh())
    server:answer("made", response("403 Forbidden", "", ""))
    server:cut(9, 9)
    _, err = event:delete()
    assert.same({ 403, 2, "unknown" }, { err.status, err.attempts, err.outcome })
    assert.matches("may have deleted it", err.hint, 1, true)
  end)

  it("is no reason to doubt a PUT, which is repeated", function()
    local twice, cut = assert_repeated(MADE, false, function(service, id)
      return service.room.invites:update(id, { expiration = salon.null })
    end)
    assert.equal(cut, twice)
  end)
end)

describe("a server that cannot be reached", function()
  local function fails(url, options)
    local all = { url = url, token = SECRET, timeout = 5, max_tries = 1 }
    for name, value in pairs(options or {}) do all[name] = value end
    local rooms = salon.meet(all).rooms
    local room, err = rooms:create({})
    assert.is_nil(room)
    assert_silent(err)
    assert_silent(tostring(err))
    assert.equal("unsent", err.outcome)
    return err
  end

  it("may have no address", function()
    local err = fails("https://nowhere.invalid")
    assert.matches("^%l+$", err.kind)
    assert.is_true(err.kind == "network" or err.kind == "timeout", tostring(err))
    assert.matches("nowhere.invalid", err.message .. err.url, 1, true)
  end)

  it("may refuse the connection", function()
    local err = fails("http://127.0.0.1:" .. support.NO_PORT)
    assert.equal("network", err.kind)
    assert.is_true(err.retryable)
    assert.equal(1, err.attempts)
  end)

  it("may never finish its handshake", function()
    local server = raw.start()
    local err = fails(server.url:gsub("^http:", "https:"), { timeout = SHORT })
    server:stop()
    assert.equal("timeout", err.kind)
    assert.matches("TLS handshake", err.message, 1, true)
  end)
end)

describe("a certificate", function()
  local authority, guest, ports

  setup(function()
    authority = Authority.new()
    authority:sign("good", "localhost", "-days 2")
    authority:sign("other", "elsewhere.example", "-days 2")
    authority:sign("expired", "localhost", "-startdate 20200101000000Z -enddate 20200201000000Z")
    local take, servers = support.free_ports(), {}
    ports = {}
    for _, name in ipairs { "good", "other", "expired" } do
      ports[name] = take()
      servers[#servers + 1] = authority:server(name, ports[name],
        '{"count":0,"next":null,"results":[]}')
    end
    guest = require("spec.support.nginx").start(table.concat(servers, "\n"))
  end)

  teardown(function()
    guest:stop()
    authority:remove()
  end)

  local function list(name, ca_file, host)
    local meet = salon.meet { url = ("https://%s:%d"):format(host or "localhost", ports[name]),
      token = SECRET, timeout = 10, ca_file = ca_file }
    return meet.rooms:list()
  end

  local function refused(...)
    local page, err = list(...)
    assert.is_nil(page)
    assert.equal("tls", err.kind, tostring(err))
    assert.equal("unsent", err.outcome)
    assert.equal(1, err.attempts)
    assert.is_false(err.retryable)
    assert_silent(err)
    assert_silent(tostring(err))
    return tostring(err)
  end

  it("is accepted when its authority is known", function()
    assert.equal(0, #salon.check(list("good", authority.ca_file)))
  end)

  it("is refused when its authority is not known", function()
    assert.matches("ca_file", refused("good"))
  end)

  it("is refused when it is for another name", function()
    refused("other", authority.ca_file)
    refused("good", authority.ca_file, "127.0.0.1")
  end)

  it("is refused when it has expired", function()
    assert.matches("expired", refused("expired", authority.ca_file))
  end)
end)
