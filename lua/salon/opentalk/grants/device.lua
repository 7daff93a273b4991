-- Device login (RFC 8628): a person confirms it in a browser anywhere, and salon asks the
-- login service again and again whether that has happened.
--
-- Not to break: the person is asked once per login. A call that runs out of time leaves
-- the code behind, and the next one goes on waiting for it.

local Error = require "salon.internal.error"
local context = require "salon.internal.context"
local core = require "salon.core"
local hints = require "salon.opentalk.hints"

local DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
local INTERVAL, SLOWER, LIFE = 5, 5, 600  -- seconds; RFC 8628 and, for the last, Keycloak

local Device = { attended = true }
Device.__index = Device

---@param route salon.opentalk.Route
function Device.new(route)
  return setmetatable({ route = route, code = nil }, Device)
end

-- It will be shown on a terminal.
local function is_line(value)
  return type(value) == "string" and value ~= "" and not value:find "%c"
end

local function positive(value, otherwise)
  value = tonumber(value)
  return value and value > 0 and value < math.huge and value or otherwise
end

local function start(self, deadline)
  local route = self.route
  local form, err = route:form("device_authorization_endpoint", deadline, nil,
    "scope", route.given.scope)
  if form == nil then
    return nil, err or Error.new { kind = "unsupported",
      message = "the login service names no address for device logins" }
  end
  local about = { rows = hints.DEVICE, retry = "idempotent" }
  local data, response = route:fetch(form, deadline, about)
  if data == nil then return nil, response end
  if not (is_line(data.device_code) and is_line(data.user_code) and is_line(data.verification_uri)) then
    return nil, route.http:shape_error(response, "the login service's response holds no code or no address")
  end
  route.http.about(response)
  local life = positive(data.expires_in, LIFE)
  local code = { text = core.secret(data.device_code), ends = core.now() + life,
    interval = positive(data.interval, INTERVAL) }
  code.next = core.now() + code.interval
  route.given.device {
    verification_uri = data.verification_uri,
    verification_uri_complete = is_line(data.verification_uri_complete)
      and data.verification_uri_complete or nil,
    user_code = data.user_code,
    expires_in = life,
  }
  self.code = code
  return true
end

local function expired()
  return Error.new { kind = "auth", message = "the code has expired before anybody confirmed the login",
    hint = "call again to get another one" }
end

local function unconfirmed()
  return Error.new { kind = "timeout", message = "nobody has confirmed the login so far",
    retryable = true, hint = "give the call a longer 'timeout'; "
      .. "the next call of this client goes on waiting for the same code" }
end

-- Does this response leave the code as it was?
local function passes(err)
  return err.code == "authorization_pending" or err.code == "slow_down" or err.kind == "network"
    or err.kind == "timeout" or err.status ~= nil and (err.status >= 500 or err.status == 429)
end

local function poll(self, code, deadline)
  local form, err = self.route:form("token_endpoint", deadline, DEVICE_CODE,
    "device_code", code.text:reveal())
  if form == nil then return nil, err end
  self.route.secrets:note("device_code", code.text)
  local token
  token, err = self.route:token(form, deadline, { rows = hints.DEVICE })
  local is_slow = err and err.code ~= "authorization_pending" and core.now() < deadline
  if is_slow then code.interval = code.interval + SLOWER end
  code.next = core.now() + code.interval
  return token, err
end

---@param deadline number
---@return salon.Token? token
---@return salon.Error? err
function Device:renew(deadline)
  local host, err = self.route.http:host()
  if host == nil then return nil, err end
  if self.code == nil or core.now() >= self.code.ends then
    local started
    started, err = start(self, deadline)
    if not started then return nil, err end
  end
  local code = self.code
  repeat
    context.pause(host, math.min(code.next, code.ends, deadline))
    if core.now() >= code.ends then
      self.code = nil
      return nil, expired()
    end
    if core.now() >= deadline then return nil, err or unconfirmed() end
    local token
    token, err = poll(self, code, deadline)
    if token or not passes(err) then
      if token or err.kind ~= "cancelled" then self.code = nil end
      return token, err
    end
    if err.status == 400 then
      code.is_pending, err = true, nil  -- as it should be
    elseif code.is_pending and core.now() >= deadline then
      err = nil  -- the time ended during one of many polls
    end
  until false
end

function Device:forget()
  self.code = nil
end

return Device
