-- What the body of an error says, in whichever of the shapes of OpenTalk, Keycloak,
-- Meet or a proxy it comes.
--
-- Not to break: every pattern that runs over a server's bytes takes linear time, and
-- no text is cut here: half a secret at the edge would not be recognised as one.

local Error = require "salon.internal.error"
local json = require "salon.internal.json"
local lower = require "salon.internal.lower"

local error_body = {}

local LOOKED_AT = 2048  -- bytes of a page in which a title is looked for
local MOST_FIELDS = 100
local MOST_NAMED = 4    -- of them in the message

local function text_of(value)
  if type(value) == "string" then return value end
  if type(value) == "number" or type(value) == "boolean" then return tostring(value) end
end

-- One entry of a list of field errors: a text, or an object in OpenTalk's words
-- (field, code, message) or in pydantic's (loc, type, msg).
local function entry(item, field)
  if type(item) ~= "table" then return { field = field, message = text_of(item) } end
  local path = { field }
  if type(item.loc) == "table" then
    for _, step in ipairs(item.loc) do path[#path + 1] = text_of(step) end
  end
  path[#path + 1] = text_of(item.field)
  return {
    field = #path > 0 and table.concat(path, ".") or nil,
    code = text_of(item.code) or text_of(item.type),
    message = text_of(item.message) or text_of(item.msg),
  }
end

local function entries(list, field, into)
  if type(list) ~= "table" then
    into[#into + 1] = entry(list, field)
  else
    for i = 1, math.min(#list, MOST_FIELDS - #into) do into[#into + 1] = entry(list[i], field) end
  end
end

-- Members that describe the whole response; all others name fields.
local GENERAL = {
  code = true, message = true, detail = true, error = true, error_description = true,
  errors = true, validation_errors = true, non_field_errors = true,
}

local function read_fields(data)
  local fields = {}
  if type(data.validation_errors) == "table" then entries(data.validation_errors, nil, fields) end
  if type(data.errors) == "table" then entries(data.errors, nil, fields) end
  if type(data.non_field_errors) == "table" then entries(data.non_field_errors, nil, fields) end
  local names = {}
  for name, value in pairs(data) do
    if type(name) == "string" and type(value) == "table" and not GENERAL[name] then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do entries(data[name], name, fields) end
  return #fields > 0 and fields or nil
end

-- "client_id, scope: This field is required.; title: invalid_length; and 3 more"
local function fields_text(fields)
  local names, texts = {}, {}  -- text -> the fields it is said of; the texts in order
  local shown = math.min(#fields, MOST_NAMED)
  for i = 1, shown do
    local f = fields[i]
    local text = f.message or f.code or "refused"
    if names[text] == nil then
      names[text] = {}
      texts[#texts + 1] = text
    end
    table.insert(names[text], f.field)
  end
  for i, text in ipairs(texts) do
    local of = table.concat(names[text], ", ")
    texts[i] = of ~= "" and of .. ": " .. text or text
  end
  if #fields > shown then texts[#texts + 1] = ("and %d more"):format(#fields - shown) end
  return table.concat(texts, "; ")
end

-- code, message, fields of a decoded error response, whichever of the shapes of
-- OpenTalk, Keycloak or Meet it has.
local function read_object(data)
  local code = text_of(data.code)
  local message = text_of(data.message) or text_of(data.detail) or text_of(data.error_description)
  local failure = text_of(data.error)
  if failure then  -- Keycloak's code, or Meet's sentence
    if message == nil and failure:find(" ", 1, true) then
      message = failure
    else
      code = code or failure
    end
  end
  local fields = read_fields(data)
  if fields then
    message = message and ("%s (%s)"):format(message, fields_text(fields)) or fields_text(fields)
  end
  return code, message or code, fields
end

local function read_list(data)
  local fields = {}
  entries(data, nil, fields)
  if #fields == 0 then return nil, nil, nil end
  return nil, fields_text(fields), fields
end

-- What stands between <NAME> and the next tag. Plain finds only: a pattern with
-- several repetitions takes hours over a page that is made for it.
local function element(head, lowered, name)
  local _, before = lowered:find("<" .. name .. ">", 1, true)
  local after = before and lowered:find("</", before + 1, true)
  local text = after and Error.one_line(head:sub(before + 1, after - 1))
  if text and text ~= "" and #text < 200 then return text end
end

local function html_title(body)
  local head = body:sub(1, LOOKED_AT)
  local lowered = lower(head)
  return element(head, lowered, "title") or element(head, lowered, "h1")
end

---Reads any error body.
---@param body string
---@return string? code
---@return string? message
---@return salon.FieldError[]? fields
---@return string shape  of json.shape
function error_body.read(body)
  local shape = json.shape(body)
  if shape == "object" or shape == "array" then
    local data = json.decode(body)
    if data == nil then return nil, nil, nil, "text" end
    if shape == "array" then
      local code, message, fields = read_list(data)
      return code, message, fields, shape
    end
    local code, message, fields = read_object(data)
    return code, message, fields, shape
  elseif shape == "html" then
    return nil, html_title(body), nil, shape
  elseif shape == "text" then
    return nil, body, nil, shape
  end
  return nil, nil, nil, shape
end

return error_body
