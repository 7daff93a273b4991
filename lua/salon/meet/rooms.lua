-- Meet's rooms: the service `meet.rooms` and its records. Paths end in a slash: without it
-- the server redirects, and a POST is lost on the way.

local api = require "salon.meet.api"
local core = require "salon.core"
local dial_in = require "salon.internal.dial_in"
local finder = require "salon.meet.finder"
local is = require "salon.internal.is"
local options = require "salon.internal.options"
local resource = require "salon.internal.resource"
local taken = require "salon.internal.taken"
local unsupported = require "salon.internal.unsupported"

-- The record ---------------------------------------------------------------------

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

local NO_DIAL_IN = "the server has no number to dial, or the room is older than that and has no PIN: make "
  .. "another room"

---How to join by telephone: number and PIN, in lines of English text.
---@return string? text
---@return salon.Error? err  kind: unsupported
local function dial_in_text(room)
  return dial_in.text(room.dial_in, { "pin" }, NO_DIAL_IN)
end

local NO_INVITES = unsupported.service("room.invites", "Meet has no guest links",
  "room.join_url lets in whom room.access says")

function getters.invites() return NO_INVITES end

local Room = resource.class {
  name = "salon.Room", backend = "meet", word = "room", getters = getters, keys = { "id" },
  methods = { dial_in_text = dial_in_text },
  fields = {
    id = "string",
    name = "string",
    slug = "string",
    access_level = '"public"|"trusted"|"restricted"',
    configuration = "salon.meet.Configuration?  servers since 1.17",
    url = "string?",
    telephony = "table?",
  },
  computed = {
    title = "string",
    access = '"public"|"trusted"|"restricted"',
    join_url = "string?",
    dial_in = "salon.DialIn?",
    invites = "salon.Unsupported  every method returns `err.kind == \"unsupported\"`",
  },
  described = { dial_in_text = "fun(self: salon.meet.Room): string?, salon.Error|nil  lines for an invitation" },
}

-- The operations -----------------------------------------------------------------

-- The server takes "no" for `everyone_can_mute` and later reads it as yes.
local function configuration_fault(value)
  if value.everyone_can_mute ~= nil and type(value.everyone_can_mute) ~= "boolean" then
    return "has 'everyone_can_mute', which must be a boolean"
  end
end

-- An empty list of sources is a list, however it was typed.
local function with_list(fields)
  local configuration = fields.configuration
  local sources = configuration and configuration.can_publish_sources
  if type(sources) ~= "table" or next(sources) ~= nil or getmetatable(sources) then return fields end
  local copy = setmetatable({}, getmetatable(configuration))
  for name, value in pairs(configuration) do copy[name] = value end
  copy.can_publish_sources = setmetatable({}, core.array_mt)
  return options.merge(fields, { configuration = copy })
end

local FIELDS = {
  access_level = is.one_of { "public", "trusted", "restricted", since = "1.17",
    taken = taken.same("access_level", "access_level") },
  configuration = is.any_object { check = configuration_fault, since = "1.17",
    taken = taken.same("configuration", "access_level"), luals = "salon.meet.Configuration",
    says = "in an update it replaces the old one as a whole" },
}

-- The response when the name that the server drew is taken: nothing was created.
local TAKEN = { status = 400, prefix = '{"slug":', max = 3 }

local ONE = "/rooms/{id}/"

local LACKING = "Meet's External API does not offer it yet"

local GRANT = {
  email = is.text { required = true },
  role = is.one_of { "administrator", "member", required = true },
}

return resource.new {
  name = "rooms", class = "Rooms", api = api, record = Room,
  operations = {
    list = { "GET /rooms/", pages = "numbered",
      says = "The rooms in which the user has a role, by name; page.total counts them." },
    get = { "GET " .. ONE, gives = Room,
      says = "One room. 404: unknown; 403: the user has no role in it." },
    find = { "GET /rooms/", argument = { name = "room" }, run = finder.find, argument_fault = finder.fault,
      returns = "salon.meet.Room?", on_record = false,
      says = "The room of a slug, or of a web link, of which the last part counts, among those in "
        .. "which the user has a role; `nil` without an error if there is none. Looks through 100 pages at most." },
    create = { "POST /rooms/", body = FIELDS, send = with_list, gives = Room, repeat_on = TAKEN,
      says = "Creates a room; the server draws its name. Retried when the server says that the "
        .. "name it drew is taken." },
    update = { "PATCH " .. ONE, body = FIELDS, send = with_list, gives = Room,
      since = "1.31", says = "Changes a room." },
    delete = { "DELETE " .. ONE, gone = true, since = "announced", lacking = LACKING,
      says = "Deletes a room, once servers offer it: none up to 1.32 does." },
    grant_access = { "POST /rooms/{id}/grant-access/", body = GRANT, since = "announced", lacking = LACKING,
      misread = "not found",
      says = "Gives a user a role, once servers offer it: none up to 1.32 does." },
  },
}
