-- Tokens for OpenTalk from its login service (Keycloak, or another OpenID Connect
-- provider): which way in the options name, renewal, and the way out.
--
-- Each grant is a file of grants/: a table of
--   renew(self, deadline) -> Token | nil, err
--   attended   true: a person has to confirm it, so it stands in for no renewal that failed
--   forget     nil, or what is done at a logout

local ClientCredentials = require "salon.opentalk.grants.client_credentials"
local Device = require "salon.opentalk.grants.device"
local Error = require "salon.internal.error"
local Given = require "salon.internal.given"
local Login = require "salon.internal.login"
local Password = require "salon.opentalk.grants.password"
local Refresh = require "salon.opentalk.grants.refresh"
local Route = require "salon.opentalk.route"
local Stored = require "salon.internal.stored"
local lower = require "salon.internal.lower"

local login = {}

local ATTENDED = 600  -- seconds that a person may take
local NOTHING_STORED = "there is no login of %s in %s"
local STORE_ANEW = "log in once with 'password', 'device' or 'refresh_token', the store and the other "
  .. "options being the same"

login.SECRETS = { "password", "one_time_code", "client_secret", "refresh_token", "token" }

-- The ways in that exclude others, and those.
local EXCLUSIVE = {
  { "token", "username", "password", "one_time_code", "device", "refresh_token" },
  { "device", "username", "password", "one_time_code" },
}

---What is wrong with the way in that the options name.
---@param given table
---@return string? message
function login.fault(given)
  for _, names in ipairs(EXCLUSIVE) do
    for i = 2, given[names[1]] and #names or 0 do
      if given[names[i]] then
        return ("options '%s' and '%s' exclude each other"):format(names[1], names[i])
      end
    end
  end
  if given.token then return nil end
  if not given.client_id then return "option 'client_id' is required (or give 'token')" end
  local by_password = given.username or given.password or given.one_time_code
  for _, name in ipairs { "username", "password" } do
    local is_stored = given.store and name == "password" and not given.one_time_code
    if by_password and not given[name] and not is_stored then
      return ("option '%s' is required: a login has both 'username' and 'password'"):format(name)
    end
  end
  if not (by_password or given.device or given.refresh_token or given.client_secret
    or given.store) then
    return "option 'username' is required (or give 'device', 'refresh_token', 'client_secret' or 'token')"
  end
end

-- What tells the login from others, for messages: without what is a secret.
local function words_of(given)
  local user = type(given.username) == "string" and ("user '%s', "):format(given.username) or ""
  return ("client '%s', %sscope '%s'"):format(given.client_id, user, given.scope)
end

---@class salon.opentalk.Grant
local Grant = { renewable = true }
Grant.__index = Grant

function Grant:renew(deadline, old)
  local token, err = self.refresh:renew(deadline, old)
  if token == nil and self.way and (err == nil or self.refresh:is_over(err)) then
    token, err = self.way:renew(deadline)
  end
  if token == nil then
    local is_over = err == nil or err.code == "invalid_grant"
    err = err or Error.new { kind = "auth",
      message = old == nil and self.nothing_stored or "there is no refresh token to log in with",
      hint = "log in anew, and give a new one as 'refresh_token'" }
    if is_over and self.way == nil and self.nothing_stored then err.hint = STORE_ANEW end
    return nil, err
  end
  if self.registration.wanted then self.registration:register(token, deadline) end
  return token
end

-- Where a session ends: what the form holds, and the status that says it was done.
-- Keycloak shows a page where something is missing, with status 200.
local WAYS_OUT = {
  { endpoint = "end_session_endpoint", field = "refresh_token", status = 204 },
  { endpoint = "revocation_endpoint", field = "token", status = 200 },
}

---Ends the session of a token that was forgotten already.
---@param token? salon.Token
---@param deadline number
---@return true? done
---@return salon.Error? err
function Grant:logout(token, deadline)
  self.refresh:forget()
  if self.way and self.way.forget then self.way:forget() end
  if token == nil then return true end
  local refresh, last = token:reveal_refresh(), nil
  for _, out in ipairs(WAYS_OUT) do
    local text = refresh or out.field == "token" and token:reveal()
    if text then
      local form, err = self.route:form(out.endpoint, deadline, nil, out.field, text)
      if err then return nil, err end
      local response
      if form then
        response, err = self.route:send(form, deadline, { retry = "idempotent" })
        if response and response.status == out.status then return true end
        if err and err.status == nil then return nil, err end
        last = err
      end
    end
  end
  return nil, last or Error.new { kind = "unsupported",
    message = "the login service offers no way to end a session" }
end

-- What tells the login from others in a store. The service's address as it was given: a
-- token from there must do while discovery fails. A client's own login is no user's.
local function name_of(route, way)
  local given, user = route.given, way and way.is_service and "its own" or ""
  if given.username then
    local err
    user, err = route:reveal "username"
    if user == nil then return nil, err end
  end
  return { "opentalk", given.token_endpoint or given.issuer or given.url or given.controller_url
    or given.frontend_url, "client", given.client_id, "user", lower(user), "scope",
    given.scope }
end

---@param fields { http: salon.Http, discovery: salon.opentalk.Discovery, secrets: salon.Secrets,
---  registration: salon.opentalk.Registration, given: table }  given: the client's options
---@return salon.Login
function login.new(fields)
  local given = fields.given
  for _, name in ipairs(login.SECRETS) do fields.secrets:note(name, given[name]) end
  if given.token then return Login.new(fields.http, Given.new(given.token)) end
  local route = Route.new(fields)
  local way = given.device and Device or given.password and Password
    or given.client_secret and not (given.refresh_token or given.username) and ClientCredentials
  way = way and way.new(route) or nil
  local stored = Stored.new(fields.http, given, function() return name_of(route, way) end)
  return Login.new(fields.http, setmetatable({
    route = route, way = way, refresh = Refresh.new(route, way),
    nothing_stored = stored and NOTHING_STORED:format(words_of(given), stored:place()),
    user = type(given.username) == "string" and given.username or nil,
    client = given.url or given.controller_url or given.frontend_url or given.issuer,
    registration = fields.registration, is_service = way and way.is_service,
    takes = way and way.attended and ATTENDED or nil,
  }, Grant), stored)
end

return login
