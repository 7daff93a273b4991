-- Rooms of a La Suite Meet server on the command line:
--
--   lua5.4 examples/meet.lua list                       rooms as CSV
--   lua5.4 examples/meet.lua create [--access LEVEL]    public, trusted or restricted
--   lua5.4 examples/meet.lua show ID                    one room as JSON
--
-- The application's login is in the environment: MEET_URL, MEET_CLIENT_ID,
-- MEET_CLIENT_SECRET, MEET_USER (the e-mail address of the user to act for), and
-- MEET_CA_FILE if the server's certificate needs it. Needs lua-argparse and lua-cjson.

local argparse = require "argparse"
local cjson = require "cjson"
local salon = require "salon"

-- One line of CSV as in RFC 4180.
local function csv(...)
  local cells = { ... }
  for i = 1, select("#", ...) do
    local cell = cells[i] == nil and "" or tostring(cells[i])
    cells[i] = cell:find '[",\r\n]' and '"' .. cell:gsub('"', '""') .. '"' or cell
  end
  io.write(table.concat(cells, ","), "\r\n")
end

local commands = {}

function commands.list(meet)
  csv("id", "access", "join_url")
  for room in meet.rooms:each() do csv(room.id, room.access, room.join_url) end
end

function commands.create(meet, arguments)
  local room = salon.check(meet.rooms:create { access_level = arguments.access })
  print(room.id .. " " .. (room.join_url or ""))
end

function commands.show(meet, arguments)
  print(cjson.encode(salon.check(meet.rooms:get(arguments.id)):totable()))
end

local parser = argparse("meet", "Rooms of a La Suite Meet server.")
parser:command_target "command"
parser:command("list", "List all rooms as CSV.")
parser:command("create", "Create a room.")
  :option("--access", "Who may enter: public, trusted or restricted."):argname "<level>"
parser:command("show", "Show one room as JSON."):argument("id", "The room's id.")
local arguments = parser:parse()

salon.main("meet", function()
  commands[arguments.command](salon.meet(salon.environment "MEET"), arguments)
end)
