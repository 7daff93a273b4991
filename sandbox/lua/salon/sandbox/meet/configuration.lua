-- A room's configuration: its checks, in the shape in which pydantic reports
-- faults (every leaf a text), and its two orders of keys.

local json = require "salon.sandbox.json"
local input = require "salon.sandbox.meet.input"

local configuration = {}

local q = json.quote
local URL = "https://errors.pydantic.dev/2.13/v/"
local SOURCES = { camera = true, microphone = true, screen_share = true, screen_share_audio = true }
local ONE_OF = "'camera', 'microphone', 'screen_share' or 'screen_share_audio'"
local WORDS = {}
for word in ("true false t f yes no y n on off 1 0"):gmatch("%S+") do WORDS[word] = true end

-- Leaves become Python's text, lists and objects keep their shape.
local function echo(node)
  local parts = {}
  if node.t == "array" then
    for i, item in ipairs(node.v) do parts[i] = echo(item) end
    return json.array(parts)
  elseif node.t == "object" then
    for i, key in ipairs(node.keys) do parts[i] = q(key) .. ":" .. echo(node.map[key]) end
    return "{" .. table.concat(parts, ",") .. "}"
  end
  return q(input.python(node))
end

local function fault(kind, place, words, node, context)
  for i, part in ipairs(place) do place[i] = q(part) end
  return json.object("type", q(kind), "loc", json.array(place), "msg", q(words),
    "input", echo(node), "ctx", context, "url", q(URL .. kind))
end

local function check_sources(node, faults)
  if node.t == "null" then return end
  if node.t ~= "array" then
    faults[#faults + 1] = fault("list_type", { "can_publish_sources" }, "Input should be a valid list", node)
    return
  end
  for i, item in ipairs(node.v) do
    if item.t ~= "string" or not SOURCES[item.v] then
      faults[#faults + 1] = fault("literal_error", { "can_publish_sources", tostring(i - 1) },
        "Input should be " .. ONE_OF, item, json.object("expected", q(ONE_OF)))
    end
  end
end

local function check_mute(node, faults)
  if node.t == "null" or node.t == "boolean" then return end
  local number = (node.t == "integer" or node.t == "float") and tonumber(node.v)
  if number == 0 or number == 1 then return end
  if node.t == "string" and WORDS[node.v:lower()] then return end
  if node.t == "string" or node.t == "integer" then
    faults[#faults + 1] = fault("bool_parsing", { "everyone_can_mute" },
      "Input should be a valid boolean, unable to interpret input", node)
  else
    faults[#faults + 1] = fault("bool_type", { "everyone_can_mute" }, "Input should be a valid boolean", node)
  end
end

---The faults of a configuration as JSON texts.
function configuration.faults(node)
  if node.t ~= "object" then
    return { fault("model_type", {}, "Input should be a valid dictionary or instance of RoomConfiguration", node,
      json.object("class_name", '"RoomConfiguration"')) }
  end
  local faults = {}
  local map = node.map
  if map.can_publish_sources then check_sources(map.can_publish_sources, faults) end
  if map.everyone_can_mute then check_mute(map.everyone_can_mute, faults) end
  for _, key in ipairs(node.keys) do
    if key ~= "can_publish_sources" and key ~= "everyone_can_mute" then
      faults[#faults + 1] = fault("extra_forbidden", { key }, "Extra inputs are not permitted", map[key])
    end
  end
  return faults
end

-- The database's order: shorter keys first, then by bytes.
local function stored_order(keys)
  local sorted = {}
  for i, key in ipairs(keys) do sorted[i] = key end
  table.sort(sorted, function(a, b) return #a < #b or (#a == #b and a < b) end)
  return sorted
end

---A configuration as JSON: as sent, or as the database gives it back.
function configuration.render(node, as_sent)
  return node and json.render(node, not as_sent and stored_order or nil) or "{}"
end

return configuration
