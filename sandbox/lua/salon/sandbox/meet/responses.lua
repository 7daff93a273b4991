-- Responses of Meet: JSON, and the HTML error pages of its framework.

local json = require "salon.sandbox.json"

local responses = {}

---A JSON response of a route, which says what methods it has.
function responses.json(request, status, value, more)
  local headers = { ["Content-Type"] = "application/json", Server = "gunicorn", Allow = request.allow }
  for name, text in pairs(more or {}) do headers[name] = text end
  return { status = status, headers = headers, body = json.write(value) }
end

function responses.detail(request, status, text, more)
  return responses.json(request, status, { detail = text }, more)
end

---400 about fields: name -> list of texts (or of objects).
function responses.invalid(request, faults) return responses.json(request, 400, faults) end

local TITLES = { [400] = "Bad Request (400)", [404] = "Not Found", [500] = "Server Error (500)" }

function responses.page(status)
  local title = TITLES[status]
  return { status = status, headers = { ["Content-Type"] = "text/html; charset=utf-8", Server = "gunicorn" },
    body = ("<!doctype html>\n<title>%s</title>\n<h1>%s</h1>\n"):format(title, title) }
end

---A redirect; the request has no other effect.
function responses.moved(location)
  return { status = 301, body = "",
    headers = { ["Content-Type"] = "text/html; charset=utf-8", Server = "gunicorn", Location = location } }
end

return responses
