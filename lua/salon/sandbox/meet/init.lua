-- Meet's External API, versions 1.27 and 1.31: the way of a request through
-- slash rule, Accept, authentication, scope and method, in the server's order.

local store = require "salon.sandbox.store"
local tokens = require "salon.sandbox.tokens"
local errors = require "salon.sandbox.meet.errors"
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

local function refused(request, text)
  return nil, errors.detail(request, 401, text, { ["WWW-Authenticate"] = "Bearer" })
end

-- Facts of the request's token, or nil and the answer.
local function authenticate(request)
  local header = request:header "authorization" or ""
  local words = {}
  for word in header:gmatch("%S+") do words[#words + 1] = word end
  if not words[1] or words[1]:lower() ~= "bearer" then
    return refused(request, "Authentication credentials were not provided.")
  elseif #words ~= 2 then
    return refused(request, "Invalid token header.")
  end
  local facts = tokens.find(words[2])
  if not facts or facts.kind ~= "meet" then
    return refused(request, "Resource Server is improperly configured")
  elseif request.expired or facts.expires <= store.seconds() then
    return refused(request, "Token expired.")
  elseif facts.application.inactive then
    return refused(request, "Application is disabled.")
  elseif facts.account.inactive then
    return refused(request, "User account is disabled.")
  end
  return facts
end

local function lacks(facts, scope)
  for _, word in ipairs(facts.scopes) do
    if word == scope then return nil end
  end
  return facts.scopes[1] and "Insufficient permissions. Required scope: " .. scope
    or "Insufficient permissions."
end

local function format_of(query)
  local format
  for value in ("&" .. query):gmatch("&format=([^&]*)") do format = value end
  return format
end

function meet.answer(request)
  local new = store.settings.meet == "1.31"
  local route, id = route_of(request.path, new)
  if not route then
    if route_of(request.path .. "/", new) then return errors.add_slash(request) end
    return errors.page(404)
  end
  request.allow, request.token_route, request.id = route.allow, route == TOKEN, id
  local format = format_of(request.query)
  if format and format ~= "json" then return errors.detail(request, 404, "Not found.") end
  if not acceptable(request) then return errors.not_acceptable(request) end
  if route == TOKEN then return token.answer(request, new) end
  local facts, refusal = authenticate(request)
  if not facts then return refusal end
  local action = route[request.method]
  if action or request.method == "OPTIONS" then
    local words = lacks(facts, action and action[2] or "None")
    if words then return errors.detail(request, 403, words) end
  end
  if not action or not action[1] then
    return errors.detail(request, 405, ('Method "%s" not allowed.'):format(request.method))
  end
  return action[1](request, facts.account)
end

return meet
