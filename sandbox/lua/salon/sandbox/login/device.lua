-- Device login: codes, and what a person says to them in a browser, for whom
-- sandbox:approve and sandbox:deny stand.

local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"
local responses = require "salon.sandbox.login.responses"
local sessions = require "salon.sandbox.login.sessions"

local device = {}

local refuse = responses.refuse

-- Without the words that nobody knows.
local function known(scope)
  local words = {}
  for word in (scope or ""):gmatch "%S+" do
    if sessions.granted(word) then words[#words + 1] = word end
  end
  return sessions.granted(words[1] and table.concat(words, " ") or nil)
end

local function user_code()
  return (store.random:digits():gsub("%d", function(digit) return ("BCDFGHJKLM"):sub(digit + 1, digit + 1) end)
    :gsub("^(....)(....).*", "%1-%2"))
end

---The start of a login.
function device.start(request, realm, form, client, id)
  if not client.device then
    return refuse(400, "unauthorized_client", "Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. "
      .. "The flow is disabled for the client.")
  end
  local life, page = store.realms[realm].device, request.issuer .. "/device"
  local login = { code = tokens.opaque(20) .. tokens.opaque(12), user_code = user_code(), realm = realm, client = id,
    scope = known(form.scope), ends = store.seconds() + life, next = 0 }
  store.devices[login.code] = login
  return responses.json(200, { device_code = login.code, user_code = login.user_code, verification_uri = page,
    verification_uri_complete = page .. "?user_code=" .. login.user_code, expires_in = life,
    interval = store.settings.device_interval })
end

---The grant: has somebody confirmed?
function device.poll(request, _, form, client, id)
  if not client.device then
    return refuse(400, "invalid_grant", "Client not allowed OAuth 2.0 Device Authorization Grant")
  elseif not form.device_code then
    return refuse(400, "invalid_request", "Missing parameter: device_code")
  end
  local login, now = store.devices[form.device_code], store.seconds()
  if not login then return refuse(400, "invalid_grant", "Device code not valid") end
  if login.client ~= id then return refuse(400, "invalid_grant", "unauthorized client") end
  if now >= login.ends then return refuse(400, "expired_token", "Device code is expired") end
  if now < login.next then return refuse(400, "slow_down", "Slow down") end
  login.next = now + store.settings.device_interval
  if login.denied then
    return refuse(400, "access_denied", "The end user denied the authorization request")
  elseif not login.user then
    return refuse(400, "authorization_pending", "The authorization request is still pending")
  end
  store.devices[login.code] = nil
  return sessions.grant(sessions.start(login.realm, id, login.user, login.scope), request.issuer, login.scope)
end

---What a person says to a code; user: name, or nil for a refusal.
function device.decide(code, user)
  for _, login in pairs(store.devices) do
    if login.user_code == code then
      login.user, login.denied = user and store.person(login.realm, user), not user
      if user and not login.user then error("no user " .. user, 0) end
      return
    end
  end
  error("no login waits for the code " .. tostring(code), 0)
end

return device
