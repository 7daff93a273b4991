-- Switches the waiting room on in all of your OpenTalk rooms that people enter without waiting:
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

local parser = argparse("bulk_change", "Switches the waiting room on in all of your rooms without one.")
parser:flag("--apply", "Change the rooms; without it they are listed.")
parser:option("--concurrency", "Rooms at the same time."):argname("<n>"):default("8"):convert(function(text)
  return text:find "^[1-9]%d*$" and tonumber(text) or nil,
    "--concurrency must be a whole number from 1, not '" .. text .. "'"
end)
local arguments = parser:parse()

salon.main("bulk_change", function()
  local ot = salon.opentalk(salon.environment "OPENTALK")
  local me, rooms = salon.check(ot.users:me()), {}
  for room in ot.rooms:each() do
    if is_meant(room, me) then rooms[#rooms + 1] = room end
  end
  if not arguments.apply then
    for _, room in ipairs(rooms) do io.write(room.id, " ", room.join_url or "", "\n") end
    local count = ("%d rooms would be changed: --apply changes them\n"):format(#rooms)
    return io.stdout:flush() and io.stderr:write(count)
  end

  local done, failures = 0, {}
  local function progress() io.stderr:write(("\r%d of %d rooms, %d failed"):format(done, #rooms, #failures)) end
  progress()
  local ok, broken = pcall(function()
    for room, changed, err in salon.map(rooms, change, { concurrency = arguments.concurrency, on_error = "collect" }) do
      done = done + 1
      if not changed then failures[#failures + 1] = ("%s: %s\n"):format(room.id, tostring(err)) end
      progress()
    end
  end)
  io.stderr:write("\n", table.concat(failures))
  if not ok then error(broken, 0) end
  return failures[1] and 1 or 0
end)
