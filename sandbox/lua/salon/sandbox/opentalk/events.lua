-- /v1/events

local jwt = require "salon.sandbox.jwt"
local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
local recurrence = require "salon.sandbox.opentalk.recurrence"
local views = require "salon.sandbox.opentalk.views"

local events = {}

-- Lists -----------------------------------------------------------------

-- A cursor is opaque to clients: the position of an item in the order.
local function cursor_of(item)
  return jwt.encode(("%s %.0f %s"):format(item.id, item.created, item.start and ("%.0f"):format(item.start) or ""))
end

local function read_cursor(text)
  local id, created, start = (jwt.decode(text) or ""):match "^(%x+) (%d+) (%-?%d*)$"
  return id and { id = id, created = tonumber(created), start = tonumber(start) }
end

local function before(a, b)
  local one, two = a.start or -math.huge, b.start or -math.huge
  if one ~= two then return one < two end
  if a.created ~= b.created then return a.created < b.created end
  return a.id < b.id
end

-- Servers up to 0.32 look only for later creations when a page ended with a
-- time-independent event, and so lose older events that have a date.
local function beyond(item, cursor, old)
  if old and not cursor.start then
    return item.created > cursor.created or (item.created == cursor.created and item.id > cursor.id)
  end
  return before(cursor, item)
end

local function fits(event, user, query)
  if query.time_min or query.time_max then
    if not event.starts then return false end
    if query.time_min and event.last < query.time_min then return false end
    if query.time_max and event.starts.at > query.time_max then return false end
  end
  if query.created_before and event.created > query.created_before then return false end
  if query.created_after and event.created < query.created_after then return false end
  if query.favorites and not event.favourites[user] then return false end
  if query.states and not query.states[views.invite_status(event, user)] then return false end
  if query.adhoc ~= nil and (event.is_adhoc or false) ~= query.adhoc then return false end
  return query.time_independent == nil or (event.starts == nil) == query.time_independent
end

local function item_of(event, exception)
  local starts = exception and (exception.starts or { at = exception.at }) or event.starts
  return { event = event, exception = exception, start = starts and starts.at,
    created = (exception or event).created, id = (event.id:gsub("-", "")) }
end

-- Everything that fits, in order. 2023 appends exceptions when it writes a
-- page; later servers sort them in and count them.
local function select_items(user, query, old)
  local items = {}
  for _, event in ipairs(user.events:sort()) do
    if fits(event, user, query) then
      items[#items + 1] = item_of(event)
      for _, exception in ipairs(old and {} or event.exceptions) do
        items[#items + 1] = item_of(event, exception)
      end
    end
  end
  table.sort(items, before)
  return items
end

local STATES = { pending = true, accepted = true, tentative = true, declined = true }

local KINDS = { time_min = "time", time_max = "time", invitees_max = "unsigned",
  favorites = "boolean", invite_status = "text", per_page = "integer", after = "text",
  adhoc = "boolean", time_independent = "boolean" }
local NEW_KINDS = { created_before = "time", created_after = "time" }
for name, kind in pairs(KINDS) do NEW_KINDS[name] = kind end

-- Fills in the defaults of a query; returns what is wrong with it, or nil.
local function query_fault(query, old)
  query.states = query.invite_status and {}
  for word in ((query.invite_status or "pending") .. ","):gmatch "([^,]*)," do
    if not STATES[word] then return ('unknown invite_status "%s"'):format(word) end
    if query.states then query.states[word] = true end
  end
  query.invitees_max, query.per_page = query.invitees_max or 0, query.per_page or 30
  if old then
    query.per_page = math.max(1, math.min(100, query.per_page))
  elseif query.per_page < 1 or query.per_page > 100 then
    return "Page size is outside the allowed range (1..=100)"
  elseif query.invitees_max > 100 then
    return "invitees_max is outside the allowed range (0..=100)"
  end
  query.cursor = query.after and read_cursor(query.after)
  if query.after and not query.cursor then
    return ('invalid value: string "%s", expected base64 + %s encoded cursor data')
      :format(query.after, old and "bincode" or "postcard")
  end
end

local function add_view(list, item, user, query, old)
  if item.exception then
    list[#list + 1] = views.exception(item.event, item.exception, user)
    return
  end
  list[#list + 1] = views.event(item.event, user, old, query.invitees_max, "list")
  for _, exception in ipairs(old and item.event.exceptions or {}) do
    list[#list + 1] = views.exception(item.event, exception, user)
  end
end

local function page(request, user, old)
  local query, refusal = input.query(request, old and KINDS or NEW_KINDS)
  if not query then return refusal end
  local fault = query_fault(query, old)
  if fault then return responses.query(fault) end
  local filters = request.query:gsub("&?after=[^&]*", ""):gsub("&?per_page=[^&]*", "")
  local items = store.cached("events " .. user.id .. filters, function() return select_items(user, query, old) end)
  local list, last, count, skipped = {}, nil, 0, nil
  for _, item in ipairs(items) do
    if count == query.per_page then break end
    if query.cursor and not beyond(item, query.cursor, old) then
      skipped = item
    else
      -- A list that has moved shows the last entry of the page before again.
      if count == 0 and request.moved and skipped then add_view(list, skipped, user, query, old) end
      add_view(list, item, user, query, old)
      last, count = item, count + 1
    end
  end
  local response = responses.list(list)
  response.headers.Link = last and pages.cursor_link(request, cursor_of(last)) or nil
  return response
end

function events.list(request, user, old)
  return pages.cached(request, "events of " .. user.id, function() return page(request, user, old) end)
end

-- Single events ---------------------------------------------------------

-- The event of a path if this user may see it; else nil and the response.
local function find(id, user, as_owner)
  local event = store.events[id]
  if not event or (event.owner ~= user and (as_owner or not (event.room.readers or {})[user])) then
    return nil, responses.empty(403)
  end
  return event
end

function events.get(request, user, old, id)
  local event, refusal = find(id, user)
  if not event then return refusal end
  local query
  query, refusal = input.query(request, { invitees_max = "integer" })
  if not query then return refusal end
  return responses.ok(views.event(event, user, old, math.max(0, query.invitees_max or 0), "single"))
end

local OLD = "title:string! description:string! password:string? waiting_room:boolean is_adhoc:boolean "
  .. "is_time_independent:boolean! is_all_day:boolean? starts_at:zoned? ends_at:zoned? recurrence_pattern:strings"
local FIELDS = input.fields(OLD)
local NEW_FIELDS = input.fields(OLD .. " guest_access:string? show_meeting_details:boolean "
  .. "e2e_encryption:boolean has_shared_folder:boolean streaming_targets:objects "
  .. "training_participation_report:object?")

local CLOSED = "data did not match any variant of untagged enum EventDateKind"

-- Lengths: 2023 counts characters and lists the fields, 2026 counts bytes and reports
-- one field as a JSON error.
local function length_fault(values, old)
  local length = old and input.characters or function(text) return #text end
  local faults = {}
  for _, rule in ipairs { { "title", 0, 255 }, { "description", 0, 4096 }, { "password", 1, 255 } } do
    local text = values[rule[1]]
    if text and (length(text) < rule[2] or length(text) > rule[3]) then
      faults[#faults + 1] = { rule[1], "invalid_length" }
    end
  end
  local bad = #values.recurrence_pattern > 4
  for _, line in ipairs(values.recurrence_pattern) do bad = bad or length(line) > 1024 end
  if bad then faults[#faults + 1] = { "recurrence_pattern", "invalid_value" } end
  if not faults[1] then return nil end
  if old then return responses.invalid(true, faults) end
  return responses.invalid_json(("invalid length of field `%s`"):format(faults[1][1]))
end

local DAY = 86400 * 1000000

local function date_fault(values, old)
  local words
  if values.is_time_independent then
    if values.is_all_day == nil and not values.starts_at and not values.ends_at
      and not values.recurrence_pattern[1] then
      return nil
    end
    words = "time independent events must not have is_all_day, starts_at, ends_at or recurrence_pattern set"
  elseif not values.starts_at or not values.ends_at or (old and values.is_all_day == nil) then
    words = "time dependent events must have title, description, is_all_day, starts_at and ends_at set"
  elseif values.ends_at.at < values.starts_at.at then
    return responses.invalid_event(old, "ends_at must not be before starts_at")
  elseif values.is_all_day and (values.starts_at.at % DAY ~= 0 or values.ends_at.at % DAY ~= 0) then
    return responses.invalid_event(old, "is_all_day requires starts_at/ends_at to be set at the start of the day")
  else
    return nil
  end
  return old and responses.error(400, nil, words) or responses.invalid_json(CLOSED)
end

function events.create(request, user, old)
  local values, refusal = input.body(request, old and FIELDS or NEW_FIELDS, not old and CLOSED or nil)
  if not values then return refusal end
  values.recurrence_pattern = values.recurrence_pattern or {}
  local fault = length_fault(values, old) or date_fault(values, old)
  if fault then return fault end
  if values.has_shared_folder then
    return responses.error(400, nil, "No shared folder configured for this server")
  end
  for _, target in ipairs(values.streaming_targets or {}) do target.id = store.random:uuid() end
  values.starts, values.ends = values.starts_at, values.ends_at
  if values.starts then
    values.is_all_day = values.is_all_day or false
    values.last = values.ends.at
  end
  if values.recurrence_pattern[1] then
    local last, words = recurrence.last(values.recurrence_pattern, values.starts.at)
    if not last then return responses.invalid_event(old, words) end
    values.pattern, values.last_start = values.recurrence_pattern, last
    values.last = last + values.ends.at - values.starts.at
  end
  return responses.ok(views.event(store.add_event(user, values), user, old, 0, "new"))
end

-- 2023 leaves the room behind.
function events.delete(_, user, old, id)
  local event, refusal = find(id, user, true)
  if not event then return refusal end
  local room = event.room
  store.remove_event(event)
  if not old then store.remove_room(room) end
  return responses.empty(204)
end

return events
