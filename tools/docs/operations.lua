-- Compares spec/operations.txt with the descriptions in lua/salon: each operation of an API is
-- described or excused there, and not both.
--   tools/run lua5.4 tools/docs/operations.lua [FILE]

local catalogue = require "tools.docs.catalogue"

local function add(described, api, op)
  if type(op) == "table" and op.verb then described[api .. ": " .. op[1]] = true end
end

-- Operations, and those that lie inside of one: another route for the same thing.
local described = {}
for _, api in ipairs(catalogue.read()) do
  for _, found in pairs(api.resources) do
    for _, op in pairs(found.resource.ops) do
      add(described, api.name, op)
      for _, inside in pairs(op) do add(described, api.name, inside) end
    end
  end
end

local faults, listed, count, excused, api = {}, {}, 0, 0, nil
for line in io.lines(arg[1] or "spec/operations.txt") do
  local verb, path, reason = line:match "^(%u+) (%S+)%s*(.*)$"
  if verb then
    local name = ("%s: %s %s"):format(api, verb, path)
    listed[name], count = true, count + 1
    if reason ~= "" then
      excused = excused + 1
      if described[name] then faults[#faults + 1] = name .. " is described, so its excuse can go" end
    elseif not described[name] then
      faults[#faults + 1] = name .. " is neither described nor excused"
    end
  else
    api = line:match "^%l+$" or api
  end
end
for name in pairs(described) do
  if not listed[name] then faults[#faults + 1] = name .. " is described, and not in the list" end
end

table.sort(faults)
for _, fault in ipairs(faults) do io.stderr:write(fault, "\n") end
print(("%d operations: %d described, %d excused, %d wrong"):format(count, count - excused, excused, #faults))
os.exit(faults[1] == nil and 0 or 1)
