-- OpenTalk's controller, profiles 2023 and 2026: which chapter answers a path,
-- who may come in, and the headers of every answer. Chapters get
-- (request, user, old, id, second id); old = profile 2023.

local store = require "salon.sandbox.store"
local errors = require "salon.sandbox.opentalk.errors"
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
  ["PUT /rooms/*"] = rooms.put,
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

local function well_known(request, old)
  if request.path ~= "/.well-known/opentalk/api" or request.method ~= "GET" or old then
    return errors.empty(404)
  end
  return errors.ok '{"opentalk_api":{"v1":{"base_url":"/v1"}}}'
end

local function route(request, old)
  local path = request.path:match("^/v1(/.*)$")
  if not path then return well_known(request, old) end
  local form, ids = shape(path)
  local name = request.method .. " " .. form
  if PUBLIC[name] then return PUBLIC[name](request, nil, old) end
  local user, refusal = users.authenticate(request, old)
  if not user then return refusal end
  if not METHODS[request.method] then return errors.empty(401) end
  local chapter = ROUTES[name]
  if not chapter then return errors.empty(403) end
  return chapter(request, user, old, ids[1], ids[2])
end

-- 2023 lets every origin in, 2026 only the front end.
local function allowed_origin(request, old)
  local origin = request:header "origin"
  if not origin then return nil end
  if old then return "*" end
  for _, scheme in pairs(store.settings.addresses) do
    if scheme.frontend == origin then return origin end
  end
end

function opentalk.answer(request)
  local old = store.settings.opentalk == "2023"
  local answer = route(request, old)
  -- Cached answers are shared: what belongs to one request is set apart.
  local header = ngx.header
  if not answer.bare then
    header["vary"] = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
    header["x-request-id"] = store.noise:uuid()
    header["access-control-allow-origin"] = allowed_origin(request, old)
  end
  return answer
end

---The web front end: the well-known file that names the controller, and a page
---for everything else.
function opentalk.frontend(request)
  if request.path == "/.well-known/opentalk/client" then
    return errors.ok(('{"opentalk_controller":{"base_url":"%s"}}')
      :format(store.settings.addresses[request.scheme].controller))
  end
  return { status = 200, headers = { ["Content-Type"] = "text/html" }, body = "<!doctype html>\n<html>"
    .. "<head><title>OpenTalk</title></head><body><div id=\"root\"></div></body></html>\n" }
end

return opentalk
