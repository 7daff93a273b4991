-- Puts a file into the room of an OpenTalk meeting as its agenda, and prints the id that it
-- has there:
--
--   lua5.4 examples/upload_agenda.lua MEETING agenda.pdf
--
-- MEETING is the event's id. The login is in the environment: OPENTALK_URL,
-- OPENTALK_CLIENT_ID, OPENTALK_USERNAME, OPENTALK_PASSWORD. Needs lua-argparse.

local argparse = require "argparse"
local salon = require "salon"

local parser = argparse("upload_agenda", "Puts an agenda into the room of a meeting.")
parser:argument("meeting", "The event's id.")
parser:argument("file", "What to send; its name ends in .pdf or the like.")
local arguments = parser:parse()

local function setting(name) return os.getenv(name) or error(name .. " is not set", 0) end

local function progress(done, total)
  io.stderr:write(("%d of %s bytes%s"):format(done, total or "?", done == total and "\n" or "\r"))
end

local function main()
  local ot = salon.opentalk {
    url = setting "OPENTALK_URL", client_id = setting "OPENTALK_CLIENT_ID",
    username = setting "OPENTALK_USERNAME", password = setting "OPENTALK_PASSWORD",
  }
  local event = salon.check(ot.events:get(arguments.meeting))
  local asset = salon.check(event.room.assets:upload({ file = arguments.file, kind = "agenda",
    event_title = event.title }, { on_progress = progress }))
  local written = io.write(asset.id, "\n") and io.stdout:flush()
  if not written then error("standard output cannot be written", 0) end
end

local ok, err = pcall(main)
if not ok then
  io.stderr:write("upload_agenda: ", tostring(salon.caught(err) or err), "\n")
  os.exit(1, true)
end
