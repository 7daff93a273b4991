-- A small store for what hangs on rooms and events: files (a POST makes an id, GET lists and
-- reads, DELETE removes), dial-in, shared folders

local store = require "salon.sandbox.store"
local time = require "salon.sandbox.time"
local responses = require "salon.sandbox.opentalk.responses"
local events = require "salon.sandbox.opentalk.events"
local input = require "salon.sandbox.opentalk.input"
local pages = require "salon.sandbox.opentalk.pages"
local rooms = require "salon.sandbox.opentalk.rooms"
local views = require "salon.sandbox.opentalk.views"

local things = {}

-- The route of a list of a room, and of its entries. show(entry, room, user), all(list,
-- room, user, old, request), make(request): the response, the fields of a new entry.
local function list_route(name, show, all, make)
  return function(request, user, old, id, other)
    local method = request.method
    local room, refusal = rooms.existing(id, user, method ~= "GET")
    if not room then return refusal end
    local list, entry, at = room[name] or {}, nil, nil
    if other and input.uuid_fault(other) then return responses.text(404, input.uuid_fault(other)) end
    for i, one in ipairs(list) do
      if one.id == other then entry, at = one, i end
    end
    -- 2023 deletes what is not there, too.
    if other and not entry then return old and method == "DELETE" and responses.empty(204) or responses.error(404) end
    if method == "GET" then return entry and show(entry, room, user) or all(list, room, user, old, request) end
    if method == "DELETE" then
      table.remove(list, at)
    else
      local fields
      fields, refusal = (entry and input.object or make)(request)
      if not fields then return refusal end
      if entry and next(fields) == nil then return responses.error(400) end
      entry = entry or things.add(room, name)
      for key, value in pairs(fields) do entry[key] = key ~= "id" and value or entry[key] end
    end
    store.touch()
    return method == "DELETE" and responses.empty(204) or show(entry, room, user, request)
  end
end

---Puts an entry into a list of a room, before the others.
function things.add(room, name, entry)
  entry = entry or {}
  entry.id, entry.created = entry.id or store.random:uuid(), store.now()
  room[name] = room[name] or {}
  table.insert(room[name], 1, entry)
  return entry
end

local function asset_view(asset, old)
  return { id = asset.id, filename = asset.filename, namespace = asset.namespace, size = not old and #asset.body or nil,
    kind = not old and (asset.kind or "file") or nil, created_at = time.format(asset.created) }
end

local function read_upload(request)
  local query = request:parameters()
  for _, name in ipairs { "file_extension", "kind" } do
    if not query[name] then return nil, responses.query(("missing field `%s`"):format(name)) end
  end
  return { body = request:body(), kind = query.kind, namespace = query.namespace,
    filename = ("%s_%s.%s"):format(query.event_title or "asset", query.kind, query.file_extension) }
end

things.assets = list_route("assets",
  function(asset, _, _, uploaded)
    return uploaded and responses.ok(asset_view(asset))
      or { status = 200, headers = {}, body = asset.body, chunked = true }
  end,
  function(list, _, user, old, request)
    return pages.numbered(request, old, "assets for " .. user.id, function() return list end, asset_view)
  end, read_upload)

local TOKEN_LIFE = 30    -- seconds

---Where the bytes of an asset are, without a login.
function things.download(request, user, old, id, other)
  local response = things.assets(request, user, old, id, other)
  if response.status ~= 200 then return response end
  local token = store.random:uuid()
  store.downloads[token] = { body = response.body, ends = store.seconds() + TOKEN_LIFE }
  local url = "proxy?token=" .. token
  if request:parameters().redirect == "false" then return responses.ok { url = url } end
  return { status = 302, headers = { Location = url }, body = "" }
end

function things.proxy(request)
  local download = store.downloads[request:parameters().token or ""]
  if not download or store.seconds() > download.ends then return responses.error(401) end
  local body, size = download.body, #download.body
  local headers = { ["Accept-Ranges"] = "bytes", ["Content-Type"] = "application/octet-stream" }
  local first, last = (request:header "range" or ""):match "^bytes=(%d+)%-(%d*)$"
  if not first then return { status = 200, headers = headers, body = body } end
  first, last = tonumber(first), math.min(tonumber(last) or size - 1, size - 1)
  if first > last then
    headers["Content-Range"] = "bytes */" .. size
    return { status = 416, headers = headers, body = "" }
  end
  headers["Content-Range"] = ("bytes %d-%d/%d"):format(first, last, size)
  return { status = 206, headers = headers, body = body:sub(first + 1, last + 1) }
end

-- What lists of one's own files are sorted by; where two are equal, the newer one comes first.
local SORTS = { created_at = true, filename = true, kind = true, namespace = true, size = true }
local ORDERS = { ascending = true, descending = true }

local function sort_key(asset, sort)
  if sort == "size" then return #asset.body end
  if sort == "created_at" then return asset.created end
  return asset[sort] or ""
end

local function sort_assets(list, sort, order)
  table.sort(list, function(a, b)
    local first, second = sort_key(a[1], sort), sort_key(b[1], sort)
    if first == second then return a[1].created > b[1].created end
    if order == "ascending" then return first < second end
    return first > second
  end)
end

---One's own files in all rooms.
function things.own_assets(request, user, old)
  local query = request:parameters()
  local sort, order = query.sort or "created_at", query.order or "descending"
  if not (SORTS[sort] and ORDERS[order]) then
    return responses.query(("unknown variant `%s`"):format(SORTS[sort] and order or sort))
  end
  local response = pages.numbered(request, old, "assets of " .. user.id, function()
    local list = {}
    for _, room in ipairs(user.rooms) do
      for _, asset in ipairs(room.owner == user and room.assets or {}) do list[#list + 1] = { asset, room } end
    end
    sort_assets(list, sort, order)
    return list
  end, function(entry)
    local view, room = asset_view(entry[1]), entry[2]
    view.room_id, view.event_id = room.id, room.event and room.event.id
    return view
  end)
  if response.status ~= 200 then return response end
  return { status = 200, headers = response.headers, body = '{"owned_assets":' .. response.body .. "}" }
end

local SIP = input.fields "password:string? lobby:boolean?"

function things.sip(request, user, _, id)
  local reading, status = request.method == "GET", 200
  local room, refusal = rooms.existing(id, user, not reading)
  if not room then return refusal end
  if room.e2e_encryption then return responses.error(reading and 404 or 403, "service_unavailable") end
  if request.method == "PUT" then
    local values
    values, refusal = input.body(request, SIP)
    if not values then return refusal end
    if next(values) == nil or (values.password and not values.password:find("^" .. ("%d"):rep(10) .. "$")) then
      return responses.invalid_json "invalid SIP configuration"
    end
    if not room.sip then status, room.sip = 201, store.new_sip() end
    for name, value in pairs(values) do room.sip[name] = value end
  end
  local sip = room.sip
  if not sip then return responses.error(404) end
  if request.method == "DELETE" then room.sip = nil end
  store.touch()
  if not room.sip then return responses.empty(204) end
  local response = responses.ok { room = id, sip_id = sip.id, password = sip.password, lobby = sip.lobby or false }
  response.status = status
  return response
end

function things.folder(request, user, _, id)
  local method = request.method
  local event, refusal = events.find(id, user, method ~= "GET")
  if not event then return refusal end
  local query
  query, refusal = input.change(request)
  if not query then return refusal end
  local had = event.shared_folder ~= nil
  if method == "GET" and not had then return responses.error(404) end
  if method == "PUT" and not store.settings.shared_folders then
    return responses.error(400, nil, "No shared folder configured for this server")
  end
  if method ~= "GET" then
    store.share_folder(event, method == "PUT")
    input.count_mails(request, query, event)
  end
  if method == "DELETE" then return responses.empty(204) end
  return method == "PUT" and had and responses.empty(304) or responses.ok(views.folder(event, user))
end

return things
