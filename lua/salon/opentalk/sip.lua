-- By which id and PIN callers get into an OpenTalk room: the service `room.sip` and its record.
-- The number to dial is the server's; it comes with events alone (`room.dial_in`).

local api = require "salon.opentalk.api"
local is = require "salon.internal.is"
local resource = require "salon.internal.resource"

local Sip = resource.class {
  name = "salon.Sip", backend = "opentalk", word = "sip", keys = { "room" },
  fields = {
    room = "string  its id",
    sip_id = "string  ten digits: the conference's id",
    password = "string  ten digits: the PIN; leading zeros count",
    lobby = "boolean  do callers wait until they are let in?",
  },
}

local function pin_fault(value)
  if type(value) ~= "string" then value = value:reveal() end
  if not value:find "^%d%d%d%d%d%d%d%d%d%d$" then return "must have ten digits" end
end

local FIELDS = {
  password = is.text { check = pin_fault, secret = true, says = "the PIN, ten digits: a random one" },
  lobby = is.flag { says = "callers wait until they are let in: false" },
}

local function empty_fault(fields)
  if next(fields) == nil then return "field 'password' or 'lobby' is required" end
end

local PATH = "/rooms/{room_id}/sip"

return resource.new {
  name = "room.sip", class = "Sips", api = api, record = Sip, known = { "room_id" },
  operations = {
    get = { "GET " .. PATH, gives = Sip,
      says = "The dial-in of a room. Servers of 2023 refuse it to everybody (403). 404: it has none." },
    set = { "PUT " .. PATH, body = FIELDS, check = empty_fault, gives = Sip,
      says = "Gives a room a dial-in, or changes it. Servers of 2023 refuse it to everybody (403)." },
    remove = { "DELETE " .. PATH, gone = true,
      says = "Takes a room's dial-in away. Servers of 2023 refuse it to everybody (403)." },
  },
}
