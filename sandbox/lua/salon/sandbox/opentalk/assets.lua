-- The files of rooms, of which the controller tells the size

local store = require "salon.sandbox.store"
local time = require "salon.sandbox.time"
local responses = require "salon.sandbox.opentalk.responses"
local pages = require "salon.sandbox.opentalk.pages"
local rooms = require "salon.sandbox.opentalk.rooms"
local things = require "salon.sandbox.opentalk.things"

local assets = {}

-- 2023 tells less.
function assets.view(asset, _, _, old)
  local size = not old and #asset.body or nil
  return { id = asset.id, filename = asset.filename, namespace = asset.namespace, size = size,
    kind = not old and (asset.kind or "file") or nil, created_at = time.format(asset.created) }
end

---Keeps a file in a room.
function assets.add(room, fields)
  local asset = { id = fields.id or store.random:uuid(), filename = fields.filename, body = fields.body or "",
    kind = fields.kind, namespace = fields.namespace, created = store.now() }
  room.assets = room.assets or {}
  table.insert(room.assets, 1, asset)
  store.touch()
  return asset
end

assets.files = things.kind("assets", assets.view, function(request, list, user, old)
  return pages.numbered(request, old, "assets for " .. user.id, function() return list end,
    function(asset) return assets.view(asset, nil, nil, old) end)
end, nil, true)

function assets.upload(request, user, _, id)
  local room, refusal = rooms.existing(id, user, true)
  if not room then return refusal end
  local query = request:parameters()
  for _, name in ipairs { "file_extension", "kind" } do
    if not query[name] then return responses.query(("missing field `%s`"):format(name)) end
  end
  local title = query.event_title or "asset"
  return responses.ok(assets.view(assets.add(room, { body = request:body(), kind = query.kind,
    namespace = query.namespace, filename = ("%s_%s.%s"):format(title, query.kind, query.file_extension) })))
end

-- Gives the bytes of an asset; download: where they are.
local function with_asset(act)
  return function(request, user, _, id, other)
    local room, refusal, asset = things.find("assets", request, user, id, other)
    if not room then return refusal end
    return asset and act(asset, request) or responses.error(404)
  end
end

assets.read = with_asset(function(asset) return { status = 200, headers = {}, body = asset.body } end)

assets.download = with_asset(function(asset, request)
  store.downloads[asset.id] = asset
  local url = "proxy?token=" .. asset.id
  if request:parameters().redirect == "false" then return responses.ok { url = url } end
  return { status = 302, headers = { Location = url }, body = "" }
end)

---The bytes of an asset for whoever has the token that download gave.
function assets.proxy(request)
  local asset = store.downloads[request:parameters().token or ""]
  return asset and { status = 200, headers = {}, body = asset.body } or responses.error(401)
end

-- One's own files in all rooms.
function assets.own(request, user, old)
  local response = pages.numbered(request, old, "assets of " .. user.id, function()
    local list = {}
    for _, room in ipairs(user.rooms) do
      for _, asset in ipairs(room.owner == user and room.assets or {}) do list[#list + 1] = { asset, room } end
    end
    return list
  end, function(entry)
    local view = assets.view(entry[1])
    view.room_id, view.event_id = entry[2].id, entry[2].event and entry[2].event.id
    return view
  end)
  if response.status ~= 200 then return response end
  return { status = 200, headers = response.headers, body = '{"owned_assets":' .. response.body .. "}" }
end

return assets
