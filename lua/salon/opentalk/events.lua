-- OpenTalk's events (meetings): the service `ot.events` and its records.
--
-- A list of events holds three types: `single`, `recurring` and, for occurrences
-- that differ from their series, `exception` - without a room, perhaps without a
-- title. Exceptions are a class of their own and left out unless asked for.

local client = require "salon.internal.client"
local clock = require "salon.internal.clock"
local core = require "salon.core"
local lists = require "salon.opentalk.lists"
local options = require "salon.internal.options"
local pages = require "salon.internal.pages"
local rooms = require "salon.opentalk.rooms"

local events = {}

---@class salon.opentalk.Events
local Events = { __name = "salon.opentalk.Events" }
Events.__index = Events

-- The records --------------------------------------------------------------

local getters = {}

function getters.room(event)
  local raw = event.raw
  if type(raw.room) ~= "table" or options.id_fault(raw.room.id) then return nil end
  local session = client.session_of(core.client_of(event))
  return rooms.wrap(session, raw.room, event.response, event)
end

function getters.join_url(event)
  return event.room and event.room.join_url
end

local EVENT = { name = "salon.Event", backend = "opentalk", methods = {}, getters = getters }
local EXCEPTION = { name = "salon.Exception", backend = "opentalk", methods = {}, getters = {} }

local function wrap(session, raw, about)
  return core.record(raw.type == "exception" and EXCEPTION or EVENT, raw, session.client, about)
end

-- The service --------------------------------------------------------------

---@param session salon.Session
---@return salon.opentalk.Events
function events.service(session)
  return setmetatable({ session = session }, Events)
end

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

local INVITEES_MAX = { "number", integer = true, min = 0, max = 100 }

-- The filters of the API, in the order in which they are sent.
local FILTERS = {
  "time_min", "time_max", "created_before", "created_after", "invitees_max", "favorites",
  "invite_status", "adhoc", "time_independent",
}

local LIST = {
  time_min = options.TIME,
  time_max = options.TIME,
  created_before = options.TIME,
  created_after = options.TIME,
  invitees_max = INVITEES_MAX,
  favorites = { "boolean" },
  invite_status = { "string", "table", check = states_fault },
  adhoc = { "boolean" },
  time_independent = { "boolean" },
  per_page = lists.PER_PAGE,
  after = { "string" },
  exceptions = { "boolean" },
  timeout = options.TIMEOUT,
}

local EACH = options.merge(LIST, { prefetch = options.PREFETCH })

local function query_of(given)
  local query = {}
  for _, name in ipairs(FILTERS) do
    local value = given[name]
    if type(value) == "table" then value = table.concat(value, ",") end
    if value ~= nil then
      query[#query + 1] = name
      query[#query + 1] = value
    end
  end
  return query
end

-- Servers before 0.29 ignore the two filters by creation, without a word. A server that
-- knows them decides within the second.
local function created_in(given)
  local after = given.created_after and clock.parse(given.created_after)
  local before = given.created_before and clock.parse(given.created_before)
  return function(raw)
    local created = type(raw.created_at) == "string" and clock.parse(raw.created_at)
    return not created or not (after and created < after or before and created > before)
  end
end

local function source(session, given)
  local exceptions, is_wanted = given.exceptions, created_in(given)
  return lists.source(session, given, {
    parts = { "events" },
    query = query_of(given),
    key = "id",
    records = function(items, about)
      local page = {}
      for _, raw in ipairs(items) do
        if (exceptions or raw.type ~= "exception") and is_wanted(raw) then
          page[#page + 1] = wrap(session, raw, about)
        end
      end
      return page
    end,
  })
end

---@class salon.opentalk.EventFilters
---@field time_min? string  RFC 3339; together with time_max: overlap
---@field time_max? string
---@field created_before? string  before 0.29 all events come and are looked through here
---@field created_after? string  the same
---@field invitees_max? integer  0 (default) to 100
---@field favorites? boolean
---@field invite_status? string|string[]  pending, accepted, tentative, declined
---@field adhoc? boolean
---@field time_independent? boolean
---@field per_page? integer  100 (default) at most
---@field after? string  cursor, from page.next
---@field exceptions? boolean  also the exceptions of series
---@field timeout? number  seconds; `each`: per page
---@field prefetch? integer  `each` only: pages ahead, 0 or 1 (default; more is 1)

---One page of events: those without a start first, then by start. With
---exceptions left out a page may be short, or even empty, and have a next one.
---
---Source: `GET /v1/events`, OpenTalk REST API v1.
---@param opts? salon.opentalk.EventFilters
---@return salon.Page? page
---@return salon.Error? err
function Events:list(opts)
  local session = options.self(self, Events, "events:list")
  local given = options.check("events:list", opts, LIST)
  return pages.list(source(session, given), given)
end

local function with(given, name, value)
  local copy = {}
  for key, old in pairs(given) do copy[key] = old end
  copy[name] = value
  return copy
end

-- Servers up to 0.32 lose timed events that stand behind a time-independent
-- one. Unless a filter keeps the two apart already, each kind is walked by
-- itself, in the server's order.
local function walks_both(given)
  return given.time_independent == nil and given.time_min == nil and given.time_max == nil
    and given.after == nil
end

-- How `err.resume` says that the walk broke in its first half: a cursor is no text
-- with a blank.
local FIRST_HALF = "then timed: "

local function resume_first_half(self, position)
  return with(with(self.given, "time_independent", nil), "after", FIRST_HALF .. (position or ""))
end

---Walks all events; raises the error that `list` would return. `err.resume` of a walk
---that broke holds the options with which it goes on.
---
---Source: `GET /v1/events`, OpenTalk REST API v1.
---@param opts? salon.opentalk.EventFilters
---@return salon.Walk
function Events:each(opts)
  local session = options.self(self, Events, "events:each")
  local given = options.check("events:each", opts, EACH)
  local resumed = given.after and given.after:sub(1, #FIRST_HALF) == FIRST_HALF
  if not (resumed or walks_both(given)) then return pages.walk(source(session, given), given) end
  local cursor = resumed and given.after:sub(#FIRST_HALF + 1)
  local all = with(given, "after", nil)
  local first = source(session, with(all, "time_independent", true))
  first.resume = resume_first_half
  first.after = source(session, with(all, "time_independent", false))
  return pages.walk(first, with(all, "after", cursor ~= "" and cursor or nil))
end

local GET = { invitees_max = INVITEES_MAX, timeout = options.TIMEOUT }

---One event.
---
---Source: `GET /v1/events/{event_id}`, OpenTalk REST API v1.
---@param id string
---@param opts? { invitees_max?: integer, timeout?: number }
---@return salon.opentalk.Event? event
---@return salon.Error? err
function Events:get(id, opts)
  local session = options.self(self, Events, "events:get")
  options.id("events:get", "id", id)
  local given = options.check("events:get", opts, GET)
  return session:record({
    parts = { "events", id },
    query = given.invitees_max and { "invitees_max", given.invitees_max },
    deadline = session:deadline(given.timeout),
  }, wrap, "id")
end

return events
