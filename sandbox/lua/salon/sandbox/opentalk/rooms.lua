-- /v1/rooms

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
local views = require "salon.sandbox.opentalk.views"

local rooms = {}

local CHANGE = "password:string- waiting_room:boolean e2e_encryption:boolean guest_access:access"
local CREATE = CHANGE .. " enable_sip:boolean"
local FIELDS = {
  ["2023"] = { create = input.fields "password:string? enable_sip:boolean waiting_room:boolean" },
  ["2026"] = { create = input.fields(CREATE), change = input.fields(CHANGE) },
  ["0.66"] = { create = input.fields(CREATE .. " name:name-"), change = input.fields(CHANGE .. " name:name-") },
}
local NAME = input.fields "name:name!"

-- Is a room's name in use? Where names get a suffix nobody's is ever taken.
local function is_taken(name) return name and not store.settings.name_suffix and store.aliases[name] end

rooms.is_taken = is_taken

-- The fields of a body, or nil and the response.
local function read(request, old, what, room)
  local values, refusal = input.body(request, FIELDS[store.settings.opentalk][what])
  if not values then return nil, refusal end
  local length = not values.password and 1 or input.length(values.password, old)
  if length < 1 or length > 255 then
    return nil, old and responses.invalid(true, { { "password", "invalid_length" } })
      or responses.invalid_json "invalid length of the room password"
  end
  local other = is_taken(values.name)
  if other and other ~= room then return nil, responses.error(409) end
  return values
end

function rooms.list(request, user, old)
  if store.settings.open_rooms then return responses.error(500) end
  return pages.numbered(request, old, "rooms of " .. user.id, function() return user.rooms:sort() end, views.room)
end

function rooms.create(request, user, old)
  local values, refusal = read(request, old, "create")
  if not values then return refusal end
  values.sip = values.enable_sip
  return responses.ok(views.room(store.add_room(user, values), old))
end

---The room of a path: what the user may do with it ("owner", "reader") and the
---room, if there is one; or nil and the response. Rights are stored per id and
---outlive the room. Where everybody may read every room, the
---id is looked at.
function rooms.find(id, user, as_owner)
  local room = store.rooms[id] or store.aliases[id]
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

-- A route about one room: `act` gets it.
local function with_room(act, as_owner)
  return function(request, user, old, id)
    local room, refusal = rooms.existing(id, user, as_owner)
    if not room then return refusal end
    return act(room, old, request)
  end
end

rooms.get = with_room(function(room, old) return responses.ok(views.room(room, old)) end)

rooms.tariff = with_room(function(_, old) return responses.ok(views.tariff(old)) end)

rooms.event = with_room(function(room)
  return room.event and responses.ok(views.event_info(room.event)) or responses.error(404)
end)

rooms.change = with_room(function(room, old, request)
  local values, refusal = read(request, old, "change", room)
  if not values then return refusal end
  store.change_room(room, values)
  return responses.ok(views.room(room, old))
end, true)

---PUT, which 2023 permits and does not have.
function rooms.put(_, user, _, id)
  local role, refusal = rooms.find(id, user, true)
  return role and responses.empty(404) or refusal
end

local function remove(room)
  if room.event then store.remove_event(room.event) end
  store.remove_room(room)
  return responses.empty(204)
end

-- 2023 removes only the row, and refuses while something refers to it (or has
-- done so: a deleted event leaves its dial-in).
function rooms.delete(request, user, old, id)
  local role, room = rooms.find(id, user, true)
  if not role then return room end
  local query, refusal = input.change(request)
  if not query then return refusal end
  if not room then return old and responses.empty(204) or responses.error(404) end
  if old and (room.sip or room.event) then return responses.error(409) end
  input.count_mails(request, query, room.event, old)
  return remove(room)
end

---2023's complete deletion, which checks the rights itself.
function rooms.delete_all(_, user, _, id)
  local fault = input.uuid_fault(id)
  if fault then return responses.text(404, fault) end
  local room = store.rooms[id:lower()]
  if not room then return responses.error(404) end
  return room.owner == user and remove(room) or responses.error(403)
end

---Is a name free?
function rooms.verify_name(request)
  local values, refusal = input.body(request, NAME)
  return values and responses.ok { available = not is_taken(values.name) } or refusal
end

return rooms
