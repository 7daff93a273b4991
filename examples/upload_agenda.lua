-- Puts a file into the room of an OpenTalk meeting as its agenda, and prints the id that it
-- has there:
--
--   lua5.4 examples/upload_agenda.lua MEETING agenda.pdf
--
-- MEETING is its title or id. The login is in the environment: OPENTALK_URL,
-- OPENTALK_CLIENT_ID, OPENTALK_USERNAME, OPENTALK_PASSWORD. Needs lua-argparse.

local argparse = require "argparse"
local salon = require "salon"

local parser = argparse("upload_agenda", "Puts an agenda into the room of a meeting.")
parser:argument("meeting", "Its title or id.")
parser:argument("file", "What to send.")
parser:option("--extension", "What its name ends in, where the name does not tell: pdf.")
local arguments = parser:parse()

local function setting(name) return os.getenv(name) or error(name .. " is not set", 0) end

local function progress(done, total)
  io.stderr:write(("%d of %s bytes%s"):format(done, total or "?", done == total and "\n" or "\r"))
end

local function find(ot, name)
  if name:find "^%x+%-%x+%-%x+%-%x+%-%x+$" then return salon.check(ot.events:get(name)) end
  local found, ids = {}, ""
  for event in ot.events:each() do
    if event.can_edit and event.title == name then
      found[#found + 1], ids = event, ids .. ("\n  %s  %s"):format(event.id, event:starts_text() or "without a time")
    end
  end
  if #found == 0 then error("you have no meeting with the title or id '" .. name .. "'", 0) end
  if #found > 1 then error("more than one has this title; give an id:" .. ids, 0) end
  return found[1]
end

local function main()
  local ot = salon.opentalk {
    url = setting "OPENTALK_URL", client_id = setting "OPENTALK_CLIENT_ID",
    username = setting "OPENTALK_USERNAME", password = setting "OPENTALK_PASSWORD",
  }
  local event = find(ot, arguments.meeting)
  local asset = salon.check(event.room.assets:upload({ file = arguments.file, kind = "agenda",
    event_title = event.title, file_extension = arguments.extension }, { on_progress = progress }))
  local written = io.write(asset.id, "\n") and io.stdout:flush()
  if not written then error("standard output cannot be written", 0) end
end

local ok, err = pcall(main)
if not ok then
  io.stderr:write("upload_agenda: ", tostring(salon.caught(err) or err), "\n")
  os.exit(1, true)
end
