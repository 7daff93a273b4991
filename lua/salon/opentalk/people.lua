-- The people who are invited to an OpenTalk event: the service `event.invites`. Somebody
-- with an account is named by id, anybody else by e-mail address: two routes, one method.

local api = require "salon.opentalk.api"
local is = require "salon.internal.is"
local operation = require "salon.internal.operation"
local options = require "salon.internal.options"
local resource = require "salon.internal.resource"
local taken = require "salon.internal.taken"

local getters = {}

for _, name in ipairs { "id", "email", "display_name", "role", "kind" } do
  getters[name] = function(invitee)
    local profile = invitee.raw.profile
    return type(profile) == "table" and profile[name] or nil
  end
end

local Invitee = resource.class {
  name = "salon.Invitee", backend = "opentalk", word = "invitee", getters = getters,
  path_keys = 2,
  fields = {
    profile = "table  as the server sends it",
    status = '"pending"|"accepted"|"tentative"|"declined"',
  },
  computed = {
    id = "string?  of people with an account",
    email = "string?",
    display_name = "string?",
    role = '("user"|"moderator"|"guest")?  nil on servers of 2023',
    kind = '"registered"|"unregistered"|"email"',
  },
}

-- Event and person.
function Invitee.path(invitee)
  return { resource.service_of(invitee).keys[1], invitee.id or invitee.email }
end

local function key_of(raw)
  local profile = type(raw.profile) == "table" and raw.profile or {}
  return profile.id or profile.email
end

local ROLES = { "user", "moderator", "guest", says = "user or moderator; guest or moderator of an "
  .. "address without an account. Servers of 2023 know no roles" }

local PERSON = {
  invitee = is.text { says = "id of a user" },
  email = is.text { says = "address, of anybody" },
  role = is.one_of(ROLES),
}

local function person_fault(fields)
  if (fields.invitee == nil) == (fields.email == nil) then
    return "either field 'invitee' or field 'email' is required"
  elseif fields.invitee and fields.role == "guest" then
    return "field 'role' must be 'user' or 'moderator' of a user"
  elseif fields.email and fields.role == "user" then
    return "field 'role' must be 'guest' or 'moderator' of an e-mail address"
  elseif fields.email and not fields.email:find "^[^@%z\1-\32]+@[^@%z\1-\32]+$" then
    return "field 'email' must be one e-mail address"
  end
end

local NOTIFY = { notify = api.NOTIFY }
local ONE = "/events/{event_id}/invites/{user_id}"
local BY_EMAIL = "/events/{event_id}/invites/email"

-- Servers of 2023 take "email" for an id.
local function by_email(verb, name, body)
  return operation.new({ verb .. " " .. BY_EMAIL, body = body, query = NOTIFY, since = "0.7",
    misread = "uuid parsing failed" },
    { name = ("event.invites:%s by e-mail address"):format(name), api = api })
end

-- Somebody's id or address is the second key.
local function to_person(op, service, keys, fields, given)
  local who = keys[2]
  if not who:find("@", 1, true) then return operation.perform(op, service, keys, fields, given) end
  local named = { email = who, role = fields and fields.role }
  return operation.perform(op.by_email, service, keys, named, given)
end

-- Servers of 2023 ignore the status.
local function has_status(raw, given) return given.status == nil or raw.status == given.status end

-- Newer servers refuse page numbers here, by mistake. All of them give up to 100 people
-- with the event.
local function decode_event(source, response)
  local event, err = source.session:decode(response, "object")
  if event == nil then return nil, err end
  if type(event.invitees) ~= "table" then
    return nil, source.session:shape_error(response, "the event has no list 'invitees'")
  end
  if event.invitees_truncated then
    err = source.session:shape_error(response, "more people are invited than the server lists")
    err.kind, err.hint = "limit", "it refuses to page them, and gives 100 with an event"
    return nil, err
  end
  return event.invitees
end

local WITH_EVENT = operation.new({ "GET /events/{event_id}", pages = "all", gives = Invitee,
  key_of = key_of, keep = has_status, decode = decode_event, query = { invitees_max = is.integer { always = 100 } } },
  { name = "event.invites:list", api = api })

local function refuses_pages(err)
  return err.status == 400 and err.message:find("invalid type", 1, true)
end

local function instead(op, service, keys, given, err)
  if not refuses_pages(err) then return nil end
  return operation.source(op.with_event, service, keys, { timeout = given.timeout, status = given.status })
end

-- Where a second page may be refused, all people come on the first.
local function list(op, service, keys, _, given)
  local session = service.session
  local deadline = session:deadline(given.timeout)
  local page, err = operation.list(op, service, keys, nil, given, deadline)
  local is_all = page and not (page.next and session.backend.discovery.says_version)
  if is_all or given.page or err and not refuses_pages(err) then return page, err end
  return operation.list(op.with_event, service, keys, nil, { status = given.status }, deadline)
end

-- Servers of 2023 know no roles, and ignore them without a word.
local function invite(op, service, keys, fields, given)
  local session = service.session
  local deadline = session:deadline(given.timeout)
  local invited, err = operation.perform(op, service, keys, fields, given, deadline)
  if not invited or fields.role ~= "moderator" or session.backend.discovery.says_version then
    return invited, err
  end
  local people
  people, err = operation.list(op.with_event, service, keys, nil, {}, deadline)
  if err and err.kind == "limit" then return true end  -- too many to look the person up
  for _, person in ipairs(people or {}) do
    local is_meant = fields.invitee and person.id == fields.invitee
      or fields.email and person.email == fields.email
    if is_meant and person.role ~= "moderator" then
      return nil, taken.left_out(person, { "role" })
    end
  end
  return people and true, err
end

return resource.new {
  name = "event.invites", class = "People", api = api, record = Invitee, known = { "event_id" },
  operations = {
    list = { "GET /events/{event_id}/invites", pages = "numbered", key_of = key_of,
      query = { per_page = is.integer { min = 1, max = 100, says = "newer servers refuse it, and all come at once" },
        status = is.one_of { "pending", "accepted", "tentative", "declined", since = "0.5" } },
      keep = has_status, instead = instead, with_event = WITH_EVENT, list = list,
      says = "The people who are invited: users first, then e-mail addresses. Newer servers list 100, "
        .. "on one page; with more there is an error." },
    create = { "POST /events/{event_id}/invites", body = PERSON, query = NOTIFY, check = person_fault,
      run = invite, with_event = WITH_EVENT,
      says = "Invites somebody, by id or by e-mail address. Also true where the person had been "
        .. "invited already." },
    update = { "PATCH " .. ONE, body = { role = is.one_of(options.merge(ROLES, { required = true })) }, query = NOTIFY,
      run = to_person, by_email = by_email("PATCH", "update", PERSON), since = "0.7",
      says = "Gives somebody another role; `user_id` may be an e-mail address." },
    withdraw = { "DELETE " .. ONE, query = NOTIFY, run = to_person, gone = true,
      by_email = by_email("DELETE", "withdraw", { email = PERSON.email }),
      says = "Takes an invitation back; `user_id` may be an e-mail address (servers since 0.7). On servers "
        .. "of 2023 the person can still read event and room: only deleting both cures that." },
  },
}
