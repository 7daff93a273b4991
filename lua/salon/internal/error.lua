-- What goes wrong in the world is one kind of object, whoever noticed it: the
-- network, the server, salon's own ceilings. Callers branch on `kind`, `status`
-- and `code`, never on text. Nothing secret may enter: every text that came from
-- a server passes `strike` first.
--
-- Raising: Lua >= 5.2 prints an uncaught object through __tostring, the 5.1 ABI
-- and nginx print nonsense ("error object is not a string", "unknown reason").
-- There the text is raised instead, and `caught` finds the object again.

local core = require "salon.core"
local json = require "salon.internal.json"

---@class salon.Error
---@field kind salon.ErrorKind
---@field message string
---@field status? integer  whenever a response came
---@field code? string  the server's own code, unchanged
---@field fields? salon.FieldError[]
---@field retryable boolean  may the same call be made again safely?
---@field attempts integer  how many times it was sent
---@field outcome "unsent"|"unknown"|"done"
---@field hint? string  what to do about it
---@field method? string
---@field url? string  without query
---@field request_id? string
---@field body? string  first 2 KiB of the response, secrets struck out
---@field retry_after? number  seconds the server asks to wait
local Error = { __name = "salon.Error" }
Error.__index = Error

---@alias salon.ErrorKind
---| "network" | "tls" | "timeout" | "cancelled" | "http" | "auth" | "decode"
---| "limit" | "unsupported" | "phase" | "store"

---@class salon.FieldError
---@field field? string
---@field code? string
---@field message? string

local KINDS = {}
for kind in ("network tls timeout cancelled http auth decode limit unsupported phase store")
  :gmatch("%a+") do
  KINDS[kind] = true
end

local BODY_KEPT = 2048
local SHORTEST_SECRET = 4  -- striking shorter ones would only garble texts

local function one_line(text)
  return (text:gsub("[%c%s]+", " "):gsub("^ ", ""):gsub(" $", ""))
end

-- One readable line: what was asked, what came of it, what to do.
function Error:__tostring()
  local about = { self.kind }
  if self.status then about[#about + 1] = "status " .. self.status end
  if self.code and self.code ~= self.message then about[#about + 1] = self.code end
  if self.attempts > 1 then about[#about + 1] = self.attempts .. " attempts" end
  local text = self.message .. " (" .. table.concat(about, ", ") .. ")"
  if self.method and self.url then
    text = self.method .. " " .. self.url .. ": " .. text
  end
  if self.hint then text = text .. "; " .. self.hint end
  if self.request_id then text = text .. " [request " .. self.request_id .. "]" end
  return one_line(text)
end

-- "a..b" .. error, as people do in log lines.
function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
end

---@param fields table
---@return salon.Error
function Error.new(fields)
  assert(KINDS[fields.kind], "BUG unknown kind of error")
  assert(type(fields.message) == "string", "BUG error without a message")
  if fields.retryable == nil then fields.retryable = false end
  fields.attempts = fields.attempts or 0
  fields.outcome = fields.outcome or "unsent"
  return setmetatable(fields, Error)
end

---@param value any
---@return boolean
function Error.is(value)
  return type(value) == "table" and getmetatable(value) == Error
end

-- Striking secrets out ---------------------------------------------------

local function escape_pattern(text)
  return (text:gsub("%W", "%%%0"))
end

-- The spellings under which a secret may come back: as it is, inside JSON,
-- percent-encoded.
local function spellings(secret)
  local list = { secret }
  local ok, quoted = pcall(core.encode, secret)
  if ok then list[#list + 1] = quoted:sub(2, -2) end
  list[#list + 1] = secret:gsub("[^%w%-._~]", function(c)
    return ("%%%02X"):format(c:byte())
  end)
  list[#list + 1] = core.form({ "", secret }):sub(2)
  return list
end

---Replaces every secret in `text` by asterisks.
---@param text string
---@param secrets string[]
---@return string
function Error.strike(text, secrets)
  for _, secret in ipairs(secrets) do
    if #secret >= SHORTEST_SECRET then
      for _, spelling in ipairs(spellings(secret)) do
        if text:find(spelling, 1, true) then
          text = text:gsub(escape_pattern(spelling), "***")
        end
      end
    end
  end
  return text
end

-- Long enough that no secret is cut in half at the edge of what is kept.
local function kept_body(body, secrets)
  local longest = 0
  for _, secret in ipairs(secrets) do longest = math.max(longest, 3 * #secret) end
  return Error.strike(body:sub(1, BODY_KEPT + longest), secrets):sub(1, BODY_KEPT)
end

-- From a transfer that failed ---------------------------------------------

local LOOK_FIRST = "the server may have carried it out: look before repeating it"

local TRANSPORT_HINTS = {
  network = "check the address, the network and that the server runs",
  tls = "the certificate must be valid for this name and known here; "
    .. "for an authority of your own set 'ca_file'",
  timeout = "set '%s' (seconds) if the server needs longer",
}

local function transport_hint(info)
  if info.kind == "network" or info.kind == "timeout" then
    if info.outcome == "unknown" and not info.retryable then return LOOK_FIRST end
  end
  local hint = TRANSPORT_HINTS[info.kind]
  return hint and hint:format(info.message:match "%(([%l_]+_timeout)%)$" or "timeout")
end

---No usable response came: what `request:result()` says about it.
---@param request salon.Request
---@param info table
---@param secrets string[]
---@return salon.Error
function Error.transport(request, info, secrets)
  return Error.new {
    kind = info.kind,
    message = Error.strike(info.message, secrets),
    status = info.status,
    attempts = info.attempts,
    outcome = info.outcome,
    retryable = info.retryable,
    hint = transport_hint(info),
    method = request:method(),
    url = request:url(),
  }
end

-- From a response that says no -----------------------------------------------

local REASONS = {
  [301] = "moved", [302] = "redirect", [303] = "redirect", [304] = "not modified",
  [307] = "redirect", [308] = "redirect",
  [400] = "bad request", [401] = "not authenticated",
  [403] = "no permission, or no such thing", [404] = "not found",
  [405] = "method not allowed", [406] = "not acceptable", [408] = "request timed out",
  [409] = "conflict", [413] = "too large", [415] = "unsupported media type",
  [422] = "values refused", [429] = "too many requests", [431] = "header too large",
  [500] = "server error", [502] = "bad gateway", [503] = "service unavailable",
  [504] = "gateway timed out",
}

local STATUS_HINTS = {
  [413] = "a proxy or the server limits the size of requests",
  [429] = "wait before asking again",
  [502] = "the proxy in front of the server could not reach it",
  [503] = "the server or the proxy in front of it is overloaded or down; try later",
  [504] = "the proxy in front of the server gave up waiting",
}

local function text_of(value)
  if type(value) == "string" then return value end
  if type(value) == "number" or type(value) == "boolean" then return tostring(value) end
end

-- One entry of a list of field errors: a text, or an object in OpenTalk's words
-- (field, code, message) or in pydantic's (loc, type, msg).
local function entry(item, field)
  if type(item) ~= "table" then return { field = field, message = text_of(item) } end
  local path = { field }
  if type(item.loc) == "table" then
    for _, step in ipairs(item.loc) do path[#path + 1] = text_of(step) end
  end
  path[#path + 1] = text_of(item.field)
  return {
    field = #path > 0 and table.concat(path, ".") or nil,
    code = text_of(item.code) or text_of(item.type),
    message = text_of(item.message) or text_of(item.msg),
  }
end

local function entries(list, field, into)
  if type(list) ~= "table" then
    into[#into + 1] = entry(list, field)
  else
    for _, item in ipairs(list) do into[#into + 1] = entry(item, field) end
  end
end

-- Members that describe the whole response; all others name fields.
local GENERAL = {
  code = true, message = true, detail = true, error = true, error_description = true,
  errors = true, validation_errors = true, non_field_errors = true,
}

local function read_fields(data)
  local fields = {}
  if type(data.validation_errors) == "table" then entries(data.validation_errors, nil, fields) end
  if type(data.errors) == "table" then entries(data.errors, nil, fields) end
  if type(data.non_field_errors) == "table" then entries(data.non_field_errors, nil, fields) end
  local names = {}
  for name, value in pairs(data) do
    if type(name) == "string" and type(value) == "table" and not GENERAL[name] then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do entries(data[name], name, fields) end
  return #fields > 0 and fields or nil
end

local function fields_text(fields)
  local texts = {}
  for i = 1, math.min(#fields, 3) do
    local f = fields[i]
    local text = f.message or f.code or "refused"
    texts[i] = f.field and f.field .. ": " .. text or text
  end
  return table.concat(texts, "; ")
end

-- code, message, fields of a decoded error response, whichever of the shapes of
-- OpenTalk, Keycloak or Meet it has.
local function read_object(data)
  local code = text_of(data.code)
  local message = text_of(data.message) or text_of(data.detail) or text_of(data.error_description)
  local failure = text_of(data.error)
  if failure then  -- Keycloak's code, or Meet's sentence
    if message == nil and failure:find(" ", 1, true) then
      message = failure
    else
      code = code or failure
    end
  end
  local fields = read_fields(data)
  if fields and message == nil then message = fields_text(fields) end
  return code, message or code, fields
end

local function read_list(data)
  local fields = {}
  entries(data, nil, fields)
  if #fields == 0 then return nil, nil, nil end
  return nil, fields_text(fields), fields
end

-- What stands between <NAME> and the next tag. Plain finds only: a pattern with
-- several repetitions takes hours over a page that is made for it.
local function element(head, lowered, name)
  local _, before = lowered:find("<" .. name .. ">", 1, true)
  local after = before and lowered:find("</", before + 1, true)
  local text = after and one_line(head:sub(before + 1, after - 1))
  if text and text ~= "" and #text < 200 then return text end
end

local function html_title(body)
  local head = body:sub(1, BODY_KEPT)
  local lowered = head:lower()
  return element(head, lowered, "title") or element(head, lowered, "h1")
end

---Reads any error body.
---@param body string
---@return string? code
---@return string? message
---@return salon.FieldError[]? fields
---@return string shape  of json.shape
function Error.read(body)
  local shape = json.shape(body)
  if shape == "object" or shape == "array" then
    local data = json.decode(body)
    if data == nil then return nil, nil, nil, "text" end
    if shape == "array" then
      local code, message, fields = read_list(data)
      return code, message, fields, shape
    end
    local code, message, fields = read_object(data)
    return code, message, fields, shape
  elseif shape == "html" then
    return nil, html_title(body), nil, shape
  elseif shape == "text" then
    return nil, one_line(body):sub(1, 300), nil, shape
  end
  return nil, nil, nil, shape
end

local function struck(text, secrets)
  return text and Error.strike(one_line(text), secrets):sub(1, 1000)
end

local function path_of(url)
  return (url:gsub("^%a[%w+.-]*://[^/]*", ""):gsub("[?#].*", ""))
end

local function redirect_hint(location, url)
  if location and path_of(location) == path_of(url) .. "/" then
    return "the path lacks the slash at its end"
  end
  return "salon follows no redirects" .. (location and " (this one leads to "
    .. location:gsub("[?#].*", ""):gsub("//[^/]*@", "//") .. ")" or "")
    .. ": give the final https:// address in the options"
end

local function status_hint(status, shape, location, url)
  if status >= 300 and status < 400 then return redirect_hint(location, url) end
  if STATUS_HINTS[status] then return STATUS_HINTS[status] end
  if shape == "html" and status == 404 then
    return "a web page answered, not the API: check the address in the options"
  end
end

-- Some refusals have no body and say why in this header (OpenID's userinfo).
local function read_challenge(header)
  if header == nil then return nil end
  return header:match('error="([^"]*)"'), header:match('error_description="([^"]*)"')
end

---The server answered with a status that is no success.
---@param response table  of the session, with the request's `retryable` and `retry_after`
---@param secrets string[]
---@return salon.Error
---@return string shape  of the body
function Error.response(response, secrets)
  local request, status, body = response.request, response.status, response.body
  local code, message, fields, shape = Error.read(body)
  if shape == "empty" then code, message = read_challenge(request:header("WWW-Authenticate")) end
  for _, field in ipairs(fields or {}) do
    field.message = struck(field.message, secrets)
    field.field = struck(field.field, secrets)
  end
  local location = request:header("Location")
  return Error.new {
    kind = status == 401 and "auth" or "http",
    status = status,
    code = struck(code, secrets),
    message = struck(message, secrets) or REASONS[status] or "unexpected response",
    fields = fields,
    attempts = response.attempts,
    outcome = "done",
    retryable = response.retryable,
    hint = status_hint(status, shape, location and Error.strike(location, secrets),
      request:url()),
    method = request:method(),
    url = request:url(),
    request_id = request:header("x-request-id"),
    retry_after = response.retry_after,
    body = body ~= "" and kept_body(body, secrets) or nil,
  }, shape
end

---A success whose body is not what the API promises.
---@param response table  of the session
---@param message string
---@param secrets string[]
---@return salon.Error
function Error.decode(response, message, secrets)
  local html = json.shape(response.body) == "html"
  return Error.new {
    kind = "decode",
    status = response.status,
    message = message,
    attempts = response.attempts,
    outcome = "done",
    hint = html and "a web page came instead of the API's response: "
      .. "the address is wrong, or a proxy does not route the API" or nil,
    method = response.request:method(),
    url = response.request:url(),
    request_id = response.request:header("x-request-id"),
    body = response.body ~= "" and kept_body(response.body, secrets) or nil,
  }
end

-- Raising -----------------------------------------------------------------

local RING = 32
local raised, last = {}, 0  -- texts stand for objects where objects print badly

local function objects_print_badly()
  return _VERSION == "Lua 5.1" or rawget(_G, "ngx") ~= nil
end

---Raises an error object so that it can be read when nobody catches it.
---@param err salon.Error|any
function Error.raise(err)
  if not Error.is(err) or not objects_print_badly() then error(err, 0) end
  last = last % RING + 1
  local text = tostring(err)
  raised[last] = { text = text, err = err }
  error(text, 0)
end

---The error object behind what `pcall` caught: the object itself, or the one
---whose text was raised (also with a traceback around it). The last 32 are kept.
---@param e any
---@return salon.Error?
function Error.caught(e)
  if Error.is(e) then return e end
  if type(e) ~= "string" then return nil end
  for i = 0, RING - 1 do
    local entry_ = raised[(last - i - 1) % RING + 1]
    if entry_ and e:find(entry_.text, 1, true) then return entry_.err end
  end
end

---`salon.check(value, err)`: hands its arguments through, or raises `err`.
---@generic T
---@param value T?
---@param err any
---@return T
function Error.check(value, err, ...)
  if value == nil or value == false then
    if Error.is(err) then Error.raise(err) end
    error(err ~= nil and tostring(err) or "salon.check: neither a value nor an error", 2)
  end
  return value, err, ...
end

return Error
