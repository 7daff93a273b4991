-- Guest links of an OpenTalk room: the service `room.invites` and its records.
--
-- Servers up to 0.65 give each link a code. Newer ones have none: guests come with the
-- room's own link, and single guest links cannot be asked for.

local client = require "salon.internal.client"
local clock = require "salon.internal.clock"
local core = require "salon.core"
local links = require "salon.opentalk.links"
local lists = require "salon.opentalk.lists"
local options = require "salon.internal.options"
local pages = require "salon.internal.pages"

local invites = {}

---@class salon.opentalk.Invites
local Invites = { __name = "salon.opentalk.Invites" }
Invites.__index = Invites

local getters = { id = "invite_code" }

function getters.url(invite)
  local frontend = client.session_of(core.client_of(invite)).backend.discovery.frontend
  return links.join(frontend, invite.raw.room_id, invite.raw.invite_code)
end

local methods = {}

---Can the link be used now? By the server's clock.
---@return boolean
function methods.usable(invite)
  local raw = invite.raw
  if not raw.active then return false end
  local ends = raw.expiration and clock.parse(raw.expiration)
  return ends == nil or ends > client.session_of(core.client_of(invite)):time()
end

local CLASS = { name = "salon.Invite", backend = "opentalk", methods = methods, getters = getters }

local function wrap(session, raw, about)
  return core.record(CLASS, raw, session.client, about)
end

local function fault_of(raw)
  local fault = raw.invite_code ~= nil and options.id_fault(raw.invite_code)
  if fault then return "'invite_code' " .. fault end
  if raw.expiration ~= nil and type(raw.expiration) ~= "string" then
    return "'expiration' must be a string, got " .. type(raw.expiration)
  end
end

---@param session salon.Session
---@param room_id string
---@return salon.opentalk.Invites
function invites.service(session, room_id)
  return setmetatable({ session = session, room_id = room_id }, Invites)
end

local function source(self, given)
  local session = self.session
  return lists.source(session, given, {
    parts = { "rooms", self.room_id, "invites" },
    key = "invite_code",
    fault = fault_of,
    records = function(items, about) return core.records(CLASS, items, session.client, about) end,
  })
end

---One page of the room's guest links, inactive and expired ones included
---(`invite:usable()` tells), last changed first.
---
---Source: `GET /v1/rooms/{room_id}/invites`, OpenTalk REST API v1.
---@param opts? { per_page?: integer, page?: integer, timeout?: number }
---@return salon.Page? page
---@return salon.Error? err
function Invites:list(opts)
  options.self(self, Invites, "invites:list")
  local given = options.check("invites:list", opts, lists.LIST)
  return pages.list(source(self, given), given)
end

---Walks all guest links of the room; raises the error that `list` would return.
---
---Source: `GET /v1/rooms/{room_id}/invites`, OpenTalk REST API v1.
---@param opts? { per_page?: integer, page?: integer, timeout?: number, prefetch?: integer }
---  prefetch: 0 to 64 pages (4 where their number is known, else 1)
---@return salon.Walk
function Invites:each(opts)
  options.self(self, Invites, "invites:each")
  local given = options.check("invites:each", opts, lists.EACH)
  return pages.walk(source(self, given), given)
end

---One guest link.
---
---Source: `GET /v1/rooms/{room_id}/invites/{invite_code}`, OpenTalk REST API v1, servers up
---to 0.65: newer ones have no codes.
---@param code string
---@param opts? salon.CallOptions
---@return salon.opentalk.Invite? invite
---@return salon.Error? err
function Invites:get(code, opts)
  local session = options.self(self, Invites, "invites:get")
  options.id("invites:get", "code", code)
  local call = options.check("invites:get", opts, options.CALL)
  return session:record({
    parts = { "rooms", self.room_id, "invites", code },
    secret = code,
    fault = fault_of,
    deadline = session:deadline(call.timeout),
  }, wrap)
end

local FIELDS = {
  expires_in = { "number", above = 0, max = 100 * 366 * 86400 },
  expiration = { "string", "null", check = function(value)
    return type(value) == "string" and options.TIME.check(value) or nil
  end },
}

---Makes a guest link; without an end it is good until it is deactivated.
---
---Never repeated by itself once it may have arrived.
---
---Source: `POST /v1/rooms/{room_id}/invites`, OpenTalk REST API v1. Since 0.66 there is no
---`invite.id`, and `invite.url` is the room's own link.
---@param fields? { expires_in?: number, expiration?: string }  seconds from now, or RFC 3339
---@param opts? salon.CallOptions
---@return salon.opentalk.Invite? invite
---@return salon.Error? err
function Invites:create(fields, opts)
  local session = options.self(self, Invites, "invites:create")
  local given = options.check("invites:create", fields, FIELDS, 3, "field")
  local call = options.check("invites:create", opts, options.CALL)
  if given.expires_in and given.expiration then
    error("invites:create: fields 'expires_in' and 'expiration' exclude each other", 2)
  end
  local body = { expiration = given.expiration }
  if given.expires_in then
    body.expiration = clock.rfc3339(session:time() + math.ceil(given.expires_in))
  end
  return session:record({
    method = "POST",
    parts = { "rooms", self.room_id, "invites" },
    body = core.encode(body),
    fault = fault_of,
    deadline = session:deadline(call.timeout),
  }, wrap)
end

return invites
