-- The sandbox's control port, for the script that started it: faults, log, clock,
-- and what an administrator would change. Every call carries the key that was
-- made at the start.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local faults = require "salon.sandbox.faults"
local people = require "salon.sandbox.opentalk.people"
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

-- What can be put ---------------------------------------------------------

local PUT = {}

control.PUT = PUT

-- A user, in each realm that has one of this name; logout ends the sessions.
function PUT.user(name, fields)
  for _, persons in pairs(store.people) do
    for key, value in pairs(persons[name] and fields or {}) do persons[name][key] = value end
  end
  for _, session in pairs(store.sessions) do
    if fields.logout and session.user.name == name then session.ended = true end
  end
end

-- A web session of Meet, by its cookie's value.
function PUT.session(id, fields) store.web_sessions[id] = not fields.gone or nil end

function PUT.application(id, fields) store.applications[id] = fields end

-- A Meet room; owner, administrator, member: e-mail addresses.
function PUT.meeting(id, fields)
  local roles = {}
  for _, role in ipairs { "owner", "administrator", "member" } do
    local email = fields[role]
    if email then roles[store.accounts[email] or store.add_account(email)] = role end
  end
  store.add_meeting(roles, { id = id, name = fields.name, slug = fields.slug, level = fields.access_level,
    pin = fields.pin, configuration = fields.configuration })
end

-- An invitee of an event: user (name or id), status, or gone.
function PUT.invitation(id, fields)
  local event = store.events[id] or error("no event " .. id, 0)
  local person = store.person(store.settings.tenants and "OPENTALK2" or "OPENTALK", fields.user)
  if not person then error("no user " .. fields.user, 0) end
  if fields.gone then return people.remove(event, "user", person, store.settings.opentalk == "2023") end
  people.add(event, person, fields)
  for _, entry in ipairs(event.invitees) do
    if entry.user == person then
      entry.status, entry.role = fields.status or entry.status, fields.role or entry.role
    end
  end
end

-- Calls -------------------------------------------------------------------

local CALLS = {
  rooms = rooms,
  requests = function() return require("salon.sandbox.server").requests() end,
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
    local put = PUT[call.kind]
    if not put then
      local kinds = {}
      for kind in pairs(PUT) do kinds[#kinds + 1] = kind end
      table.sort(kinds)
      error(("kind must be one of %s, not '%s'"):format(table.concat(kinds, ", "), tostring(call.kind)), 0)
    end
    put(call.id, call.fields or {})
    store.touch()
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
