-- A chapter of an API: its operations (operation.lua) as the methods of a service
-- (`ot.rooms`), and of the records that come from there (`room:update{…}`).
--
-- A resource is a table of
--   name        "rooms", "events.instances"
--   class       of its service, for editors: "Rooms"
--   api         see below
--   record      class of what it holds, see below
--   known       names of the path's keys that the service has: { "room_id" }
--   operations  name -> description
--   services    name -> resource that belongs to it
-- What all operations of an API share, its `api`, is a table of
--   name        "opentalk"
--   options     of every call
--   pages       style -> options of a list
--   id_fault    fun(value): string?  what is wrong with an id; may be nil
--   check       fun(service, given): string?  what is wrong with a call; may be nil
--   decode      of its lists, see source.lua
-- A class of records is a table of
--   name, backend, methods, getters  see record.c
--   fields      what the API sends: name -> "type  words"
--   computed    what the getters give, in the same way
--   secrets     names of fields that give access: a record holds a Secret of each
--   described   types of methods that are written by hand
--   word        what a method of it is called by in errors: "room"
--   keys        fields of the object that fill the path of an operation on it
--   path        fun(record): string[]  the same, where no field holds them; path_keys: how many
--               there are, if that is not the number of `keys`
--   keyless     what to say where the object lacks one
--   services    name -> resource that belongs to the record

local Error = require "salon.internal.error"
local core = require "salon.core"
local operation = require "salon.internal.operation"
local options = require "salon.internal.options"

local resource = {}

local function of_class(record, class)
  if type(record) ~= "userdata" or not pcall(core.raw, record) then return false end
  local meta = getmetatable(record)
  return meta.__name == class.name and meta.backend == class.backend
end

local function fail(fname, self, level)
  error(("%s: wrong self (%s); call it with a colon: %s(...)"):format(fname, type(self), fname), level + 1)
end

local function values(...) return ... end

-- A method that was written by hand, on a record of its class only. No tail call, so that the
-- caller's line is at level 3 of the method on every Lua.
local function checked(class, name, method)
  return function(self, ...)
    if not of_class(self, class) then fail(class.word .. ":" .. name, self, 2) end
    return values(method(self, ...))
  end
end

---@param class table
---@param record salon.Record
---@return string[]? keys
---@return salon.Error? err
local function keys_of(class, record)
  local raw, keys = core.raw(record), class.path and class.path(record) or {}
  for i = 1, class.path_keys or #class.keys do
    local field = class.keys[i] or "id"
    if not class.path then keys[i] = raw[field] end
    local fault = options.id_fault(keys[i])
    if fault then
      return nil, Error.new { kind = "unsupported",
        message = keys[i] == nil and class.keyless or ("%s: '%s' %s"):format(class.name, field, fault) }
    end
  end
  return keys
end

---@param class table
---@return table
function resource.class(class)
  class.getters, class.keys = class.getters or {}, class.keys or {}
  local methods = {}
  for name, method in pairs(class.methods or {}) do methods[name] = checked(class, name, method) end
  class.methods = methods
  for name, service in pairs(class.services or {}) do
    class.getters[name] = function(record)
      return service.of(resource.service_of(record), keys_of(class, record))
    end
  end
  return class
end

---The service that made a record.
resource.service_of = core.service_of

-- `self` is a record of this class.
local function by_record(class)
  return function(self, fname)
    if not of_class(self, class) then fail(fname, self, 3) end
    local service = core.service_of(self)
    if service.session:closed() then error(fname .. ": the client is closed", 3) end
    return service, keys_of(class, self)
  end
end

-- `self` is a service of this class.
local function by_service(Service)
  return function(self, fname)
    if type(self) ~= "table" or getmetatable(self) ~= Service then fail(fname, self, 3) end
    if self.session:closed() then error(fname .. ": the client is closed", 3) end
    return self, self.keys
  end
end

-- An operation that acts on one record is a method of the record, too.
local function add_to_record(class, op, name)
  if class == nil or op.pages or op.on_record == false then return end
  if op.argument or op.path_keys[1] == nil or #op.path_keys ~= (class.path_keys or #class.keys) then return end
  name = name == "get" and "refresh" or name
  assert(not (class.fields or {})[name], "BUG a method hides a field: " .. name)
  local fname = class.word .. ":" .. name
  class.methods[name] = operation.method(op, fname, by_record(class), nil,
    op.run or operation.perform)
end

local function add(self, Service, name, row)
  local fname = self.name .. ":" .. name
  local op = operation.new(row, { name = fname, api = self.api, record = self.record,
    ops = self.ops,
    key = row.key or self.record and self.record.keys[#self.record.keys] })
  self.ops[name] = op
  local bind = by_service(Service)
  local argument = op.argument and op.argument.name or op.path_keys[#self.known + 1]
  if argument and op.key == "id" and not op.argument then argument = "id" end
  if op.pages then
    Service[name] = operation.method(op, fname, bind, argument, op.list or operation.list)
    if name == "list" then
      Service.each = operation.method(op, self.name .. ":each", bind, argument, operation.each)
    end
    return
  end
  Service[name] = operation.method(op, fname, bind, argument, op.run or operation.perform)
  add_to_record(self.record, op, name)
end

---@param self table  see above
---@return table  with `of(parent, keys)`: the service
function resource.new(self)
  self.known, self.ops = self.known or {}, {}
  local Service = { __name = ("salon.%s.%s"):format(self.api.name, self.class or self.name) }
  Service.__index = Service
  for name, row in pairs(self.operations) do add(self, Service, name, row) end

  ---@param parent { session: salon.Session, user: string? }  a service, or what a client has
  ---@param keys? string[]
  function self.of(parent, keys)
    local service = { session = parent.session, user = parent.user, keys = keys or {} }
    for name, below in pairs(self.services or {}) do service[name] = below.of(service) end
    return setmetatable(service, Service)
  end

  return self
end

return resource
