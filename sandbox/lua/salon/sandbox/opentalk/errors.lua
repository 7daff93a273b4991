-- Answers of the controller that are no success: JSON under text/json, bare
-- text for queries and path parts, and the empty 403 that hides what exists.

local json = require "salon.sandbox.json"

local errors = {}

local DEFAULTS = {
  [400] = { "bad_request", "Invalid request due to malformed syntax" },
  [401] = { "unauthorized", "Authentication failed" },
  [403] = { "forbidden", "Access to the requested resource is forbidden" },
  [404] = { "not_found", "A requested resource could not be found" },
  [409] = { "conflict", "The request conflicts with the state of the resource" },
  [500] = { "internal_server_error", "An internal server error occurred" },
  [422] = { "validation_failed", "Some provided values are invalid" },
}

---The success of everything that has a body.
function errors.ok(body)
  return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = body }
end

---A JSON error; code and message default by status. `more`: further members.
function errors.json(status, code, message, ...)
  local default = DEFAULTS[status]
  return { status = status, headers = { ["Content-Type"] = "text/json; charset=utf-8" },
    body = json.object("code", json.quote(code or default[1]), "message", json.quote(message or default[2]), ...) }
end

---422 with entries { field, code, message? }; 2023 calls the list otherwise.
function errors.invalid(old, entries)
  local texts = {}
  for i, entry in ipairs(entries) do
    texts[i] = json.object("field", json.quote(entry[1]), "code", json.quote(entry[2]),
      "message", entry[3] and json.quote(entry[3]))
  end
  local list = json.array(texts)
  if old then return errors.json(422, nil, nil, "errors", list) end
  return errors.json(422, nil, nil, "validation_errors", texts[1] and list)
end

---422 invalid_event; 2023 sends an empty list along.
function errors.event(old, message)
  return errors.json(422, "invalid_event", message, "errors", old and "[]" or nil)
end

function errors.text(status, text)
  return { status = status, headers = { ["Content-Type"] = "text/plain; charset=utf-8" },
    body = text }
end

function errors.query(text) return errors.text(400, "Query deserialize error: " .. text) end

function errors.empty(status) return { status = status, headers = {}, body = "" } end

---401 with WWW-Authenticate. Without `parsed` (a token that could be read) it
---is the door's answer, which carries a request id as all others do.
function errors.bearer(old, description, message, parsed, code)
  local answer = errors.json(401, nil, message)
  answer.headers["WWW-Authenticate"] = ('Bearer error="%s"%s error_description="%s"')
    :format(code or "invalid_token", old and "" or ",", description)
  answer.bare = parsed
  return answer
end

return errors
