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

local function base64(bytes)
  return (bytes:gsub("..?.?", function(group)
    local a, b, c = group:byte(1, 3)
    local n, text = a * 65536 + (b or 0) * 256 + (c or 0), ""
    for i = 3, 3 - #group, -1 do
      local digit = math.floor(n / 64 ^ i) % 64 + 1
      text = text .. DIGITS:sub(digit, digit)
    end
    return text
  end))
end

-- As it is, and as a part of something in base64, which has three ways to cut it; only
-- digits that hang on nothing else.
local function spellings(list, secret)
  list[#list + 1] = secret
  for shift = 0, 2 do
    local digits = base64(("\0"):rep(shift) .. secret)
    local first, last = math.ceil(shift * 4 / 3), math.floor((shift + #secret) * 4 / 3)
    if last - first >= SHORTEST then list[#list + 1] = digits:sub(first + 1, last) end
  end
end

local function character(digits, radix)
  local code = tonumber(digits, radix)
  return code and code < 256 and string.char(code) or nil
end

local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'" }
local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

-- Texts may come escaped, each byte in several ways: they are compared as what they mean.
local UNESCAPE = {
  function(text)
    text = text:gsub("\\u(%x%x%x%x)", function(digits) return character(digits, 16) end)
    return (text:gsub("\\(.)", function(c) return ESCAPES[c] or c end))
  end,
  function(text)
    return (text:gsub("+", " "):gsub("%%(%x%x)", function(digits) return character(digits, 16) end))
  end,
  function(text) return (text:gsub("%%(%x%x)", function(digits) return character(digits, 16) end)) end,
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

---A function that replaces every secret in a text by asterisks.
---@param token? salon.Token  that was sent
---@return fun(text: string): string
function Secrets:striker(token)
  local secrets, list = {}, {}
  for _, value in pairs(self.known) do add(secrets, value) end
  if token then add(secrets, token) end
  for _, secret in ipairs(secrets) do
    if #secret >= SHORTEST then spellings(list, secret) end
  end
  table.sort(list, function(a, b) return #a > #b end)  -- one may be part of another
  for i, text in ipairs(list) do list[i] = text:gsub("%W", "%%%0") end
  return function(text)
    text = strike(text, list)
    for _, unescape in ipairs(UNESCAPE) do
      local plain = unescape(text)
      local struck = plain ~= text and strike(plain, list)
      if struck and struck ~= plain then text = struck end
    end
    return text
  end
end

return Secrets
