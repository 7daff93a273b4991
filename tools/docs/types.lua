-- Writes types/opentalk.lua and types/meet.lua: what editors read (LuaLS annotations).
-- Tables that callers hand in are classes over a `table` of exactly those names, since
-- otherwise no checker sees a misspelt one.

local catalogue = require "tools.docs.catalogue"

local lines

local function put(text, ...)
  lines[#lines + 1] = select("#", ...) > 0 and text:format(...) or text
end

local function fields(entries)
  for _, entry in ipairs(entries) do
    put("---@field %s%s %s%s", entry.name, entry.optional and "?" or "", entry.type,
      entry.words ~= "" and "  " .. entry.words or "")
  end
end

local function exact(type, entries)
  local names = {}
  for i, entry in ipairs(entries) do names[i] = entry.name end
  put('---@class %s: table<"%s", any>', type, table.concat(names, '"|"'))
  fields(entries)
  put ""
end

local function optional(type)
  return type:gsub("%?$", ""):gsub("^.*|.*$", "(%0)") .. "?"
end

local function list(method)
  if method.kind == "walk" then
    put("---@class %s: salon.Walk\n---@overload fun(): %s\n", method.returns, optional(method.gives))
  elseif method.kind == "page" then
    put("---@class %s: salon.Page\n---@field [integer] %s", method.returns, method.gives)
    put("---@field next? %s  for the next call; nil after the last page\n", method.opts.type)
  end
end

local function returns(method)
  if method.kind == "walk" then return put("---@return %s", method.returns) end
  put("---@return %s result\n---@return salon.Error? err", optional(method.returns))
  put("---@return_overload %s\n---@return_overload nil, salon.Error", method.returns)
end

local function method(class, one, on_record)
  local since, names = catalogue.since(one.op), {}
  put("---%s", one.op.says)
  if one.kind == "walk" then put "---Raises the error that `list` would return." end
  put("---\n---Source: `%s`%s.", one.op[1], since and ", " .. since or "")
  if one.argument and not on_record then
    names[1] = one.argument
    put("---@param %s string", one.argument)
  end
  if one.extra then
    names[#names + 1] = one.extra
    put("---@param %s string", one.extra)
  end
  for _, given in ipairs { "fields", "opts" } do
    if one[given] then
      names[#names + 1] = given
      put("---@param %s%s %s", given, one[given].optional and "?" or "", one[given].type)
    end
  end
  returns(one)
  put("function %s:%s(%s) end\n", class, on_record or one.name, table.concat(names, ", "))
end

local function services(set)
  for _, name in ipairs(catalogue.sorted(set or {})) do put("---@field %s %s", name, set[name].type) end
end

local function service(found)
  for _, one in ipairs(found.methods) do
    if one.fields then exact(one.fields.type, one.fields.rows) end
    if one.opts.own then exact(one.opts.type, one.opts.rows) end
    list(one)
  end
  local class = found.resource.type:match "[^.]*$"
  put("---`%s`\n---@class %s", found.path, found.resource.type)
  services(found.resource.services)
  put("local %s = {}\n", class)
  for _, one in ipairs(found.methods) do method(class, one) end
end

local function record(found)
  local class = found.type:match "[^.]*$" .. "Record"
  put('---@class %s: salon.Record\n---@field backend "%s"', found.type, found.class.backend)
  fields(catalogue.members(found.class))
  services(found.class.services)
  put("local %s = {}\n", class)
  for _, one in ipairs(found.methods) do method(class, one, one.on_record) end
end

---@param api table  see catalogue.lua
---@return string
return function(api)
  lines = {}
  put("---@meta\n\n-- Made by `make docs` from the descriptions in lua/salon/%s.\n", api.name)
  exact(("salon.%s.Options"):format(api.name), catalogue.rows(api.options))
  exact(("salon.%s.CallOptions"):format(api.name), catalogue.rows(api.call_options))
  put('---@class salon.%s.Client: salon.Client\n---@field backend "%s"', api.name, api.name)
  local operations, resources = {}, catalogue.sorted(api.resources)
  for _, name in ipairs(resources) do
    local found = api.resources[name]
    local root = found.path:match("^" .. api.client .. "%.([%w_]+)$")
    if root then put("---@field %s %s", root, found.resource.type) end
    operations[name] = true
    for op in pairs(found.resource.ops) do operations[name .. "." .. op] = true end
  end
  put("\n---What `client:supports` knows.\n---@alias salon.%s.Operation", api.name)
  for _, name in ipairs(catalogue.sorted(operations)) do put('---| "%s"', name) end
  put ""
  for _, name in ipairs(resources) do service(api.resources[name]) end
  for _, type in ipairs(catalogue.sorted(api.records)) do record(api.records[type]) end
  return table.concat(lines, "\n")
end
