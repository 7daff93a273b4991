-- /rooms/ and /rooms/{id}/

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local input = require "salon.sandbox.meet.input"
local responses = require "salon.sandbox.meet.responses"

local rooms = {}

local PAGE = 20
local LEVELS = { public = true, trusted = true, restricted = true }

-- No URL when the server does not know its own address.
local function web_page(room)
  local base = store.settings.base_url
  return base and base .. "/" .. room.slug or nil
end

local function view(room)
  local telephony = store.settings.telephony and { enabled = true, phone_number = "+33901020304",
    pin_code = room.pin or json.null, default_country = "FR" } or nil
  return { id = room.id, name = room.name, slug = room.slug, access_level = room.level,
    configuration = room.configuration or {}, url = web_page(room), telephony = telephony }
end

-- Lists -----------------------------------------------------------------

local function page_number(text, pages)
  if not text or text == "" then return 1 end
  if text == "last" then return pages end
  local digits = text:match("^%s*%+?(%d+)%s*$")
  local number = tonumber(digits or "0")
  return number >= 1 and number <= pages and number or nil
end

local function list(request, account, base)
  local all = account.rooms:sort()
  local pages = math.max(1, math.ceil(#all / PAGE))
  local page = page_number(request:parameters().page, pages)
  if not page then return responses.detail(request, 404, "Invalid page.") end
  local results = json.list {}
  local first = math.max(0, (page - 1) * PAGE - (request.moved or 0))
  for i = first + 1, math.min(first + PAGE, #all) do results[#results + 1] = view(all[i]) end
  local after, before = json.null, json.null
  if page < pages then after = request:link(base, "page", request.same_link and page or page + 1) end
  if page > 1 then before = request:link(base, "page", page > 2 and page - 1 or nil) end
  return responses.json(request, 200, { count = #all, next = after, previous = before, results = results })
end

function rooms.list(request, account)
  local host = request.link_host or store.settings.link_host
  local base = host and request.scheme .. "://" .. host or request:origin()
  return request:cached("meetings of " .. account.id, base, function() return list(request, account, base) end)
end

-- Writing ---------------------------------------------------------------

local function level_fault(level)
  if level == nil then return nil end
  if level == "public" and not store.settings.public_rooms then
    return "Public rooms are disabled for the external API."
  end
  return input.choice_fault(level, LEVELS)
end

-- access_level and configuration of a body (both optional), or nil and the response.
local function read_fields(request)
  local body, refusal = input.object(request)
  if not body then return nil, refusal end
  local level, configuration, faults = body.access_level, body.configuration, {}
  local words = level_fault(level)
  if words then faults.access_level = { words } end
  if configuration == json.null then
    faults.configuration = { "This field may not be null." }
  elseif configuration ~= nil then
    local list_of = input.configuration_faults(configuration)
    faults.configuration = list_of[1] and list_of
  end
  if next(faults) then return nil, responses.invalid(request, faults) end
  return { level = level, configuration = configuration }
end

function rooms.create(request, account)
  local fields, refusal = read_fields(request)
  if not fields then return refusal end
  fields.name = store.random:slug()
  if store.slugs[fields.name] or store.settings.collide then
    return responses.invalid(request, { slug = { "Room with this Slug already exists." } })
  end
  local room = store.add_meeting({ [account] = "owner" }, fields)
  return responses.json(request, 201, view(room), { Location = web_page(room) })
end

-- The id in any spelling a UUID may have.
local function find(request, account)
  local digits = request.id:lower():gsub("^urn:uuid:", ""):gsub("[{}-]", "")
  if #digits ~= 32 or digits:find("%X") then return nil, responses.detail(request, 404, "Not found.") end
  local id = digits:gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)", "%1-%2-%3-%4-")
  local room = store.meetings[id]
  if not room then return nil, responses.detail(request, 404, "No Room matches the given query.") end
  if not room.roles[account] then
    return nil, responses.detail(request, 403, "You do not have permission to perform this action.")
  end
  return room
end

function rooms.get(request, account)
  local room, refusal = find(request, account)
  return room and responses.json(request, 200, view(room)) or refusal
end

function rooms.patch(request, account)
  local room, refusal = find(request, account)
  if not room then return refusal end
  if room.roles[account] == "member" then
    return responses.detail(request, 403, "You do not have permission to perform this action.")
  end
  local fields
  fields, refusal = read_fields(request)
  if not fields then return refusal end
  room.level = fields.level or room.level
  room.configuration = fields.configuration or room.configuration
  store.touch()
  return responses.json(request, 200, view(room))
end

return rooms
