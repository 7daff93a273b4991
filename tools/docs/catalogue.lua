-- What there is to describe: the resources of both APIs with their methods and records, read
-- from the descriptions in lua/salon. Tables have no order, so everything here is sorted.

local catalogue = {}

local ORDER = { list = 1, each = 2, get = 3, create = 4, update = 5, delete = 6 }

---The usual methods first, then by name.
---@param rank? fun(name: string): number  another order
function catalogue.sorted(set, rank)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  rank = rank or function(name) return ORDER[name] or 9 end
  table.sort(names, function(a, b)
    if rank(a) ~= rank(b) then return rank(a) < rank(b) end
    return a < b
  end)
  return names
end

-- Values: a list of { name, type, optional, words } -----------------------------------

local KINDS = { secret = "salon.Secret", null = "salon.Null",
  ["function"] = "fun(): string|salon.Secret|nil, string?" }

local type_of

local function type_of_fields(fields)
  local parts = {}
  for i, name in ipairs(catalogue.sorted(fields)) do
    parts[i] = ("%s%s: %s"):format(name, fields[name].required and "" or "?", type_of(fields[name]))
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

function type_of(row)
  if row.luals then return row.luals .. (row.null and "|salon.Null" or "") end
  local types = {}
  for i, kind in ipairs(row) do
    types[i] = KINDS[kind] or kind
    if row.one_of and kind == "string" then
      types[i] = '"' .. table.concat(row.one_of, '"|"') .. '"'
    elseif row.integer and kind == "number" then
      types[i] = "integer"
    elseif row.items then
      types[i] = type_of(row.items) .. "[]"
    elseif row.fields and row.fields.datetime then
      types[i] = "salon.opentalk.Moment"
    elseif row.fields and kind == "table" then
      types[i] = type_of_fields(row.fields)
    end
  end
  return table.concat(types, "|")
end

---Which servers know it, in words.
function catalogue.since(row)
  return row.since and (row.since == "announced" and "no server yet" or "servers since " .. row.since)
end

---Of fields or options (lua/salon/internal/is.lua): those that are required come first.
function catalogue.rows(rows)
  local list = {}
  for i, name in ipairs(catalogue.sorted(rows, function(name) return rows[name].required and 1 or 2 end)) do
    local row, words = rows[name], {}
    words[1] = row.says
    words[#words + 1] = catalogue.since(row)
    list[i] = { name = name, type = type_of(row), optional = not row.required, words = table.concat(words, "; ") }
  end
  return list
end

---Of a record: fields of the API, what salon adds, methods written by hand.
function catalogue.members(class)
  local list = {}
  for _, group in ipairs { "fields", "computed", "described" } do
    local set = class[group] or {}
    for _, name in ipairs(catalogue.sorted(set)) do
      local type, words = (set[name] .. "  "):match "^(.-)  +(.-) *$"
      list[#list + 1] = { name = name, type = type:gsub("%?$", ""), optional = type:find "%?$" ~= nil, words = words,
        added = group ~= "fields" }
    end
  end
  return list
end

-- Methods -----------------------------------------------------------------------------

local function type_of_class(class)
  return ("salon.%s.%s"):format(class.backend, (class.name:gsub("^salon%.", "")))
end

local function argument_of(resource, op)
  local name = op.path_keys[#resource.known + 1]
  return op.argument and op.argument.name or name and (op.key == "id" and "id" or name)
end

local function gives(resource, op)
  if op.returns then return op.returns end
  return op.class and type_of_class(type(op.class) == "table" and op.class or resource.record) or "true"
end

-- name: of the method; "each" has the operation of "list".
local function method_of(resource, name, op)
  local prefix = resource.type .. ("_" .. name):gsub("_(%l)", string.upper)
  local method = { name = name, op = op, argument = argument_of(resource, op), extra = op.extra,
    gives = gives(resource, op), kind = (name == "each" or op.walks) and "walk" or op.pages and "page" or "value" }
  method.returns = method.kind == "value" and method.gives
    or (op.name:find "list$" and resource.type or prefix) .. (method.kind == "page" and "Page" or "Walk")
  if op.body then
    local rows = catalogue.rows(op.body)
    method.fields = { type = prefix .. "Fields", rows = rows, optional = not rows[1] or rows[1].optional }
  end
  local own = op.pages or next(op.query) ~= nil
  method.opts = { type = own and prefix .. "Options" or ("salon.%s.CallOptions"):format(op.api.name), own = own,
    rows = catalogue.rows(name == "each" and op.each_options or op.options) }
  method.opts.optional = method.opts.rows[1].optional  -- those that are required come first
  local class, on_record = resource.record, name == "get" and "refresh" or name
  if class and not op.pages and class.methods[on_record] and not (class.described or {})[on_record] then
    method.on_record = on_record
  end
  return method
end

-- Resources and records ---------------------------------------------------------------

local function is_resource(value) return type(value) == "table" and value.ops and value.api end
local function is_class(value) return type(value) == "table" and value.getters and value.word end

local gather

local function gather_class(class, api)
  local type = type_of_class(class)
  if api.records[type] then return end
  api.records[type] = { type = type, class = class, methods = {} }
  for name, service in pairs(class.services or {}) do gather(service, api, class.word .. "." .. name) end
end

-- A resource, its records, and all that belongs to those. path: "ot.rooms", "room.invites"
function gather(resource, api, path)
  local found = api.resources[resource.name] or { resource = resource, methods = {} }
  api.resources[resource.name] = found
  found.path = path or found.path
  resource.type = getmetatable(resource.of { session = {} }).__name
  for name, below in pairs(resource.services or {}) do gather(below, api, path .. "." .. name) end
  for _, member in pairs(resource) do if is_class(member) then gather_class(member, api) end end
  for _, op in pairs(resource.ops) do if is_class(op.class) then gather_class(op.class, api) end end
end

local function add_methods(found, api)
  local resource, ops = found.resource, {}
  for name, op in pairs(resource.ops) do ops[name] = op end
  ops.each = ops.list
  for i, name in ipairs(catalogue.sorted(ops)) do
    found.methods[i] = method_of(resource, name, ops[name])
    if found.methods[i].on_record then
      table.insert(api.records[type_of_class(resource.record)].methods, found.methods[i])
    end
  end
  for _, member in pairs(resource) do  -- the page where a record is described
    if is_class(member) then api.records[type_of_class(member)].home = resource.name end
  end
end

---@return table[]  { name, client, options, call_options, resources: name -> { path, methods,
---  resource }, records: type -> { type, class, methods, home: name of a resource } }
function catalogue.read()
  local apis = { { name = "opentalk", client = "ot" }, { name = "meet", client = "meet" } }
  for _, api in ipairs(apis) do
    api.resources, api.records = {}, {}
    api.options = require("salon." .. api.name).OPTIONS
    api.call_options = require("salon." .. api.name .. ".api").options
    local list = assert(io.popen(("ls lua/salon/%s/*.lua"):format(api.name)))
    for file in list:lines() do
      local value = require((file:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")))
      if is_resource(value) then gather(value, api, not value.known[1] and api.client .. "." .. value.name or nil) end
    end
    list:close()
    for _, name in ipairs(catalogue.sorted(api.resources)) do add_methods(api.resources[name], api) end
  end
  return apis
end

return catalogue
