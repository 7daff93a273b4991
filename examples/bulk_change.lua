-- Switches the waiting room on in all of your OpenTalk rooms that people enter at once:
--
--   lua5.4 examples/bulk_change.lua              lists the rooms and changes nothing
--   lua5.4 examples/bulk_change.lua --apply      changes them
--
-- The login is in the environment: OPENTALK_URL, OPENTALK_CLIENT_ID, OPENTALK_USERNAME,
-- OPENTALK_PASSWORD. For another change edit `is_meant` and `change`. Needs lua-argparse.

local argparse = require "argparse"
local salon = require "salon"

local function is_meant(room, me) return room.access == "open" and room.created_by.id == me.id end
local function change(room) return room:update { waiting_room = true } end

local parser = argparse("bulk_change", "Switches the waiting room on in all of your rooms that people enter at once.")
parser:flag("--apply", "Change the rooms; without it they are listed.")
parser:option("--concurrency", "Rooms at the same time."):argname("<n>"):default("8"):convert(function(text)
  return text:find "^[1-9]%d*$" and tonumber(text) or nil,
    "--concurrency must be a whole number from 1, not '" .. text .. "'"
end)
local arguments = parser:parse()

local function setting(name) return os.getenv(name) or error(name .. " is not set", 0) end

local line_is_open = false  -- is the progress in a line without its end?

local function main()
  local ot = salon.opentalk {
    url = setting "OPENTALK_URL", client_id = setting "OPENTALK_CLIENT_ID",
    username = setting "OPENTALK_USERNAME", password = setting "OPENTALK_PASSWORD",
  }
  local me, rooms = salon.check(ot.users:me()), {}
  for room in ot.rooms:each() do
    if is_meant(room, me) then rooms[#rooms + 1] = room end
  end
  if not arguments.apply then
    for i, room in ipairs(rooms) do rooms[i] = ("%s %s\n"):format(room.id, room.join_url or "") end
    local written = io.write(table.concat(rooms)) and io.stdout:flush()
    if not written then error("standard output cannot be written", 0) end
    return io.stderr:write(("%d rooms would be changed: --apply changes them\n"):format(#rooms))
  end

  local done, failures = 0, {}
  local function progress()
    line_is_open = true
    io.stderr:write(("\r%d of %d rooms, %d failed"):format(done, #rooms, #failures))
  end
  progress()
  for room, changed, err in salon.map(rooms, change, { concurrency = arguments.concurrency, on_error = "collect" }) do
    done = done + 1
    if not changed then failures[#failures + 1] = ("%s: %s\n"):format(room.id, tostring(err)) end
    progress()
  end
  io.stderr:write("\n", table.concat(failures))
  line_is_open = false
  if failures[1] then os.exit(1, true) end
end

local ok, err = pcall(main)
if not ok then
  io.stderr:write(line_is_open and "\n" or "", "bulk_change: ", tostring(salon.caught(err) or err), "\n")
  os.exit(1, true)
end
