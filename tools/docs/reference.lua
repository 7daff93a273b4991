-- Writes the pages of doc/reference: an index, and a page for each resource.

local catalogue = require "tools.docs.catalogue"

local TITLES = { opentalk = "OpenTalk", meet = "Meet" }
local MADE = "<!-- Made by `make docs` from the descriptions in lua/salon. -->\n"
local INTRODUCTION = MADE .. [[

# Reference

Every method returns its result, or `nil` and an [error](../guide.md#errors); `each` raises
it. Mistakes in a call raise at your line. What all lists and calls have in common is in the
[guide](../guide.md), the options of a client are in [limits.md](../limits.md). A `Moment` is
`{ datetime = "2027-01-18T08:00:00Z", timezone = "Europe/Berlin" }`, a `salon.LocalTime`
`{ "2027-01-18 09:00", "Europe/Berlin" }`; a `salon.Time` is one of these, RFC 3339 or seconds since 1970
([more](../guide.md#dates-and-times)).

]]

local api, lines

local function put(text, ...)
  lines[#lines + 1] = select("#", ...) > 0 and text:format(...) or text
end

local function file_of(name) return api.name .. "-" .. name:gsub("[._]", "-") .. ".md" end

local function cell(text)
  return (text:gsub("salon%." .. api.name .. "%.", ""):gsub("|", "\\|"))
end

-- Records with links to where they are described.
local function linked(type)
  return (type:gsub("%?$", " or nil"):gsub("[%w.]*%.[%w.]+", function(one)
    local name = one:match "[^.]*$"
    return ("[%s](%s#the-record-%s)"):format(name, file_of(api.records[one].home), name:lower())
  end):gsub("|", " or "))
end

local function tabulate(word, entries)
  put("| %s | type | |\n| --- | --- | --- |", word)
  for _, entry in ipairs(entries) do
    local words = entry.words
    if word ~= "member" and not entry.optional then words = words ~= "" and "required; " .. words or "required" end
    put("| %s`%s` | `%s%s` | %s |", entry.added and "+ " or "", entry.name, cell(entry.type),
      word == "member" and entry.optional and "?" or "", cell(words))
  end
  put ""
end

local function call(path, name, one, argument)
  local names = { argument }
  names[#names + 1] = one.extra
  if one.fields then names[#names + 1] = one.fields.optional and "fields?" or "fields" end
  names[#names + 1] = one.opts.optional and "opts?" or "opts"
  return ("`%s:%s(%s)`"):format(path, name, table.concat(names, ", "))
end

local RETURNS = {
  value = "Returns %s, or `nil, err`.",
  page = "Returns a page of %s, or `nil, err`.",
  walk = "Returns a walk of all pages, whose calls return %s; it raises what `list` would return.",
}

local function method(found, one)
  local op, since, left_out = one.op, catalogue.since(one.op), {}
  put("## %s\n\n%s%s\n\n%s\n", one.name, call(found.path, one.name, one, one.argument),
    one.on_record and " or " .. call(op.record.word, one.on_record, one) or "", op.says)
  if one.fields then tabulate("field", one.fields.rows) end
  tabulate("option", one.opts.rows)
  put(RETURNS[one.kind], linked(one.gives))
  for i, name in ipairs(catalogue.sorted(op.tests or {})) do left_out[i] = "`" .. name .. "`" end
  if left_out[1] then
    put("Kind `unsupported`, with the record in `err.made`, if the server left out %s.", table.concat(left_out, ", "))
  end
  if since then put("Available on: %s. Elsewhere an error of kind `unsupported`.", since) end
  if op.verb == "POST" or op.verb == "PATCH" then put "Not retried once the server may have received it." end
  put("\nRoute: `%s`\n", op[1])
end

local function record(found)
  local class, also = found.class, { "`raw`, `response`, `backend`, `totable()`" }
  put("## The record %s\n", cell(found.type))
  tabulate("member", catalogue.members(class))
  for _, name in ipairs(catalogue.sorted(class.services or {})) do
    also[#also + 1] = ("[`%s.%s`](%s)"):format(class.word, name, file_of(class.services[name].name))
  end
  for _, one in ipairs(found.methods) do
    also[#also + 1] = ("[`%s:%s`](#%s)"):format(class.word, one.on_record, one.name)
  end
  put("+: added by salon. Also: %s.\n", table.concat(also, ", "))
end

local function page(name)
  local found, links = api.resources[name], {}
  lines = {}
  put("%s\n# %s: `%s`\n", MADE, TITLES[api.name], found.path)
  for i, one in ipairs(found.methods) do links[i] = ("[%s](#%s)"):format(one.name, one.name) end
  put("%s · [all resources](README.md)\n", table.concat(links, " · "))
  for _, one in ipairs(found.methods) do method(found, one) end
  for _, type in ipairs(catalogue.sorted(api.records)) do
    if api.records[type].home == name then record(api.records[type]) end
  end
  return (table.concat(lines, "\n"):gsub("\n+$", "\n"))
end

---@param apis table[]  see catalogue.lua
---@return table<string, string>  file -> text
return function(apis)
  local pages, index = {}, INTRODUCTION
  for _, each in ipairs(apis) do
    api = each
    index = index .. ("| %s | methods |\n| --- | --- |\n"):format(TITLES[api.name])
    for _, name in ipairs(catalogue.sorted(api.resources)) do
      local found, names = api.resources[name], {}
      for i, one in ipairs(found.methods) do names[i] = "`" .. one.name .. "`" end
      index = index .. ("| [`%s`](%s) | %s |\n"):format(found.path, file_of(name), table.concat(names, " "))
      pages[file_of(name)] = page(name)
    end
    index = index .. "\n"
  end
  pages["README.md"] = index:gsub("\n+$", "\n")
  return pages
end
