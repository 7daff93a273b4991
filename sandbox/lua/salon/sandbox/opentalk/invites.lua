-- /v1/rooms/{id}/invites and /v1/invite/verify: guest links

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
local rooms = require "salon.sandbox.opentalk.rooms"
local views = require "salon.sandbox.opentalk.views"

local invites = {}

local FIELDS = input.fields "expiration:time?"
local CODE = input.fields "invite_code:uuid!"

-- The new controller has no guest links for closed or encrypted rooms.
local function without_guests(room, old, status)
  return not old and (room.guest_access == "disabled" or room.e2e_encryption)
    and responses.error(status, "service_unavailable")
end

function invites.list(request, user, old, id)
  local room, refusal = rooms.existing(id, user)
  if not room then return refusal end
  return without_guests(room, old, 404) or pages.numbered(request, old, "invites of " .. user.id,
    function() return store.invites_of(room) end, views.invite)
end

function invites.create(request, user, old, id)
  local room, refusal = rooms.existing(id, user, true)
  if not room then return refusal end
  local values
  values, refusal = input.body(request, FIELDS)
  if not values then return refusal end
  return without_guests(room, old, 403)
    or responses.ok(views.invite(store.add_invite(room, user, values.expiration)))
end

-- A route about one guest link: `act` gets it.
local function with_invite(act)
  return function(request, user, _, id, code)
    local role, room = rooms.find(id, user, true)
    if not role then return room end
    local fault = input.uuid_fault(code)
    if fault then return responses.text(404, fault) end
    local invite = room and room.invites and room.invites[code:lower()]
    if not invite then return responses.error(404) end
    return act(request, user, invite)
  end
end

invites.get = with_invite(function(_, _, invite) return responses.ok(views.invite(invite)) end)

local function changed(invite, user)
  invite.updated, invite.updated_by = store.now(), user
  store.touch()
end

-- An expiration that is not sent is removed.
invites.update = with_invite(function(request, user, invite)
  local values, refusal = input.body(request, FIELDS)
  if not values then return refusal end
  invite.expiration = values.expiration
  changed(invite, user)
  return responses.ok(views.invite(invite))
end)

-- Guest links are only switched off.
invites.delete = with_invite(function(_, user, invite)
  invite.active = false
  changed(invite, user)
  return responses.empty(204)
end)

function invites.verify(request)
  local values, refusal = input.body(request, CODE)
  if not values then return refusal end
  local invite = store.invites[values.invite_code]
  if not invite or not invite:usable() then return responses.error(404) end
  return responses.ok { room_id = invite.room.id, password_required = invite.room.password ~= nil }
end

return invites
