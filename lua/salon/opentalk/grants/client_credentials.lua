-- Client credentials: the client logs in as itself, by its secret. There is no refresh
-- token, and asking again does no harm.

local ClientCredentials = { is_service = true }
ClientCredentials.__index = ClientCredentials

---@param route salon.opentalk.Route
function ClientCredentials.new(route)
  return setmetatable({ route = route }, ClientCredentials)
end

---@param deadline number
---@return salon.Token? token
---@return salon.Error? err
function ClientCredentials:renew(deadline)
  local form, err = self.route:form("token_endpoint", deadline, "client_credentials",
    "scope", self.route.given.scope)
  if form == nil then return nil, err end
  return self.route:token(form, deadline, { retry = "idempotent" })
end

return ClientCredentials
