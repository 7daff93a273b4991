-- Makes a room of OpenTalk with a guest link for each line of a CSV file:
--
--   lua5.4 examples/rooms_from_csv.lua rooms.csv > links.csv
--
--   title,password,expires            these columns; the second and third cell may be empty.
--   Room 1,secret,2027-01-18 18:00    expires: the guest link's end, by the clocks of --zone
--
-- Interrupt it and run it again whenever you like: rooms.csv.journal holds what has been made. A room that is
-- not in there (killed in between, a response lost) is found by its meeting, whose description is the journal's
-- first line. After a lost response wait a minute, and never run it twice at a time. The login is in the
-- environment: OPENTALK_URL, OPENTALK_CLIENT_ID, OPENTALK_USERNAME, OPENTALK_PASSWORD. Needs lua-argparse.

local argparse, salon = require "argparse", require "salon"

local parser = argparse("rooms_from_csv", "Makes a room with a guest link for each line of a CSV file.")
parser:argument("file", "CSV with the columns title, password, expires.")
parser:option("--zone", "Time zone of the column expires."):default "Europe/Berlin"
local arguments = parser:parse()
local HEAD = "title,password,expires"
local function must(done, message) return done or error(message, 0) end
local function refuse(number, ...) error(("record %d: "):format(number) .. string.format(...), 0) end

-- The cells of a line as in RFC 4180: quotes around a cell hide the commas in it.
local function cells_of(line)
  local cells = {}
  local hidden = line:gsub('"[^"]*"', function(quoted) return (quoted:gsub(",", "\1")) end)
  for cell in (hidden .. ","):gmatch "([^,]*)," do
    cells[#cells + 1] = cell:gsub('^"(.*)"$', "%1"):gsub('""', '"'):gsub("\1", ",")
  end
  return cells
end

salon.main("rooms_from_csv", function()
  local ot, rows, known, made = salon.opentalk(salon.environment "OPENTALK"), {}, {}, {}
  local text, message = must(io.open(arguments.file, "rb")):read "*a"
  if not text then error(("%s cannot be read: %s"):format(arguments.file, message or "is it a folder?"), 0) end
  local head, body = text:gsub("^\239\187\191", ""):match "^([^\r\n]*)(.*)$"
  if table.concat(cells_of(head), ",") ~= HEAD then refuse(1, "the first must be '%s'", HEAD) end
  for line in body:gmatch "[^\r\n]+" do  -- all are checked before the first room is made
    local row, number = cells_of(line), #rows + 2
    if select(2, line:gsub('"', "")) % 2 == 1 then refuse(number, "a quote is not closed") end
    if #row ~= 3 then refuse(number, "it must have 3 cells, title, password and expires, and has %d", #row) end
    if row[1] == "" then refuse(number, "it needs a title") end
    if known[row[1]] then refuse(number, "'%s' is there already; records need a title of their own", row[1]) end
    local is_time, ends = pcall(salon.time.rfc3339, { row[3], arguments.zone })
    if row[3] == "" then ends = nil
    elseif not is_time then refuse(number, "expires must look like 2027-12-31 18:00: %s", tostring(ends))
    elseif salon.time.parse(ends) <= os.time() then refuse(number, "expires is over: %s", row[3]) end
    row.line, row.ends = line, ends
    known[row[1]], rows[#rows + 1] = true, row
  end

  local journal = must(io.open(arguments.file .. ".journal", "a+b"))
  local old = must(journal:seek "set") and journal:read "*a"
  local function note(entry) must(journal:write("\n", entry)) must(journal:flush()) end
  local old_label = old:match "\n([^\n]*, begun %S+Z)"
  local label = old_label or ("%s, begun %s"):format(arguments.file:match "[^/]*$", salon.time.now().datetime)
  if not old_label then note(label) end
  local ok, err = pcall(function()
    for event in ot.events:each { time_independent = true, adhoc = false } do
      if event.can_edit and event.description == label then made[event.title] = event.id end
    end
    for id, title in old:gmatch "\n(%S+) ([^\n]*) made" do made[title] = id end
    for i, row in ipairs(rows) do
      local title, password = row[1], row[2] ~= "" and row[2] or nil
      local found = made[title] and salon.check(ot.events:get(made[title]))
      local event = found or salon.check(ot.events:create { title = title, description = label, password = password })
      if event.room.password ~= password then refuse(i + 1, "'%s' was made with another password", title) end
      if not old:find(event.id, 1, true) then note(event.id .. " " .. title .. " made") end
      row.link = salon.check(event.room:guest_url { expiration = row.ends })
    end
  end)
  if not ok then error(tostring(err) .. (salon.caught(err) and "\nRun it again: it goes on from here." or ""), 0) end
  io.write(HEAD, ",link\r\n")
  for _, row in ipairs(rows) do io.write(row.line, ",", row.link, "\r\n") end
end)
