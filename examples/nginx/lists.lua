-- What the page shows: coming meetings and rooms, as plain tables. A list is made of
-- entries with title, room (its id), url, dial_in, takes_guests, and `event` or `access`.
-- list.more: is there another page? list.titles: those that are known, by room.

local salon = require "salon"

local DAYS = 28       -- how far ahead meetings are shown
local PER_PAGE = 10

local lists = {}

-- A server may send anything where a text is expected.
local function text(value) return type(value) == "string" and value or nil end
lists.text = text

-- Of starts_at and ends_at: "2026-11-30T09:00:00Z" and "Europe/Berlin".
function lists.moment(value)
  value = type(value) == "table" and value or {}
  return text(value.datetime) or "", text(value.timezone) or ""
end

-- What `fn` gives for each of a list, all at the same time; false where it gives nothing.
local function at_once(list, fn)
  local jobs = {}
  for i, item in ipairs(list) do jobs[i] = function() return fn(item) or false end end
  return salon.all(jobs)
end

-- Meetings ------------------------------------------------------------------

-- Older servers list series as such, and are asked for the dates of each.
local function dates_one_by_one(client, window)
  local page, err = client.events:list(window)
  if not page then return nil, err end
  local found, dates = at_once(page, function(event)
    return event.type == "recurring" and event.instances:list {
      time_min = window.time_min, time_max = window.time_max }
  end), {}
  for i, event in ipairs(page) do
    for _, date in ipairs(found[i] or { event }) do dates[#dates + 1] = date end
  end
  return dates
end

local function dates_of(client, window)
  client:server()   -- asks once for the version, by which `supports` judges
  if client:supports "events.instances" then
    window.instances_max = 2 * DAYS
    local page, err = client.events.instances:list(window)
    if page or err.kind ~= "unsupported" and err.status ~= 404 then return page, err end
    window.instances_max = nil
  end
  return dates_one_by_one(client, window)
end

-- By what to sort it: its start; nil when it is over. A series of which the server does
-- not tell the dates comes last.
local function order(event, now)
  if event.type == "recurring" then return "~" end
  local starts, ends = (lists.moment(event.starts_at)), (lists.moment(event.ends_at))
  local is_today = event.is_all_day and starts:sub(1, 10) == now:sub(1, 10)
  return (ends > now or is_today) and starts or nil
end

-- Who made a room can make links for guests, unless the room lets none in.
local function takes_guests(room, is_ours)
  return is_ours and room ~= nil and room.guest_access ~= "disabled" and not room.e2e_encryption
end

local function meeting(event, place)
  local room = event.room
  return { place = place, event = event, title = text(event.title) or "No title",
    url = event.join_url, room = room and room.id, dial_in = room and room.dial_in,
    takes_guests = takes_guests(room, event.can_edit), cancelled = event.status == "cancelled" }
end

---The meetings of the next weeks, out of the first hundred.
function lists.events(client, number)
  local now = ngx.time()
  local dates, err = dates_of(client, { adhoc = false, time_min = now - 86400,
    time_max = now + DAYS * 86400 })
  if not dates then return nil, err end
  local all, titles = {}, {}
  for _, event in ipairs(dates) do
    local place = order(event, salon.time.rfc3339(now))
    local entry = meeting(event, place)
    if entry.room then titles[entry.room] = entry.title end
    if place then all[#all + 1] = entry end
  end
  table.sort(all, function(a, b) return a.place < b.place end)
  local last = number * PER_PAGE
  return { more = all[last + 1] ~= nil, titles = titles,
    unpack(all, last - PER_PAGE + 1, math.min(last, #all)) }
end

-- Rooms ---------------------------------------------------------------------

-- Rooms of OpenTalk have no title, but their meetings do.
local function about_rooms(client, page)
  client:server()
  return at_once({
    function() return client.users:me() end,
    function()
      return client:supports "rooms.event" and at_once(page, function(room) return room:event() end)
    end,
  }, function(ask) return ask() end)
end

function lists.rooms(client, number)
  local is_opentalk = client.backend == "opentalk"   -- Meet alone sets the length of a page
  local page, err = client.rooms:list { page = number, per_page = is_opentalk and PER_PAGE or nil }
  if not page then return nil, err end
  local me, events = unpack(is_opentalk and page[1] and about_rooms(client, page) or {}, 1, 2)
  local list = { more = page.next ~= nil, titles = {} }
  for i, room in ipairs(page) do
    local event, maker = events and events[i] or {}, room.created_by
    local title = text(event.title) or text(room.name)
    list.titles[room.id] = title
    list[i] = { title = title, room = room.id, url = room.join_url, access = room.access, dial_in = room.dial_in,
      takes_guests = takes_guests(room, me and type(maker) == "table" and maker.id == me.id) }
  end
  return list
end

return lists
