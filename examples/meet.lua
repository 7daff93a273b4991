-- Rooms of a La Suite Meet server on the command line:
--
--   lua5.4 examples/meet.lua list                       rooms as CSV
--   lua5.4 examples/meet.lua create [--access LEVEL]    public, trusted or restricted
--   lua5.4 examples/meet.lua show ID                    one room as JSON
--
-- The application's login is read from the environment: MEET_URL, MEET_CLIENT_ID,
-- MEET_CLIENT_SECRET, MEET_USER (the e-mail address of the user to act for), and
-- MEET_CA_FILE if the server's certificate needs it. Needs lua-argparse and lua-cjson.

local argparse = require "argparse"
local cjson = require "cjson"
local salon = require "salon"

local function fail(message)
  io.stderr:write("meet: ", tostring(message), "\n")
  os.exit(1, true)
end

-- What cannot be written must not look like a success.
local function write(text)
  local written, message = io.write(text)
  if not written then error("standard output: " .. message, 0) end
end

-- One line of CSV as in RFC 4180.
local function csv(...)
  local cells = { ... }
  for i = 1, select("#", ...) do
    local cell = cells[i] == nil and "" or tostring(cells[i])
    if cell:find '[",\r\n]' then cell = '"' .. cell:gsub('"', '""') .. '"' end
    cells[i] = cell
  end
  write(table.concat(cells, ",") .. "\r\n")
end

local function setting(name)
  return os.getenv(name) or fail(name .. " is not set")
end

local function connect()
  return salon.meet {
    url = setting "MEET_URL",
    client_id = setting "MEET_CLIENT_ID",
    client_secret = setting "MEET_CLIENT_SECRET",
    user = setting "MEET_USER",
    ca_file = os.getenv "MEET_CA_FILE",
  }
end

local commands = {}

function commands.list(meet)
  csv("id", "access", "join_url")
  for room in meet.rooms:each() do csv(room.id, room.access, room.join_url) end
end

function commands.create(meet, arguments)
  local room = salon.check(meet.rooms:create { access_level = arguments.access })
  write(("%s %s\n"):format(room.id, room.join_url or ""))
end

function commands.show(meet, arguments)
  write(cjson.encode(salon.check(meet.rooms:get(arguments.id)):totable()) .. "\n")
end

local parser = argparse("meet", "Rooms of a La Suite Meet server.")
parser:command_target "command"
parser:command("list", "List all rooms as CSV.")
parser:command("create", "Create a room.")
  :option("--access", "Who may enter: public, trusted or restricted."):argname "<level>"
parser:command("show", "Show one room as JSON."):argument("id", "The room's id.")
local arguments = parser:parse()

local ok, err = pcall(function()
  local meet = connect()
  commands[arguments.command](meet, arguments)
  meet:close()
  if not io.stdout:flush() then error("standard output cannot be written", 0) end
end)
if not ok then fail(salon.caught(err) or err) end
