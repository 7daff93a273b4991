-- One operation of an API: from its description to what a user's call does. A
-- description is a route and
--   says        what an editor and the reference tell
--   since       the first server version that has it
--   lacking     what to say where a server does not have it, instead
--   misread     what servers that do not have it say, where it is more than nothing
--   body        fields of the request (is.lua): name -> kind
--   query       options that are sent in the query; `here = true`: that stay here; `always`: what is
--               sent of one that is not given
--   argument    a value that is neither in the path nor a field: { name =, into = "query" or
--               "body" }
--   extra       name of one more argument, a text for `run`: the last of its keys
--   gives       class of the record that comes back, or fun(raw): class
--   value       the field of the object that comes back; with neither, `true` comes back
--   returns     the type of `value`, or, for editors, of what `run` returns
--   pages       "numbered", "cursor" or "all": a list
--   key         what tells entries of a list apart: the last one of the record's class
--   decode      of a list, instead of that of the API: see source.lua
--   on_record   false: no method of records
--   outside     true: the path begins at the server's root
--   sends       a body that is always the same
--   walks       true: `run` returns a walk
--   run         fun(op, service, keys, fields, given, deadline)  instead of one request
-- and, where one of these has to be judged,
--   check       fun(fields, given, keys, service): string?  what is wrong with the whole
--   send        fun(fields, service): table  the body that is sent for `fields`
--   argument_fault  fun(value): string?  what is wrong with the argument
--   fault       fun(raw): string?  what is wrong with an object of the server
--   key_of      fun(raw): string?  what tells entries of a list apart, if no field does
--   keep        fun(raw, given): boolean  does an entry of a list belong there?
--   is_past     fun(raw, given): boolean  is the list over, though the server goes on?
--   walk        fun(op, service, keys, given): source, given  what `each` walks
--   instead     fun(op, service, keys, given, err): source?  what to walk after an error
--   list        fun(op, service, keys, fields, given)  instead of one page as it is
--   is_secret   true: the last key gives access, and is struck from errors
--   anonymous   true: sent without the login
--   empty       name of the operation that reads what came of it where the response is empty
--   gone        true: once the request was repeated, a 404 means that it is done
--   repeat_on   see salon.Call
-- What is the same for all operations of one API is its `api` (see resource.lua).

local Source = require "salon.internal.source"
local core = require "salon.core"
local options = require "salon.internal.options"
local pages = require "salon.internal.pages"
local taken = require "salon.internal.taken"

local operation = {}

-- "GET /rooms/{room_id}" -> "GET", { "rooms", 1 }, { "room_id" }
local function parse(route)
  local verb, path = route:match "^(%u+) (/.*)$"
  assert(verb, "BUG route " .. tostring(route))
  local segments, names = {}, {}
  for part in path:gmatch "/([^/]*)" do
    local name = part:match "^{(.+)}$"
    if name then names[#names + 1] = name end
    segments[#segments + 1] = name and #names or part
  end
  return verb, segments, names
end

-- A function that makes the path of the keys. Most paths have one key at most, and are
-- made often.
local function path_maker(segments, names)
  if names[1] == nil then
    return function() return segments end
  elseif names[2] == nil and segments[2] == 1 and #segments == 2 then
    local first = segments[1]
    return function(keys) return { first, keys[1] } end
  end
  return function(keys)
    local parts = {}
    for i = 1, #segments do
      local segment = segments[i]
      parts[i] = type(segment) == "number" and (keys[segment] or error "BUG a path lacks a key") or segment
    end
    return parts
  end
end

local function sent_names(query)
  local names = {}
  for name, row in pairs(query) do
    if not row.here then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- Which fields tell whether the server did as it was told.
local function tests_of(body)
  local tests = {}
  for name, row in pairs(body or {}) do tests[name] = row.taken end
  return next(tests) and tests
end

local NOTHING = {}

-- Which fields give access: name -> true, or the same of the object, or of the objects of the
-- list, that the field is.
local function secrets_among(kinds)
  local found = {}
  for name, row in pairs(kinds or {}) do
    local below = row.fields or row.items and row.items.fields
    found[name] = row.secret or below and secrets_among(below) or nil
  end
  return next(found) and found
end

-- A copy of what was given, with its secrets as text, which come into `list`.
local function revealed(value, secret, list)
  if core.is_secret(value) then value = value:reveal() end
  if secret == true and type(value) == "string" then list[#list + 1] = value end
  if secret == true or type(value) ~= "table" then return value end
  local copy = setmetatable({}, getmetatable(value))
  for key, one in pairs(value) do
    local below = type(key) == "number" and secret or secret[key]
    if below then one = revealed(one, below, list) end
    copy[key] = one
  end
  return copy
end

---@param row table  see above
---@param about { name: string, api: table, key: string?, record: table?, ops: table? }
---  ops: the operations of the same resource, by name
---@return table op
function operation.new(row, about)
  local op = options.merge(row, about)
  local segments
  op.verb, segments, op.path_keys = parse(row[1])
  op.parts = path_maker(segments, op.path_keys)
  local query = options.merge(op.api.pages[op.pages] or {}, row.query or {})
  op.options = options.merge(op.api.options, query)
  op.each_options = op.pages and options.merge(op.options, { prefetch = options.PREFETCH })
  op.query, op.query_names = query, sent_names(query)
  op.has_query = op.query_names[1] ~= nil or row.argument ~= nil and row.argument.into == "query"
  op.has_body = row.body ~= nil or row.sends ~= nil or row.argument ~= nil and row.argument.into == "body"
  op.class = row.gives or row.pages and about.record or nil
  op.is_plain = op.verb == "GET" and not (op.has_query or op.since or op.api.check or op.is_secret)
  op.checked_key = not (row.value or row.fault) and op.key
  op.tests = tests_of(row.body)
  op.secrets = secrets_among(row.body)
  op.sends = row.sends and core.encode(row.sends)
  return op
end

local function query_of(op, keys, given)
  local query
  for _, name in ipairs(op.query_names) do
    local row, value = op.query[name], given[name]
    if value == nil then value = row.always end
    if value ~= nil then
      query = query or {}
      if row.to then value = row.to(value) end
      query[#query + 1] = row.as or name
      query[#query + 1] = value
    end
  end
  if op.argument and op.argument.into == "query" then
    query = query or {}
    query[#query + 1] = op.argument.name
    query[#query + 1] = keys[#keys]
  end
  return query
end

local function body_of(op, service, keys, fields)
  if op.sends then return op.sends end
  if op.argument and op.argument.into == "body" then
    return core.encode { [op.argument.name] = keys[#keys] }
  end
  if op.send then fields = op.send(fields, service) end
  return core.encode(fields)
end

-- Records remember for whom they were read.
local function service_for(service, given)
  return setmetatable({ session = service.session, keys = service.keys, user = given.user },
    getmetatable(service))
end

-- What gives access is a Secret in a record.
local function hide(raw, names)
  for _, name in ipairs(names) do raw[name] = options.hide(raw[name]) end
end

-- Servers of 2023 answer 403 to what is not there.
local MAY_BE_GONE = "an earlier try may have deleted it: look whether it is still there"

-- One request, and what comes of it --------------------------------------------

local function request_of(op, service, keys, fields, given, deadline)
  local call = { parts = op.parts(keys), deadline = deadline }
  if op.is_plain then return call end
  call.user, call.operation = service.user or service.session.backend.user, op
  call.anonymous = op.anonymous
  local secrets = op.is_secret and { keys[#keys] } or {}
  if fields then fields = revealed(fields, op.secrets or NOTHING, secrets) end
  call.secrets = secrets[1] and secrets
  if op.has_query then call.query = query_of(op, keys, given) end
  if op.verb ~= "GET" then
    call.method, call.repeat_on, call.outside = op.verb, op.repeat_on, op.outside
    if op.has_body then call.body = body_of(op, service, keys, fields) end
  end
  return call
end

---@param op table
---@param service salon.Service
---@param keys string[]  for the path, then the argument
---@param fields? table  checked
---@param given table  checked options
---@param deadline? number
---@return any result
---@return salon.Error? err
function operation.perform(op, service, keys, fields, given, deadline)
  local session = service.session
  if given.user then service = service_for(service, given) end
  deadline = deadline or session:deadline(given.timeout)
  local response, err = session:call(request_of(op, service, keys, fields, given, deadline))
  if response == nil then
    if op.gone and err.attempts > 1 then
      if err.status == 404 then return true end
      if err.status == 403 then err.outcome, err.hint = "unknown", MAY_BE_GONE end
    end
    return nil, err
  end
  local class = op.class
  if class == nil and op.value == nil then return true end
  local body = response.body
  local raw, record
  if body == "" and op.empty then
    record, err = operation.perform(op.ops[op.empty], service, keys, nil, given, deadline)
    if record == nil then return nil, err end
  else
    raw, err = session:object(op, response, op.checked_key, keys[#keys])
    if raw == nil then return nil, err end
    if class == nil then
      local value = raw[op.value]
      if type(value) == (op.returns == "integer" and "number" or op.returns) then return value end
      return nil, session:shape_error(response, ("the response's '%s' must be a %s, got %s"):format(
        op.value, op.returns, type(value)))
    end
    if type(class) == "function" then class = class(raw) end
    if class.secrets then hide(raw, class.secrets) end
    record = core.record(class, raw, service, session.about(response))
  end
  if fields and op.tests then return taken.check(record, fields, op.tests, body) end
  return record
end

-- Lists ------------------------------------------------------------------------

local function records_of(op, service, given)
  local secrets = type(op.class) == "table" and op.class.secrets
  if type(op.class) ~= "function" and not (op.keep or op.is_past or secrets) then
    return function(items, about) return core.records(op.class, items, service, about) end
  end
  return function(items, about)
    local page = {}
    for _, raw in ipairs(items) do
      if op.is_past and op.is_past(raw, given) then return page, true end
      if not op.keep or op.keep(raw, given) then
        local class = type(op.class) == "function" and op.class(raw) or op.class
        if secrets then hide(raw, secrets) end
        page[#page + 1] = core.record(class, raw, service, about)
      end
    end
    return page
  end
end

local function ids_by(key_of)
  return key_of and function(source, response, items)
    local ids = core.ids(items, "")  -- are they objects, none of them null?
    if ids == nil or items[1] == nil and next(items) ~= nil then
      return nil, source.session:shape_error(response, "a list entry is not an object")
    end
    for i, raw in ipairs(items) do
      local id = key_of(raw)
      local fault = id ~= nil and options.id_fault(id)
      if fault then return nil, source.session:shape_error(response, "an id in the list " .. fault) end
      ids[i] = id or false
    end
    return ids
  end
end

---@return table source  see source.lua
function operation.source(op, service, keys, given)
  if given.user then service = service_for(service, given) end
  return Source.new {
    session = service.session, given = given, parts = op.parts(keys),
    query = query_of(op, keys, given), user = service.user or service.session.backend.user,
    key = op.key, fault = op.fault, ids = ids_by(op.key_of), decode = op.decode or op.api.decode,
    operation = op, records = records_of(op, service, given),
    instead = op.instead and function(err) return op.instead(op, service, keys, given, err) end,
  }
end

function operation.list(op, service, keys, _, given, deadline)
  return pages.list(operation.source(op, service, keys, given), given, deadline)
end

function operation.each(op, service, keys, _, given)
  if op.walk then return pages.walk(op.walk(op, service, keys, given)) end
  return pages.walk(operation.source(op, service, keys, given), given)
end

-- What users call -----------------------------------------------------------------

local function with(keys, key)
  if keys[1] == nil then return { key } end
  local all = {}
  for i = 1, #keys do all[i] = keys[i] end
  all[#all + 1] = key
  return all
end

local TEXT = { "string", required = true }

---A method. Mistakes raise at the line that calls it.
---@param op table
---@param fname string  "rooms:update"
---@param bind fun(self: any, fname: string): salon.Service, string[]?, salon.Error?
---  raises at the caller of its caller where `self` is wrong; without keys there is an error
---@param argument? string  name of the first argument
---@param act function  perform, list, each, or op.run
---@return function
function operation.method(op, fname, bind, argument, act)
  local body, check_call, check = op.body, op.api.check, op.check
  local in_path = op.argument == nil
  local argument_fault = op.argument_fault or in_path and op.api.id_fault
  local spec = act == operation.each and op.each_options or op.options
  return function(self, a, b, c)
    local service, keys, err = bind(self, fname)
    if keys == nil then return nil, err end
    if argument then
      if in_path then
        options.id(fname, argument, a)
      else
        options.check(fname, { [argument] = a }, { [argument] = TEXT }, 3, "argument")
      end
      local fault = argument_fault and argument_fault(a)
      if fault then error(("%s: argument '%s' %s"):format(fname, argument, fault), 2) end
      keys = with(keys, a)
      a, b = b, c
    end
    if op.extra then
      options.check(fname, { [op.extra] = a }, { [op.extra] = TEXT }, 3, "argument")
      keys = with(keys, a)
      a, b = b, c
    end
    local fields
    if body then
      if a == nil then a = {} end
      fields = options.check(fname, a, body, 3, "field", spec)
      a = b
    end
    local given = options.check(fname, a, spec)
    local message = check_call and check_call(service, given) or check and check(fields, given, keys, service)
    if message then error(fname .. ": " .. message, 2) end
    return act(op, service, keys, fields, given)
  end
end

return operation
