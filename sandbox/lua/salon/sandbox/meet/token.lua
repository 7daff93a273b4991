-- POST /application/token/: a token for one user, and everything that can be
-- wrong with asking for one, in the order in which the server decides.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"
local input = require "salon.sandbox.meet.input"
local responses = require "salon.sandbox.meet.responses"

local token = {}

local FIELDS = { "client_id", "client_secret", "grant_type", "scope" }
local LIFE = 3600

token.AUDIENCE = "Test inc."

local GRANTS = { client_credentials = true }

local function field_fault(name, value)
  if value == nil then return "This field is required." end
  if name == "grant_type" or value == json.null then return input.choice_fault(value, GRANTS) end
  if type(value) == "table" or type(value) == "boolean" then return "Not a valid string." end
  local text = tostring(value)
  if text:find("\0", 1, true) then return "Null characters are not allowed." end
  if not text:find "%S" then return "This field may not be blank." end
end

-- The four fields, trimmed; nil and the response.
local function read_fields(request, body)
  local faults, values = {}, {}
  for _, name in ipairs(FIELDS) do
    local fault = field_fault(name, body[name])
    if fault then
      faults[name] = { fault }
    else
      values[name] = tostring(body[name]):match "^%s*(.-)%s*$"
    end
  end
  if next(faults) then return nil, responses.invalid(request, faults) end
  return values
end

local function failure(request, status, text) return responses.json(request, status, { error = text }) end

local function refused(request, text)
  return responses.detail(request, 401, text, { ["WWW-Authenticate"] = "Session" })
end

local function grant(request, id, application, account)
  local now = math.floor(store.seconds())
  local life = math.floor(store.settings.token_life or LIFE)
  local scope = application.scopes[1] and table.concat(application.scopes, " ") or nil
  local text = tokens.sign("meet", { client_id = id, delegated = true, iat = now, exp = now + life,
    user_id = account.id, iss = "lasuite-meet", aud = token.AUDIENCE, scope = scope })
  return responses.json(request, 200,
    { access_token = text, token_type = "Bearer", expires_in = life, scope = scope })
end

-- The account a token is for; nil and the response. Some servers create missing users.
local function account_of(request, email)
  local account = store.accounts[email:lower()]
  if account then return account end
  if not store.settings.new_users then return nil, responses.detail(request, 404, "User not found.") end
  if #email > 254 then return nil, failure(request, 409, "Failed to create or retrieve provisional user.") end
  return store.add_account(email:lower())
end

function token.respond(request, new)
  if store.settings.applications == false then return responses.detail(request, 404, "Not found.") end
  local session = (request:header "cookie" or ""):match "sessionid=([^;%s]*)"
  if store.web_sessions[session or ""] then
    return responses.detail(request, 403, "CSRF Failed: CSRF cookie not set.")
  elseif request.method ~= "POST" then
    return responses.detail(request, 405, ('Method "%s" not allowed.'):format(request.method))
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
  if account.twin then return responses.page(400) end
  if store.settings.jwt_key == false then return responses.page(500) end
  return grant(request, values.client_id, application, account)
end

return token
