-- Tells a client's `on_event` what happened. No Lua runs on the I/O thread: the attempts of a
-- request are told with their times once it has ended. Nothing that the function does, or
-- fails to do, harms the call.
--
-- An event is a table of
--   name        "attempt", "retry", "login", "renewal", "done", "store" (it failed, which ends no call)
--   method, url of the request, without query, secrets struck
--   attempt     its number: of an attempt, or of the one that a retry leads to
--   status      of the response, if there was one
--   duration    seconds: of an attempt, a login, a whole call; of a retry the pause before it
--   attempts, bytes, request_id, error  of a call that is done: how often it was sent, the length
--               of the body, what the server calls it, the error if it failed
--   sent_request_id  what salon calls the request: the header X-Request-Id that it sends, for the
--               logs of what stands before a server; the same in all attempts
--   inner       true: the call belongs to a login or to discovery, and another one is told of as well
--   client, user  of a login: the address in the client's options, and whom it logs in, if that is known

local context = require "salon.internal.context"
local core = require "salon.core"
local lower = require "salon.internal.lower"
local random = require "salon.internal.random"

local watch = {}

local telling = setmetatable({}, { __mode = "k" })  -- coroutine -> its home, while it tells

---Of what the function does itself nothing is told: that would never end.
---@param http salon.Http
---@param event table
function watch.tell(http, event)
  local me, home = context.me(), context.home() or true
  if telling[me] == home then return end
  telling[me] = home
  pcall(http.on_event, event)
  telling[me] = nil
end

---Do requests get a header X-Request-Id? Not where the client's options have one.
---@param given { on_event?: function, headers?: table<string, string> }
---@return boolean
function watch.may_name(given)
  for name in pairs(given.headers or {}) do
    if lower(name) == "x-request-id" then return false end
  end
  return given.on_event ~= nil
end

---Gives the next request of a call a name.
---@param call salon.Call
---@param others string[]|salon.Secret  its other headers; in a Secret each is a line
---@return string[] lines
function watch.name(call, others)
  local ok, id = pcall(random, 16)  -- not where the system has no descriptor left
  call.sent_request_id = ok and id or nil
  local lines = { ok and "X-Request-Id: " .. id or nil }
  if type(others) == "table" then
    for _, line in ipairs(others) do lines[#lines + 1] = line end
    return lines
  end
  for line in others:reveal():gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

---The attempts of a request that has ended.
---@param http salon.Http
---@param call salon.Call
---@param request salon.Request
---@param strike fun(text: string): string
function watch.attempts(http, call, request, strike)
  local method, url, last = request:method(), strike(request:url()), nil
  for i, try in ipairs(request:tries()) do
    if last then
      watch.tell(http, { name = "retry", method = method, url = url, attempt = i,
        duration = try.began - last.ended })
    end
    watch.tell(http, { name = "attempt", method = method, url = url, attempt = i, status = try.status,
      sent_request_id = call.sent_request_id, duration = try.ended - try.began })
    last = try
  end
end

---A whole call, with its logins and retries.
---@param http salon.Http
---@param call salon.Call
---@param work fun(...): any, any
---@return any response
---@return any err
function watch.call(http, call, work, ...)
  local began = core.now()
  local response, err = work(...)
  local about = response or err
  if type(about) == "table" then
    local strike = http.secrets:striker(about.token, call.secrets)
    local url = err and err.url or response and response.request:url()
    local bytes = response and (call.download and call.download:progress() or #response.body)
    watch.tell(http, { name = "done", method = call.method or "GET", url = url and strike(url),
      status = about.status, attempts = about.attempts, request_id = about.request_id,
      sent_request_id = call.sent_request_id, bytes = bytes or nil, error = err,
      inner = call.inner, duration = core.now() - began })
  end
  return response, err
end

---A login or its renewal.
---@param http salon.Http
---@param name "login"|"renewal"
---@param grant table
function watch.login(http, name, grant, ...)
  local began = core.now()
  local token, err = grant:renew(...)
  watch.tell(http, { name = name, client = grant.client, user = grant.user,
    error = token == nil and err or nil, duration = core.now() - began })
  return token, err
end

return watch
