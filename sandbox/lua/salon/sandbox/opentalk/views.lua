-- How the controller shows what it has, in the shape of 2023 (old) and of 2026.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local time = require "salon.sandbox.time"

local views = {}

local AVATARS = "https://seccdn.libravatar.org/avatar/"
local TELEPHONE = "+493012345678"

function views.profile(user)
  return { id = user.id, email = user.email or "", title = user.title, firstname = user.given,
    lastname = user.family or "", display_name = user.display_name,
    avatar_url = AVATARS .. ngx.md5(user.email or "") }
end

function views.me(user, old)
  local me = views.profile(user)
  me.dashboard_theme, me.conference_theme, me.language = user.dashboard_theme, user.conference_theme, user.language
  if not old then
    me.tariff_status, me.used_storage = "default", 0
    for _, room in ipairs(user.rooms) do
      for _, asset in ipairs(room.owner == user and room.assets or {}) do
        me.used_storage = me.used_storage + #asset.body
      end
    end
    if me.language == "" then me.language = "en-US" end
  end
  return me
end

function views.room(room, old)
  return { id = room.id, created_by = views.profile(room.owner), created_at = time.format(room.created),
    password = room.password or (old and json.null or nil), waiting_room = room.waiting_room,
    guest_access = not old and room.guest_access or nil, alias = room.alias }
end

-- name, quotas and modules, by whether there are several tenants.
local TARIFFS = {
  [true] = { id = "6d1b0f0e-0001-4000-8000-000000000002", name = "Gold",
    quotas = { room_time_limit_secs = 3600, room_participant_limit = 25 },
    modules = { "media", "breakout", "moderation", "recording", "chat" } },
  [false] = { id = "6d1b0f0e-0001-4000-8000-000000000001", name = "OpenTalkDefaultTariff", quotas = {},
    modules = { "moderation", "chat", "breakout", "media", "polls", "timer" } },
}

function views.tariff(old)
  local tariff = TARIFFS[store.settings.tenants]
  local view = { id = tariff.id, name = tariff.name, quotas = tariff.quotas }
  if old then
    view.enabled_modules = tariff.modules
    return view
  end
  if view.name == "Gold" then view.quotas = { max_storage = 50000, room_time_limit_secs = 3600,
    room_participant_limit = 25 } end
  view.modules = { core = { features = json.list { "call_in" } } }
  for _, name in ipairs(tariff.modules) do view.modules[name] = { features = json.list {} } end
  return view
end

-- What people see who are about to join a room.
function views.event_info(event)
  return { id = event.id, room_id = event.room.id, title = event.title, is_adhoc = event.is_adhoc or false,
    e2e_encryption = event.room.e2e_encryption, password_required = event.room.password ~= nil }
end

-- The newest servers tell no codes any more.
function views.invite(invite)
  return { invite_code = store.settings.opentalk ~= "0.66" and invite.code or nil,
    room_id = invite.room.id, active = invite.active,
    created = time.format(invite.created), created_by = views.profile(invite.created_by),
    updated = time.format(invite.updated), updated_by = views.profile(invite.updated_by),
    expiration = invite.expiration and time.format(invite.expiration) or json.null }
end

---A shared folder, which only the event's creator may write to.
function views.folder(event, user)
  local folder = event.shared_folder
  return folder and { read = folder.read, read_write = event.owner == user and folder.read_write or nil }
end

---A streaming target, or all of a room; the key is for the room's owner only.
function views.target(target, room, user)
  local view = {}
  for name, value in pairs(target) do view[name] = value end
  if room.owner ~= user then view.streaming_key = nil end
  return view
end

function views.targets(room, user)
  local list = json.list {}
  for i, target in ipairs(room.streaming_targets or {}) do list[i] = views.target(target, room, user) end
  return list
end

local function zoned(value)
  return value and { datetime = time.format(value.at), timezone = value.timezone } or nil
end

local function event_room(room, old)
  local view = { id = room.id, password = room.password, waiting_room = room.waiting_room, alias = room.alias }
  -- A server of several tenants has no call-in, and so no number.
  local telephone = not store.settings.tenants and TELEPHONE or nil
  if old then
    view.sip_tel, view.sip_id, view.sip_password = telephone, room.sip.id, room.sip.password
    return view
  end
  view.guest_access, view.e2e_encryption = room.guest_access, room.e2e_encryption
  if room.sip and not room.e2e_encryption then
    view.call_in = { tel = telephone, id = room.sip.id, password = room.sip.password }
  end
  return view
end

---A person as others find him: registered, or known to the login service only.
function views.person(person, registered)
  local view = views.profile(person)
  view.kind = registered and "registered" or "unregistered"
  if not registered then view.id, view.title, view.display_name = nil, nil, nil end
  return view
end

---An invitee: registered, known to the provider only, or an address.
function views.invitee(entry, old)
  local profile = { kind = "email", email = entry.email, avatar_url = AVATARS .. ngx.md5(entry.email or "") }
  if entry.user or entry.person then profile = views.person(entry.user or entry.person, entry.user ~= nil) end
  if not old and entry.user then profile.role = entry.role or "user" end
  return { profile = profile, status = entry.status }
end

---An event's invitees: the registered ones, then the others, each newest first (in
---lists: last). status: only those.
function views.entries(event, status, in_list)
  local list, n = {}, #event.invitees
  for _, registered in ipairs { true, false } do
    for i = 1, n do
      local entry = event.invitees[in_list and i or n + 1 - i]
      if (entry.user ~= nil) == registered and (not status or entry.status == status) then list[#list + 1] = entry end
    end
  end
  return list
end

local function invitees(event, most, old, in_list)
  local list = json.list {}
  for i, entry in ipairs(most > 0 and views.entries(event, nil, in_list) or {}) do
    if i > most then break end
    list[i] = views.invitee(entry, old)
  end
  return list, #event.invitees > #list
end

---The state of an event for a user: its creator has accepted it.
function views.invite_status(event, user)
  for _, entry in ipairs(event.invitees) do
    if entry.user == user then return entry.status end
  end
  return "accepted"
end

---most: how many invitees; place: "list", "single" or "new" (the response to its
---creation), which decides what is said when none were asked for.
function views.event(event, user, old, most, place)
  local people, more = invitees(event, most, old, place == "list")
  if most == 0 then more = place == "single" or (place == "list" and old) end
  local ends, all_day = event.ends, nil
  if event.starts then all_day = event.is_all_day end
  -- Later servers give the stored end of a series: its last start.
  if event.pattern and not old then ends = { at = event.last_start, timezone = ends.timezone } end
  local view = { id = event.id, created_by = views.profile(event.owner), created_at = time.format(event.created),
    updated_by = views.profile(event.owner), updated_at = time.format(event.updated), title = event.title,
    description = event.description, room = event_room(event.room, old), invitees = people,
    invitees_truncated = more, is_time_independent = event.starts == nil, is_all_day = all_day,
    starts_at = zoned(event.starts), ends_at = zoned(ends), recurrence_pattern = event.pattern,
    is_adhoc = event.is_adhoc or false, type = event.pattern and "recurring" or "single",
    invite_status = views.invite_status(event, user), is_favorite = event.favourites[user] or false,
    can_edit = event.owner == user }
  if old then return view end
  view.show_meeting_details = event.show_meeting_details or false
  view.training_participation_report = event.training_participation_report
  view.shared_folder = views.folder(event, user)
  if place ~= "list" and (event.room.streaming_targets or {})[1] then
    view.streaming_targets = views.targets(event.room, user)
  end
  return view
end

---The exception for a series' date, or nil.
function views.exception_at(event, at)
  for _, exception in ipairs(event.exceptions) do
    if exception.at == at then return exception end
  end
end

---A date of a series, its exception applied.
function views.date(event, at, user, old, most)
  local exception = views.exception_at(event, at) or {}
  local instance, changed = time.compact(at), exception.created or event.updated
  local view = views.event(event, user, old, most, "single")
  for _, name in ipairs { "is_time_independent", "is_adhoc", "show_meeting_details", "streaming_targets",
    "recurrence_pattern" } do view[name] = nil end
  view.id, view.recurring_event_id, view.instance_id = event.id .. "_" .. instance, event.id, instance
  view.type, view.status, view.updated_at = "instance", exception.status or "ok", time.format(changed)
  view.title, view.description = exception.title or view.title, exception.description or view.description
  view.starts_at = zoned(exception.starts or { at = at, timezone = event.starts.timezone })
  view.ends_at = zoned(exception.ends or { at = at + event.ends.at - event.starts.at, timezone = event.ends.timezone })
  return view
end

function views.exception(event, exception, user)
  local instance = time.compact(exception.at)
  return { id = event.id .. "_" .. instance, recurring_event_id = event.id, instance_id = instance,
    created_by = views.profile(exception.by), created_at = time.format(exception.created),
    updated_by = views.profile(exception.by), updated_at = time.format(exception.created),
    title = exception.title, description = exception.description, is_all_day = exception.is_all_day,
    starts_at = zoned(exception.starts), ends_at = zoned(exception.ends),
    original_starts_at = zoned { at = exception.at, timezone = event.starts.timezone },
    type = "exception", status = exception.status, can_edit = event.owner == user }
end

return views
