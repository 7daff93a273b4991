-- Options and arguments: mistakes of the caller raise at the caller's line, in
-- words that name function and option.

local salon = require "salon"
local options = require "salon.internal.options"

local OT = { url = "https://meet.example.org", client_id = "Frontend", username = "alice",
             password = "secret" }
local MEET = { url = "https://visio.example.org", client_id = "id", client_secret = "secret",
               user = "ada@example.org" }

local function with(base, extra)
  local copy = {}
  for name, value in pairs(base) do copy[name] = value end
  for name, value in pairs(extra) do copy[name] = value end
  return copy
end

local function without(base, name)
  local copy = with(base, {})
  copy[name] = nil
  return copy
end

-- The message of a mistake, after checking that it points at the caller's line.
local function mistake(call, ...)
  local arguments, n = { ... }, select("#", ...)
  local line
  local ok, message = pcall(function()
    line = debug.getinfo(1, "l").currentline; call((table.unpack or unpack)(arguments, 1, n))
    return nil
  end)
  assert.is_false(ok)
  local file, at, text = message:match("^(.-):(%d+): (.*)$")
  assert(file, "no position in: " .. tostring(message))
  assert.matches("options_spec%.lua$", file)
  assert.equal(line, tonumber(at))
  return text
end

describe("option 'no_proxy'", function()
  it("overrides the environment, also with none at all", function()
    local support = require "spec.support"
    for option, proxied in pairs { ["nil"] = "false", ["''"] = "true", ["'127.0.0.1'"] = "false" } do
      local output = support.script({ "-e", ([[
        local client = require("salon").meet { url = "http://127.0.0.1:1", token = "t",
          proxy = "http://127.0.0.1:2", no_proxy = %s, max_tries = 1 }
        local _, err = client.rooms:list()
        io.write(tostring(err.message:find("port 2", 1, true) ~= nil))]]):format(option) },
        { no_proxy = "127.0.0.1" })
      assert.equal(proxied, output)
    end
  end)
end)

describe("salon.opentalk and salon.meet", function()
  it("do nothing but look at their options", function()
    local ot = salon.opentalk(OT)
    assert.equal("salon.Client(opentalk https://meet.example.org)", tostring(ot))
    assert.equal("salon.Client(meet https://visio.example.org)", tostring(salon.meet(MEET)))
  end)

  it("guess what a misspelt option was meant to be", function()
    assert.equal("salon.opentalk: unknown option 'usrname', did you mean 'username'?",
      mistake(salon.opentalk, with(OT, { usrname = "x" })))
    assert.equal("salon.opentalk: unknown option 'pasword', did you mean 'password'?",
      mistake(salon.opentalk, with(OT, { pasword = "x" })))
    assert.equal("salon.meet: unknown option 'client_secert', did you mean 'client_secret'?",
      mistake(salon.meet, with(MEET, { client_secert = "x" })))
    for _, name in ipairs { "colour", "verify" } do
      assert.equal("salon.meet: unknown option '" .. name .. "', options are allow_insecure, ca_file, "
        .. "ca_path, client_cert, client_id, client_key, client_key_password, client_secret, "
        .. "connect_timeout, headers, host, http_version, max_body, max_per_origin, "
        .. "max_rate, max_tries, no_proxy, on_event, proxy, retry_after_cap, silence_timeout, store, "
        .. "store_failures, timeout, token, url, user, user_agent", mistake(salon.meet, with(MEET, { [name] = "x" })))
    end
    assert.equal("salon.meet: unknown option '1' (options have names)",
      mistake(salon.meet, { "https://visio.example.org" }))
  end)

  it("name what is missing", function()
    assert.equal("salon.opentalk: option 'url' is required",
      mistake(salon.opentalk, without(OT, "url")))
    assert.equal("salon.opentalk: option 'client_id' is required (or give 'token')",
      mistake(salon.opentalk, without(OT, "client_id")))
    assert.equal("salon.opentalk: option 'url' is required", mistake(salon.opentalk))
    assert.equal("salon.meet: option 'url' is required", mistake(salon.meet, without(MEET, "url")))
    assert.equal("salon.meet: option 'client_secret' is required (or give 'token')",
      mistake(salon.meet, without(MEET, "client_secret")))
  end)

  it("refuse wrong types and values that cannot work", function()
    assert.equal("salon.opentalk: option 'timeout' must be a number, got string",
      mistake(salon.opentalk, with(OT, { timeout = "5" })))
    assert.equal("salon.opentalk: option 'timeout' must be greater than 0",
      mistake(salon.opentalk, with(OT, { timeout = 0 })))
    assert.equal("salon.opentalk: option 'timeout' must be finite",
      mistake(salon.opentalk, with(OT, { timeout = 0 / 0 })))
    assert.equal("salon.opentalk: option 'max_tries' must be an integer",
      mistake(salon.opentalk, with(OT, { max_tries = 1.5 })))
    assert.equal("salon.opentalk: option 'http_version' must be one of 'auto', '1.1', '2'",
      mistake(salon.opentalk, with(OT, { http_version = "3" })))
    assert.equal("salon.opentalk: option 'password' must be a string or salon.Secret or function, "
      .. "got number", mistake(salon.opentalk, with(OT, { password = 1234 })))
    assert.equal("salon.opentalk: option 'password' must not be empty",
      mistake(salon.opentalk, with(OT, { password = "" })))
    assert.equal("salon.opentalk: options must be a table, got string",
      mistake(salon.opentalk, "https://meet.example.org"))
    assert.equal("salon.opentalk: option 'ca_file' names a file that cannot be read",
      mistake(salon.opentalk, with(OT, { ca_file = "/nowhere/at/all.pem" })))
    assert.equal("salon.opentalk: option 'user_agent' must not hold control characters",
      mistake(salon.opentalk, with(OT, { user_agent = "a\r\nb: c" })))
  end)

  it("refuse plain http to other machines unless told otherwise", function()
    for _, name in ipairs { "url", "frontend_url", "controller_url", "issuer", "token_endpoint" } do
      local message = mistake(salon.opentalk, with(OT, { [name] = "http://meet.example.org" }))
      assert.matches("^salon%.opentalk: option '" .. name .. "' is plain http://", message)
    end
    assert.matches("plain http", mistake(salon.meet, with(MEET, { url = "http://10.0.0.1:8000" })))
    for _, url in ipairs { "http://localhost", "http://127.0.0.1:8080/x/", "http://[::1]:80" } do
      assert.is_truthy(salon.opentalk(with(OT, { url = url })))
    end
    assert.is_truthy(salon.meet(with(MEET, { url = "http://visio.intern", allow_insecure = true })))
  end)

  it("refuse what is no usable URL", function()
    for _, url in ipairs { "meet.example.org", "ftp://x.y", "https://a:b@x.y", "https://x.y/?q=1",
      "https://x.y/#f", "https:// x", "https://" } do
      assert.matches("^salon%.meet: option 'url' is not a usable URL: ",
        mistake(salon.meet, with(MEET, { url = url })))
    end
  end)

  it("take one way to log in, not two", function()
    assert.equal("salon.opentalk: options 'token' and 'username' exclude each other",
      mistake(salon.opentalk, with(OT, { token = "t" })))
    assert.equal("salon.meet: options 'token' and 'client_id' exclude each other",
      mistake(salon.meet, with(MEET, { token = "t" })))
    assert.is_truthy(salon.opentalk { url = "https://meet.example.org", token = "t" })
    assert.is_truthy(salon.meet { url = "https://x.example.org", token = salon.secret "t" })
  end)

  it("leave the caller's table alone", function()
    local given = with(OT, { url = "https://meet.example.org/" })
    salon.opentalk(given)
    assert.equal("https://meet.example.org/", given.url)
    assert.equal("secret", given.password)
  end)
end)

describe("methods", function()
  local ot, meet = salon.opentalk(OT), salon.meet(MEET)

  it("want a colon", function()
    assert.equal("rooms:get: wrong self (string); call it with a colon: rooms:get(...)",
      mistake(ot.rooms.get, "x"))
    assert.equal("rooms:list: wrong self (nil); call it with a colon: rooms:list(...)",
      mistake(meet.rooms.list))
    assert.equal("events:each: wrong self (table); call it with a colon: events:each(...)",
      mistake(ot.events.each, ot.rooms))
    assert.equal("client:token: wrong self (table); call it with a colon: client:token(...)",
      mistake(ot.token, {}))
  end)

  it("refuse ids that would be another path", function()
    local bad = {
      [""] = "must not be empty", ["a/b"] = "must not hold a slash",
      ["a\\b"] = "must not hold a slash", [".."] = "must not hold '..'",
      ["a..b"] = "must not hold '..'", ["."] = "must not hold '..'",
      ["a\nb"] = "must not hold control characters", ["a\0b"] = "must not hold control characters",
      ["a\127"] = "must not hold control characters",
      [("a"):rep(256)] = "must have at most 255 bytes",
      [("a b"):rep(86)] = "must have at most 255 bytes",
    }
    for id, why in pairs(bad) do
      for _, service in ipairs { ot.rooms, meet.rooms } do
        assert.equal("rooms:get: argument 'id' " .. why, mistake(service.get, service, id))
      end
      assert.equal("events:get: argument 'id' " .. why, mistake(ot.events.get, ot.events, id))
    end
    assert.equal("rooms:get: argument 'id' must not hold a dot",  -- an alias of OpenTalk may
      mistake(meet.rooms.get, meet.rooms, "a.b"))
    assert.equal("rooms:get: argument 'id' must be a string, got nil",
      mistake(ot.rooms.get, ot.rooms))
    assert.equal("rooms:delete: argument 'id' must not be empty",
      mistake(meet.rooms.delete, meet.rooms, ""))
  end)

  it("refuse unknown options, filters and fields", function()
    assert.equal("rooms:list: unknown option 'perpage', did you mean 'per_page'?",
      mistake(ot.rooms.list, ot.rooms, { perpage = 1 }))
    assert.equal("events:each: unknown option 'time_mim', did you mean 'time_min'?",
      mistake(ot.events.each, ot.events, { time_mim = "2026-11-01T00:00:00Z" }))
    assert.equal("rooms:create: unknown field 'waitingroom', did you mean 'waiting_room'?",
      mistake(ot.rooms.create, ot.rooms, { waitingroom = true }))
    assert.equal("rooms:create: unknown field 'slug', fields are access_level, configuration",
      mistake(meet.rooms.create, meet.rooms, { slug = "x" }))
    assert.equal("rooms:get: unknown option 'timout', did you mean 'timeout'?",
      mistake(ot.rooms.get, ot.rooms, "x", { timout = 1 }))
  end)

  it("look at a hidden text as at a plain one, and do not show it", function()
    for text, why in pairs { ["\255abc"] = "must be UTF-8", [""] = "must not be empty",
      [("x"):rep(256)] = "must have at most 255 characters", ["a\0b"] = "must not hold a NUL" } do
      for _, given in ipairs { text, salon.secret(text) } do
        assert.equal("rooms:create: field 'password' " .. why,
          mistake(ot.rooms.create, ot.rooms, { password = given }))
      end
    end
  end)

  it("refuse filters that the server would refuse", function()
    local function list(filters) return mistake(ot.events.list, ot.events, filters) end
    assert.equal("events:list: option 'time_min' must be an RFC 3339 time such as "
      .. "'2026-11-01T00:00:00Z'", list { time_min = "2026-11-01" })
    assert.equal("events:list: option 'time_min' has no offset: write '2026-11-01T00:00:00Z' for UTC",
      list { time_min = "2026-11-01T00:00:00" })
    assert.equal("events:list: option 'per_page' must be between 1 and 100",
      list { per_page = 101 })
    assert.equal("events:list: option 'invite_status' must be made of 'pending', 'accepted', "
      .. "'tentative', 'declined'", list { invite_status = "accepted,maybe" })
    assert.matches("must be made of", list { invite_status = { "pending", "" } })
    assert.equal("events:list: option 'invite_status' must be a list without gaps",
      list { invite_status = { nil, "pending" } })
    assert.equal("events:list: option 'adhoc' must be a boolean, got string",
      list { adhoc = "false" })
  end)

  it("refuse to work for a closed client", function()
    local gone = salon.opentalk(OT)
    local rooms = gone.rooms
    gone:close()
    gone:close()
    assert.equal("rooms:get: the client is closed", mistake(rooms.get, rooms, "x"))
    assert.equal("rooms:each: the client is closed", mistake(rooms.each, rooms))
    assert.equal("client:token: the client is closed", mistake(ot.token, gone))
    assert.equal("salon.Client(closed)", tostring(gone))
  end)

  it("want somebody to act for", function()
    local nobody = salon.meet(without(MEET, "user"))
    assert.equal("rooms:list: option 'user' is required (here or for the client)",
      mistake(nobody.rooms.list, nobody.rooms))
    local given = salon.meet { url = "https://x.example.org", token = "t" }
    assert.equal("rooms:list: option 'user' makes no sense with a token from outside",
      mistake(given.rooms.list, given.rooms, { user = "a@b.c" }))
  end)
end)

describe("options.nearest", function()
  it("counts swapped letters once and stays silent when nothing is near", function()
    local spec = { username = 1, url = 1, user_agent = 1 }
    assert.equal("username", options.nearest("uesrname", spec))
    assert.equal("username", options.nearest("UserName", spec))
    assert.equal("url", options.nearest("urll", spec))
    assert.is_nil(options.nearest("colour", spec))
    assert.is_nil(options.nearest("client_cert", { client_secret = 1 }))
    assert.is_nil(options.nearest(("x"):rep(100), spec))
  end)
end)
