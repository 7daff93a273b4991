-- Turns "send this" into "send this with a token that works": finds the API, takes
-- or renews a token, sends, and after a refusal that a fresh token can cure sends
-- once more. Which refusals those are is the backend's business.
--
-- A call goes in two halves: `start` submits without waiting (and leaves it unsent
-- where waiting would be needed), `finish` waits, cures and reads. The page ahead of
-- a list lives between the two.
--
-- The backend is a table of:
--   base                      the API's URL, or nil as long as it is unknown
--   locate(self, deadline)    -> base | nil, err
--   root                      for calls outside the API (call.outside): the server's, once located
--   login(self, call)         -> salon.Login
--   cure(self, pending, err, shape, challenge)  -> "renew", "register", "both" or nil
--   register(self, pending, deadline)  -> true | nil, err
--   heard(self, body)         notes what came in the end, unless that is an empty success; nil
--                             where nobody wants to know
--   explain(self, err, shape, pending)  adds hints to an error, in place
-- and for what else a client has
--   server                    what is known of the server: see server.lua
--   description               the file in which it tells its version, or nil
--   profile(self, version)    of client:server()
--   place(parts)              what of a path of client:call is below the base: see call.lua
--   user, user_fault(session, user)  on whose behalf calls are made; what is wrong with that

local Http = require "salon.internal.http"
local context = require "salon.internal.context"
local core = require "salon.core"
local options = require "salon.internal.options"
local watch = require "salon.internal.watch"

---@class salon.Session: salon.Http
---@field backend table
local Session = {}
for name, method in pairs(Http) do Session[name] = method end  -- no look-up in two tables
Session.__index = Session

---@param http salon.Http
---@param backend table
---@return salon.Session
function Session.new(http, backend)
  return setmetatable(options.merge(http, { backend = backend }), Session)
end

---The same session for another client and on behalf of another user.
---@param other salon.Client
---@param changes table  to the backend
---@return salon.Session
function Session:like(other, changes)
  return setmetatable(options.merge(self, { client = other, is_closed = other.closed,
    backend = setmetatable(changes, { __index = self.backend }) }), Session)
end

-- When what a call needs before it begins has to be there: the transfer of a file may take
-- longer than that.
local function due(self, call)
  if not (call.upload or call.download) then return call.deadline end
  return math.min(call.deadline, self:deadline())
end

-- What the call's path is below, or true for a call that brings its whole URL; waits
-- for discovery only if it may.
local function locate(self, call, wait)
  if call.url then return true end
  local base = self.backend.base
  if base == nil then
    if not wait then return nil end
    local err
    base, err = self.backend:locate(due(self, call))
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
    token, err = login:get(due(self, call))
    if token == nil then return nil, err end
  end
  pending.token = token
  return true
end

-- Submits the request. Without `wait` nothing happens if it would have to wait for
-- something; then there is neither a request nor an error.
local function submit(self, pending, wait)
  local refusal = context.refusal()
  if refusal then return nil, refusal end
  local base, err = locate(self, pending.call, wait)
  if base == nil then return nil, err end
  local ready
  ready, err = authorise(self, pending, wait)
  if not ready then return nil, err end
  if base == true then base = nil end
  pending.sent = core.now()
  pending.request, err = self:submit(pending.call, base, pending.token)
  return pending.request, err
end

-- With room for what every call will need, so that the table does not grow.
local function new_pending(call)
  return { call = call, login = nil, token = nil, request = nil, sent = nil }
end

---Submits a call as far as that goes without waiting.
---@param call salon.Call
---@return table pending  for `finish`; `pending.request` is nil if nothing was sent
function Session:start(call)
  local pending = new_pending(call)
  submit(self, pending, false)
  return pending
end

-- Gets a fresh token and, where the server wants it, registers the user anew.
local function apply(self, pending, cure)
  if cure == "renew" or cure == "both" then
    local token, err = pending.login:get(due(self, pending.call), pending.token)
    if token == nil then return nil, err end
    -- One that others had stored may have ended as well: that is no renewal yet.
    pending.renewed = pending.adopted or pending.login:obtained(token)
    pending.token, pending.adopted = token, true
  end
  if cure == "register" or cure == "both" then
    local ok, err = self.backend:register(pending, due(self, pending.call))
    if not ok then return nil, err end
    pending.registered = true
  end
  return true
end

-- One exchange. Returns a response; or nil, err; or nil, nil when a cure was applied
-- and the request is to be sent again.
local function exchange(self, pending, host)
  if pending.request == nil then
    local request, err = submit(self, pending, true)
    if not request then return nil, err end
  end
  local request = pending.request
  local response, err, shape = self:receive(request, pending.call, host, pending.token,
    pending.attempts)
  if response then self:note_date(response.date, pending.sent) end
  local backend = self.backend
  if response and response.body ~= "" and backend.heard then backend:heard(response.body) end
  if response or shape == nil then return response, err end
  local cure = not pending.call.anonymous and backend:cure(pending, err, shape, request:header("WWW-Authenticate"))
  if not cure then
    if backend.heard then backend:heard(err.body or "") end
    backend:explain(err, shape, pending)
    return nil, err
  end
  pending.request, pending.attempts = nil, err.attempts
  local cured, why = apply(self, pending, cure)
  if not cured and why == nil then  -- there is no other token: the refusal stands
    pending.given_again = true
    backend:explain(err, shape, pending)
    return nil, err
  end
  return nil, why
end

local function complete(self, pending, host)
  local response, err
  repeat  -- each cure is applied once, or twice where there is a store, so this ends
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
  if self.on_event then
    return watch.call(self, pending.call, Http.within, host, complete, self, pending, host)
  end
  return Http.within(host, complete, self, pending, host)
end

---Starts and finishes a call.
---@param call salon.Call
---@return table? response
---@return salon.Error? err
function Session:call(call)
  return self:finish(new_pending(call))
end

---The login's token, as client:token() gives it out.
---@param login salon.Login
---@param timeout? number
---@return salon.Token? token
---@return salon.Error? err
function Session:token(login, timeout)
  local host, err = self:host()
  if host == nil then return nil, err end
  return Http.within(host, login.get, login, self:deadline(timeout))
end

return Session
