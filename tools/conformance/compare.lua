-- Compares a recorded response with the sandbox's: status, headers that carry
-- meaning, and the body. What differs from run to run is mapped one-to-one: the
-- first time a recorded value meets one of the sandbox's the two are bound, and
-- from then on each stands for the other only. Everything else must be equal, but
-- for the order of members and for what a parser of the server's said.

local json = require "salon.sandbox.json"

local compare = {}

local UUID = ("%x"):rep(8) .. "%-" .. (("%x"):rep(4) .. "%-"):rep(3) .. ("%x"):rep(12)
local HOLDER = "throwaway%-%l[%l-]*%-%d%d%d%.x*"
compare.UUID, compare.HOLDER = UUID, HOLDER

-- Parts of texts that are mapped wherever they stand: pattern in the recording,
-- pattern of what may stand there now. OpenTalk's cursors follow "after=".
local PARTS = {
  holder = { HOLDER, "[%w._%-+/=]+" }, uuid = { UUID, UUID },
  slug = { "%f[%w]%l%l%l%-%l%l%l%l%-%l%l%l%f[^%w-]", "%l%l%l%-%l%l%l%l%-%l%l%l" },
  cursor = { "%f[^=]EAAAAAAAAA[%w_-]+", "[%w_%-]+" },
}

-- By file: the parts that are mapped, members whose whole value is mapped, lists
-- (and texts: words) whose order is free.
local KINDS = {
  meet = { parts = { "holder", "uuid", "slug" }, members = { pin_code = "pin" }, unordered = {} },
  keycloak = { parts = { "holder", "uuid" }, members = { kid = "key", n = "key", jti = "jti" },
    unordered = { scope = true, scopes_supported = true, keys = true } },
  -- Two login services that run now, as spec/keycloak asks them.
  services = { parts = {}, members = {},
    unordered = { scope = true, scopes_supported = true, keys = true, x_grp = true, roles = true, aud = true } },
  opentalk = { parts = { "holder", "uuid", "cursor" }, unordered = { errors = true, enabled_modules = true },
    members = { sip_id = "pin", sip_password = "pin", created_at = "time", updated_at = "time",
      created = "time", updated = "time", url = "provider" } },
}

-- Headers that tell a client something.
local HEADERS = { "content-type", "location", "link", "allow", "www-authenticate", "retry-after",
  "x-request-id" }

-- Where a parser's own words begin: of these the sandbox gives a part, or none.
local PARSERS = { "^Json deserialize error: ", "^Query deserialize error: ", "^JSON parse error %- ",
  "^UUID parsing failed: ", "^Invalid data%. Expected a dictionary, but got ", "^Input should be ",
  "^invalid value: " }

-- What else is said about a fault of a configuration, beside its type and place.
local ABOUT_FAULTS = { msg = true, input = true, ctx = true, url = true }

local Map = {}
Map.__index = Map

---A new map for recordings of `file` ("meet", "keycloak", "opentalk").
function compare.new(file)
  local kind = KINDS[file]
  return setmetatable({ parts = kind.parts, members = kind.members, unordered = kind.unordered,
    there = {}, back = {}, times = {} }, Map)
end

-- Mapping ------------------------------------------------------------------

-- Moments as texts of one length, which sort as they follow each other.
local function sortable(text)
  local base, fraction = text:match "^(%d+%-%d+%-%d+T%d+:%d+:%d+)%.?(%d*)Z$"
  return base and base .. (fraction .. "000000000"):sub(1, 9)
end

-- Moments: equal stays equal, later stays later.
function Map:bind_time(recorded, actual)
  local a, b = sortable(recorded), sortable(actual)
  if not a or not b then return false end
  for _, pair in ipairs(self.times) do
    if (pair[1] < a) ~= (pair[2] < b) or (pair[1] == a) ~= (pair[2] == b) then return false end
  end
  self.times[#self.times + 1] = { a, b }
  return true
end

---Binds a recorded value; false when one of the two already stands for another.
function Map:bind(kind, recorded, actual)
  if kind == "time" then return self:bind_time(recorded, actual) end
  local key, mirror = kind .. " " .. recorded, kind .. " " .. actual
  if self.there[key] == nil and self.back[mirror] == nil then
    self.there[key], self.back[mirror] = actual, recorded
  end
  return self.there[key] == actual and self.back[mirror] == recorded
end

function Map:known(kind, recorded) return self.there[kind .. " " .. recorded] end

-- A placeholder is its name; how far it is filled up plays no part.
local function bare(kind, word)
  return kind == "holder" and word:match "^[^.]*" or kind == "uuid" and word:lower() or word
end

-- Calls other(text) for what is not mapped and part(kind, word) for what is, in turn.
function Map:split(text, other, part)
  local at = 1
  while true do
    local first, last, kind
    for _, name in ipairs(self.parts) do
      local from, to = text:find(PARTS[name][1], at)
      if from and (not first or from < first) then first, last, kind = from, to, name end
    end
    other(text:sub(at, (first or 0) - 1))
    if not first then return end
    part(kind, text:sub(first, last))
    at = last + 1
  end
end

---A recorded text with everything that is bound replaced; missing(kind, text)
---may give what is not bound yet.
function Map:translate(text, missing)
  local out = {}
  self:split(text, function(plain) out[#out + 1] = plain end, function(kind, word)
    local key = bare(kind, word)
    local value = self:known(kind, key) or missing and missing(kind, key) or word
    out[#out + 1] = kind == "uuid" and key ~= word and value:upper() or value
  end)
  return table.concat(out)
end

-- Comparing ----------------------------------------------------------------

-- Is it the recorded text, or as much of a parser's words as the sandbox gives?
local function same_words(recorded, actual)
  for _, pattern in ipairs(PARSERS) do
    local mark = recorded:match(pattern)
    if mark then return #actual >= #mark and recorded:sub(1, #actual) == actual end
  end
  return recorded == actual
end

-- Two texts: equal but for mapped parts.
function Map:text(recorded, actual)
  local pattern, kinds, words = {}, {}, {}
  self:split(recorded, function(plain) pattern[#pattern + 1] = plain:gsub("%W", "%%%0") end, function(kind, word)
    pattern[#pattern + 1] = "(" .. PARTS[kind][2] .. ")"
    kinds[#kinds + 1], words[#words + 1] = kind, bare(kind, word)
  end)
  local found = { actual:match("^" .. table.concat(pattern) .. "$") }
  if not found[1] then return same_words(recorded, actual) end
  for i, kind in ipairs(kinds) do
    if not self:bind(kind, words[i], found[i]) then return false end
  end
  return true
end

local function words_of(text)
  local list = {}
  for word in text:gmatch "%S+" do list[#list + 1] = word end
  table.sort(list)
  return table.concat(list, " ")
end

-- A list whose order is free in an order that does not depend on what is mapped.
function Map:sorted(list)
  local keys, copy = {}, {}
  for i, item in ipairs(list) do
    local text = json.write(item)
    for name in pairs(self.members) do text = text:gsub('"' .. name .. '":"[^"]*"', "") end
    for _, name in ipairs(self.parts) do text = text:gsub(PARTS[name][1], name) end
    copy[i], keys[item] = item, text
  end
  table.sort(copy, function(a, b) return keys[a] < keys[b] end)
  return copy
end

-- Lists of rooms are sorted by what is drawn at random: entries that are known are
-- put beside their own.
function Map:by_id(from, to)
  local place, list = {}, {}
  for _, item in ipairs(to) do place[item.id] = item end
  for i, item in ipairs(from) do
    list[i] = place[self:known("uuid", item.id) or ""]
    if not list[i] then return nil end
  end
  return list
end

-- Where one of them is not known, what the rooms have of their own cannot be compared.
local function without_own(list)
  local copy = json.list {}
  for i, item in ipairs(list) do
    copy[i] = {}
    for name, value in pairs(item) do copy[i][name] = value end
    copy[i].id, copy[i].created_at, copy[i].password = nil, nil, nil
  end
  return copy
end

function Map:list(recorded, actual, path, name, out)
  if self.unordered[name] then recorded, actual = self:sorted(recorded), self:sorted(actual) end
  if self.shuffled and path == "body" .. self.shuffled then
    local list = self:by_id(recorded, actual)
    if not list then recorded, list = without_own(recorded), without_own(actual) end
    actual = list
  end
  for i, item in ipairs(recorded) do self:value(item, actual[i], path .. "[" .. i .. "]", name, out) end
end

function Map:object(recorded, actual, path, out)
  local timed = recorded.iat and recorded.exp
  if timed and math.abs(recorded.exp - recorded.iat - actual.exp + actual.iat) > (self.tolerance or 0) then
    out[#out + 1] = path .. ": another life"
  end
  -- Of the discovery document the sandbox has what clients use.
  local only = recorded.token_endpoint and actual.token_endpoint and actual
  local names = {}
  for member in pairs(recorded) do names[member] = not only or only[member] ~= nil or nil end
  for member in pairs(actual) do names[member] = true end
  for member in pairs(names) do
    if not (timed and (member == "iat" or member == "exp")) and not (recorded.loc and ABOUT_FAULTS[member]) then
      self:value(recorded[member], actual[member], path .. "." .. member, member, out)
    end
  end
end

-- Compares two values; adds a line per difference to `out`.
function Map:value(recorded, actual, path, name, out)
  local same
  if type(recorded) ~= type(actual) or json.is_list(recorded) ~= json.is_list(actual) then
    same = false
  elseif type(recorded) == "table" and #recorded == #actual then
    if json.is_list(recorded) then return self:list(recorded, actual, path, name, out) end
    return self:object(recorded, actual, path, out)
  elseif type(recorded) == "string" then
    if self.members[name] then
      same = self:bind(self.members[name], recorded, actual)
    elseif self.unordered[name] then
      same = words_of(recorded) == words_of(actual)
    else
      same = self:text(recorded, actual)
    end
  elseif type(recorded) == "number" then
    same = math.abs(recorded - actual) <= (self.tolerance or 0)
  else
    same = recorded == actual
  end
  if not same then
    local function show(value) return value == nil and "nothing" or json.write(value):sub(1, 300) end
    out[#out + 1] = ("%s: %s, not %s"):format(path, show(actual), show(recorded))
  end
end

-- The order of parameters inside a target of a Link header is free.
local function parameters_sorted(value)
  return (value:gsub("%?([^>]*)>", function(query) return "?" .. words_of(query:gsub("&", " ")) .. ">" end))
end

function Map:headers(recorded, actual, out)
  for _, name in ipairs(HEADERS) do
    local value, now = recorded[name], actual[name]
    local same = (value == nil) == (now == nil)
    if value and now and name ~= "x-request-id" then
      if name == "link" then value, now = parameters_sorted(value), parameters_sorted(now) end
      same = self:text(value, now)
    end
    if not same then out[#out + 1] = ("header %s: %s, not %s"):format(name, now or "none", value or "none") end
  end
end

-- [] and {} are read alike; what is said about a fault may quote them.
local function empty_lists(text) return select(2, text:gsub('"[^"]*"', "text"):gsub("%[%s*%]", "")) end

---The differences between two responses, as a list of lines.
function Map:responses(recorded, actual)
  local out = {}
  if recorded.status ~= actual.status then
    out[1] = ("status %d, not %d"):format(actual.status, recorded.status)
  end
  self:headers(recorded.headers, actual.headers, out)
  local from, to = json.read(recorded.body), json.read(actual.body)
  if from == nil and (recorded.headers["content-type"] or ""):find "html" then return out end
  if from == nil then from, to = recorded.body, actual.body end
  self:value(from, to, "body", nil, out)
  if recorded.status < 300 and empty_lists(recorded.body) ~= empty_lists(actual.body) then
    out[#out + 1] = "body: another number of empty lists"
  end
  return out
end

return compare
