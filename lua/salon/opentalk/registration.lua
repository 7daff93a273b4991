-- `POST /v1/auth/login`: servers up to 0.29 know a user from then on, and want it
-- again after each renewal of the token.

local core = require "salon.core"
local refusals = require "salon.opentalk.refusals"

---@class salon.opentalk.Registration
---@field wanted boolean  the server has asked for it once
local Registration = {}
Registration.__index = Registration

---@param http salon.Http
---@param discovery salon.opentalk.Discovery
---@param secrets salon.Secrets
function Registration.new(http, discovery, secrets)
  return setmetatable({ http = http, discovery = discovery, secrets = secrets, wanted = false },
    Registration)
end

---@param token salon.Token
---@param deadline number
---@return true? registered
---@return salon.Error? err
function Registration:register(token, deadline)
  self.secrets:note("registered", token)
  local base, err = self.discovery:locate(deadline)
  if base == nil then return nil, err end
  local response
  response, err = self.http:call {
    method = "POST",
    base = base,
    parts = { "auth", "login" },
    body = core.encode { id_token = token:reveal_id() or token:reveal() },
    deadline = deadline,
    inner = true,
    retry = "idempotent",
  }
  if response == nil then
    refusals.explain(err)
    if err.status == 400 or err.status == 401 then err.kind = "auth" end
    return nil, err
  end
  self.wanted = true
  return true
end

return Registration
