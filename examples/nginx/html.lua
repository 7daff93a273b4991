-- Makes markup: html("<b>$1</b>", text) fills in $1, $2 … and escapes everything but
-- what it made itself. A list is filled in line by line.

local Markup = {}
local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function safe(value)
  if getmetatable(value) == Markup then return value.text end
  return (tostring(value):gsub("[&<>\"']", ESCAPES))
end

return function(template, ...)
  local values = { ... }
  local text = template:gsub("%$(%d)", function(i)
    local value = values[tonumber(i)]
    if type(value) ~= "table" or getmetatable(value) then return safe(value) end
    local lines = {}
    for n, line in ipairs(value) do lines[n] = safe(line) end
    return table.concat(lines, "\n")
  end)
  return setmetatable({ text = text }, Markup)
end
