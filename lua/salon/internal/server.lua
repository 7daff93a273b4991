-- What is known of a server: which version it is, and what it turned out not to have. Of
-- what it can do nothing is tried out: servers of 2023 answer unknown paths like forbidden
-- ones.

local client = require "salon.internal.client"
local core = require "salon.core"
local options = require "salon.internal.options"

local Server = {}
Server.__index = Server

-- Operations by name: "rooms.tariff"; by the name of a resource alone its list.
local function catalogue(resources)
  local operations = {}
  for _, resource in ipairs(resources) do
    for name, op in pairs(resource.ops) do operations[resource.name .. "." .. name] = op end
    operations[resource.name] = resource.ops.list or resource.ops.get
  end
  return operations
end

---@param resources fun(): table[]  see resource.lua
---@param other string  the other system's module: what it alone has is no mistake
function Server.new(resources, other)
  return setmetatable({ resources = resources, other = other, lacking = {} }, Server)
end

-- As users know it: "rooms.tariff".
local function public(op) return (op.name:gsub(":", ".")) end

---Takes note of what the server does not have.
---@param op table
function Server:lacks(op)
  self.lacking[public(op)] = true
end

-- Is `version` older than `since`? Not as long as that cannot be told.
local function is_older(version, since)
  local major, minor = (version or ""):match "^v?(%d+)%.(%d+)"
  local wanted_major, wanted_minor = since:match "^(%d+)%.(%d+)"
  if major == nil or wanted_major == nil then return false end
  major, wanted_major = tonumber(major), tonumber(wanted_major)
  return major < wanted_major or major == wanted_major and tonumber(minor) < tonumber(wanted_minor)
end

function Server:has(op)
  if self.lacking[public(op)] or op.since == "announced" then return false end
  return op.since == nil or not is_older(self.profile == "2023" and "0.0" or self.version, op.since)
end

---Does the server have this operation? By what is known of it, without a request: true as
---long as nothing speaks against it; false of what the other system alone has.
---@param self salon.Client
---@param name string  "events.instances", "rooms.tariff"
---@return boolean
function Server.supports(self, name)
  local server = client.session(self, "client:supports").backend.server
  if server.lacking[name] then return false end  -- also a variant that has no name of its own
  server.operations = server.operations or catalogue(server.resources())
  local op = server.operations[name]
  if op == nil then
    if catalogue(require(server.other).resources())[name] then return false end
    local guess = type(name) == "string" and options.nearest(name, server.operations)
    error(("client:supports: unknown operation '%s'%s"):format(tostring(name),
      guess and ", did you mean '" .. guess .. "'?" or ""), 2)
  end
  return server:has(op)
end

-- The version stands in the server's own description of its API, which old servers do not
-- have, and operators may switch off. Other errors, and those of the login, tell nothing.
local function ask(self, deadline)
  local backend = self.backend
  local name = backend.description
  if name == nil or backend.server.asked then return true end
  local response, err = self:call { parts = { name }, deadline = deadline }
  local is_absent = err and (err.status == 404 or err.status == 403) and err.url:sub(-#name) == name
  if response == nil and not is_absent then return nil, err end
  backend.server.asked = true
  local data = response and self:decode(response, "object")
  local info = data and type(data.info) == "table" and data.info
  local server = backend.server
  server.version = info and type(info.version) == "string" and info.version or nil
  server.profile = backend:profile(server.version)
  return true
end

---What is known of the server. The first call may ask it for its version.
---@param self salon.Client
---@param opts? salon.CallOptions
---@return { version: string?, profile: string?, lacking: string[] }? about  version: nil where it
---  does not tell; profile, OpenTalk's: "2023" of servers that describe nothing of themselves, or
---  "2026"; lacking: operations that it turned out not to have
---@return salon.Error? err
function Server.about(self, opts)
  local session = client.session(self, "client:server")
  local given = options.check("client:server", opts, options.CALL)
  local ok, err = ask(session, session:deadline(given.timeout))
  if not ok then return nil, err end
  local server, lacking = session.backend.server, setmetatable({}, core.array_mt)
  for name in pairs(server.lacking) do lacking[#lacking + 1] = name end
  table.sort(lacking)
  return { version = server.version, profile = server.profile, lacking = lacking }
end

return Server
