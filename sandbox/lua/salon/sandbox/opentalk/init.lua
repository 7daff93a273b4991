-- OpenTalk's controller, versions 2023, 2026 and 0.66: routes, authentication, and the
-- request id of every response. Routes get (request, user, old, id, second id);
-- old = version 2023.

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local event_changes = require "salon.sandbox.opentalk.event_changes"
local events = require "salon.sandbox.opentalk.events"
local instances = require "salon.sandbox.opentalk.instances"
local invites = require "salon.sandbox.opentalk.invites"
local joining = require "salon.sandbox.opentalk.joining"
local people = require "salon.sandbox.opentalk.people"
local profiles = require "salon.sandbox.opentalk.profiles"
local rooms = require "salon.sandbox.opentalk.rooms"
local streaming = require "salon.sandbox.opentalk.streaming"
local things = require "salon.sandbox.opentalk.things"
local users = require "salon.sandbox.opentalk.users"

local opentalk = {}

-- "*" stands for an id.
local PUBLIC = {
  ["GET /auth/login"] = users.provider, ["POST /auth/login"] = users.login, ["POST /invite/verify"] = invites.verify,
}
local OLD_PUBLIC = { ["POST /rooms/*/start_invited"] = joining.start_invited }
local NEW_PUBLIC = {
  ["POST /rooms/*/start_invited"] = joining.moved, ["GET /rooms/*/assets/*/proxy"] = things.proxy,
}

local ROUTES = {
  ["GET /users/me"] = profiles.me, ["PATCH /users/me"] = profiles.change, ["GET /users/me/tariff"] = profiles.tariff,
  ["GET /users/find"] = profiles.find, ["PUT /users/me/event_favorites/*"] = people.add_favourite,
  ["DELETE /users/me/event_favorites/*"] = people.remove_favourite, ["GET /rooms"] = rooms.list,
  ["POST /rooms"] = rooms.create, ["GET /rooms/*"] = rooms.get, ["PUT /rooms/*"] = rooms.put,
  ["DELETE /rooms/*"] = rooms.delete, ["GET /rooms/*/tariff"] = rooms.tariff, ["GET /rooms/*/invites"] = invites.list,
  ["POST /rooms/*/invites"] = invites.create, ["GET /rooms/*/invites/*"] = invites.get,
  ["PUT /rooms/*/invites/*"] = invites.update, ["DELETE /rooms/*/invites/*"] = invites.delete,
  ["POST /rooms/*/start"] = joining.start, ["GET /rooms/*/assets"] = things.assets,
  ["GET /rooms/*/assets/*"] = things.assets, ["DELETE /rooms/*/assets/*"] = things.assets,
  ["GET /events"] = function(request, user, old) return events.list(request, user, old) end,
  ["POST /events"] = event_changes.create, ["GET /events/*"] = events.get, ["PATCH /events/*"] = event_changes.change,
  ["DELETE /events/*"] = event_changes.delete, ["GET /events/*/invites"] = people.list,
  ["POST /events/*/invites"] = people.invite, ["DELETE /events/*/invites/*"] = people.uninvite,
  ["PATCH /events/*/invite"] = people.accept, ["DELETE /events/*/invite"] = people.decline,
  ["GET /events/*/instances"] = instances.list, ["GET /events/*/instances/*"] = instances.get,
  ["PATCH /events/*/instances/*"] = instances.change,
}

local OLD = {
  ["DELETE /internal/rooms/*"] = rooms.delete_all, ["POST /events/*/reschedule"] = events.reschedule,
  ["GET /users/me/pending_invites"] = function() return responses.empty(404) end,
}

local NEW = {
  ["GET /rooms/*/streaming_targets"] = streaming.list, ["POST /rooms/*/streaming_targets"] = streaming.create,
  ["GET /rooms/*/streaming_targets/*"] = streaming.get, ["PATCH /rooms/*/streaming_targets/*"] = streaming.change,
  ["DELETE /rooms/*/streaming_targets/*"] = streaming.delete, ["POST /rooms/*/assets"] = things.assets,
  ["GET /rooms/*/assets/*/download"] = things.download, ["GET /users/me/assets"] = things.own_assets,
  ["GET /rooms/*/sip"] = things.sip, ["PUT /rooms/*/sip"] = things.sip, ["DELETE /rooms/*/sip"] = things.sip,
  ["GET /events/*/shared_folder"] = things.folder, ["PUT /events/*/shared_folder"] = things.folder,
  ["DELETE /events/*/shared_folder"] = things.folder,
  ["GET /turn"] = function() return responses.empty(204) end,
  ["GET /users/*"] = profiles.get, ["GET /users/me/pending_invites"] = people.pending,
  ["PATCH /events/*/invites/*"] = people.change_role,
  ["PATCH /events/*/invites/email"] = people.change_role_of_address,
  ["DELETE /events/*/invites/email"] = people.uninvite_address, ["GET /events/instances"] = instances.all,
  ["PATCH /rooms/*"] = rooms.change, ["GET /rooms/*/event"] = rooms.event,
  ["PUT /rooms/*"] = function() return responses.empty(403) end,
}

local NEWEST = { ["POST /rooms/name/verify"] = rooms.verify_name }

for name, act in pairs(NEW) do NEWEST[name] = act end

local BY_VERSION = { ["2023"] = OLD, ["2026"] = NEW, ["0.66"] = NEWEST }

-- Public documents outside of the routes.
local VERSIONS = { ["2026"] = "0.35.0-alpha", ["0.66"] = "0.66.0" }

local function document(path)
  if path == "/.well-known/opentalk/api" then return { opentalk_api = { v1 = { base_url = "/v1" } } } end
  if path ~= "/v1/openapi.json" then return nil end
  return { openapi = "3.1.0", paths = {}, info = { title = "OpenTalk Controller API",
    version = VERSIONS[store.settings.opentalk] } }
end

local HOLDERS = { rooms = true, events = true, invites = true, instances = true, users = true,
  event_favorites = true, assets = true, streaming_targets = true }
local METHODS = { GET = true, POST = true, PUT = true, PATCH = true, DELETE = true }

-- Where other words than ids follow, on all servers or on new ones.
local WORDS = { ["users me"] = true, ["users find"] = true }
local NEW_WORDS = { ["events instances"] = true, ["invites email"] = true, ["rooms name"] = true }

-- "/rooms/{id}/invites" as "/rooms/*/invites", and the ids in it.
local function shape(path, old)
  local ids, before = {}, nil
  local text = path:gsub("[^/]+", function(part)
    local is_id = HOLDERS[before] and not WORDS[before .. " " .. part]
      and (old or not NEW_WORDS[before .. " " .. part])
    before = part
    if not is_id then return nil end
    ids[#ids + 1] = ngx.unescape_uri(part)
    return "*"
  end)
  return text, ids
end

-- Guests may read these with the code of a link, as whoever made the link.
local GUEST = { ["GET /rooms/*/event"] = true, ["GET /rooms/*/tariff"] = true }

local function guest_of(request, name, ids, old)
  local code = not old and GUEST[name] and (request:header "authorization" or ""):match "^InviteCode (%S+)$"
  local invite = code and store.invites[code:lower()]
  return invite and invite:usable() and invite.room.id == ids[1] and invite.created_by
end

local function route(request, old)
  local found = not old and request.method == "GET" and document(request.path)
  if found then return responses.ok(found) end
  local path = request.path:match "^/v1(/.*)$" or (old and request.path:match "^/internal/.*$")
  if not path then return responses.empty(404) end
  local form, ids = shape(path, old)
  local name = request.method .. " " .. form
  local public = PUBLIC[name] or (old and OLD_PUBLIC or NEW_PUBLIC)[name]
  -- Guests of later servers start without a login.
  if not old and name == "POST /rooms/*/start" and not request:header "authorization" then
    public = store.settings.opentalk == "0.66" and joining.start_without_code or joining.start_invited
  end
  if public then return public(request, nil, old, ids[1]) end
  local user, refusal = guest_of(request, name, ids, old), nil
  if not user then user, refusal = users.authenticate(request, old) end
  if not user then return refusal end
  if not METHODS[request.method] then return responses.empty(401) end
  local act = BY_VERSION[store.settings.opentalk][name] or ROUTES[name]
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
