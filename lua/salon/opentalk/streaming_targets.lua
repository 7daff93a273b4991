-- Where an OpenTalk room can be streamed to: the service `room.streaming_targets` and its records.

local api = require "salon.opentalk.api"
local is = require "salon.internal.is"
local options = require "salon.internal.options"
local resource = require "salon.internal.resource"

local StreamingTarget = resource.class {
  name = "salon.StreamingTarget", backend = "opentalk", word = "streaming_target",
  keys = { "room_id", "id" }, secrets = { "streaming_key" },
  fields = {
    id = "string",
    name = "string",
    kind = '"custom"',
    streaming_endpoint = "string",
    streaming_key = "salon.Secret?  of your own rooms",
    public_url = "string  for those who watch",
  },
}

-- The room is that of the service.
function StreamingTarget.path(target)
  return { resource.service_of(target).keys[1], target.id }
end

local function url_fault(value)
  if not value:find "^%a[%w+.-]*://[^/%s%c][^%s%c]*$" then return "must be a URL, such as rtmp://host/app" end
end

local URL = { check = url_fault }

local FIELDS = {
  name = is.text(),
  kind = is.one_of { "custom", says = "the only kind that servers know: custom" },
  streaming_endpoint = is.text(options.merge(URL, { says = "where the stream is sent: rtmp://host/app" })),
  streaming_key = is.text { secret = true, says = "what the endpoint wants to see" },
  public_url = is.text(options.merge(URL, { says = "where people watch" })),
}

local REQUIRED = {}
for name, row in pairs(FIELDS) do REQUIRED[name] = options.merge(row, { required = name ~= "kind" }) end
REQUIRED.kind.default = "custom"

-- A change of what belongs to the kind names the kind.
local function with_kind(fields)
  local is_of_kind = fields.streaming_endpoint or fields.streaming_key or fields.public_url
  return is_of_kind and options.merge({ kind = "custom" }, fields) or fields
end

local function change_fault(fields)
  if next(fields) == nil then return "at least one field is required" end
end

local ONE = "/rooms/{room_id}/streaming_targets/{streaming_target_id}"
local NOTIFY = { notify = api.NOTIFY }

local streaming_targets = resource.new {
  name = "room.streaming_targets", class = "StreamingTargets", api = api, record = StreamingTarget,
  known = { "room_id" },
  operations = {
    list = { "GET /rooms/{room_id}/streaming_targets", pages = "all", since = "0.9",
      says = "Where the room can be streamed to, all on one page." },
    get = { "GET " .. ONE, gives = StreamingTarget, since = "0.9", says = "One streaming target." },
    create = { "POST /rooms/{room_id}/streaming_targets", body = REQUIRED, query = NOTIFY,
      gives = StreamingTarget, since = "0.9", says = "Adds a streaming target." },
    update = { "PATCH " .. ONE, body = FIELDS, check = change_fault, send = with_kind,
      gives = StreamingTarget, since = "0.9", says = "Changes a streaming target." },
    delete = { "DELETE " .. ONE, query = NOTIFY, gone = true, since = "0.9",
      says = "Removes a streaming target." },
  },
}

---Of a new or changed event.
streaming_targets.OF_EVENT = is.open_object(FIELDS)

return streaming_targets
