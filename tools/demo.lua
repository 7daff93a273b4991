-- `make demo`: logs in, lists, creates and shows rooms on both systems, in a sandbox
-- that it starts and stops. With --elsewhere it uses the servers that the environment
-- names (as in examples/nginx), and creates a room there.

local salon = require "salon"
local elsewhere = arg and arg[1] == "--elsewhere"

local function say(...) print(string.format(...)) end

-- Fetches page after page and prints how many entries each one held.
local function count(what, service, options)
  local sizes, total, next_page = {}, 0, options
  while next_page do
    local page = salon.check(service:list(next_page))
    sizes[#sizes + 1], total = #page, total + #page
    next_page = page.next
  end
  say("  %-10s %d on %d pages (%s)", what, total, #sizes, table.concat(sizes, " + "))
end

local function show(room)
  say("  the room   %s, access %s", tostring(room), tostring(room.access))
  say("  join       %s", room.join_url)
  local dial_in = room.dial_in
  if dial_in then
    say("  by phone   %s, id %s, pin %s", dial_in.tel or "-", dial_in.id or "-", dial_in.pin or "-")
  end
end

local function opentalk(options)
  say("OpenTalk at %s", options.url)
  local ot = salon.opentalk(options)
  say("  logged in  as %s: %s", options.username, tostring(salon.check(ot:token())))
  count("rooms", ot.rooms, { per_page = 100 })
  count("events", ot.events, { per_page = 50 })
  local walk = ot.events:each { adhoc = false }
  local event = walk()
  walk:close()
  if event then say("  the first  %q, %s", event.title, event.join_url) end
  local room = salon.check(ot.rooms:create { waiting_room = true })
  say("  created    room %s", room.id)
  local invite = salon.check(room.invites:create { expires_in = 24 * 3600 })
  show(salon.check(ot.rooms:get(room.id)))
  say("  as guest   %s (until %s)", invite.url, invite.expiration)
  ot:close()
end

local function meet(options)
  say("Meet at %s", options.url)
  local client = salon.meet(options)
  say("  logged in  for %s: %s", options.user, tostring(salon.check(client:token())))
  count("rooms", client.rooms, {})
  local room = salon.check(client.rooms:create { access_level = "trusted" })
  say("  created    room %s", room.id)
  show(salon.check(client.rooms:get(room.id)))
  client:close()
end

local function from_environment()
  return {
    url = os.getenv "OPENTALK_URL", client_id = os.getenv "OPENTALK_CLIENT_ID",
    username = os.getenv "OPENTALK_USERNAME", password = os.getenv "OPENTALK_PASSWORD",
  }, {
    url = os.getenv "MEET_URL", client_id = os.getenv "MEET_CLIENT_ID",
    client_secret = os.getenv "MEET_CLIENT_SECRET", user = os.getenv "MEET_USER",
  }
end

local function from(sandbox)
  local ot, m = sandbox.opentalk, sandbox.meet
  return {
    url = ot.url, client_id = ot.client_id, username = ot.username, password = ot.password,
  }, {
    url = m.url, client_id = m.client_id, client_secret = m.client_secret, user = m.user,
  }
end

local sandbox
local ok, err = pcall(function()
  local ot, m
  if elsewhere then
    ot, m = from_environment()
  else
    sandbox = assert(require("salon.sandbox").start { rooms = 250, events = 120 })
    say("The sandbox runs in %s; nothing leaves this machine.\n", sandbox.dir)
    ot, m = from(sandbox)
  end
  opentalk(ot)
  print()
  meet(m)
end)
if sandbox then
  sandbox:stop()
  say("\nThe sandbox is stopped. Read on in README.md, doc/guide.md and examples/.")
end
if not ok then
  io.stderr:write("demo: ", tostring(salon.caught(err) or err), "\n")
  os.exit(1, true)
end
