-- What sandbox:put makes and changes, by kind: put[kind](id, fields) returns the id. Its
-- docstring in init.lua tells the fields.

local store = require "salon.sandbox.store"
local time = require "salon.sandbox.time"
local event_changes = require "salon.sandbox.opentalk.event_changes"
local instances = require "salon.sandbox.opentalk.instances"
local input = require "salon.sandbox.opentalk.input"
local people = require "salon.sandbox.opentalk.people"
local things = require "salon.sandbox.opentalk.things"
local rules = require "salon.sandbox.opentalk.event_rules"

local put = {}

local function fail(...) error(string.format(...), 0) end

local function realm() return store.settings.tenants and "OPENTALK2" or "OPENTALK" end

local function person(name) return store.person(realm(), name) or fail("no user %s", name) end

local function event_of(id) return store.events[id or ""] or fail("no event %s", tostring(id)) end

local function room_of(id) return store.rooms[id or ""] or fail("no room %s", tostring(id)) end

local function old() return store.settings.opentalk == "2023" end

-- The fields that may be given, by kind; those of events are the controller's own.
local FIELDS = {
  room = "owner:string password:string- waiting_room:boolean guest_access:access e2e_encryption:boolean "
    .. "name:name- sip:boolean",
  link = "room:uuid expiration:time? active:boolean",
  exception = "instance:string! status:status title:string description:string is_all_day:boolean "
    .. "starts_at:zoned ends_at:zoned",
  invitation = "user:string email:string status:string role:role gone:boolean",
  favourite = "user:string! gone:boolean",
  asset = "room:uuid! filename:string! body:string kind:string namespace:string",
}
for kind, text in pairs(FIELDS) do FIELDS[kind] = input.fields(text) end

-- Checks the fields before a kind is put.
local function checked(kind, act)
  put[kind] = function(id, fields)
    for name in pairs(fields) do
      if not FIELDS[kind][name] then fail("%s: unknown field '%s'", kind, name) end
    end
    local values, words = input.values(fields, FIELDS[kind])
    if not values then fail("%s: %s", kind, words) end
    return act(id, values) or id
  end
end

checked("room", function(id, values)
  local room = store.rooms[id or ""]
  if room then return store.change_room(room, values) end
  values.id = id
  return store.add_room(person(values.owner or "alice"), values).id
end)

checked("link", function(id, values)
  local link = store.invites[id or ""]
  if not link then
    local room = room_of(values.room)
    link = store.add_invite(room, room.owner, values.expiration, id)
  end
  link.expiration = values.expiration or link.expiration
  if values.active ~= nil then link.active = values.active end
  return link.code
end)

function put.event(id, fields)
  if store.events[id or ""] then fail("event %s is there already: change it as its owner", id) end
  local body = { title = "Event", description = "", is_time_independent = fields.starts_at == nil }
  if fields.starts_at then body.is_all_day = false end
  for name, value in pairs(fields) do body[name] = value end
  body.owner, body.room = nil, nil
  local values, words = rules.values(body)
  if not values then fail("event: %s", words) end
  local room = fields.room and room_of(fields.room)
  local owner = room and room.owner or person(fields.owner or "alice")
  local event, refusal = event_changes.make(owner, values, old(), { id = id, room = room })
  return event and event.id or fail("event: %s", refusal.body)
end

checked("exception", function(id, values)
  local event, at = event_of(id), time.parse_compact(values.instance)
  if not at then fail("exception: 'instance' must look like 20270118T080000Z") end
  values.instance = nil
  instances.except(event, at, values, event.owner)
end)

checked("invitation", function(id, values)
  local event = event_of(id)
  local invitee = not values.email and person(values.user or "")
  if values.gone then
    people.remove(event, invitee and "user" or "email", invitee or values.email, old())
  elseif not invitee then
    people.add_address(event, values.email, values)
  else
    people.add(event, invitee, values)
    people.change(event, invitee, values)
  end
end)

checked("favourite", function(id, values)
  people.set_favourite(event_of(id), person(values.user), not values.gone)
end)

checked("asset", function(id, values)
  local room = room_of(values.room)
  values.id, values.body, values.room = id, values.body or "", nil
  return things.add(room, "assets", values).id
end)

-- A user of the login service, in each realm that has one of this name, or a new one;
-- logout ends the sessions.
function put.user(name, fields)
  local known
  for _, persons in pairs(store.people) do
    known = known or persons[name]
    for key, value in pairs(persons[name] and fields or {}) do persons[name][key] = value end
  end
  if not known then
    store.add_person(realm(), name, fields.given or name:gsub("^%l", string.upper), fields.family or "Example", fields)
  end
  for _, session in pairs(store.sessions) do
    if fields.logout and session.user.name == name then session.ended = true end
  end
end

-- A realm of the login service; not_before: the second before which no token was made.
function put.realm(name, fields)
  if not store.realms[name] then fail("no realm %s", tostring(name)) end
  store.not_before[name] = fields.not_before
end

-- A web session of Meet, by its cookie's value.
function put.session(id, fields) store.web_sessions[id] = not fields.gone or nil end

function put.application(id, fields) store.applications[id] = fields end

-- A Meet room; owner, administrator, member: e-mail addresses.
function put.meeting(id, fields)
  local roles = {}
  for _, role in ipairs { "owner", "administrator", "member" } do
    local email = fields[role]
    if email then roles[store.accounts[email] or store.add_account(email)] = role end
  end
  return store.add_meeting(roles, { id = id, name = fields.name, slug = fields.slug, level = fields.access_level,
    pin = fields.pin, configuration = fields.configuration }).id
end

return put
