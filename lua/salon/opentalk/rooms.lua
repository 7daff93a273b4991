-- OpenTalk's rooms: the service `ot.rooms` and its records.

local api = require "salon.opentalk.api"
local assets = require "salon.opentalk.assets"
local core = require "salon.core"
local dial_in = require "salon.internal.dial_in"
local invites = require "salon.opentalk.invites"
local is = require "salon.internal.is"
local joining = require "salon.opentalk.joining"
local links = require "salon.opentalk.links"
local operation = require "salon.internal.operation"
local options = require "salon.internal.options"
local resource = require "salon.internal.resource"
local sip = require "salon.opentalk.sip"
local streaming_targets = require "salon.opentalk.streaming_targets"
local taken = require "salon.internal.taken"
local users = require "salon.opentalk.users"

-- The records --------------------------------------------------------------------

local methods, getters = {}, {}

function getters.join_url(room)
  return links.join(resource.service_of(room).session.backend.discovery.frontend, room.id)
end

-- A room that came with an event has that event's title.
function getters.title(room)
  local event = resource.service_of(room).of_event
  return event and event.title or room.raw.title
end

-- New servers send `call_in`, those of 2023 flat `sip_…` fields. Without a number to dial
-- there is no dial-in, whatever ids exist.
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

local BY_ITSELF = "a room that was read by itself tells no number: take the room of an event, event.room"
local OF_EVENT = "the server has no number to dial, or the operator, the tariff or end-to-end encryption "
  .. "forbids it"

---How to join by telephone: number, conference id and PIN, in lines of English text.
---@return string? text
---@return salon.Error? err  kind: unsupported
function methods.dial_in_text(room)
  return dial_in.text(room.dial_in, { "id", "pin" },
    resource.service_of(room).of_event and OF_EVENT or BY_ITSELF)
end

local Room = resource.class {
  name = "salon.Room", backend = "opentalk", word = "room", methods = methods, getters = getters,
  keys = { "id" },
  services = { assets = assets, invites = invites, sip = sip, streaming_targets = streaming_targets },
  fields = {
    id = "string",
    password = "string?",
    waiting_room = "boolean",
    guest_access = '("disabled"|"waiting_room"|"direct_access")?  servers since 2026',
    alias = "string?  servers after 0.35: usable in place of the id",
    created_at = "string?",
    created_by = "salon.opentalk.User?",
    e2e_encryption = "boolean?  of an event's room",
    call_in = "{ tel: string, uri: string?, id: string, password: string }?",
    sip_tel = "string?  servers of 2023",
    sip_uri = "string?  servers of 2023",
    sip_id = "string?  servers of 2023",
    sip_password = "string?  servers of 2023",
  },
  computed = {
    join_url = "string?  nil while the web front end's address is unknown",
    title = "string?  of its event, where the room came with one",
    dial_in = "salon.DialIn?",
    access = '"waiting_room"|"password"|"open"',
  },
  described = { dial_in_text = "fun(self: salon.opentalk.Room): string?, salon.Error|nil  lines for an "
    .. "invitation; of event.room, as other rooms tell no number" },
}

local EventInfo = resource.class {
  name = "salon.EventInfo", backend = "opentalk", word = "event_info",
  fields = {
    id = "string  of the event",
    room_id = "string",
    title = "string",
    is_adhoc = "boolean",
    e2e_encryption = "boolean",
    password_required = "boolean?  newer servers",
    meeting_details = "table?  servers up to 0.34",
  },
}

-- The operations -----------------------------------------------------------------

-- The name of a room: what the server does not take is refused here.
local function name_fault(name)
  if #name < 3 or #name > 40 or name:find "[^a-z0-9.-]" then
    return "must have 3 to 40 of the characters a-z 0-9 . -"
  end
  if name:find "^%x+%-%x+%-%x+%-%x+%-%x+$" and #name == 36 then return "must not look like an id" end
end

-- Servers of 2023 ignore what they do not know, without a word. That a room is encrypted shows
-- nowhere; they are told by the null of a room without a password, which newer ones leave out.
local function encryption_taken(raw, value, text)
  if raw.e2e_encryption ~= nil then return raw.e2e_encryption == value end
  return not (value and text:find '"password"%s*:%s*null')
end

local function name_taken(raw, value)
  if value == core.null then return raw.alias == nil end
  return raw.name == value or type(raw.alias) == "string" and raw.alias:sub(1, #value) == value
end

local NAME = is.text { null = true, check = name_fault, since = "0.36", taken = name_taken,
  says = "the server may add a suffix: see room.alias" }

local FIELDS = {
  password = is.text { max_chars = 255, secret = true, null = true,
    taken = taken.same("password", "waiting_room"),
    says = "for guests; in an update salon.null clears it" },
  waiting_room = is.flag { taken = taken.same("waiting_room", "waiting_room"),
    says = "a moderator lets people in" },
  e2e_encryption = is.flag { since = "0.20", taken = encryption_taken,
    says = "of a room with a password nothing tells that a server of 2023 left it out" },
  guest_access = is.one_of { "disabled", "waiting_room", "direct_access", since = "2026",
    taken = function(raw, value) return raw.guest_access == value end },
  name = NAME,
}

local CREATE = options.merge(FIELDS, { enable_sip = is.flag { says = "with dial-in" } })

local DELETE = { notify = api.NOTIFY, force = api.FORCE }

-- Servers of 2023 keep a room to which anything belongs; there the whole of it is deleted
-- at an address beside the API, which newer servers do not have.
local WHOLE = { "DELETE /internal/rooms/{room_id}", outside = true, gone = true }

local function delete(op, service, keys, _, given)
  local deadline = service.session:deadline(given.timeout)
  local deleted, err = operation.perform(op, service, keys, nil, given, deadline)
  if deleted or err.code ~= "conflict" then return deleted, err end
  local whole, why = operation.perform(op.whole, service, keys, nil, {}, deadline)
  if whole then return true end
  return nil, why.status == 404 and err or why
end

return resource.new {
  name = "rooms", class = "Rooms", api = api, record = Room, EventInfo = EventInfo,
  Joining = joining.record, NAME = NAME, services = { assets = assets.own },
  operations = {
    list = { "GET /rooms", pages = "numbered",
      says = "Rooms that are yours or of meetings you are invited to." },
    get = { "GET /rooms/{room_id}", gives = Room,
      says = "One room. A foreign or unknown room is a 403 without a body." },
    create = { "POST /rooms", body = CREATE, gives = Room, says = "Creates a room." },
    update = { "PATCH /rooms/{room_id}", body = FIELDS, gives = Room,
      says = "Changes a room. The result names you as `created_by`. Servers of 2023 refuse it (403)." },
    delete = { "DELETE /rooms/{room_id}", query = DELETE, gone = true, run = delete,
      whole = operation.new(WHOLE, { name = "rooms:delete", api = api }),
      says = "Deletes a room and its event." },
    guest_url = { "GET /rooms/{room_id}/invites", body = invites.END, check = invites.link_fault,
      run = invites.guest_url, returns = "string",
      says = "A link for guests: one that is there already and ends within `expires_in`, with at "
        .. "least half of that time left, or at exactly `expiration`; else a new one. Without both one "
        .. "without an end. Since 0.66 it is the room's own link, the same whatever `expiration` is, so "
        .. "that none ends before another. Of a room that is not yours (see `event.can_edit`) none can "
        .. "be made (403), and none comes where the operator or the room lets no guests in (404)." },
    start = { "POST /rooms/{room_id}/start", body = joining.FIELDS, query = joining.OPTIONS,
      gives = joining.record, fault = joining.fault, run = joining.start, roomserver = joining.roomserver,
      says = "A ticket to join as the user who is logged in; the vendor's programs join with it." },
    start_invited = { "POST /rooms/{room_id}/start_invited", body = joining.GUEST, query = joining.OPTIONS,
      gives = joining.record, fault = joining.fault, run = joining.start_invited, newer = joining.newer,
      anonymous = true, roomserver = joining.roomserver_invited,
      says = "A ticket to join as a guest, without a login. Servers up to 0.65 want "
        .. "`invite_code`; one of 2023 takes a code that has expired, too." },
    event = { "GET /rooms/{room_id}/event", gives = EventInfo, since = "0.5",
      says = "What a room's event is called. 404: the room has none." },
    tariff = { "GET /rooms/{room_id}/tariff", gives = users.Tariff,
      says = "The tariff of the room's creator." },
    verify_name = { "POST /rooms/name/verify", argument = { name = "name", into = "body" },
      value = "available", returns = "boolean", since = "0.36",
      says = "Can a room have this name?" },
  },
}
