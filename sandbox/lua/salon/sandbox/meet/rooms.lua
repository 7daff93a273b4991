-- /rooms/ and /rooms/{id}/

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"
local configuration = require "salon.sandbox.meet.configuration"
local errors = require "salon.sandbox.meet.errors"
local input = require "salon.sandbox.meet.input"

local rooms = {}

local q = json.quote
local PAGE = 20
local LEVELS = { public = true, trusted = true, restricted = true }
local NUMBER = '"+33901020304"'

-- A server that does not know its own address gives none.
local function web_page(room)
  local base = store.settings.base_url
  return base and base .. "/" .. room.slug or nil
end

local function render(room, as_sent)
  local url = web_page(room)
  return json.object("id", q(room.id), "name", q(room.name), "slug", q(room.slug), "access_level", q(room.level),
    "configuration", configuration.render(room.configuration, as_sent),
    "url", url and q(url), "telephony", store.settings.telephony and json.object("enabled", "true",
      "phone_number", NUMBER, "pin_code", q(room.pin), "default_country", '"FR"'))
end

-- Lists -----------------------------------------------------------------

local function encode(text)
  return (text:gsub("[^%w_.~ -]", function(c) return ("%%%02X"):format(c:byte()) end):gsub(" ", "+"))
end

-- The request's URL with another page; parameters sorted by name. page nil:
-- without the parameter.
local function link(request, parameters, page)
  local parts = {}
  for _, parameter in ipairs(parameters) do
    if parameter.name ~= "page" then parts[#parts + 1] = parameter end
  end
  if page then parts[#parts + 1] = { name = "page", value = tostring(page), n = 0 } end
  table.sort(parts, function(a, b)
    if a.name ~= b.name then return a.name < b.name end
    return a.n < b.n
  end)
  local texts = {}
  for i, part in ipairs(parts) do texts[i] = encode(part.name) .. "=" .. encode(part.value) end
  local host = request.link_host or store.settings.link_host
  local origin = host and request.scheme .. "://" .. host or request:origin()
  return origin .. request.path .. (texts[1] and "?" .. table.concat(texts, "&") or "")
end

local function parameters_of(query)
  local list, page = {}, nil
  for pair in query:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    local parameter = { name = ngx.unescape_uri((name:gsub("+", " "))),
      value = ngx.unescape_uri((value:gsub("+", " "))), n = #list + 1 }
    list[#list + 1] = parameter
    if parameter.name == "page" then page = parameter.value end
  end
  return list, page
end

local function page_number(text, pages)
  if not text or text == "" then return 1 end
  if text == "last" then return pages end
  local digits = text:match("^%s*%+?(%d+)%s*$")
  local number = tonumber(digits or "0")
  return number >= 1 and number <= pages and number or nil
end

local function list(request, account)
  local all = account.rooms:sort()
  local pages = math.max(1, math.ceil(#all / PAGE))
  local parameters, asked = parameters_of(request.query)
  local page = page_number(asked, pages)
  if not page then return errors.detail(request, 404, "Invalid page.") end
  local texts = {}
  local first = math.max(0, (page - 1) * PAGE - (request.moved or 0))
  for i = first + 1, math.min(first + PAGE, #all) do texts[#texts + 1] = render(all[i]) end
  local previous = page > 1 and q(link(request, parameters, page > 2 and page - 1 or nil))
  return errors.answer(request, 200, json.object("count", tostring(#all),
    "next", page < pages and q(link(request, parameters, request.same_link and page or page + 1)) or "null",
    "previous", previous or "null", "results", json.array(texts)))
end

function rooms.list(request, account)
  local key = table.concat({ "meet", account.id, request.uri, request:origin(), request.link_host or "",
    request.moved or "", request.same_link and "same" or "" }, " ")
  return store.cached(key, function() return list(request, account) end)
end

-- Writing ---------------------------------------------------------------

local function level_fault(node)
  if not node then return nil end
  if node.t == "null" then return "This field may not be null." end
  local shown = input.python(node)
  if not LEVELS[shown] then return ('"%s" is not a valid choice.'):format(shown) end
  if shown == "public" and not store.settings.public_rooms then
    return "Public rooms are disabled for the external API."
  end
end

-- access_level and configuration of a body (both optional), or nil and the answer.
local function read_fields(request)
  local node, refusal = input.object(request)
  if not node then return nil, refusal end
  local level, config = node.map.access_level, node.map.configuration
  local faults = {}
  local words = level_fault(level)
  if words then faults[1] = '"access_level":' .. json.array { q(words) } end
  local list_of = {}
  if config and config.t == "null" then
    list_of = { q "This field may not be null." }
  elseif config then
    list_of = configuration.faults(config)
  end
  if list_of[1] then faults[#faults + 1] = '"configuration":' .. json.array(list_of) end
  if faults[1] then return nil, errors.answer(request, 400, "{" .. table.concat(faults, ",") .. "}") end
  return { level = level and level.v, configuration = config }
end

function rooms.create(request, account)
  local fields, refusal = read_fields(request)
  if not fields then return refusal end
  fields.name = store.random:slug()
  if store.slugs[fields.name] or store.settings.collide then
    return errors.answer(request, 400, '{"slug":["Room with this Slug already exists."]}')
  end
  local room = store.add_meeting({ [account] = "owner" }, fields)
  return errors.answer(request, 201, render(room, true), { Location = web_page(room) })
end

-- The id in any spelling a UUID may have.
local function find(request, account)
  local digits = request.id:lower():gsub("^urn:uuid:", ""):gsub("[{}-]", "")
  if #digits ~= 32 or digits:find("%X") then return nil, errors.detail(request, 404, "Not found.") end
  local id = digits:gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)", "%1-%2-%3-%4-")
  local room = store.meetings[id]
  if not room then return nil, errors.detail(request, 404, "No Room matches the given query.") end
  if not room.roles[account] then
    return nil, errors.detail(request, 403, "You do not have permission to perform this action.")
  end
  return room
end

function rooms.get(request, account)
  local room, refusal = find(request, account)
  return room and errors.answer(request, 200, render(room)) or refusal
end

function rooms.patch(request, account)
  local room, refusal = find(request, account)
  if not room then return refusal end
  if room.roles[account] == "member" then
    return errors.detail(request, 403, "You do not have permission to perform this action.")
  end
  local fields
  fields, refusal = read_fields(request)
  if not fields then return refusal end
  room.level = fields.level or room.level
  room.configuration = fields.configuration or room.configuration
  store.touch()
  return errors.answer(request, 200, render(room, true))
end

return rooms
