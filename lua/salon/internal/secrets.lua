-- The texts of one client that no error may show: what options hold, what was last
-- sent to a login service, the tokens it gave. Every text that came from a server
-- passes a striker first.

local core = require "salon.core"

local SHORTEST = 4  -- bytes; striking shorter ones would only garble texts

---@class salon.Secrets
---@field known table<string, salon.Secret|salon.Token>  by what they are
---@field forms table<salon.Secret|salon.Token, table>  what to look for, made once for each
local Secrets = {}
Secrets.__index = Secrets

---@return salon.Secrets
function Secrets.new()
  return setmetatable({ known = {}, forms = setmetatable({}, { __mode = "k" }) }, Secrets)
end

---Remembers a secret in place of the last one of this name.
---@param name string
---@param value string|salon.Secret|salon.Token|function|nil  a function's value is not known
function Secrets:note(name, value)
  if type(value) == "string" then value = core.secret(value) end
  if type(value) == "function" then value = nil end
  self.known[name] = value
end

-- Members of bodies and queries that give access.
local GIVES_ACCESS = {}
for name in ([[password invite_code pin client_secret id_token access_token refresh_token token
  streaming_key device_secret resumption]]):gmatch "%S+" do
  GIVES_ACCESS[name] = true
end

---What gives access in something that is sent, at any depth.
---@param sent? table
---@param found string[]  what is added to
---@return string[] found
function Secrets.within(sent, found)
  if sent == nil then return found end
  for name, value in next, sent do
    if type(value) == "table" then
      Secrets.within(value, found)
    elseif GIVES_ACCESS[name] then
      if core.is_secret(value) then value = value:reveal() end
      if type(value) == "string" then found[#found + 1] = value end
    end
  end
  return found
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

local function byte(digits) return string.char(tonumber(digits, 16)) end

local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'" }
do
  local code = 160
  for name in ([[nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr
    deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest
    Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc
    Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute
    THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave
    iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc
    uuml yacute thorn yuml]]):gmatch "%w+" do
    ENTITIES[name], code = utf8_of(code), code + 1
  end
end

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function of_json(c, digits)
  if c == "u" and #digits == 4 then return character(digits, 16) end
  return (ESCAPES[c] or c) .. digits
end

-- What lies outside of the first 65,536 characters has two escapes in JSON.
local function pair(a, b, c, d)
  return utf8_of(0x10000 + ((a:byte() - 0xA0) * 64 + b:byte() - 0x80) * 0x400
    + (c:byte() - 0xB0) * 64 + d:byte() - 0x80)
end

local function of_html(number, name)
  if number == "" then return ENTITIES[name] end
  local digits = name:match "^[xX](%x+)$"
  if digits then return character(digits, 16) end
  return name:find "^%d+$" and character(name, 10) or nil
end

-- Texts may come escaped, in several layers, each character in its own way: they are
-- compared as what they mean.
local UNESCAPE = {
  function(text)
    text = text:gsub("\\(.)(%x?%x?%x?%x?)", of_json)
    return (text:gsub("\237([\160-\175])([\128-\191])\237([\176-\191])([\128-\191])", pair))
  end,
  function(text) return (text:gsub("%%(%x%x)", byte)) end,
  function(text) return (text:gsub("&(#?)([A-Za-z0-9]+);", of_html)) end,
}
local LAYERS = 3

-- What cannot be undone: which plus is a blank, and whether UTF-8 was read as Latin-1, which
-- makes two letters of one.
local function fold(text)
  local count
  text = text:gsub("+", " ")
  repeat
    text, count = text:gsub("([\194\195])([\128-\191])", function(lead, tail)
      return string.char(tail:byte() + (lead == "\195" and 64 or 0))
    end)
  until count == 0
  return text
end

local function unfold(text)
  return (text:gsub("[\128-\255]", function(c) return utf8_of(c:byte()) end))
end

-- `text` without its escapes, and what `look` makes of it under way.
local function open(text, look)
  local shown = text
  for _ = 1, LAYERS do
    local before = text
    for _, unescape in ipairs(UNESCAPE) do
      local plain = unescape(text)
      if plain ~= text then
        text = plain
        if look then text = look(plain) end
        if text ~= plain then shown = text end
      end
    end
    if text == before then break end
  end
  return text, shown
end

-- Looking for them -------------------------------------------------------------

-- What to look for: the secret as it is; in hexadecimal; as a part of something in base64,
-- which has three ways to cut it, only digits that hang on nothing else; and without escapes.
local function add_forms(forms, secret)
  if #secret < SHORTEST then return end
  local as_is, bare = forms.as_is, forms.bare
  as_is[#as_is + 1] = core.secret(secret)
  for _, format in ipairs { "%02x", "%02X" } do
    as_is[#as_is + 1] = core.secret((secret:gsub(".", function(c) return format:format(c:byte()) end)))
  end
  for shift = 0, 2 do
    local digits = Secrets.base64(("\0"):rep(shift) .. secret)
    local first, last = math.ceil(shift * 4 / 3), math.floor((shift + #secret) * 4 / 3)
    if last - first >= SHORTEST then
      digits = digits:sub(first + 1, last)
      as_is[#as_is + 1] = core.secret(digits)
      local for_urls = digits:gsub("+", "-"):gsub("/", "_")
      if for_urls ~= digits then as_is[#as_is + 1] = core.secret(for_urls) end
    end
  end
  local plain = fold((open(secret)))
  if #plain >= SHORTEST then bare[#bare + 1] = core.secret(plain) end
end

-- Made once for each secret, and hidden like it.
local function forms_of(self, value)
  local forms = self.forms[value]
  if forms then return forms end
  forms = { as_is = {}, bare = {} }
  add_forms(forms, value:reveal() or "")
  if value.reveal_refresh then  -- a Token
    add_forms(forms, value:reveal_refresh() or "")
    add_forms(forms, value:reveal_id() or "")
  end
  self.forms[value] = forms
  return forms
end

-- Texts behind `hidden`, the longest first: one may be part of another.
local function revealed(hidden)
  local texts, seen = {}, {}
  for _, secret in ipairs(hidden) do
    local text = secret:reveal()
    if not seen[text] then texts[#texts + 1], seen[text] = text, true end
  end
  table.sort(texts, function(a, b) return #a > #b end)
  return texts
end

-- A code of digits as any server may write it: in capitals, with or without hyphens.
local function loosely(code)
  local digits = code:gsub("%-", "")
  if #digits < SHORTEST or digits:find "[^0-9A-Fa-f]" then return nil end
  local pattern = digits:gsub(".", function(c) return ("[%s%s]%%-?"):format(c:lower(), c:upper()) end)
  return pattern:sub(1, -4)  -- what follows is none of it
end

local function replace(text, secret)
  local first, last = text:find(secret, 1, true)
  if first == nil then return text end
  local parts, from = {}, 1
  repeat
    parts[#parts + 1] = text:sub(from, first - 1)
    from = last + 1
    first, last = text:find(secret, from, true)
  until first == nil
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts, "***")
end

local function replace_all(text, secrets)
  for _, secret in ipairs(secrets) do text = replace(text, secret) end
  return text
end

local WORST = 9  -- bytes that one byte of the secret in base64 may take: 12, &amp;#x0041;, for 4/3

---A function that replaces every secret in a text by asterisks. With `most`, no more
---than that many bytes come back, and the work does not grow with the text.
---@param token? salon.Token  that was sent
---@param secrets? string[]  of one call, as call.secrets says
---@return fun(text: string, most?: integer): string
function Secrets:striker(token, secrets)
  local hidden, bare, codes, longest = {}, {}, {}, 0
  local function look_for(forms)
    for _, secret in ipairs(forms.as_is) do
      hidden[#hidden + 1] = secret
      longest = math.max(longest, #secret:reveal())
    end
    for _, secret in ipairs(forms.bare) do bare[#bare + 1] = secret end
  end
  for _, value in pairs(self.known) do look_for(forms_of(self, value)) end
  if token then look_for(forms_of(self, token)) end
  for _, secret in ipairs(secrets or {}) do
    local forms = { as_is = {}, bare = {} }
    add_forms(forms, secret)
    look_for(forms)
    codes[#codes + 1] = loosely(secret)
  end
  hidden, bare = revealed(hidden), revealed(bare)
  local edge = WORST * longest  -- bytes at the end of a cut text that may be part of a secret
  local function look(text)
    for _, code in ipairs(codes) do text = text:gsub(code, "***") end
    return replace_all(text, hidden)
  end
  return function(text, most)
    local cut = most and #text > 8 * most + edge  -- striking makes it shorter
    if cut then text = text:sub(1, 8 * most + edge) end
    local plain, shown = open(look(text), look)
    plain = fold(plain)
    local struck = replace_all(plain, bare)
    text = struck ~= plain and unfold(struck) or shown
    if cut then text = text:sub(1, math.max(#text - edge, 0)) end
    return most and text:sub(1, most) or text
  end
end

return Secrets
