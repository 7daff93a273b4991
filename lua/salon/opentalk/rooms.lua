-- OpenTalk's rooms: the service `ot.rooms` and the class of its records.

local core = require "salon.core"
local client = require "salon.internal.client"
local invites = require "salon.opentalk.invites"
local links = require "salon.opentalk.links"
local lists = require "salon.opentalk.lists"
local options = require "salon.internal.options"
local pages = require "salon.internal.pages"
local unsupported = require "salon.internal.unsupported"

local rooms = {}

---@class salon.opentalk.Rooms
local Rooms = { __name = "salon.opentalk.Rooms" }
Rooms.__index = Rooms

-- The record ---------------------------------------------------------------

local getters = {}

local function session_of(room)
  return client.session_of(core.client_of(room))
end

function getters.join_url(room)
  return links.join(session_of(room).backend.discovery.frontend, room.id)
end

-- A room that came with an event has that event's title.
function getters.title(room)
  local event = core.parent_of(room)
  return event and event.title or room.raw.title
end

-- New servers send `call_in`, those of 2023 flat `sip_…` fields. Without a
-- number to dial there is no dial-in, whatever ids exist.
function getters.dial_in(room)
  local raw = room.raw
  local call_in = raw.call_in
  if type(call_in) == "table" then
    return { tel = call_in.tel, uri = call_in.uri, id = call_in.id, pin = call_in.password }
  end
  if raw.sip_tel == nil and raw.sip_uri == nil then return nil end
  return { tel = raw.sip_tel, uri = raw.sip_uri, id = raw.sip_id, pin = raw.sip_password }
end

function getters.access(room)
  local raw = room.raw
  if raw.waiting_room then return "waiting_room" end
  if raw.password ~= nil then return "password" end
  return "open"
end

function getters.invites(room)
  return invites.service(session_of(room), room.id)
end

local CLASS = { name = "salon.Room", backend = "opentalk", methods = {}, getters = getters }

---@param session salon.Session
---@param raw table
---@param about salon.Response
---@param event? salon.opentalk.Event  that it came with
---@return salon.opentalk.Room
function rooms.wrap(session, raw, about, event)
  return core.record(CLASS, raw, session.client, about, event)
end

-- The service ----------------------------------------------------------------

---@param session salon.Session
---@return salon.opentalk.Rooms
function rooms.service(session)
  return setmetatable({ session = session }, Rooms)
end

local function source(session, given)
  return lists.source(session, given, {
    parts = { "rooms" },
    key = "id",
    records = function(items, about) return core.records(CLASS, items, session.client, about) end,
  })
end

---One page of the rooms that are yours or of meetings you are invited to.
---
---Source: `GET /v1/rooms`, OpenTalk REST API v1.
---@param opts? { per_page?: integer, page?: integer, timeout?: number }
---@return salon.Page? page  page[i], #page, page.next (options or nil), page.response
---@return salon.Error? err
function Rooms:list(opts)
  local session = options.self(self, Rooms, "rooms:list")
  local given = options.check("rooms:list", opts, lists.LIST)
  return pages.list(source(session, given), given)
end

---Walks all rooms; raises the error that `list` would return. `timeout` counts per page.
---
---Source: `GET /v1/rooms`, OpenTalk REST API v1.
---@param opts? { per_page?: integer, page?: integer, timeout?: number, prefetch?: integer }
---  prefetch: 0 to 64 pages (4 where their number is known, else 1)
---@return salon.Walk
function Rooms:each(opts)
  local session = options.self(self, Rooms, "rooms:each")
  local given = options.check("rooms:each", opts, lists.EACH)
  return pages.walk(source(session, given), given)
end

---One room.
---
---Source: `GET /v1/rooms/{room_id}`, OpenTalk REST API v1. A foreign or unknown
---room is a 403 without a body.
---@param id string
---@param opts? salon.CallOptions
---@return salon.opentalk.Room? room
---@return salon.Error? err
function Rooms:get(id, opts)
  local session = options.self(self, Rooms, "rooms:get")
  options.id("rooms:get", "id", id)
  local call = options.check("rooms:get", opts, options.CALL)
  return session:record({
    parts = { "rooms", id },
    deadline = session:deadline(call.timeout),
  }, rooms.wrap, "id", id)
end

local FIELDS = {
  password = { "string", "secret", "null", max_bytes = 255 },
  enable_sip = { "boolean" },
  waiting_room = { "boolean" },
  e2e_encryption = { "boolean" },
  guest_access = { "string", one_of = { "disabled", "waiting_room", "direct_access" } },
  name = { "string" },
}

-- Old servers ignore what they do not know, without a word. That a room is encrypted
-- shows nowhere: servers that know it are told by what else they send.
local TAKEN = {
  guest_access = function(raw, value) return raw.guest_access == value end,
  name = function(raw, value)
    return raw.name == value or type(raw.alias) == "string" and raw.alias:sub(1, #value) == value
  end,
}

local function takes_encryption(discovery)
  return function(raw, value)
    if raw.e2e_encryption ~= nil then return raw.e2e_encryption == value end
    return not value or raw.guest_access ~= nil or discovery.says_version
  end
end

---@class salon.opentalk.RoomFields
---@field password? string|salon.Secret  1 to 255 bytes
---@field waiting_room? boolean
---@field enable_sip? boolean
---@field e2e_encryption? boolean  servers since 0.20
---@field guest_access? "disabled"|"waiting_room"|"direct_access"  servers since 2026
---@field name? string  servers after 0.35

---Creates a room. Only what is given is sent. Servers that do not know a field leave it
---out without a word: then `err.kind == "unsupported"`, and the room is `err.made`.
---
---Never repeated by itself once it may have arrived: the API has no idempotency
---key. After a "timeout" or "network" error with `err.outcome == "unknown"` look
---for the room before creating it again.
---
---Source: `POST /v1/rooms`, OpenTalk REST API v1.
---@param fields? salon.opentalk.RoomFields
---@param opts? salon.CallOptions
---@return salon.opentalk.Room? room
---@return salon.Error? err
function Rooms:create(fields, opts)
  local session = options.self(self, Rooms, "rooms:create")
  local body = options.check("rooms:create", fields, FIELDS, 3, "field")
  local call = options.check("rooms:create", opts, options.CALL)
  local shown = body.password
  if core.is_secret(shown) then body.password = shown:reveal() end
  local room, err = session:record({
    method = "POST",
    parts = { "rooms" },
    body = core.encode(body),
    deadline = session:deadline(call.timeout),
  }, rooms.wrap, "id")
  if room == nil then return nil, err end
  return unsupported.unless_taken(room, body, options.merge(TAKEN, {
    e2e_encryption = takes_encryption(session.backend.discovery),
  }))
end

return rooms
