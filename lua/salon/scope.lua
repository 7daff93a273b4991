-- salon.scope: one deadline and one cancellation for everything inside `scope:run`.
-- What a scope does to calls is in context.lua.

local context = require "salon.internal.context"
local core = require "salon.core"
local hosts = require "salon.internal.host"
local options = require "salon.internal.options"

local Scope = context.Scope

local OPTIONS = { timeout = options.TIMEOUT }

local function check(self, fname)
  if type(self) ~= "table" or getmetatable(self) ~= Scope then
    error(fname .. ": call it with a colon", 3)
  end
end

-- In nginx the scope ends when the client goes away.
local function watch_client(self)
  local host = hosts.pick()
  if host and host.on_abort then host.on_abort(self) end
end

local function leave(before, ok, ...)
  context.assume(before)
  if not ok then error((...), 0) end
  return ...
end

---Calls `fn(...)`, returns what it returns and raises what it raises. Every call made
---inside, with its logins, retries, pauses and pages, ends with the scope at the
---latest; inside another scope the earlier deadline counts. May be used more than
---once, and by several light threads at a time. A coroutine of your own begins
---outside: call `run` in it. In nginx a handler that replaces `ngx.ctx` leaves its scopes.
---@param fn function
---@param ... any
---@return any ...
function Scope:run(fn, ...)
  check(self, "scope:run")
  if self.closed then error("scope:run: the scope is closed", 2) end
  if type(fn) ~= "function" then
    error("scope:run: argument 'fn' must be a function, got " .. type(fn), 2)
  end
  watch_client(self)
  local before = context.frame()
  context.assume(context.within(self, before))
  return leave(before, pcall(fn, ...))
end

---Ends what is under way inside, from wherever it is called: those calls return
---`nil, err` with `err.kind == "cancelled"`, later ones too. Without effect when all
---calls have ended.
function Scope:cancel()
  check(self, "scope:cancel")
  context.cancel(self)
end

---Cancels what is left, such as a page fetched ahead; `run` raises from now on.
---Idempotent; a scope that stays open does no harm.
function Scope:close()
  check(self, "scope:close")
  self.closed = true
  context.cancel(self)
end

function Scope:__close() self:close() end

---Seconds that are left; nil without a timeout.
---@return number?
function Scope:expires_in()
  check(self, "scope:expires_in")
  if self.ends == math.huge then return nil end
  return self.ends - core.now()
end

function Scope:__tostring()
  if self.cancelled then return "salon.Scope(cancelled)" end
  local left = self:expires_in()
  if left == nil then return "salon.Scope" end
  return (("salon.Scope(%.3f s left)"):format(math.max(left, 0)):gsub(",", "."))  -- in every locale
end

---A scope, whose time begins now.
---@param opts? { timeout?: number }  seconds for everything inside
---@return salon.Scope
return function(opts)
  local given = options.check("salon.scope", opts, OPTIONS)
  return context.scope("the scope was cancelled",
    given.timeout and core.now() + given.timeout)
end
