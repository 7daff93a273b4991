-- The texts of one client that no error may show: what options hold, what was last
-- sent to a login service, the tokens it gave. Every text that came from a server
-- passes a striker first.

local core = require "salon.core"

local SHORTEST = 4  -- bytes; striking shorter ones would only garble texts

---@class salon.Secrets
local Secrets = {}
Secrets.__index = Secrets

---@return salon.Secrets
function Secrets.new()
  return setmetatable({ known = {} }, Secrets)
end

---Remembers a secret in place of the last one of this name.
---@param name string
---@param value string|salon.Secret|salon.Token|function|nil  a function's value is not known
function Secrets:note(name, value)
  if type(value) == "string" then value = core.secret(value) end
  if type(value) == "function" then value = nil end
  self.known[name] = value
end

local function add(list, value)
  list[#list + 1] = value:reveal()
  if value.reveal_refresh == nil then return end  -- a Secret
  list[#list + 1] = value:reveal_refresh()
  list[#list + 1] = value:reveal_id()
end

-- Forms under which a secret may come back ----------------------------------------

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

---@param bytes string
---@return string
function Secrets.base64(bytes)
  return bytes:gsub("..?.?", function(group)
    local a, b, c = group:byte(1, 3)
    local n, text = a * 65536 + (b or 0) * 256 + (c or 0), ""
    for i = 3, 3 - #group, -1 do
      local digit = math.floor(n / 64 ^ i) % 64 + 1
      text = text .. DIGITS:sub(digit, digit)
    end
    return text
  end) .. ("="):rep(-#bytes % 3)
end

-- As it is, and as a part of something in base64, which has three ways to cut it; only
-- digits that hang on nothing else.
local function spellings(list, secret)
  list[#list + 1] = secret
  for shift = 0, 2 do
    local digits = Secrets.base64(("\0"):rep(shift) .. secret)
    local first, last = math.ceil(shift * 4 / 3), math.floor((shift + #secret) * 4 / 3)
    if last - first >= SHORTEST then list[#list + 1] = digits:sub(first + 1, last) end
  end
end

-- The UTF-8 of a code point, nil beyond the last one; LuaJIT has no library for it.
local function utf8_of(code)
  local function tail(shift) return 0x80 + math.floor(code / shift) % 0x40 end
  if code < 0 or code > 0x10FFFF then return nil end
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 0x40), tail(1)) end
  if code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 0x1000), tail(0x40), tail(1))
  end
  return string.char(0xF0 + math.floor(code / 0x40000), tail(0x1000), tail(0x40), tail(1))
end

local function character(digits, radix)
  return utf8_of(tonumber(digits, radix))
end

-- What lies outside of the first 65,536 characters has two escapes in JSON.
local function pair(high, low)
  return utf8_of(0x10000 + (tonumber(high, 16) - 0xD800) * 0x400 + tonumber(low, 16) - 0xDC00)
end

local function byte(digits) return string.char(tonumber(digits, 16)) end

local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'" }
local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

-- Texts may come escaped, each character in several ways: they are compared as what
-- they mean.
local UNESCAPE = {
  function(text)
    text = text:gsub("\\u([dD][89aAbB]%x%x)\\u([dD][c-fC-F]%x%x)", pair)
    text = text:gsub("\\u(%x%x%x%x)", function(digits) return character(digits, 16) end)
    return (text:gsub("\\(.)", function(c) return ESCAPES[c] or c end))
  end,
  function(text) return (text:gsub("+", " "):gsub("%%(%x%x)", byte)) end,
  function(text) return (text:gsub("%%(%x%x)", byte)) end,
  function(text)
    text = text:gsub("&#(%d+);", function(digits) return character(digits, 10) end)
    text = text:gsub("&#[xX](%x+);", function(digits) return character(digits, 16) end)
    return (text:gsub("&(%l+);", ENTITIES))
  end,
}

local function strike(text, list)
  for _, pattern in ipairs(list) do text = text:gsub(pattern, "***") end
  return text
end

local WORST = 6  -- bytes that one byte may take: \u0041

---A function that replaces every secret in a text by asterisks. With `most`, no more
---than that many bytes come back, and the work does not grow with the text.
---@param token? salon.Token  that was sent
---@param part? string  of the path that was sent, as call.secret says
---@return fun(text: string, most?: integer): string
function Secrets:striker(token, part)
  local secrets, list = { part }, {}
  for _, value in pairs(self.known) do add(secrets, value) end
  if token then add(secrets, token) end
  local edge = 0  -- bytes at the end of a cut text that may be a part of a secret
  for _, secret in ipairs(secrets) do
    if #secret >= SHORTEST then spellings(list, secret) end
    edge = math.max(edge, WORST * #secret)
  end
  table.sort(list, function(a, b) return #a > #b end)  -- one may be part of another
  for i, text in ipairs(list) do list[i] = text:gsub("%W", "%%%0") end
  return function(text, most)
    local cut = most and #text > 8 * most + edge  -- striking makes it shorter
    if cut then text = text:sub(1, 8 * most + edge) end
    text = strike(text, list)
    for _, unescape in ipairs(UNESCAPE) do
      local plain = unescape(text)
      local struck = plain ~= text and strike(plain, list)
      if struck and struck ~= plain then text = struck end
    end
    if cut then text = text:sub(1, math.max(#text - edge, 0)) end
    return most and text:sub(1, most) or text
  end
end

return Secrets
