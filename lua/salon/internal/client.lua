-- What both backends' clients share: the making of the C object from checked
-- options, and the way from the object back to its session.

local core = require "salon.core"
local options = require "salon.internal.options"

local client = {}

-- The session lies among the client's services under a key nobody can spell.
local SESSION = {}

---@param backend string
---@param url string
---@param given table  checked options
---@return salon.Client
function client.new(backend, url, given)
  if given.on_event == nil and (os.getenv "SALON_LOG" or "") ~= "" then
    given.on_event = require("salon.log").of_environment()
  end
  local password = given.client_key_password
  return core.client(options.merge(given, { label = backend .. " " .. url,
    client_key_password = password and options.reveal(password) }))
end

---Raises what is wrong with a client's options at the caller of the function that calls this one's
---caller; what the environment lacks (salon.environment) as a text for whoever set it.
---@param fname string
---@param given table  as the caller gave it
---@param message string  "option 'client_id' is required…"
function client.refuse(fname, given, message)
  local meta, name = getmetatable(given), message:match "^option '([%w_]+)' is required"
  local prefix = name and type(meta) == "table" and meta.environment
  if prefix then error(options.not_set(prefix .. "_" .. name:upper()), 0) end
  error(fname .. ": " .. message, 4)
end

---@param self salon.Client
---@param session salon.Session
---@param services table
---@param chapters table<string, string>  service -> the module that makes it (resource.lua), which is
---  loaded when it is first used: a script needs few of them
function client.equip(self, session, services, chapters)
  local own = core.services(self)
  for name, service in pairs(services) do own[name] = service end
  own[SESSION] = session
  setmetatable(own, { __index = function(_, name)
    local module = chapters[name]
    if module == nil then return nil end
    local service = require(module).of { session = session }
    own[name] = service
    return service
  end })
end

---In nginx all are loaded at once, so that no request waits for a disk.
---@param chapters table<string, string>
function client.load_in_nginx(chapters)
  if rawget(_G, "ngx") == nil then return end
  for _, module in pairs(chapters) do require(module) end
end

---Another client with the configuration of `self`, which ends no later than that one.
---@param self salon.Client
---@param label string
---@return salon.Client
function client.like(self, label)
  local other = core.client({ label = label }, self)
  local is_closed, is_over = other.closed, self.closed
  core.services(other).closed = function(one) return is_closed(one) or is_over(self) end
  return other
end

local function session_of(self)
  return self[SESSION]
end

---The session behind `self`; raises at the caller of the public function.
---@param self any
---@param fname string
---@param level? integer
---@return salon.Session
function client.session(self, fname, level)
  local ok, session = false, nil
  if type(self) == "userdata" then ok, session = pcall(session_of, self) end
  if not ok or type(session) ~= "table" then
    error(("%s: wrong self (%s); call it with a colon: %s(...)"):format(fname, type(self), fname),
      level or 3)
  end
  if self:closed() then error(fname .. ": the client is closed", level or 3) end
  return session
end

return client
