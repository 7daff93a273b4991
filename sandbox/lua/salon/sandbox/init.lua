-- A double of OpenTalk, its login service and Meet to test against:
--
--   local sandbox = assert(require("salon.sandbox").start { meet = false })
--   local ot = salon.opentalk(sandbox.opentalk.options)
--   sandbox:stop()
--
-- This file runs in the script: it writes a folder, starts nginx with it and talks to
-- its control port. Everything but nginx.lua and shell.lua runs inside nginx.

local nginx = require "salon.sandbox.nginx"
local shell = require "salon.sandbox.shell"

local module = {}

local Sandbox = {}
Sandbox.__index = Sandbox

local PASSWORD = "throwaway-password"

-- Options: name -> { kinds of value, default, versions allowed }.
local SEEDED = {
  rooms = { "number", 0 }, events = { "number", 0 }, latency = { "number", 0 }, seed = { "number", 1 },
  token_life = { "number" }, link_host = { "string" },
}
local OPTIONS = {
  opentalk = { "version", "2026", { ["0.66"] = true, ["2026"] = true, ["2023"] = true, [false] = true } },
  meet = { "version", "1.31", { ["1.31"] = true, ["1.27"] = true, [false] = true } },
  dir = { "string" }, switches = { "table" },
}
for name, option in pairs(SEEDED) do OPTIONS[name] = option end

-- The configuration of the servers. It can be changed while the sandbox runs, as if
-- the real server was restarted.
local SWITCHES = {
  -- Meet: its own address, telephony, public rooms allowed, unknown users are created,
  -- every new room's name collides, an OpenID provider for other tokens ("inactive": it
  -- knows none; "down"), https only, External API on, has a JWT key, the only host it
  -- responds to
  base_url = { "string", "https://meet.example" }, telephony = { "boolean", true },
  public_rooms = { "boolean", false }, new_users = { "boolean", false }, collide = { "boolean", false },
  provider = { "version", false, { inactive = true, down = true, [false] = true } },
  https = { "boolean", false }, applications = { "boolean", true }, jwt_key = { "boolean", true },
  meet_host = { "string", false },
  -- OpenTalk: several tenants, everybody may read all rooms, what is down; rooms' names
  -- get a suffix, addresses that nobody has may be invited, people can be searched for,
  -- events can have a shared folder
  tenants = { "boolean", false }, open_rooms = { "boolean", false }, name_suffix = { "boolean", true },
  outside_addresses = { "boolean", false }, user_search = { "boolean", true }, shared_folders = { "boolean", true },
  provider_down = { "boolean", false }, database_down = { "boolean", false },
  -- login service: path prefix (then X-Forwarded-... is trusted), takes a client's secret
  -- by HTTP Basic only (as other services do), rotates refresh tokens, seconds between two
  -- polls of a device login
  login_prefix = { "string", "" }, basic_only = { "boolean", false }, rotate = { "boolean", false },
  device_interval = { "number", 5 },
}

local FAULT = {
  route = { "string" }, kind = { "string" }, count = { "number" }, skip = { "number" },
  retry_after = { "number or string" }, in_date = { "number" }, reason = { "string" }, host = { "string" },
  seconds = { "number" }, at = { "number" }, by = { "number", nil, nil, true }, size = { "number" },
  worked = { "boolean" },
}

-- The words that are keys of a set, sorted, for messages.
local function words(set)
  local list = {}
  for key in pairs(set) do list[#list + 1] = tostring(key) end
  table.sort(list)
  return table.concat(list, ", ")
end

-- Checks a table of options and returns its values. what: "option" or "switch"; without
-- `defaults` only what was given.
local function check(name, given, spec, what, defaults)
  local function fail(...) error(name .. ": " .. string.format(...), 4) end
  if type(given) ~= "table" then fail("%ss must be a table, got %s", what, type(given)) end
  local values = {}
  for key, option in pairs(defaults and spec or {}) do values[key] = option[2] end
  for key, value in pairs(given) do
    local option = spec[key]
    if not option then fail("unknown %s '%s'", what, tostring(key)) end
    if option[1] == "version" then
      if not option[3][value] then
        fail("%s '%s' knows no version %s; it knows %s", what, key, tostring(value), words(option[3]))
      end
    elseif not (" " .. option[1] .. " "):find(" " .. type(value) .. " ", 1, true)
      and not (value == false and option[2] ~= nil) then
      fail("%s '%s' must be a %s, got %s", what, key, option[1], type(value))
    elseif type(value) == "number" and (value ~= value or value == math.huge or (value < 0 and not option[4])) then
      fail("%s '%s' must not be negative", what, key)
    end
    values[key] = value
  end
  return values
end

-- The folder that holds salon/sandbox/init.lua, as an absolute path: nginx
-- loads its modules from there.
local function module_root()
  local file = debug.getinfo(1, "S").source:match("^@(.*)$") or ""
  local root = file:match("^(.*)[/\\]salon[/\\]sandbox[/\\]init%.lua$")
    or file:match("^salon[/\\]sandbox[/\\]init%.lua$") and "."
  if root and root:sub(1, 1) ~= "/" then
    root = shell.run("pwd"):gsub("\n$", "") .. "/" .. root
  end
  return root
end

local ROLES = { opentalk = { "frontend", "controller", "login" }, meet = { "meet" } }

local function plan_ports(settings)
  local take = shell.free_ports()
  local ports = { control = { plain = take() } }
  local addresses = { http = {}, https = {} }
  for part, roles in pairs(ROLES) do
    for _, role in ipairs(settings[part] and roles or {}) do
      local port = { plain = take(), tls = take() }
      ports[role] = port
      addresses.http[role] = "http://127.0.0.1:" .. port.plain
      addresses.https[role] = "https://localhost:" .. port.tls
    end
  end
  settings.ports, settings.addresses = ports, addresses
end

-- What a client is made of: salon.opentalk(sandbox.opentalk.options).
local function with_options(role, names)
  role.options = {}
  for name in names:gmatch "[%l_]+" do role.options[name] = role[name] end
  return role
end

local function describe(self, settings)
  local plain, tls = settings.addresses.http, settings.addresses.https
  if settings.opentalk then
    local realm = settings.login_prefix .. "/realms/" .. (settings.tenants and "OPENTALK2" or "OPENTALK")
    local users = {}
    for name in (settings.tenants and "kim lee nick olga"
      or "alice bob charlie frank grete henry irene jack"):gmatch("%l+") do users[name] = PASSWORD end
    if users.alice then users.zoe = "throwaway & pass+word=100% é" end
    self.opentalk = with_options({
      version = settings.opentalk, url = plain.frontend, controller_url = plain.controller,
      issuer = plain.login .. realm,
      tls = { url = tls.frontend, controller_url = tls.controller, issuer = tls.login .. realm },
      client_id = "Frontend", username = settings.tenants and "kim" or "alice", password = PASSWORD,
      users = users,
    }, "url client_id username password")
  end
  if settings.meet then
    self.meet = with_options({
      version = settings.meet, url = plain.meet, tls = { url = tls.meet },
      client_id = "throwaway-app", client_secret = "throwaway-secret", user = "ada@example.org",
      users = { "ada@example.org", "grace@example.org", "edsger@example.org" },
    }, "url client_id client_secret user")
  end
end

---Starts a sandbox and returns it once it responds; nil and a message when
---something is missing on this machine. It ends with stop(), or by itself soon after
---this process.
---@param options? table  opentalk, meet: version or false; rooms, events: how
---  many to seed; latency, token_life: seconds; seed: of ids and names;
---  link_host: host named in links; dir: where to make the folder; switches:
---  configuration of the servers
---@return salon.Sandbox? sandbox
---@return string? message
function module.start(options)
  local settings = check("salon.sandbox.start", options or {}, OPTIONS, "option", true)
  local switches = check("salon.sandbox.start", settings.switches or {}, SWITCHES, "switch", true)
  settings.switches = nil
  for name, value in pairs(switches) do settings[name] = value end
  local server, message = nginx.find()
  if not server then return nil, message end
  local dir
  dir, message = shell.make_folder(settings.dir)
  if not dir then return nil, message end
  local self = setmetatable({ dir = dir, ca_file = dir .. "/ca.pem" }, Sandbox)
  settings.dir, settings.parent, settings.key = dir, shell.own_pid(), shell.random_key()
  for attempt = 1, 3 do
    plan_ports(settings)
    local ok
    ok, self.pid, message = pcall(nginx.start, server, settings, module_root(), attempt == 1)
    if not ok then  -- Ctrl-C: nobody else knows of this folder yet
      nginx.abandon(dir)
      shell.remove_folder(dir)
      error(self.pid, 0)
    end
    if self.pid or message ~= "port taken" then break end
  end
  if not self.pid then
    shell.remove_folder(dir)
    return nil, message == "port taken" and "no free ports on 127.0.0.1: close something and try again" or message
  end
  self.control = { url = "http://127.0.0.1:" .. settings.ports.control.plain, key = settings.key }
  describe(self, settings)
  return self
end

local client

-- One call at the control port, over salon's own engine; the response as a table.
local function ask(self, name, values)
  if self.stopped then error("sandbox is stopped", 3) end
  local core = require "salon.core"
  client = client or core.client { label = "sandbox", proxy = "" }
  local request = core.request(client, {
    method = "POST", url = self.control.url .. "/" .. name, retry = "never",
    body = core.encode(values or {}), deadline = core.now() + 30,
  }, nil, { "Content-Type: application/json", "X-Sandbox-Key: " .. self.control.key })
  while not request:done() do request:wait(30) end
  local status, body = request:result()
  local response = status == 200 and core.decode(body, require("cjson").new().decode)
    or { error = status and "the control port gave status " .. status or body.message }
  if response.error then error("sandbox: " .. response.error, 3) end
  return response
end

---Injects a fault into the next `count` (1) requests that fit `route`
---("GET /v1/rooms": method or "*", beginning of the path), after `skip` (0).
---
---kind: "latency", "slow" (`seconds`); "cut" (`at`: byte of the body), "reset"
---(both: `worked`, after the work); "500" (after the work), "502", "503", "429"
---(`retry_after`: seconds or any text, `in_date`: seconds, as a date); "401"
---(`reason`: missing, invalid, expired, inactive, session, unknown_sub, ...);
---"length" (`by`: bytes too many), "garbage" (in the body), "noise" (no HTTP),
---"bomb", "header" (`size` in bytes); in lists "link_host" (`host`),
---"same_link", "moved" (`by`: entries). What needs raw bytes is a reset on HTTP/2.
function Sandbox:fault(fault)
  check("sandbox:fault", fault, FAULT, "option")
  if not (fault.route or ""):match("^%S+ /%S*$") then
    error("sandbox:fault: option 'route' must look like 'GET /v1/rooms'", 2)
  end
  ask(self, "fault", fault)
end

---The requests so far (the last 2,000), newest last: n, role, method, path,
---status (0: cut), scheme, http, body, fault, mails (how many OpenTalk would have sent).
function Sandbox:requests() return ask(self, "requests") end

---The requests for tokens so far: "password 200", "refresh_token 400", ...
function Sandbox:grants() return ask(self, "grants") end

---All rooms of both systems: backend, id, owner, title or name, ...
function Sandbox:rooms() return ask(self, "rooms") end

---Moves the sandbox's clock.
function Sandbox:advance(seconds) ask(self, "advance", { seconds = seconds }) end

---Changes switches, as if the server was restarted with another configuration.
function Sandbox:switch(switches) ask(self, "switch", check("sandbox:switch", switches, SWITCHES, "switch")) end

---Makes or changes something as an administrator would, and returns its id; without an
---id, new ones are drawn. People are named by user name, id or e-mail address. Kinds:
---
---"user" (id: name; new names are new users): disabled, pending, password, logout, unseen
---  (the controller has not met them yet), given, family, display_name, ...
---"realm" (id: name): not_before (no token made before this second counts)
---"room" (OpenTalk): owner ("alice"), password, waiting_room, guest_access,
---  e2e_encryption, name, sip
---"link" (id: the code): room, expiration, active
---"event": owner ("alice") or room (that is there), and the fields of `POST /events`,
---  times as there: starts_at (none: time-independent), ends_at, recurrence_pattern, ...
---"exception" (id: of the series): instance ("20270118T080000Z"), status, title,
---  description, is_all_day, starts_at, ends_at
---"invitation" (id: of the event): user or email; status, role, or gone
---"favourite" (id: of the event): user, or gone, too
---"asset": room, filename, body, kind, namespace
---"application", "meeting" (Meet room; owner, administrator, member; pin = false: none),
---"session" (id: value of the cookie of Meet's web page; gone)
function Sandbox:put(kind, id, fields) return ask(self, "put", { kind = kind, id = id, fields = fields }).id end

---Confirms a device login in the place of a person with a browser.
function Sandbox:approve(user_code, user)
  ask(self, "decide", { code = user_code, user = user or self.opentalk.username })
end

---Refuses a device login.
function Sandbox:deny(user_code) ask(self, "decide", { code = user_code }) end

---Signs claims as the login service ("login", "refresh") or "meet" would.
function Sandbox:sign(issuer, claims) return ask(self, "sign", { issuer = issuer, claims = claims }).token end

---Restores the state at the start; options: rooms, events, latency, token_life,
---seed, link_host.
function Sandbox:reset(options) ask(self, "reset", check("sandbox:reset", options or {}, SEEDED, "option")) end

---Ends the sandbox, waits until it is gone and removes its folder.
function Sandbox:stop()
  if self.stopped then return end
  self.stopped = true
  nginx.stop(self.pid, self.dir)
  shell.remove_folder(self.dir)
end

Sandbox.__close = Sandbox.stop

return module
