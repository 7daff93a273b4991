-- Gives a meeting of OpenTalk another time and invites people.
--
--   lua5.4 examples/reschedule.lua "Budget round" "2027-01-18 09:00" --invite bob@example.org
--
-- The meeting is named by its title or id. The time is that of the meeting's own zone, or of
-- --zone Europe/Berlin. Run again, it does what is left to do. The login is in the environment:
-- OPENTALK_URL, OPENTALK_CLIENT_ID, OPENTALK_USERNAME, OPENTALK_PASSWORD. Needs lua-argparse.

local argparse = require "argparse"
local salon = require "salon"

local parser = argparse("reschedule", "Gives a meeting another time and invites people.")
parser:argument("meeting", "Its title or id.")
parser:argument("time", "Its new start: 2027-01-18 09:00."):convert(function(text)
  return text:match "^%d%d%d%d%-%d%d%-%d%d %d%d:%d%d$", "the time must look like '2027-01-18 09:00', in quotes"
end)
parser:option("--zone", "The zone of this time.")
parser:option("--invite", "An e-mail address; may be given more than once."):count "*":convert(function(text)
  return text:match "^[^@%s]+@[^@%s]+$", "--invite wants an e-mail address, not '" .. text .. "'"
end)
parser:flag("--series", "Move a series: dates that were changed or cancelled are as the others again.")
local arguments = parser:parse()

salon.main("reschedule", function()
  local ot = salon.opentalk(salon.environment "OPENTALK")
  local name, event, ids = arguments.meeting, nil, {}
  for found in ot.events:each { adhoc = false, time_independent = false } do
    if found.can_edit and (found.id == name or found.title == name) then
      event, ids[#ids + 1] = found, ("\n  %s  %s"):format(found.id, found:starts_text())
    end
  end
  if not event then error("you have no meeting with a time and the title or id '" .. name .. "'", 0) end
  if ids[2] then error("more than one has this title; give an id:" .. table.concat(ids), 0) end

  local zone = arguments.zone or event.starts_at.timezone
  local starts_at, old = salon.time.moment { arguments.time, zone }, event:starts_text(zone)
  if event.type == "recurring" and not arguments.series then
    error("this is a series; --series moves all of it, cancel_occurrence.lua cancels one date", 0)
  elseif salon.time.rfc3339(event.starts_at) == starts_at.datetime then
    print(("%s: starts at %s (%s) already"):format(event.title, old, zone))
  else
    event = salon.check(event:move { starts_at = starts_at })
    print(("%s: moved from %s to %s (%s)"):format(event.title, old, event:starts_text(zone), zone))
  end

  local invited, failures = {}, {}
  for person in event.invites:each() do invited[(person.email or ""):lower()] = true end
  for _, address in ipairs(arguments.invite) do
    local word = "was invited already"
    if not invited[address:lower()] then
      local done, err = event.invites:create { email = address }
      word, failures[#failures + 1] = done and "invited" or "not invited", err and tostring(err)
    end
    print(address .. ": " .. word)
  end
  if failures[1] then error(table.concat(failures, "\n"), 0) end
end)
