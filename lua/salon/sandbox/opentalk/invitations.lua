-- /v1/events/{id}/invites and /v1/events/{id}/invite: people invited to events

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local errors = require "salon.sandbox.opentalk.errors"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
local views = require "salon.sandbox.opentalk.views"

local invitations = {}

-- The event, and the place of `user` among its invitees; readers keep their
-- rights when an invitation is taken back (2023).
local function find(id, user)
  local event = store.events[id]
  if not event or (event.owner ~= user and not event.room.readers[user.id]) then
    return nil, errors.empty(403)
  end
  for i, invitee in ipairs(event.invitees) do
    if invitee.user == user then return event, i end
  end
  return event
end

function invitations.list(request, user, old, id)
  local event, refusal = find(id, user)
  if not event then return refusal end
  local newest_first = {}
  for i = #event.invitees, 1, -1 do newest_first[#newest_first + 1] = event.invitees[i] end
  return pages.answer(request, old, "invitees " .. user.id, function() return newest_first end,
    function(invitee) return views.invitee(invitee, old) end, true)
end

local FIELDS = { { "invitee", "uuid" }, { "email", "string" }, { "role", "string" } }

-- The person a body means; nil and the answer. 2023 compares addresses as text.
local function person_of(values, old)
  if values.invitee then
    for _, person in pairs(store.people) do
      if person.id == values.invitee then return person end
    end
    return nil, errors.json(404)
  elseif not (values.email or ""):find("^[^@%s]+@[^@%s]+%.[^@%s]+$") then
    return nil, errors.json(400, "invalid_json", "Json deserialize error: "
      .. "data did not match any variant of untagged enum PostEventInviteBody")
  end
  for _, person in pairs(store.people) do
    if person.email == (old and values.email or values.email:lower()) then return person end
  end
  return nil, errors.json(409, "unknown_email",
    "Only emails registered with the systems are allowed to be used for invites")
end

function invitations.create(request, user, old, id)
  local event, refusal = find(id, user)
  if not event then return refusal end
  if event.owner ~= user then return errors.empty(403) end
  local values
  values, refusal = input.body(request, FIELDS)
  if not values then return refusal end
  local person
  person, refusal = person_of(values, old)
  if not person then return refusal end
  local _, place = find(id, person)
  if person == user or type(place) == "number" then return errors.empty(204) end
  table.insert(event.invitees, { user = person, status = "pending",
    role = values.role == "moderator" and "moderator" or "user" })
  event.room.readers[person.id] = person
  person.events[id], person.rooms[event.room.id] = event, event.room
  store.touch()
  return errors.empty(201)
end

function invitations.delete(_, user, old, id, invitee)
  local event = store.events[id]
  if not event or event.owner ~= user then return errors.empty(403) end
  local fault = input.uuid_fault(invitee)
  if fault then return errors.text(404, fault) end
  for i, entry in ipairs(event.invitees) do
    if entry.user.id == invitee then
      table.remove(event.invitees, i)
      entry.user.events[id], entry.user.rooms[event.room.id] = nil, nil
      if not old then event.room.readers[invitee] = nil end
      store.touch()
      return errors.empty(204)
    end
  end
  return errors.json(404)
end

local function answer_with(status)
  return function(_, user, _, id)
    local event, place = find(id, user)
    if not event then return place end
    if not place then return errors.json(404) end
    event.invitees[place].status = status
    store.touch()
    return errors.empty(204)
  end
end

invitations.accept, invitations.decline = answer_with "accepted", answer_with "declined"

-- How many invitations wait for an answer; 2023 never mounted the route.
function invitations.pending(_, user, old)
  if old then return errors.empty(404) end
  local n = 0
  for _, event in ipairs(store.events_of(user)) do
    if views.invite_status(event, user) == "pending" then n = n + 1 end
  end
  return { status = 200, headers = { ["Content-Type"] = "application/json" },
    body = json.object("total_pending_invites", tostring(n)) }
end

return invitations
