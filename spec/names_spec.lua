-- Every field of the API stays readable under its own name: no getter, method
-- or service of ours stands in front of one. The lists are the API's
-- (OpenTalk 2023 and 2026, Meet 1.0 to 1.32).

local Transport = require "spec.support.transport"
local core = require "salon.core"
local salon = require "salon"

local FIELDS = {
  room = "id created_by created_at password waiting_room guest_access name",
  event_room = "id password waiting_room guest_access e2e_encryption call_in sip_tel sip_uri "
    .. "sip_id sip_password",
  event = "id created_by created_at updated_by updated_at title description invitees_truncated "
    .. "invitees is_time_independent type is_all_day starts_at ends_at recurrence_pattern is_adhoc "
    .. "invite_status is_favorite can_edit shared_folder streaming_targets show_meeting_details "
    .. "training_participation_report status",
  exception = "id recurring_event_id instance_id created_by created_at updated_by updated_at "
    .. "original_starts_at type status can_edit title description is_all_day starts_at ends_at",
  invite = "invite_code room_id active created updated created_by updated_by expiration",
  instance = "id recurring_event_id instance_id created_by created_at updated_by updated_at title "
    .. "description room invitees_truncated invitees is_all_day starts_at ends_at type status "
    .. "invite_status is_favorite can_edit shared_folder training_participation_report",
  invitee = "profile status",
  user = "id email title firstname lastname display_name avatar_url kind dashboard_theme "
    .. "conference_theme language tariff_status used_storage",
  tariff = "id name quotas modules enabled_modules",
  event_info = "id room_id title is_adhoc e2e_encryption meeting_details password_required",
  sip = "room sip_id password lobby",
  streaming_target = "id name kind streaming_endpoint public_url",
  shared_folder = "read_write",
  meet_room = "id name slug access_level configuration url telephony",
}

local function words(text)
  return text:gmatch("%S+")
end

local function marked(kind)
  local raw = {}
  for name in words(FIELDS[kind]) do raw[name] = "the API's " .. name end
  return raw
end

local function check(record, kind, but)
  for name in words(FIELDS[kind]) do
    if name ~= but then assert.equal("the API's " .. name, record[name], name) end
  end
  for _, own in ipairs { "raw", "backend", "response", "totable" } do
    assert.is_nil((" " .. FIELDS[kind] .. " "):find(" " .. own .. " ", 1, true))
  end
end

describe("the API's names", function()
  local transport, body
  local ot = salon.opentalk { url = "https://m.example", controller_url = "https://c.example",
    token = "t" }
  local meet = salon.meet { url = "https://v.example", token = "t" }

  before_each(function()
    transport = Transport.install(function(asked)
      if asked.path:find("well-known", 1, true) then return 404, "" end
      return 200, core.encode(body)
    end)
  end)
  after_each(function() transport:remove() end)

  it("are all there on rooms and guest links", function()
    body = marked "room"
    local room = assert(ot.rooms:get("x"))
    check(room, "room")
    body = marked "invite"
    check(assert(room.invites:get("x")), "invite")
    body = marked "meet_room"
    check(assert(meet.rooms:get("x")), "meet_room")
  end)

  it("are all there on events, whose room is a Room", function()
    body = marked "event"
    body.room = marked "event_room"
    local event = assert(ot.events:get("x"))
    check(event, "event")
    check(event.room, "event_room")
    assert.equal(body.room.id, event.raw.room.id)
    body = marked "exception"
    body.type = "exception"
    check(assert(ot.events:get("x")), "exception", "type")
  end)

  it("are all there on occurrences and on the people who are invited", function()
    body = marked "event"
    local event = assert(ot.events:get("x"))
    body = marked "instance"
    body.room = marked "event_room"
    local instance = assert(event.instances:get("20270118T080000Z"))
    check(instance, "instance", "room")
    check(instance.room, "event_room")
    body = { marked "invitee" }
    check(assert(event.invites:list())[1], "invitee")
  end)

  it("are all there on users, tariffs and what a room's event is called", function()
    body = marked "user"
    check(assert(ot.users:me()), "user")
    body = marked "tariff"
    check(assert(ot.users:tariff()), "tariff")
    body = marked "room"
    local room = assert(ot.rooms:get("x"))
    body = marked "event_info"
    check(assert(room:event()), "event_info")
  end)

  it("are all there on dial-ins, streaming targets and shared folders", function()
    body = marked "room"
    local room = assert(ot.rooms:get("x"))
    body = marked "sip"
    check(assert(room.sip:get()), "sip")
    body = marked "streaming_target"
    check(assert(room.streaming_targets:get("x")), "streaming_target")
    body = marked "shared_folder"
    body.read = {}
    check(assert(ot.events:folder("x")), "shared_folder")
  end)

  it("read as nil where the server says null or nothing", function()
    body = { id = "x", password = salon.null }
    local room = assert(ot.rooms:get("x"))
    assert.is_nil(room.password)
    assert.is_nil(room.created_by)
    assert.is_nil(room.dial_in)
    assert.is_nil(room.title)
    assert.equal("open", room.access)
  end)

  it("cannot be written to", function()
    body = { id = "x" }
    local room = assert(ot.rooms:get("x"))
    assert.error_matches(function() room.id = "y" end, "salon%.Room is read%-only")
    local copy = room:totable()
    copy.id = "y"
    assert.equal("x", room.id)
  end)
end)
