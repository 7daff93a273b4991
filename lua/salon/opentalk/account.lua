-- The client's own login: its token, whose it is, and its end.

local client = require "salon.internal.client"
local core = require "salon.core"
local options = require "salon.internal.options"

local account = {}

---The token in use, after a login or a renewal if one is needed.
---
---Source: `POST {token_endpoint}`.
---@param self salon.opentalk.Client
---@param opts? salon.CallOptions
---@return salon.Token? token
---@return salon.Error? err
function account.token(self, opts)
  local session = client.session(self, "client:token")
  local given = options.check("client:token", opts, options.CALL)
  return session:token(session.backend.the_login, given.timeout)
end

---Who is logged in, for how long, and with which scopes. Logs in if need be.
---
---Source: `GET /users/me`, OpenTalk REST API v1.
---@param self salon.opentalk.Client
---@param opts? salon.CallOptions
---@return salon.Identity? identity
---@return salon.Error? err
function account.whoami(self, opts)
  local session = client.session(self, "client:whoami")
  local given = options.check("client:whoami", opts, options.CALL)
  local deadline = session:deadline(given.timeout)
  local me, err = self.users:me(given)
  if me == nil then return nil, err end
  local token
  token, err = session:token(session.backend.the_login, deadline - core.now())
  if token == nil then return nil, err end
  return { backend = "opentalk", id = me.id, email = me.email, display_name = me.display_name,
    expires_in = token:expires_in(), scopes = token.scopes }
end

---Ends the session at the login service and forgets its tokens. They are forgotten
---whatever comes back: an error says that the session may live on at the login service.
---The next call logs in anew; with a refresh token, one-time code or token that was given
---as a value it fails. A token from outside is only forgotten.
---
---Source: `POST {end_session_endpoint}`, or `POST {revocation_endpoint}` (RFC 7009).
---@param self salon.opentalk.Client
---@param opts? salon.CallOptions
---@return true? done
---@return salon.Error? err
function account.logout(self, opts)
  local session = client.session(self, "client:logout")
  local given = options.check("client:logout", opts, options.CALL)
  return session.backend.the_login:logout(session:deadline(given.timeout))
end

return account
