-- `ot.events:dates`: the meetings of a span of time, series date by date. The list of events has
-- a series once, so the dates of each are walked after it, as on every server. A date that somebody
-- moved keeps its place in the list of its series: more than the span is asked for.

local clock = require "salon.internal.clock"
local instances = require "salon.opentalk.instances"
local is = require "salon.internal.is"
local operation = require "salon.internal.operation"
local options = require "salon.internal.options"
local pages = require "salon.internal.pages"

local calendar = {}

local MARGIN = 31 * 86400  -- seconds by which a date may have been moved
local DAY = 86400

-- An end of the span keeps the offset of its zone: all-day meetings are days there.
local function with_offset(value)
  local text, message = options.TIME.convert(value)
  if type(value) ~= "table" or message then return text, message end
  local seconds, name = require("salon.internal.moment").read(value)
  local zones = require "salon.internal.zone"
  local zone = zones.find(name)
  return zone and clock.rfc3339(seconds, (zones.offset(zone, seconds))) or text
end

calendar.SPAN = {
  time_min = is.time { convert = with_offset, says = "what has ended by then is left out" },
  time_max = is.time { convert = with_offset, required = true, says = "what begins then or later is left out" },
  -- The server goes on after the span: what is ahead of a series' page is mostly not wanted.
  prefetch = options.merge(options.PREFETCH, { here = true, says = "pages under way while you work on one: 0" }),
}

---What is wrong with a span, or nil.
function calendar.fault(_, given)
  if given.time_max == nil then return "option 'time_max' is required" end
  if given.time_min and clock.parse(given.time_min) > clock.parse(given.time_max) then
    return "option 'time_max' must not be before 'time_min'"
  end
end

local function seconds(moment)
  return type(moment) == "table" and clock.parse(moment.datetime) or nil
end

-- Does something of it lie in the span? What takes no time lies where it starts. The day of an
-- all-day meeting is written as one of UTC.
local function judge(given)
  local first, first_offset = clock.read(given.time_min)
  local last, last_offset = clock.read(given.time_max)
  first, first_offset = first or -math.huge, first_offset or 0
  return function(raw)
    local starts = seconds(raw.starts_at)
    if starts == nil then return true end
    local from, to, ends = first, last, seconds(raw.ends_at) or starts
    if raw.is_all_day then from, to, ends = first + first_offset, last + last_offset, ends + DAY end
    return starts < to and (ends > from or starts >= from)
  end
end

local function later(text, by)
  local time = text and clock.parse(text)
  return time and clock.rfc3339(clock.writable(time + by) and time + by or time)
end

local function no_resume() return nil end

---Walks the list of events, then the dates of each series that was among them.
function calendar.walk(op, service, keys, _, given)
  local lies_in_span = judge(given)
  local wide = options.merge(given, { time_min = later(given.time_min, -MARGIN),
    time_max = later(given.time_max, MARGIN) })
  local dates = options.merge(instances.ops.list, { keep = lies_in_span })
  local source = operation.source(op.ops.list, service, keys, wide)
  local last, records = source, source.records
  function source.records(items, about)
    local page = {}
    for _, event in ipairs((records(items, about))) do
      if event.type == "recurring" then
        last.after = operation.source(dates, event.instances, event.instances.keys, wide)
        last = last.after
        last.apart, last.resume = true, no_resume
      elseif lies_in_span(event.raw) then
        page[#page + 1] = event
      end
    end
    return page
  end
  source.resume = no_resume
  return pages.walk(source, options.merge({ prefetch = 0 }, given))
end

return calendar
