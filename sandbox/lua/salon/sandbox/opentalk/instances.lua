-- The dates of a series: /v1/events/{id}/instances, and one of them

local jwt = require "salon.sandbox.jwt"
local store = require "salon.sandbox.store"
local time = require "salon.sandbox.time"
local responses = require "salon.sandbox.opentalk.responses"
local events = require "salon.sandbox.opentalk.events"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
local recurrence = require "salon.sandbox.opentalk.recurrence"
local rules = require "salon.sandbox.opentalk.event_rules"
local views = require "salon.sandbox.opentalk.views"

local instances = {}

local QUERY = { invitees_max = "integer", time_min = "time", time_max = "time", per_page = "integer", after = "text" }
local FIELDS = input.fields("title:string? description:string? is_all_day:boolean? starts_at:zoned? ends_at:zoned? "
  .. "status:status?")

-- The start of a series' date number i, or nil; found as far as needed and kept.
local function date(event, i, old)
  local dates = event.dates or { walk = recurrence.walk(event.pattern, event.starts, old) }
  event.dates = dates
  while #dates < i and not dates.ended do
    local at = dates.walk()
    dates[#dates + 1], dates.ended = at, at == nil
  end
  return dates[i]
end

-- A page number of eight bytes.
local function cursor_of(page) return jwt.encode(string.char(page % 256, math.floor(page / 256)) .. ("\0"):rep(6)) end

local function read_cursor(text)
  local bytes = jwt.decode(text) or ""
  return #bytes == 8 and bytes:byte(1) + bytes:byte(2) * 256 or nil
end

-- time_max has no effect on real servers either.
local function page(request, event, user, old, query)
  local size, n = query.per_page or 30, 1
  if old then size = math.max(1, math.min(100, size)) end
  if size < 1 or size > 100 then return responses.query "Page size is outside the allowed range (1..=100)" end
  if query.after then n = read_cursor(query.after) end
  if not n then
    return responses.query(('invalid value: string "%s", expected base64 + %s encoded cursor data')
      :format(query.after, old and "bincode" or "postcard"))
  end
  local list, passed, i = {}, 0, 1
  while #list < size do
    local at = date(event, i, old)
    if not at then break end
    if not query.time_min or at > query.time_min then
      passed = passed + 1
      if passed > (n - 1) * size - (request.moved or 0) then
        list[#list + 1] = views.date(event, at, user, old, math.max(0, query.invitees_max or 0))
      end
    end
    i = i + 1
  end
  local response = responses.list(list)
  response.headers.Link = list[1] and pages.cursor_link(request, cursor_of(n + 1)) or nil
  return response
end

function instances.list(request, user, old, id)
  local event, refusal = events.find(id, user)
  if not event then return refusal end
  local query
  query, refusal = input.query(request, QUERY)
  if not query then return refusal end
  if not event.pattern then return responses.error(404) end
  return pages.cached(request, "dates for " .. user.id, function() return page(request, event, user, old, query) end)
end

-- A route about one date: `act` gets it.
local function with_date(act, as_owner)
  return function(request, user, old, id, text)
    local event, query = events.start(request, user, id, as_owner)
    if not event then return query end
    local wanted = text:find "^%d%d%d%d%d%d%d%dT%d%d%d%d%d%dZ$" and time.parse_compact(text)
    if not wanted then
      return responses.text(404, ('invalid value: string "%s", expected timestamp in \'%%Y%%m%%dT%%H%%M%%SZ\' format')
        :format(text))
    end
    local i, at = 1, nil
    while event.pattern do
      at = date(event, i, old)
      if not at or at - at % 1000000 >= wanted then break end
      i = i + 1
    end
    if not at or at - at % 1000000 ~= wanted then return responses.error(404) end
    return act(request, query, event, at, user, old)
  end
end

local function show(event, at, query, user, old)
  return responses.ok(views.date(event, at, user, old, math.max(0, query.invitees_max or 0)))
end

instances.get = with_date(function(_, query, event, at, user, old) return show(event, at, query, user, old) end)

---Keeps what is otherwise on one date. fields: title, description, is_all_day, status,
---starts_at, ends_at.
function instances.except(event, at, fields, user)
  local exception = views.exception_at(event, at)
  if not exception then
    exception = { at = at, created = store.now(), by = user, status = "ok" }
    table.insert(event.exceptions, exception)
  end
  for name, value in pairs(fields) do exception[name:gsub("_at$", "")] = value end
  store.touch()
end

-- Real servers judge a single new beginning or end by the first date of the series.
instances.change = with_date(function(request, query, event, at, user, old)
  local values, refusal = input.body(request, FIELDS)
  if not values then return refusal end
  if next(values) == nil then return responses.empty(204) end
  local all_day = values.is_all_day
  if all_day == nil then all_day = event.is_all_day end
  refusal = rules.span_fault(values.starts_at or event.starts, values.ends_at or event.ends, all_day, old)
  if refusal then return refusal end
  instances.except(event, at, values, user)
  input.count_mails(request, query, event, old)
  return show(event, at, query, user, old)
end, true)

-- As many dates of a series as were asked for, inside the time that was asked for.
local function expand(event, query)
  local list, i = {}, 1
  while #list < query.instances_max do
    local at = date(event, i)
    if not at or (query.time_max and at > query.time_max) then break end
    if not query.time_min or at + event.ends.at - event.starts.at >= query.time_min then list[#list + 1] = at end
    i = i + 1
  end
  return list
end

---All events, with dates in place of series if instances_max says so.
function instances.all(request, user, old) return events.list(request, user, old, expand) end

return instances
