-- One request and its response, without a login: what discovery and logins use,
-- and what a session stands on. Retries, pauses and time limits are the engine's.
--
-- A call goes in two halves: `submit` does not wait, `receive` does.

local Error = require "salon.internal.error"
local clock = require "salon.internal.clock"
local context = require "salon.internal.context"
local core = require "salon.core"
local failures = require "salon.internal.failures"
local hosts = require "salon.internal.host"
local json = require "salon.internal.json"
local options = require "salon.internal.options"
local watch = require "salon.internal.watch"

---@class salon.Call
---@field method? string  "GET"
---@field parts? (string|integer)[]  path below the API's base
---@field secrets? string[]  what gives access in the path and the body, and no error shows
---@field query? any[]  flat list of names and values
---@field url? string  complete; instead of parts
---@field base? string  what `parts` are below, where there is no session that knows it
---@field outside? boolean  the path begins at the server's root, not at the API's base
---@field body? string
---@field anonymous? boolean  without the login's token
---@field form? boolean  the body is a form, not JSON
---@field basic? string  of the header Authorization, with a form: a secret
---@field user? string  Meet: on whose behalf
---@field deadline number  on core.now()'s clock
---@field retry? "idempotent"|"unsent"|"never"  instead of what the method allows
---@field repeat_on? { status: integer, prefix?: string, max: integer }  a response that asks for
---  another try: its status, the beginning of its body, how often
---@field operation? table  what it is a call of: see operation.lua
---@field upload? salon.File  the body, instead of `body`
---@field download? salon.File  where the body of a good response goes
---@field on_progress? fun(done: integer, total: integer?)  of one of these, for the caller
---@field silence_timeout? number  seconds without a byte, instead of the client's
---@field hands_over? boolean  not repeated once a part of the download has come
---@field inner? boolean  it belongs to a login or to discovery
---@field bare? boolean  nothing goes along that is meant for the client's servers
---@field sent_request_id? string  of its last request, where the client is watched

---@class salon.Http
---@field client salon.Client
---@field secrets salon.Secrets
---@field timeout number  seconds, of a call that names none
---@field forced_host? string
---@field on_event? fun(event: salon.LogEvent)  see watch.lua
---@field seen { date?: string, offset?: number }  header Date of the last response; seconds
---  since 1970 by the server's clock, less core.now()
local Http = {}
Http.__index = Http

local ACCEPT, LANGUAGE = "Accept: application/json", "Accept-Language: en"  -- hints match its texts
local JSON = "Content-Type: application/json"
local FORM = "Content-Type: application/x-www-form-urlencoded"
local OCTETS = "Content-Type: application/octet-stream"
-- Bytes for the disk come as they are, so that the rest can be asked for after a break.
local ANY, AS_IT_IS = "Accept: */*", "Accept-Encoding: identity"

local SHORT = 8  -- bytes; a header's value that is shorter is no secret

-- The lines that every request has, besides those of the client's options: put together once,
-- unless each request of a watched client has one of its own. A dump of a table shows neither.
local function header_lines(fields, accept, ...)
  local lines = { accept, LANGUAGE, ... }
  for name, value in pairs(fields.options.headers or {}) do
    lines[#lines + 1] = name .. ": " .. value
    local word = value:match "%S+$"  -- "Bearer abc" may be told as "abc"
    for i, text in ipairs { value, word ~= value and word or nil } do
      if #text >= SHORT then fields.secrets:note(("header %s %d"):format(name, i), text) end
    end
  end
  if watch.may_name(fields.options) then return core.secret(table.concat(lines, "\n")) end
  return core.headers(fields.client, lines)
end

-- What a proxy is told in base64, and may repeat as it likes.
local function note_proxies(secrets, proxy)
  local proxies = { proxy }
  if proxy == nil then
    for name in ("http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY"):gmatch "%S+" do
      proxies[#proxies + 1] = os.getenv(name)
    end
  end
  for i, url in ipairs(proxies) do
    local login = url:gsub("^[^@/]*://", ""):match "^(.*:.*)@"
    if login then
      login = login:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
      secrets:note("login of proxy " .. i, login)
      secrets:note("password of proxy " .. i, login:match ":(.*)$")
    end
  end
end

---@param fields { client: salon.Client, secrets: salon.Secrets, options: table }
---@return salon.Http
function Http.new(fields)
  local given = fields.options
  note_proxies(fields.secrets, given.proxy)
  fields.secrets:note("client_key_password", given.client_key_password)
  local self = setmetatable({
    client = fields.client,
    is_closed = fields.client.closed,  -- looked up once
    secrets = fields.secrets,
    timeout = fields.options.timeout,
    forced_host = fields.options.host,
    seen = { date = nil, offset = nil },
    on_event = fields.options.on_event,
    names_requests = watch.may_name(fields.options),
    headers = header_lines(fields, ACCEPT),
    json_headers = header_lines(fields, ACCEPT, JSON),
    form_headers = header_lines(fields, ACCEPT, FORM),
    download_headers = header_lines(fields, ANY, AS_IT_IS),
    upload_headers = header_lines(fields, ACCEPT, OCTETS),
    silence_timeout = fields.options.silence_timeout,
    repeats = fields.options.max_tries ~= 1,
  }, Http)
  given.proxy, given.client_key_password, given.headers = nil, nil, nil  -- for no dump of a table to show
  return self
end

---@return boolean
function Http:closed()
  return self.is_closed(self.client)
end

---The moment by which a call that begins now has to end, at the latest that of the
---scopes around it.
---@param timeout number?
---@return number
function Http:deadline(timeout)
  return context.deadline(core.now() + (timeout or self.timeout))
end

---Seconds since 1970 by the clock of the server, which decides what has expired; by
---this machine's as long as the server's is unknown.
---@param ahead? number  seconds that the server's clock was ahead when last compared
---@return number
function Http:time(ahead)
  local seen = self.seen
  return seen.offset and math.floor(core.now() + seen.offset) or os.time() + (ahead or 0)
end

---Notes the server's clock. A server dates a response between the moments at which the
---request is sent and the response is read, which may be long after. What is known of its
---clock stays as far as it fits between.
---@param text? string  header Date
---@param sent number  when the request was sent
function Http:note_date(text, sent)
  local seen = self.seen
  if text == seen.date then return end
  seen.date = text
  local date = clock.parse_date(text)
  if date == nil then return end
  local least, most = date - core.now(), date + 1 - sent
  seen.offset = math.max(least, math.min(most, seen.offset or least))
end

---@return table? host
---@return salon.Error? err
function Http:host()
  return hosts.pick(self.forced_host)
end

-- Sending and receiving --------------------------------------------------------

local function headers_for(self, call)
  if call.bare then return { ANY, AS_IT_IS } end
  if call.download then return self.download_headers end
  if call.upload then return self.upload_headers end
  if call.body == nil then return self.headers end
  if call.basic then return { ACCEPT, LANGUAGE, FORM, "Authorization: Basic " .. call.basic } end
  return call.form and self.form_headers or self.json_headers
end

---Hands a request to the engine.
---@param call salon.Call
---@param base? string  nil for a call with a URL
---@param token? salon.Token
---@return salon.Request? request
---@return salon.Error? err
function Http:submit(call, base, token)
  if self:closed() then  -- by another light thread, during the call
    return nil, Error.new { kind = "cancelled", message = "the client was closed during the call" }
  end
  local headers = headers_for(self, call)
  if self.names_requests and not call.bare then headers = watch.name(call, headers) end
  local request, message = core.request(self.client, call, base, headers, token)
  if request == nil then
    return nil, Error.new { kind = "limit", message = "no request can be made: " .. message,
      retryable = true, hint = "the system has no descriptor or thread left: see ulimit -n and -u" }
  end
  context.enter(request)
  return request
end

local TELLS = 0.15  -- seconds at least between two reports of progress

-- Tells a call's `on_progress` how far its file is. What that function raises ends the request,
-- and is raised once that has let go of the file.
local function teller(call, request)
  local file, told, at, ok, e = call.upload or call.download, nil, 0, true, nil
  local function tell(is_over)
    local done, total = file:progress()
    local now = core.now()
    if ok and done ~= told and (is_over or now - at >= TELLS) then
      told, at = done, now
      ok, e = pcall(call.on_progress, done, total)
      if not ok then request:cancel() end
    end
    if ok or not is_over then return end
    request:close()
    error(e, 0)
  end
  -- What LuaJIT compiles holds the file for good: one whose reader was killed would stay locked.
  local jit = rawget(_G, "jit")
  if jit then jit.off(tell) end
  return tell
end

-- The error of a call that a scope ended says so.
local function name_scope(err)
  local refusal = context.refusal()
  if refusal and refusal.kind == err.kind then
    if err.kind == "cancelled" then err.message = refusal.message end
    err.hint = refusal.hint
  end
  return err
end

---Waits for a request.
---@param request salon.Request
---@param call salon.Call
---@param host table
---@param token? salon.Token  that was sent
---@param before? integer  attempts of earlier requests of the same call
---@return table? response  status, body, attempts, request_id, date, request, token
---@return salon.Error? err
---@return string? shape  of the body, where the server refused
function Http:receive(request, call, host, token, before)
  local tick = call.on_progress and teller(call, request)
  host.wait(request, call.deadline, tick)
  if tick then tick(true) end
  if self.on_event then watch.attempts(self, call, request, self.secrets:striker(token, call.secrets)) end
  local status, body, attempts, request_id, date, retryable, retry_after = request:result()
  if status == nil then
    local info = body
    info.attempts = info.attempts + (before or 0)
    return nil, name_scope(failures.transport(request, info,
      self.secrets:striker(token, call.secrets)))
  end
  attempts = attempts + (before or 0)
  local response = {
    status = status, body = body, attempts = attempts, request_id = request_id, date = date,
    request = request, token = token, secrets = call.secrets,
  }
  -- salon asks nothing on conditions: 304 to a PUT says that it is so already (OpenTalk)
  if status >= 200 and status < 300 or status == 304 and call.method == "PUT" then return response end
  response.retryable, response.retry_after = retryable, retry_after
  return nil, failures.response(response, self.secrets:striker(token, call.secrets))
end

---Runs `work`, and what the host wants done at the end of a call in any case.
---@param host table
---@param work fun(...): any, any
---@return any value
---@return any err
function Http.within(host, work, ...)
  if host.after == nil then return work(...) end
  local ok, value, err = pcall(work, ...)
  host.after()
  if not ok then error(value, 0) end
  return value, err
end

local function exchange(self, call, host)
  local refusal = context.refusal()
  if refusal then return nil, refusal end
  local sent = core.now()
  local request, refused = self:submit(call, call.base)
  if request == nil then return nil, refused end
  local response, err, shape = self:receive(request, call, host)
  if response then self:note_date(response.date, sent) end
  return response, err, shape
end

---Sends a call without a token and waits for the response.
---@param call salon.Call  with `url`, or with `base`
---@return table? response
---@return salon.Error? err
function Http:call(call)
  local host, err = self:host()
  if host == nil then return nil, err end
  if self.on_event then return watch.call(self, call, Http.within, host, exchange, self, call, host) end
  return Http.within(host, exchange, self, call, host)
end

-- Reading ----------------------------------------------------------------------

---What a Room, a page or a token tells about the exchange it came from: the response
---itself, once it has been read. Its request is closed: its memory is needed long
---before the collector runs.
---@param response table
---@return salon.Response
function Http.about(response)
  response.request:close()
  response.body, response.request, response.token, response.secrets = nil, nil, nil, nil
  return response
end

local SAYS = { html = "HTML, not", text = "not", object = "a JSON object, not", array = "a JSON list, not" }

---The decoded body of a response.
---@param response table
---@param shape "object"|"array"  what the API promises
---@return table? data
---@return salon.Error? err  kind: decode; limit for one nested too deeply
function Http:decode(response, shape)
  local found = json.shape(response.body)
  local message, too_deep
  if found == shape then
    local data
    data, message, too_deep = json.decode(response.body)
    if data then return data end
    message = too_deep and ("the response has more than %d levels"):format(json.DEEPEST)
      or "the response is broken JSON: " .. message
  elseif found == "empty" then
    message = "the response is empty"
  else
    message = ("the response is %s a JSON %s"):format(SAYS[found],
      shape == "array" and "list" or shape)
  end
  local err = self:shape_error(response, message)
  if too_deep then err.kind = "limit" end
  return nil, err
end

---The response is JSON, but not what the API promises.
---@param response table
---@param message string
---@return salon.Error  kind: decode
function Http:shape_error(response, message)
  return failures.decode(response, message, self.secrets:striker(response.token, response.secrets))
end

---The object in a response.
---@param call { fault?: function }  fault(object): string?  what is wrong with it
---@param response table
---@param key? string  the field that later calls put into their paths
---@param asked? string  what was asked for, in case it is the same: that has been checked
---@return table? data
---@return salon.Error? err
function Http:object(call, response, key, asked)
  local data, err = self:decode(response, "object")
  if data == nil then return nil, err end
  local value = key and data[key]
  local fault = key and (value == nil or value ~= asked) and options.id_fault(value)
  fault = fault and ("'%s' %s"):format(key, fault) or call.fault and call.fault(data)
  if fault then return nil, self:shape_error(response, "the response's " .. fault) end
  return data
end

---Sends a call and decodes the object that comes back.
---@param call salon.Call
---@return table? data
---@return table|salon.Error response_or_err
function Http:fetch(call)
  local response, err = self:call(call)
  if response == nil then return nil, err end
  local data
  data, err = self:object(call, response)
  return data, data and response or err
end

return Http
