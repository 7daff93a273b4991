-- Correct use of every operation: a checker has nothing to say about it. Nothing runs this
-- file; spec/docs_spec.lua sees to it that no operation is missing.

local salon = require "salon"

local START = { datetime = "2027-01-18T08:00:00Z", timezone = "Europe/Berlin" }
local END = { datetime = "2027-01-18T09:00:00Z", timezone = "Europe/Berlin" }

-- The module -------------------------------------------------------------------------

local ot = salon.opentalk {
  url = "https://meet.example.org", client_id = "Frontend", username = "alice",
  password = function() return os.getenv "OT_PASSWORD" end, timeout = 10, http_version = "2",
}
local meet = salon.meet {
  url = "https://visio.example.org", client_id = "application",
  client_secret = salon.secret "secret", user = "ada@example.org", host = "plain",
}
local of_environment = salon.environment "OPENTALK"
of_environment.store = salon.store.file "logins.json"
print(salon.opentalk(of_environment), salon.meet(salon.environment "MEET"))
salon.main("script", function() return 1 end)
print(salon.version().libcurl, salon.null, salon.array {}, ot:closed(), ot.backend)
print(ot:supports "events.instances", meet:supports "rooms.update")
local about, err = ot:server { timeout = 5 }
if about then print(about.version, about.lacking[1]) else print(err.kind) end
local token = salon.check(meet:token { user = "grace@example.org" })
print(token:expires_in(), token.scopes[1], token:reveal())
print(salon.check(ot:token()):lifetime())

local me = salon.check(ot:call("GET", "/v1/users/me", { query = { a = 1 } }))
print(me.display_name)
for entry in meet:pages("/rooms/", { items = "results", prefetch = 2 }) do print(entry.id) end

local scope = salon.scope { timeout = 5 }
local all = scope:run(salon.all, { rooms = function() return ot.rooms:list() end })
print(all, scope:expires_in())
scope:cancel()
scope:close()
for room, link, failure in salon.map(ot.rooms:each(), function(room)
  return room.invites:create { expires_in = 3600 }
end, { concurrency = 16, on_error = "collect" }) do
  print(room.id, link and link.url or failure)
end

local ok, e = pcall(error, "x")
local caught = not ok and salon.caught(e)
if caught and caught.kind == "http" then
  print(caught.status, caught.code, caught.fields and #caught.fields, caught.hint)
end

-- OpenTalk: rooms and guest links ----------------------------------------------------

local page = salon.check(ot.rooms:list { per_page = 10, page = 2 })
print(#page, page[1].id, page.next and page.next.page, page.response.status)
if page.next then page = salon.check(ot.rooms:list(page.next)) end
for _, room in ipairs(page) do print(room.title, room.join_url) end
local walk = ot.rooms:each { prefetch = 2 }
local first = walk()
walk:close()
print(first and first.id)

local room, refusal = ot.rooms:create { waiting_room = true, guest_access = "direct_access" }
if not room then
  print(refusal.kind, refusal.retryable, refusal.outcome, "it failed: " .. refusal)
  return
end
room = salon.check(ot.rooms:get(room.id, { timeout = 3 }))
room = salon.check(ot.rooms:update(room.id, { password = salon.null }))
room = salon.check(room:update { password = salon.secret "p", name = "team" })
room = salon.check(room:refresh())
print(room.dial_in and room.dial_in.tel, room.access == "open", room.created_by and room.created_by.email)
print(room:totable().id, room.raw.id, room.backend == "opentalk", room.response.request_id)
print(ot.rooms:event(room.id), salon.check(room:event()).title)
print(ot.rooms:tariff(room.id), salon.check(room:tariff()).quotas.max_storage)
print(ot.rooms:guest_url(room.id, { expires_in = 60 }), room:guest_url())
print(ot.rooms:verify_name "team")

local invite = salon.check(room.invites:create { expiration = "2027-01-18T08:00:00Z" })
print(invite:usable(), invite.url, invite.created_by.email)
print(salon.check(room.invites:list())[1].invite_code, room.invites:get "x")
print(room:guest_url { expiration = { "2027-01-18 18:00", "Europe/Berlin" } })
for each in room.invites:each() do print(each.expiration) end
print(room.invites:update("x", { expiration = salon.null }), invite:update { expires_in = 60 })
print(room.invites:deactivate "x", invite:deactivate(), invite:refresh())
local asset = salon.check(room.assets:upload({ file = "/tmp/agenda.pdf", kind = "agenda", event_title = "Board" },
  { timeout = 60, silence_timeout = 5, on_progress = function(done, total) print(done, total or "?") end }))
print(asset.filename, asset.size, room.assets:upload { content = "x", kind = "a", file_extension = "txt" })
print(asset:download("/tmp/agenda.pdf", { resume = true }), room.assets:download("x", "/tmp/agenda.pdf"))
print(salon.check(asset:url()), room.assets:url "x", asset:delete(), room.assets:delete "x")
print(salon.check(room.assets:list { per_page = 2 })[1].kind)
for each in room.assets:each() do print(each.filename) end
print(salon.check(ot.rooms.assets:list { sort = "size", order = "ascending" })[1].room_id)
for each in ot.rooms.assets:each { sort = "filename" } do print(each.namespace) end
local verified = salon.check(room.invites:verify "code")
print(verified.room_id, verified.password_required)
local started = salon.check(ot.rooms:start(room.id, { device_secret = salon.secret "0123456789abcdef" }))
print(started.ticket:reveal(), started.roomserver_address, started.resumption and started.resumption:reveal())
print(room:start({ breakout_room = "x" }, { roomserver = true }))
print(ot.rooms:start_invited(room.id, { invite_code = "x" }))
print(room:start_invited { invite_code = "x", display_name = "Ann", password = "p" })

local sip = salon.check(room.sip:set { password = "0123456789", lobby = true })
print(sip.sip_id, sip.password, room.sip:get(), room.sip:remove(), sip:set { lobby = false }, sip:remove())
local text, reason = room:dial_in_text()
print(text or reason)

local target = salon.check(room.streaming_targets:create({ name = "Stage", streaming_key = salon.secret "k",
  streaming_endpoint = "rtmp://live.example/app", public_url = "https://live.example" }, { notify = false }))
print(target.streaming_key and target.streaming_key:reveal(), target.kind == "custom")
print(room.streaming_targets:get "x", target:refresh(), target:update { name = "y" })
print(room.streaming_targets:update("x", { name = "y" }))
print(salon.check(room.streaming_targets:list())[1].public_url, room.streaming_targets:delete "x", target:delete())
for each in room.streaming_targets:each() do print(each.name) end
print(ot.rooms:delete(room.id, { notify = false }), room:delete { force = true })

-- OpenTalk: events ---------------------------------------------------------------------

print(salon.check(ot.events:list { time_min = "2027-01-18T08:00:00Z", adhoc = false })[1].title)
for event in ot.events:each { invite_status = { "pending" }, exceptions = true } do
  print(event.title, event.starts_at and event.starts_at.datetime, event.join_url)
end
local event = salon.check(ot.events:create({
  title = "Budget", starts_at = START, ends_at = END, recurrence_pattern = { "FREQ=DAILY;COUNT=3" },
}, { notify = false }))
print(event.room.id, event.created_by.display_name, event.type == "recurring")
print(ot.events:get(event.id, { invitees_max = 10 }), event:refresh { timeout = 1 })
print(ot.events:update(event.id, { title = "x" }), event:update { description = "y" })
print(ot.events:move(event.id, { starts_at = START }), event:move { starts_at = START, ends_at = END })
print(ot.events:accept(event.id), event:accept(), ot.events:decline(event.id), event:decline())
print(ot.events:add_favorite(event.id), event:add_favorite())
print(ot.events:remove_favorite(event.id), event:remove_favorite())
local folder = salon.check(ot.events:add_folder(event.id, { notify = false }))
print(folder.read.url, folder.read_write and folder.read_write.password, event:add_folder(), event:folder())
print(ot.events:folder(event.id), ot.events:remove_folder(event.id, { force = true }), event:remove_folder())
print(event:update { training_participation_report = {
  initial_checkpoint_delay = { after = 600, within = 0 }, checkpoint_interval = { after = 600, within = 600 } } })
print(event.training_participation_report and event.training_participation_report.checkpoint_interval.after)
print(event:update { streaming_targets = { { name = "Stage", kind = "custom", streaming_key = "k" } } })
print(ot.events:cancel(event.id), event:cancel { notify = false })
print(ot.events:delete(event.id), event:delete())
print(ot.events:create { title = "x", starts_at = { "2027-01-18 09:00", "Europe/Berlin" },
  ends_at = { "2027-01-18 10:00", "Europe/Berlin" } })
print(event:move { starts_at = salon.time.add(START, { days = 7 }) }, event:starts_text(), event:ends_text())
local monday, next_monday = salon.time.week "Europe/Berlin"
print(ot.events:list { time_min = monday, time_max = next_monday, created_after = 0 })
print(ot.events:list { time_min = { "2027-01-18", "Europe/Berlin" }, time_max = salon.time.today() })
print(salon.time.text(event.starts_at or 0, "UTC"):upper(), salon.time.rfc3339(0, "Europe/Berlin"):upper())
print(salon.time.moment({ "2027-01-18", "UTC" }).timezone, salon.time.now "UTC", salon.time.parse "x")
print(salon.sleep(0.5))
print(salon.check(ot.events.instances:list { instances_max = 3 })[1].title)
for each in ot.events.instances:each { instances_max = 3 } do print(each.id, each.title) end

for each in ot.events:dates { time_max = { "2027-01-25", "Europe/Berlin" }, adhoc = false, prefetch = 2 } do
  print(each.title, each:starts_text(), each.join_url, each.room and each.room.id)
end
for instance in event.instances:each { time_max = "2027-02-18T08:00:00Z" } do
  print(instance.starts_at.datetime, instance.status == "cancelled", instance.room.id)
  print(instance:cancel(), instance:restore(), instance:update { title = "x" }, instance:refresh())
end
print(salon.check(event.instances:list())[1].instance_id)
print(event.instances:get "20270118T080000Z", event.instances:update("20270118T080000Z", { status = "ok" }))
print(event.instances:cancel "20270118T080000Z", event.instances:restore "20270118T080000Z")

print(event.invites:create { email = "bob@example.org", role = "guest" })
for person in event.invites:each { status = "pending" } do
  print(person.id or person.email, person.kind, person.status, person.profile.firstname)
  print(person:update { role = "moderator" }, person:withdraw { notify = false })
end
print(event.invites:list(), event.invites:update("x", { role = "user" }), event.invites:withdraw "x")

-- OpenTalk: users ----------------------------------------------------------------------

print(salon.check(ot.users:me()).email, ot.users:update_me { language = "de-DE" }, ot.users:get "x")
local storage = salon.check(ot.users:storage())
print(storage.used + 1, storage.max, storage.left)
print(ot.users:tariff(), salon.check(ot.users:pending_invites()) + 1)
for _, user in ipairs(salon.check(ot.users:find "ali")) do print(user.display_name) end

-- Meet -----------------------------------------------------------------------------------

print(salon.check(meet.rooms:list { page_size = 20, user = "ada@example.org" }).total)
for each in meet.rooms:each { user = "ada@example.org" } do print(each.id, each.slug) end
local visio = salon.check(meet.rooms:create {
  access_level = "trusted", configuration = { can_publish_sources = { "camera" }, everyone_can_mute = true },
})
print(visio.access == "public", visio.title, visio.join_url, visio.dial_in and visio.dial_in.pin)
print(visio:dial_in_text())
print(meet.rooms:get(visio.id), visio:refresh(), meet.rooms:find "abc-defg-hij")
print(meet.rooms:update(visio.id, { access_level = "public" }), visio:update { configuration = {} })
print(meet.rooms:grant_access(visio.id, { email = "ada@example.org", role = "member" }))
print(visio:grant_access { email = "ada@example.org", role = "member" })
print(meet.rooms:delete(visio.id), visio:delete())
print(meet.events:list(), visio.invites:create {})
