-- /v1/rooms/{id}/invites and /v1/invite/verify: guest links

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local errors = require "salon.sandbox.opentalk.errors"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
local rooms = require "salon.sandbox.opentalk.rooms"
local views = require "salon.sandbox.opentalk.views"

local invites = {}

local FIELDS = { { "expiration", "time", null = true } }

-- The new controller has no guest links for closed or encrypted rooms.
local function without_guests(room, old, status)
  return not old and (room.guest_access == "disabled" or room.e2e_encryption)
    and errors.json(status, "service_unavailable", "The service is currently unavailable")
end

function invites.list(request, user, old, id)
  local role, room = rooms.find(id, user)
  if not role then return room end
  if not room then return errors.json(404) end
  return without_guests(room, old, 404) or pages.answer(request, old, "invites page " .. user.id,
    function() return store.invites_of(room) end, views.invite)
end

function invites.create(request, user, old, id)
  local role, room = rooms.find(id, user, true)
  if not role then return room end
  if not room then return errors.json(404) end
  local values, refusal = input.body(request, FIELDS)
  if not values then return refusal end
  return without_guests(room, old, 403) or errors.ok(views.invite(store.add_invite(room, user, values.expiration)))
end

-- A chapter about the guest link that a path means.
local function with_invite(use)
  return function(request, user, _, id, code)
    local role, room = rooms.find(id, user, true)
    if not role then return room end
    local fault = input.uuid_fault(code)
    if fault then return errors.text(404, fault) end
    local invite = room and room.invites and room.invites[code:lower()]
    if not invite then return errors.json(404) end
    return use(request, user, invite)
  end
end

invites.get = with_invite(function(_, _, invite) return errors.ok(views.invite(invite)) end)

local function changed(invite, user)
  invite.updated, invite.updated_by = store.now(), user
  store.touch()
end

-- An expiration that is not named is taken away.
invites.update = with_invite(function(request, user, invite)
  local values, refusal = input.body(request, FIELDS)
  if not values then return refusal end
  invite.expiration = values.expiration
  changed(invite, user)
  return errors.ok(views.invite(invite))
end)

-- Guest links are only switched off.
invites.delete = with_invite(function(_, user, invite)
  invite.active = false
  changed(invite, user)
  return errors.empty(204)
end)

function invites.verify(request)
  local values, refusal = input.body(request, { { "invite_code", "uuid", required = true } })
  if not values then return refusal end
  local invite = store.invites[values.invite_code]
  if not invite or not invite.active or not store.rooms[invite.room.id]
    or (invite.expiration and invite.expiration < store.now()) then
    return errors.json(404)
  end
  return errors.ok(json.object("room_id", json.quote(invite.room.id),
    "password_required", tostring(invite.room.password ~= nil)))
end

return invites
