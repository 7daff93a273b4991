-- What holds for whoever is running right now: the scopes it is in, each with a
-- deadline or none, and what it has under way, so that a scope can end that.
--
-- A frame is one scope and the frame around it. Frames belong to coroutines (in
-- nginx: light threads): a coroutine that somebody makes begins outside of all
-- scopes, those of salon.map and salon.all begin in the frame that made them.

local Error = require "salon.internal.error"
local core = require "salon.core"
local keys = require "salon.internal.keys"

local context = {}

---@class salon.Scope
---@field ends number  on core.now()'s clock
---@field why string  what to say once it is cancelled
---@field cancelled boolean
---@field under_way table<any, true>  weak: what has a method `cancel`
local Scope = { __name = "salon.Scope" }
Scope.__index = Scope
context.Scope = Scope

local frames = setmetatable({}, { __mode = "k" })  -- coroutine -> frame
local MAIN = {}
local used = false  -- has anybody ever been in a scope? Most programs never are

---@return any  the running coroutine
local function me()
  return coroutine.running() or MAIN
end
context.me = me

-- nginx uses coroutines again, also one that was killed inside a scope: what
-- tells one request from the next is its ngx.ctx.
local function home()
  local api = rawget(_G, "ngx")  -- globals may be strict
  if api == nil then return nil end
  local ok, ctx = pcall(function() return api.ctx end)
  return ok and ctx or nil
end
context.home = home

---@param why string  "salon.map was closed"
---@param ends? number
---@return salon.Scope
function context.scope(why, ends)
  return setmetatable({ why = why, ends = ends or math.huge, cancelled = false }, Scope)
end

---The frame we are in.
---@return table?
function context.frame()
  if not used then return nil end
  local co = me()
  local frame = frames[co]
  if frame and frame.home and frame.home ~= home() then
    frames[co] = nil
    return nil
  end
  return frame
end

---A frame for `scope` inside `outer`.
---@param scope salon.Scope
---@param outer table?
---@return table
function context.within(scope, outer)
  return { scope = scope, outer = outer, home = home() }
end

---From now on the running coroutine is in `frame`.
---@param frame table?
function context.assume(frame)
  used = used or frame ~= nil
  frames[me()] = frame
end

---The earlier one of `deadline` and those of all scopes around.
---@param deadline number
---@param but? table  a frame: without the scopes of this one and those around it
---@return number
function context.deadline(deadline, but)
  local frame = context.frame()
  while frame and frame ~= but do
    if frame.scope.ends < deadline then deadline = frame.scope.ends end
    frame = frame.outer
  end
  return deadline
end

-- A function that repeats a refused call never waits, so nothing could end it.
local MOST_REFUSALS = 100000

local function refuse(scope, fields)
  scope.refused = (scope.refused or 0) + 1
  if scope.refused > MOST_REFUSALS then
    error(fields.message .. ", and calls inside of it are repeated without end", 0)
  end
  return Error.new(fields)
end

---Why nothing may begin or go on here, or nil.
---@param but? table  a frame: without the scopes of this one and those around it
---@return salon.Error? err
function context.refusal(but)
  local frame = context.frame()
  while frame and frame ~= but do
    local scope = frame.scope
    if scope.cancelled then
      return refuse(scope, { kind = "cancelled", message = scope.why })
    elseif scope.ends <= core.now() then
      return refuse(scope, { kind = "timeout", message = "the scope timed out",
        retryable = true, hint = "give salon.scope a longer 'timeout'" })
    end
    frame = frame.outer
  end
end

---Waits until `ends`. What ends a host's sleep early, as a signal does, ends no pause.
---@param host table
---@param ends number  on core.now()'s clock
---@return salon.Error? err  a scope around ended it
function context.pause(host, ends)
  local refusal = context.refusal()
  while not refusal do
    host.sleep(math.max(context.deadline(ends) - core.now(), 0))
    refusal = context.refusal()
    if core.now() >= ends then break end
  end
  return refusal
end

---Notes that `thing` is to be cancelled with any of the scopes around.
---@param thing { cancel: fun(self) }
function context.enter(thing)
  local frame = context.frame()
  while frame do
    local scope = frame.scope
    if scope.under_way == nil then scope.under_way = setmetatable({}, { __mode = "k" }) end
    scope.under_way[thing] = true
    frame = frame.outer
  end
end

---Are we inside `scope`?
---@param scope salon.Scope
---@return boolean
function context.inside(scope)
  local frame = context.frame()
  while frame do
    if frame.scope == scope then return true end
    frame = frame.outer
  end
  return false
end

---Ends what is under way in the scope; what comes later in it is refused.
---@param self salon.Scope
---@param why? string
function context.cancel(self, why)
  if self.cancelled then return end
  self.cancelled = true
  self.why = why or self.why
  local things = keys(self.under_way or {})  -- a cancelled waiter may run others, which enter more
  self.under_way = nil
  for _, thing in ipairs(things) do thing:cancel() end
end

return context
