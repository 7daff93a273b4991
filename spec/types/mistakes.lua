-- What a checker has to see in an editor: every line that ends in the word. tools/types.lua
-- compares; nothing runs this file.

local salon = require "salon"

local ot = salon.opentalk { url = "https://meet.example.org", token = "t" }
local meet = salon.meet { url = "https://visio.example.org", token = "t" }

-- Options of a client.
salon.opentalk { url = "https://meet.example.org", tokn = "t" } -- mistake
salon.opentalk { url = "https://meet.example.org", timeout = "30" } -- mistake
salon.opentalk { url = "https://meet.example.org", http_version = "3" } -- mistake
salon.meet { client_id = "application" } -- mistake

-- The module and a client.
print(salon.opentolk) -- mistake
print(salon.chek(nil)) -- mistake
print(ot.romms) -- mistake
print(meet.users) -- mistake
print(ot:tokens()) -- mistake
print(ot:supports "rooms.tarif") -- mistake
print(ot:call("GETT", "/v1/users/me")) -- mistake
print(ot:call("GET", "/v1/users/me", { jsn = {} })) -- mistake

-- Methods, their fields and options.
print(ot.rooms:lst()) -- mistake
print(meet.rooms:guest_url "x") -- mistake
print(ot.rooms:create { waiting_rom = true }) -- mistake
print(ot.rooms:create { waiting_room = "yes" }) -- mistake
print(ot.rooms:create { guest_access = "open" }) -- mistake
print(ot.rooms:create({}, { timeot = 3 })) -- mistake
print(ot.rooms:list { per_page = "100" }) -- mistake
print(ot.rooms:list { prefetch = 3 }) -- mistake
print(ot.rooms:get(5)) -- mistake
print(ot.events:create { description = "no title" }) -- mistake
print(ot.events:create()) -- mistake
print(ot.events:create { title = "x", starts_at = { datetime = "2027-01-18T08:00:00Z" } }) -- mistake
print(ot.events:each { adhock = false }) -- mistake
print(ot.events:each { time_min = true }) -- mistake
print(ot.events:dates { time_max = 0, exceptions = true }) -- mistake
print(salon.time.add(0, { days = "1" })) -- mistake
print(salon.time.tody()) -- mistake
print(salon.sleep "1") -- mistake
print(meet.rooms:create { access_level = "open" }) -- mistake
print(meet.rooms:grant_access("x", { email = "ada@example.org", role = "owner" })) -- mistake

-- Records.
local room = salon.check(ot.rooms:create {})
print(room.titel) -- mistake
print(room:updat {}) -- mistake
print(room:update { alias = "x" }) -- mistake
print(room.invites:revoke "x") -- mistake
if room.access == "closed" then print(room) end -- mistake
local invite = salon.check(room.invites:create { expires_in = 3600 })
print(invite.uri) -- mistake
print(invite:usabel()) -- mistake
local event = salon.check(ot.events:get "x")
print(event.room.join_link) -- mistake
print(event.created_by.name) -- mistake
print(event.starts_at.datetime) -- mistake
for person in event.invites:each() do print(person.mail) end -- mistake
for instance in event.instances:each {} do print(instance.id, instance.begins_at) end -- mistake
local mine = salon.check(meet.rooms:get "x")
print(mine.waiting_room) -- mistake

-- Pages, walks, errors, tokens.
local page = salon.check(ot.rooms:list())
print(page.nxt) -- mistake
print(page[1].titel) -- mistake
for _, each in ipairs(page) do print(each.titel) end -- mistake
local walk = ot.rooms:each()
walk:stop() -- mistake
for each in walk do print(each.titel) end -- mistake
local found, err = ot.rooms:get "x"
print(found.id) -- mistake
if not found then
  print(err.knd, err.kind) -- mistake
  if err.kind == "netwrok" then print(err) end -- mistake
end
local token = salon.check(ot:token())
print(token:expires()) -- mistake
