-- The refresh grant: with the token in hand, else with option 'refresh_token'.
--
-- Not to break: as long as salon can log in without a person, a refresh token whose
-- response was lost is not sent again: where tokens rotate that ends the session. Without
-- another way the session is lost in any case unless sending it again works, and where
-- tokens do not rotate it does.

local core = require "salon.core"
local hints = require "salon.opentalk.hints"

local Refresh = {}
Refresh.__index = Refresh

---@param route salon.opentalk.Route
---@param way? table  the grant to use instead
function Refresh.new(route, way)
  return setmetatable({ route = route, way = way }, Refresh)
end

---Is the other way to be taken after this error? Never because the login service is out.
---@param err salon.Error
---@return boolean
function Refresh:is_over(err)
  if self.way == nil then return false end
  if err.code == "invalid_grant" then return true end
  return not self.way.attended and err.outcome ~= "unsent"
end

local function send(self, text, deadline)
  if text == nil then return nil end
  if self.done and self.done:reveal() == text then return nil, self.why end
  local form, err = self.route:form("token_endpoint", deadline, "refresh_token", "refresh_token", text)
  if form == nil then return nil, err end
  self.route.secrets:note("refreshed", text)
  local before, why = self.done, self.why
  if self.way and not self.way.attended then self.done = core.secret(text) end  -- a light thread may be killed
  local token
  token, err = self.route:token(form, deadline, { rows = hints.REFRESH, old_refresh = text })
  if err and self:is_over(err) then
    self.done, self.why = core.secret(text), err
  else
    self.done, self.why = before, why
  end
  return token, err
end

-- The text of the option, unless it is a value that the user has logged out with.
local function given(self)
  local value = self.route.given.refresh_token
  if value == nil or self.is_logged_out and type(value) ~= "function" then return nil end
  return self.route:reveal "refresh_token"
end

---@param deadline number
---@param old? salon.Token
---@return salon.Token? token
---@return salon.Error? err  nil too: there is no refresh token
function Refresh:renew(deadline, old)
  local mine = old and old:reveal_refresh()
  local token, err = send(self, mine, deadline)
  if token or err and err.code ~= "invalid_grant" then return token, err end
  local other, why = given(self)
  if other == nil then return nil, why or err end
  if other == mine or err and self.spent and self.spent:reveal() == other then
    return nil, err  -- the same session's
  end
  token, err = send(self, other, deadline)
  if token then self.spent = core.secret(other) end
  return token, err
end

function Refresh:forget()
  self.is_logged_out = true
end

return Refresh
