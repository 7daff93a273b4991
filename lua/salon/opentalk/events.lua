-- OpenTalk's events (meetings): the service `ot.events` and its records.
--
-- A list of events holds three types: `single`, `recurring` and, for occurrences that
-- differ from their series, `exception` - without a room, perhaps without a title.
-- Exceptions are a class of their own and left out unless asked for.

local api = require "salon.opentalk.api"
local calendar = require "salon.opentalk.calendar"
local changes = require "salon.opentalk.event_changes"
local clock = require "salon.internal.clock"
local core = require "salon.core"
local dates = require "salon.opentalk.dates"
local event_walk = require "salon.opentalk.event_walk"
local instances = require "salon.opentalk.instances"
local is = require "salon.internal.is"
local options = require "salon.internal.options"
local people = require "salon.opentalk.people"
local resource = require "salon.internal.resource"
local rooms = require "salon.opentalk.rooms"
local streaming_targets = require "salon.opentalk.streaming_targets"
local taken = require "salon.internal.taken"
local unsupported = require "salon.internal.unsupported"

-- The records --------------------------------------------------------------------

local getters = {}

-- The room knows its event.
function getters.room(event)
  local raw = event.raw
  if type(raw.room) ~= "table" or options.id_fault(raw.room.id) then return nil end
  local service = { session = resource.service_of(event).session, keys = {}, of_event = event }
  return core.record(rooms.record, raw.room, service, event.response)
end

function getters.join_url(event)
  return event.room and event.room.join_url
end

local function dial_in_text(event)
  local room = event.room
  if room == nil then return nil, unsupported.error("event:dial_in_text", "the event has no room") end
  return room:dial_in_text()
end

local Event = resource.class {
  name = "salon.Event", backend = "opentalk", word = "event", getters = getters, keys = { "id" },
  services = { instances = instances, invites = people },
  methods = options.merge(dates.METHODS, { dial_in_text = dial_in_text }),
  described = options.merge(dates.DESCRIBED, {
    dial_in_text = "fun(self: salon.opentalk.Event): string?, salon.Error|nil  that of its room",
  }),
  fields = {
    id = "string",
    title = "string",
    description = "string",
    type = '"single"|"recurring"',
    is_time_independent = "boolean",
    is_all_day = "boolean?  of events with a time",
    starts_at = "salon.opentalk.Moment?",
    ends_at = "salon.opentalk.Moment?  all-day: its last day, so that it is over the day after; of a "
      .. "series: of its first occurrence on servers of 2023, else the start of the last one",
    recurrence_pattern = "string[]?  of a series",
    is_adhoc = "boolean",
    invite_status = '"pending"|"accepted"|"tentative"|"declined"',
    invitees = "table[]  as far as asked for: event.invites lists all",
    invitees_truncated = "boolean",
    is_favorite = "boolean",
    can_edit = "boolean  is it yours?",
    show_meeting_details = "boolean?",
    shared_folder = "table?",
    streaming_targets = "table[]?  not in lists",
    training_participation_report = "salon.opentalk.TrainingReport?",
    created_at = "string",
    created_by = "salon.opentalk.User",
    updated_at = "string",
    updated_by = "salon.opentalk.User",
  },
  computed = {
    room = "salon.opentalk.Room",
    join_url = "string?",
  },
}

local SharedFolder = resource.class {
  name = "salon.SharedFolder", backend = "opentalk", word = "shared_folder",
  fields = {
    read = "{ url: string, password: string }",
    read_write = "{ url: string, password: string }?  of your own events",
  },
}

local function folder_fault(raw)
  if type(raw.read) ~= "table" then return "'read' must be an object, got " .. type(raw.read) end
end

local Exception = resource.class {
  name = "salon.Exception", backend = "opentalk", word = "exception",
  keys = { "recurring_event_id", "instance_id" },
  fields = {
    id = "string",
    recurring_event_id = "string",
    instance_id = "string",
    type = '"exception"',
    status = '"ok"|"cancelled"',
    original_starts_at = "salon.opentalk.Moment",
    title = "string?  where it differs from the series",
    description = "string?  where it differs",
    is_all_day = "boolean?  where it differs",
    starts_at = "salon.opentalk.Moment?  where it differs",
    ends_at = "salon.opentalk.Moment?  where it differs",
    can_edit = "boolean",
    created_at = "string",
    created_by = "salon.opentalk.User",
    updated_at = "string",
    updated_by = "salon.opentalk.User",
  },
}

local instance = instances.record
instance.getters.room, instance.getters.join_url = getters.room, getters.join_url

local function class_of(raw)
  return raw.type == "exception" and Exception or raw.type == "instance" and instance or Event
end

-- Lists ----------------------------------------------------------------------------

local STATES = { pending = true, accepted = true, tentative = true, declined = true }

local function states_fault(value)
  local states = value
  if type(value) == "string" then
    states = {}
    for state in (value .. ","):gmatch("([^,]*),") do states[#states + 1] = state end
  end
  if #states == 0 then return "must name at least one state" end
  for _, state in ipairs(states) do
    if not STATES[state] then
      return "must be made of 'pending', 'accepted', 'tentative', 'declined'"
    end
  end
end

local FILTERS = {
  time_min = is.time { says = "with time_max: what overlaps; then events without a time are left out" },
  time_max = is.time(),
  created_before = is.time { says = "before 0.29 all events come and are looked through here" },
  created_after = is.time { says = "before 0.29 all events come and are looked through here" },
  invitees_max = instances.INVITEES_MAX,
  favorites = is.flag { says = "true: favourites alone" },
  invite_status = { "string", "table", items = { "string", empty = true }, check = states_fault,
    luals = "string|string[]",
    to = function(value) return type(value) == "table" and table.concat(value, ",") or value end,
    says = "pending, accepted, tentative, declined" },
  adhoc = is.flag { says = "true: ad-hoc meetings alone; false: all others" },
  time_independent = is.flag { says = "true: those without a time alone; false: all others" },
  exceptions = is.flag { here = true, says = "true: also exceptions of series" },
}

-- Servers before 0.29 ignore the two filters by creation, without a word. A server that
-- knows them decides within the second.
local function is_wanted(raw, given)
  if raw.type == "exception" and not given.exceptions then return false end
  if not (given.created_after or given.created_before) then return true end
  local created = type(raw.created_at) == "string" and clock.parse(raw.created_at)
  local after = given.created_after and clock.parse(given.created_after)
  local before = given.created_before and clock.parse(given.created_before)
  return not created or not (after and created < after or before and created > before)
end

-- Of meetings with a time, which are given a span of their own.
local DATES = options.merge(FILTERS, calendar.SPAN)
DATES.time_independent, DATES.exceptions = nil, nil

local ACROSS = options.merge(FILTERS, {
  instances_max = is.integer { min = 0, says = "occurrences of each series at most; 0, and where it is "
    .. "not given: the series itself comes, with its first date" },
})

local across = resource.new {
  name = "events.instances", class = "AllInstances", api = api,
  operations = {
    list = { "GET /events/instances", pages = "cursor", query = ACROSS, gives = class_of, key = "id",
      keep = is_wanted, since = "0.31", returns = "salon.opentalk.Event|salon.opentalk.Instance",
      says = "Occurrences of all events, with the single events between them: give `instances_max`. "
        .. "Cancelled ones are there, too: see `status`." },
  },
}

-- Changes --------------------------------------------------------------------------

-- What old servers ignore without a word; newer ones refuse what they do not know.
local function of_room(name)
  return function(raw, value)
    local room = type(raw.room) == "table" and raw.room or {}
    return (room[name] or false) == value
  end
end

local function told(name)
  return function(raw, value)
    return value == core.null or (raw[name] or false) == value
  end
end

-- What all servers know; as far as they tell the room.
local function of_told_room(name)
  local is_same = taken.same(name, "waiting_room")
  return function(raw, value) return type(raw.room) ~= "table" or is_same(raw.room, value) end
end

-- A list that is empty does not come back.
local function there(name)
  return function(raw, value)
    local is_none = value == core.null or getmetatable(value) == core.array_mt and next(value) == nil
    return is_none or raw[name] ~= nil
  end
end

local SPAN = is.open_object {
  after = is.integer { min = 60, max = 36000, required = true },
  within = is.integer { min = 0, max = 36000, required = true },
}

local FIELDS = options.merge(dates.FIELDS, instances.TEXTS, {
  is_adhoc = is.flag { says = "an ad-hoc meeting: nobody gets mails" },
  password = is.text { max_chars = 255, secret = true, null = true,
    taken = of_told_room "password", says = "of the room; in an update salon.null clears it" },
  waiting_room = is.flag { taken = of_told_room "waiting_room", says = "a moderator lets people in" },
  show_meeting_details = is.flag { since = "0.15", taken = told "show_meeting_details" },
  e2e_encryption = is.flag { since = "0.20", taken = of_room "e2e_encryption" },
  guest_access = is.one_of { "disabled", "waiting_room", "direct_access", since = "2026",
    taken = of_room "guest_access" },
  room_name = options.merge(rooms.NAME, { taken = function(raw, value)
    return rooms.NAME.taken(type(raw.room) == "table" and raw.room or {}, value)
  end }),
  has_shared_folder = is.flag { since = "0.10", taken = function(raw, value)
    return (raw.shared_folder ~= nil) == value
  end },
  streaming_targets = is.list(streaming_targets.OF_EVENT, { since = "0.10",
    taken = there "streaming_targets", says = "of the room; in an update they replace the old ones" }),
  training_participation_report = is.open_object({ initial_checkpoint_delay = SPAN, checkpoint_interval = SPAN },
    { null = true, since = "0.30", taken = there "training_participation_report",
      says = "when to ask who is there, in seconds: at random between `after` and `after` + `within`" }),
})

local CREATE = options.merge(FIELDS, {
  title = is.text { max_chars = 255, empty = true, required = true },
})

local function send_new(fields)
  fields.description = fields.description or ""
  return dates.complete(fields)
end

local MOVE = {
  starts_at = dates.moment { required = true },
  ends_at = dates.moment { says = "else it takes as long as before; an all-day meeting that gets a time "
    .. "of day needs it" },
}

local CHANGE = { invitees_max = instances.INVITEES_MAX, notify = api.NOTIFY }
local DELETE = { notify = api.NOTIFY, force = api.FORCE }
local NO_FOLDER = { notify = api.NOTIFY, force = options.merge(api.FORCE, {
  as = "force_delete_reference_if_shared_folder_deletion_fails",
  says = "true: also when the folder itself cannot be deleted" }) }
local FOLDER = "/events/{event_id}/shared_folder"
local GONE = "Deletes a meeting, with its occurrences and, on newer servers, its room; the people who "
  .. "are invited are told."

return resource.new {
  name = "events", class = "Events", api = api, record = Event, Exception = Exception,
  SharedFolder = SharedFolder,
  across = across,
  services = { instances = across },
  operations = {
    list = { "GET /events", pages = "cursor", query = FILTERS, gives = class_of, key = "id",
      keep = is_wanted, walk = event_walk.walk,
      says = "Events, those without a start first, then by start. With exceptions left out a page "
        .. "may be short, or even empty, and have a next one." },
    dates = { "GET /events", walks = true, query = DATES, check = calendar.fault, run = calendar.walk,
      returns = "salon.opentalk.Event|salon.opentalk.Instance",
      says = "All meetings that lie in a span of time, series date by date, cancelled ones included "
        .. "(`status`): single ones by their start, then one series after the other. A date that was "
        .. "moved counts where it is now, if it was moved by 31 days at most; one that takes longer than "
        .. "31 days may be missing. All-day meetings are days of "
        .. "the zone that `time_min` and `time_max` name. Each series costs a request more; a walk "
        .. "that broke has no `err.resume`." },
    get = { "GET /events/{event_id}", gives = class_of, query = { invitees_max = instances.INVITEES_MAX },
      says = "One event." },
    create = { "POST /events", body = CREATE, query = { notify = api.NOTIFY }, gives = class_of,
      check = dates.fault_of_new, send = send_new,
      says = "Creates a meeting with its room." },
    update = { "PATCH /events/{event_id}", body = FIELDS, query = CHANGE, gives = class_of,
      empty = "get", check = dates.fault, run = changes.update,
      says = "Changes a meeting. It is read first, since servers want all date fields together. "
        .. "Changed and cancelled occurrences of a series are as the others again." },
    move = { "PATCH /events/{event_id}", body = MOVE, query = CHANGE, gives = class_of, empty = "get",
      run = changes.update, check = dates.fault_of_move,
      says = "Gives a meeting another time; without `ends_at` it takes as long as before. "
        .. "Changed and cancelled occurrences of a series are as the others again." },
    delete = { "DELETE /events/{event_id}", query = DELETE, gone = true, says = GONE },
    cancel = { "DELETE /events/{event_id}", query = DELETE, gone = true, says = GONE .. " The same as "
      .. "`delete`." },
    accept = { "PATCH /events/{event_id}/invite", says = "Accepts your own invitation." },
    decline = { "DELETE /events/{event_id}/invite", says = "Declines your own invitation." },
    add_favorite = { "PUT /users/me/event_favorites/{event_id}",
      says = "Adds a meeting to your favourites." },
    folder = { "GET " .. FOLDER, gives = SharedFolder, fault = folder_fault, since = "0.5",
      says = "The shared folder of a meeting, with its passwords. 404: it has none." },
    add_folder = { "PUT " .. FOLDER, query = { notify = api.NOTIFY }, gives = SharedFolder, fault = folder_fault,
      empty = "folder", since = "0.5", says = "Gives a meeting a shared folder, or returns the one that it has." },
    remove_folder = { "DELETE " .. FOLDER, query = NO_FOLDER, gone = true, since = "0.5",
      says = "Deletes the shared folder of a meeting." },
    remove_favorite = { "DELETE /users/me/event_favorites/{event_id}", gone = true,
      says = "Removes a meeting from your favourites." },
  },
}
