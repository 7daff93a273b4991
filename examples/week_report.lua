-- A week of both systems as CSV: the meetings of OpenTalk that start in it, series date by
-- date, and the rooms of Meet, with their links and how to dial in.
--
--   lua5.4 examples/week_report.lua > week.csv
--   lua5.4 examples/week_report.lua --next --zone Europe/Paris > next_week.csv
--
-- A system whose URL is not set is left out. The logins are in the environment: OPENTALK_URL,
-- OPENTALK_CLIENT_ID, OPENTALK_USERNAME, OPENTALK_PASSWORD, MEET_URL, MEET_CLIENT_ID,
-- MEET_CLIENT_SECRET, MEET_USER. Needs lua-argparse.

local argparse = require "argparse"
local salon = require "salon"

local parser = argparse("week_report", "A week of OpenTalk and Meet as CSV.")
parser:flag("--next", "The next week instead of this one.")
parser:option("--zone", "Time zone of the report."):default "Europe/Berlin"
local arguments = parser:parse()

-- RFC 4180. A spreadsheet runs a cell such as `=HYPERLINK(...)`; behind an apostrophe it is text.
local function csv(cells)
  for i, cell in ipairs(cells) do
    local text = cell:find "^[=+@\t\r-]" and "'" .. cell or cell
    cells[i] = text:find '[",\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
  end
  io.write(table.concat(cells, ","), "\r\n")
end

local function phone(room) return ((room:dial_in_text() or ""):gsub("\n", "; ")) end

salon.main("week_report", function()
  local ot = os.getenv "OPENTALK_URL" and salon.opentalk(salon.environment "OPENTALK")
  local meet = os.getenv "MEET_URL" and salon.meet(salon.environment "MEET")
  if not (ot or meet) then error("neither OPENTALK_URL nor MEET_URL is set", 0) end
  if not ot then io.stderr:write "week_report: OPENTALK_URL is not set: OpenTalk is left out\n" end
  if not meet then io.stderr:write "week_report: MEET_URL is not set: Meet is left out\n" end
  local zone, rows = arguments.zone, {}
  local monday, next_monday = salon.time.week(zone)
  if arguments.next then monday, next_monday = next_monday, salon.time.add(next_monday, { weeks = 1 }) end
  local first = salon.time.text(monday):sub(1, 10)
  local function none() end
  for date in ot and ot.events:dates { time_min = monday, time_max = next_monday, adhoc = false } or none do
    local starts = date:starts_text(zone)
    if starts >= first then  -- else it goes on from the week before
      rows[#rows + 1] = { "OpenTalk", starts, date:ends_text(zone), date.title, date.status or "ok",
        date.join_url or "", phone(date.room) }
    end
  end
  table.sort(rows, function(a, b) return a[2] == b[2] and a[4] < b[4] or a[2] < b[2] end)
  for room in meet and meet.rooms:each() or none do
    rows[#rows + 1] = { "Meet", "", "", room.title, room.access, room.join_url or "", phone(room) }
  end
  csv { "system", "starts", "ends", "title", "state", "join_url", "dial_in" }
  for _, row in ipairs(rows) do csv(row) end
end)
