-- How to wait here. A host is a table of:
--
--   wait(request, deadline, tick)  until the request is finished; tick, if there is one, is
--                             called about every TICK seconds meanwhile
--   sleep(seconds)            ends early when a scope does, or on a signal
--   latch() -> { wait(self, deadline), open(self) }  opened once, by another
--   ahead                     may a request be in flight while the caller works?
--   name
-- and where it needs or can do it:
--   after()                   called when a call is over
--   spawn(body, died)         runs a function beside others; died(e) when it raises
--   reap(what spawn gave)     once it has ended
--   detach(body) -> boolean   runs it apart from the request at hand
--   gone(coroutine) -> boolean  will it never run again?
--   step()                    runs what is ready, without waiting
--   drain_time                seconds for cancelled workers to end
--   on_abort(scope)           cancels the scope when nginx's client goes away
--
-- The host is looked up when a call is made, not when a module loads: what is
-- loaded in nginx's init phase outlives that phase.

local Error = require "salon.internal.error"
local plain = require "salon.internal.host.plain"

local host = {}

local nginx  -- the module, once it is loaded

local function unable(message, hint)
  return Error.new { kind = "phase", message = "cannot wait: " .. message, hint = hint }
end

---@param forced? "plain"|"nginx"
---@return table? host
---@return salon.Error? err  kind: phase
function host.pick(forced)
  if forced == "plain" then return plain end
  local api = rawget(_G, "ngx")  -- globals may be strict
  if api == nil or api.get_phase == nil then
    if forced == nil then return plain end
    return nil, unable("this is not nginx", "leave out option 'host'")
  end
  if nginx then return nginx.pick() end
  local ok, module = pcall(require, "salon.internal.host.nginx")
  if ok then
    nginx = module
    return nginx.pick()
  end
  if module:find("ngx.semaphore", 1, true) then
    return nil, unable("nginx lacks ngx.semaphore", "install lua-resty-core")
  end
  error(module, 0)
end

return host
