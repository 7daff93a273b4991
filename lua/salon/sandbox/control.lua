-- The sandbox's own door, for the script that started it: faults, log, clock,
-- reset. Every call carries the key that was made at the start.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local faults = require "salon.sandbox.faults"

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

local CALLS = {
  ping = function() return {} end,
  rooms = rooms,
  requests = function() return require("salon.sandbox.server").requests() end,
  fault = function(fault)
    if not faults.known(fault.kind) then return { error = "unknown kind of fault" } end
    faults.add(fault)
    return {}
  end,
  advance = function(call)
    store.ahead = store.ahead + call.seconds
    return {}
  end,
  reset = function(changes)
    local server = require "salon.sandbox.server"
    for name, value in pairs(changes) do store.settings[name] = value end
    store.reset(store.settings)
    faults.clear()
    server.forget()
    return {}
  end,
}

function control.answer(request)
  local call = CALLS[request.path:match("^/(%a+)$") or ""]
  local headers = { ["Content-Type"] = "application/json" }
  if request:header "x-sandbox-key" ~= store.settings.key then
    return { status = 403, headers = headers, body = "{}" }
  elseif not call then
    return { status = 404, headers = headers, body = "{}" }
  end
  local body = request:body()
  local node = body ~= "" and json.read(body)
  return { status = 200, headers = headers, body = json.write(call(node and json.plain(node) or {})) }
end

return control
