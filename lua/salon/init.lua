-- salon: a client for OpenTalk and La Suite Meet. What callers may use is named here.
--
-- A backend, and what makes many calls at once, is loaded when it is first used: a
-- script needs one of them. In nginx all are loaded at once, so that no request
-- waits for a disk, but the first for what only runs there.

local Error = require "salon.internal.error"
local core = require "salon.core"
local json = require "salon.internal.json"
local version = require "salon.version"

---@class salon  types/salon.lua describes it for editors
local salon = {
  ---`salon.check(client.rooms:get(id))`: the value, or the error raised readably.
  check = Error.check,

  ---The error object of what `pcall` caught, on every Lua; nil for other errors.
  caught = Error.caught,

  ---JSON null, to be sent on purpose. The same as cjson.null and ngx.null.
  null = core.null,

  ---`salon.secret "x"` is a Secret that prints as "salon.Secret(***)"; salon.secret.env,
  ---file, command and stdin make functions for the options that take one.
  secret = require "salon.secret",
}

-- A backend's module is a table with `new`, the others are the function or table itself.
local LAZY = {
  opentalk = "salon.opentalk",
  meet = "salon.meet",
  environment = "salon.environment",
  log = "salon.log",
  main = "salon.main",
  map = "salon.map",
  all = "salon.all",
  scope = "salon.scope",
  sleep = "salon.sleep",
  store = "salon.store",
  time = "salon.time",
}

local function load_lazily(_, name)
  if LAZY[name] == nil then return nil end
  local module = require(LAZY[name])
  salon[name] = type(module) == "table" and module.new or module
  return salon[name]
end

setmetatable(salon, { __index = load_lazily })

---Marks a table as a JSON list, so that an empty one is sent as [].
---@param list? table
---@return table
function salon.array(list)
  if list == nil then list = {} end
  if type(list) ~= "table" then
    error("salon.array: argument must be a table, got " .. type(list), 2)
  end
  return setmetatable(list, core.array_mt)
end

-- A page is the list of its records.
local function without_fields(value)
  if type(value) ~= "table" or value.response == nil then return value end
  local list = salon.array {}
  for i, record in ipairs(value) do list[i] = record end
  return list
end

---JSON of a value: records, lists of them, pages, tables. A list stays a list, also an empty
---one that came from a server or from `salon.array`, which lua-cjson may write as an object.
---@param value any
---@return string
function salon.encode(value)
  local ok, text = pcall(core.encode, without_fields(value))
  if not ok then error("salon.encode: " .. text, 2) end
  return text
end

---Versions of salon and of what it runs on, for bug reports.
---@return { salon: string, lua: string, cjson: string, libcurl: string, ssl: string,
---  features: string[] }
function salon.version()
  local curl = core.curl()
  local jit = rawget(_G, "jit")
  return {
    salon = version,
    lua = jit and jit.version or _VERSION,
    cjson = json.version,
    libcurl = curl.version,
    ssl = curl.ssl,
    features = curl.features,
  }
end

if rawget(_G, "ngx") then
  for name in pairs(LAZY) do load_lazily(salon, name) end
end

return salon
