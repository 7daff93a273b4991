-- Meet's External API, versions 1.27 and 1.31: slash rule, Accept,
-- authentication, scope and method of a request, in the server's order.

local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"
local responses = require "salon.sandbox.meet.responses"
local rooms = require "salon.sandbox.meet.rooms"
local token = require "salon.sandbox.meet.token"

local meet = {}

local LIST = { allow = "GET, POST, HEAD, OPTIONS",
  GET = { rooms.list, "rooms:list" }, HEAD = { rooms.list, "rooms:list" },
  POST = { rooms.create, "rooms:create" } }
local ROOM = { allow = "GET, HEAD, OPTIONS",
  GET = { rooms.get, "rooms:retrieve" }, HEAD = { rooms.get, "rooms:retrieve" } }
local NEW_ROOM = { allow = "GET, PATCH, HEAD, OPTIONS", GET = ROOM.GET, HEAD = ROOM.HEAD,
  PATCH = { rooms.patch, "rooms:update" }, PUT = { nil, "rooms:update" } }

local TOKEN = { allow = "POST, OPTIONS" }

-- The route of a path that ends in a slash, and the id in it.
local function route_of(path, new)
  local rest = path:match("^/external%-api/v1%.0/(.*)$")
  if rest == "application/token/" then return TOKEN end
  if rest == "rooms/" then return LIST end
  local id = rest and rest:match("^rooms/([^/.]+)/$")
  if id then return new and NEW_ROOM or ROOM, ngx.unescape_uri(id) end
end

local function acceptable(request)
  local accept = request:header "accept"
  return not accept or accept:find("application/json", 1, true) or accept:find("*/*", 1, true)
    or accept:find("application/*", 1, true)
end

local REFUSALS = {
  missing = "Authentication credentials were not provided.", header = "Invalid token header.",
  unknown = "Resource Server is improperly configured", invalid = "Invalid token.",
  expired = "Token expired.", application = "Application is disabled.", user = "User account is disabled.",
  no_application = "Application not found.", no_user = "User not found.",
}

meet.refusals = REFUSALS

-- Tokens of others go to the OpenID provider: status of the page by its state.
local PROVIDER = { inactive = 400, down = 500 }

-- Whose token it is: { account, scopes }; or nil and the reason to refuse the header.
local function judge(header)
  local words = {}
  for word in header:gmatch "%S+" do words[#words + 1] = word end
  if not words[1] or words[1]:lower() ~= "bearer" then return nil, "missing" end
  if #words ~= 2 then return nil, "header" end
  local claims = store.settings.applications ~= false and tokens.read("meet", words[2])
  if not claims then return nil, PROVIDER[store.settings.provider] and "provider" or "unknown" end
  if claims.exp <= store.seconds() then return nil, "expired" end
  local application, account = store.applications[claims.client_id], store.account_ids[claims.user_id]
  if claims.aud ~= token.AUDIENCE then return nil, "invalid" end
  if not application or application.inactive then return nil, application and "application" or "no_application" end
  if not account or account.inactive then return nil, account and "user" or "no_user" end
  return { account = account, scopes = claims.scope or "" }
end

-- { account, scopes } of the request's token, or nil and the response.
local function authenticate(request)
  local facts, reason = nil, request.refusal
  if not reason then facts, reason = judge(request:header "authorization" or "") end
  if facts then return facts end
  if reason == "provider" then return nil, responses.page(PROVIDER[store.settings.provider]) end
  return nil, responses.detail(request, 401, REFUSALS[reason] or REFUSALS.invalid, { ["WWW-Authenticate"] = "Bearer" })
end

local function lacks(facts, scope)
  if (" " .. facts.scopes .. " "):find(" " .. scope .. " ", 1, true) then return nil end
  return facts.scopes ~= "" and "Insufficient permissions. Required scope: " .. scope or "Insufficient permissions."
end

-- What is decided before any route is looked at.
local function before_routing(request)
  local settings = store.settings
  local host = request:header "host" or ""
  if settings.meet_host and host:gsub(":%d+$", "") ~= settings.meet_host then return responses.page(400) end
  if not settings.https then return nil end
  if request:header "x-forwarded-proto" == "https" then request.scheme = "https" end
  if request.scheme ~= "https" then return responses.moved("https://" .. host .. request.uri) end
end

function meet.respond(request)
  local new = store.settings.meet == "1.31"
  local refused = before_routing(request)
  if refused then return refused end
  local route, id = route_of(request.path, new)
  if not route then
    if route_of(request.path .. "/", new) then
      return responses.moved(request.path .. "/" .. (request.query ~= "" and "?" .. request.query or ""))
    end
    return responses.page(404)
  end
  request.allow, request.id = route.allow, id
  local format = request:parameters().format
  if format and format ~= "json" then return responses.detail(request, 404, "Not found.") end
  if not acceptable(request) then
    return responses.detail(request, 406, "Could not satisfy the request Accept header.")
  end
  if route == TOKEN then return token.respond(request, new) end
  local facts, refusal = authenticate(request)
  if not facts then return refusal end
  local action = route[request.method]
  if action or request.method == "OPTIONS" then
    local words = lacks(facts, action and action[2] or "None")
    if words then return responses.detail(request, 403, words) end
  end
  if not action or not action[1] then
    return responses.detail(request, 405, ('Method "%s" not allowed.'):format(request.method))
  end
  return action[1](request, facts.account)
end

return meet
