-- Guest links of an OpenTalk room: the service `room.invites` and its records.
--
-- Servers up to 0.65 give each link a code. Newer ones have none: guests come with the
-- room's own link, and single guest links cannot be asked for.

local Error = require "salon.internal.error"
local api = require "salon.opentalk.api"
local clock = require "salon.internal.clock"
local core = require "salon.core"
local is = require "salon.internal.is"
local links = require "salon.opentalk.links"
local operation = require "salon.internal.operation"
local options = require "salon.internal.options"
local resource = require "salon.internal.resource"

local methods, getters = {}, { id = "invite_code" }

function getters.url(invite)
  local frontend = resource.service_of(invite).session.backend.discovery.frontend
  return links.join(frontend, invite.raw.room_id, invite.raw.invite_code)
end

---Can the link be used now? By the server's clock.
---@return boolean
function methods.usable(invite)
  local raw = invite.raw
  if not raw.active then return false end
  if raw.expiration == nil then return true end
  local ends = clock.parse(raw.expiration)
  return ends ~= nil and ends > resource.service_of(invite).session:time()
end

local Invite = resource.class {
  name = "salon.Invite", backend = "opentalk", word = "invite", methods = methods, getters = getters,
  keys = { "room_id", "invite_code" },
  keyless = "this server's guest links have no code (since 0.66), so a single one cannot be named",
  fields = {
    invite_code = "string?  servers up to 0.65",
    room_id = "string",
    active = "boolean",
    expiration = "string?  RFC 3339; nil: never",
    created = "string",
    updated = "string",
    created_by = "salon.opentalk.User",
    updated_by = "salon.opentalk.User",
  },
  computed = {
    id = "string?  the invite code",
    url = "string?  for guests",
  },
  described = { usable = "fun(self: salon.opentalk.Invite): boolean  active and not expired, by the "
    .. "server's clock" },
}

local function fault_of(raw)
  local fault = raw.invite_code ~= nil and options.id_fault(raw.invite_code)
  if fault then return "'invite_code' " .. fault end
  if raw.expiration ~= nil and type(raw.expiration) ~= "string" then
    return "'expiration' must be a string, got " .. type(raw.expiration)
  end
end

-- As far as a server tells what it made.
local function end_taken(raw, value)
  if raw.created == nil then return true end
  if value == core.null or raw.expiration == nil then return value == core.null and raw.expiration == nil end
  local ends = clock.parse(raw.expiration)
  return ends ~= nil and math.abs(ends - clock.parse(value)) <= 1
end

local Verified = resource.class {
  name = "salon.Verified", backend = "opentalk", word = "verified",
  fields = {
    room_id = "string",
    password_required = "boolean  do guests have to type the room's password?",
  },
}

local function verified_fault(raw)
  local fault = options.id_fault(raw.room_id)
  return fault and "'room_id' " .. fault
end

local END = {
  expires_in = is.number { above = 0, max = 100 * 366 * 86400, says = "seconds from now",
    taken = function(raw) return raw.created == nil or raw.expiration ~= nil end },
  expiration = is.time { null = true, says = "salon.null: never", taken = end_taken },
}

local function end_fault(fields)
  if fields.expires_in and fields.expiration then
    return "fields 'expires_in' and 'expiration' exclude each other"
  end
end

-- A link to hand out has to be good: servers take an end that is over.
local function link_fault(fields, _, _, service)
  local ends = type(fields.expiration) == "string" and clock.parse(fields.expiration)
  if ends and ends <= service.session:time() then
    return ("field 'expiration' must be a moment to come, but %s is over"):format(clock.rfc3339(ends))
  end
  return end_fault(fields)
end

-- The server clears an end that is not sent.
local function changed_end_fault(fields)
  if next(fields) == nil then return "field 'expires_in' or 'expiration' is required" end
  return end_fault(fields)
end

local function send_end(fields, service)
  if fields.expires_in == nil then return fields end
  return { expiration = clock.rfc3339(service.session:time() + math.ceil(fields.expires_in)) }
end

local invites

-- Is it the link that a caller wants: one that ends then, or in about so many seconds, or never?
local function suits(invite, fields, now)
  if not invite:usable() then return false end
  local ends, seconds, wanted = invite.raw.expiration, fields.expires_in, fields.expiration
  local never = seconds == nil and (wanted == nil or wanted == core.null)
  if never or ends == nil then return never and ends == nil end
  ends = clock.parse(ends)  -- it can be read, as it is usable
  if wanted then return ends == clock.parse(wanted) end
  local left = ends - now
  return left >= seconds / 2 and left <= seconds + 60
end

local MOST = 100  -- pages of a room's guest links that are looked through

local function no_front_end()
  return Error.new { kind = "unsupported", message = "rooms:guest_url: the address of the web front end "
    .. "is not known", hint = "give it with option 'url' or 'frontend_url'" }
end

local function guest_url(_, service, keys, fields, given)
  local session, ops = service.session, invites.ops
  local deadline, following, pages = session:deadline(given.timeout), {}, 0
  repeat
    pages = pages + 1
    local page, err = operation.list(ops.list, service, keys, nil, following, deadline)
    if page == nil then return nil, err end
    if session.backend.discovery.frontend == nil then return nil, no_front_end() end
    for _, invite in ipairs(page) do
      if suits(invite, fields, session:time()) then return invite.url end
    end
    following = page.next
  until following == nil or pages == MOST
  local invite, err = operation.perform(ops.create, service, keys, fields, {}, deadline)
  return invite and invite.url, err
end

invites = resource.new {
  name = "invites", class = "Invites", api = api, record = Invite, Verified = Verified, known = { "room_id" },
  operations = {
    list = { "GET /rooms/{room_id}/invites", pages = "numbered", fault = fault_of,
      says = "The room's guest links, inactive and expired ones included (`invite:usable()`), last "
        .. "changed first." },
    get = { "GET /rooms/{room_id}/invites/{invite_code}", is_secret = true, gives = Invite, fault = fault_of,
      says = "One guest link. Servers up to 0.65: newer ones have no codes." },
    create = { "POST /rooms/{room_id}/invites", body = END, check = end_fault, send = send_end,
      gives = Invite, fault = fault_of,
      says = "Makes a guest link; without an end it is good until it is deactivated. Since 0.66 "
        .. "there is no `invite.id`, and `invite.url` is the room's own link." },
    update = { "PUT /rooms/{room_id}/invites/{invite_code}", is_secret = true, body = END, send = send_end,
      check = changed_end_fault, gives = Invite, fault = fault_of, says = "Gives a guest link another end." },
    deactivate = { "DELETE /rooms/{room_id}/invites/{invite_code}", is_secret = true, gone = true,
      says = "Switches a guest link off for good; it stays in the list." },
    verify = { "POST /invite/verify", argument = { name = "invite_code", into = "body" },
      is_secret = true, gives = Verified, fault = verified_fault,
      says = "What a guest's code leads to, of whichever room it is. 404: unknown, switched off or "
        .. "expired; the server does not tell which." },
  },
}

invites.END, invites.link_fault, invites.guest_url = END, link_fault, guest_url

return invites
