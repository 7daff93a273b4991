-- Cancels one date of a series of OpenTalk, or takes that back.
--
--   lua5.4 examples/cancel_occurrence.lua "Weekly" 2027-01-25
--   lua5.4 examples/cancel_occurrence.lua "Weekly" 2027-01-25 --restore
--
-- The series is named by its title or id, the day by the clocks of its own zone; where there are
-- more dates on one day, say "2027-01-25 09:00". The login is read from the environment:
-- OPENTALK_URL OPENTALK_CLIENT_ID OPENTALK_USERNAME OPENTALK_PASSWORD. Needs lua-argparse.

local argparse = require "argparse"
local salon = require "salon"

local parser = argparse("cancel_occurrence", "Cancels one date of a series.")
parser:argument("series", "Its title or id.")
parser:argument("day", "2027-01-25, or 2027-01-25 09:00"):convert(function(text)
  local rest = text:match "^%d%d%d%d%-%d%d%-%d%d(.*)$"
  return rest and (rest == "" or rest:find "^ %d%d:%d%d$") and text or nil,
    "the day must be of the form YYYY-MM-DD, or 'YYYY-MM-DD HH:MM', not '" .. text .. "'"
end)
parser:flag("--restore", "Take the cancellation back.")
parser:flag("--no-mail", "Send no mail to the people who are invited.")
local arguments = parser:parse()

local function setting(name) return os.getenv(name) or error(name .. " is not set", 0) end

-- The one of a list, or an error that names them all.
local function only(list, none, many)
  local lines = { many }
  for _, found in ipairs(list) do lines[#lines + 1] = ("  %s  %s"):format(found.id, found:starts_text()) end
  if #list ~= 1 then error(#list == 0 and none or table.concat(lines, "\n"), 0) end
  return list[1]
end

-- The up to three dates that are nearest to a moment, as an error's last words.
local function nearest(dates, moment)
  local function distance(date)
    return math.abs(salon.time.parse(salon.time.rfc3339(date.starts_at)) - salon.time.parse(salon.time.rfc3339(moment)))
  end
  table.sort(dates, function(a, b) return distance(a) < distance(b) end)
  local texts = {}
  for i = 1, math.min(3, #dates) do texts[i] = dates[i]:starts_text() end
  table.sort(texts)
  return texts[1] and "; the nearest: " .. table.concat(texts, ", ") or ""
end

local ok, err = pcall(function()
  local ot = salon.opentalk { url = setting "OPENTALK_URL", client_id = setting "OPENTALK_CLIENT_ID",
    username = setting "OPENTALK_USERNAME", password = setting "OPENTALK_PASSWORD" }
  local day, named, dates, others = arguments.day, {}, {}, {}
  for event in ot.events:each { adhoc = false, time_independent = false } do
    local is_it = event.id == arguments.series or event.title == arguments.series
    if is_it and event.can_edit and event.type == "recurring" then named[#named + 1] = event end
  end
  local series = only(named, "you have no series with the title or id '" .. arguments.series .. "'",
    "more than one series has this title; give an id:")
  -- A year around it is asked for: a date that was moved is listed where the series would have it.
  local noon = { day:sub(1, 10) .. " 12:00", "UTC" }
  for date in series.instances:each { time_min = salon.time.add(noon, { days = -183 }),
    time_max = salon.time.add(noon, { days = 183 }) } do
    local list = date:starts_text():sub(1, #day) == day and dates or others
    list[#list + 1] = date
  end
  local date = only(dates, ("'%s' has no date on %s%s"):format(series.title, day, nearest(others, noon)),
    "more than one date; add the time:")
  local wanted, options = arguments.restore and "ok" or "cancelled", { notify = not arguments.no_mail }
  if date.status == wanted then print "nothing to do:"
  elseif arguments.restore then salon.check(date:restore(options))
  else salon.check(date:cancel(options)) end
  print(("%s, %s: %s"):format(series.title, date:starts_text(),
    arguments.restore and "takes place" or "is cancelled"))
end)
if not ok then
  io.stderr:write("cancel_occurrence: ", tostring(salon.caught(err) or err), "\n")
  os.exit(1, true)
end
