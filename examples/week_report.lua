-- A week of both systems as CSV: the meetings of OpenTalk that start in it, series date by
-- date, and the rooms of Meet, with their links and how to dial in.
--
--   lua5.4 examples/week_report.lua > week.csv
--   lua5.4 examples/week_report.lua --next --zone Europe/Paris > next_week.csv
--
-- A system whose URL is not set is left out.
--
-- The logins are read from the environment: OPENTALK_URL OPENTALK_CLIENT_ID OPENTALK_USERNAME
-- OPENTALK_PASSWORD, MEET_URL MEET_CLIENT_ID MEET_CLIENT_SECRET MEET_USER. Needs lua-argparse.

local argparse = require "argparse"
local salon = require "salon"

local parser = argparse("week_report", "A week of OpenTalk and Meet as CSV.")
parser:flag("--next", "The next week instead of this one.")
parser:option("--zone", "Time zone of the report."):default "Europe/Berlin"
local arguments = parser:parse()

local function setting(name) return os.getenv(name) or error(name .. " is not set", 0) end

-- RFC 4180. A spreadsheet runs a cell such as `=HYPERLINK(...)`; behind an apostrophe it is text.
local function csv(cells)
  for i, cell in ipairs(cells) do
    local text = cell:find "^[=+@\t\r-]" and "'" .. cell or cell
    cells[i] = text:find '[",\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
  end
  assert(io.write(table.concat(cells, ","), "\r\n"))
end

local function phone(room) return ((room:dial_in_text() or ""):gsub("\n", "; ")) end

-- OpenTalk's rows by their start, from one Monday to before the next.
local function add_meetings(rows, ot, zone, monday, next_monday)
  local first, last = salon.time.text(monday):sub(1, 10), salon.time.text(next_monday):sub(1, 10)
  local function add(date)
    local starts = date:starts_text(zone)
    if starts < first or starts >= last then return end
    rows[#rows + 1] = { "OpenTalk", starts, date:ends_text(zone), date.title, date.status or "ok",
      date.join_url or "", phone(date.room) }
  end
  -- A month more at both ends: a date that was moved is listed where the series would have it.
  local from, to = salon.time.add(monday, { days = -31 }), salon.time.add(next_monday, { days = 31 })
  for event in ot.events:each { time_min = from, time_max = to, adhoc = false } do
    if event.type == "single" then add(event) else
      for date in event.instances:each { time_min = from, time_max = to } do add(date) end
    end
  end
  table.sort(rows, function(a, b) return a[2] == b[2] and a[4] < b[4] or a[2] < b[2] end)
end

local ok, err = pcall(function()
  local has_opentalk, has_meet = os.getenv "OPENTALK_URL", os.getenv "MEET_URL"
  if not has_opentalk and not has_meet then error("neither OPENTALK_URL nor MEET_URL is set", 0) end
  local ot = has_opentalk and salon.opentalk { url = setting "OPENTALK_URL", client_id = setting "OPENTALK_CLIENT_ID",
    username = setting "OPENTALK_USERNAME", password = setting "OPENTALK_PASSWORD" }
  local meet = has_meet and salon.meet { url = setting "MEET_URL", client_id = setting "MEET_CLIENT_ID",
    client_secret = setting "MEET_CLIENT_SECRET", user = setting "MEET_USER" }
  if not ot then io.stderr:write "week_report: OPENTALK_URL is not set: OpenTalk is left out\n" end
  if not meet then io.stderr:write "week_report: MEET_URL is not set: Meet is left out\n" end
  local monday, next_monday = salon.time.week(arguments.zone)
  if arguments.next then monday, next_monday = next_monday, salon.time.add(next_monday, { weeks = 1 }) end
  local rows = {}
  if ot then add_meetings(rows, ot, arguments.zone, monday, next_monday) end
  if meet then
    for room in meet.rooms:each() do
      rows[#rows + 1] = { "Meet", "", "", room.title, room.access, room.join_url or "", phone(room) }
    end
  end
  csv { "system", "starts", "ends", "title", "state", "join_url", "dial_in" }
  for _, row in ipairs(rows) do csv(row) end
  assert(io.stdout:flush())
end)
if not ok then
  io.stderr:write("week_report: ", tostring(salon.caught(err) or err), "\n")
  os.exit(1, true)
end
