-- Tokens for OpenTalk: password grant and refresh grant at the login service
-- (Keycloak, or another OpenID Connect provider).
--
-- Not to break: a password that was refused is not sent again by itself (two
-- failures within a second lock an account), and a refresh token whose response
-- was lost is not sent again (where tokens rotate that ends the session).

local Error = require "salon.internal.error"
local Login = require "salon.internal.login"
local core = require "salon.core"
local find_hint = require "salon.internal.hints".find
local hints = require "salon.opentalk.hints"
local options = require "salon.internal.options"

local login = {}

local REFUSAL_KEPT = 60  -- seconds a refused password is not sent again

---@class salon.opentalk.Grant
local Grant = { renewable = true }
Grant.__index = Grant

-- Says who refused, and makes a refusal of the login an "auth" error.
local function explain(err)
  if err.status == nil then return err end
  if err.status < 300 then err.body = nil end  -- broken JSON, perhaps with a token in it
  err.hint = find_hint(hints.LOGIN, err) or err.hint
  if err.status == 400 or err.status == 401 or err.status == 403 then
    err.kind = "auth"
    err.message = "login refused: " .. err.message
  end
  return err
end

-- The text of a secret option.
local function reveal(self, name)
  local text, message = options.reveal(self.given[name])
  if text then
    if name ~= "username" then self.secrets:note(name, text) end
    return text
  end
  return nil, Error.new { kind = "auth", message = ("option '%s': %s"):format(name, message) }
end

-- Sends a form to the token endpoint and makes a Token of the response.
local function ask(self, form, deadline, old_refresh)
  local endpoint, err = self.discovery:find_login(deadline)
  if endpoint == nil then return nil, err end
  local data, response = self.http:fetch {
    method = "POST",
    url = endpoint,
    body = core.form(form),
    form = true,
    deadline = deadline,
    retry = "never",
  }
  if data == nil then return nil, explain(response) end
  local refresh = data.refresh_token or old_refresh
  local token
  token, err = Login.read(self.http, response, data, {
    refresh = type(refresh) == "string" and refresh or nil,
    id_token = type(data.id_token) == "string" and data.id_token or nil,
  })
  if token then self.secrets:note("token", token) end
  return token, err
end

-- The fields every grant has; nil, err if a secret cannot be had.
local function base_form(self, grant)
  local form = { "grant_type", grant, "client_id", self.given.client_id }
  if self.given.client_secret then
    local secret, err = reveal(self, "client_secret")
    if secret == nil then return nil, err end
    form[5], form[6] = "client_secret", secret
  end
  return form
end

local function add(form, name, value)
  form[#form + 1] = name
  form[#form + 1] = value
end

-- The same credentials were refused a moment ago: the same error, unsent.
local function refused_before(self, credentials)
  local refusal = self.refusal
  if refusal == nil or refusal.credentials:reveal() ~= credentials then return nil end
  local left = refusal.ends - core.now()
  if left <= 0 then return nil end
  local copy = {}
  for name, value in pairs(refusal.err) do copy[name] = value end
  copy.attempts, copy.outcome = 0, "unsent"
  copy.hint = ("%s (these credentials were refused before; not sent again for %d s, "
    .. "lest the account be locked)"):format(copy.hint or "check them", math.ceil(left))
  return Error.new(copy)
end

local function password_grant(self, deadline)
  local username, password, form, token, err
  username, err = reveal(self, "username")
  if username == nil then return nil, err end
  password, err = reveal(self, "password")
  if password == nil then return nil, err end
  local credentials = username .. "\0" .. password
  err = refused_before(self, credentials)
  if err then return nil, err end
  form, err = base_form(self, "password")
  if form == nil then return nil, err end
  add(form, "username", username)
  add(form, "password", password)
  add(form, "scope", self.given.scope or "openid")
  token, err = ask(self, form, deadline)
  if token == nil and err.kind == "auth" then
    self.refusal = {
      credentials = core.secret(credentials),
      ends = core.now() + REFUSAL_KEPT,
      err = err,
    }
  end
  return token, err
end

-- Returns a token; or nil and true when the grant should be used instead; or
-- nil, false, err.
local function refresh_grant(self, deadline, old)
  local refresh = old and old:reveal_refresh()
  if refresh == nil or self.spent == old then return nil, true end
  local form, err = base_form(self, "refresh_token")
  if form == nil then return nil, false, err end
  add(form, "refresh_token", refresh)
  self.secrets:note("refreshed", old)
  self.spent = old
  local token
  token, err = ask(self, form, deadline, refresh)
  if token then return token end
  if err.outcome == "unsent" then
    self.spent = nil
    return nil, false, err
  end
  return nil, true
end

function Grant:renew(deadline, old)
  local token, go_on, err = refresh_grant(self, deadline, old)
  if token == nil then
    if not go_on then return nil, err end
    token, err = password_grant(self, deadline)
    if token == nil then return nil, err end
  end
  if self.registration.wanted then self.registration:register(token, deadline) end
  return token
end

---@param fields { http: salon.Http, discovery: salon.opentalk.Discovery, secrets: salon.Secrets,
---  registration: salon.opentalk.Registration, given: table }  given: the client's options
---@return salon.Login
function login.new(fields)
  local given = fields.given
  for _, name in ipairs { "password", "client_secret", "token" } do
    fields.secrets:note(name, given[name])
  end
  if given.token then return Login.given(fields.http, given.token) end
  return Login.new(fields.http, setmetatable({
    http = fields.http, discovery = fields.discovery, secrets = fields.secrets,
    registration = fields.registration, given = given,
  }, Grant))
end

return login
