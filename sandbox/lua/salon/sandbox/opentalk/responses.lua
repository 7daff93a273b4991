-- Responses of the controller: JSON under its own type for errors, plain text for
-- queries and path parts, and the empty 403 that hides what exists.

local json = require "salon.sandbox.json"

local responses = {}

local DEFAULTS = {
  [400] = { "bad_request", "Invalid request due to malformed syntax" },
  [401] = { "unauthorized", "Authentication failed" },
  [403] = { "forbidden", "Access to the requested resource is forbidden" },
  [404] = { "not_found", "A requested resource could not be found" },
  [409] = { "conflict", "The request conflicts with the state of the resource" },
  [422] = { "validation_failed", "Some provided values are invalid" },
  [500] = { "internal_server_error", "An internal server error occurred" },
}

local UNAVAILABLE = "The service is currently unavailable"

local function new(status, kind, body)
  return { status = status, headers = { ["Content-Type"] = kind }, body = body }
end

---The success of everything that has a body.
function responses.ok(value) return new(200, "application/json", json.write(value)) end

function responses.list(items) return responses.ok(json.list(items)) end

---A JSON error; code and message default by status.
---@param more? table  further members
function responses.error(status, code, message, more)
  local body = more or {}
  body.code = code or DEFAULTS[status][1]
  body.message = message or code == "service_unavailable" and UNAVAILABLE or DEFAULTS[status][2]
  return new(status, "text/json; charset=utf-8", json.write(body))
end

---422 with entries { field, code, message }; 2023 calls the list otherwise.
function responses.invalid(old, entries)
  for i, entry in ipairs(entries) do entries[i] = { field = entry[1], code = entry[2], message = entry[3] } end
  return responses.error(422, nil, nil, { [old and "errors" or "validation_errors"] = json.list(entries) })
end

---422 invalid_event; 2023 sends an empty list along.
function responses.invalid_event(old, message)
  return responses.error(422, "invalid_event", message, { errors = old and json.list {} or nil })
end

---400 with a message of the JSON parser.
function responses.invalid_json(words)
  return responses.error(400, "invalid_json", "Json deserialize error: " .. words)
end

function responses.text(status, text) return new(status, "text/plain; charset=utf-8", text) end

function responses.query(text) return responses.text(400, "Query deserialize error: " .. text) end

function responses.empty(status) return new(status, nil, "") end

---401 with WWW-Authenticate.
function responses.bearer(old, description, message, code)
  local response = responses.error(401, nil, message)
  response.headers["WWW-Authenticate"] = ('Bearer error="%s"%s error_description="%s"')
    :format(code or "invalid_token", old and "" or ",", description)
  return response
end

return responses
