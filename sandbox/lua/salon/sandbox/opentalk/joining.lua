-- Tickets to join a meeting, as far as they show who may: /v1/rooms/{id}/start

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local input = require "salon.sandbox.opentalk.input"
local rooms = require "salon.sandbox.opentalk.rooms"

local joining = {}

local OLD = "breakout_room:uuid? resumption:string?"
local FIELDS = { [true] = input.fields(OLD), [false] = input.fields "device_secret:string! password:string?" }
local GUEST = { [true] = input.fields("invite_code:string! password:string? " .. OLD),
  [false] = input.fields "device_secret:string! password:string? invite_code:string! display_name:string?" }

-- Guests of the newest servers have no code: the room's link lets them in, or not.
local NEWEST = input.fields "device_secret:string! password:string?"

local function text() return (store.random:uuid() .. store.random:uuid()):gsub("-", "") end

local function ticket(values, old)
  if old and values.breakout_room then
    return responses.error(400, "no_breakout_rooms", "The requested room has no breakout rooms")
  elseif old then
    return responses.ok { ticket = text(), resumption = text() }
  elseif #values.device_secret < 16 or #values.device_secret > 255 then
    return responses.invalid_json "invalid device secret"
  end
  return responses.ok { token = store.random:uuid(), roomserver_address = "https://roomserver.example" }
end

local function wrong_password()
  return responses.error(401, "wrong_room_password", "The provided password does not match the rooms password")
end

function joining.start(request, user, old, id)
  local room, refusal = rooms.existing(id, user)
  if not room then return refusal end
  local values
  values, refusal = input.body(request, FIELDS[old])
  return values and ticket(values, old) or refusal
end

---Guests with nothing but the room's link.
function joining.start_without_code(request, _, old, id)
  local room = store.rooms[id] or store.aliases[id]
  if not room or room.guest_access == "disabled" or room.e2e_encryption then return responses.error(404) end
  local values, refusal = input.body(request, NEWEST)
  if not values then return refusal end
  if room.password and values.password ~= room.password then return wrong_password() end
  return ticket(values, old)
end

---Guests with the code of a link; 2023 lets them in with one that has expired, too.
function joining.start_invited(request, _, old, id)
  local fault = input.uuid_fault(id)
  if fault then return responses.text(404, fault) end
  local values, refusal = input.body(request, GUEST[old])
  if not values then return refusal end
  if input.uuid_fault(values.invite_code) then
    return responses.invalid(old, { { "invite_code", "invalid_value", "Bad invite code format" } })
  end
  local invite = store.invites[values.invite_code:lower()]
  local good = invite and store.rooms[invite.room.id]
  if good and old then good = invite.active elseif good then good = invite:usable() end
  if not good then return responses.error(404) end
  if invite.room.id ~= id:lower() then return responses.error(400, nil, "Room id mismatch") end
  if invite.room.password and values.password ~= invite.room.password then return wrong_password() end
  return ticket(values, old)
end

---Where later servers send guests.
function joining.moved(_, _, _, id)
  return { status = 308, headers = { Location = "/v1/rooms/" .. id .. "/start" }, body = "" }
end

return joining
