-- The sandbox's control port, for the script that started it: faults, log, clock,
-- and what an administrator would change. Every call carries the key that was
-- made at the start.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local faults = require "salon.sandbox.faults"
local put = require "salon.sandbox.put"
local tokens = require "salon.sandbox.tokens"

local control = {}

local function rooms()
  local list = {}
  for _, room in pairs(store.rooms) do
    list[#list + 1] = { backend = "opentalk", id = room.id, owner = room.owner.name,
      password = room.password, waiting_room = room.waiting_room, created = room.created,
      title = room.event and room.event.title }
  end
  table.sort(list, function(a, b) return a.created < b.created end)
  for _, room in pairs(store.meetings) do
    local owner
    for account, role in pairs(room.roles) do
      if role == "owner" then owner = account.email end
    end
    list[#list + 1] = { backend = "meet", id = room.id, owner = owner, name = room.name,
      access_level = room.level }
  end
  return list
end

-- Calls -------------------------------------------------------------------

local CALLS = {
  rooms = rooms,
  requests = function() return require("salon.sandbox.server").requests() end,
  grants = function() return store.grants end,
  fault = function(fault)
    local message = faults.add(fault)
    return { error = message }
  end,
  advance = function(call)
    store.ahead = store.ahead + call.seconds
    return {}
  end,
  switch = function(changes)
    for name, value in pairs(changes) do store.settings[name] = value end
    store.touch()
    return {}
  end,
  put = function(call)
    local act = put[call.kind]
    if not act then
      local kinds = {}
      for kind in pairs(put) do kinds[#kinds + 1] = kind end
      table.sort(kinds)
      error(("kind must be one of %s, not '%s'"):format(table.concat(kinds, ", "), tostring(call.kind)), 0)
    end
    local id = act(call.id, call.fields or {})
    store.touch()
    return { id = id or call.id }
  end,
  decide = function(call)
    require("salon.sandbox.login.device").decide(call.code, call.user)
    return {}
  end,
  sign = function(call) return { token = tokens.sign(call.issuer, call.claims) } end,
  reset = function(changes)
    for name, value in pairs(changes) do store.settings[name] = value end
    store.reset(store.settings)
    faults.clear()
    tokens.forget()
    require("salon.sandbox.server").forget()
    return {}
  end,
}

function control.respond(request)
  local call = CALLS[request.path:match("^/(%a+)$") or ""]
  local headers = { ["Content-Type"] = "application/json" }
  if request:header "x-sandbox-key" ~= store.settings.key then
    return { status = 403, headers = headers, body = "{}" }
  elseif not call then
    return { status = 404, headers = headers, body = "{}" }
  end
  local done, result = pcall(call, json.read(request:body()) or {})
  if not done then result = { error = tostring(result) } end
  return { status = 200, headers = headers, body = json.write(result) }
end

return control
