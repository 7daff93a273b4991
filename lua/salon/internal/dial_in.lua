-- How to join by telephone, as text for an invitation: `room:dial_in_text()` of both APIs.

local unsupported = require "salon.internal.unsupported"

local dial_in = {}

local LINES = { { "Dial in", "tel" }, { "SIP", "uri" }, { "Conference ID", "id" }, { "PIN", "pin" } }

local function is_text(value) return type(value) == "string" and value ~= "" end

---@param data salon.DialIn?
---@param wanted string[]  what else than a number is needed: "id", "pin"
---@param hint string  what to do without
---@return string? text
---@return salon.Error? err  kind: unsupported
function dial_in.text(data, wanted, hint)
  local is_there = data and (is_text(data.tel) or is_text(data.uri))
  for _, name in ipairs(wanted) do is_there = is_there and is_text(data[name]) end
  if not is_there then
    return nil, unsupported.error("room:dial_in_text", "the room has no dial-in, or it is not known", hint)
  end
  local lines = {}
  for _, line in ipairs(LINES) do
    if is_text(data[line[2]]) then lines[#lines + 1] = line[1] .. ": " .. data[line[2]] end
  end
  -- a telephone dials all of it at a touch: a comma is a pause
  if is_text(data.tel) then
    lines[#lines + 1] = ("One-tap: %s,,%s"):format(data.tel, data.id and data.id .. ",," .. data.pin or data.pin)
  end
  return table.concat(lines, "\n")
end

return dial_in
