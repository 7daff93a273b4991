-- A small store for what hangs on rooms (assets, streaming targets): a POST makes an id,
-- GET lists and reads, PATCH merges, DELETE removes.

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local input = require "salon.sandbox.opentalk.input"
local rooms = require "salon.sandbox.opentalk.rooms"

local things = {}

-- A list that hangs on a room, one of its things, and the place of that in the list.
function things.find(name, request, user, id, other)
  local reading = request.method == "GET"
  local room, refusal = rooms.existing(id, user, not reading)
  if not room then return nil, refusal end
  room[name] = room[name] or {}
  if not other then return room, room[name] end
  local fault = input.uuid_fault(other)
  if fault then return nil, responses.text(404, fault) end
  for i, thing in ipairs(room[name]) do
    if thing.id == other then return room, room[name], thing, i end
  end
  return room, room[name]
end

-- Routes of a list that hangs on rooms. view(thing, room, user); all(request, list, user,
-- old, room): the response with the list; make(request, room): what a POST gives, or nil
-- and the response; lenient: 2023 deletes what is not there, too.
function things.kind(name, view, all, make, lenient)
  return {
    list = function(request, user, old, id)
      local room, list = things.find(name, request, user, id)
      return room and all(request, list, user, old, room) or list
    end,
    create = function(request, user, _, id)
      local room, list = things.find(name, request, user, id)
      if not room then return list end
      local thing, refusal = make(request, room)
      if not thing then return refusal end
      thing.id = thing.id or store.random:uuid()
      table.insert(list, thing)
      store.touch()
      return responses.ok(view(thing, room, user))
    end,
    get = function(request, user, _, id, other)
      local room, refusal, thing = things.find(name, request, user, id, other)
      if not room then return refusal end
      return thing and responses.ok(view(thing, room, user)) or responses.error(404)
    end,
    change = function(request, user, _, id, other)
      local room, refusal, thing = things.find(name, request, user, id, other)
      if not room then return refusal end
      local body
      body, refusal = input.object(request)
      if not body then return refusal end
      if not thing then return responses.error(404) end
      if next(body) == nil then return responses.error(400) end
      for key, value in pairs(body) do thing[key] = key ~= "id" and value or thing[key] end
      store.touch()
      return responses.ok(view(thing, room, user))
    end,
    delete = function(request, user, old, id, other)
      local room, list, thing, i = things.find(name, request, user, id, other)
      if not room then return list end
      if not thing and not (old and lenient) then return responses.error(404) end
      if thing then table.remove(list, i) end
      store.touch()
      return responses.empty(204)
    end,
  }
end

return things
