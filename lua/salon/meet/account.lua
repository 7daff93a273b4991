-- The client's own logins: tokens, whose they are, their end, and clients for others.

local api = require "salon.meet.api"
local client = require "salon.internal.client"
local options = require "salon.internal.options"

local account = {}

local CALL = { user = options.NAME, timeout = options.TIMEOUT }

-- Session, checked options, user and login of a call. Raises at the caller of the public
-- function.
local function about(self, opts, fname)
  local session = client.session(self, fname, 4)
  local given = options.check(fname, opts, CALL, 4)
  local message = api.user_fault(session, given.user)
  if message then error(fname .. ": " .. message, 3) end
  local user = given.user or session.backend.user
  return session, given, user, session.backend:login { user = user }
end

---The token in use for a user, after a login if one is needed.
---
---Source: `POST /application/token/`, Meet External API v1.0.
---@param self salon.meet.Client
---@param opts? salon.meet.CallOptions
---@return salon.Token? token
---@return salon.Error? err
function account.token(self, opts)
  local session, given, _, login = about(self, opts, "client:token")
  return session:token(login, given.timeout)
end

---Who is logged in, for how long, and with which scopes. Asks for a token if need be.
---
---Source: `POST /application/token/`, Meet External API v1.0.
---@param self salon.meet.Client
---@param opts? salon.meet.CallOptions
---@return salon.Identity? identity
---@return salon.Error? err
function account.whoami(self, opts)
  local session, given, user, login = about(self, opts, "client:whoami")
  local token, err = session:token(login, given.timeout)
  if token == nil then return nil, err end
  return { backend = "meet", email = user, expires_in = token:expires_in(), scopes = token.scopes }
end

---Forgets the user's token; the server has no way to end it earlier. The next call asks
---for another one; with a token from outside, given as a value, it fails.
---@param self salon.meet.Client
---@param opts? salon.meet.CallOptions
---@return true? done
---@return salon.Error? err  kind: store
function account.logout(self, opts)
  local session, given, _, login = about(self, opts, "client:logout")
  return login:logout(session:deadline(given.timeout))
end

return account
