-- What clients send to the controller: JSON bodies by a list of fields, queries by
-- a list of parameters, ids in paths. Of its parsers' messages it gives the
-- beginning, which names the cause, without values and positions.

local json = require "salon.sandbox.json"
local time = require "salon.sandbox.time"
local responses = require "salon.sandbox.opentalk.responses"

local input = {}

local LIMIT = 2097152

local NAMES = { string = "string", boolean = "boolean", number = "integer", userdata = "null" }

local function wrong_type(value)
  return "invalid type: " .. (json.is_list(value) and "sequence" or NAMES[type(value)] or "map")
end

---The error message for a text that is not a UUID; nil if it is one.
function input.uuid_fault(text)
  local digits = text:gsub("^urn:uuid:", ""):gsub("^{(.*)}$", "%1"):gsub("-", "")
  if digits:find "%X" then return "UUID parsing failed: invalid character" end
  if #digits ~= 32 then return "UUID parsing failed: invalid length" end
end

---Is this a name of the time zone database? Looked up in the machine's copy;
---without one, any name of the right form is accepted.
function input.is_zone(name)
  if name == "UTC" then return true end
  if not name:find("^%u[%w_+-]*/[%w_/+-]+$") then return false end
  local file = io.open("/usr/share/zoneinfo/" .. name, "rb") or not io.open "/usr/share/zoneinfo/UTC"
  if file and file ~= true then file:close() end
  return file and true
end

-- Kind of field -> function(value): the parsed value, or nil and the error message (none
-- for a wrong type).
local READ = {}

function READ.string(value) if type(value) == "string" then return value end end
function READ.boolean(value) if type(value) == "boolean" then return value end end

-- A list of what `read` reads.
local function list_of(read)
  return function(value)
    if type(value) ~= "table" or not json.is_list(value) and next(value) ~= nil then return nil end
    local list = {}
    for i, item in ipairs(value) do
      local one, words = read(item)
      if one == nil then return nil, words or wrong_type(item) end
      list[i] = one
    end
    return list
  end
end

READ.strings = list_of(READ.string)

function READ.uuid(value)
  if type(value) ~= "string" then return nil end
  local fault = input.uuid_fault(value)
  if fault then return nil, fault end
  return value:lower()
end

function READ.time(value)
  if type(value) ~= "string" then return nil end
  return time.parse(value)
end

function READ.zoned(value)
  if not json.is_object(value) then return nil end
  for _, name in ipairs { "datetime", "timezone" } do
    if value[name] == nil then return nil, ("missing field `%s`"):format(name) end
  end
  local at, fault = READ.time(value.datetime)
  if not at then return nil, fault or wrong_type(value.datetime) end
  if type(value.timezone) ~= "string" or not input.is_zone(value.timezone) then
    return nil, ("'%s' is not a valid timezone"):format(tostring(value.timezone))
  end
  return { at = at, timezone = value.timezone }
end

-- Words of which one is allowed.
for kind, words in pairs { access = "disabled waiting_room direct_access", theme = "light dark system",
  status = "ok cancelled", role = "user moderator guest", target = "custom" } do
  READ[kind] = function(value)
    if type(value) ~= "string" then return nil end
    if (" " .. words .. " "):find(" " .. value .. " ", 1, true) then return value end
    return nil, ("unknown variant `%s`, expected "):format(value)
  end
end

function READ.url(value)
  if type(value) ~= "string" then return nil end
  if value:find "^%a[%w+.-]*://[^/]" then return value end
  return nil, "relative URL without a base"
end

-- A room's name: not the shape of an id.
function READ.name(value)
  if type(value) ~= "string" then return nil end
  if #value >= 3 and #value <= 40 and not value:find "[^a-z0-9.-]" and input.uuid_fault(value) then return value end
  return nil, "invalid room name"
end

---A list of fields, written "name:kind" and a mark: ! is required, ? may be null, which
---counts as absent, - may be null, which reads as false.
function input.fields(text)
  local fields = {}
  for name, kind, mark in text:gmatch "([%w_]+):(%l+)([!?-]?)" do
    fields[#fields + 1] = { name = name, read = assert(READ[kind], kind), required = mark == "!",
      null = mark == "?" or mark == "-", clears = mark == "-" }
    fields[name] = fields[#fields]
  end
  return fields
end

-- An object of certain fields, of kinds as above.
local function of_fields(text)
  local fields
  return function(value)
    if not json.is_object(value) then return nil, wrong_type(value) end
    fields = fields or input.fields(text)
    return input.values(value, fields)
  end
end

local function seconds(least)
  return function(value)
    if type(value) ~= "number" or value % 1 ~= 0 then return nil end
    if value >= least and value <= 36000 then return value end
    return nil, "invalid number of seconds"
  end
end

READ.after, READ.within = seconds(60), seconds(0)
READ.span = of_fields "after:after! within:within!"
READ.report = of_fields "initial_checkpoint_delay:span! checkpoint_interval:span!"

---A new streaming target, a change of one.
input.TARGET = "name:string! kind:target! streaming_endpoint:url! streaming_key:string! public_url:url!"
input.TARGET_CHANGE = input.TARGET:gsub("!", "?")

READ.targets = list_of(of_fields(input.TARGET))

---The values of an object, or nil and what is wrong. closed: the error message for
---members that are not among the fields.
function input.values(body, fields, closed)
  local values = {}
  for name in pairs(closed and body or {}) do
    if not fields[name] then return nil, closed end
  end
  for _, field in ipairs(fields) do
    local value = body[field.name]
    if value == nil and field.required then
      return nil, ("missing field `%s`"):format(field.name)
    elseif value == json.null and field.null then
      if field.clears then values[field.name] = false end
    elseif value ~= nil then
      local read, words = field.read(value)
      if read == nil then return nil, words or wrong_type(value) end
      values[field.name] = read
    end
  end
  return values
end

---The request's body as an object, or nil and the response. fields: of which a list
---instead has the values, in their order.
function input.object(request, fields)
  local kind = (request:header "content-type" or ""):lower()
  if not (kind:find "^application/json" or kind:find "^application/[%w.-]+%+json") then
    return nil, responses.error(400, "invalid_content_type", "Content type error")
  end
  local length = tonumber(request:header "content-length")
  if length and length > LIMIT then
    return nil, responses.error(400, "payload_overflow",
      ("JSON payload (%d bytes) is larger than allowed (limit: %d bytes)."):format(length, LIMIT))
  end
  local body = json.read(request:body())
  if json.is_list(body) and fields then
    local list = body
    body = {}
    for i, field in ipairs(fields) do body[field.name] = list[i] end
  end
  if not json.is_object(body) then
    return nil, responses.invalid_json(body == nil and "" or wrong_type(body))
  end
  return body
end

---Reads the request's body by a list of fields; nil and the response when it is wrong.
---closed: the error message for members that are not among the fields.
function input.body(request, fields, closed)
  local body, refusal = input.object(request, not closed and fields)
  if not body then return nil, refusal end
  local values, words = input.values(body, fields, closed)
  if not values then return nil, responses.invalid_json(words) end
  return values
end

---The length of a text as the server counts it: 2023 in characters, later in bytes.
function input.length(text, old)
  return old and #text:gsub("[\128-\191]", "") or #text
end

-- Kind of parameter -> function(text): the parsed value, or nil and the error message.
local QUERY = { time = time.parse }

function QUERY.integer(text)
  if text == "" then return nil, "cannot parse integer from empty string" end
  if not text:find("^[+-]?%d+$") then return nil, "invalid digit found in string" end
  return tonumber(text)
end

function QUERY.unsigned(text)
  if text:find("^-") then return nil, "invalid digit found in string" end
  return QUERY.integer(text)
end

function QUERY.boolean(text)
  if text == "true" or text == "false" then return text == "true" end
  return nil, "provided string was not `true` or `false`"
end

function QUERY.text(text) return text end

---Reads a query; kinds: name -> kind. Values, or nil and the response.
function input.query(request, kinds)
  local values, parameters, twice = {}, request:parameters()
  for name, text in pairs(parameters) do
    local kind = kinds[name]
    if kind and twice and twice[name] then
      return nil, responses.query(("duplicate field `%s`"):format(name))
    elseif kind then
      local value, words = QUERY[kind](text)
      if value == nil then return nil, responses.query(words) end
      values[name] = value
    end
  end
  return values
end

local CHANGE = { suppress_email_notification = "boolean", invitees_max = "integer",
  force_delete_reference_if_external_services_fail = "boolean",
  force_delete_reference_if_shared_folder_deletion_fails = "boolean" }

---What requests that change something may say in their query; nil and the response.
function input.change(request) return input.query(request, CHANGE) end

---Counts in the log (sandbox:requests(), `mails`) whom a change of an event would be
---mailed to: `people` or all invitees, and in later versions the creator.
function input.count_mails(request, query, event, old, people)
  local silent = query.suppress_email_notification or not event or event.is_adhoc
  request.mails = silent and 0 or (people or #event.invitees) + (old and 0 or 1)
end

return input
