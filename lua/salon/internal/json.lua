-- Reading JSON: lua-cjson parses, with a private instance, so that the settings of
-- the application stay its own; `core.decode` does around it what it does not.
-- Writing JSON is `core.encode`, the same bytes whichever lua-cjson there is.

local cjson = require "cjson"
local core = require "salon.core"
local decode = core.decode

local json = {
  DEEPEST = 100,  -- levels of lists and objects
  version = cjson._VERSION,
  encode = core.encode,
}

local SHAPES = {
  [("{"):byte()] = "object",
  [("["):byte()] = "array",
  [("<"):byte()] = "html",
}

---What a text is, judged by its first byte that is no blank: content types lie
---(OpenTalk's errors are `text/json`, a stray proxy says `text/html`).
---@param text string
---@return "object"|"array"|"html"|"empty"|"text"
function json.shape(text)
  local shape = SHAPES[text:byte(1)]
  if shape then return shape end
  local from = text:sub(1, 3) == "\239\187\191" and 4 or 1  -- a byte order mark
  local at = text:find("[^ \t\r\n]", from)
  if at == nil then return "empty" end
  return SHAPES[text:byte(at)] or "text"
end

local parse

local function new_instance()
  local instance = cjson.new()
  instance.decode_invalid_numbers(false)
  instance.decode_max_depth(json.DEEPEST)
  parse = instance.decode
end
new_instance()

-- lua-cjson learns the locale's decimal point when an instance is made, for the
-- whole process; when either has changed since, it cannot read this one. (It ends
-- the process in a locale whose decimal point has two bytes, such as Pashto's.)
local function refresh()
  local ok, half = pcall(parse, "0.5")
  if (not ok or half ~= 0.5) and #("%.1f"):format(0.5) == 3 then new_instance() end
  return parse
end

---Decodes an object or a list.
---@param text string
---@return table? value
---@return string? message
---@return boolean? too_deep  it is JSON, perhaps, but with too many levels
function json.decode(text)
  local ok, value = pcall(decode, text, parse, refresh)
  if not ok then
    if value == "not enough memory" then error(value, 0) end
    local message = tostring(value):gsub("^.-:%d+: ", "")
    return nil, message, message:find("^Found too many nested") ~= nil
  end
  if type(value) ~= "table" then return nil, "not an object or a list" end
  return value
end

return json
