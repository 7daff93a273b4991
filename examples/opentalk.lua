-- Rooms and events of an OpenTalk server on the command line:
--
--   lua5.4 examples/opentalk.lua --list-events          events as CSV
--   lua5.4 examples/opentalk.lua --list-events --guest-links
--   lua5.4 examples/opentalk.lua --create               a room and a guest link
--   lua5.4 examples/opentalk.lua --rooms                rooms as CSV
--   lua5.4 examples/opentalk.lua --info ID              one room as JSON
--
-- The login is read from ~/.opentalk_api.rc (or --config FILE), a file of shell
-- assignments that is parsed and never executed. Its variables:
--
--   OT_USER OT_PASSWORD OT_CLIENT_ID   the login
--   OT_MAIN_URL                        host of the web address: meet.example.org
--   OT_PROTO                           in front of the hosts; default https://
--   OT_CONTROLLER_URL                  host of the controller; default: discovered
--   OT_KEYCLOAK_URL OT_REALM_NAME      login service; default: discovered
--   OT_ISSUER                          or its full address: https://id.example.org/realms/x
--   OT_CA_FILE                         certificate authorities to trust
--   DEFAULT_EXPIRATION_HOURS           lifetime of a new guest link; default 24
--
-- Needs lua-argparse and lua-cjson.

local argparse = require "argparse"
local cjson = require "cjson"
local salon = require "salon"

local function note(message) io.stderr:write("opentalk: ", message, "\n") end

---- The file of assignments ------------------------------------------------

-- Reads `text` as a POSIX shell would read plain assignments: comments, export,
-- 'single' and "double" quotes, backslashes, $NAME and ${NAME} of earlier lines
-- (or of the environment). Anything that a shell would execute is an error with its
-- line number.
local function parse_rc(text)
  local values, at = {}, 1

  local function stop(what)
    local _, newlines = text:sub(1, at - 1):gsub("\n", "")
    error(("line %d: %s"):format(newlines + 1, what), 0)
  end

  local function take(pattern)
    local _, last, captured = text:find("^" .. pattern, at)
    if not last then return nil end
    local whole = captured or text:sub(at, last)
    at = last + 1
    return whole
  end

  local function variable()
    local name = take("%$([%a_][%w_]*)") or take("%${([%a_][%w_]*)}")
    if not name then stop("only $NAME and ${NAME} are expanded; nothing is executed") end
    local value = values[name] or os.getenv(name)
    if not value then stop(name .. " is used before it is set") end
    return value
  end

  local function double_quoted()
    local parts = {}
    while not take('"') do
      local plain = take('[^"\\$`]+') or take("\\\n()") and ""
      if plain then
        parts[#parts + 1] = plain
      elseif text:find("^\\", at) then
        parts[#parts + 1] = take('\\([\\"$`])') or take("\\")
      elseif text:find("^%$", at) then
        parts[#parts + 1] = variable()
      elseif at > #text then
        stop("a quote is not closed")
      else
        stop("commands are not executed")
      end
    end
    return table.concat(parts)
  end

  local function value()
    local parts = {}
    while true do
      local plain = take("[^%s'\"\\$`;&|<>()#]+") or (#parts > 0 and take("#+"))
        or take("\\\n()") and "" -- a continued line
      if plain then
        parts[#parts + 1] = plain
      elseif take("'") then
        parts[#parts + 1] = take("([^']*)'") or stop("a quote is not closed")
      elseif take('"') then
        parts[#parts + 1] = double_quoted()
      elseif text:find("^\\.", at) then
        parts[#parts + 1] = take("\\(.)")
      elseif text:find("^%$", at) then
        parts[#parts + 1] = variable()
      else
        return table.concat(parts)
      end
    end
  end

  while true do
    take("[%s;]+")
    if at > #text then return values end
    if not take("#[^\n]*") then
      take("export[ \t]+")
      local name = take("([%a_][%w_]*)=")
      if not name then stop("not an assignment; nothing is executed") end
      values[name] = value()
      take("[ \t]+")
      if at <= #text and not text:find("^[#\n\r;]", at) then
        stop("not a plain value; nothing is executed")
      end
    end
  end
end

local function read_rc(path)
  local file, err = io.open(path, "rb")
  if not file then error(err, 0) end
  local text = file:read("*a"):gsub("^\239\187\191", "")  -- the mark of some editors
  file:close()
  local ok, values = pcall(parse_rc, text)
  if not ok then error(path .. ": " .. values, 0) end
  for _, name in ipairs { "OT_USER", "OT_PASSWORD", "OT_MAIN_URL", "OT_CLIENT_ID" } do
    if not values[name] then error(path .. ": " .. name .. " is missing", 0) end
  end
  return values
end

local function connect(rc)
  local function url(host) return host and (rc.OT_PROTO or "https://") .. host end
  local issuer = rc.OT_ISSUER
  if not issuer and rc.OT_KEYCLOAK_URL and rc.OT_REALM_NAME then
    issuer = url(rc.OT_KEYCLOAK_URL) .. "/auth/realms/" .. rc.OT_REALM_NAME
  end
  return salon.opentalk {
    url = url(rc.OT_MAIN_URL), controller_url = url(rc.OT_CONTROLLER_URL), issuer = issuer,
    client_id = rc.OT_CLIENT_ID, username = rc.OT_USER, password = rc.OT_PASSWORD,
    ca_file = rc.OT_CA_FILE,
  }
end

---- The actions ------------------------------------------------------------

-- One line of CSV as in RFC 4180.
local function csv(...)
  local cells = { ... }
  for i = 1, select("#", ...) do
    local cell = cells[i] == nil and "" or tostring(cells[i])
    cells[i] = cell:find '[",\r\n]' and '"' .. cell:gsub('"', '""') .. '"' or cell
  end
  io.write(table.concat(cells, ","), "\r\n")
end

-- A spreadsheet would run a title such as `=HYPERLINK(...)`, which anybody may have
-- typed; behind an apostrophe it is text.
local function harmless(title)
  return title and title:find("^[=+@\t\r-]") and "'" .. title or title
end

-- A link for guests: a permanent invite if the room has one, else one that has
-- not expired, else a new one.
local function guest_link(room, hours)
  local valid
  for invite in room.invites:each() do
    if invite:usable() and not invite.expiration then return invite.url end
    if invite:usable() then valid = valid or invite end
  end
  valid = valid or salon.check(room.invites:create { expires_in = hours * 3600 })
  return valid.url
end

local failed = false  -- has a room been left out that should not be?

-- The same; nil where it fails: one room must not end the list. That the server admits
-- no guests or the room is somebody else's is in order.
local function guest_link_if_any(room, hours)
  local ok, link = pcall(guest_link, room, hours)
  if ok then return link end
  local err = salon.caught(link)
  if not err then error(link, 0) end
  if err.status ~= 403 and err.status ~= 404 then failed = true end
  note(("no guest link for room %s: %s"):format(room.id, tostring(err)))
end

local function phone(dial_in)
  if not (dial_in and dial_in.tel) then return nil end
  return ("%s,,%s,,%s"):format(dial_in.tel, dial_in.id or "", dial_in.pin or "")
end

local function list_events(ot, guest_links, hours)
  local function link_of(event)
    return guest_links and guest_link_if_any(event.room, hours) or false
  end
  csv("number", "title", "room_link", "start", "end", "sip", "password", "guest_link")
  local number = 0
  for event, link in salon.map(ot.events:each { adhoc = false }, link_of) do
    local room = event.room
    csv(number, harmless(event.title), room.join_url,
      event.starts_at and event.starts_at.datetime, event.ends_at and event.ends_at.datetime,
      phone(room.dial_in), room.password, link or nil)
    number = number + 1
  end
end

local function list_rooms(ot)
  csv("number", "room_id", "room_link")
  local number = 0
  for room in ot.rooms:each() do
    csv(number, room.id, room.join_url)
    number = number + 1
  end
end

local function create_room(ot, hours)
  local room = salon.check(ot.rooms:create {})
  local invite = salon.check(room.invites:create { expires_in = hours * 3600 })
  if not room.join_url then
    note("OT_MAIN_URL is the controller's address; give the web page's, so that there are links")
  end
  print(("Room: %s Guest: %s"):format(room.join_url or room.id, invite.url or invite.id))
end

local function show_room(ot, id)
  print(cjson.encode(salon.check(ot.rooms:get(id)):totable()))
end

---- The command line -------------------------------------------------------

local parser = argparse("opentalk", "Rooms and events of an OpenTalk server.")
parser:mutex(
  parser:flag("-l --list-events", "List all events as CSV."),
  parser:flag("-c --create --create-room", "Create a room with a guest link."):target "create",
  parser:flag("-r --rooms", "List all rooms as CSV."),
  parser:option("-i --info", "Show the room with this id as JSON."):argname "<id>")
parser:flag("--guest-links", "With --list-events: add a guest link to each, a new one where none is valid.")
parser:option("--config", "File with the login.")
  :default((os.getenv("HOME") or ".") .. "/.opentalk_api.rc")

local arguments = parser:parse()
if not (arguments.list_events or arguments.create or arguments.rooms or arguments.info) then
  parser:error("one of -l, -c, -r or -i ID is required")
end

local LONGEST = 24 * 366 * 100  -- hours

salon.main("opentalk", function()
  local rc = read_rc(arguments.config)
  local hours = tonumber(rc.DEFAULT_EXPIRATION_HOURS or 24)
  if not (hours and hours > 0 and hours <= LONGEST) then
    error(("DEFAULT_EXPIRATION_HOURS must be a number above 0, up to %d"):format(LONGEST), 0)
  end
  local ot = connect(rc)
  if arguments.list_events then list_events(ot, arguments.guest_links, hours)
  elseif arguments.create then create_room(ot, hours)
  elseif arguments.rooms then list_rooms(ot)
  else show_room(ot, arguments.info) end
  return failed and 1 or 0
end)
