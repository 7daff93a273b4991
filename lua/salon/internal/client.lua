-- What both backends' clients share: the making of the C object from checked
-- options, and the way from the object back to its session.

local core = require "salon.core"
local version = require "salon.version"

local client = {}

-- The session lies among the client's services under a key nobody can spell.
local SESSION = {}

local CONFIGURED = {
  "connect_timeout", "timeout", "max_tries", "retry_after_cap", "ca_file", "proxy", "no_proxy",
  "http_version", "max_body", "max_header", "max_in_flight", "max_per_origin", "max_rate",
  "retry_budget", "first_byte_timeout", "silence_timeout",
}

---@param backend string
---@param url string
---@param given table  checked options
---@return salon.Client
function client.new(backend, url, given)
  local config = {
    label = backend .. " " .. url,
    user_agent = given.user_agent or "salon/" .. version,
  }
  for _, name in ipairs(CONFIGURED) do config[name] = given[name] end
  return core.client(config)
end

---@param self salon.Client
---@param session salon.Session
---@param services table
function client.equip(self, session, services)
  local own = core.services(self)
  for name, service in pairs(services) do own[name] = service end
  own[SESSION] = session
end

local function session_of(self)
  return self[SESSION]
end

client.session_of = session_of

---The session behind `self`; raises at the caller of the public function.
---@param self any
---@param fname string
---@return salon.Session
function client.session(self, fname)
  local ok, session = false, nil
  if type(self) == "userdata" then ok, session = pcall(session_of, self) end
  if not ok or type(session) ~= "table" then
    error(("%s: wrong self (%s); call it with a colon: %s(...)"):format(fname, type(self), fname),
      3)
  end
  if self:closed() then error(fname .. ": the client is closed", 3) end
  return session
end

---@class salon.ClientOptions
---@field timeout? number  seconds for a whole call: 30; a page of `each` counts as a call
---@field connect_timeout? number  seconds of look-up, connection and TLS together: 10
---@field first_byte_timeout? number  seconds from sending to the response's first line: none
---@field silence_timeout? number  seconds in which nothing of a response comes: none
---@field max_tries? integer  how often one request may be sent: 4; 1: no repeats
---@field retry_after_cap? number  longest `Retry-After` that is waited for: 30 s
---@field user_agent? string
---@field accept_language? string  of messages: "en"
---@field ca_file? string  PEM file of the authorities to trust
---@field proxy? string  "" for none; default: the environment's
---@field no_proxy? string
---@field http_version? "auto"|"1.1"|"2"
---@field allow_insecure? boolean  allows plain http:// to other machines
---@field max_body? integer  bytes of a response: 16 MiB
---@field max_header? integer  bytes of a response's header: 256 KiB
---@field max_depth? integer  levels of lists and objects in a response: 100
---@field max_in_flight? integer  requests at a time, whole process: 1024
---@field max_per_origin? integer  requests at a time to one server: 256
---@field max_rate? number  requests a second to one server: none
---@field retry_budget? number  share of repeats among the requests to one server, beyond the
---  100 that are always in hand and come back at 10 a second: 0.2
---@field host? "plain"|"nginx"  how to wait; default: found at each call


return client
