-- The administrator's part: the same change at Keycloak, through its own API,
-- and at the sandbox, through its control calls.

local core = require "salon.core"
local salon = require "salon"
local compare = require "spec.keycloak.compare"

local admin = {}

local USERS = "/admin/realms/OPENTALK/users"

local function ask(base, call)
  local response = compare.send(base, call)
  assert(response.status < 300, call.path .. ": " .. response.status .. " " .. response.body)
  return response.json
end

---@param change table  { user =, disabled =, pending =, logout = true }
function admin.keycloak(base, change)
  local token = ask(base, { path = "/realms/master/protocol/openid-connect/token", form = {
    grant_type = "password", client_id = "admin-cli", username = "admin",
    password = "throwaway-password" } }).access_token
  local path = USERS .. "/" .. ask(base, { method = "GET", bearer = token,
    path = USERS .. "?exact=true&username=" .. change.user })[1].id
  if change.logout then
    ask(base, { path = path .. "/logout", bearer = token, body = "" })
    return
  end
  local fields = {}
  if change.disabled ~= nil then fields.enabled = not change.disabled end
  if change.pending ~= nil then
    fields.requiredActions = change.pending and { "UPDATE_PASSWORD" } or salon.array {}
  end
  ask(base, { method = "PUT", path = path, bearer = token, type = "application/json",
    body = core.encode(fields) })
end

function admin.sandbox(sandbox, change) sandbox:put("user", change.user, change) end

return admin
