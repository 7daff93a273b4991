-- The sandbox's memory: users, applications, rooms, events, guest links,
-- sessions, as plain tables, in nginx's only worker.
--
-- Code that changes something calls store.touch(): rendered lists are kept in
-- store.cache until then.

local random = require "salon.sandbox.random"

local store = {}

local PASSWORD = "throwaway-password"

-- The users of the login service: name, given name, family name, and the rest.
local PEOPLE = {
  { "alice", "Alice", "Adams" }, { "bob", "Bob", "Brown" },
  { "charlie", "Charlie", "Cooper" }, { "dora", "Dora", "Dunn", { disabled = true } },
  { "eve", "Eve", "Evans", { pending = true } }, { "frank", "Frank", "Fox" },
  { "grete", "Grete", "Graf" }, { "henry", "Henry", "Hall" },
  { "irene", "Irene", "Ives" }, { "jack", "Jack", "Jones" }, { "nora", "Nora" },
  { "otto", "Otto", "Ott", { otp = "throwawayotpsecret00" } },
  { "zoe", "Zoë", "Zorn", { password = "throwaway & pass+word=100% é" } },
}

-- Those of several tenants (claims tenant_id, tariff_id).
local TENANTS = {
  { "kim", "Kim", "Keller", { tenant = "alpha", tariff = "gold", nickname = "Kimmy" } },
  { "lee", "Lee", "Lang", { tenant = "alpha", tariff = "gold" } },
  { "nick", "Nick", "Neumann", { tenant = "alpha", tariff = "gold" } },
  { "olga", "Olga", "Orlow", { tenant = "beta", tariff = "gold" } },
  { "pat", "Pat", "Peters", { tenant = "alpha", tariff = "platinum" } },
  { "quinn", "Quinn", "Quandt", { tenant = "alpha" } },
  { "rita", "Rita", "Roth", { tariff = "gold" } },
}

-- Lifetimes in seconds; address: the realm's own, whatever the header Host says.
local REALMS = {
  OPENTALK = { access = 300, idle = 1800, session = 36000, device = 600, people = PEOPLE },
  OPENTALK2 = { access = 300, idle = 1800, session = 36000, device = 600, people = TENANTS },
  ROTATE = { access = 300, idle = 1800, session = 36000, device = 600, people = PEOPLE, rotate = true },
  SHORT = { access = 5, idle = 10, session = 60, device = 8, people = PEOPLE, locks_for_good = true },
  FRONTED = { access = 300, idle = 1800, session = 36000, device = 600, people = PEOPLE,
    address = "https://accounts.example.org/auth" },
}
local REALM_NAMES = { "OPENTALK", "OPENTALK2", "ROTATE", "SHORT", "FRONTED" }

local CLIENTS = {
  Frontend = { direct = true, audience = true, groups = true },
  NoAudience = { direct = true, groups = true },
  FrontendPkce = { direct = true },
  Other = { direct = true },
  NoGrants = {},
  SwitchedOff = { direct = true, disabled = true },
  Controller = { direct = true, secret = "throwaway-controller-secret-1234" },
  Device = { device = true, audience = true, groups = true },
  Bot = { service = true, secret = "throwaway-bot-secret-56789012345" },
  NoService = { secret = "throwaway-bot-secret-56789012345" },
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
  ["throwaway-app-prod"] = { scopes = THREE, secret = "throwaway-secret-prod" },
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

-- Lists in order -----------------------------------------------------------

-- A list sorts itself when it is asked for.
local List = {}
List.__index = List

local function new_list(before) return setmetatable({ before = before }, List) end

function List:add(thing) self[#self + 1], self.sorted = thing, false end

function List:remove(thing)
  for i = 1, #self do
    if self[i] == thing then return table.remove(self, i) end
  end
end

function List:sort()
  if not self.sorted then table.sort(self, self.before) end
  self.sorted = true
  return self
end

local function id_descending(a, b) return a.id > b.id end

-- Without a start first, then by start, creation and id.
local function event_before(a, b)
  local one, two = a.starts and a.starts.at or -math.huge, b.starts and b.starts.at or -math.huge
  if one ~= two then return one < two end
  if a.created ~= b.created then return a.created < b.created end
  return a.id < b.id
end

-- The letters behind the accents of Latin-1, from À to ÿ.
local PLAIN = "aaaaaaaceeeeiiiidnooooo*ouuuuypsaaaaaaaceeeeiiiidnooooo/ouuuuypy"

-- The database's collation: case, accents and punctuation count last, and other scripts
-- come after Latin.
local function collation_key(name)
  local plain = name:lower():gsub("\195([\128-\191])", function(second)
    local at = second:byte() - 127
    return PLAIN:sub(at, at)
  end)
  return (plain:gsub("[^%w\128-\255]", ""))
end

local function name_before(a, b)
  a.key, b.key = a.key or collation_key(a.name), b.key or collation_key(b.name)
  if a.key ~= b.key then return a.key < b.key end
  return a.name < b.name
end

-- OpenTalk --------------------------------------------------------------

---Makes a user of the login service.
function store.add_person(realm, name, given, family, more)
  local person = {
    name = name, given = given, family = family, realm = realm,
    email = family and name .. "@example.org" or nil, password = PASSWORD,
    sub = store.random:uuid(), id = store.random:uuid(),
    title = "", display_name = given .. (family and " " .. family or ""), language = "",
    dashboard_theme = "system", conference_theme = "system",
    rooms = new_list(id_descending), events = new_list(event_before), failures = {},
    codes_used = {},
  }
  for key, value in pairs(more or {}) do person[key] = value end
  person.display_name = person.nickname or person.display_name
  store.people[realm][name] = person
  store.subs[person.sub] = person
end

---Finds a person by user name, e-mail address (whatever the case) or id.
function store.person(realm, name)
  name = name:lower()
  local person = store.people[realm][name]
  if person then return person end
  for _, other in pairs(store.people[realm]) do
    if other.email == name or other.id == name then return other end
  end
end

-- The name that links may have in place of the room's id, or none.
local function rename(room, name)
  if room.alias then store.aliases[room.alias] = nil end
  room.alias = name or nil
  if name and store.settings.name_suffix then room.alias = name .. "_" .. store.random:slug():sub(1, 3) end
  if room.alias then store.aliases[room.alias] = room end
end

---Changes a room; fields: name and password (false: none), waiting_room, guest_access,
---e2e_encryption.
function store.change_room(room, fields)
  for _, name in ipairs { "waiting_room", "guest_access", "e2e_encryption" } do
    if fields[name] ~= nil then room[name] = fields[name] end
  end
  if fields.password ~= nil then room.password = fields.password or nil end
  if fields.name ~= nil then rename(room, fields.name) end
  store.touch()
end

---What one dials to join.
function store.new_sip() return { id = store.random:digits(), password = store.random:digits() } end

---The account of a client that logs in as itself.
function store.service_account(realm, client)
  local name = "service-account-" .. client:lower()
  local key = realm .. "/" .. name
  store.services[key] = store.services[key] or { name = name, service = client, sub = store.random:uuid(),
    realm = realm }
  return store.services[key]
end

---Makes a room; fields: id, sip, and what can be changed.
function store.add_room(owner, fields)
  local room = {
    id = fields.id or store.random:uuid(), owner = owner, created = fields.created or store.now(),
    waiting_room = false, guest_access = "waiting_room", e2e_encryption = false,
  }
  if fields.sip then room.sip = store.new_sip() end
  store.rooms[room.id] = room
  owner.rooms:add(room)
  store.change_room(room, fields)
  return room
end

---Invitees of a room's event may read both; in 2023 for ever.
function store.add_reader(room, person)
  room.readers = room.readers or {}
  if room.owner == person or room.readers[person] then return end
  room.readers[person] = true
  person.rooms:add(room)
end

function store.remove_reader(room, person)
  room.readers[person] = nil
  person.rooms:remove(room)
end

function store.remove_room(room)
  store.rooms[room.id], store.gone[room.id] = nil, room.owner
  rename(room)
  room.owner.rooms:remove(room)
  for reader in pairs(room.readers or {}) do reader.rooms:remove(room) end
  store.touch()
end

local Invite = {}
Invite.__index = Invite

function Invite:usable()
  return self.active and store.rooms[self.room.id] and not (self.expiration and self.expiration < store.now())
end

function store.add_invite(room, user, expiration, code)
  local now = store.now()
  local invite = setmetatable({
    code = code or store.random:uuid(), room = room, active = true, expiration = expiration,
    created = now, created_by = user, updated = now, updated_by = user,
  }, Invite)
  room.invites = room.invites or {}
  store.invites[invite.code], room.invites[invite.code] = invite, invite
  store.touch()
  return invite
end

---The guest links of a room, last change first.
function store.invites_of(room)
  local list = {}
  for _, invite in pairs(room.invites or {}) do list[#list + 1] = invite end
  table.sort(list, function(a, b) return a.updated > b.updated end)
  return list
end

local DATES = { "starts", "ends", "is_all_day", "last", "last_start", "pattern" }

---Changes an event's row; fields: title and so on, and all of its dates (DATES), which
---end the exceptions of the dates before.
function store.change_event(event, fields)
  for _, name in ipairs(DATES) do event[name] = nil end
  for name, value in pairs(fields) do event[name] = value end
  event.exceptions, event.dates, event.updated = {}, nil, store.now()
  event.owner.events.sorted = false
  for _, invitee in ipairs(event.invitees) do
    if invitee.user then invitee.user.events.sorted = false end
  end
  store.touch()
end

---Makes an event with its room. fields: title, ..., starts, ends: { at, timezone };
---last: end of the whole series; id, created, room (one that is there).
function store.add_event(owner, fields, room_fields)
  local event = {}
  for key, value in pairs(fields) do event[key] = value end
  event.id, event.owner = fields.id or store.random:uuid(), owner
  event.invitees, event.favourites, event.exceptions = {}, {}, {}
  if not event.room then
    room_fields = room_fields or {}
    room_fields.sip, room_fields.created = true, fields.created
    event.room = store.add_room(owner, room_fields)
  end
  event.created = fields.created or store.now()
  event.updated = event.created
  event.room.sip = event.room.sip or store.new_sip()
  event.room.event = event
  store.events[event.id] = event
  owner.events:add(event)
  store.touch()
  return event
end

---Gives an event a shared folder, or takes it away.
function store.share_folder(event, on)
  local function access(kind)
    return { url = "https://files.example/s/" .. event.id .. "/" .. kind, password = store.random:digits() }
  end
  event.shared_folder = on and (event.shared_folder or { read = access "read", read_write = access "write" }) or nil
  store.touch()
end

function store.remove_event(event)
  store.events[event.id] = nil
  event.owner.events:remove(event)
  for _, invitee in ipairs(event.invitees) do
    if invitee.user then invitee.user.events:remove(event) end
  end
  event.room.event = nil
  store.touch()
end

-- Meet ------------------------------------------------------------------

---Makes a Meet account.
function store.add_account(email, fields)
  local account = fields or {}
  account.email, account.id, account.rooms = email, store.random:uuid(), new_list(name_before)
  store.accounts[email], store.account_ids[account.id] = account, account
  return account
end

---Makes a Meet room; roles: { account = "owner", ... }.
function store.add_meeting(roles, fields)
  local room = {
    id = fields.id or store.random:uuid(), name = fields.name or store.random:slug(),
    level = fields.level or "trusted", configuration = fields.configuration,
    pin = fields.pin == nil and store.random:digits() or fields.pin, roles = roles,  -- false: none
  }
  room.slug = fields.slug or room.name
  store.meetings[room.id], store.slugs[room.slug] = room, room
  for account in pairs(roles) do account.rooms:add(room) end
  store.touch()
  return room
end

-- Start -----------------------------------------------------------------

local function seed_meet(count)
  for _, name in ipairs { "ada", "grace", "edsger", "stranger" } do
    store.add_account(name .. "@example.org")
  end
  store.add_account("disabled@example.org", { inactive = true })
  store.add_account("twin@example.org", { twin = true })
  local hers, nothing = { [store.accounts["ada@example.org"]] = "owner" }, {}
  for _ = 1, count do store.add_meeting(hers, nothing) end
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
  for _, realm in ipairs(REALM_NAMES) do
    store.people[realm] = {}
    for _, person in ipairs(REALMS[realm].people) do store.add_person(realm, unpack(person, 1, 4)) end
  end
  local alice = store.people.OPENTALK.alice
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

---Restores the state at the start. Events use the first of the
---`rooms` rooms, so that there are as many rooms as were asked for.
function store.reset(settings)
  store.settings = settings
  store.ahead, store.last, store.drawn, store.cache = 0, 0, 0, {}
  store.random = random.new(settings.seed)
  store.noise = random.new(settings.seed + 1)   -- request ids, which nobody's order depends on
  store.people, store.subs, store.sessions = {}, {}, {}
  store.rooms, store.gone, store.invites, store.events, store.aliases = {}, {}, {}, {}, {}
  store.accounts, store.account_ids, store.meetings, store.slugs = {}, {}, {}, {}
  store.web_sessions, store.downloads, store.grants = {}, {}, {}
  store.devices, store.revoked, store.services = {}, {}, {}
  store.realms, store.clients, store.applications = REALMS, CLIENTS, {}
  store.not_before = {}
  for id, application in pairs(APPLICATIONS) do store.applications[id] = application end
  collectgarbage "stop"     -- much is made, nothing thrown away
  if settings.opentalk then seed_opentalk(settings.rooms, settings.events) end
  if settings.meet then seed_meet(settings.rooms) end
  collectgarbage "restart"
end

return store
