-- POST /v1/events, PATCH and DELETE of one event

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local events = require "salon.sandbox.opentalk.events"
local input = require "salon.sandbox.opentalk.input"
local rooms = require "salon.sandbox.opentalk.rooms"
local rules = require "salon.sandbox.opentalk.event_rules"
local views = require "salon.sandbox.opentalk.views"

local changes = {}

-- What belongs to the event's own row, what else changes it, and what belongs to its room
-- (by the room's name for it).
local ROW = { "title", "description", "is_adhoc", "show_meeting_details" }
local TOUCHING = { "is_time_independent", "is_all_day", "starts_at", "ends_at", "recurrence_pattern", unpack(ROW) }
local ROOM = { password = "password", waiting_room = "waiting_room", guest_access = "guest_access",
  e2e_encryption = "e2e_encryption", name = "room_name" }

local function room_fields(values)
  local fields = {}
  for name, sent in pairs(ROOM) do fields[name] = values[sent] end
  return fields
end

-- What hangs on an event beside its row.
local function attach(event, values)
  for _, target in ipairs(values.streaming_targets or {}) do target.id = store.random:uuid() end
  event.room.streaming_targets = values.streaming_targets or event.room.streaming_targets
  if values.has_shared_folder ~= nil then store.share_folder(event, values.has_shared_folder) end
  if values.training_participation_report ~= nil then
    event.training_participation_report = values.training_participation_report or nil
  end
end

---Makes an event from the fields of a body; nil and the response. fields: id, room.
function changes.make(user, values, old, fields)
  local made, refusal = rules.new_dates(values, old)
  if not made then return nil, refusal end
  if rooms.is_taken(values.room_name) then return nil, responses.error(409) end
  for _, name in ipairs(ROW) do made[name] = values[name] end
  for name, value in pairs(fields or {}) do made[name] = value end
  local event = store.add_event(user, made, room_fields(values))
  attach(event, values)
  return event
end

function changes.create(request, user, old)
  local query, refusal = input.change(request)
  if not query then return refusal end
  local values, event
  values, refusal = rules.read(request, "create", old)
  if not values then return refusal end
  event, refusal = changes.make(user, values, old)
  if not event then return refusal end
  input.count_mails(request, query, event, old)
  return responses.ok(views.event(event, user, old, 0, "new"))
end

-- The guest link for the text of the mails, whether these are sent or not.
local function ensure_link(event, user, old)
  if store.settings.opentalk == "0.66" then return end
  for _, invite in pairs(event.room.invites or {}) do
    if old or invite:usable() then return end
  end
  store.add_invite(event.room, user)
end

-- Changes an event by the fields of a body; the response when they are refused.
local function change(event, values, old)
  local touched = false
  for _, name in ipairs(TOUCHING) do touched = touched or values[name] ~= nil end
  if touched then
    local fields, refusal = rules.changed_dates(event, values, old)
    if not fields then return refusal end
    for _, name in ipairs(ROW) do fields[name] = values[name] end
    store.change_event(event, fields)
  end
  store.change_room(event.room, room_fields(values))
  attach(event, values)
end

function changes.change(request, user, old, id)
  local event, query = events.start(request, user, id, true)
  if not event then return query end
  local values, refusal = rules.read(request, "change", old)
  if not values then return refusal end
  if next(values) == nil then return responses.empty(204) end
  local other = rooms.is_taken(values.room_name)
  refusal = other and other ~= event.room and responses.error(409) or change(event, values, old)
  if refusal then return refusal end
  ensure_link(event, user, old)
  input.count_mails(request, query, event, old)
  return responses.ok(views.event(event, user, old, math.max(0, query.invitees_max or 0), "single"))
end

-- 2023 leaves the room behind.
function changes.delete(request, user, old, id)
  local event, query = events.start(request, user, id, true)
  if not event then return query end
  input.count_mails(request, query, event, old)
  local room = event.room
  store.remove_event(event)
  if not old then store.remove_room(room) end
  return responses.empty(204)
end

return changes
