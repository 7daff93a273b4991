-- Reading JSON: lua-cjson decodes (a private instance, so that the settings of
-- the application stay its own), salon.core normalises: null becomes nil at
-- every depth, and numbers without a fraction are integers on Lua >= 5.3.
-- Writing JSON is `core.encode`, the same bytes whichever lua-cjson there is.

local cjson = require "cjson"
local core = require "salon.core"

local json = {
  DEEPEST = 100,  -- levels of lists and objects, unless a client says otherwise
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
  local first = text:match("^[ \t\r\n]*([^ \t\r\n])")
  if first == nil then return "empty" end
  return SHAPES[first:byte()] or "text"
end

-- One instance per ceiling: it is a setting of the instance.
local decoders = {}

local function decoder(depth)
  if decoders[depth] == nil then
    local private = cjson.new()
    private.decode_invalid_numbers(false)
    private.decode_max_depth(depth)
    decoders[depth] = private.decode
  end
  return decoders[depth]
end

---Decodes an object or a list.
---@param text string
---@param depth? integer  levels it may have
---@return table? value
---@return string? message
---@return boolean? too_deep  it is JSON, perhaps, but with too many levels
function json.decode(text, depth)
  local ok, value = pcall(decoder(depth or json.DEEPEST), text)
  if not ok then
    local message = tostring(value):gsub("^.-:%d+: ", "")
    return nil, message, message:find("^Found too many nested") ~= nil
  end
  if type(value) ~= "table" then return nil, "not an object or a list" end
  return core.normalise(value, text)
end

return json
