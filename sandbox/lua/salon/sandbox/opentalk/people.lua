-- The people of an event: /v1/events/{id}/invites, one's own invitation, how many are
-- pending, and favourites

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local events = require "salon.sandbox.opentalk.events"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
local views = require "salon.sandbox.opentalk.views"

local people = {}

local INVITEE = { [true] = input.fields "invitee:uuid!", [false] = input.fields "invitee:uuid! role:role?" }
local EMAIL = { [true] = input.fields "email:string!", [false] = input.fields "email:string! role:role?" }
local ROLE = input.fields "role:role!"
local STATES = { pending = true, accepted = true, tentative = true, declined = true }

---Does the controller know this person, or only the login service?
function people.known(person, old)
  if old then return person.session_ends ~= nil end
  return not person.unseen
end

-- Whoever fits, of the user's own tenant.
local function person_by(user, name, value)
  for _, person in pairs(store.people[user.realm]) do
    if person[name] == value and person.tenant == user.tenant then return person end
  end
end

local function entry_of(event, name, value)
  for i, entry in ipairs(event.invitees) do
    if entry[name] == value then return entry, i end
  end
end

---Invites a person; false when there is nothing to do. fields: status, role; at: place
---in the list.
function people.add(event, person, fields, at)
  if person == event.owner or entry_of(event, "user", person) then return false end
  local entry = { user = person, status = fields.status or "pending", role = fields.role }
  table.insert(event.invitees, at or #event.invitees + 1, entry)
  store.add_reader(event.room, person)
  person.events:add(event)
  store.touch()
  return true
end

---Changes a person's invitation; fields: status, role.
function people.change(event, person, fields)
  local entry = entry_of(event, "user", person)
  if not entry then return end
  entry.status, entry.role = fields.status or entry.status, fields.role or entry.role
  store.touch()
end

---Invites an address; false when it has been before.
function people.add_address(event, email, fields)
  if entry_of(event, "email", email) then return false end
  local person = person_by(event.owner, "email", email)
  table.insert(event.invitees, { person = person, email = email, status = "pending", role = fields.role })
  if person then
    person.awaiting = person.awaiting or {}
    table.insert(person.awaiting, event)
  end
  store.touch()
  return true
end

---Takes an invitation back; in 2023 the rights stay. False when there was none.
function people.remove(event, name, value, old)
  local entry, i = entry_of(event, name, value)
  if not entry then return false end
  table.remove(event.invitees, i)
  if entry.user then
    entry.user.events:remove(event)
    if not old then store.remove_reader(event.room, entry.user) end
  end
  store.touch()
  return true
end

---A person's first login makes invitations to the address the person's own; 2023
---keeps the address in the list, too.
function people.arrive(person, old)
  for _, event in ipairs(person.awaiting or {}) do
    local entry, i = entry_of(event, "person", person)
    if entry and not old then table.remove(event.invitees, i) end
    if entry then people.add(event, person, entry, i) end
  end
  person.awaiting, person.unseen = nil, nil
end

-- Invites whom a body names: whether somebody was added, or nil and the response.
local function invite(event, user, old, body, silent)
  local values = input.values(body, INVITEE[old])
  if values and values.role ~= "guest" then
    local person = person_by(user, "id", values.invitee)
    if not person or not people.known(person, old) then return nil, responses.error(404) end
    return people.add(event, person, values)
  end
  values = input.values(body, EMAIL[old])
  if not values or not values.email:find "^[^@%s]+@[^@%s]+%.[^@%s]+$" then
    return nil, responses.invalid_json "data did not match any variant of untagged enum PostEventInviteBody"
  end
  local email = old and values.email or values.email:lower()    -- 2023 compares texts
  local person = person_by(user, "email", email)
  if person and people.known(person, old) then
    if values.role == "guest" then values.role = nil end
    return people.add(event, person, values)
  elseif not person and not store.settings.outside_addresses then
    return nil, responses.error(409, "unknown_email",
      "Only emails registered with the systems are allowed to be used for invites")
  end
  local added = people.add_address(event, email, values)
  -- 2023 makes a guest link for each.
  if added and old and (not person or silent) then store.add_invite(event.room, user) end
  return added
end

function people.invite(request, user, old, id)
  local event, query = events.start(request, user, id, true)
  if not event then return query end
  local body, refusal = input.object(request)
  if not body then return refusal end
  local added
  added, refusal = invite(event, user, old, body, query.suppress_email_notification)
  if refusal then return refusal end
  if added then input.count_mails(request, query, event, old, 1) end
  return responses.empty(added and 201 or 204)
end

-- New servers cannot read numbers here (a fault of theirs).
function people.list(request, user, old, id)
  local event, refusal = events.find(id, user)
  if not event then return refusal end
  local parameters = request:parameters()
  local number = parameters.per_page or parameters.page
  if number and not old then
    return responses.query(('invalid type: string "%s", expected i64'):format(number))
  elseif parameters.status and not old and not STATES[parameters.status] then
    return responses.query(("unknown variant `%s`"):format(parameters.status))
  end
  return pages.numbered(request, old, "people for " .. user.id,
    function() return views.entries(event, not old and parameters.status) end, views.invitee)
end

-- The part of a route about one invitee: by id in the path, or by the address in the body.
local function with_entry(act)
  local function by_id(request, user, old, id, other)
    local event, query = events.start(request, user, id)
    if not event then return query end
    if event.owner ~= user then return request.method == "PATCH" and responses.error(403) or responses.empty(403) end
    local fault = input.uuid_fault(other)
    if fault then return responses.text(404, fault) end
    return act(request, event, "user", person_by(user, "id", other:lower()), old, query)
  end
  local function by_email(request, user, old, id)
    local event, query = events.start(request, user, id)
    if not event then return query end
    if event.owner ~= user then return responses.error(403) end
    local values, refusal = input.body(request, EMAIL[false])
    if not values then return refusal end
    local email = values.email:lower()
    local person = person_by(user, "email", email)
    if person and entry_of(event, "user", person) then return act(request, event, "user", person, old, query) end
    return act(request, event, "email", email, old, query)
  end
  return by_id, by_email
end

people.uninvite, people.uninvite_address = with_entry(function(request, event, name, value, old, query)
  if value == nil or not people.remove(event, name, value, old) then return responses.error(404) end
  input.count_mails(request, query, event, old, 1)
  return responses.empty(204)
end)

people.change_role, people.change_role_of_address = with_entry(function(request, event, name, value)
  local entry = value and entry_of(event, name, value)
  if not entry then return responses.error(404) end
  local values, refusal = input.body(request, ROLE)
  if not values then return refusal end
  entry.role = values.role
  store.touch()
  return responses.empty(204)
end)

local function answer(status)
  return function(_, user, _, id)
    local event, refusal = events.find(id, user)
    if not event then return refusal end
    local entry = entry_of(event, "user", user)
    if not entry then return responses.error(404) end
    entry.status = status
    store.touch()
    return responses.empty(204)
  end
end

people.accept, people.decline = answer "accepted", answer "declined"

function people.pending(_, user)
  return store.cached("pending of " .. user.id, function()
    local count = 0
    for _, event in ipairs(user.events) do
      if views.invite_status(event, user) == "pending" then count = count + 1 end
    end
    return responses.ok { total_pending_invites = count }
  end)
end

---Makes an event somebody's favourite, or no more; false when it was so before.
function people.set_favourite(event, user, on)
  if (event.favourites[user] or false) == on then return false end
  event.favourites[user] = on or nil
  store.touch()
  return true
end

local function favourite(on)
  return function(_, user, _, id)
    local event, refusal = events.find(id, user)
    if not event then return refusal end
    local changed = people.set_favourite(event, user, on)
    if on then return responses.empty(changed and 201 or 204) end
    return changed and responses.empty(204) or responses.error(404)
  end
end

people.add_favourite, people.remove_favourite = favourite(true), favourite(false)

return people
