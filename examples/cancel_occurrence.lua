-- Cancels one date of a series of OpenTalk, or takes that back.
--
--   lua5.4 examples/cancel_occurrence.lua "Weekly" 2027-01-25
--   lua5.4 examples/cancel_occurrence.lua "Weekly" 2027-01-25 --restore
--
-- The series is named by its title or id, the day by the clocks of its own zone; where there are
-- more dates on one day, say "2027-01-25 09:00". The login is in the environment: OPENTALK_URL,
-- OPENTALK_CLIENT_ID, OPENTALK_USERNAME, OPENTALK_PASSWORD. Needs lua-argparse.

local argparse = require "argparse"
local salon = require "salon"

local parser = argparse("cancel_occurrence", "Cancels one date of a series.")
parser:argument("series", "Its title or id.")
parser:argument("day", "2027-01-25, or 2027-01-25 09:00"):convert(function(text)
  return text:match "^%d%d%d%d%-%d%d%-%d%d$" or text:match "^%d%d%d%d%-%d%d%-%d%d %d%d:%d%d$",
    "the day must be of the form YYYY-MM-DD, or 'YYYY-MM-DD HH:MM', not '" .. text .. "'"
end)
parser:flag("--restore", "Take the cancellation back.")
parser:flag("--no-mail", "Send no mail to the people who are invited.")
local arguments = parser:parse()

-- The one of a list, or an error that names them all.
local function only(list, none, many)
  for _, found in ipairs(list) do many = many .. ("\n  %s  %s"):format(found.id, found:starts_text()) end
  return #list == 1 and list[1] or error(list[1] and many or none, 0)
end

-- The last date before the day and the two after it, as an error's last words.
local function nearest(texts, day)
  local i = 1
  table.sort(texts)
  while texts[i + 3] and texts[i + 1] < day do i = i + 1 end
  return texts[1] and "; the nearest: " .. table.concat(texts, ", ", i, math.min(i + 2, #texts)) or ""
end

salon.main("cancel_occurrence", function()
  local ot = salon.opentalk(salon.environment "OPENTALK")
  local name, day, named, dates, others = arguments.series, arguments.day, {}, {}, {}
  for event in ot.events:each { adhoc = false, time_independent = false } do
    local is_it = (event.id == name or event.title == name) and event.can_edit and event.type == "recurring"
    if is_it then named[#named + 1] = event end
  end
  local series = only(named, ("you have no series with the title or id '%s'"):format(name),
    "more than one series has this title; give an id:")
  -- A year around it is asked for: a date that was moved is listed where the series would have it.
  local noon = { day:sub(1, 10) .. " 12:00", "UTC" }
  local from, to = salon.time.add(noon, { days = -183 }), salon.time.add(noon, { days = 183 })
  for date in series.instances:each { time_min = from, time_max = to } do
    local text = date:starts_text()
    if text:sub(1, #day) == day then dates[#dates + 1] = date else others[#others + 1] = text end
  end
  local date = only(dates, ("'%s' has no date on %s%s"):format(series.title, day, nearest(others, day)),
    "more than one date; add the time:")
  local wanted, options = arguments.restore and "ok" or "cancelled", { notify = not arguments.no_mail }
  if date.status == wanted then print "nothing to do:"
  elseif arguments.restore then salon.check(date:restore(options))
  else salon.check(date:cancel(options)) end
  print(series.title .. ", " .. date:starts_text() .. ": " .. (arguments.restore and "takes place" or "is cancelled"))
end)
