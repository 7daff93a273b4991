-- The Meet client (La Suite, External API v1.0): checks its options, ties
-- session, logins and resources together, and knows which refusals a fresh token
-- cures.

local Http = require "salon.internal.http"
local Secrets = require "salon.internal.secrets"
local Server = require "salon.internal.server"
local Session = require "salon.internal.session"
local account = require "salon.meet.account"
local api = require "salon.meet.api"
local call = require "salon.internal.call"
local client = require "salon.internal.client"
local general_hints = require "salon.internal.hints"
local hints = require "salon.meet.hints"
local login = require "salon.meet.login"
local lower = require "salon.internal.lower"
local options = require "salon.internal.options"
local unsupported = require "salon.internal.unsupported"

local meet = {}

local API = "/external-api/v1.0"
local SWEEP_EVERY = 256  -- new logins

meet.OPTIONS = options.merge(options.CLIENT, {
  url = { "string", required = true, says = "origin of the server: https://meet.example.org" },
  client_id = options.merge(options.NAME, { says = "of the application" }),
  client_secret = options.SECRET,
  user = options.merge(options.NAME, {
    says = "e-mail address of the user to act for; a call may name another" }),
  token = options.merge(options.TOKEN, {
    says = "instead of application and user: from outside, or the user's own of the OpenID provider" }),
})

-- Which of the options belong together.
local function fault(given)
  if not given.url then return "option 'url' is required" end
  for _, name in ipairs { "client_id", "client_secret", "user" } do
    if given.token and given[name] then return ("options 'token' and '%s' exclude each other"):format(name) end
    if not (given.token or given[name] or name == "user") then
      return ("option '%s' is required (or give 'token')"):format(name)
    end
  end
end

local function check_sense(checked, given)
  local message = fault(checked)
  if message then client.refuse("salon.meet", given, message) end
end

-- Backend: what the session asks ---------------------------------------------

local Backend = {}
Backend.__index = Backend

-- Forgets logins that failed or whose token expired, so that a server of many users
-- stays lean.
local function sweep(self)
  for user, one in pairs(self.logins) do
    if not one:alive() then self.logins[user] = nil end
  end
end

-- Tokens belong to a user; origin and application are the client's.
function Backend:login(asked)
  local user = asked.user or ""
  local found = self.logins[user]
  if found == nil then
    local logins = self.counter
    logins.made = logins.made + 1
    if logins.made % SWEEP_EVERY == 0 then sweep(self) end
    found = login.new { http = self.http, base = self.base, secrets = self.secrets,
      given = self.given, user = asked.user }
    self.logins[user] = found
  end
  return found
end

-- A token that is not accepted shows as 401 or, on servers with an OpenID
-- provider, as a 400 in HTML. An HTML 500 may be one too, but its outcome is
-- unknown, so it never leads to a second request.
function Backend.cure(_, pending, err, shape)
  local refused = err.status == 401 or (err.status == 400 and shape == "html"
    and not general_hints.general(err))
  pending.refused = refused
  if refused and pending.login.renewable and not pending.renewed then return "renew" end
  return nil
end

-- Servers say 405 to what they cannot do, before 1.6 a 403 of their own. A web page with
-- such a status is a proxy's, which does not route the API; with 404 it may be the server's
-- own, to paths that it does not know.
local function is_lacking(err, shape, op)
  if op == nil or op.since == nil then return false end
  if shape == "html" then
    return err.status == 404 and op.misread and lower(err.message):find(op.misread, 1, true)
  end
  return err.status == 405 or err.status == 403 and err.message:find("Unknown action", 1, true)
end

function Backend:explain(err, shape, pending)
  local op = pending.call.operation
  if is_lacking(err, shape, op) then
    unsupported.explain(err, op, self.server)
  elseif pending.refused then
    err.kind = "auth"
    err.hint = general_hints.find(hints.REFUSED, err)
      or pending.given_again and general_hints.GIVEN_AGAIN
      or pending.login.renewable and general_hints.find(hints.FRESH, err)
      or hints.GIVEN
  else
    err.hint = general_hints.find(hints.ROOMS, err) or err.hint
    -- The server's random name was taken: it made nothing.
    if err.status == 400 and err.method == "POST" and err.body
      and err.body:find('^{"slug":') then
      err.retryable = true
    end
  end
end

-- The whole path, or what stands below the External API.
function Backend.place(_, parts)
  if parts[1] ~= "external-api" or parts[2] ~= "v1.0" then return parts end
  local below = {}
  for i = 3, #parts do below[#below + 1] = parts[i] end
  return below
end

Backend.user_fault = api.user_fault

local CHAPTERS = { rooms = "salon.meet.rooms" }
client.load_in_nginx(CHAPTERS)

function meet.resources() return { (require "salon.meet.rooms") } end

-- The client -------------------------------------------------------------------

-- `self` becomes a client.
local function equip(self, session)
  client.equip(self, session, {
    backend = "meet",
    events = unsupported.service("meet.events", "Meet's External API has no events"),
    as = meet.as,
    token = account.token,
    whoami = account.whoami,
    logout = account.logout,
    server = Server.about,
    supports = Server.supports,
    call = call.call,
    pages = call.pages,
  }, CHAPTERS)
end

---A client for a Meet server. Nothing is sent before the first call.
---
---Source: Meet External API v1.0, `POST /application/token/`.
---@param given salon.meet.Options
---@return salon.meet.Client
function meet.new(given)
  local checked = options.check("salon.meet", given, meet.OPTIONS)
  options.urls("salon.meet", checked, { "url" })
  check_sense(checked, given)
  for _, name in ipairs { "client_secret", "token" } do
    checked[name] = options.hide(checked[name])
  end
  local origin = checked.url:gsub("/external%-api/v1%.0$", "")
  local self = client.new("meet", origin, checked)
  local secrets = Secrets.new()
  for _, name in ipairs { "client_secret", "token" } do secrets:note(name, checked[name]) end
  local http = Http.new { client = self, secrets = secrets, options = checked }
  local session = Session.new(http, setmetatable({
    base = origin .. API,
    http = http,
    secrets = secrets,
    given = checked,
    server = Server.new(meet.resources, "salon.opentalk"),
    user = checked.user,
    logins = {},
    counter = { made = 0 },
  }, Backend))
  equip(self, session)
  return self
end

local AS = { user = { "string", required = true, check = options.NAME.check } }

---A client for another user. It shares connections, configuration and logins with this
---one, and ends with it; closing it ends nothing but itself.
---
---Never mixes tokens: each user has a login.
---@param self salon.meet.Client
---@param user string  e-mail address
---@return salon.meet.Client
function meet.as(self, user)
  local session = client.session(self, "client:as")
  options.check("client:as", { user = user }, AS, 3, "argument")
  local message = api.user_fault(session, user)
  if message then error("client:as: " .. message, 2) end
  local origin = session.backend.base:sub(1, -#API - 1)
  local other = client.like(self, ("meet %s as %s"):format(origin, user))
  equip(other, session:like(other, { user = user }))
  return other
end

return meet
