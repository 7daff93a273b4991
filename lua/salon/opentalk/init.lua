-- The OpenTalk client: checks its options, ties session, discovery, login and
-- resources together, and knows which refusals a fresh token cures.

local Discovery = require "salon.opentalk.discovery"
local Http = require "salon.internal.http"
local Registration = require "salon.opentalk.registration"
local Secrets = require "salon.internal.secrets"
local Server = require "salon.internal.server"
local Session = require "salon.internal.session"
local account = require "salon.opentalk.account"
local call = require "salon.internal.call"
local client = require "salon.internal.client"
local json = require "salon.internal.json"
local login = require "salon.opentalk.login"
local lower = require "salon.internal.lower"
local options = require "salon.internal.options"
local refusals = require "salon.opentalk.refusals"
local unsupported = require "salon.internal.unsupported"

local opentalk = {}

opentalk.OPTIONS = options.merge(options.CLIENT, {
  url = { "string", says = "web front end or controller; the rest is discovered" },
  frontend_url = { "string", says = "overrides discovery" },
  controller_url = { "string", says = "overrides discovery" },
  issuer = { "string", says = "overrides discovery" },
  token_endpoint = { "string", says = "overrides discovery" },
  client_id = options.merge(options.NAME, { says = "of the login service; cannot be discovered" }),
  client_secret = options.merge(options.SECRET, { says = "of a confidential client" }),
  username = options.SECRET,
  password = options.PASSWORD,
  one_time_code = options.merge(options.SECRET, {
    says = "besides the password; works once, so only a function is asked again" }),
  device = { "function", luals = "fun(prompt: salon.opentalk.DevicePrompt)",
    says = "shows somebody where to confirm the login: sign-in.md" },
  refresh_token = options.merge(options.SECRET, { says = "of an earlier login" }),
  scope = options.merge(options.NAME, { default = "openid", says = '"openid" (default)' }),
  token = options.merge(options.TOKEN, { says = "from outside, instead of a login" }),
})

local URLS = { "url", "frontend_url", "controller_url", "issuer", "token_endpoint" }

-- Which of the options belong together; raises at the caller of `new`.
local function check_sense(checked, given)
  local has_url = checked.url or checked.controller_url or checked.frontend_url
  local message = not has_url and "option 'url' is required" or login.fault(checked)
  if message then client.refuse("salon.opentalk", given, message) end
end

-- Backend: what the session asks ------------------------------------------

local Backend = {}
Backend.__index = Backend

function Backend:locate(deadline)
  local base, err = self.discovery:locate(deadline)
  self.base, self.root = base, self.discovery.controller
  return base, err
end

function Backend:heard(body)
  if self.discovery.guess == nil then return end
  self.discovery:confirm(json.decode(body) ~= nil)  -- only a controller sends JSON
  self.base = self.discovery.api
end

function Backend:login()
  return self.the_login
end

function Backend:cure(pending, err, _, challenge)
  if err.status ~= 401 then return nil end
  local what = refusals.complaint(err, challenge)
  pending.complaint = what
  if what == nil then return nil end
  local renewable = pending.login.renewable and not pending.renewed
  if what == "unregistered" then
    return not pending.registered and "register" or nil
  elseif what == "session" then
    if pending.registered then return nil end
    return renewable and "both" or "register"
  end
  return renewable and "renew" or nil
end

function Backend:register(pending, deadline)
  return self.registration:register(pending.token, deadline)
end

-- Servers say 404 without a body to routes that they do not have.
local function is_unknown(err, shape, op)
  return shape == "empty" or op.misread and lower(err.message):find(op.misread, 1, true)
end

function Backend:explain(err, shape, pending)
  local op = pending.call.operation
  if err.status == 404 and op and op.since and is_unknown(err, shape, op) then
    unsupported.explain(err, op, self.server)
  elseif err.status == 401 and pending.complaint then
    refusals.explain_token(err, pending)
    self.discovery:explain(err)
  else
    refusals.explain(err)
    -- those of 2023 say 403 to some of them, as to what is forbidden
    if err.status == 403 and shape == "empty" and op and op.since and not self.discovery.says_version then
      err.hint = (op.lacking or "servers have it since " .. op.since) .. "; " .. err.hint
    end
  end
end

-- Paths are those on the controller; what begins with /v1 belongs to the API,
-- wherever discovery found that. With the code of a guest link anybody can join.
function Backend.place(_, parts)
  if parts[1] ~= "v1" then return parts, true end
  local below = {}
  for i = 2, #parts do below[#below + 1] = parts[i] end
  return below, nil, below[1] == "rooms" and below[3] == "invites" and below[4] or nil
end

-- Where a server describes its API; unknown to those of 2023.
Backend.description = "openapi.json"

function Backend:profile(version)
  return (version or self.discovery.says_version) and "2026" or "2023"
end

local CHAPTERS = {
  rooms = "salon.opentalk.rooms",
  events = "salon.opentalk.events",
  users = "salon.opentalk.users",
}
client.load_in_nginx(CHAPTERS)

function opentalk.resources()
  local events = require "salon.opentalk.events"
  return { events, events.across, require "salon.opentalk.instances", require "salon.opentalk.invites",
    require "salon.opentalk.people", require "salon.opentalk.rooms", require "salon.opentalk.assets",
    require("salon.opentalk.assets").own, require "salon.opentalk.sip",
    require "salon.opentalk.streaming_targets", (require "salon.opentalk.users") }
end

-- The client -----------------------------------------------------------------

---A client for an OpenTalk server. Nothing is sent before the first call.
---
---Logs in with what is given: `username` and `password` (a password that was refused is
---not sent again for a minute by the same client, so that the account is not locked),
---`device`, `refresh_token`, or `client_id` and `client_secret` alone.
---
---Source: OpenTalk REST API v1, discovery and `POST {token_endpoint}` (OpenID Connect).
---@param given salon.opentalk.Options
---@return salon.opentalk.Client
function opentalk.new(given)
  local checked = options.check("salon.opentalk", given, opentalk.OPTIONS)
  options.urls("salon.opentalk", checked, URLS)
  check_sense(checked, given)
  for _, name in ipairs(login.SECRETS) do
    checked[name] = options.hide(checked[name])
  end
  local self = client.new("opentalk", checked.url or checked.frontend_url
    or checked.controller_url, checked)
  local secrets = Secrets.new()
  local http = Http.new { client = self, secrets = secrets, options = checked }
  local discovery = Discovery.new(http, checked)
  local registration = Registration.new(http, discovery, secrets)
  local session = Session.new(http, setmetatable({
    discovery = discovery,
    registration = registration,
    server = Server.new(opentalk.resources, "salon.meet"),
    the_login = login.new { http = http, discovery = discovery, secrets = secrets,
      registration = registration, given = checked },
  }, Backend))
  client.equip(self, session, {
    backend = "opentalk",
    token = account.token,
    whoami = account.whoami,
    logout = account.logout,
    server = Server.about,
    supports = Server.supports,
    call = call.call,
    pages = call.pages,
  }, CHAPTERS)
  return self
end

return opentalk
