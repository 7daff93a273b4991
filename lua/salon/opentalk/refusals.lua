-- What the controller's refusals mean: which a fresh token cures, and the hints.

local hints = require "salon.opentalk.hints"
local json = require "salon.internal.json"
local lower = require "salon.internal.lower"
local general_hints = require "salon.internal.hints"

local refusals = {}

---What a 401 complains about; texts differ between versions, so only parts of them are
---looked for.
---@param err salon.Error
---@param challenge string?  WWW-Authenticate
---@return "unregistered"|"session"|"inactive"|"token"|nil
function refusals.complaint(err, challenge)
  if err.code == "wrong_room_password" then return nil end
  if err.code == "unknown_sub" or err.code == "unknown_tenant_id" then return "unregistered" end
  local text = lower((challenge or "") .. " " .. err.message)
  if text:find("id token", 1, true) then return nil end
  if text:find("session", 1, true) and text:find("expired", 1, true) then return "session" end
  if text:find("token expired", 1, true) then return "inactive" end
  if text:find("access token", 1, true) or text:find("invalid_token", 1, true) then
    return "token"
  end
  return nil
end

---What a 401 that was not cured needs.
---@param err salon.Error
---@param pending table  of the session
function refusals.explain_token(err, pending)
  local complaint = pending.complaint
  if lower(err.message):find("unable to parse access token", 1, true) then
    complaint = "unreadable"
  elseif pending.given_again then
    err.hint = general_hints.GIVEN_AGAIN
    return
  elseif not pending.login.renewable and complaint ~= "unregistered" then
    complaint = "given"
  elseif pending.login.grant.is_service then
    complaint = "service"
  end
  err.hint = hints.COMPLAINTS[complaint]
end

---Adds a hint to an error of the controller, in place.
---@param err salon.Error
function refusals.explain(err)
  -- a proxy's page: for its 429 or 502 the address is right
  local page = err.body and json.shape(err.body) == "html" and err.status ~= 404
  err.hint = page and err.hint or general_hints.find(hints.CONTROLLER, err) or err.hint
  if err.code == "wrong_room_password" then err.kind = "http" end  -- the login is all right
  if err.status == 403 and err.body == nil and err.code == nil then
    err.message = "no permission, or no such object (the server does not tell which)"
  end
end

return refusals
