-- What a room or event has one of, and where a room is streamed to: dial-in, shared
-- folder, streaming targets

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local events = require "salon.sandbox.opentalk.events"
local input = require "salon.sandbox.opentalk.input"
local rooms = require "salon.sandbox.opentalk.rooms"
local things = require "salon.sandbox.opentalk.things"
local views = require "salon.sandbox.opentalk.views"

local extras = {}

extras.targets = things.kind("streaming_targets", views.target,
  function(_, _, user, _, room) return responses.ok(views.targets(room, user)) end, input.object)

-- A route about the one thing of a room or event.
local function single(existing, act)
  return function(request, user, _, id)
    local holder, refusal = existing(id, user, request.method ~= "GET")
    if not holder then return refusal end
    return act(holder, user, request)
  end
end

local SIP = input.fields "password:string? lobby:boolean?"

local function sip_view(room)
  return { room = room.id, sip_id = room.sip.id, password = room.sip.password, lobby = room.sip.lobby or false }
end

extras.get_sip = single(rooms.existing, function(room)
  if room.e2e_encryption then
    return responses.error(404, "service_unavailable", "The service is currently unavailable")
  end
  return room.sip and responses.ok(sip_view(room)) or responses.error(404)
end)

extras.put_sip = single(rooms.existing, function(room, _, request)
  local values, refusal = input.body(request, SIP)
  if not values then return refusal end
  if next(values) == nil or (values.password and not values.password:find("^" .. ("%d"):rep(10) .. "$")) then
    return responses.invalid_json "invalid SIP configuration"
  elseif room.e2e_encryption then
    return responses.error(403, "service_unavailable", "Call-in not available for end-to-end encrypted room")
  end
  local made = not room.sip
  room.sip = room.sip or { id = store.random:digits(), password = store.random:digits() }
  for name, value in pairs(values) do room.sip[name] = value end
  store.touch()
  local response = responses.ok(sip_view(room))
  response.status = made and 201 or 200
  return response
end)

extras.delete_sip = single(rooms.existing, function(room)
  if not room.sip then return responses.error(404) end
  room.sip = nil
  store.touch()
  return responses.empty(204)
end)

extras.get_folder = single(events.find, function(event, user)
  return event.shared_folder and responses.ok(views.folder(event, user)) or responses.error(404)
end)

extras.put_folder = single(events.find, function(event, user)
  if not store.settings.shared_folders then
    return responses.error(400, nil, "No shared folder configured for this server")
  end
  if event.shared_folder then return responses.empty(304) end
  store.share_folder(event, true)
  return responses.ok(views.folder(event, user))
end)

extras.delete_folder = single(events.find, function(event)
  store.share_folder(event, false)
  return responses.empty(204)
end)

return extras
