-- Answers of Meet: its standing headers, JSON errors and HTML pages.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"

local errors = {}

local BASE = { Server = "gunicorn", ["X-Frame-Options"] = "DENY",
  ["Content-Language"] = "en-us", ["X-Content-Type-Options"] = "nosniff",
  ["Referrer-Policy"] = "same-origin", ["Cross-Origin-Opener-Policy"] = "same-origin" }

local WITH_COOKIE = "origin, Accept-Language, Cookie"

local function headers(kind, vary, more)
  local all = { ["Content-Type"] = kind, Vary = vary }
  for name, value in pairs(BASE) do all[name] = value end
  if store.settings.https then
    all["Strict-Transport-Security"] = "max-age=60; includeSubDomains; preload"
  end
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

---A JSON answer of a route: { allow, vary } come from the request.
function errors.answer(request, status, body, more)
  local head = headers("application/json", request.token_route and WITH_COOKIE or "origin, Accept-Language", more)
  head.Allow = request.allow
  return { status = status, headers = head, body = body }
end

function errors.detail(request, status, text, more)
  return errors.answer(request, status, json.object("detail", json.quote(text)), more)
end

---406 depends on the cookie on every route.
function errors.not_acceptable(request)
  return errors.detail(request, 406, "Could not satisfy the request Accept header.",
    { Vary = WITH_COOKIE })
end

local PAGE = [[

<!doctype html>
<html lang="en">
<head>
  <title>%s</title>
</head>
<body>
  <h1>%s</h1><p>%s</p>
</body>
</html>
]]

local PAGES = {
  [400] = { "Bad Request (400)", "" },
  [404] = { "Not Found", "The requested resource was not found on this server." },
  [500] = { "Server Error (500)", "" },
}

function errors.page(status)
  local words = PAGES[status]
  return { status = status, headers = headers("text/html; charset=utf-8", WITH_COOKIE),
    body = PAGE:format(words[1], words[1], words[2]) }
end

---A host that the server does not answer for.
function errors.wrong_host()
  local answer = errors.page(400)
  answer.chunked, answer.headers.Vary = true, "origin, Accept-Language"
  return answer
end

---Somewhere else: nothing is done. To https: before anything else is set.
function errors.moved(location, bare)
  local head = headers("text/html; charset=utf-8", WITH_COOKIE, { Location = location })
  if bare then
    head.Vary, head["Content-Language"], head["X-Frame-Options"], head["Strict-Transport-Security"] = nil, nil, nil, nil
  end
  return { status = 301, chunked = true, body = "", headers = head }
end

return errors
