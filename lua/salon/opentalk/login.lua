-- Tokens for OpenTalk: password grant and refresh grant at the login service
-- (Keycloak, or another OpenID Connect provider).
--
-- Not to break: a password is sent by guesses.lua alone, and a refresh token whose
-- response was lost is not sent again (where tokens rotate that ends the session).

local Error = require "salon.internal.error"
local Guesses = require "salon.opentalk.guesses"
local Login = require "salon.internal.login"
local Secrets = require "salon.internal.secrets"
local core = require "salon.core"
local find_hint = require "salon.internal.hints".find
local hints = require "salon.opentalk.hints"
local lower = require "salon.internal.lower"
local options = require "salon.internal.options"

local login = {}

---@class salon.opentalk.Grant
local Grant = { renewable = true }
Grant.__index = Grant

-- Says who refused, and makes a refusal of the login an "auth" error.
local function explain(self, err)
  if err.status == nil then return err end
  if err.status < 300 then err.body = nil end  -- broken JSON, perhaps with a token in it
  err.hint = find_hint(hints.LOGIN, err) or err.hint
  if err.status == 400 or err.status == 401 or err.status == 403 then
    err.kind = "auth"
    err.message = "login refused: " .. err.message
    self.discovery:explain(err)
  end
  return err
end

-- The text of a secret option.
local function reveal(self, name)
  local text, message = options.reveal(self.given[name],
    name == "password" and options.PASSWORD or options.SECRET)
  if text then
    if name ~= "username" then self.secrets:note(name, text) end
    return text
  end
  return nil, Error.new { kind = "auth", message = ("option '%s': %s"):format(name, message) }
end

-- Sends a form to the token endpoint and makes a Token of the response.
local function ask(self, form, deadline, old_refresh)
  local data, response = self.http:fetch {
    method = "POST",
    url = form.endpoint,
    body = core.form(form),
    basic = form.basic,
    form = true,
    deadline = deadline,
    retry = "never",
  }
  if data == nil then return nil, explain(self, response) end
  local refresh = data.refresh_token or old_refresh
  local token, err = Login.read(self.http, response, data, {
    refresh = type(refresh) == "string" and refresh or nil,
    id_token = type(data.id_token) == "string" and data.id_token or nil,
  })
  if token then self.secrets:note("token", token) end
  return token, err
end

local function add(form, name, value)
  form[#form + 1] = name
  form[#form + 1] = value
end

-- As in a form, before base64 (RFC 6749, 2.3.1): a colon inside would end the id.
local function basic(id, secret)
  return Secrets.base64(core.form({ "", id }):sub(2) .. ":" .. core.form({ "", secret }):sub(2))
end

-- The fields every grant has, and where they go; nil, err if that or a secret cannot
-- be had.
local function base_form(self, grant, deadline)
  local endpoint, err = self.discovery:find_login(deadline)
  if endpoint == nil then return nil, err end
  local form = { "grant_type", grant, endpoint = endpoint }
  local id, secret = self.given.client_id, nil
  if self.given.client_secret then
    secret, err = reveal(self, "client_secret")
    if secret == nil then return nil, err end
  end
  if secret and self.discovery.basic then
    form.basic = basic(id, secret)
    self.secrets:note("basic", form.basic)
    return form
  end
  add(form, "client_id", id)
  if secret then add(form, "client_secret", secret) end
  return form
end

local function password_grant(self, deadline)
  local username, password, form, host, err
  username, err = reveal(self, "username")
  if username == nil then return nil, err end
  password, err = reveal(self, "password")
  if password == nil then return nil, err end
  form, err = base_form(self, "password", deadline)
  if form == nil then return nil, err end
  add(form, "username", username)
  add(form, "password", password)
  add(form, "scope", self.given.scope or "openid")
  host, err = self.http:host()
  if host == nil then return nil, err end
  local account = form.endpoint .. "\0" .. lower(username)
  return self.guesses:run(host, deadline, account, username .. "\0" .. password, function()
    return ask(self, form, deadline)
  end)
end

-- Returns a token; or nil and true when the grant should be used instead; or
-- nil, false, err.
local function refresh_grant(self, deadline, old)
  local refresh = old and old:reveal_refresh()
  if refresh == nil or self.spent == old then return nil, true end
  local form, err = base_form(self, "refresh_token", deadline)
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
    registration = fields.registration, given = given, guesses = Guesses.new(given.max_tries),
  }, Grant))
end

return login
