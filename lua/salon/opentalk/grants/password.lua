-- The password grant, with a one-time code where the account wants one.
--
-- Not to break: the password is sent by password_attempts.lua alone, and a code that reached the
-- login service is not sent again, since it works once.

local Error = require "salon.internal.error"
local PasswordAttempts = require "salon.opentalk.password_attempts"
local core = require "salon.core"
local lower = require "salon.internal.lower"

local Password = {}
Password.__index = Password

---@param route salon.opentalk.Route
function Password.new(route)
  return setmetatable({ route = route, attempts = PasswordAttempts.new(route.given.max_tries) }, Password)
end

-- A code that works, false if none is wanted.
local function code_of(self)
  if self.route.given.one_time_code == nil then return false end
  local code, err = self.route:reveal "one_time_code"
  if code == nil then return nil, err end
  if self.used and self.used:reveal() == code then
    return nil, Error.new { kind = "auth", message = "the one-time code was sent before, and works once",
      hint = "give a function as 'one_time_code', which is asked for each login" }
  end
  return code
end

---@param deadline number
---@return salon.Token? token
---@return salon.Error? err
function Password:renew(deadline)
  local route = self.route
  local username, password, code, form, host, err
  username, err = route:reveal "username"
  if username == nil then return nil, err end
  password, err = route:reveal "password"
  if password == nil then return nil, err end
  local credentials = username .. "\0" .. password
  err = self.attempts:refused(credentials)  -- before somebody is asked for a code in vain
  if err then return nil, err end
  code, err = code_of(self)
  if code == nil then return nil, err end
  form, err = route:form("token_endpoint", deadline, "password", "username", username,
    "password", password, "scope", route.given.scope)
  if form == nil then return nil, err end
  if code then form[#form + 1], form[#form + 2] = "totp", code end
  host, err = route.http:host()
  if host == nil then return nil, err end
  local token
  token, err = self.attempts:run(host, deadline, form.endpoint .. "\0" .. lower(username),
    credentials, function() return route:token(form, deadline) end, code)
  if code and (token or err.outcome == "unknown") then self.used = core.secret(code) end
  return token, err
end

return Password
