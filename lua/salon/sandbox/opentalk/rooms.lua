-- /v1/rooms

local store = require "salon.sandbox.store"
local errors = require "salon.sandbox.opentalk.errors"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
local views = require "salon.sandbox.opentalk.views"

local rooms = {}

local function ok(body) return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = body } end

local FIELDS = { { "password", "string", null = true }, { "enable_sip", "boolean" },
  { "waiting_room", "boolean" } }
local NEW_FIELDS = { FIELDS[1], FIELDS[2], FIELDS[3], { "e2e_encryption", "boolean" },
  { "guest_access", "string" } }
local GUEST_ACCESS = { disabled = true, waiting_room = true, direct_access = true }

---Is a room password acceptable? 2023 counts characters, 2026 bytes.
function rooms.password_fault(password, old)
  if not password then return nil end
  local length = old and input.characters(password) or #password
  if length >= 1 and length <= 255 then return nil end
  if old then return errors.invalid(true, { { "password", "invalid_length" } }) end
  return errors.json(400, "invalid_json",
    "Json deserialize error: invalid length of the room password")
end

function rooms.list(request, user, old)
  return pages.answer(request, old, "rooms page " .. user.id,
    function() return store.rooms_of(user) end,
    function(room)
      return store.cached(room, function() return views.room(room, old) end)
    end)
end

function rooms.create(request, user, old)
  local values, refusal = input.body(request, old and FIELDS or NEW_FIELDS)
  if not values then return refusal end
  local fault = rooms.password_fault(values.password, old)
  if fault then return fault end
  if values.guest_access and not GUEST_ACCESS[values.guest_access] then
    return errors.json(400, "invalid_json", ("Json deserialize error: unknown variant `%s`, expected "
      .. "one of `disabled`, `waiting_room`, `direct_access`"):format(values.guest_access))
  end
  values.sip = values.enable_sip
  return ok(views.room(store.add_room(user, values), old))
end

---Whose room is this, as far as permissions go? "owner", "reader" or nil; ids
---are compared as text.
function rooms.role(id, user)
  local room = store.rooms[id]
  if store.gone[id] == user then return "owner" end
  if not room then return nil end
  if room.owner == user then return "owner", room end
  return room.readers[user.id] and "reader" or nil, room
end

function rooms.get(_, user, old, id)
  local role, room = rooms.role(id, user)
  if not role then return errors.empty(403) end
  if not room then return errors.json(404) end
  return ok(views.room(room, old))
end

function rooms.patch(request, user, old, id)
  local role, room = rooms.role(id, user)
  if old or role ~= "owner" then return errors.empty(403) end
  if not room then return errors.json(404) end
  local values, sent = input.body(request, NEW_FIELDS)
  if not values then return sent end
  local fault = rooms.password_fault(values.password, old)
  if fault then return fault end
  if sent.password ~= nil then room.password = values.password end
  for _, name in ipairs { "waiting_room", "guest_access", "e2e_encryption" } do
    if values[name] ~= nil then room[name] = values[name] end
  end
  store.touch()
  return ok(views.room(room, old))
end

-- 2023 grants the right to it, but has no such route.
function rooms.put(_, user, old, id)
  return errors.empty(old and rooms.role(id, user) == "owner" and 404 or 403)
end

-- 2023 removes only the row, and refuses while something refers to it.
function rooms.delete(_, user, old, id)
  local role, room = rooms.role(id, user)
  if role ~= "owner" then return errors.empty(403) end
  if not room then return old and errors.empty(204) or errors.json(404) end
  if old and (room.sip or room.event) then return errors.json(409) end
  local event = room.event
  if event then
    store.events[event.id], event.owner.events[event.id] = nil, nil
  end
  store.remove_room(room)
  return errors.empty(204)
end

return rooms
