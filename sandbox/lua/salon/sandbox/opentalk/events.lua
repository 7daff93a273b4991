-- GET /v1/events and one event

local jwt = require "salon.sandbox.jwt"
local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
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

-- An event, an exception, or (with at) a date of a series.
local function item_of(event, exception, at)
  local starts = exception and (exception.starts or { at = exception.at }) or event.starts
  return { event = event, exception = exception, at = at, start = at or starts and starts.at,
    created = (exception or event).created, id = (event.id:gsub("-", "")) }
end

-- Everything that fits, in order. 2023 appends exceptions when it writes a
-- page; later servers sort them in and count them. expand: gives the dates to show in
-- place of a series.
local function select_items(user, query, old, expand)
  local items = {}
  for _, event in ipairs(user.events:sort()) do
    if expand and event.pattern and fits(event, user, query) then
      for _, at in ipairs(expand(event, query)) do items[#items + 1] = item_of(event, nil, at) end
    elseif fits(event, user, query) then
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

-- Does /events/instances have dates in place of a series?
NEW_KINDS.instances_max = "unsigned"

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
  if item.at then
    list[#list + 1] = views.date(item.event, item.at, user, old, query.invitees_max)
    return
  elseif item.exception then
    list[#list + 1] = views.exception(item.event, item.exception, user)
    return
  end
  list[#list + 1] = views.event(item.event, user, old, query.invitees_max, "list")
  for _, exception in ipairs(old and item.event.exceptions or {}) do
    list[#list + 1] = views.exception(item.event, exception, user)
  end
end

local function page(request, user, old, expand)
  local query, refusal = input.query(request, old and KINDS or NEW_KINDS)
  if not query then return refusal end
  local fault = query_fault(query, old)
  if fault then return responses.query(fault) end
  local filters = request.query:gsub("&?after=[^&]*", ""):gsub("&?per_page=[^&]*", "")
  if (query.instances_max or 0) == 0 then expand = nil end
  local items = store.cached((expand and "dates " or "events ") .. user.id .. filters,
    function() return select_items(user, query, old, expand) end)
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

function events.list(request, user, old, expand)
  return pages.cached(request, "events of " .. user.id, function() return page(request, user, old, expand) end)
end

-- Single events ---------------------------------------------------------

---The event of a path if this user may see it; else nil and the response.
function events.find(id, user, as_owner)
  local event = store.events[id]
  if not event or (event.owner ~= user and (as_owner or not (event.room.readers or {})[user])) then
    return nil, responses.empty(403)
  end
  return event
end

---The event of a path, and what the query of a change says; or nil and the response.
function events.start(request, user, id, as_owner)
  local event, refusal = events.find(id, user, as_owner)
  if not event then return nil, refusal end
  local query
  query, refusal = input.change(request)
  return query and event, query or refusal
end

function events.get(request, user, old, id)
  local event, query = events.start(request, user, id)
  if not event then return query end
  return responses.ok(views.event(event, user, old, math.max(0, query.invitees_max or 0), "single"))
end

---2023 permits this and does not have it.
function events.reschedule(_, user, _, id)
  local event, refusal = events.find(id, user, true)
  return event and responses.empty(404) or refusal
end

return events
