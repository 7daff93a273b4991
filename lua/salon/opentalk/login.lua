-- Tokens for OpenTalk: password grant and refresh grant at the login service
-- (Keycloak, or another OpenID Connect provider), and the registration at the
-- controller that servers up to 0.29 want.
--
-- Not to break: a password that was refused is not sent again by itself (two
-- failures within a second lock an account), and a refresh token whose response
-- was lost is not sent again (where tokens rotate that ends the session).

local Error = require "salon.internal.error"
local Login = require "salon.internal.login"
local core = require "salon.core"
local hints = require "salon.internal.hints"
local options = require "salon.internal.options"
local remedies = require "salon.opentalk.hints"

local login = {}

local REFUSAL_KEPT = 60  -- seconds a refused password is not sent again

-- Says who refused, and makes a refusal of the login an "auth" error.
local function explain(err)
  if err.status == nil then return err end
  if err.status < 300 then err.body = nil end  -- broken JSON, perhaps with a token in it
  err.hint = hints.find(remedies.LOGIN, err) or err.hint
  if err.status == 400 or err.status == 401 or err.status == 403 then
    err.kind = "auth"
    err.message = "login refused: " .. err.message
  end
  return err
end

local function secret_of(given)
  if given == nil then return nil end
  local text, message = options.reveal(given)
  if text then return text end
  return nil, message
end

local function missing(name, message)
  return Error.new { kind = "auth", message = ("option '%s': %s"):format(name, message) }
end

-- Sends a form to the token endpoint and makes a Token of the response.
local function ask(self, form, deadline, old_refresh)
  local session = self.session
  local endpoint, err = self.discovery:find_login(deadline)
  if endpoint == nil then return nil, err end
  local data, response = session:fetch {
    method = "POST",
    url = endpoint,
    body = core.form(form),
    form = true,
    anonymous = true,
    deadline = deadline,
    retry = "never",
  }
  if data == nil then return nil, explain(response) end
  local refresh = data.refresh_token or old_refresh
  return Login.read(session, response, data, {
    refresh = type(refresh) == "string" and refresh or nil,
    id_token = type(data.id_token) == "string" and data.id_token or nil,
  })
end

-- The fields every grant has; nil, err if a secret cannot be had.
local function base_form(self, grant)
  local form = { "grant_type", grant, "client_id", self.given.client_id }
  if self.given.client_secret then
    local secret, message = secret_of(self.given.client_secret)
    if secret == nil then return nil, missing("client_secret", message) end
    form[5], form[6] = "client_secret", secret
  end
  return form
end

local function add(form, name, value)
  form[#form + 1] = name
  form[#form + 1] = value
end

-- The same credentials were refused a moment ago: the same response, unsent.
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
  local username, password, message
  username, message = secret_of(self.given.username)
  if username == nil then return nil, missing("username", message) end
  password, message = secret_of(self.given.password)
  if password == nil then return nil, missing("password", message) end
  self.password_in_use = core.secret(password)
  local credentials = username .. "\0" .. password
  local err = refused_before(self, credentials)
  if err then return nil, err end
  local form
  form, err = base_form(self, "password")
  if form == nil then return nil, err end
  add(form, "username", username)
  add(form, "password", password)
  add(form, "scope", self.given.scope or "openid")
  local token
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
  self.in_use = old
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

-- Servers that wanted a registration once want it after each renewal.
local function register_again(self, token, deadline)
  if self.registers then self:register(token, deadline) end
  return token
end

local function renew(self, deadline, old)
  local token, go_on, err = refresh_grant(self, deadline, old)
  if token == nil then
    if not go_on then return nil, err end
    token, err = password_grant(self, deadline)
    if token == nil then return nil, err end
  end
  return register_again(self, token, deadline)
end

-- `POST /v1/auth/login`: servers up to 0.29 know a user from then on.
local function register(self, token, deadline)
  self.in_use = token
  local response, err = self.session:call {
    method = "POST",
    parts = { "auth", "login" },
    body = core.encode { id_token = token:reveal_id() or token:reveal() },
    anonymous = true,
    deadline = deadline,
    retry = "idempotent",
  }
  if response == nil then
    if err.status == 400 or err.status == 401 then
      err.kind = "auth"
    end
    return nil, err
  end
  self.registers = true
  return true
end

---@param session salon.Session
---@param discovery salon.opentalk.Discovery
---@param given table  the client's options
---@return salon.Login
function login.new(session, discovery, given)
  local self
  if given.token then
    self = Login.given(session, given.token)
  else
    self = Login.new { session = session, renew = renew }
  end
  self.discovery, self.given, self.register = discovery, given, register
  return self
end

---Adds the texts of this login that errors must not show.
---@param self salon.Login
---@param list string[]
function login.secrets(self, list)
  for _, name in ipairs { "password", "client_secret" } do
    local value = self.given[name]
    if core.is_secret(value) then list[#list + 1] = value:reveal() end
  end
  if self.password_in_use then list[#list + 1] = self.password_in_use:reveal() end
  for _, name in ipairs { "token", "in_use" } do
    local token = self[name]
    if token then
      list[#list + 1] = token:reveal()
      list[#list + 1] = token:reveal_refresh()
      list[#list + 1] = token:reveal_id()
    end
  end
end

return login
