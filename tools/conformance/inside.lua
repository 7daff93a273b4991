-- Runs inside the sandbox of a conformance run: what routes that are out of
-- scope would change. Gets the table of things that can be put.

local store = require "salon.sandbox.store"

local function event_of(id) return store.events[id] or error("no event " .. id, 0) end

local function person(name) return store.person(store.settings.tenants and "OPENTALK2" or "OPENTALK", name) end

return function(put)
  function put.profile(_, fields) put.user(fields.user, fields) end

  function put.favourite(id, fields) event_of(id).favourites[person(fields.user)] = fields.set or nil end

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
