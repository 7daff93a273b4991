-- How the login service answers: its standing headers and its errors.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"

local answers = {}

local q = json.quote

-- Versions up to 26.0 send another header than later ones.
local function headers(extra)
  local all = { ["Content-Type"] = "application/json", ["Referrer-Policy"] = "no-referrer",
    ["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains",
    ["X-Content-Type-Options"] = "nosniff", ["X-Frame-Options"] = "SAMEORIGIN" }
  if store.settings.keycloak == "26.0" then
    all["X-XSS-Protection"] = "1; mode=block"
  else
    all["X-Robots-Tag"] = "none"
  end
  for name, value in pairs(extra or {}) do all[name] = value end
  return all
end

local EXTRA = {
  token = { ["Cache-Control"] = "no-store", Pragma = "no-cache" },
  changing = { ["Cache-Control"] = "no-cache" },
  fixed = { ["Cache-Control"] = "no-cache, must-revalidate, no-transform, no-store" },
}

---An answer of one of the kinds "token", "changing", "fixed" or "plain".
function answers.new(kind, status, body, more)
  local head = headers(EXTRA[kind])
  for name, value in pairs(more or {}) do head[name] = value end
  return { status = status, headers = head, body = body }
end

---{ error, error_description }
function answers.refuse(kind, status, code, description)
  return answers.new(kind, status, json.object("error", q(code),
    "error_description", description and q(description)))
end

---What answers before any realm is looked at has no standing headers.
function answers.bare(status, body, content_type)
  return { status = status, headers = { ["Content-Type"] = content_type }, body = body }
end

return answers
