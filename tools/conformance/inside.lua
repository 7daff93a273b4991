-- Runs inside the sandbox of a conformance run: what routes that are out of
-- scope would change. Gets the table of things that can be put.

local store = require "salon.sandbox.store"
local time = require "salon.sandbox.time"

local function event_of(id) return store.events[id] or error("no event " .. id, 0) end

local function zoned(value)
  return value and { at = assert(time.parse(value.datetime)), timezone = value.timezone } or nil
end

local function person(name) return store.person(store.settings.tenants and "OPENTALK2" or "OPENTALK", name) end

local function take(thing, fields, ...)
  for _, name in ipairs { ... } do
    if fields[name] ~= nil then thing[name] = fields[name] end
  end
end

return function(put)
  function put.profile(_, fields) put.user(fields.user, fields) end

  function put.favourite(id, fields) event_of(id).favourites[person(fields.user)] = fields.set or nil end

  -- An event as its owner changed it; what is false goes. A series that loses
  -- its pattern loses its exceptions, too; a room without a guest link gets one.
  function put.event(id, fields)
    local event = event_of(id)
    event.owner.events:remove(event)
    take(event, fields, "title", "description", "is_adhoc", "is_all_day")
    take(event.room, fields, "waiting_room")
    if fields.starts_at ~= nil then
      event.starts, event.ends = zoned(fields.starts_at), zoned(fields.ends_at)
      event.last = event.ends and event.ends.at
    end
    if fields.recurrence_pattern ~= nil then
      event.pattern, event.exceptions = fields.recurrence_pattern or nil, {}
    end
    if fields.password ~= nil then event.room.password = fields.password or nil end
    if fields.touched then event.updated = store.now() end
    if not event.room.invites then store.add_invite(event.room, event.owner) end
    event.owner.events:add(event)
  end

  -- A date of a series that is otherwise.
  function put.exception(id, fields)
    local event, at, exception = event_of(id), time.parse_compact(fields.instance), nil
    for _, known in ipairs(event.exceptions) do
      if known.at == at then exception = known end
    end
    if not exception then
      exception = { at = at, created = store.now(), by = event.owner, status = "ok" }
      table.insert(event.exceptions, exception)
    end
    take(exception, fields, "status", "title", "description", "is_all_day")
    exception.starts = zoned(fields.starts_at) or exception.starts
    exception.ends = zoned(fields.ends_at) or exception.ends
  end

  -- By e-mail, too: of somebody the provider knows, or of nobody, who gets a guest
  -- link of his own.
  local invite = put.invitation
  function put.invitation(id, fields)
    if not fields.email then return invite(id, fields) end
    local event, known = event_of(id), person(fields.email)
    for _, entry in ipairs(event.invitees) do
      if entry.email == fields.email then return end
    end
    if known and known.session_ends then return invite(id, { user = known.name }) end
    table.insert(event.invitees, { person = known, email = fields.email, status = "pending" })
    if not known then store.add_invite(event.room, event.owner) end
  end

  -- A first login makes invitations to one's address one's own.
  function put.login(name)
    for id, event in pairs(store.events) do
      for i, entry in ipairs(event.invitees) do
        if entry.person == person(name) then
          invite(id, { user = name })
          table.insert(event.invitees, i, table.remove(event.invitees))
          break
        end
      end
    end
  end
end
