-- Marked secrets, and the search for them in everything that leaves a program. Needs neither
-- busted nor the shell, so that it runs in nginx as well.

local canary = {}

---A secret that nobody else has; with characters that servers escape, unless it is plain.
function canary.word(number, is_plain)
  local file = assert(io.open("/dev/urandom", "rb"))
  local hex = file:read(12):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  file:close()
  return ("canary-%d-%s%s"):format(number, hex, is_plain and "" or "\"</b>&\\ +\195\169%41")
end

-- Forms --------------------------------------------------------------------------

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(text)
  return text:gsub("..?.?", function(group)
    local a, b, c = group:byte(1, 3)
    local n, digits = a * 65536 + (b or 0) * 256 + (c or 0), ""
    for i = 3, 3 - #group, -1 do
      local digit = math.floor(n / 64 ^ i) % 64 + 1
      digits = digits .. DIGITS:sub(digit, digit)
    end
    return digits
  end) .. ("="):rep(-#text % 3)
end

local function for_urls(text) return (text:gsub("+", "-"):gsub("/", "_")) end

-- How somebody may repeat a text: `play` is what he sends, `seek` what is looked for.
canary.FORMS = { { name = "plain", play = function(text) return text end } }
for name, format in pairs {
  ["hex"] = "%02x", ["hex in capitals"] = "%02X", ["URL"] = "%%%02x", ["URL in capitals"] = "%%%02X",
  ["JSON"] = "\\u%04x", ["JSON in capitals"] = "\\u%04X", ["HTML, decimal"] = "&#%d;",
  ["HTML"] = "&#x%x;", ["HTML in capitals"] = "&#x%X;" } do
  canary.FORMS[#canary.FORMS + 1] = { name = name, play = function(text)
    return (text:gsub(".", function(c) return format:format(c:byte()) end))
  end }
end
for shift = 0, 2 do
  local function play(text) return base64(("x"):rep(shift) .. text) end
  local function seek(text)  -- only the digits that hang on nothing else
    return play(text):sub(math.ceil(shift * 4 / 3) + 1, math.floor((shift + #text) * 4 / 3))
  end
  for name, change in pairs { ["base64"] = tostring, ["base64 for URLs"] = for_urls } do
    canary.FORMS[#canary.FORMS + 1] = { name = ("%s after %d bytes"):format(name, shift),
      play = function(text) return change(play(text)) end, seek = function(text) return change(seek(text)) end }
  end
end
table.sort(canary.FORMS, function(a, b) return a.name < b.name end)  -- the same everywhere

-- What leaves -----------------------------------------------------------------------

---A collection of texts; collection:add(where, value) takes in everything that a value shows:
---members and their names, metatables, what tostring makes of it.
local Collection = {}
Collection.__index = Collection

function canary.collection() return setmetatable({ texts = {}, count = 0, bytes = 0 }, Collection) end

local function take(self, where, value, seen)
  if type(value) == "string" then
    if self.texts[value] then return end
    self.texts[value], self.count, self.bytes = where, self.count + 1, self.bytes + #value
    return
  end
  if value == nil or seen[value] then return end
  seen[value] = true
  take(self, where .. " as a text", tostring(value), seen)
  if type(value) ~= "table" then return end
  for key, member in next, value do
    take(self, where .. ", a key", key, seen)
    take(self, where .. "." .. tostring(key), member, seen)
  end
  take(self, where .. ", metatable", getmetatable(value), seen)
end

function Collection:add(where, ...)
  for i = 1, select("#", ...) do take(self, where, (select(i, ...)), {}) end
end

-- Half of a secret is a leak as well.
local function halves(word)
  local hex = word:match "^canary%-%d+%-(%x+)"
  return { hex:sub(1, #hex / 2), hex:sub(#hex / 2 + 1) }
end

---Looks for all words in all forms. Returns what was found, "word 3 as hex in event.url: ...",
---and how many of the words were found.
---@param texts table<string, string>  text -> where it was
---@param words table<string, string>  by name
function canary.search(texts, words)
  local hits, found = {}, {}
  local all, wheres = {}, {}
  for text, where in pairs(texts) do all[#all + 1], wheres[#wheres + 1] = text, where end
  local joined = table.concat(all, "\n")
  for name, word in pairs(words) do
    for _, form in ipairs(canary.FORMS) do
      for _, half in ipairs(halves(word)) do
        local needle = (form.seek or form.play)(half)
        if joined:find(needle, 1, true) then
          found[name] = true
          for i, text in ipairs(all) do
            if text:find(needle, 1, true) then
              hits[#hits + 1] = ("%s, %s, in %s: %s"):format(name, form.name, wheres[i],
                (text:sub(1, 300):gsub("[^\32-\126]", "?")))
            end
          end
        end
      end
    end
  end
  table.sort(hits)
  return hits, found
end

return canary
