-- Meet's rooms: the service `meet.rooms` and the class of its records. Paths end
-- in a slash: without it the server redirects, and a POST is lost on the way.

local core = require "salon.core"
local json = require "salon.internal.json"
local options = require "salon.internal.options"
local Source = require "salon.internal.source"
local pages = require "salon.internal.pages"
local unsupported = require "salon.internal.unsupported"

local rooms = {}

---@class salon.meet.Rooms
local Rooms = { __name = "salon.meet.Rooms" }
Rooms.__index = Rooms

-- The record ---------------------------------------------------------------

local getters = { title = "name", access = "access_level" }

-- A name without a Latin letter makes an empty slug, and the link of such a room is that
-- of the server's front page.
function getters.join_url(room)
  return room.raw.slug ~= "" and room.raw.url or nil
end

function getters.dial_in(room)
  local telephony = room.raw.telephony
  if type(telephony) ~= "table" or telephony.phone_number == nil then return nil end
  return { tel = telephony.phone_number, pin = telephony.pin_code }
end

local NO_INVITES = unsupported.service("room.invites", "Meet has no guest links",
  "room.join_url lets in whom room.access says")

function getters.invites() return NO_INVITES end

local CLASS = { name = "salon.Room", backend = "meet", methods = {}, getters = getters }

local function wrap(session, raw, about)
  return core.record(CLASS, raw, session.client, about)
end

-- The service --------------------------------------------------------------

---@param session salon.Session
---@return salon.meet.Rooms
function rooms.service(session)
  return setmetatable({ session = session }, Rooms)
end

local CALL = { user = options.NAME, timeout = options.TIMEOUT }

local LIST = options.merge(CALL, {
  page = options.PAGE,
  page_size = { "number", integer = true, min = 1, max = 100 },
})

local EACH = options.merge(LIST, { prefetch = options.PREFETCH })

-- A call on behalf of a user other than the client's needs no other client.
-- Raises at the caller of the public function when there is nobody to act for.
local function user_of(session, given, fname)
  local user = given.user or session.backend.user
  if user == nil and not session.backend.given.token then
    error(fname .. ": option 'user' is required (here or for the client)", 3)
  end
  if given.user and session.backend.given.token then
    error(fname .. ": option 'user' makes no sense with a token from outside", 3)
  end
  return user
end

rooms.user_of = user_of

local function decode(self, response)
  local data, err = self.session:decode(response, "object")
  if data == nil then return nil, err end
  if type(data.results) ~= "table" then
    return nil, self.session:shape_error(response, "the page holds no list 'results'")
  end
  return data.results, data
end

local function source(session, given, user)
  return Source.new {
    session = session,
    given = given,
    parts = { "rooms", "" },
    query = given.page_size and { "page_size", given.page_size },
    user = user,
    key = "id",
    decode = decode,
    records = function(items, about) return core.records(CLASS, items, session.client, about) end,
  }
end

---One page of the rooms in which the user has a role, by name. Servers send 20
---per page: all of them so far ignore `page_size`.
---
---Source: `GET /rooms/`, Meet External API v1.0.
---@param opts? { page?: integer, page_size?: integer, user?: string, timeout?: number }
---@return salon.Page? page  page[i], #page, page.next (options or nil), page.total, page.response
---@return salon.Error? err
function Rooms:list(opts)
  local session = options.self(self, Rooms, "rooms:list")
  local given = options.check("rooms:list", opts, LIST)
  return pages.list(source(session, given, user_of(session, given, "rooms:list")), given)
end

---Walks all rooms; raises the error that `list` would return. `timeout` counts per page.
---
---Source: `GET /rooms/`, Meet External API v1.0.
---@param opts? { page?: integer, page_size?: integer, user?: string, timeout?: number,
---  prefetch?: integer }
---  prefetch: 0 to 64 pages (4 where their number is known, else 1)
---@return salon.Walk
function Rooms:each(opts)
  local session = options.self(self, Rooms, "rooms:each")
  local given = options.check("rooms:each", opts, EACH)
  local user = user_of(session, given, "rooms:each")
  return pages.walk(source(session, given, user), given)
end

---One room.
---
---Source: `GET /rooms/{id}/`, Meet External API v1.0. 404: unknown; 403: the user
---has no role in it.
---@param id string
---@param opts? salon.meet.CallOptions
---@return salon.meet.Room? room
---@return salon.Error? err
function Rooms:get(id, opts)
  local session = options.self(self, Rooms, "rooms:get")
  options.id("rooms:get", "id", id)
  local call = options.check("rooms:get", opts, CALL)
  return session:record({
    parts = { "rooms", id, "" },
    user = user_of(session, call, "rooms:get"),
    deadline = session:deadline(call.timeout),
  }, wrap, "id", id)
end

-- The server takes "no" for `everyone_can_mute` and later reads it as yes.
local function configuration_fault(value)
  if value.everyone_can_mute ~= nil and type(value.everyone_can_mute) ~= "boolean" then
    return "has 'everyone_can_mute', which must be a boolean"
  end
end

-- An empty list of sources is a list, however it was typed.
local function with_list(configuration)
  local sources = configuration.can_publish_sources
  if type(sources) ~= "table" or next(sources) ~= nil or getmetatable(sources) then
    return configuration
  end
  local copy = setmetatable({}, getmetatable(configuration))
  for name, value in pairs(configuration) do copy[name] = value end
  copy.can_publish_sources = setmetatable({}, core.array_mt)
  return copy
end

-- What cannot be written as JSON is the caller's mistake.
local function encode(fname, body)
  if body.configuration then body.configuration = with_list(body.configuration) end
  local ok, text = pcall(core.encode, body)
  if not ok then error(fname .. ": " .. text, 3) end
  return text
end

local FIELDS = {
  access_level = { "string", one_of = { "public", "trusted", "restricted" } },
  configuration = { "table", check = configuration_fault },
}

-- Did the server, which tells both, do as it was asked?
local DONE = {
  access_level = function(raw, value) return raw.access_level == nil or raw.access_level == value end,
  configuration = function(raw, value)
    return next(value) == nil or raw.access_level == nil or type(raw.configuration) == "table"
  end,
}

-- The response when the name that the server drew is taken: nothing was created.
local TAKEN = { status = 400, prefix = '{"slug":', max = 3 }

---@class salon.meet.RoomFields
---@field access_level? "public"|"trusted"|"restricted"
---@field configuration? { can_publish_sources?: string[], everyone_can_mute?: boolean }

---Creates a room; the server draws its name. Servers before 1.17 leave the fields out
---without a word: then `err.kind == "unsupported"`, and the room is `err.made`.
---
---Never repeated by itself once it may have arrived, except when the server
---reports a collision of its own random names.
---
---Source: `POST /rooms/`, Meet External API v1.0.
---@param fields? salon.meet.RoomFields
---@param opts? salon.meet.CallOptions
---@return salon.meet.Room? room
---@return salon.Error? err
function Rooms:create(fields, opts)
  local session = options.self(self, Rooms, "rooms:create")
  local body = options.check("rooms:create", fields, FIELDS, 3, "field")
  local call = options.check("rooms:create", opts, CALL)
  local text = encode("rooms:create", body)
  local room, err = session:record({
    method = "POST",
    parts = { "rooms", "" },
    body = text,
    user = user_of(session, call, "rooms:create"),
    deadline = session:deadline(call.timeout),
    repeat_on = TAKEN,
  }, wrap, "id")
  if room == nil then return nil, err end
  return unsupported.unless_taken(room, body, DONE)
end

-- Servers that cannot do it say 405, before 1.6 a 403 of their own. A web page with such
-- a status is a proxy's, which does not route the API.
local function not_offered(err, what, since)
  if json.shape(err.body or "") == "html" then return err end
  if err.status == 405 or (err.status == 403 and err.message:find("Unknown action", 1, true)) then
    err.kind = "unsupported"
    err.message = "this server cannot " .. what .. " rooms"
    err.hint = since
  end
  return err
end

---Changes a room. `configuration` replaces the old one as a whole.
---
---Source: `PATCH /rooms/{id}/`, Meet External API v1.0, servers since 1.31;
---older ones: `err.kind == "unsupported"`.
---@param id string
---@param fields salon.meet.RoomFields
---@param opts? salon.meet.CallOptions
---@return salon.meet.Room? room
---@return salon.Error? err
function Rooms:update(id, fields, opts)
  local session = options.self(self, Rooms, "rooms:update")
  options.id("rooms:update", "id", id)
  local body = options.check("rooms:update", fields, FIELDS, 3, "field")
  local call = options.check("rooms:update", opts, CALL)
  local text = encode("rooms:update", body)
  local room, err = session:record({
    method = "PATCH",
    parts = { "rooms", id, "" },
    body = text,
    user = user_of(session, call, "rooms:update"),
    deadline = session:deadline(call.timeout),
  }, wrap, "id")
  if room == nil then return nil, not_offered(err, "change", "Meet can since 1.31") end
  return room
end

---Deletes a room, once servers offer it: none up to 1.32 does, and all of them
---return `err.kind == "unsupported"`.
---
---Source: `DELETE /rooms/{id}/`, Meet External API v1.0 (announced).
---@param id string
---@param opts? salon.meet.CallOptions
---@return true? deleted
---@return salon.Error? err
function Rooms:delete(id, opts)
  local session = options.self(self, Rooms, "rooms:delete")
  options.id("rooms:delete", "id", id)
  local call = options.check("rooms:delete", opts, CALL)
  local response, err = session:call {
    method = "DELETE",
    parts = { "rooms", id, "" },
    user = user_of(session, call, "rooms:delete"),
    deadline = session:deadline(call.timeout),
  }
  if response == nil then
    return nil, not_offered(err, "delete", "Meet's External API does not offer it yet")
  end
  return true
end

return rooms
