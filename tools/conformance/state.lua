-- The sandboxes that stand for the servers of a recording, in the state in
-- which the recording began.

local cjson = require("cjson").new()
local json = require "salon.sandbox.json"
local sandbox = require "salon.sandbox"
local shell = require "salon.sandbox.shell"

-- Each server has ids of its own.
local seed = 0

local function start(options, role, extra)
  seed = seed + 1
  options.seed = seed
  options.extension = shell.run("pwd"):match("^[^\n]+") .. "/tools/conformance/inside.lua"
  local server = assert(sandbox.start(options))
  server.origin = role(server)
  for key, value in pairs(extra or {}) do server[key] = value end
  return server
end

-- Meet: rooms that answers show and that no answer of the file made were there
-- from the start. Whoever's token sees them has a role in them; what a PATCH
-- sets was of no importance before.
local function meet_rooms(server, exchanges, holders)
  local made, put = {}, {}
  local function add(room, user, sent)
    if made[room.id.v] or put[room.id.v] then return end
    put[room.id.v] = true
    local fields = { owner = user .. "@example.org" }
    for _, name in ipairs { "name", "slug", "access_level" } do fields[name] = room[name].v end
    fields.configuration = json.render(room.configuration)
    fields.pin = room.telephony and room.telephony.map.pin_code.v
    for name in pairs(sent) do fields[name] = nil end
    server:put("meeting", room.id.v, fields)
  end
  for _, exchange in ipairs(exchanges) do
    local request, response = exchange.request, exchange.response
    local node = json.read(response.body)
    local holder = holders[(request.is.authorization or ""):match("throwaway%-token%-%d+") or ""]
    local map = node and node.t == "object" and node.map
    local unknown = request.path:match("/rooms/(%x+%-[%x-]+)/?$")
    if map and map.id and response.status == 201 then
      made[map.id.v] = true
    elseif map and map.id and holder then
      add(map, holder.user, request.method == "PATCH" and cjson.decode(request.body or "{}") or {})
    elseif map and map.results and holder then
      for _, room in ipairs(map.results.v) do add(room.map, holder.user, {}) end
    elseif response.status == 403 and unknown and response.body:find "permission to perform"
      and not made[unknown] and not put[unknown] then
      put[unknown] = true
      server:put("meeting", unknown, { owner = "stranger@example.org", access_level = "public" })
    end
  end
end

local function meet(name, exchanges, holders)
  local server = start({ opentalk = false, meet = name:match("meet%-(%d+%.%d+)"),
    switches = { meet_host = "meet.example" } }, function(s) return s.meet.url end)
  local secrets = {}
  for holder, about in pairs(holders) do
    if about.kind == "client secret" then
      local length = about.length or 128
      secrets[about.client] = holder .. "." .. ("x"):rep(length - #holder - 1)
      server:put("application", about.client, { secret = secrets[about.client],
        scopes = { "rooms:list", "rooms:retrieve", "rooms:create" } })
    end
  end
  meet_rooms(server, exchanges, holders)
  return { main = server, secrets = secrets }, function() return "main" end
end

local function login_origin(s) return s.opentalk.issuer:match("^https?://[^/]+") end

local function keycloak()
  local options = function(switches) return { meet = false, switches = switches } end
  return {
    main = start(options {}, login_origin),
    prefixed = start(options { login_prefix = "/auth" }, login_origin, { prefix = "/auth" }),
    old = start(options { keycloak = "26.0" }, login_origin),
    secrets = {},
  }, function(what) return what:match("^prefixed%-") and "prefixed" or what:match("^old%-") and "old" or "main" end
end

local SECOND = { ["ot-tenants-"] = true, ["ot-open-"] = true, ["ot-down-"] = true, ["ot-nofind-"] = true }

local function opentalk(name)
  local version = name:match("opentalk%-(%d+)")
  local function controller(s) return s.opentalk.controller_url end
  return {
    main = start({ meet = false, opentalk = version }, controller, { realm = "OPENTALK" }),
    second = start({ meet = false, opentalk = version, switches = { tenants = true } },
      controller, { realm = "OPENTALK2" }),
    secrets = {},
  }, function(what) return SECOND[what:match("^ot%-%l+%-") or ""] and "second" or "main" end
end

---servers by name (and what else a run needs), and which one a name means.
return function(name, exchanges, holders)
  if name:find "^meet" then return meet(name, exchanges, holders) end
  if name:find "^keycloak" then return keycloak() end
  return opentalk(name)
end
