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

token.AUDIENCE = "Test inc."

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
    "aud", q(token.AUDIENCE), "scope", scope ~= "" and q(scope) or nil)
  local text = tokens.sign("meet", claims)
  return errors.answer(request, 200, json.object("access_token", q(text), "token_type", '"Bearer"',
    "expires_in", ("%d"):format(life), "scope", scope ~= "" and q(scope) or nil))
end

local DESCRIPTION = [[Generate JWT access token for application delegation.

Validates application credentials and generates a JWT token scoped
to a specific user email, allowing the application to act on behalf
of that user.

Note: The 'scope' parameter accepts an email address to identify the user
being delegated. This design allows applications to obtain user-scoped tokens
for delegation purposes. The scope field is intentionally generic and can be
extended to support other values in the future.

Reference: https://stackoverflow.com/a/27711422]]

-- The account a token is for; nil and the answer. Some servers make who is missing.
local function account_of(request, email)
  local account = store.accounts[email:lower()]
  if account then return account end
  if not store.settings.new_users then return nil, errors.detail(request, 404, "User not found.") end
  if #email > 254 then return nil, failure(request, 409, "Failed to create or retrieve provisional user.") end
  return store.add_account(email:lower())
end

function token.answer(request, new)
  if store.settings.applications == false then return errors.detail(request, 404, "Not found.") end
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
  if not application or values.client_secret ~= (application.secret or "throwaway-secret") then
    return refused(request, "Invalid credentials")
  elseif application.inactive then
    return refused(request, "Application is inactive")
  end
  local domain = values.scope:match('^[^%s@<>,;"]+@([%w.-]+%.%w+)$')
  if not domain then return failure(request, 400, "Scope should be a valid email address.") end
  if application.domains and not application.domains[domain:lower()] then
    return failure(request, 403, "This application is not authorized for this email domain.")
  end
  local account
  account, refusal = account_of(request, values.scope)
  if not account then return refusal end
  if account.twin then return errors.page(400) end
  if store.settings.jwt_key == false then return errors.page(500) end
  return grant(request, values.client_id, application, account)
end

return token
