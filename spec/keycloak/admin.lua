-- The administrator's part: the same change at Keycloak, through its own API,
-- and at the sandbox, through its control calls; and what Keycloak has noted.

local core = require "salon.core"
local salon = require "salon"
local compare = require "spec.keycloak.compare"

local admin = {}

local function ask(base, call)
  local response = compare.send(base, call)
  assert(response.status and response.status < 300, call.path .. ": " .. tostring(response.status)
    .. " " .. response.body)
  return response.json
end

-- One request below a realm, as the administrator.
local function manage(base, realm, call)
  call.bearer = ask(base, { path = "/realms/master/protocol/openid-connect/token", form = {
    grant_type = "password", client_id = "admin-cli", username = "admin",
    password = "throwaway-password" } }).access_token
  call.path, call.type = "/admin/realms/" .. realm .. call.path, "application/json"
  return ask(base, call)
end

local function id_of(base, realm, user)
  return manage(base, realm, { method = "GET", path = "/users?exact=true&username=" .. user })[1].id
end

---@param change table  { realm = "OPENTALK", user =, disabled =, pending =, logout = true,
---  unlocked = true }, or for all users of the realm { realm =, not_before = seconds }
function admin.keycloak(base, change)
  local realm = change.realm or "OPENTALK"
  if change.not_before then
    manage(base, realm, { method = "PUT", path = "", body = core.encode { notBefore = change.not_before } })
    manage(base, realm, { path = "/push-revocation", body = "" })
    return
  end
  local id = id_of(base, realm, change.user)
  if change.logout then
    manage(base, realm, { path = "/users/" .. id .. "/logout", body = "" })
    return
  elseif change.unlocked then
    manage(base, realm, { method = "DELETE", path = "/attack-detection/brute-force/users/" .. id })
    return
  end
  local fields = {}
  if change.disabled ~= nil then fields.enabled = not change.disabled end
  if change.pending ~= nil then
    fields.requiredActions = change.pending and { "UPDATE_PASSWORD" } or salon.array {}
  end
  manage(base, realm, { method = "PUT", path = "/users/" .. id, body = core.encode(fields) })
end

function admin.sandbox(sandbox, change)
  if change.not_before then
    sandbox:put("realm", change.realm, { not_before = change.not_before })
  else
    sandbox:put("user", change.user, change)
  end
end

---How often each thing happened at a realm while `work` ran: { LOGIN = 1, REFRESH_TOKEN = 3 }.
---Names are those of Keycloak's events, as far as realms.jq has them noted.
function admin.noted(base, realm, work)
  local sum = {}
  local function count(sign)
    for _, event in ipairs(manage(base, realm, { method = "GET", path = "/events?max=10000" })) do
      sum[event.type] = (sum[event.type] or 0) + sign
    end
  end
  count(-1)
  work()
  count(1)
  for name, n in pairs(sum) do sum[name] = n ~= 0 and n or nil end
  return sum
end

return admin
