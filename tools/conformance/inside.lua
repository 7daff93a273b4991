-- Runs inside the sandbox of a conformance run: what routes that are out of
-- scope would change. Gets the table of things that can be put.

local store = require "salon.sandbox.store"
local time = require "salon.sandbox.time"

local function event_of(id) return store.events[id] or error("no event " .. id, 0) end

local function zoned(value)
  return value and { at = assert(time.parse(value.datetime)), timezone = value.timezone } or nil
end

local function realm() return store.settings.tenants and "OPENTALK2" or "OPENTALK" end

return function(put)
  function put.room(id)
    local room = store.rooms[id]
    if room and room.event then store.remove_event(room.event) end
    if room then store.remove_room(room) end
  end

  function put.favourite(id, fields)
    event_of(id).favourites[store.person(realm(), fields.user)] = fields.set or nil
  end

  -- An event as its owner changed it; what is false goes. A series that loses
  -- its pattern loses its exceptions, too; a room without a guest link gets one.
  function put.event(id, fields)
    local event = event_of(id)
    event.owner.events:remove(event)
    for _, name in ipairs { "title", "description", "is_adhoc", "is_all_day" } do
      if fields[name] ~= nil then event[name] = fields[name] end
    end
    if fields.starts_at ~= nil then
      event.starts, event.ends = zoned(fields.starts_at), zoned(fields.ends_at)
      event.last = event.ends and event.ends.at
    end
    if fields.recurrence_pattern ~= nil then
      event.pattern, event.exceptions = fields.recurrence_pattern or nil, {}
    end
    if fields.password ~= nil then event.room.password = fields.password or nil end
    if fields.waiting_room ~= nil then event.room.waiting_room = fields.waiting_room end
    if fields.touched then event.updated = store.now() end
    if not event.room.invites then store.add_invite(event.room, event.owner) end
    event.owner.events:add(event)
  end

  -- A date of a series that is otherwise.
  function put.exception(id, fields)
    local event = event_of(id)
    local at = assert(time.parse((fields.instance:gsub("^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)Z$",
      "%1-%2-%3T%4:%5:%6Z"))))
    local exception
    for _, known in ipairs(event.exceptions) do
      if known.at == at then exception = known end
    end
    if not exception then
      exception = { at = at, created = store.now(), by = event.owner, status = "ok" }
      table.insert(event.exceptions, exception)
    end
    for _, name in ipairs { "status", "title", "description", "is_all_day" } do
      if fields[name] ~= nil then exception[name] = fields[name] end
    end
    exception.starts = zoned(fields.starts_at) or exception.starts
    exception.ends = zoned(fields.ends_at) or exception.ends
  end

  -- Invitations by e-mail: of somebody the provider knows, or of nobody, who
  -- gets a guest link of his own.
  function put.address(id, fields)
    local event = event_of(id)
    for _, entry in ipairs(event.invitees) do
      if entry.email == fields.email then return end
    end
    local known = store.person(realm(), fields.email)
    if known and known.session_ends then return put.invitation(id, { user = known.name }) end
    table.insert(event.invitees, { person = known, email = fields.email, status = "pending" })
    if not known then store.add_invite(event.room, event.owner) end
  end

  -- A first login makes invitations to one's address one's own.
  function put.login(name)
    local person = store.person(realm(), name)
    for id, event in pairs(store.events) do
      for i, entry in ipairs(event.invitees) do
        if entry.person == person then
          put.invitation(id, { user = name })
          table.insert(event.invitees, i, table.remove(event.invitees))
          break
        end
      end
    end
  end
end
