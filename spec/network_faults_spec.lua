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
