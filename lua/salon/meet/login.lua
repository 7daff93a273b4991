-- Tokens for Meet's External API: an application asks for a token of one user,
-- named by e-mail address. There is no refresh token; the request is slow on
-- purpose (a password hash), so tokens are kept per user. Asking again does no
-- harm, so unlike a password grant it may be repeated.

local Error = require "salon.internal.error"
local Given = require "salon.internal.given"
local Login = require "salon.internal.login"
local Stored = require "salon.internal.stored"
local core = require "salon.core"
local find_hint = require "salon.internal.hints".find
local json = require "salon.internal.json"
local hints = require "salon.meet.hints"
local options = require "salon.internal.options"

local login = {}

local REFUSED = { [400] = true, [401] = true, [403] = true }
local UNKNOWN_USER = "User not found."  -- with a 404, and never translated

-- Refusals of the login are "auth"; what only a wrong address or a broken
-- server explains stays "http".
local function explain(err)
  if not Error.is_told(err) then return err end
  if err.status < 300 then err.body = nil end  -- broken JSON, perhaps with a token in it
  err.hint = find_hint(hints.LOGIN, err) or find_hint(hints.ROOMS, err) or err.hint
  -- Asking again does no harm, whatever the method is.
  if err.status >= 500 then err.retryable = true end
  local page = err.status ~= 400 and json.shape(err.body or "") == "html"  -- a proxy's word
  if not page and REFUSED[err.status] or err.message == UNKNOWN_USER then
    err.kind = "auth"
    err.message = "token refused: " .. err.message
  end
  return err
end

---@class salon.meet.Grant
local Grant = { renewable = true }
Grant.__index = Grant

function Grant:renew(deadline)
  local given = self.given
  local secret, message = options.reveal(given.client_secret, options.SECRET)
  if secret == nil then
    return nil, Error.new { kind = "auth", message = "option 'client_secret': " .. message }
  end
  self.secrets:note("client_secret", secret)
  local ok, body = pcall(core.encode, {
    client_id = given.client_id,
    client_secret = secret,
    grant_type = "client_credentials",
    scope = self.user,
  })
  if not ok then
    return nil, Error.new { kind = "auth", message = "option 'client_secret' must be UTF-8" }
  end
  local data, response = self.http:fetch {
    method = "POST",
    base = self.base,
    parts = { "application", "token", "" },
    body = body,
    deadline = deadline,
    inner = true,
    retry = "idempotent",
    repeat_on = { status = 409, max = 1 },  -- a race while the server makes the user
  }
  if data == nil then return nil, explain(response) end
  return Login.read(self.http, response, data, {})
end

-- The server has no way to end a token.
function Grant.logout() return true end

---@param fields { http: salon.Http, base: string, secrets: salon.Secrets, given: table,
---  user?: string }  given: the client's options; user: nil with a token from outside
---@return salon.Login
function login.new(fields)
  if fields.given.token then return Login.new(fields.http, Given.new(fields.given.token)) end
  local given = fields.given
  local stored = Stored.new(fields.http, given, function()
    return { "meet", fields.base, "client", given.client_id, "user", fields.user }
  end)
  fields.client = given.url or fields.base
  return Login.new(fields.http, setmetatable(fields, Grant), stored)
end

return login
