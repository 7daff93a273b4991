-- OpenTalk's users: the service `ot.users`, the profiles and the tariff.

local api = require "salon.opentalk.api"
local is = require "salon.internal.is"
local operation = require "salon.internal.operation"
local resource = require "salon.internal.resource"
local unsupported = require "salon.internal.unsupported"

local User = resource.class {
  name = "salon.User", backend = "opentalk", word = "user",
  fields = {
    id = "string?  the controller's own id; people who never logged in have none",
    email = "string",
    title = "string",
    firstname = "string",
    lastname = "string",
    display_name = "string",
    avatar_url = "string",
    kind = '("registered"|"unregistered")?  of a search; unregistered: without id, title and '
      .. "display_name",
    language = "string?  of your own profile",
    dashboard_theme = "string?  of your own profile",
    conference_theme = "string?  of your own profile",
    tariff_status = '("default"|"paid"|"downgraded")?  of your own profile',
    used_storage = "integer?  bytes, of your own profile",
  },
}

local Tariff = resource.class {
  name = "salon.Tariff", backend = "opentalk", word = "tariff",
  fields = {
    id = "string",
    name = "string",
    quotas = "table<string, integer>  room_time_limit_secs …; what is missing has no limit",
    modules = "table<string, { features: string[] }>?  newer servers",
    enabled_modules = "string[]?  servers of 2023",
  },
}

-- The vendor's own decoder fails at the empty language that servers of 2023 send; here it
-- is text like any other.
local PROFILE = {
  title = is.text { max_chars = 255, empty = true },
  display_name = is.text { max_chars = 255, says = "the operator may forbid to change it" },
  language = is.text { max_chars = 35, says = "BCP 47: de-DE" },
  dashboard_theme = is.text { max_chars = 128 },
  conference_theme = is.text { max_chars = 128 },
}

local function query_fault(_, _, keys)
  if #keys[1] < 3 then return "argument 'q' must have at least 3 bytes" end
end

-- Your files, and what the tariff allows: two objects of the API.
local function storage(op, service, keys, _, given)
  local deadline = service.session:deadline(given.timeout)
  local me, err = operation.perform(op.ops.me, service, keys, nil, {}, deadline)
  if me == nil then return nil, err end
  local used = me.used_storage
  if type(used) ~= "number" then
    err = unsupported.error(op.name, "the server does not tell it", "servers since 0.11 do")
    err.status, err.attempts, err.outcome = me.response.status, me.response.attempts, "done"
    return nil, err
  end
  local tariff
  tariff, err = operation.perform(op.ops.tariff, service, keys, nil, {}, deadline)
  if tariff == nil then return nil, err end
  local max = type(tariff.quotas) == "table" and tariff.quotas.max_storage or nil
  return { used = used, max = max, left = max and math.max(max - used, 0) }
end

local function key_of(raw) return raw.id or raw.email end

return resource.new {
  name = "users", class = "Users", api = api, record = User, Tariff = Tariff,
  operations = {
    me = { "GET /users/me", gives = User, says = "Your own profile." },
    update_me = { "PATCH /users/me", body = PROFILE, gives = User, empty = "me",
      says = "Changes your own profile." },
    tariff = { "GET /users/me/tariff", gives = Tariff, says = "Your tariff: quotas and modules." },
    storage = { "GET /users/me", run = storage, returns = "{ used: integer, max: integer?, left: integer? }",
      since = "0.11", says = "Bytes of your files, and how many your tariff allows: `max` and `left` "
        .. "are nil where it sets no limit." },
    get = { "GET /users/{user_id}", gives = User, on_record = false,
      says = "A user of the same tenant. Servers of 2023 refuse it to everybody (403)." },
    find = { "GET /users/find", argument = { name = "q", into = "query" }, pages = "all",
      check = query_fault, key_of = key_of,
      says = "Up to 20 users whose name or address matches; q has at least 3 bytes." },
    pending_invites = { "GET /users/me/pending_invites", value = "total_pending_invites",
      returns = "integer", since = "0.5",
      lacking = "servers have it since 0.5: count the events with invite_status 'pending'",
      says = "How many invitations wait for your response." },
  },
}
