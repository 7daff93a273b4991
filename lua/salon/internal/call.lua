-- Any path of either API: `client:call` sends one request with the client's own
-- login, retries, time limit and errors; `client:pages` walks a list that way.
-- What comes back is decoded, and no more: there are no records here.
--
-- A path is written as plain text and encoded here, segment by segment, so that
-- an id out of a form cannot lead anywhere else.

local client = require "salon.internal.client"
local core = require "salon.core"
local json = require "salon.internal.json"
local options = require "salon.internal.options"
local pages = require "salon.internal.pages"
local Secrets = require "salon.internal.secrets"
local Source = require "salon.internal.source"

local call = {}

local METHODS = {
  GET = true, HEAD = true, POST = true, PUT = true, PATCH = true, DELETE = true, OPTIONS = true,
}

local CALL = {
  query = { "table" },
  json = { "table" },
  raw = { "boolean" },
  timeout = options.TIMEOUT,
}

local PAGES = {
  query = { "table" },
  items = { "string" },
  timeout = options.TIMEOUT,
  prefetch = options.PREFETCH,
}

-- Where a call can act for another user (Meet), both know `user`.
local AS_USER = { user = options.NAME }
local CALL_AS_USER, PAGES_AS_USER = options.merge(CALL, AS_USER), options.merge(PAGES, AS_USER)

-- Raises at the caller of the public function that called the function that failed.
local function fail(...) error(string.format(...), 4) end

local function split(fname, path)
  if type(path) ~= "string" then
    fail("%s: argument 'path' must be a string, got %s", fname, type(path))
  elseif not path:find("^/") then
    fail("%s: argument 'path' must begin with a slash", fname)
  elseif path:find("[?#]") then
    fail("%s: argument 'path' must not hold '?' or '#'; option 'query' is for that", fname)
  end
  local parts = {}
  for part in path:gmatch("/([^/]*)") do parts[#parts + 1] = part end
  local _, message = core.url("http://localhost", parts)
  if message then fail("%s: argument 'path': %s", fname, message) end
  return parts
end

-- On whose behalf, where a call can name somebody.
local function user_of(session, given, fname)
  local backend = session.backend
  local message = backend.user_fault and backend.user_fault(session, given.user)
  if message then fail("%s: %s", fname, message) end
  return given.user or backend.user
end

local PLAIN = { string = true, number = true, boolean = true }

-- A flat list in the order of the names, so that a call is always the same bytes.
local function flatten(fname, query)
  local names, flat = {}, {}
  for name, value in pairs(query or {}) do
    if type(name) ~= "string" then
      fail("%s: option 'query' has names, not a list; got %s", fname, tostring(name))
    elseif not PLAIN[type(value)] then
      fail("%s: query '%s' must be a string, number or boolean, got %s", fname, name, type(value))
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = query[name]
    if type(value) == "number" then
      if value ~= value or value == math.huge or value == -math.huge then
        fail("%s: query '%s' must be finite", fname, name)
      end
      value = core.encode(value)  -- with a decimal point in every locale
    end
    flat[#flat + 1] = name
    flat[#flat + 1] = value
  end
  return flat
end

local function encode(fname, value)
  if value == nil then return nil end
  local ok, text = pcall(core.encode, value)
  if not ok then fail("%s: option 'json': %s", fname, text) end
  return text
end

local function new_call(session, parts, query, user, given)
  local below, outside, secret = session.backend:place(parts)
  return { parts = below, outside = outside, query = query, user = user,
    secrets = Secrets.within(given.query, { secret }) }
end

---Any request. What comes back: the decoded object or list; `true` for a response
---without a body; the text where it is neither.
---
---Repeated by itself only as far as the method is safe to repeat.
---
---OpenTalk: paths as on the controller, "/v1/users/me"; Meet: below the External
---API, "/rooms/", or in full.
---@param self salon.Client
---@param method string  "GET"
---@param path string
---@param opts? salon.AnyCall
---@return any? data
---@return salon.Response|salon.Error response_or_err
function call.call(self, method, path, opts)
  local session = client.session(self, "client:call")
  if type(method) ~= "string" or not METHODS[method] then
    error("client:call: argument 'method' must be a method of HTTP in capitals, got "
      .. tostring(method), 2)
  end
  local given = options.check("client:call", opts, session.backend.user_fault and CALL_AS_USER or CALL)
  local user = user_of(session, given, "client:call")
  local parts, query = split("client:call", path), flatten("client:call", given.query)
  local request = new_call(session, parts, query, user, given)
  request.method = method
  request.body = encode("client:call", given.json)
  Secrets.within(given.json, request.secrets)
  request.deadline = session:deadline(given.timeout)
  local response, err = session:call(request)
  if response == nil then return nil, err end
  local body = response.body
  local shape = not given.raw and json.shape(body)
  if not shape or shape == "text" then return body, session.about(response) end
  if shape == "empty" then return true, session.about(response) end
  local data
  data, err = session:decode(response, shape == "html" and "object" or shape)
  if data == nil then return nil, err end
  return data, session.about(response)
end

-- The list in a decoded object: the member that was named, Meet's `results`, or the
-- only list there is.
local function member(data, name)
  name = name or "results"
  if type(data[name]) == "table" then return data[name] end
  local found
  for _, value in pairs(data) do
    if type(value) == "table" then
      if found then return nil end
      found = value
    end
  end
  return found
end

local function decode(self, response)
  local shape = json.shape(response.body) == "array" and "array" or "object"
  local data, err = self.session:decode(response, shape)
  if data == nil then return nil, err end
  if shape == "array" then return data end
  local list = member(data, self.member)
  if list == nil then return nil, self.session:shape_error(response, "the response holds no list") end
  return list, data
end

local function ids_of(_, _, list)
  local ids = {}
  for i, raw in ipairs(list) do
    ids[i] = type(raw) == "table" and (raw.id or raw.invite_code) or false
  end
  return ids
end

-- The entries up to a null.
local function entries(items)
  local page = {}
  for i, raw in ipairs(items) do page[i] = raw end
  return page
end

-- Where a walk that broke goes on stands in the query: there are no other options for it.
local function resume(self, position)
  if position == nil then return options.merge(self.given) end
  local query = options.merge(self.given.query or {}, { [Source.param_of(position)] = position })
  return options.merge(self.given, { query = query })
end

---Walks any list of either API, page by page; what comes are the decoded entries.
---Raises the error that `call` would return. Only what `query` holds is asked for,
---so set `per_page` there where the API knows it.
---@param self salon.Client
---@param path string
---@param opts? salon.AnyPages
---@return salon.Walk
function call.pages(self, path, opts)
  local session = client.session(self, "client:pages")
  local given = options.check("client:pages", opts, session.backend.user_fault and PAGES_AS_USER or PAGES)
  local user = user_of(session, given, "client:pages")
  local parts, query = split("client:pages", path), flatten("client:pages", given.query)
  local first = new_call(session, parts, query, user, given)
  return pages.walk(Source.new {
    session = session, given = given, records = entries, decode = decode, ids = ids_of, resume = resume,
    parts = first.parts, query = query, user = user, outside = first.outside,
    secrets = first.secrets, member = given.items,
  }, { prefetch = given.prefetch })
end

return call
