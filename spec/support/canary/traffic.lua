-- Drives clients of both systems through all kinds of trouble with marked secrets, and collects
-- what they let out. Runs in a script and in nginx; canary_spec.lua makes its setup, with a raw
-- server (spec/support/raw.lua), whose responses are set here: what was sent, in every form.

local canary = require "spec.support.canary"
local core = require "salon.core"
local salon = require "salon"

local ID = "00000000-0000-4000-8000-000000000000"

local function with(given, more)
  local all = {}
  for name, value in pairs(given) do all[name] = value end
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

local function filled(text, with_what)
  return (text:gsub("@", function() return with_what end))
end

-- Responses that repeat a text. Form JSON is one that a string of JSON holds as it is.
local SHAPES = {
  function(reply, text, quoted)
    reply("400 Bad Request", "X-Request-Id: " .. text .. "\r\n", filled('{"code":@,"message":@,"detail":@,'
      .. '"errors":[{"field":@,"code":@,"message":@}]}', quoted))
  end,
  function(reply, _, quoted)
    reply("422 Unprocessable", "", filled('{"error":@,"error_description":@,"title":[@]}', quoted))
  end,
  function(reply, text) reply("500 Internal Server Error", "", "<html><title>" .. text .. "</title><p>" .. text) end,
  function(reply, text) reply("400 Bad Request", "", "cannot use " .. text) end,
  function(reply, text)
    reply("401 Unauthorized", filled('WWW-Authenticate: Bearer error="invalid_token", error_description="@"\r\n',
      text:gsub('[\\"]', "\\%0")), "")
  end,
  function(reply, text)
    reply("302 Found", filled("Location: https://@", text) .. "@x" .. filled("/@?x=@#@\r\n", text), "")
  end,
  function(reply, _, quoted) reply("200 OK", "", filled('{"access_token":@,"id":@,"a":', quoted)) end,
  function(reply, _, quoted)
    reply("200 OK", "", filled('{"access_token":"a b","refresh_token":@,"id":[@],"device_code":@}', quoted))
  end,
  function(reply, text) reply("200 OK", "", "no JSON: " .. text) end,
  function(reply, text) reply("200 OK", "", "<html>" .. text) end,
}

---@param s table  url and folder of the raw server, words by name, paths of files …; step: 1 for all
---  forms to be repeated, 4 for every fourth; plant: true for a leak
---@return table report  hits; how many forms, texts, bytes, calls
return function(s)
  local w, out, calls = s.words, canary.collection(), 0
  local forms = {}
  for i = 1, #canary.FORMS, s.step do forms[#forms + 1] = canary.FORMS[i] end
  local is_nginx = rawget(_G, "ngx") ~= nil
  local log = is_nginx and salon.log.ngx "debug" or salon.log.stderr "debug"
  local line = salon.log.write(function(text) out:add("line of the log", text) end, "debug")

  if s.plant then
    local watch = require "salon.internal.watch"
    local tell = watch.tell
    watch.tell = function(http, event)
      event.note = w.password
      tell(http, event)
    end
  end

  -- What a call let out: nil, err; or what is shown of a result.
  local function note(where, value, err)
    calls = calls + 1
    if type(value) == "userdata" then out:add(where, value) end  -- a text or a table is what was asked for
    if value == nil then out:add(where, assert(err, where), "x" .. err, select(2, pcall(salon.check, nil, err))) end
  end

  -- A mistake, or a walk that breaks.
  local function raises(where, ...)
    local ok, message = pcall(...)
    assert(not ok, where .. " raised nothing")
    out:add(where, message, salon.caught(message))
  end

  local function reply(name)
    return function(status, headers, body)
      write(s.folder .. "/" .. name,
        ("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n"):format(status, headers, #body) .. body)
    end
  end

  local COMMON = { url = s.url, max_tries = 1, proxy = "", headers = { ["X-Gateway"] = "Bearer " .. w.header },
    on_event = function(event)
      out:add("event", event)
      line(event)
      log(event)
    end }
  local LOGIN = { issuer = s.url, token_endpoint = s.url .. "/token", client_id = "c" }
  local function opentalk(more)
    return salon.opentalk(with(COMMON, with({ controller_url = s.url .. "/api" }, more)))
  end
  local function meet(more) return salon.meet(with(COMMON, more)) end

  -- Everything that can be walked to from a client.
  local function shown(client)
    out:add("client", tostring(client), client.rooms, client.events)
    return client
  end

  local function let_in()
    reply "token" ("200 OK", "", core.encode { access_token = w.access_token, refresh_token = w.issued_refresh_token,
      id_token = w.id_token, expires_in = 600, token_type = "Bearer" })
    reply "external-api" ("200 OK", "", core.encode { access_token = w.access_token, expires_in = 600 })
  end
  local function give_room()
    reply "api" ("200 OK", "", core.encode { id = ID, password = w.room_password })
  end

  -- Has the server named repeat, in each form and shape, what calls have sent; three each, in turn.
  local function repeated(name, where, sent, asks)
    local turn = 0
    for _, form in ipairs(forms) do
      for _, shape in ipairs(SHAPES) do
        for _ = 1, math.min(3, #asks) do
          turn = turn % #asks + 1
          local ask, texts = asks[turn], {}
          for _, word in ipairs(sent) do texts[#texts + 1] = form.play(word) end
          for i = 2, #ask do texts[#texts + 1] = form.play(ask[i]) end
          local text = table.concat(texts, " ")
          shape(reply(name), text, form.name:find "^JSON" and '"' .. text .. '"' or core.encode(text))
          ask[1](where)
        end
      end
    end
  end

  local function asks_of_opentalk(ot, room)
    local function asks(work, ...)
      return { function(where) note(where, work()) end, ... }
    end
    local function walks(walk)
      return { function(where)
        raises(where, function()
          for entry in walk() do
            if type(entry) == "userdata" then out:add(where, tostring(entry)) end
          end
          error "the end"
        end)
      end }
    end
    return {
      asks(function() return ot.rooms:create { password = w.room_password } end, w.room_password),
      asks(function() return ot.rooms:update(ID, { password = core.secret(w.room_password) }) end, w.room_password),
      asks(function()
        return ot.events:create { title = "x", streaming_targets = { { streaming_key = w.streaming_key } } }
      end, w.streaming_key),
      asks(function() return room.invites:get(w.invite_code) end, w.invite_code),
      asks(function() return room.invites:verify(w.invite_code) end, w.invite_code),
      asks(function() return ot:call("GET", "/v1/rooms/r/invites/" .. w.invite_code) end, w.invite_code),
      asks(function()
        return ot:call("GET", "/v1/x", { query = { invite_code = w.invite_code } })
      end, w.invite_code),
      asks(function()
        return ot:call("POST", "/v1/x", { json = { room = { password = w.room_password },
          targets = { { streaming_key = w.streaming_key } } } })
      end, w.room_password, w.streaming_key),
      asks(function() return ot:whoami() end),
      walks(function() return ot.rooms:each() end),
      walks(function() return ot:pages "/v1/rooms" end),
    }
  end

  -- The API of OpenTalk, with a login and with a token from outside.
  let_in()
  give_room()
  local ot = shown(opentalk(with(LOGIN, { username = "u", password = w.password, client_secret = w.client_secret,
    one_time_code = core.secret(w.one_time_code) })))
  local token = assert(ot:token())
  out:add("token", tostring(token), tostring(token.response), token.scopes)
  local room = assert(ot.rooms:get(ID))
  out:add("record", tostring(room), tostring(room.invites))
  repeated("api", "an API", { w.password, w.client_secret, w.one_time_code, w.access_token, w.issued_refresh_token,
    w.id_token, w.header }, asks_of_opentalk(ot, room))
  shown(ot)
  for _, given in ipairs { w.token, core.secret(w.token), function() return w.token end } do
    give_room()
    local one = opentalk { token = given }
    repeated("api", "an API with a token", { w.token, w.header },
      { asks_of_opentalk(one, assert(one.rooms:get(ID)))[1] })
    shown(one)
  end

  -- Meet: refused at the login, and by the API.
  local function meet_of(given) return shown(meet(given)) end
  local application = { client_id = "c", client_secret = w.client_secret, user = "ada@example.org" }
  repeated("external-api", "Meet's login", { w.client_secret, w.header }, { { function(where)
    note(where, meet_of(application).rooms:list())
  end } })
  local visio = meet_of { token = w.token }
  repeated("external-api", "Meet", { w.token, w.header }, {
    { function(where) note(where, visio.rooms:create {}) end },
    { function(where)
      note(where, visio:call("POST", "/rooms/", { json = { pin = w.room_password } }))
    end, w.room_password },
    { function(where) note(where, visio:whoami()) end },
    { function(where) raises(where, function() for _ in visio.rooms:each() do break end error "the end" end) end },
  })

  reply "well-known-openid-configuration" ("200 OK", "", core.encode { issuer = s.url,
    token_endpoint = s.url .. "/token", end_session_endpoint = s.url .. "/end",
    device_authorization_endpoint = s.url .. "/device" })

  -- The ways in, where a login service refuses them; secrets from all places.
  reply "device" ("200 OK", "", core.encode { device_code = w.device_code, user_code = "AB-CD", interval = 0.001,
    verification_uri = "https://x/" })
  local function login(given, ...)
    return { function(where)
      note(where, opentalk(with(LOGIN, given)):token { timeout = given.device and 0.05 })
    end, ... }
  end
  local function by_password(read_password, more, ...)
    return login(with({ username = "u", password = read_password }, more), w.password, ...)
  end
  local typed
  if is_nginx then raises("stdin", salon.secret.stdin) else typed = salon.secret.stdin() end
  local ways = {
    by_password(salon.secret.file(s.secret_file), { one_time_code = w.one_time_code }, w.one_time_code),
    by_password(salon.secret.command(("cat %s; cat /proc/[0-9]*/cmdline >%s.processes"):format(s.secret_file,
      s.secret_file))),
    by_password(salon.secret.env "CANARY_SECRET"),
    by_password(typed or function() return core.secret(w.password) end),
    login({ client_secret = w.client_secret }, w.client_secret),
    login({ refresh_token = w.refresh_token, client_secret = function() return w.client_secret end },
      w.refresh_token, w.client_secret),
    login({ device = function(prompt) out:add("prompt", prompt) end }, w.device_code),
  }
  repeated("token", "a login", { w.header }, ways)
  out:add("arguments of a process", read(s.secret_file .. ".processes"))
  let_in()

  local LET_IN = with(LOGIN, { username = "u", password = w.password })
  repeated("end", "a logout", { w.access_token, w.issued_refresh_token, w.id_token, w.password, w.header }, {
    { function(where)
      local one = opentalk(LET_IN)
      assert(one:token())
      note(where, one:logout())
    end } })

  -- A proxy that repeats its login.
  repeated("x", "a proxy", { w.proxy_password, w.header, w.token }, { { function(where)
    local one = opentalk { controller_url = "http://127.0.0.1:1/x", no_proxy = "", token = w.token,
      proxy = (s.url:gsub("//", function() return "//user:" .. core.form({ "", w.proxy_password }):sub(2) .. "@" end)) }
    note(where, shown(one).rooms:list())
  end } })

  -- Trouble on the way.
  give_room()
  local SECRETS = with(LET_IN, { client_secret = w.client_secret })
  for _, more in ipairs {
    { token_endpoint = "http://127.0.0.1:1/token" },
    { token_endpoint = s.url:gsub("http:", "https:") .. "/token", timeout = 0.3 },
    { token_endpoint = s.tls_url .. "/token" }, { token_endpoint = s.url .. "/hang", timeout = 0.1 },
    { token_endpoint = s.url .. "/missing" }, { issuer = s.url .. "/missing" },
    { client_cert = s.cert_file, client_key = s.key_file, client_key_password = w.client_key_password,
      token_endpoint = s.tls_url .. "/token", ca_file = s.ca_file },
    { client_cert = s.cert_file, client_key = s.key_file, client_key_password = core.secret(w.client_secret),
      token_endpoint = s.tls_url .. "/token", ca_file = s.ca_file },
    { password = salon.secret.file(s.secret_file .. ".missing") },
    { password = function() return w.password .. "\n" end },
    { password = function() return nil, "nothing there" end },
  } do
    local one = shown(opentalk(with(SECRETS, more)))
    note("trouble", one:token())
    note("trouble", one.rooms:list())
  end
  note("trouble", opentalk({ token = function() return w.token .. " \n" end }).rooms:list())
  note("trouble", opentalk({ token = w.token, controller_url = s.url .. "/missing" }).rooms:list())

  -- Successes that are none: the client does not know yet what is secret in there.
  local fresh = ('"access_token":"%s\\n","refresh_token":"%s","id_token":"%s"'):format(w.access_token,
    w.issued_refresh_token, w.id_token)
  for _, body in ipairs { "{" .. fresh, "{" .. fresh .. "}", "<html>" .. fresh, fresh, "[{" .. fresh .. "}]" } do
    for _, name in ipairs { "token", "external-api", "device" } do reply(name)("200 OK", "", body) end
    note("no success", opentalk(SECRETS):token())
    note("no success", opentalk(with(LOGIN, { device = print })):token())
    note("no success", meet_of(application).rooms:list())
  end
  let_in()

  -- Mistakes.
  local url = "http://user:" .. core.form({ "", w.password }):sub(2) .. "@127.0.0.1"
  for _, more in ipairs {
    { url = url }, { issuer = url }, { token_endpoint = url }, { proxy = url .. ":x" }, { proxy = "ftp" .. url },
    { proxy = w.proxy_password }, { password = w.password .. "\n" }, { password = w.password .. "\0" },
    { password = { w.password } }, { client_secret = " " .. w.client_secret }, { client_secret = core.null },
    { one_time_code = w.one_time_code .. "\n" }, { token = w.token .. "\n" }, { token = w.token },
    { headers = { x = w.header .. "\n" } }, { headers = { Cookie = w.header } }, { headers = { x = { w.header } } },
    { client_key_password = { w.client_key_password } }, { client_cert = w.client_key_password },
    { pasword = w.password }, { store = { read = w.password } }, { timeout = w.password }, { device = w.password },
    { http_version = w.password },
  } do
    for make, given in pairs { [opentalk] = SECRETS, [meet] = application } do
      local ok, client = pcall(make, with(given, more))
      out:add("a mistake", client)
      if ok then note("a mistake", shown(client).rooms:list()) end
    end
  end
  give_room()
  raises("a mistake", function() return ot.rooms:create { password = w.room_password:rep(20) } end)
  raises("a mistake", function() return ot.rooms:create { password = { w.room_password } } end)
  raises("a mistake", function() return ot.rooms:create { pasword = w.room_password } end)
  raises("a mistake", function() return room.invites:get(w.invite_code .. "/x") end)
  raises("a mistake", function() return room.invites:get(w.invite_code:rep(20)) end)
  raises("a mistake", function() return ot:call("GET", w.invite_code) end)
  raises("a mistake", function() return ot:call("PUT", "/x", { json = { pin = core.secret(w.room_password) } }) end)
  raises("a mistake", function() return ot:call("POST", "/x", { query = { password = { w.room_password } } }) end)
  raises("a mistake", salon.store.redis, { password = { w.redis_password } })
  raises("a mistake", function() return core.token { access = w.token .. "\n" } end)

  -- Stores: what they hold is theirs, all else is not; and they repeat what they were given.
  for _, failing in ipairs { "read", "write", "lock", "unlock", "none" } do
    for _, form in ipairs(forms) do
      for _, failures in ipairs { "report", "ignore" } do
        local kept, store = {}, {}
        function store.read(key) return kept[key], kept[key] end
        function store.write(key, blob) out:add("key of a store", key) kept[key] = blob return true end
        function store.lock() return {} end
        function store.unlock() return true end
        if store[failing] then
          store[failing] = function(key, blob)
            error(("no INSERT INTO logins VALUES ('%s', '%s')"):format(key, form.play(tostring(blob))))
          end
        end
        local more = { store = store, store_failures = failures }
        local one = opentalk(with(LET_IN, more))
        note("a store", one:token())
        note("a store", one:logout())
        shown(one)
        note("a store", meet_of(with(application, more)).rooms:list())
      end
    end
  end
  for _, store in ipairs { is_nginx and salon.store.shdict "logins" or salon.store.memory(),
    salon.store.file(s.store_file),
    salon.store.redis { port = s.redis_port, password = w.redis_password },
    salon.store.redis { port = s.redis_port, password = function() return w.redis_password end, username = "u" } } do
    out:add("store", store)
    note("a store", shown(opentalk(with(LET_IN, { store = store }))):token())
    note("a store", meet_of(with(application, { store = store })).rooms:list())
    local blob, message = store.read "x"
    out:add("a store", blob, message, select(2, store.write("x", "blob", 1)))
    if store.name:find "redis" then assert(message:find "args beginning with:.*%*%*%*", message) end
  end
  local entries = read(s.store_file)
  assert(entries:find(w.access_token, 1, true))
  for key in entries:gmatch '"([^"]+)":{"' do out:add("key of a file", key) end
  write(s.store_file, '{"other":"' .. w.issued_refresh_token .. '"}')
  note("a store", opentalk(with(LET_IN, { store = salon.store.file(s.store_file) })):token())

  -- Without a function of one's own the environment decides.
  let_in()
  for _, given in ipairs { with(LET_IN, { url = s.url, proxy = "" }), { url = s.url, token = w.token, proxy = "" } } do
    given.max_tries = 1
    note("SALON_LOG", salon.opentalk(given).rooms:list())
  end

  return { hits = (canary.search(out.texts, w)), forms = #canary.FORMS, texts = out.count, bytes = out.bytes,
    calls = calls }
end
