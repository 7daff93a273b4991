-- Compares a recorded answer with the sandbox's. What differs from run to run
-- is mapped one-to-one: the first time a recorded value meets one of the
-- sandbox's the two are bound, and from then on each stands for the other only.
-- Everything that is neither mapped nor listed as free must be equal.

local json = require "salon.sandbox.json"

local compare = {}

local UUID = ("%x"):rep(8) .. "%-" .. (("%x"):rep(4) .. "%-"):rep(3) .. ("%x"):rep(12)
local HOLDER = "throwaway%-%l[%l-]*%-%d%d%d%.x*"
compare.UUID, compare.HOLDER = UUID, HOLDER

-- Parts of texts that are mapped wherever they stand: pattern in the recording,
-- pattern of what may stand there now. OpenTalk's cursors follow "after=".
local PARTS = {
  { "holder", HOLDER, "[%w._%-+/=]+" },
  { "uuid", UUID, UUID },
}
local SLUG = { "slug", "%f[%w]%l%l%l%-%l%l%l%l%-%l%l%l%f[^%w-]", "%l%l%l%-%l%l%l%l%-%l%l%l" }
local CURSOR = { "cursor", "%f[^=]EAAAAAAAAA[%w_-]+", "[%w_%-]+" }

-- Members whose whole value is mapped, by file.
local MEMBERS = {
  meet = { pin_code = "pin" },
  keycloak = { kid = "key", n = "key", public_key = "key", jti = "jti" },
  opentalk = { sip_id = "pin", sip_password = "pin", created_at = "time", updated_at = "time",
    created = "time", updated = "time", url = "provider" },
}

-- Lists (and texts: words) whose order is free, by file.
local UNORDERED = {
  meet = {},
  keycloak = { scope = true, x_grp = true, roles = true, scopes_supported = true, keys = true },
  opentalk = { errors = true, enabled_modules = true },
}

-- Headers about the connection, not about the answer; Date is free.
local TRANSPORT = { date = true, connection = true, ["keep-alive"] = true,
  ["content-length"] = true, ["transfer-encoding"] = true }

local Map = {}
Map.__index = Map

---A new map for recordings of `file` ("meet", "keycloak", "opentalk").
function compare.new(file)
  local parts = { PARTS[1], PARTS[2] }
  if file == "meet" then parts[3] = SLUG end
  if file == "opentalk" then parts[3] = CURSOR end
  return setmetatable({ parts = parts, members = MEMBERS[file], unordered = UNORDERED[file],
    there = {}, back = {}, times = {}, made = {} }, Map)
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

-- Moments: equal stays equal, later stays later.
function Map:bind_time(recorded, actual)
  local function sortable(text)
    local base, fraction = text:match("^(%d+%-%d+%-%d+T%d+:%d+:%d+)%.?(%d*)Z$")
    return base and base .. (fraction .. "000000000"):sub(1, 9)
  end
  local a, b = sortable(recorded), sortable(actual)
  if not a or not b then return false end
  for _, pair in ipairs(self.times) do
    if (pair[1] < a) ~= (pair[2] < b) or (pair[1] == a) ~= (pair[2] == b) then return false end
  end
  self.times[#self.times + 1] = { a, b }
  return true
end

function Map:known(kind, recorded) return self.there[kind .. " " .. recorded] end

-- A placeholder is its name; how far it is filled up plays no part.
local function bare(kind, word)
  return kind == "holder" and word:match("^[^.]*") or kind == "uuid" and word:lower() or word
end

-- The earliest mapped part of `text` from `at` on.
function Map:next_part(text, at)
  local first, last, found
  for _, part in ipairs(self.parts) do
    local from, to = text:find(part[2], at)
    if from and (not first or from < first) then first, last, found = from, to, part end
  end
  return first, last, found
end

---A recorded text with everything that is bound replaced; missing(kind, text)
---may give what is not bound yet.
function Map:translate(text, missing)
  local out, at = {}, 1
  while true do
    local first, last, part = self:next_part(text, at)
    if not first then break end
    local word = text:sub(first, last)
    local key = bare(part[1], word)
    local value = self:known(part[1], key) or missing and missing(part[1], key) or word
    if part[1] == "uuid" and key ~= word then value = value:upper() end
    out[#out + 1] = text:sub(at, first - 1) .. value
    at = last + 1
  end
  return table.concat(out) .. text:sub(at)
end

-- Two texts: equal but for mapped parts.
function Map:text(recorded, actual)
  local pattern, kinds, words, at = {}, {}, {}, 1
  local function plain(s) pattern[#pattern + 1] = s:gsub("%W", "%%%0") end
  while true do
    local first, last, part = self:next_part(recorded, at)
    if not first then break end
    plain(recorded:sub(at, first - 1))
    pattern[#pattern + 1] = "(" .. part[3] .. ")"
    kinds[#kinds + 1], words[#words + 1] = part[1], bare(part[1], recorded:sub(first, last))
    at = last + 1
  end
  plain(recorded:sub(at))
  local found = { actual:match("^" .. table.concat(pattern) .. "$") }
  if not found[1] then return false end
  for i, kind in ipairs(kinds) do
    if not self:bind(kind, words[i], found[i]) then return false end
  end
  return true
end

local function words_of(text)
  local list = {}
  for word in text:gmatch("%S+") do list[#list + 1] = word end
  table.sort(list)
  return table.concat(list, " ")
end

local function render(node) return node and json.render(node) or "nothing" end

-- For the order of lists that have none: the text without what is mapped.
function Map:sort_key(node)
  local text = json.render(node)
  for name in pairs(self.members) do text = text:gsub('"' .. name .. '":"[^"]*"', "") end
  for _, part in ipairs(self.parts) do text = text:gsub(part[2], part[1]) end
  return node.map and node.map.alg and node.map.alg.v or text
end

function Map:sorted(list)
  local copy = {}
  for i, node in ipairs(list) do copy[i] = node end
  table.sort(copy, function(a, b) return self:sort_key(a) < self:sort_key(b) end)
  return copy
end

local function seconds(node) return tonumber(node.v) end

-- Compares two nodes; adds a line per difference to `out`.
function Map:node(recorded, actual, path, name, out)
  local function differ(words)
    out[#out + 1] = ("%s: %s, not %s"):format(path, words or render(actual):sub(1, 300),
      render(recorded):sub(1, 300))
  end
  if not actual or recorded.t ~= actual.t then return differ() end
  if recorded.t == "object" then
    if table.concat(recorded.keys, " ") ~= table.concat(actual.keys, " ") then
      return differ("members " .. table.concat(actual.keys, " "))
    end
    local from, to = recorded.map, actual.map
    local timed = from.iat and from.exp
    if timed and seconds(from.exp) - seconds(from.iat) ~= seconds(to.exp) - seconds(to.iat) then
      differ()
    end
    for _, key in ipairs(recorded.keys) do
      if not (timed and (key == "iat" or key == "exp")) then
        self:node(from[key], to[key], path .. "." .. key, key, out)
      end
    end
  elseif recorded.t == "array" then
    if #recorded.v ~= #actual.v then return differ(#actual.v .. " entries") end
    local from, to = recorded.v, actual.v
    if self.unordered[name] then from, to = self:sorted(from), self:sorted(to) end
    from, to = self:aligned(from, to)
    for i, node in ipairs(from) do
      self:node(node, to[i], path .. "[" .. i .. "]", name, out)
    end
  elseif recorded.t == "string" then
    local same
    local kind = self.members[name]
    if kind then
      same = self:bind(kind, recorded.v, actual.v)
    elseif self.unordered[name] then
      same = words_of(recorded.v) == words_of(actual.v)
    else
      same = self:text(recorded.v, actual.v)
    end
    if not same then differ() end
  elseif recorded.v ~= actual.v
    and not (self.tolerance and math.abs(seconds(recorded) - seconds(actual)) <= self.tolerance) then
    differ()
  end
end

-- Rooms made during the recording have random names, by which lists are sorted:
-- when each recorded entry is known, the sandbox's are put beside their own.
function Map:aligned(from, to)
  local place, list = {}, {}
  for i, node in ipairs(to) do
    local id = node.map and node.map.id
    if id then place[id.v] = i end
  end
  for i, node in ipairs(from) do
    local id = node.map and node.map.id
    local at = id and self.made[id.v] and place[self:known("uuid", id.v) or ""]
    if not at then return from, to end
    list[i] = to[at]
  end
  return from, list
end

local function header_map(headers)
  local map = {}
  for _, header in ipairs(headers) do
    local name = header[1]:lower()
    if not TRANSPORT[name] and map[name] ~= header[2] then
      map[name] = map[name] and map[name] .. ", " .. header[2] or header[2]
    end
  end
  return map
end

-- The order of parameters inside a target of a Link header is free.
local function parameters_sorted(value)
  return (value:gsub("%?([^>]*)>", function(query)
    local list = {}
    for pair in query:gmatch("[^&]+") do list[#list + 1] = pair end
    table.sort(list)
    return "?" .. table.concat(list, "&") .. ">"
  end))
end

local PRESENCE = { ["x-request-id"] = true }

function Map:headers(recorded, actual, out)
  local from, to = header_map(recorded), header_map(actual)
  for name, value in pairs(from) do
    local now = to[name]
    local same = now ~= nil
    if same and not PRESENCE[name] then
      if name == "link" then value, now = parameters_sorted(value), parameters_sorted(now) end
      same = self:text(value, now)
    end
    if not same then out[#out + 1] = ("header %s: %s, not %s"):format(name, now or "none", value) end
  end
  for name, value in pairs(to) do
    if from[name] == nil then out[#out + 1] = ("header %s: %s, not none"):format(name, value) end
  end
end

---The differences between two answers, as a list of lines.
function Map:answers(recorded, actual)
  local out = {}
  if recorded.status ~= actual.status then
    out[1] = ("status %d, not %d"):format(actual.status, recorded.status)
  end
  self:headers(recorded.headers, actual.headers, out)
  local from, to = json.read(recorded.body), json.read(actual.body)
  if from then
    self:node(from, to, "body", nil, out)
  elseif not self:text(recorded.body, actual.body) then
    out[#out + 1] = ("body: %s, not %s"):format(actual.body:sub(1, 200), recorded.body:sub(1, 200))
  end
  return out
end

return compare
