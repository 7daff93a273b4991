-- /v1/rooms/{id}/streaming_targets

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local input = require "salon.sandbox.opentalk.input"
local rooms = require "salon.sandbox.opentalk.rooms"
local views = require "salon.sandbox.opentalk.views"

local streaming = {}

local NEW, CHANGE = input.fields(input.TARGET), input.fields(input.TARGET_CHANGE)

-- A route about one target of a room: `act` gets it and its place, and the query.
local function with_target(act, as_owner)
  return function(request, user, _, id, other)
    local room, query = rooms.existing(id, user, as_owner)
    if not room then return query end
    local fault = input.uuid_fault(other)
    if fault then return responses.text(404, fault) end
    local refusal
    query, refusal = input.change(request)
    if not query then return refusal end
    for at, target in ipairs(room.streaming_targets or {}) do
      if target.id == other then return act(request, user, room, target, at, query) end
    end
    return responses.error(404)
  end
end

function streaming.list(_, user, _, id)
  local room, refusal = rooms.existing(id, user)
  return room and responses.ok(views.targets(room, user)) or refusal
end

function streaming.create(request, user, old, id)
  local room, query = rooms.existing(id, user, true)
  if not room then return query end
  local target, refusal
  query, refusal = input.change(request)
  if not query then return refusal end
  target, refusal = input.body(request, NEW)
  if not target then return refusal end
  target.id = store.random:uuid()
  room.streaming_targets = room.streaming_targets or {}
  table.insert(room.streaming_targets, target)
  input.count_mails(request, query, room.event, old)
  store.touch()
  return responses.ok(views.target(target, room, user))
end

streaming.get = with_target(function(_, user, room, target)
  return responses.ok(views.target(target, room, user))
end)

-- What belongs to the kind comes with the kind.
streaming.change = with_target(function(request, user, room, target)
  local values, refusal = input.body(request, CHANGE)
  if not values then return refusal end
  local of_kind = values.streaming_endpoint or values.streaming_key or values.public_url
  if of_kind and not values.kind then return responses.invalid_json "missing field `kind`" end
  if next(values) == nil then return responses.error(400) end
  for name, value in pairs(values) do target[name] = value end
  store.touch()
  return responses.ok(views.target(target, room, user))
end, true)

streaming.delete = with_target(function(request, _, room, _, at, query)
  table.remove(room.streaming_targets, at)
  input.count_mails(request, query, room.event)
  store.touch()
  return responses.empty(204)
end, true)

return streaming
