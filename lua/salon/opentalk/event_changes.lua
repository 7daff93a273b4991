-- Changing an event. A change without all date fields makes some servers forget a series,
-- others the date; so the event is read first, and all of them are sent.

local Error = require "salon.internal.error"
local dates = require "salon.opentalk.dates"
local instances = require "salon.opentalk.instances"
local operation = require "salon.internal.operation"
local options = require "salon.internal.options"

local changes = {}

-- What has no time cannot keep its length.
local function no_time(op, event, fields, message, hint)
  return Error.new { kind = "unsupported", outcome = "done", status = event.response.status,
    attempts = event.response.attempts,
    message = op.name .. ": " .. (message or "the event has no time, or it is not known how long it takes"),
    hint = hint or fields.starts_at and "give 'ends_at', too" or "give 'starts_at' and 'ends_at', too" }
end

-- Fields of the room: where they come alone, servers leave the event's dates as they are.
local ROOM = { password = true, waiting_room = true }

local function of_the_room_alone(fields)
  for name in pairs(fields) do
    if not ROOM[name] then return false end
  end
  return true
end

-- How long it takes. Newer servers give the end of a series wrongly: there an occurrence
-- tells.
local function duration_of(old, service, keys, deadline)
  if old.type ~= "recurring" then return dates.length(old) end
  local page, err = operation.list(instances.ops.list, service, keys, nil, { per_page = 10 }, deadline)
  if page == nil then return nil, err end
  return dates.duration(page)
end

local function needs_duration(old, fields)
  if fields.ends_at or fields.is_time_independent then return false end
  return fields.starts_at ~= nil or old.type == "recurring"
end

function changes.update(op, service, keys, fields, given)
  local deadline = service.session:deadline(given.timeout)
  if of_the_room_alone(fields) then
    return operation.perform(op, service, keys, fields, given, deadline)
  end
  local event, err = operation.perform(op.ops.get, service, keys, nil, {}, deadline)
  if event == nil then return nil, err end
  local old, duration = event.raw, nil
  if needs_duration(old, fields) then
    duration, err = duration_of(old, service, keys, deadline)
    if duration == nil then return nil, err or no_time(op, event, fields) end
  end
  local block, message, hint = dates.block(old, fields, duration)
  if block == nil then return nil, no_time(op, event, fields, message, hint) end
  local all = options.merge(fields, block)
  return operation.perform(op, service, keys, all, given, deadline)
end

return changes
