-- Turns "send this" into "send this with a token that works": finds the API,
-- takes or renews a token, sends, and after a refusal that a fresh token can
-- cure sends once more. Which refusals those are, and how to get tokens, is the
-- backend's business; tries, pauses and time limits of one exchange are the
-- engine's.
--
-- A call goes in two halves: `start` submits without waiting (and leaves it
-- undone where waiting would be needed), `finish` waits, cures and reads. The
-- page ahead of a list lives between the two.
--
-- The backend is a table of:
--   base                      the API's URL, or nil as long as it is unknown
--   locate(self, deadline)    -> base | nil, err
--   root                      for calls outside the API (call.outside): the server's, once located
--   login(self, call)         -> salon.Login
--   cure(self, pending, err, shape)  -> "renew", "register", "both" or nil
--   register(self, pending)   -> true | nil, err
--   explain(self, err, shape, pending)  adds hints to an error, in place
--   secrets(self, list)       adds the texts that must never be shown

local Error = require "salon.internal.error"
local context = require "salon.internal.context"
local core = require "salon.core"
local hosts = require "salon.internal.host"
local json = require "salon.internal.json"
local options = require "salon.internal.options"

---@class salon.Call
---@field method? string  "GET"
---@field parts? (string|integer)[]  path below the API's base
---@field query? any[]  flat list of names and values
---@field url? string  complete; instead of parts
---@field outside? boolean  the path begins at the server's root, not at the API's base
---@field body? string
---@field form? boolean  the body is a form, not JSON
---@field anonymous? boolean  without a token
---@field user? string  Meet: on whose behalf
---@field deadline number  on core.now()'s clock
---@field retry? "idempotent"|"unsent"|"never"  instead of what the method allows
---@field repeat_on? { status: integer, prefix?: string, max: integer }  a response that asks for
---  another try: its status, the beginning of its body, how often
---@field files? { body?: string, sink?: string }  paths of what streams from and to the disk

---@class salon.Session
---@field client salon.Client
---@field backend table
---@field timeout number  seconds, of a call that names none
---@field forced_host? string
local Session = {}
Session.__index = Session

---@param fields { client: salon.Client, backend: table, options: table }
---@return salon.Session
function Session.new(fields)
  local accept = { "Accept: application/json", "Accept-Language: en" }  -- hints match its texts
  return setmetatable({
    client = fields.client,
    is_closed = fields.client.closed,  -- looked up once
    backend = fields.backend,
    timeout = fields.options.timeout,
    forced_host = fields.options.host,
    headers = core.headers(fields.client, accept),
    json_headers = core.headers(fields.client, {
      accept[1], accept[2], "Content-Type: application/json" }),
    form_headers = core.headers(fields.client, {
      accept[1], accept[2], "Content-Type: application/x-www-form-urlencoded" }),
  }, Session)
end

---@return boolean
function Session:closed()
  return self.is_closed(self.client)
end

---The moment at which a call that begins now has to be over, at the latest that
---of the scopes around it.
---@param timeout number?
---@return number
function Session:deadline(timeout)
  return context.deadline(core.now() + (timeout or self.timeout))
end

---@return table? host
---@return salon.Error? err
function Session:host()
  return hosts.pick(self.forced_host)
end

-- All texts that must not be seen in an error of a call that sent `token`.
function Session:secrets(token)
  local list = {}
  self.backend:secrets(list)
  if token then
    list[#list + 1] = token:reveal()
    list[#list + 1] = token:reveal_refresh()
    list[#list + 1] = token:reveal_id()
  end
  return list
end

-- What the call's path is below, or true for a call that brings its whole URL;
-- waits for discovery only if it may.
local function locate(self, call, wait)
  if call.url then return true end
  local base = self.backend.base
  if base == nil then
    if not wait then return nil end
    local err
    base, err = self.backend:locate(call.deadline)
    if base == nil then return nil, err end
  end
  return call.outside and self.backend.root or base
end

-- The token to send; waits for a login only if it may.
local function authorise(self, pending, wait)
  local call = pending.call
  if call.anonymous then return true end
  local login = pending.login
  if login == nil then
    login = self.backend:login(call)
    pending.login = login
  end
  local token = login:ready()
  if token == nil then
    if not wait then return nil end
    local err
    token, err = login:get(call.deadline)
    if token == nil then return nil, err end
  end
  pending.token = token
  return true
end

-- Another light thread closed the client while this call was under way.
local function closed_meanwhile()
  return Error.new { kind = "cancelled", message = "the client was closed during the call" }
end

local function headers_for(self, call)
  if call.body == nil then return self.headers end
  return call.form and self.form_headers or self.json_headers
end

-- Submits the request. Without `wait` nothing happens if something would have
-- to be waited for; then there is neither a request nor an error.
local function submit(self, pending, wait)
  local call = pending.call
  local refusal = context.refusal()
  if refusal then return nil, refusal end
  local base, err = locate(self, call, wait)
  if base == nil then return nil, err end
  local ready
  ready, err = authorise(self, pending, wait)
  if not ready then return nil, err end
  if self:closed() then return nil, closed_meanwhile() end
  if base == true then base = nil end
  pending.request = core.request(self.client, call, base, headers_for(self, call), pending.token)
  context.enter(pending.request)
  return true
end

-- With room for what every call will need, so that the table does not grow.
local function new_pending(call)
  return { call = call, login = nil, token = nil, request = nil }
end

---Submits a call as far as that goes without waiting.
---@param call salon.Call
---@return table pending  for `finish`; `pending.request` is nil if nothing was sent
function Session:start(call)
  local pending = new_pending(call)
  submit(self, pending, false)
  return pending
end

-- A fresh token and, where the server wants it, a new registration.
local function apply(self, pending, cure)
  if cure == "renew" or cure == "both" then
    local token, err = pending.login:get(pending.call.deadline, pending.token)
    if token == nil then return nil, err end
    pending.token = token
    pending.renewed = true
  end
  if cure == "register" or cure == "both" then
    local ok, err = self.backend:register(pending)
    if not ok then return nil, err end
    pending.registered = true
  end
  return true
end

-- What ended a call may have been the scope around it.
local function blame_scope(err)
  local refusal = context.refusal()
  if refusal and refusal.kind == err.kind then
    if err.kind == "cancelled" then err.message = refusal.message end
    err.hint = refusal.hint
  end
  return err
end

-- One exchange. Returns a response; or nil, err; or nil, nil when a cure was
-- applied and the request wants to be sent again.
local function exchange(self, pending, host)
  if pending.request == nil then
    local ok, err = submit(self, pending, true)
    if not ok then return nil, err end
  end
  local request = pending.request
  local waited, trouble = host.wait(request, pending.call.deadline)
  if not waited then return nil, trouble end
  local status, body, attempts, request_id, date, retryable, retry_after = request:result()
  if status == nil then
    local info = body
    info.attempts = info.attempts + (pending.attempts or 0)
    return nil, blame_scope(Error.transport(request, info, self:secrets(pending.token)))
  end
  attempts = attempts + (pending.attempts or 0)
  local response = {
    status = status, body = body, attempts = attempts, request_id = request_id, date = date,
    request = request, token = pending.token,
  }
  if status >= 200 and status < 300 then return response end
  response.retryable, response.retry_after = retryable, retry_after
  local err, shape = Error.response(response, self:secrets(pending.token))
  local cure = not pending.call.anonymous
    and self.backend:cure(pending, err, shape, request:header("WWW-Authenticate"))
  if not cure then
    self.backend:explain(err, shape, pending)
    return nil, err
  end
  pending.request, pending.attempts = nil, attempts
  local cured, why = apply(self, pending, cure)
  if not cured then return nil, why end
  return nil, nil
end

-- Does `work`, and what the host wants done when a call is over, come what may.
local function through(host, work, ...)
  if host.after == nil then return work(...) end
  local ok, value, err = pcall(work, ...)
  host.after()
  if not ok then error(value, 0) end
  return value, err
end

local function complete(self, pending, host)
  local response, err
  repeat  -- each cure is applied once, so this ends
    response, err = exchange(self, pending, host)
  until response or err
  return response, err
end

---Waits for a started call and reads its response.
---@param pending table
---@return table? response  status, body, attempts, request_id, date, request, token
---@return salon.Error? err
function Session:finish(pending)
  local host, err = self:host()
  if host == nil then
    if pending.request then pending.request:cancel() end
    return nil, err
  end
  return through(host, complete, self, pending, host)
end

---The login's token, as client:token() gives it out.
---@param login salon.Login
---@param timeout? number
---@return salon.Token? token
---@return salon.Error? err
function Session:token(login, timeout)
  local host, err = self:host()
  if host == nil then return nil, err end
  return through(host, login.get, login, self:deadline(timeout))
end

---Starts and finishes a call.
---@param call salon.Call
---@return table? response
---@return salon.Error? err
function Session:call(call)
  return self:finish(new_pending(call))
end

---What a Room, a page or a token tells about the exchange it came from: the
---response itself, once it has been read. Its request is closed: the memory is
---wanted for the next one long before the collector comes by.
---@param response table
---@return salon.Response
function Session.about(response)
  response.request:close()
  response.body, response.request, response.token = nil, nil, nil
  return response
end

---The decoded body of a response.
---@param response table
---@param shape "object"|"array"  what the API promises
---@return table? data
---@return salon.Error? err  kind: decode; limit for one nested too deeply
function Session:decode(response, shape)
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
    message = ("the response is %s, not a JSON %s"):format(
      ({ html = "HTML", text = "no JSON", object = "a JSON object", array = "a JSON list" })[found],
      shape == "array" and "list" or shape)
  end
  local secrets = self:secrets(response.token)
  local err = Error.decode(response, Error.strike(message, secrets), secrets)
  if too_deep then err.kind = "limit" end
  return nil, err
end

---The response is JSON, but not what the API promises.
---@param response table
---@param message string
---@return salon.Error  kind: decode
function Session:shape_error(response, message)
  return Error.decode(response, message, self:secrets(response.token))
end

---Sends a call and decodes the object that comes back.
---@param call salon.Call
---@param key? string  the field that later calls put into their paths
---@param asked? string  what was asked for, in case it is the same: that has been checked
---@return table? data
---@return table|salon.Error response_or_err
function Session:fetch(call, key, asked)
  local response, err = self:call(call)
  if response == nil then return nil, err end
  local data
  data, err = self:decode(response, "object")
  if data == nil then return nil, err end
  local value = key and data[key]
  local fault = key and (value == nil or value ~= asked) and options.id_fault(value)
  if fault then return nil, self:shape_error(response, ("the response's '%s' %s"):format(key, fault)) end
  return data, response
end

return Session
