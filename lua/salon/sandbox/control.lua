-- The sandbox's own door, for the script that started it: faults, log, clock,
-- and what an administrator would change. Every call carries the key that was
-- made at the start.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local faults = require "salon.sandbox.faults"
local time = require "salon.sandbox.time"
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

local function realm() return store.settings.tenants and "OPENTALK2" or "OPENTALK" end

local function event_of(id) return store.events[id] or error("no event " .. id, 0) end

local function person_of(name) return store.person(realm(), name) or error("no user " .. name, 0) end

local function zoned(value)
  return value and { at = assert(time.parse(value.datetime)), timezone = value.timezone } or nil
end

local PUT = {}

-- A user of every realm but those of several tenants; logout ends his sessions.
function PUT.user(name, fields)
  for _, people in pairs(store.people) do
    for key, value in pairs(people[name] and fields or {}) do people[name][key] = value end
  end
  for _, session in pairs(store.sessions) do
    if fields.logout and session.user.name == name then session.ended = true end
  end
end

function PUT.application(id, fields) store.applications[id] = fields end

-- A Meet room; owner, administrator, member: e-mail addresses.
function PUT.meeting(id, fields)
  local roles = {}
  for _, role in ipairs { "owner", "administrator", "member" } do
    local email = fields[role]
    if email then roles[store.accounts[email] or store.add_account(email)] = role end
  end
  store.add_meeting(roles, { id = id, name = fields.name, slug = fields.slug, level = fields.access_level,
    pin = fields.pin, configuration = fields.configuration and json.read(fields.configuration) })
end

function PUT.room(id, fields)
  local room = store.rooms[id]
  if fields.gone and room then
    if room.event then store.remove_event(room.event) end
    store.remove_room(room)
  end
end

-- Whoever is not known at the provider gets a guest link of his own.
function PUT.invitation(id, fields)
  local event = event_of(id)
  local known = store.person(realm(), fields.user or fields.email)
  local user = known and (fields.user or known.session_ends) and known or nil
  for i, entry in ipairs(event.invitees) do
    if user and entry.user == user or not user and entry.email == fields.email then
      entry.status = fields.status or entry.status
      if fields.gone then
        table.remove(event.invitees, i)
        user.events:remove(event)
      end
      return
    end
  end
  if user == event.owner then return end
  local entry = { person = known, email = fields.email, status = fields.status or "pending", role = fields.role }
  if user then return store.invite(event, user, entry) end
  table.insert(event.invitees, entry)
  if not known then store.add_invite(event.room, event.owner) end
end

function PUT.favourite(id, fields) event_of(id).favourites[person_of(fields.user)] = fields.set or nil end

-- An event as its owner changed it; what is false goes. A series that loses its
-- pattern loses its exceptions, too.
function PUT.event(id, fields)
  local event = event_of(id)
  event.owner.events:remove(event)
  for _, name in ipairs { "title", "description", "is_adhoc", "is_all_day" } do
    if fields[name] ~= nil then event[name] = fields[name] end
  end
  if fields.starts_at ~= nil then
    event.starts, event.ends = zoned(fields.starts_at), zoned(fields.ends_at)
    event.last = event.ends and event.ends.at
  end
  if fields.recurrence_pattern ~= nil then
    event.pattern, event.exceptions = fields.recurrence_pattern or nil, {}
  end
  if fields.password ~= nil then event.room.password = fields.password or nil end
  if fields.waiting_room ~= nil then event.room.waiting_room = fields.waiting_room end
  if fields.touched then event.updated = store.now() end
  if not event.room.invites then store.add_invite(event.room, event.owner) end
  event.owner.events:add(event)
end

function PUT.exception(id, fields)
  local event = event_of(id)
  local y, m, d, h, min, s = fields.instance:match("^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)Z$")
  local at = assert(time.parse(("%s-%s-%sT%s:%s:%sZ"):format(y, m, d, h, min, s)))
  local exception
  for _, known in ipairs(event.exceptions) do
    if known.at == at then exception = known end
  end
  if not exception then
    exception = { at = at, created = store.now(), by = event.owner, status = "ok" }
    table.insert(event.exceptions, exception)
  end
  for _, name in ipairs { "status", "title", "description", "is_all_day" } do
    if fields[name] ~= nil then exception[name] = fields[name] end
  end
  exception.starts = zoned(fields.starts_at) or exception.starts
  exception.ends = zoned(fields.ends_at) or exception.ends
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
    PUT[call.kind](call.id, call.fields)
    store.touch()
    return {}
  end,
  sign = function(call) return { token = tokens.sign(call.issuer, json.write(call.claims)) } end,
  reset = function(changes)
    for name, value in pairs(changes) do store.settings[name] = value end
    store.reset(store.settings)
    faults.clear()
    tokens.forget()
    require("salon.sandbox.server").forget()
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
  local node = json.read(request:body())
  local done, result = pcall(call, node and json.plain(node) or {})
  if not done then result = { error = tostring(result) } end
  return { status = 200, headers = headers, body = json.write(result) }
end

return control
