-- How the controller writes its things down, in the shape of 2023 and of 2026.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local time = require "salon.sandbox.time"

local views = {}

local q = json.quote
local AVATARS = "https://seccdn.libravatar.org/avatar/"
local TELEPHONE = "+493012345678"

local function moment(at) return q(time.format(at)) end

-- The members of a public profile, to be followed by others.
local function profile_members(user)
  return "id", q(user.id), "email", q(user.email or ""), "title", q(user.title),
    "firstname", q(user.given), "lastname", q(user.family or ""),
    "display_name", q(user.display_name), "avatar_url", q(AVATARS .. ngx.md5(user.email or ""))
end

function views.profile(user) return json.object(profile_members(user)) end

function views.me(user, old)
  local text = json.object("dashboard_theme", q(user.dashboard_theme),
    "conference_theme", q(user.conference_theme), "language", q(user.language),
    "tariff_status", not old and '"default"' or nil, "used_storage", not old and "0" or nil)
  return json.object(profile_members(user)):sub(1, -2) .. "," .. text:sub(2)
end

function views.room(room, old)
  return json.object("id", q(room.id), "created_by", views.profile(room.owner), "created_at", moment(room.created),
    "password", room.password and q(room.password) or (old and "null" or nil),
    "waiting_room", tostring(room.waiting_room), "guest_access", not old and q(room.guest_access) or nil)
end

function views.invite(invite)
  return json.object("invite_code", q(invite.code), "created", moment(invite.created),
    "created_by", views.profile(invite.created_by), "updated", moment(invite.updated),
    "updated_by", views.profile(invite.updated_by), "room_id", q(invite.room.id), "active", tostring(invite.active),
    "expiration", invite.expiration and moment(invite.expiration) or "null")
end

local function zoned(value)
  return value and json.object("datetime", moment(value.at), "timezone", q(value.timezone)) or nil
end

-- A server of several tenants has no call-in, and so no number.
local function telephone() return not store.settings.tenants and q(TELEPHONE) or nil end

local function call_in(room)
  return json.object("tel", telephone(), "id", q(room.sip.id), "password", q(room.sip.password))
end

local function event_room(room, old)
  if old then
    return json.object("id", q(room.id), "password", room.password and q(room.password),
      "waiting_room", tostring(room.waiting_room), "sip_tel", telephone(),
      "sip_id", q(room.sip.id), "sip_password", q(room.sip.password))
  end
  return json.object("id", q(room.id), "password", room.password and q(room.password),
    "waiting_room", tostring(room.waiting_room), "guest_access", q(room.guest_access),
    "e2e_encryption", tostring(room.e2e_encryption), "call_in", not room.e2e_encryption and call_in(room) or nil)
end

-- Somebody invited: registered, known to the provider only, or an address.
local function guest(entry, old)
  local user = entry.user
  local profile
  if user then
    profile = json.object("kind", '"registered"', profile_members(user))
  else
    local known = entry.person
    profile = json.object("kind", known and '"unregistered"' or '"email"', "email", q(entry.email),
      "firstname", known and q(known.given), "lastname", known and q(known.family),
      "avatar_url", q(AVATARS .. ngx.md5(entry.email)))
  end
  if not old then profile = profile:sub(1, -2) .. ',"role":' .. q(entry.role or "user") .. "}" end
  return json.object("profile", profile, "status", q(entry.status))
end

-- The registered ones, then the others, each newest first (in lists: last).
local function invitees(event, most, old, in_list)
  local list, n = {}, #event.invitees
  for pass = 1, 2 do
    for i = 1, n do
      local entry = event.invitees[in_list and i or n + 1 - i]
      if #list < most and (entry.user ~= nil) == (pass == 1) then list[#list + 1] = guest(entry, old) end
    end
  end
  return json.array(list), #event.invitees > #list
end

---The state of an event for a user: its creator has accepted it.
function views.invite_status(event, user)
  for _, invitee in ipairs(event.invitees) do
    if invitee.user == user then return invitee.status end
  end
  return "accepted"
end

---most: how many invitees; place: "list", "single" or "new" (the answer to its
---creation), which decides what is said when none were asked for.
function views.event(event, user, old, most, place)
  local people, more = invitees(event, most, old, place == "list")
  if most == 0 then more = place == "single" or (place == "list" and old) end
  local strings, ends = nil, event.ends
  if event.pattern then
    -- Later servers give the stored end of a series: its last start.
    if not old then ends = { at = event.last_start, timezone = ends.timezone } end
    strings = {}
    for i, line in ipairs(event.pattern) do strings[i] = q(line) end
  end
  return json.object("id", q(event.id), "created_by", views.profile(event.owner),
    "created_at", moment(event.created), "updated_by", views.profile(event.owner),
    "updated_at", moment(event.updated), "title", q(event.title),
    "description", q(event.description), "room", event_room(event.room, old),
    "invitees_truncated", tostring(more), "invitees", people, "is_time_independent", tostring(event.starts == nil),
    "is_all_day", event.starts and tostring(event.is_all_day) or nil,
    "starts_at", zoned(event.starts), "ends_at", zoned(ends), "recurrence_pattern", strings and json.array(strings),
    "is_adhoc", tostring(event.is_adhoc or false), "type", event.pattern and '"recurring"' or '"single"',
    "invite_status", q(views.invite_status(event, user)), "is_favorite", tostring(event.favourites[user] or false),
    "can_edit", tostring(event.owner == user),
    "show_meeting_details", not old and tostring(event.show_meeting_details or false) or nil)
end

function views.exception(event, exception, user)
  local instance = time.compact(exception.at)
  return json.object("id", q(event.id .. "_" .. instance), "recurring_event_id", q(event.id),
    "instance_id", q(instance), "created_by", views.profile(exception.by),
    "created_at", moment(exception.created), "updated_by", views.profile(exception.by),
    "updated_at", moment(exception.created), "title", exception.title and q(exception.title),
    "description", exception.description and q(exception.description),
    "is_all_day", exception.is_all_day ~= nil and tostring(exception.is_all_day) or nil,
    "starts_at", zoned(exception.starts), "ends_at", zoned(exception.ends),
    "original_starts_at", zoned { at = exception.at, timezone = event.starts.timezone },
    "type", '"exception"', "status", q(exception.status), "can_edit", tostring(event.owner == user))
end

return views
