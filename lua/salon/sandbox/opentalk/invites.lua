-- /v1/rooms/{id}/invites and /v1/invite/verify: guest links

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local errors = require "salon.sandbox.opentalk.errors"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
local rooms = require "salon.sandbox.opentalk.rooms"
local views = require "salon.sandbox.opentalk.views"

local invites = {}

local function ok(body) return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = body } end

local FIELDS = { { "expiration", "time", null = true } }

-- The new controller has no guest links for closed or encrypted rooms.
local function without_guests(room, old)
  return not old and (room.guest_access == "disabled" or room.e2e_encryption)
end

local UNAVAILABLE = { "service_unavailable", "The service is currently unavailable" }

function invites.list(request, user, old, id)
  local role, room = rooms.role(id, user)
  if not role then return errors.empty(403) end
  if not room then return errors.json(404) end
  if without_guests(room, old) then return errors.json(404, UNAVAILABLE[1], UNAVAILABLE[2]) end
  return pages.answer(request, old, "invites page " .. user.id,
    function() return store.invites_of(room) end, views.invite)
end

function invites.create(request, user, old, id)
  local role, room = rooms.role(id, user)
  if role ~= "owner" then return errors.empty(403) end
  if not room then return errors.json(404) end
  local values, refusal = input.body(request, FIELDS)
  if not values then return refusal end
  if without_guests(room, old) then return errors.json(403, UNAVAILABLE[1], UNAVAILABLE[2]) end
  return ok(views.invite(store.add_invite(room, user, values.expiration)))
end

-- The guest link that a path means, or nil and the answer.
local function find(user, id, code)
  local role, room = rooms.role(id, user)
  if role ~= "owner" then return nil, errors.empty(403) end
  local fault = input.uuid_fault(code)
  if fault then return nil, errors.text(404, fault) end
  local invite = room and room.invites[code:lower()]
  if not invite then return nil, errors.json(404) end
  return invite
end

function invites.get(_, user, _, id, code)
  local invite, refusal = find(user, id, code)
  return invite and ok(views.invite(invite)) or refusal
end

local function changed(invite, user)
  invite.updated, invite.updated_by = store.now(), user
  store.touch()
end

-- An expiration that is not named is taken away.
function invites.update(request, user, _, id, code)
  local invite, refusal = find(user, id, code)
  if not invite then return refusal end
  local values
  values, refusal = input.body(request, FIELDS)
  if not values then return refusal end
  invite.expiration = values.expiration
  changed(invite, user)
  return ok(views.invite(invite))
end

-- Guest links are only switched off.
function invites.delete(_, user, _, id, code)
  local invite, refusal = find(user, id, code)
  if not invite then return refusal end
  invite.active = false
  changed(invite, user)
  return errors.empty(204)
end

function invites.verify(request)
  local values, refusal = input.body(request, { { "invite_code", "uuid", required = true } })
  if not values then return refusal end
  local invite = store.invites[values.invite_code]
  if not invite or not invite.active or not store.rooms[invite.room.id]
    or (invite.expiration and invite.expiration < store.now()) then
    return errors.json(404)
  end
  return ok(json.object("room_id", json.quote(invite.room.id),
    "password_required", tostring(invite.room.password ~= nil)))
end

return invites
