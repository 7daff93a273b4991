-- Tickets to join an OpenTalk room: `room:start` and `room:start_invited`. Up to 0.33 a ticket is
-- good for the controller's own WebSocket, later a token for that of a room server.

local Error = require "salon.internal.error"
local api = require "salon.opentalk.api"
local core = require "salon.core"
local is = require "salon.internal.is"
local operation = require "salon.internal.operation"
local options = require "salon.internal.options"
local random = require "salon.internal.random"
local resource = require "salon.internal.resource"

local getters = {}

function getters.ticket(joining)
  return joining.raw.ticket or joining.raw.token
end

local Joining = resource.class {
  name = "salon.Joining", backend = "opentalk", word = "joining", getters = getters,
  secrets = { "ticket", "token", "resumption", "device_secret" },
  fields = {
    token = "salon.Secret?  servers since 0.34",
    roomserver_address = "string?  servers since 0.34; its WebSocket is at /v1/signaling/{token}",
    device_secret = "salon.Secret?  what stands for this device, where salon made it",
    resumption = "salon.Secret?  servers up to 0.33: to come back as the same participant",
  },
  computed = {
    ticket = "salon.Secret  on servers up to 0.33 for the controller's WebSocket at /signaling, "
      .. "later the token",
  },
}

local function fault_of(raw)
  if type(raw.ticket) ~= "string" and type(raw.token) ~= "string" then
    return "'ticket' or 'token' must be a string"
  end
end

local function length_fault(value)
  local size = #(core.is_secret(value) and value:reveal() or value)
  if size < 16 or size > 255 then return "must have 16 to 255 bytes" end
end

local FIELDS = {
  device_secret = is.text { secret = true, check = length_fault,
    says = "16 to 255 random bytes of text that stand for this device; where the server wants it (since "
      .. "0.34) and it is not given, salon makes one; older ones ignore it" },
  password = is.text { max_chars = 255, secret = true, says = "the room's, of guests" },
  invite_code = is.text { secret = true, says = "of a guest link; servers up to 0.65" },
  breakout_room = is.text { taken = function(raw) return raw.ticket ~= nil end,
    says = "its id; servers up to 0.33" },
  resumption = is.text { secret = true, says = "of an earlier ticket; servers up to 0.33" },
}

local GUEST = options.merge(FIELDS, {
  display_name = is.text { max_chars = 255, says = "servers that ask for it, before 0.66" },
})

local function new(name, row)
  row.gives, row.fault = Joining, fault_of
  return operation.new(row, { name = name, api = api })
end

-- What servers of 0.31 to 0.33 try out beside the way of their own.
local EXPERIMENT = "only servers from 0.31 to 0.33 have it: leave out option 'roomserver'"

local joining = {
  record = Joining, fault = fault_of, FIELDS = FIELDS, GUEST = GUEST,
  OPTIONS = { roomserver = is.flag { here = true,
    says = "true: the experiment of servers from 0.31 to 0.33, whose tickets are those of 0.34" } },
  roomserver = new("rooms:start with roomserver", { "POST /rooms/{room_id}/roomserver/start",
    body = FIELDS, since = "0.31", lacking = EXPERIMENT }),
  roomserver_invited = new("rooms:start_invited with roomserver", { since = "0.31", lacking = EXPERIMENT,
    anonymous = true, body = GUEST, "POST /rooms/{room_id}/roomserver/start_invited" }),
  newer = new("rooms:start_invited", { "POST /rooms/{room_id}/start", body = GUEST, anonymous = true }),
}

local function wants_device(err)
  return err.status == 400 and err.message:find("device_secret", 1, true) ~= nil
end

-- send(fields) -> joining | nil, err. Once more with a secret for the device where the server
-- wants one and refused to begin without.
local function with_device(send, fields)
  local started, err = send(fields)
  if started or fields.device_secret or not wants_device(err) then return started, err end
  local secret = core.secret(random(32))
  started, err = send(options.merge({ device_secret = secret }, fields))
  if started then started.raw.device_secret = secret end
  return started, err
end

function joining.start(op, service, keys, fields, given)
  if given.roomserver then op = op.roomserver end
  local deadline = service.session:deadline(given.timeout)
  return with_device(function(sent)
    return operation.perform(op, service, keys, sent, given, deadline)
  end, fields)
end

-- Servers since 0.34 send guests to the route of the users, or do not know this one any more.
local function is_elsewhere(err)
  return err.status == 308 or err.status == 404 and err.body == nil
    or err.status == 401 and err.code ~= "wrong_room_password"
end

function joining.start_invited(op, service, keys, fields, given)
  if given.roomserver then op = op.roomserver end
  local deadline = service.session:deadline(given.timeout)
  return with_device(function(sent)
    local started, err = operation.perform(op, service, keys, sent, given, deadline)
    if started or not (op.newer and Error.is_told(err) and is_elsewhere(err)) then return started, err end
    return operation.perform(op.newer, service, keys, sent, given, deadline)
  end, fields)
end

return joining
