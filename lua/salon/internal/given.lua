-- The grant of a token from outside (option `token`), for login.lua: a value, or a function that is
-- called for the first token and again after a refusal.

local Error = require "salon.internal.error"
local core = require "salon.core"
local options = require "salon.internal.options"

local Given = { is_given = true }
Given.__index = Given

---@param value string|salon.Secret|function
function Given.new(value)
  return setmetatable({ value = value, renewable = type(value) == "function" }, Given)
end

local function refuse(message, hint)
  return nil, Error.new { kind = "auth", message = message, hint = hint }
end

function Given:renew(_, old)
  if self.is_logged_out and not self.renewable then
    return refuse("option 'token' was given up at client:logout()", "make a new client")
  end
  local text, message = options.reveal(self.value)
  if text == nil then
    return refuse("option 'token': no token to send: " .. message)
  end
  if old and old:reveal() == text then return nil end
  local ok, token = pcall(core.token, { access = text })
  if ok then return token end
  return refuse("option 'token' gave no usable token: " .. token,
    "does the file it was read from end in a line end?")
end

-- The token belongs to those who gave it.
function Given:logout()
  self.is_logged_out = true
  return true
end

return Given
