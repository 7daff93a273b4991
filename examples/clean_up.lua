-- Deletes the meetings of OpenTalk that have been over for a while; run it every night.
--
--   lua5.4 examples/clean_up.lua                        says what it would delete
--   lua5.4 examples/clean_up.lua --delete --days 90     deletes it
--
-- With a meeting go its room and the recordings there. Deleted are your own
--   * meetings whose end, and series whose last date, is more than --days (30) ago;
--   * ad-hoc meetings made longer ago: they have no date, and a call in one may be going on.
-- Kept are series that go on, also if all coming dates are cancelled, meetings without a time,
-- rooms without a meeting, and everything that others have made. Nobody gets a mail.
--
-- The login is in the environment: OPENTALK_URL, OPENTALK_CLIENT_ID, OPENTALK_USERNAME,
-- OPENTALK_PASSWORD. Needs lua-argparse. The status is 1 if anything could not be deleted.

local argparse = require "argparse"
local salon = require "salon"

local parser = argparse("clean_up", "Deletes meetings that are over.")
parser:flag("--delete", "Delete them; else only say which.")
parser:option("--days", "For how long a meeting must have been over."):default "30":convert(function(text)
  return text:find "^%d%d?%d?%d?$" and tonumber(text) or nil, "--days must be a number of days"
end)
local arguments = parser:parse()

-- Every date counts: one of long ago may have been moved to next week.
local function is_over(event, limit)
  local function ends(date) return salon.time.parse(date.ends_at.datetime) end
  if event.type == "single" then return ends(event) < limit end
  for date in event.instances:each() do
    if ends(date) >= limit then return false end
  end
  return true
end

salon.main("clean_up", function()
  local ot = salon.opentalk(salon.environment "OPENTALK")
  local before = salon.time.add(salon.time.now(), { days = -arguments.days })
  local limit, over, failed = salon.time.parse(before.datetime), {}, 0
  for event in ot.events:each { adhoc = false, time_max = before } do
    if event.can_edit and is_over(event, limit) then over[#over + 1] = event end
  end
  for event in ot.events:each { adhoc = true, created_before = before } do
    if event.can_edit and (event.is_time_independent or is_over(event, limit)) then over[#over + 1] = event end
  end
  for _, event in ipairs(over) do
    local word = "to delete"
    if arguments.delete then
      local deleted, err = event.room:delete { notify = false }
      word = deleted and "deleted" or "not deleted"
      if not deleted then
        failed = failed + 1
        io.stderr:write("clean_up: ", event.title, ": ", tostring(err), "\n")
      end
    end
    print(("%s  %s  %s"):format(word, event:starts_text() or "ad hoc", event.title))
  end
  print(("%d over, %d deleted, %d failed"):format(#over, arguments.delete and #over - failed or 0, failed))
  return failed > 0 and 1 or 0
end)
