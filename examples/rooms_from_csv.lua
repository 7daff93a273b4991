-- Makes a room of OpenTalk with a guest link for each line of a CSV file:
--
--   lua5.4 examples/rooms_from_csv.lua rooms.csv > links.csv
--
--   title,password,expires            these columns; the second and third cell may be empty.
--   Room 1,secret,2027-01-18 18:00    expires: the guest link's end, by the clocks of --zone
--
-- The output has the links besides. Interrupt it and run it again whenever you like:
-- rooms.csv.journal holds what has been made. A room that was made and not written down (killed
-- in between, or `err.outcome == "unknown"`: the response was lost) is found by its meeting, whose
-- description is the journal's first line. What cannot be known: whether a request without a
-- response still waits at the server (wait a minute before the next run), and what another run
-- does at the same time. The login is read from the environment: OPENTALK_URL OPENTALK_CLIENT_ID
-- OPENTALK_USERNAME OPENTALK_PASSWORD. Needs lua-argparse.

local argparse = require "argparse"
local salon = require "salon"

local parser = argparse("rooms_from_csv", "Makes a room with a guest link for each line of a CSV file.")
parser:argument("file", "CSV with the columns title, password, expires.")
parser:option("--zone", "Time zone of the column expires."):default "Europe/Berlin"
local arguments = parser:parse()

local function setting(name) return os.getenv(name) or error(name .. " is not set", 0) end

-- The records of RFC 4180. A comma or line end after an odd number of quotes belongs to the cell.
local function parse_csv(text)
  local records, record, cell = {}, {}, ""
  for piece, mark in (text:gsub("\r\n", "\n") .. "\n"):gmatch "([^,\n]*)([,\n])" do
    cell = cell .. piece
    if select(2, cell:gsub('"', "")) % 2 == 1 then cell = cell .. mark else
      record[#record + 1] = (cell:gsub('^"(.*)"$', "%1"):gsub('""', '"'))
      if mark == "\n" and (record[2] or cell ~= "") then records[#records + 1] = record end
      if mark == "\n" then record = {} end
      cell = ""
    end
  end
  return cell == "" and records or error("a quote is not closed", 0)
end

local function csv(cells)
  for i, cell in ipairs(cells) do
    cells[i] = cell:find '[",\r\n]' and '"' .. cell:gsub('"', '""') .. '"' or cell
  end
  return table.concat(cells, ",") .. "\r\n"
end

-- A link that an earlier run has made, or a new one; expires: RFC 3339 or nil.
local function guest_link(room, expires)
  for invite in room.invites:each() do
    local ends = invite.expiration and salon.time.rfc3339(invite.expiration)
    if invite:usable() and ends == expires then return invite.url end
  end
  return salon.check(room.invites:create { expiration = expires }).url
end

local function opens(room, password) return room.password == password end

local ok, err = pcall(function()
  local ot = salon.opentalk { url = setting "OPENTALK_URL", client_id = setting "OPENTALK_CLIENT_ID",
    username = setting "OPENTALK_USERNAME", password = setting "OPENTALK_PASSWORD" }
  -- Everything is checked before the first room is made.
  local list, message = assert(io.open(arguments.file, "rb")):read "*a"
  if not list then error(("%s cannot be read: %s"):format(arguments.file, message or "is it a folder?"), 0) end
  local rows, expires, known = parse_csv(list), {}, {}
  for i = 1, math.max(#rows, 1) do
    local row = rows[i] or { "" }
    local title = row[1]:gsub("^\239\187\191", "")
    local function refuse(words) error(("record %d: %s"):format(i, words), 0) end
    if i == 1 then
      if table.concat({ title, row[2], row[3], row[4] }, ",") ~= "title,password,expires" then
        refuse "the first must be 'title,password,expires'"
      end
    else
      if #row ~= 3 then refuse(("it must have 3 cells, title, password and expires, and has %d"):format(#row)) end
      if not title:find "^[^\n]+$" then refuse "it needs a title, in one line" end
      if known[title] then refuse(("'%s' is there already; records need a title of their own"):format(title)) end
      local is_time, time = pcall(salon.time.rfc3339, { row[3], arguments.zone })
      if row[3] ~= "" and not is_time then
        refuse(("expires must look like 2027-12-31 18:00: %s"):format(tostring(time)))
      end
      known[title], expires[i] = true, row[3] ~= "" and time or nil
    end
  end
  local path, made = arguments.file .. ".journal", {}
  local journal = assert(io.open(path, "a+b"))
  journal:seek "set"
  local old = journal:read "*a"
  local function note(text) assert(journal:write(text)) assert(journal:flush()) end
  local label = old:match "\n([^\n]*, begun %S+Z)"
  if label then
    for event in ot.events:each { time_independent = true, adhoc = false } do
      if event.can_edit and event.description == label then made[event.title] = event.id end
    end
    for id, title in old:gmatch "\n(%S+) ([^\n]*) made" do made[title] = id end
  else
    label = ("%s, begun %s"):format(arguments.file:match "[^/]*$", salon.time.now().datetime)
    note("\n" .. label)
  end
  local lines = { "title,password,expires,link\r\n" }
  for i = 2, #rows do
    local title, password = rows[i][1], rows[i][2] ~= "" and rows[i][2] or nil
    local event
    if made[title] then
      event = salon.check(ot.events:get(made[title]))
      if not opens(event.room, password) then
        error(("record %d: '%s' was made with another password"):format(i, title), 0)
      end
    else
      event = salon.check(ot.events:create { title = title, description = label, password = password })
    end
    if not old:find(event.id, 1, true) then note(("\n%s %s made"):format(event.id, title)) end
    rows[i][4] = guest_link(event.room, expires[i]) or ""
    lines[i] = csv(rows[i])
  end
  assert(io.write(table.concat(lines)))
  assert(io.stdout:flush())
end)
if not ok then
  io.stderr:write("rooms_from_csv: ", tostring(salon.caught(err) or err), "\n",
    salon.caught(err) and "Run it again: it goes on from here.\n" or "")
  os.exit(1, true)
end
