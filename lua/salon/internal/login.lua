-- One login: the token of one user, renewed before it expires and on demand, one
-- renewal at a time; other callers wait for it. The grant gets the tokens: a table of
--
--   renew(self, deadline, old: salon.Token?) -> Token | nil, err
--                 nothing at all: there is no other one than `old`
--   logout(self, token: salon.Token?, deadline) -> true | nil, err
--                 ends the token's session; it was forgotten already
--   renewable     may it give another token after a refusal?

local Error = require "salon.internal.error"
local SingleFlight = require "salon.internal.single_flight"
local core = require "salon.core"
local options = require "salon.internal.options"
local watch = require "salon.internal.watch"

local MARGIN = 30  -- seconds before expiry; half the lifetime if that is less
local FLOOR = 5    -- seconds between two renewals of a token that is still alive

---@class salon.Login
---@field token? salon.Token
---@field renewable boolean
local Login = {}
Login.__index = Login

---@param http salon.Http
---@param grant table
---@return salon.Login
function Login.new(http, grant)
  return setmetatable({
    http = http,
    grant = grant,
    renewable = grant.renewable,
    token = nil,
    renewed_at = nil,
    renewal = SingleFlight.new(),
  }, Login)
end

-- Time to renew? Near the end of a session tokens live for seconds only; the
-- floor keeps that from becoming a renewal per call.
local function due(self, token)
  local left = token:expires_in()
  if left == nil then return false end
  if left <= 0 then return true end
  if left > math.min(MARGIN, token:lifetime() / 2) then return false end
  return self.renewed_at == nil or core.now() - self.renewed_at >= FLOOR
end

-- Until when `token` cannot be due.
local function good_until(token)
  local left = token:expires_in()
  if left == nil then return math.huge end
  return core.now() + left - math.min(MARGIN, token:lifetime() / 2)
end

---The token, if there is one that needs no renewal.
---@param refused? salon.Token  a token the server did not accept
---@return salon.Token?
function Login:ready(refused)
  local token = self.token
  if token == nil or token == refused then return nil end
  if self.looked_at ~= token then
    self.looked_at, self.good_until = token, good_until(token)
  end
  if self.good_until == math.huge or core.now() < self.good_until or not due(self, token) then
    return token
  end
end

---Is there a token that has not expired, or one on its way?
---@return boolean
function Login:alive()
  if self.renewal.leader then return true end
  local left = self.token and self.token:expires_in()
  return self.token ~= nil and (left == nil or left > 0)
end

-- An early renewal failed, but the old token can still be used.
local function still_good(token, refused)
  local left = token and token ~= refused and token:expires_in()
  return left and left > 1
end

local function renew_told(self, deadline, old)
  local grant = self.grant
  if self.http.on_event == nil or grant.is_given then return grant:renew(deadline, old) end
  return watch.login(self.http, old and "renewal" or "login", grant.renew, grant, deadline, old)
end

local function renew_now(self, deadline, refused)
  local err
  local token = self:ready(refused)
  if token then return token end  -- renewed meanwhile
  local old = self.token
  token, err = renew_told(self, deadline, old)
  self.renewed_at = core.now()
  if token == nil then
    if still_good(old, refused) then return old end
    return nil, err
  end
  self.token = token
  return token
end

---A token that works; waits for a renewal if one is needed.
---@param deadline number
---@param refused? salon.Token  the token that was refused
---@return salon.Token? token
---@return salon.Error? err  nil too: there is no other token than the refused one
function Login:get(deadline, refused)
  local token = self:ready(refused)
  if token then return token end
  local host, err = self.http:host()
  if host == nil then return nil, err end
  repeat  -- another caller's renewal may have left the refused one in place
    token, err = self.renewal:run(host, deadline, "the login", renew_now, self, deadline, refused)
  until token == nil or token ~= refused
  return token, err
end

---Forgets the token, then has the grant end what it stands for.
---@param deadline number
---@return true? done
---@return salon.Error? err  it is forgotten all the same
function Login:logout(deadline)
  local token = self.token
  self.token, self.looked_at = nil, nil
  return self.grant:logout(token, deadline)
end

---The Token of a login service's response. What the service sends may be no token at
---all (a blank inside, no lifetime one can add): an error then, whose body stays out
---of it, as nothing tells what in there is secret.
---@param http salon.Http
---@param response table
---@param data table  the decoded response
---@param fields table  for core.token
---@return salon.Token? token
---@return salon.Error? err  kind: decode
function Login.read(http, response, data, fields)
  local fault
  if type(data.access_token) ~= "string" or data.access_token == "" then
    fault = "the login service's response holds no access_token"
  else
    fields.access = data.access_token
    fields.expires_in = tonumber(data.expires_in)
    fields.scope = type(data.scope) == "string" and data.scope or nil
    fields.response = response
    local ok, token = pcall(core.token, fields)
    if ok then
      http.about(response)
      return token
    end
    if token == "not enough memory" then error(token, 0) end
    fault = "the login service's response cannot be used: " .. token
  end
  local err = http:shape_error(response, fault)
  err.body = nil
  return nil, err
end

-- A token from outside --------------------------------------------------------

local Given = { is_given = true }
Given.__index = Given

local function given_fault(message, hint)
  return nil, Error.new { kind = "auth", message = message, hint = hint }
end

function Given:renew(_, old)
  if self.is_logged_out and not self.renewable then
    return given_fault("option 'token' was given up at client:logout()", "make a new client")
  end
  local text, message = options.reveal(self.value)
  if text == nil then
    return given_fault("option 'token': no token to send: " .. message)
  end
  if old and old:reveal() == text then return nil end
  local ok, token = pcall(core.token, { access = text })
  if ok then return token end
  return given_fault("option 'token' gave no usable token: " .. token,
    "does the file it was read from end in a line end?")
end

-- The token belongs to those who gave it.
function Given:logout()
  self.is_logged_out = true
  return true
end

---A login whose token comes from outside: a value, or a function that is called for
---the first token and again after a refusal.
---@param http salon.Http
---@param value string|salon.Secret|function
---@return salon.Login
function Login.given(http, value)
  return Login.new(http, setmetatable({ value = value, renewable = type(value) == "function" }, Given))
end

return Login
