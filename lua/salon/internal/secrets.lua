-- The texts of one client that no error may show, by name: what options hold, what
-- was last sent to a login service, the tokens it gave.

local core = require "salon.core"

---@class salon.Secrets
local Secrets = {}
Secrets.__index = Secrets

---@return salon.Secrets
function Secrets.new()
  return setmetatable({ known = {} }, Secrets)
end

---Remembers a secret in place of the last one of this name.
---@param name string
---@param value string|salon.Secret|salon.Token|function|nil  a function's value is not known
function Secrets:note(name, value)
  if type(value) == "string" then value = core.secret(value) end
  if type(value) == "function" then value = nil end
  self.known[name] = value
end

local function add(list, value)
  list[#list + 1] = value:reveal()
  if value.reveal_refresh == nil then return end  -- a Secret
  list[#list + 1] = value:reveal_refresh()
  list[#list + 1] = value:reveal_id()
end

---All of them as texts.
---@param token? salon.Token  that was sent
---@return string[]
function Secrets:list(token)
  local list = {}
  for _, value in pairs(self.known) do add(list, value) end
  if token then add(list, token) end
  return list
end

return Secrets
