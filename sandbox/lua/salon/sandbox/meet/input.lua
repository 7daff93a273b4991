-- Bodies sent to Meet, and the faults of a room's configuration.

local json = require "salon.sandbox.json"
local responses = require "salon.sandbox.meet.responses"

local input = {}

---The body as an object, or nil and the response. with_form: are forms read here?
function input.object(request, with_form)
  -- Without Content-Length the server sees no body, so a chunked one is lost
  -- (HTTP/2 comes through a proxy, which counts for it).
  if request:header "transfer-encoding" and not request:header "content-length" then return {} end
  local text = request:body()
  if text == "" then return {} end
  local kind = request:header "content-type" or ""
  local media = kind:lower():match "^[^;%s]*"
  if media == "application/x-www-form-urlencoded" and with_form then return request:form(true) or {} end
  if media ~= "application/json" then
    return nil, responses.detail(request, 415, ('Unsupported media type "%s" in request.'):format(kind))
  end
  local value
  if not kind:lower():find 'charset="?utf%-?16' then value = json.read(text) end
  if value == nil then return nil, responses.detail(request, 400, "JSON parse error - ") end
  if json.is_object(value) then return value end
  return nil, responses.invalid(request, { non_field_errors = {
    value == json.null and "No data provided" or "Invalid data. Expected a dictionary, but got " } })
end

---What is wrong with the value of a choice field; nil if nothing is.
function input.choice_fault(value, choices)
  if value == json.null then return "This field may not be null." end
  if choices[value] then return nil end
  return ('"%s" is not a valid choice.'):format(type(value) == "string" and value or json.write(value))
end

-- Configuration of a room ------------------------------------------------

local SOURCES = { camera = true, microphone = true, screen_share = true, screen_share_audio = true }
local BOOLEANS = { [true] = true, [false] = true, [json.null] = true, [0] = true, [1] = true }
for word in ("true false t f yes no y n on off 1 0"):gmatch "%S+" do BOOLEANS[word] = true end

---The faults of a configuration: a list of { type, loc }; marks its empty
---list of sources as a list.
function input.configuration_faults(value)
  local faults = {}
  local function add(kind, ...)
    faults[#faults + 1] = { type = kind, loc = json.list { ... }, msg = "Input should be " }
  end
  if not json.is_object(value) then
    add "model_type"
    return faults
  end
  local sources, mute = value.can_publish_sources, value.everyone_can_mute
  if json.is_object(sources) and next(sources) == nil then json.list(sources) end
  if json.is_list(sources) then
    for i, source in ipairs(sources) do
      if not SOURCES[source] then add("literal_error", "can_publish_sources", tostring(i - 1)) end
    end
  elseif sources ~= nil and sources ~= json.null then
    add("list_type", "can_publish_sources")
  end
  if mute ~= nil and not BOOLEANS[type(mute) == "string" and mute:lower() or mute] then
    local parsed = type(mute) == "string" or type(mute) == "number" and mute % 1 == 0
    add(parsed and "bool_parsing" or "bool_type", "everyone_can_mute")
  end
  for name in pairs(value) do
    if name ~= "can_publish_sources" and name ~= "everyone_can_mute" then add("extra_forbidden", name) end
  end
  return faults
end

return input
