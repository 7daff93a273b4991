-- OpenTalk's controller, profiles 2023 and 2026: routes, authentication, and the
-- request id of every response. Routes get (request, user, old, id, second id);
-- old = profile 2023.

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local events = require "salon.sandbox.opentalk.events"
local invites = require "salon.sandbox.opentalk.invites"
local rooms = require "salon.sandbox.opentalk.rooms"
local users = require "salon.sandbox.opentalk.users"

local opentalk = {}

-- "*" stands for an id.
local PUBLIC = {
  ["GET /auth/login"] = users.provider,
  ["POST /auth/login"] = users.login,
  ["POST /invite/verify"] = invites.verify,
}

local ROUTES = {
  ["GET /users/me"] = users.me,
  ["GET /rooms"] = rooms.list,
  ["POST /rooms"] = rooms.create,
  ["GET /rooms/*"] = rooms.get,
  ["DELETE /rooms/*"] = rooms.delete,
  ["GET /rooms/*/invites"] = invites.list,
  ["POST /rooms/*/invites"] = invites.create,
  ["GET /rooms/*/invites/*"] = invites.get,
  ["PUT /rooms/*/invites/*"] = invites.update,
  ["DELETE /rooms/*/invites/*"] = invites.delete,
  ["GET /events"] = events.list,
  ["POST /events"] = events.create,
  ["GET /events/*"] = events.get,
  ["DELETE /events/*"] = events.delete,
}

local HOLDERS = { rooms = true, events = true, invites = true }
local METHODS = { GET = true, POST = true, PUT = true, PATCH = true, DELETE = true }

-- "/rooms/{id}/invites" as "/rooms/*/invites", and the ids in it.
local function shape(path)
  local ids, before = {}, nil
  local text = path:gsub("[^/]+", function(part)
    local is_id = HOLDERS[before]
    before = part
    if not is_id then return nil end
    ids[#ids + 1] = ngx.unescape_uri(part)
    return "*"
  end)
  return text, ids
end

local function route(request, old)
  local path = request.path:match("^/v1(/.*)$")
  if not path then
    local known = not old and request.method == "GET" and request.path == "/.well-known/opentalk/api"
    return known and responses.ok { opentalk_api = { v1 = { base_url = "/v1" } } } or responses.empty(404)
  end
  local form, ids = shape(path)
  local name = request.method .. " " .. form
  if PUBLIC[name] then return PUBLIC[name](request, nil, old) end
  local user, refusal = users.authenticate(request, old)
  if not user then return refusal end
  if not METHODS[request.method] then return responses.empty(401) end
  local act = ROUTES[name]
  if not act then return responses.empty(403) end
  return act(request, user, old, ids[1], ids[2])
end

function opentalk.respond(request)
  local old = store.settings.opentalk == "2023"
  local response = route(request, old)
  -- Not among the response's own headers, because cached ones are shared.
  if not response.bare then ngx.header["x-request-id"] = store.noise:uuid() end
  return response
end

---The web front end: the well-known file that names the controller, and a page
---for everything else.
function opentalk.frontend(request)
  if request.path == "/.well-known/opentalk/client" then
    return responses.ok { opentalk_controller = { base_url = store.settings.addresses[request.scheme].controller } }
  end
  return { status = 200, headers = { ["Content-Type"] = "text/html" }, body = "<!doctype html>\n<html>"
    .. "<head><title>OpenTalk</title></head><body><div id=\"root\"></div></body></html>\n" }
end

return opentalk
