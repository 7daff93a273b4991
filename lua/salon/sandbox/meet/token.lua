-- POST /application/token/: a token for one user, and everything that can be
-- wrong with asking for one, in the order in which the server decides.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"
local errors = require "salon.sandbox.meet.errors"
local input = require "salon.sandbox.meet.input"

local token = {}

local q = json.quote
local FIELDS = { "client_id", "client_secret", "grant_type", "scope" }
local LIFE = 3600

local function text_fault(node)
  if node.t == "boolean" or node.t == "array" or node.t == "object" then
    return "Not a valid string."
  elseif node.v:find("\0", 1, true) then
    return "Null characters are not allowed."
  elseif not node.v:find("%S") then
    return "This field may not be blank."
  end
end

local function field_fault(name, node)
  if not node then return "This field is required." end
  if node.t == "null" then return "This field may not be null." end
  if name ~= "grant_type" then return text_fault(node) end
  local shown = input.python(node)
  if shown ~= "client_credentials" then return ('"%s" is not a valid choice.'):format(shown) end
end

-- The four fields, trimmed; nil and the answer.
local function read_fields(request, node)
  local faults, values = {}, {}
  for _, name in ipairs(FIELDS) do
    local fault = field_fault(name, node.map[name])
    if fault then
      faults[#faults + 1] = q(name) .. ":" .. json.array { q(fault) }
    else
      values[name] = node.map[name].v:match("^%s*(.-)%s*$")
    end
  end
  if faults[1] then return nil, errors.answer(request, 400, "{" .. table.concat(faults, ",") .. "}") end
  return values
end

local function failure(request, status, text)
  return errors.answer(request, status, json.object("error", q(text)))
end

local function refused(request, text)
  return errors.detail(request, 401, text, { ["WWW-Authenticate"] = "Session" })
end

local function grant(request, id, application, account)
  local now = math.floor(store.seconds())
  local life = math.floor(store.settings.token_life or LIFE)
  local scope = table.concat(application.scopes, " ")
  local claims = json.object("client_id", q(id), "delegated", "true", "iat", ("%d"):format(now),
    "exp", ("%d"):format(now + life), "user_id", q(account.id), "iss", '"lasuite-meet"',
    "aud", '"Test inc."', "scope", scope ~= "" and q(scope) or nil)
  local text = tokens.issue("HS256", claims, { kind = "meet", expires = now + life,
    application = application, account = account, scopes = application.scopes })
  return errors.answer(request, 200, json.object("access_token", q(text), "token_type", '"Bearer"',
    "expires_in", ("%d"):format(life), "scope", scope ~= "" and q(scope) or nil))
end

local DESCRIPTION = "Generate JWT access token for application delegation."

function token.answer(request, new)
  if (request:header "cookie" or ""):find("sessionid=", 1, true) then
    return errors.detail(request, 403, "CSRF Failed: CSRF cookie not set.")
  elseif request.method == "OPTIONS" then
    return errors.answer(request, 200, json.object("name", '"Generate jwt access token"',
      "description", q(DESCRIPTION), "renders", '["application/json"]', "parses",
      new and '["application/json","application/x-www-form-urlencoded"]'
        or '["application/json","multipart/form-data"]'))
  elseif request.method ~= "POST" then
    return errors.detail(request, 405, ('Method "%s" not allowed.'):format(request.method))
  end
  local node, refusal = input.object(request, new)
  if not node then return refusal end
  local values
  values, refusal = read_fields(request, node)
  if not values then return refusal end
  local application = store.applications[values.client_id]
  if not application or values.client_secret ~= "throwaway-secret" then
    return refused(request, "Invalid credentials")
  elseif application.inactive then
    return refused(request, "Application is inactive")
  end
  local domain = values.scope:match('^[^%s@<>,;"]+@([%w.-]+%.%w+)$')
  if not domain then return failure(request, 400, "Scope should be a valid email address.") end
  if application.domains and not application.domains[domain:lower()] then
    return failure(request, 403, "This application is not authorized for this email domain.")
  end
  local account = store.accounts[values.scope:lower()]
  if not account then return errors.detail(request, 404, "User not found.") end
  if account.twin then return errors.page(400) end
  return grant(request, values.client_id, application, account)
end

return token
