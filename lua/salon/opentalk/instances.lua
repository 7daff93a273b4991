-- The occurrences of a series: the service `event.instances` and its records.

local api = require "salon.opentalk.api"
local clock = require "salon.internal.clock"
local dates = require "salon.opentalk.dates"
local is = require "salon.internal.is"
local resource = require "salon.internal.resource"

local INVITEES_MAX = is.integer { min = 0, max = 100, says = "how many people come with it: 0" }

local Instance = resource.class {
  name = "salon.Instance", backend = "opentalk", word = "instance",
  keys = { "recurring_event_id", "instance_id" },
  methods = dates.METHODS, described = dates.DESCRIBED,
  fields = {
    id = "string  event and occurrence, with _ between them",
    recurring_event_id = "string",
    instance_id = "string  start by the rule, in UTC: 20270118T080000Z",
    title = "string",
    description = "string",
    starts_at = "salon.opentalk.Moment",
    ends_at = "salon.opentalk.Moment  all-day: its last day, so that it is over the day after",
    is_all_day = "boolean",
    status = '"ok"|"cancelled"',
    type = '"instance"',
    invitees = "table[]",
    invitees_truncated = "boolean",
    invite_status = '"pending"|"accepted"|"tentative"|"declined"',
    is_favorite = "boolean",
    can_edit = "boolean",
    created_at = "string",
    created_by = "salon.opentalk.User",
    updated_at = "string",
    updated_by = "salon.opentalk.User",
    shared_folder = "table?",
    training_participation_report = "salon.opentalk.TrainingReport?",
  },
  computed = {
    room = "salon.opentalk.Room",
    join_url = "string?",
  },
}

local function id_fault(value)
  if not value:find "^%d%d%d%d%d%d%d%dT%d%d%d%d%d%dZ$" then
    return "must be the start of an occurrence by the rule, in UTC: 20270118T080000Z"
  end
end

local FIELDS = {
  title = is.text { max_chars = 255, empty = true },
  description = is.text { max_chars = 4096, empty = true },
  is_all_day = dates.FIELDS.is_all_day,
  starts_at = dates.FIELDS.starts_at,
  ends_at = dates.FIELDS.ends_at,
  status = is.one_of { "ok", "cancelled" },
}

local CHANGE = { invitees_max = INVITEES_MAX, notify = api.NOTIFY }

-- Servers go on after `time_max`, for ever where the rule has no end. An occurrence that
-- somebody moved keeps its place in the list, which is that of its id.
local function is_past(raw, given)
  return given.time_max and type(raw.instance_id) == "string"
    and raw.instance_id > clock.rfc3339(clock.parse(given.time_max)):gsub("[-:]", "")
end

local function is_wanted(raw, given)
  local starts = given.time_max and type(raw.starts_at) == "table" and clock.parse(raw.starts_at.datetime)
  return not starts or starts <= clock.parse(given.time_max)
end

local ONE = "/events/{event_id}/instances/{instance_id}"

local instances = resource.new {
  name = "event.instances", class = "Instances", api = api, record = Instance,
  known = { "event_id" },
  operations = {
    list = { "GET /events/{event_id}/instances", pages = "cursor", is_past = is_past, keep = is_wanted,
      query = { time_min = is.time(), time_max = is.time(), invitees_max = INVITEES_MAX },
      says = "The occurrences of a series, cancelled ones included. A series without an end goes "
        .. "on for years: give `time_max`. 404: the event does not repeat." },
    get = { "GET " .. ONE, gives = Instance, query = { invitees_max = INVITEES_MAX },
      argument_fault = id_fault, says = "One occurrence." },
    update = { "PATCH " .. ONE, body = FIELDS, gives = Instance, empty = "get", query = CHANGE,
      argument_fault = id_fault, check = dates.fault, send = dates.with_all_day,
      says = "Changes one occurrence. Its id stays." },
    cancel = { "PATCH " .. ONE, sends = { status = "cancelled" }, gives = Instance, empty = "get",
      query = CHANGE, argument_fault = id_fault, says = "Cancels one occurrence." },
    restore = { "PATCH " .. ONE, sends = { status = "ok" }, gives = Instance, empty = "get",
      query = CHANGE, argument_fault = id_fault, says = "Takes a cancellation back." },
  },
}

instances.INVITEES_MAX, instances.TEXTS = INVITEES_MAX,
  { title = FIELDS.title, description = FIELDS.description }

return instances
