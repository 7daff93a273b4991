-- /v1/events

local json = require "salon.sandbox.json"
local jwt = require "salon.sandbox.jwt"
local store = require "salon.sandbox.store"
local time = require "salon.sandbox.time"
local errors = require "salon.sandbox.opentalk.errors"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
local recurrence = require "salon.sandbox.opentalk.recurrence"
local views = require "salon.sandbox.opentalk.views"

local events = {}

-- Cursors ---------------------------------------------------------------

-- Both generations write id, creation and start: 2023 with lengths of eight
-- bytes, later ones with lengths of one.
local function cursor_of(item, old)
  local function text(s)
    return old and string.char(#s, 0, 0, 0, 0, 0, 0, 0) .. s or string.char(#s) .. s
  end
  local id = item.event.id:gsub("-", ""):gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end)
  return jwt.encode(text(id) .. text(time.format(item.created))
    .. (item.start and "\1" .. text(time.format(item.start)) or "\0"))
end

local function read_cursor(text, old)
  local bytes = jwt.decode(text)
  local at = 1
  local function take()
    local n = bytes:byte(at)
    at = at + (old and 8 or 1)
    local value = n and bytes:sub(at, at + n - 1)
    if not value or #value < n then error "short" end
    at = at + n
    return value
  end
  local good, cursor = pcall(function()
    local id = take():gsub(".", function(c) return ("%02x"):format(c:byte()) end)
    local created = assert(time.parse(take()))
    local flag = bytes:byte(at)
    at = at + 1
    return { id = id, created = created, start = flag == 1 and assert(time.parse(take())) or nil }
  end)
  return good and cursor or nil
end

-- Lists -----------------------------------------------------------------

local function key_of(item) return item.start or -math.huge, item.created, item.id end

local function before(a, b)
  local a1, a2, a3 = key_of(a)
  local b1, b2, b3 = key_of(b)
  if a1 ~= b1 then return a1 < b1 end
  if a2 ~= b2 then return a2 < b2 end
  return a3 < b3
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
  if query.time_independent ~= nil and (event.starts == nil) ~= query.time_independent then
    return false
  end
  return true
end

local function item_of(event, exception)
  local thing = exception or event
  local starts = exception and (exception.starts or { at = exception.at }) or event.starts
  return { event = event, exception = exception, start = starts and starts.at,
    created = thing.created, id = (event.id:gsub("-", "")) }
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

local function read_query(request, old)
  local query, refusal = input.query(request, old and KINDS or NEW_KINDS)
  if not query then return nil, refusal end
  if query.invite_status then
    query.states = {}
    for word in (query.invite_status .. ","):gmatch("([^,]*),") do
      if not STATES[word] then
        return nil, errors.query(('unknown invite_status "%s"'):format(word))
      end
      query.states[word] = true
    end
  end
  query.invitees_max = query.invitees_max or 0
  query.per_page = query.per_page or 30
  if old then
    query.per_page = math.max(1, math.min(100, query.per_page))
  elseif query.per_page < 1 or query.per_page > 100 then
    return nil, errors.query "Page size is outside the allowed range (1..=100)"
  elseif query.invitees_max > 100 then
    return nil, errors.query "invitees_max is outside the allowed range (0..=100)"
  end
  if query.after then
    query.cursor = read_cursor(query.after, old)
    if not query.cursor then
      return nil, errors.query(('invalid value: string "%s", expected base64 + %s encoded cursor data')
        :format(query.after, old and "bincode" or "postcard"))
    end
  end
  return query
end

local function render(item, user, query, old, parts)
  if item.exception then
    parts[#parts + 1] = views.exception(item.event, item.exception, user)
    return
  end
  parts[#parts + 1] = views.event(item.event, user, old, query.invitees_max, "list")
  for _, exception in ipairs(old and item.event.exceptions or {}) do
    parts[#parts + 1] = views.exception(item.event, exception, user)
  end
end

local function page(request, user, old)
  local query, refusal = read_query(request, old)
  if not query then return refusal end
  local filters = request.query:gsub("&?after=[^&]*", ""):gsub("&?per_page=[^&]*", "")
  local items = store.cached("events " .. user.id .. filters,
    function() return select_items(user, query, old) end)
  local parts, last, count, before_it = {}, nil, 0, nil
  for _, item in ipairs(items) do
    if count == query.per_page then break end
    if query.cursor and not beyond(item, query.cursor, old) then
      before_it = item
    else
      -- A list that has moved shows the last entry of the page before again.
      if count == 0 and request.moved and before_it then render(before_it, user, query, old, parts) end
      render(item, user, query, old, parts)
      last, count = item, count + 1
    end
  end
  local answer = errors.ok(json.array(parts))
  answer.headers.Link = last and pages.cursor_link(request, cursor_of(last, old)) or nil
  return answer
end

function events.list(request, user, old)
  local key = "events page " .. user.id .. request.uri .. request:origin()
    .. (request.link_host or "") .. (request.same_link and "same" or "") .. (request.moved or "")
    .. (request:header "x-forwarded-host" or "")
    .. (request:header "forwarded" or "") .. (request:header "x-forwarded-proto" or "")
  return store.cached(key, function() return page(request, user, old) end)
end

-- Single events ---------------------------------------------------------

-- The event of a path if this user may see it; else nil and the answer.
local function find(id, user, as_owner)
  local event = store.events[id]
  if not event or (event.owner ~= user and (as_owner or not (event.room.readers or {})[user])) then
    return nil, errors.empty(403)
  end
  return event
end

function events.get(request, user, old, id)
  local event, refusal = find(id, user)
  if not event then return refusal end
  local query
  query, refusal = input.query(request, { invitees_max = "integer" })
  if not query then return refusal end
  return errors.ok(views.event(event, user, old, math.max(0, query.invitees_max or 0), "single"))
end

local FIELDS = { { "title", "string", required = true }, { "description", "string", required = true },
  { "password", "string", null = true }, { "waiting_room", "boolean" }, { "is_adhoc", "boolean" },
  { "is_time_independent", "boolean", required = true }, { "is_all_day", "boolean", null = true },
  { "starts_at", "zoned", null = true }, { "ends_at", "zoned", null = true },
  { "recurrence_pattern", "strings" } }
local NEW_FIELDS = { { "guest_access", "string", null = true }, { "show_meeting_details", "boolean" },
  { "e2e_encryption", "boolean" }, { "has_shared_folder", "boolean" },
  { "streaming_targets", "strings" } }
for i, field in ipairs(FIELDS) do table.insert(NEW_FIELDS, i, field) end

local CLOSED = "data did not match any variant of untagged enum EventDateKind"

-- Lengths: 2023 counts characters and lists what is wrong, 2026 counts bytes
-- and says so in the words of its JSON reader.
local function length_fault(values, old)
  local length = old and input.characters or function(text) return #text end
  local faults = {}
  local function check(name, most, least, code)
    local text = values[name]
    if text and (length(text) > most or length(text) < least) then
      faults[#faults + 1] = { name, code or "invalid_length" }
    end
  end
  check("title", 255, 0)
  check("description", 4096, 0)
  check("password", 255, 1)
  local bad = #values.recurrence_pattern > 4
  for _, line in ipairs(values.recurrence_pattern) do bad = bad or length(line) > 1024 end
  if bad then faults[#faults + 1] = { "recurrence_pattern", "invalid_value" } end
  if not faults[1] then return nil end
  if old then return errors.invalid(true, faults) end
  return input.json_fault(("invalid length of field `%s`"):format(faults[1][1]))
end

local function date_fault(values, sent, old)
  if values.is_time_independent then
    if sent.is_all_day or sent.starts_at or sent.ends_at or values.recurrence_pattern[1] then
      return old and errors.json(400, nil, "time independent events must not have is_all_day, "
        .. "starts_at, ends_at or recurrence_pattern set") or input.json_fault(CLOSED)
    end
    return nil
  end
  if not values.starts_at or not values.ends_at or (old and values.is_all_day == nil) then
    return old and errors.json(400, nil, "time dependent events must have title, description, "
      .. "is_all_day, starts_at and ends_at set") or input.json_fault(CLOSED)
  end
  if values.ends_at.at < values.starts_at.at then
    return errors.event(old, "ends_at must not be before starts_at")
  end
  local day = 86400 * 1000000
  if values.is_all_day and (values.starts_at.at % day ~= 0 or values.ends_at.at % day ~= 0) then
    return errors.event(old, "is_all_day requires starts_at/ends_at to be set at the start of the day")
  end
end

function events.create(request, user, old)
  local values, sent = input.body(request, old and FIELDS or NEW_FIELDS, not old and CLOSED or nil)
  if not values then return sent end
  values.recurrence_pattern = values.recurrence_pattern or {}
  local fault = length_fault(values, old) or date_fault(values, sent, old)
  if fault then return fault end
  if values.has_shared_folder then
    return errors.json(400, nil, "No shared folder configured for this server")
  end
  values.starts, values.ends = values.starts_at, values.ends_at
  if values.starts then
    values.is_all_day = values.is_all_day or false
    values.last = values.ends.at
  end
  if values.recurrence_pattern[1] then
    local last, words = recurrence.last(values.recurrence_pattern, values.starts.at)
    if not last then return errors.event(old, words) end
    values.pattern, values.last_start = values.recurrence_pattern, last
    values.last = last + values.ends.at - values.starts.at
  end
  return errors.ok(views.event(store.add_event(user, values), user, old, 0, "new"))
end

-- 2023 leaves the room behind.
function events.delete(_, user, old, id)
  local event, refusal = find(id, user, true)
  if not event then return refusal end
  local room = event.room
  store.remove_event(event)
  if not old then store.remove_room(room) end
  return errors.empty(204)
end

return events
