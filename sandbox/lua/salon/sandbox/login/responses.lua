-- Responses of the login service.

local json = require "salon.sandbox.json"

local responses = {}

function responses.json(status, value)
  return { status = status, headers = { ["Content-Type"] = "application/json" }, body = json.write(value) }
end

---{ error, error_description }
function responses.refuse(status, code, description)
  return responses.json(status, { error = code, error_description = description })
end

return responses
