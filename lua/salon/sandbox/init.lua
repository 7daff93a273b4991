-- A double of OpenTalk, its login service and Meet for tests and trials:
--
--   local sandbox = assert(require("salon.sandbox").start { meet = false })
--   ... sandbox.opentalk.url, sandbox.opentalk.username ...
--   sandbox:stop()
--
-- This half runs in the script: it writes a folder, starts nginx with it and
-- talks to its control port. Everything else runs inside nginx.

local nginx = require "salon.sandbox.nginx"
local shell = require "salon.sandbox.shell"

local module = {}

local Sandbox = {}
Sandbox.__index = Sandbox

local PASSWORD = "throwaway-password"

-- name -> { kind of value, default, values allowed }
local OPTIONS = {
  opentalk = { "version", "2026", { ["2026"] = true, ["2023"] = true, [false] = true } },
  meet = { "version", "1.31", { ["1.31"] = true, ["1.27"] = true, [false] = true } },
  rooms = { "number", 0 }, events = { "number", 0 },
  latency = { "number", 0 }, seed = { "number", 1 },
  token_life = { "number" }, link_host = { "string" }, dir = { "string" },
  switches = { "table" },
}

-- Other set-ups of the servers: { kind of value, default }. They can be changed
-- while the sandbox runs, as a restart of the real server would.
local SWITCHES = {
  -- Meet: its own address, telephony, public rooms, making unknown users, a
  -- draw of names that collides, an OpenID provider ("inactive": knows no
  -- token; "down"), https only, External API on, JWT key there, the one host
  base_url = { "string", "https://meet.example" }, telephony = { "boolean", true },
  public_rooms = { "boolean", false }, new_users = { "boolean", false }, collide = { "boolean", false },
  provider = { "string", false }, https = { "boolean", false }, applications = { "boolean", true },
  jwt_key = { "boolean", true }, meet_host = { "string", false },
  -- OpenTalk: several tenants, all rooms open to everybody, what is out of reach
  tenants = { "boolean", false }, open_rooms = { "boolean", false },
  provider_down = { "boolean", false }, database_down = { "boolean", false },
  -- login service: version, path prefix (with which X-Forwarded-... is trusted)
  keycloak = { "string", "26" }, login_prefix = { "string", "" },
}

local function check_switches(name, switches, values)
  for key, value in pairs(switches) do
    local switch = SWITCHES[key]
    if not switch then
      error(("%s: unknown switch '%s'"):format(name, tostring(key)), 3)
    elseif type(value) ~= switch[1] and value ~= false then
      error(("%s: switch '%s' must be a %s, got %s"):format(name, key, switch[1], type(value)), 3)
    elseif key == "keycloak" and value ~= "26" and value ~= "26.0" then
      error(("%s: switch 'keycloak' knows no version %s"):format(name, tostring(value)), 3)
    end
    values[key] = value
  end
  return values
end

local function check_options(name, options, spec)
  if type(options) ~= "table" then
    error(name .. ": options must be a table, got " .. type(options), 3)
  end
  local values = {}
  for key, option in pairs(spec) do values[key] = option[2] end
  for key, value in pairs(options) do
    local option = spec[key]
    if not option then
      error(("%s: unknown option '%s'"):format(name, tostring(key)), 3)
    elseif option[1] == "version" then
      if not option[3][value] then
        error(("%s: option '%s' knows no version %s"):format(name, key, tostring(value)), 3)
      end
    elseif type(value) ~= option[1] then
      error(("%s: option '%s' must be a %s, got %s"):format(name, key, option[1], type(value)), 3)
    elseif option[1] == "number" and (value < 0 or value ~= value or value == math.huge) then
      error(("%s: option '%s' must not be negative"):format(name, key), 3)
    end
    values[key] = value
  end
  return values
end

-- The folder that holds salon/sandbox/init.lua, as an absolute path: nginx
-- loads its half from where this half was found.
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

local function describe(self, settings)
  local plain, tls = settings.addresses.http, settings.addresses.https
  if settings.opentalk then
    self.opentalk = {
      version = settings.opentalk, url = plain.frontend, controller_url = plain.controller,
      issuer = plain.login .. "/realms/OPENTALK",
      tls = { url = tls.frontend, controller_url = tls.controller,
        issuer = tls.login .. "/realms/OPENTALK" },
      client_id = "Frontend", username = "alice", password = PASSWORD,
      users = { alice = PASSWORD, bob = PASSWORD, charlie = PASSWORD, frank = PASSWORD,
        grete = PASSWORD, henry = PASSWORD, irene = PASSWORD, jack = PASSWORD,
        zoe = "throwaway & pass+word=100% é" },
    }
  end
  if settings.meet then
    self.meet = {
      version = settings.meet, url = plain.meet, tls = { url = tls.meet },
      client_id = "throwaway-app", client_secret = "throwaway-secret", user = "ada@example.org",
      users = { "ada@example.org", "grace@example.org", "edsger@example.org" },
    }
  end
end

---Starts a sandbox and returns it once it answers; nil and one sentence when
---the machine lacks something. It ends with stop(), or by itself soon after
---this process.
---@param options? table  opentalk, meet: version or false; rooms, events: how
---  many to seed; latency, token_life: seconds; seed: of ids and names;
---  link_host: host named in links; dir: where to make the folder
---@return salon.Sandbox? sandbox
---@return string? message
function module.start(options)
  local settings = check_options("salon.sandbox.start", options or {}, OPTIONS)
  for name, switch in pairs(SWITCHES) do settings[name] = switch[2] end
  check_switches("salon.sandbox.start", settings.switches or {}, settings)
  settings.switches = nil
  local server, message = nginx.find()
  if not server then return nil, message end
  local dir
  dir, message = shell.make_folder(settings.dir)
  if not dir then return nil, message end
  local self = setmetatable({ dir = dir, ca_file = dir .. "/ca.pem" }, Sandbox)
  settings.dir, settings.parent, settings.key = dir, shell.own_pid(), shell.random_key()
  for attempt = 1, 5 do
    plan_ports(settings)
    self.pid, message = nginx.start(server, settings, module_root(), attempt == 1)
    if self.pid or message ~= "port taken" then break end
  end
  if not self.pid then
    shell.remove_folder(dir)
    return nil, message == "port taken" and "no free ports on 127.0.0.1: close something and try again"
      or message
  end
  self.control = { url = "http://127.0.0.1:" .. settings.ports.control.plain, key = settings.key }
  describe(self, settings)
  return self
end

-- One call at the control port; the answer as a table.
local function ask(self, name, values)
  if self.stopped then error("sandbox is stopped", 3) end
  local answer, message = require("salon.sandbox.call")(self.control, name, values or {})
  if not answer then error("sandbox: " .. message, 3) end
  if answer.error then error("sandbox: " .. answer.error, 3) end
  return answer
end

---Orders misbehaviour.
---@param fault table  route: "GET /v1/rooms" (method or "*", beginning of the
---  path); kind: "429", "503", "expired", "cut" or "link_host"; count (1), skip
---  (0), retry_after (seconds), host
function Sandbox:fault(fault)
  check_options("sandbox:fault", fault, { route = { "string" }, kind = { "string" },
    count = { "number" }, skip = { "number" }, retry_after = { "number" }, host = { "string" } })
  if not (fault.route or ""):match("^%S+ /%S*$") then
    error("sandbox:fault: option 'route' must look like 'GET /v1/rooms'", 2)
  end
  ask(self, "fault", fault)
end

---The requests so far (the last 2,000), newest last: n, role, method, path,
---status (0: cut), scheme, http, body, fault.
function Sandbox:requests() return ask(self, "requests") end

---All rooms of both systems: backend, id, owner, title or name, ...
function Sandbox:rooms() return ask(self, "rooms") end

---Changes switches, as restarting the server with another set-up would.
function Sandbox:switch(switches) ask(self, "switch", check_switches("sandbox:switch", switches, {})) end

---Makes or changes something as an administrator would: kind "user" (id: name;
---disabled, pending, password, logout, ...), "application", "meeting" (Meet
---room), "room", "event", "exception", "invitation", "favourite" (id: of the event).
function Sandbox:put(kind, id, fields) ask(self, "put", { kind = kind, id = id, fields = fields }) end

---Signs claims as the login service ("login", "refresh") or "meet" would.
function Sandbox:sign(issuer, claims) return ask(self, "sign", { issuer = issuer, claims = claims }).token end

---Moves the sandbox's clock.
function Sandbox:advance(seconds) ask(self, "advance", { seconds = seconds }) end

---Back to the state at the start; options: rooms, events, latency, token_life,
---seed, link_host.
function Sandbox:reset(options)
  local spec = {}
  for _, name in ipairs { "rooms", "events", "latency", "token_life", "seed", "link_host" } do
    spec[name] = { OPTIONS[name][1] }
  end
  ask(self, "reset", check_options("sandbox:reset", options or {}, spec))
end

---Ends the sandbox, waits until it is gone and removes its folder.
function Sandbox:stop()
  if self.stopped then return end
  self.stopped = true
  nginx.stop(self.pid, self.dir)
  shell.remove_folder(self.dir)
end

Sandbox.__close = Sandbox.stop

return module
