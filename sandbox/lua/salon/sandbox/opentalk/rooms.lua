-- /v1/rooms

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
local views = require "salon.sandbox.opentalk.views"

local rooms = {}

local OLD = "password:string? enable_sip:boolean waiting_room:boolean"
local FIELDS = input.fields(OLD)
local NEW_FIELDS = input.fields(OLD .. " e2e_encryption:boolean guest_access:string")
local GUEST_ACCESS = { disabled = true, waiting_room = true, direct_access = true }

-- 2023 counts characters, 2026 bytes.
local function password_fault(password, old)
  local length = not password and 1 or old and input.characters(password) or #password
  if length >= 1 and length <= 255 then return nil end
  if old then return responses.invalid(true, { { "password", "invalid_length" } }) end
  return responses.invalid_json "invalid length of the room password"
end

function rooms.list(request, user, old)
  if store.settings.open_rooms then return responses.error(500) end
  return pages.numbered(request, old, "rooms of " .. user.id, function() return user.rooms:sort() end, views.room)
end

function rooms.create(request, user, old)
  local values, refusal = input.body(request, old and FIELDS or NEW_FIELDS)
  if not values then return refusal end
  local fault = password_fault(values.password, old)
  if fault then return fault end
  if values.guest_access and not GUEST_ACCESS[values.guest_access] then
    return responses.invalid_json(("unknown variant `%s`"):format(values.guest_access))
  end
  values.sip = values.enable_sip
  return responses.ok(views.room(store.add_room(user, values), old))
end

---The room of a path: what the user may do with it ("owner", "reader") and the
---room, if there is one; or nil and the response. Rights are stored per id and
---outlive the room. Where everybody may read every room, the
---id is looked at.
function rooms.find(id, user, as_owner)
  local room = store.rooms[id]
  local role = room and (room.owner == user and "owner" or room.readers and room.readers[user] and "reader")
    or store.gone[id] == user and "owner"
  if not role and store.settings.open_rooms and not as_owner then
    local fault = input.uuid_fault(id)
    if fault then return nil, responses.text(404, fault) end
    role, room = "reader", store.rooms[id:lower()]
  end
  if not role or (as_owner and role ~= "owner") then return nil, responses.empty(403) end
  return role, room
end

---The same, or nil and 404 for a room that is gone: the room alone.
function rooms.existing(id, user, as_owner)
  local role, room = rooms.find(id, user, as_owner)
  if not role then return nil, room end
  if not room then return nil, responses.error(404) end
  return room
end

function rooms.get(_, user, old, id)
  local room, refusal = rooms.existing(id, user)
  return room and responses.ok(views.room(room, old)) or refusal
end

-- 2023 removes only the row, and refuses while something refers to it (or has
-- done so: a deleted event leaves its dial-in).
function rooms.delete(_, user, old, id)
  local role, room = rooms.find(id, user, true)
  if not role then return room end
  if not room then return old and responses.empty(204) or responses.error(404) end
  if old and (room.sip or room.event) then return responses.error(409) end
  if room.event then store.remove_event(room.event) end
  store.remove_room(room)
  return responses.empty(204)
end

return rooms
