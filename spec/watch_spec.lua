-- What a client's on_event is told, and the lines that salon.log makes of it.

local salon = require "salon"
local support = require "spec.support"
local raw = require "spec.support.raw"

describe("on_event", function()
  local sandbox
  setup(function() sandbox = support.start { rooms = 3 } end)
  teardown(function() sandbox:stop() end)

  local function told(more)
    local events = {}
    local given = support.opentalk(sandbox)
    given.on_event = function(event) events[#events + 1] = event end
    for name, value in pairs(more or {}) do given[name] = value end
    return salon.opentalk(given), events
  end

  local function names(events, from)
    local all = {}
    for i = from or 1, #events do all[#all + 1] = events[i].name end
    return table.concat(all, " ")
  end

  it("is told of a login, of each attempt, and of the call as a whole", function()
    local ot, events = told()
    local page = assert(ot.rooms:list())
    assert.matches("attempt done login attempt done$", names(events))
    local done = events[#events]
    assert.same({ "GET", 200, 1, page.response.request_id },
      { done.method, done.status, done.attempts, done.request_id })
    assert.matches("/v1/rooms$", done.url)
    assert.is_true(done.bytes > 100 and done.duration > 0 and done.error == nil)
    for i, event in ipairs(events) do
      if event.name == "done" then assert.equal(i < #events or nil, event.inner) end
    end
  end)

  it("is told of a retry with the pause before it, and of the error in the end", function()
    local server = raw.start()
    finally(function() server:stop() end)
    server:reply("x", "503 Service Unavailable", "", "")
    local events = {}
    local meet = salon.meet { url = server.url .. "/x", token = "t", max_tries = 2,
      on_event = function(event) events[#events + 1] = event end }
    local _, err = meet.rooms:get "a"
    assert.equal("attempt retry attempt done", names(events))
    assert.same({ 503, 2, 2, err }, { events[1].status, events[2].attempt, events[3].attempt, events[4].error })
    assert.is_true(events[2].duration > 0 and events[4].duration >= events[2].duration)
  end)

  it("has each request carry a name that is told, unless the client's headers have one", function()
    local server = raw.start()
    finally(function() server:stop() end)
    server:reply("x", "503 Service Unavailable", "", "")
    local function sent(options)
      local before, events = #server:log(), {}
      options.url, options.token, options.max_tries = server.url .. "/x", "t", 2
      options.on_event = options.on_event and function(event) events[#events + 1] = event end
      local meet = salon.meet(options)
      meet.rooms:get "a"
      local ids = {}
      for id in server:log():sub(before + 1):gmatch "[Xx]%-[Rr]equest%-I[Dd]: (%S+)" do ids[#ids + 1] = id end
      return ids, events, meet
    end
    local ids, events, meet = sent { on_event = true }
    local id = events[4].sent_request_id
    assert.matches("^" .. ("%x"):rep(32) .. "$", id)
    assert.same({ id, id, nil, id }, { ids[1], ids[2], ids[3], events[1].sent_request_id })
    meet.rooms:get "b"
    assert.not_equal(id, events[8].sent_request_id)
    ids, events = sent { on_event = true, headers = { ["x-request-ID"] = "mine" } }
    assert.same({ "mine", "mine" }, ids)
    assert.is_nil(events[4].sent_request_id)
    assert.same({}, (sent {}))
  end)

  it("is told no secret", function()
    local ot, events = told()
    local room = assert(ot.rooms:create())
    local invite = assert(room.invites:create())
    assert(room.invites:get(invite.id))
    assert.equal("attempt done", names(events, #events - 1))
    local text = require("pl.pretty").write(events)
    for _, secret in ipairs { invite.id, sandbox.opentalk.password, ot:token():reveal() } do
      assert.is_nil(text:find(secret, 1, true))
    end
  end)

  it("may fail without harm", function()
    local ot = told { on_event = function() error "no" end }
    assert(ot.rooms:list())
  end)

  it("writes lines with salon.log", function()
    local lines = {}
    local function write(line, level) lines[#lines + 1] = level .. " " .. line end
    local ot = told { on_event = salon.log.write(write) }
    assert(ot.rooms:list())
    assert.matches("^info salon: GET http://%S+/v1/rooms: 200 in [%d.]+ s, %d+ bytes, attempts 1 "
      .. "%[request %S+%] %[sent as %x+%]$", lines[#lines])
    ot.rooms:get "00000000-0000-4000-8000-000000000000"
    assert.matches("^error salon: call failed in [%d.]+ s: GET http", lines[#lines])
    lines = {}
    ot = told { on_event = salon.log.write(write, "debug") }
    assert(ot.rooms:list())
    assert.matches("^debug salon: GET http://%S+ attempt 1: 200 in [%d.]+ s %[sent as %x+%]$", lines[1])
    assert.error_matches(function() salon.log.stderr "loud" end, "must be one of 'debug', 'info', 'error'")
  end)

  it("names who logs in, and tells one refused login or renewal as one failure", function()
    local lines, given = {}, support.opentalk(sandbox)
    local function write(line, level) lines[#lines + 1] = level .. " " .. line end
    given.on_event = salon.log.write(write, "debug")
    local ot = salon.opentalk(given)
    assert(ot:token())
    assert.matches("^info salon: login of alice at http://%S+ in [%d.]+ s$", lines[#lines])
    local token = salon.opentalk { url = given.url, client_id = given.client_id, refresh_token = "melon",
      on_event = salon.log.write(write, "error") }
    lines = {}
    local _, err = token.rooms:list()
    assert.equal("auth", err.kind)
    assert.equal(1, #lines)
    assert.matches("^error salon: login at http://%S+ failed in [%d.]+ s: POST http.*; 'refresh_token' is none",
      lines[1])
  end)

  it("tells of a store that fails and is ignored", function()
    local events, lines = {}, {}
    local write = salon.log.write(function(line, level) lines[#lines + 1] = level .. " " .. line end, "error")
    local broken = salon.store.memory()
    function broken.read() return nil, "the disk is gone", "look for it" end
    local ot = told { store = broken, store_failures = "ignore", on_event = function(event)
      events[#events + 1] = event
      write(event)
    end }
    assert(ot:token())
    local found
    for _, event in ipairs(events) do found = found or event.name == "store" and event end
    assert.same({ "store", "look for it" }, { found.error.kind, found.error.hint })
    assert.matches("^error salon: store failed, the login stays in memory: the store of logins %(memory%) "
      .. "cannot be read: the disk is gone", lines[1])
  end)

  it("writes to the standard error where the environment says so", function()
    local script = ([[local salon = require "salon"
      salon.check(salon.meet { url = %q, client_id = %q, client_secret = %q, user = %q }.rooms:list())]])
      :format(sandbox.meet.url, sandbox.meet.client_id, sandbox.meet.client_secret, sandbox.meet.user)
    local output = support.script({ "-e", script }, { SALON_LOG = "debug" })
    local TIME = "\n%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ "
    assert.matches(TIME .. "salon: login of ada@example.org at http://%S+ in [%d.]+ s\n", output)
    assert.matches("salon: GET http://%S+/rooms/ attempt 1: 200", output)
    assert.equal("", (support.script { "-e", script }))
    assert.equal("", (support.script({ "-e", script }, { SALON_LOG = "" })))
    assert.equal("salon: SALON_LOG must be 'debug', 'info' or 'error'; nothing is logged\n",
      (support.script({ "-e", script }, { SALON_LOG = "loud" })))
  end)
end)
