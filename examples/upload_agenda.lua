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

local function progress(done, total)
  io.stderr:write(("%d of %s bytes%s"):format(done, total or "?", done == total and "\n" or "\r"))
end

local function find(ot, name)
  if name:find "^%x+%-%x+%-%x+%-%x+%-%x+$" then return salon.check(ot.events:get(name)) end
  local event, ids = nil, {}
  for found in ot.events:each() do
    if found.can_edit and found.title == name then
      event, ids[#ids + 1] = found, ("\n  %s  %s"):format(found.id, found:starts_text() or "without a time")
    end
  end
  if not event then error("you have no meeting with the title or id '" .. name .. "'", 0) end
  if ids[2] then error("more than one has this title; give an id:" .. table.concat(ids), 0) end
  return event
end

salon.main("upload_agenda", function()
  local ot = salon.opentalk(salon.environment "OPENTALK")
  local event = find(ot, arguments.meeting)
  local asset = salon.check(event.room.assets:upload({ file = arguments.file, kind = "agenda",
    event_title = event.title, file_extension = arguments.extension }, { on_progress = progress }))
  print(asset.id)
end)
