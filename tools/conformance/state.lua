-- The sandboxes that stand for the servers of a recording, in the state in
-- which the recording began.

local json = require "salon.sandbox.json"
local sandbox = require "salon.sandbox"

-- Each server has ids of its own.
local seed = 0

local function start(options)
  seed = seed + 1
  options.seed = seed
  return assert(sandbox.start(options))
end

-- Rooms of Meet that responses show and that no response of the file made were
-- there from the start. Whoever's token sees them has a role in them; what a PATCH
-- sets was of no importance before.
local function put_rooms(server, exchanges, holders)
  local known = {}
  local function add(id, fields)
    if not known[id] then server:put("meeting", id, fields) end
    known[id] = true
  end
  local function seen(room, user, sent)
    local fields = { owner = user .. "@example.org", name = room.name, slug = room.slug,
      access_level = room.access_level, configuration = room.configuration,
      pin = room.telephony and (room.telephony.pin_code ~= json.null and room.telephony.pin_code) }
    for name in pairs(sent) do fields[name] = nil end
    add(room.id, fields)
  end
  for _, exchange in ipairs(exchanges) do
    local request, response = exchange.request, exchange.response
    local holder = holders[(request.headers.Authorization or ""):match "throwaway%-token%-%d+" or ""]
    local body = json.read(response.body)
    local unknown = request.path:match "/rooms/(%x+%-[%x-]+)/?$"
    if response.status == 201 then
      known[body.id] = true
    elseif response.status == 200 and holder and type(body) == "table" and (body.id or body.results) then
      local sent = request.method == "PATCH" and json.read(request.body or "") or {}
      for _, room in ipairs(body.results or { body }) do seen(room, holder.user, sent) end
    elseif response.status == 403 and unknown and response.body:find "permission to perform" then
      add(unknown, { owner = "stranger@example.org", access_level = "public" })
    end
  end
end

local function meet(name, exchanges, holders)
  local server = start { opentalk = false, meet = name:match "meet%-(%d+%.%d+)",
    switches = { meet_host = "meet.example" } }
  server.origin = server.meet.url
  local secrets = {}
  for holder, about in pairs(holders) do
    local value = holder .. "." .. ("x"):rep(about.length - #holder - 1)
    if about.kind == "web session cookie" then server:put("session", value, {}) end
    if about.kind == "client secret" then
      secrets[about.client] = value
      server:put("application", about.client, { secret = secrets[about.client],
        scopes = { "rooms:list", "rooms:retrieve", "rooms:create" } })
    end
  end
  put_rooms(server, exchanges, holders)
  return { main = server }, function() return "main" end, secrets
end

local function keycloak()
  local servers = { main = start { meet = false },
    prefixed = start { meet = false, switches = { login_prefix = "/auth" } } }
  servers.prefixed.prefix = "/auth"
  for _, server in pairs(servers) do server.origin = server.opentalk.issuer:match "^https?://[^/]+" end
  return servers, function(what) return what:find "^prefixed%-" and "prefixed" or "main" end, {}
end

local SECOND = { ["ot-tenants-"] = true, ["ot-open-"] = true, ["ot-down-"] = true, ["ot-nofind-"] = true }

local function opentalk(name)
  local version = name:match "opentalk%-(%d+)"
  local servers = { main = start { meet = false, opentalk = version },
    second = start { meet = false, opentalk = version, switches = { tenants = true, outside_addresses = true } } }
  for _, server in pairs(servers) do server.origin = server.opentalk.controller_url end
  servers.main.realm, servers.second.realm = "OPENTALK", "OPENTALK2"
  return servers, function(what) return SECOND[what:match "^ot%-%l+%-" or ""] and "second" or "main" end, {}
end

---Servers by name, which of them the name of an exchange means, and the secrets of
---applications that were made for the recording.
return function(name, exchanges, holders)
  if name:find "^meet" then return meet(name, exchanges, holders) end
  if name:find "^keycloak" then return keycloak() end
  return opentalk(name)
end
