-- What may stand in the body of POST and PATCH /v1/events, and what an event's dates
-- have to be like.

local responses = require "salon.sandbox.opentalk.responses"
local input = require "salon.sandbox.opentalk.input"
local recurrence = require "salon.sandbox.opentalk.recurrence"
local store = require "salon.sandbox.store"

local rules = {}

local OLD = "title:string! description:string! password:string? waiting_room:boolean is_adhoc:boolean "
  .. "is_time_independent:boolean! is_all_day:boolean? starts_at:zoned? ends_at:zoned? recurrence_pattern:strings"
local NEW = OLD .. " guest_access:access? show_meeting_details:boolean "
  .. "e2e_encryption:boolean has_shared_folder:boolean streaming_targets:targets "
  .. "training_participation_report:report?"
local NEWEST = NEW .. " room_name:name?"

local CLEARED = { password = true, training_participation_report = true, room_name = true }

-- The same fields in a change: none is required, null means none or counts as absent.
local function optional(text)
  return (text:gsub("([%w_]+)(:%l+)[!?]?", function(name, kind)
    return name .. kind .. (CLEARED[name] and "-" or name ~= "recurrence_pattern" and "?" or "")
  end))
end

local FIELDS = {}
for version, text in pairs { ["2023"] = OLD, ["2026"] = NEW, ["0.66"] = NEWEST } do
  FIELDS[version] = { create = input.fields(text), change = input.fields(optional(text)) }
end

local CLOSED = "data did not match any variant of untagged enum EventDateKind"
local DATES = { "is_all_day", "starts_at", "ends_at", "recurrence_pattern" }

-- Lengths: 2023 lists the fields, 2026 reports one field as a JSON error.
local function length_fault(values, old)
  local faults = {}
  for _, rule in ipairs { { "title", 0, 255 }, { "description", 0, 4096 }, { "password", 1, 255 } } do
    local length = values[rule[1]] and input.length(values[rule[1]], old)
    if length and (length < rule[2] or length > rule[3]) then faults[#faults + 1] = { rule[1], "invalid_length" } end
  end
  local lines = values.recurrence_pattern or {}
  local bad = #lines > 4
  for _, line in ipairs(lines) do bad = bad or input.length(line, old) > 1024 end
  if bad then faults[#faults + 1] = { "recurrence_pattern", "invalid_value" } end
  if not faults[1] then return nil end
  if old then return responses.invalid(true, faults) end
  return responses.invalid_json(("invalid length of field `%s`"):format(faults[1][1]))
end

---The fields of a body (what: "create" or "change"), with an empty pattern left out;
---or nil and the response.
function rules.read(request, what, old)
  local values, refusal = input.body(request, FIELDS[store.settings.opentalk][what], not old and CLOSED or nil)
  if not values then return nil, refusal end
  local fault = length_fault(values, old)
  if fault then return nil, fault end
  if values.recurrence_pattern and not values.recurrence_pattern[1] then values.recurrence_pattern = nil end
  if values.has_shared_folder and not store.settings.shared_folders then
    return nil, responses.error(400, nil, "No shared folder configured for this server")
  end
  return values
end

---The fields of a new event that are no request's, or nil and what is wrong.
function rules.values(fields)
  local known = FIELDS[store.settings.opentalk].create
  for name in pairs(fields) do
    if not known[name] then return nil, ("unknown field '%s'"):format(tostring(name)) end
  end
  return input.values(fields, known)
end

local DAY = 86400 * 1000000

---What is wrong with a beginning and an end, or nil.
function rules.span_fault(starts, ends, all_day, old)
  if ends.at < starts.at then return responses.invalid_event(old, "ends_at must not be before starts_at") end
  if all_day and (starts.at % DAY ~= 0 or ends.at % DAY ~= 0) then
    return responses.invalid_event(old, "is_all_day requires starts_at/ends_at to be set at the start of the day")
  end
end

-- The dates of an event as it keeps them, or nil and the response.
local function dates(starts, ends, all_day, pattern, old)
  local fault = rules.span_fault(starts, ends, all_day, old)
  if fault then return nil, fault end
  local fields = { starts = starts, ends = ends, is_all_day = all_day or false, last = ends.at }
  if pattern then
    local last, words = recurrence.last(pattern, starts, old)
    if not last then return nil, responses.invalid_event(old, words) end
    fields.pattern, fields.last_start, fields.last = pattern, last, last + ends.at - starts.at
  end
  return fields
end

---The dates of a new event.
function rules.new_dates(values, old)
  if values.is_time_independent then
    local none = values.is_all_day == nil and not values.starts_at and not values.ends_at
    if none and not values.recurrence_pattern then return {} end
    return nil, old and responses.error(400, nil,
      "time independent events must not have is_all_day, starts_at, ends_at or recurrence_pattern set")
      or responses.invalid_json(CLOSED)
  elseif not values.starts_at or not values.ends_at or (old and values.is_all_day == nil) then
    return nil, old and responses.error(400, nil,
      "time dependent events must have title, description, is_all_day, starts_at and ends_at set")
      or responses.invalid_json(CLOSED)
  end
  return dates(values.starts_at, values.ends_at, values.is_all_day, values.recurrence_pattern, old)
end

-- 422 about the dates that were sent (also where others are missing, as the server does).
local function about_dates(values, code, words)
  local entries = {}
  for i = 1, 3 do
    if values[DATES[i]] ~= nil then entries[#entries + 1] = { DATES[i], code, words } end
  end
  return entries
end

-- What is sent over what is there.
local function merged(event, values, pattern, old)
  local all_day = values.is_all_day
  if all_day == nil then all_day = event.is_all_day end
  return dates(values.starts_at or event.starts, values.ends_at or event.ends, all_day, pattern, old)
end

local function old_changed_dates(event, values)
  local timed = event.starts ~= nil
  if values.is_time_independent or (values.is_time_independent == nil and not timed) then
    local entries = about_dates(values, "ignored_value", "Value would be ignored in this request")
    if entries[1] then return nil, responses.invalid(true, entries) end
    return {}
  end
  if not timed and (values.is_all_day == nil or not values.starts_at or not values.ends_at) then
    return nil, responses.invalid(true,
      about_dates(values, "value_required", "Must be provided when changing to time dependent events"))
  end
  return merged(event, values, values.recurrence_pattern, true)
end

local function new_changed_dates(event, values)
  local any = false
  for _, name in ipairs(DATES) do any = any or values[name] ~= nil end
  if values.is_time_independent then
    if any then return nil, responses.invalid_json(CLOSED) end
    return {}
  elseif values.is_time_independent == false then
    if not values.starts_at or not values.ends_at then return nil, responses.invalid_json(CLOSED) end
    return dates(values.starts_at, values.ends_at, values.is_all_day, values.recurrence_pattern)
  elseif not any then
    return {}
  elseif not event.starts then
    return nil, responses.error(500, nil, "tried to patch time depedent event without date")
  end
  return merged(event, values, values.recurrence_pattern or event.pattern)
end

---The dates that an event has after a change of anything but its room. Two traps:
---2023 forgets the pattern that is not sent again, later servers all dates.
function rules.changed_dates(event, values, old)
  return (old and old_changed_dates or new_changed_dates)(event, values)
end

return rules
