-- Tokens for Meet's External API: an application asks for a token of one user,
-- named by e-mail address. There is no refresh token; the request is slow on
-- purpose (a password hash), so tokens are kept per user. Asking again does no
-- harm, so unlike a password grant it may be repeated.

local Error = require "salon.error"
local Login = require "salon.login"
local core = require "salon.core"
local options = require "salon.options"

local login = {}

local HINTS = {
  ["Invalid credentials"] = "check 'client_id' and 'client_secret'",
  ["Application is inactive"] = "the operator has to activate the application",
  ["User not found."] = "no account has this e-mail address ('user'), and the server makes none",
  ["Scope should be a valid email address."] = "option 'user' must be one bare e-mail address",
  ["This application is not authorized for this email domain."] =
    "the operator has to allow the domain for this application",
}

local STATUS_HINTS = {
  [400] = "several accounts share this e-mail address, or the server does not know its host name",
  [404] = "the server has no External API here or its applications are switched off "
    .. "(APPLICATION_ENABLED): check 'url', or ask the operator",
  [500] = "the server may lack its key for application tokens (APPLICATION_JWT_SECRET_KEY)",
}

-- Refusals of the login are "auth"; what only a wrong address or a broken
-- server explains stays "http".
local function explain(err)
  if err.status == nil then return err end
  local known = HINTS[err.message]
  err.hint = known or (err.fields and "check 'client_id', 'client_secret' and 'user'")
    or STATUS_HINTS[err.status] or err.hint
  if known or err.status == 400 or err.status == 401 or err.status == 403 then
    err.kind = "auth"
    err.message = "token refused: " .. err.message
  end
  return err
end

local function ask(self, deadline)
  local session, given = self.session, self.given
  local secret, message = options.reveal(given.client_secret)
  if secret == nil then
    return nil, Error.new { kind = "auth", message = "option 'client_secret': " .. message }
  end
  given.secret_in_use = core.secret(secret)
  local data, answer = session:fetch {
    method = "POST",
    parts = { "application", "token", "" },
    body = core.encode {
      client_id = given.client_id,
      client_secret = secret,
      grant_type = "client_credentials",
      scope = self.user,
    },
    anonymous = true,
    deadline = deadline,
    retry = "idempotent",
    repeat_status = 409,  -- a race while the server makes the user
    repeat_max = 1,
  }
  if data == nil then return nil, explain(answer) end
  if type(data.access_token) ~= "string" or data.access_token == "" then
    return nil, session:shape_error(answer, "the token answer holds no access_token")
  end
  return core.token {
    access = data.access_token,
    expires_in = tonumber(data.expires_in),
    scope = type(data.scope) == "string" and data.scope or nil,
    answer = session.about(answer),
  }
end

---@param session salon.Session
---@param given table  the client's options
---@param user string?  nil with a token from outside
---@return salon.Login
function login.new(session, given, user)
  local self
  if given.token then
    self = Login.given(session, given.token)
  else
    self = Login.new { session = session, renew = ask }
  end
  self.given, self.user = given, user
  return self
end

return login
