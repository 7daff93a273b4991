-- The sandbox's memory: users, applications, rooms, events, guest links,
-- sessions and tokens, as plain tables. It lives in nginx's only worker; what
-- the wire forms look like is the chapters' business.
--
-- Whoever changes something calls store.touch(): rendered lists are kept in
-- store.cache until then.

local json = require "salon.sandbox.json"
local random = require "salon.sandbox.random"

local store = {}

local PASSWORD = "throwaway-password"
local LETTERS = "abcdefghijklmnopqrstuvwxyz"

-- The users of the login service: name, given name, family name, state.
local PEOPLE = {
  { "alice", "Alice", "Adams" }, { "bob", "Bob", "Brown" },
  { "charlie", "Charlie", "Cooper" }, { "dora", "Dora", "Dunn", { disabled = true } },
  { "eve", "Eve", "Evans", { pending = true } }, { "frank", "Frank", "Fox" },
  { "grete", "Grete", "Graf" }, { "henry", "Henry", "Hall" },
  { "irene", "Irene", "Ives" }, { "jack", "Jack", "Jones" },
  { "nora", "Nora", nil, { pending = true } },
  { "zoe", "Zoë", "Zorn", { password = "throwaway & pass+word=100% é" } },
}

-- Lives in seconds. `lock`: wrong passwords that lock an account for a minute.
local REALMS = {
  OPENTALK = { access = 300, idle = 1800, session = 36000 },
  ROTATE = { access = 300, idle = 1800, session = 36000, rotate = true },
  SHORT = { access = 5, idle = 10, session = 60 },
}

local CLIENTS = {
  Frontend = { direct = true, audience = true, groups = true },
  FrontendPkce = { direct = true },
  Other = { direct = true },
  NoGrants = {},
  SwitchedOff = { direct = true, disabled = true },
  Controller = { direct = true, secret = "throwaway-controller-secret-1234" },
  NoService = { direct = true, secret = "throwaway-bot-secret-56789012345" },
}

local THREE = { "rooms:list", "rooms:retrieve", "rooms:create" }
local FIVE = { "rooms:list", "rooms:retrieve", "rooms:create", "rooms:update", "rooms:delete" }

local APPLICATIONS = {
  ["throwaway-app"] = { scopes = THREE },
  ["throwaway-app-five"] = { scopes = FIVE },
  ["throwaway-app-listonly"] = { scopes = { "rooms:list" } },
  ["throwaway-app-noscope"] = { scopes = {} },
  ["throwaway-app-domain"] = { scopes = THREE, domains = { ["example.net"] = true } },
  ["throwaway-app-inactive"] = { scopes = THREE, inactive = true },
}

-- Microseconds of the sandbox's clock; never the same number twice, so that
-- what was made later is later.
function store.now()
  store.drawn = store.drawn + 1
  local now = math.floor((ngx.now() + store.ahead) * 1000) * 1000 + store.drawn * 7919 % 1000
  store.last = now > store.last and now or store.last + 1
  return store.last
end

---Seconds of the sandbox's clock.
function store.seconds() return ngx.now() + store.ahead end

function store.touch() store.cache = {} end

---What `make` gives, kept under `key` until something is written.
function store.cached(key, make)
  local value = store.cache[key]
  if value == nil then
    value = make()
    store.cache[key] = value
  end
  return value
end

-- The list of `user`'s things in order; sorted once after each change.
local function sorted(kind, user, before)
  return store.cached(kind .. user.id, function()
    local list = {}
    for _, thing in pairs(user[kind]) do list[#list + 1] = thing end
    table.sort(list, before)
    return list
  end)
end

-- OpenTalk --------------------------------------------------------------

local function add_person(name, given, family, state)
  local email = family and name .. "@example.org" or nil
  store.people[name] = {
    name = name, given = given, family = family, email = email,
    password = state and state.password or PASSWORD,
    disabled = state and state.disabled, pending = state and state.pending,
    sub = store.random:uuid(), id = store.random:uuid(),
    title = "", display_name = given .. (family and " " .. family or ""), language = "",
    dashboard_theme = "system", conference_theme = "system",
    rooms = {}, events = {}, failures = {},
  }
end

---Finds a person by user name or e-mail address, whatever the case.
function store.person(name)
  name = name:lower()
  local person = store.people[name]
  if person then return person end
  for _, other in pairs(store.people) do
    if other.email == name then return other end
  end
end

---Makes a room; fields: password, waiting_room, sip, guest_access.
function store.add_room(owner, fields)
  local room = {
    id = store.random:uuid(), owner = owner, created = fields.created or store.now(),
    password = fields.password, waiting_room = fields.waiting_room or false,
    guest_access = fields.guest_access or "waiting_room",
    e2e_encryption = fields.e2e_encryption or false,
    invites = {}, readers = {},
  }
  if fields.sip then
    room.sip = { id = store.random:digits(10), password = store.random:digits(10) }
  end
  store.rooms[room.id], owner.rooms[room.id] = room, room
  store.touch()
  return room
end

function store.remove_room(room)
  store.rooms[room.id] = nil
  room.owner.rooms[room.id] = nil
  for _, reader in pairs(room.readers) do reader.rooms[room.id] = nil end
  store.gone[room.id] = room.owner
  store.touch()
end

---Rooms a user owns or is invited to: by id, descending.
function store.rooms_of(user)
  return sorted("rooms", user, function(a, b) return a.id > b.id end)
end

function store.add_invite(room, user, expiration)
  local now = store.now()
  local invite = {
    code = store.random:uuid(), room = room, active = true, expiration = expiration,
    created = now, created_by = user, updated = now, updated_by = user,
  }
  store.invites[invite.code], room.invites[invite.code] = invite, invite
  store.touch()
  return invite
end

---The guest links of a room, last change first.
function store.invites_of(room)
  local list = {}
  for _, invite in pairs(room.invites) do list[#list + 1] = invite end
  table.sort(list, function(a, b) return a.updated > b.updated end)
  return list
end

-- Without a start first, then by start, creation and id.
function store.event_before(a, b)
  local one, two = a.starts and a.starts.at or -math.huge, b.starts and b.starts.at or -math.huge
  if one ~= two then return one < two end
  if a.created ~= b.created then return a.created < b.created end
  return a.id < b.id
end

---Makes an event with its room. starts, ends: { at, timezone }; last: end of
---the whole series.
function store.add_event(owner, fields)
  local event = {}
  for key, value in pairs(fields) do event[key] = value end
  event.id, event.owner = store.random:uuid(), owner
  event.created = fields.created or store.now()
  event.updated = event.created
  event.invitees, event.favourites, event.exceptions = {}, {}, {}
  if not event.room then
    fields.sip = true
    event.room = store.add_room(owner, fields)
  end
  event.room.sip = event.room.sip
    or { id = store.random:digits(10), password = store.random:digits(10) }
  event.room.event = event
  store.events[event.id], owner.events[event.id] = event, event
  store.touch()
  return event
end

function store.events_of(user) return sorted("events", user, store.event_before) end

-- Meet ------------------------------------------------------------------

local function add_account(email, fields)
  local account = fields or {}
  account.email, account.id, account.rooms = email, store.random:uuid(), {}
  store.accounts[email] = account
  return account
end

---A room name as the server draws it: abc-defg-hij.
function store.slug()
  local r = store.random
  return r:text(3, LETTERS) .. "-" .. r:text(4, LETTERS) .. "-" .. r:text(3, LETTERS)
end

---Makes a Meet room; roles: { account = "owner", ... }.
function store.add_meeting(roles, fields)
  local room = {
    id = fields.id or store.random:uuid(), name = fields.name or store.slug(),
    level = fields.level or "trusted", configuration = fields.configuration,
    pin = fields.pin or store.random:digits(10), roles = roles,
  }
  room.slug = fields.slug or room.name
  -- The database's collation: case and punctuation count last.
  room.key = room.name:lower():gsub("%W", "")
  store.meetings[room.id], store.slugs[room.slug] = room, room
  for account in pairs(roles) do account.rooms[room.id] = room end
  store.touch()
  return room
end

function store.meetings_of(account)
  return sorted("rooms", account, function(a, b)
    if a.key ~= b.key then return a.key < b.key end
    return a.name < b.name
  end)
end

-- Start -----------------------------------------------------------------

local function seed_meet(count)
  for _, name in ipairs { "ada", "grace", "edsger", "stranger" } do
    add_account(name .. "@example.org")
  end
  add_account("disabled@example.org", { inactive = true })
  add_account("twin@example.org", { twin = true })
  local who = function(name) return store.accounts[name .. "@example.org"] end
  store.add_meeting({ [who "grace"] = "owner" }, { name = "hhq-occe-qcp",
    id = "d1d0b6cd-4930-477e-8ea5-34dfe5dfd534", pin = "3469033985", configuration =
      json.read '{"everyone_can_mute":true,"can_publish_sources":["camera","microphone"]}' })
  store.add_meeting({ [who "grace"] = "administrator" }, { name = "Weekly stand-up",
    id = "f9be2e41-e306-457a-be14-d344c2f3026f", pin = "9382404113", level = "public",
    slug = "weekly-stand-up", configuration = json.read '{"everyone_can_mute":false}' })
  store.add_meeting({ [who "grace"] = "member" }, { name = "yry-vojw-mea", level = "restricted",
    id = "8cc3743e-725b-4ee7-bb1e-dfda709f85f4", pin = "0007351011" })
  store.add_meeting({ [who "stranger"] = "owner" },
    { level = "public", id = "5b005ba2-a900-4173-8b8a-5567ff05ae15" })
  for _ = 1, 45 do store.add_meeting({ [who "edsger"] = "owner" }, {}) end
  for _ = 1, count do store.add_meeting({ [who "ada"] = "owner" }, {}) end
end

local TITLES = { "Budget round", "Stand-up", "Review", "Training", "Off-site", "Interview" }
local HOUR = 3600 * 1000000

-- Events in turn: every tenth time-independent (every twentieth ad hoc), every
-- seventh weekly, every fourteenth of these with a cancelled date.
local function seed_event(owner, i, first, created, room)
  local fields = { title = ("%s %d"):format(TITLES[i % #TITLES + 1], i), description = "",
    is_adhoc = i % 20 == 0, created = created, room = room, is_all_day = false }
  if i % 10 ~= 0 then
    local start = first + i * HOUR
    fields.starts = { at = start, timezone = "Europe/Berlin" }
    fields.ends = { at = start + HOUR, timezone = "Europe/Berlin" }
    fields.last = fields.ends.at
    if i % 7 == 0 then
      fields.pattern = { "FREQ=WEEKLY;COUNT=10" }
      fields.last_start = start + 9 * 7 * 24 * HOUR
      fields.last = fields.last_start + HOUR
    end
  end
  local event = store.add_event(owner, fields)
  if fields.pattern and i % 14 == 0 then
    event.exceptions[1] = { at = event.starts.at + 7 * 24 * HOUR, status = "cancelled",
      created = store.now(), by = owner }
  end
end

local function seed_opentalk(rooms, events)
  for _, person in ipairs(PEOPLE) do add_person(unpack(person, 1, 4)) end
  local alice = store.people.alice
  local created = store.now() - (rooms + 1) * 1000000
  local made = {}
  for i = 1, rooms do
    made[i] = store.add_room(alice, { created = created + i * 1000000,
      password = i % 5 == 0 and "kiwi-" .. i or nil, waiting_room = i % 3 == 0 })
  end
  local first = created - created % (24 * HOUR) + 24 * HOUR
  for i = 1, events do
    seed_event(alice, i, first, created + i * 1000000, made[i])
  end
end

---Brings everything into the state at the start. Events use the first of the
---`rooms` rooms, so that there are as many rooms as were asked for.
function store.reset(settings)
  store.settings = settings
  store.ahead, store.last, store.drawn, store.cache = 0, 0, 0, {}
  store.random = random.new(settings.seed)
  store.noise = random.new(settings.seed + 1)   -- request ids, which nobody's order depends on
  store.people, store.rooms, store.gone, store.invites, store.events = {}, {}, {}, {}, {}
  store.accounts, store.meetings, store.slugs = {}, {}, {}
  store.tokens = {}
  store.realms, store.clients, store.applications = REALMS, CLIENTS, APPLICATIONS
  if settings.opentalk then seed_opentalk(settings.rooms, settings.events) end
  if settings.meet then seed_meet(settings.rooms) end
end

return store
