-- Waiting in a plain Lua script: block. The wait is cut into slices and ends
-- early on a signal, so that lua's Ctrl-C hook gets to run. Where salon.map and
-- salon.all have many calls under way, their coroutines wait side by side.

local context = require "salon.internal.context"
local core = require "salon.core"
local tasks = require "salon.internal.host.tasks"

local SLICE = 1  -- seconds
local GRACE = 1  -- the engine ends a request at its deadline; this is for its news

local plain = {
  name = "plain",
  ahead = true,
  spawn = tasks.possible and tasks.spawn or nil,
  step = tasks.step,
  gone = tasks.gone,
  patience = 1,  -- seconds for cancelled coroutines to end: nobody else runs them
}

---@param request salon.Request
---@param deadline number
---@return true
function plain.wait(request, deadline)
  if tasks.wait(request, deadline) then return true end
  while not request:wait(SLICE) do
    if core.now() > deadline + GRACE then request:cancel() end
  end
  return true
end

local Waiter = {}
Waiter.__index = Waiter
Waiter.cancel = tasks.wake

-- While nothing but us runs nobody can open a gate: then nobody waits at it.
local Gate = {}
Gate.__index = Gate

---Waits until the gate is open, or until nobody could open it.
---@param deadline number
---@return boolean open
---@return boolean? called  away, before it opened: by a scope
function Gate:wait(deadline)
  if self.is_open then return true end
  local waiter = setmetatable({}, Waiter)
  self.waiting[waiter] = true
  context.enter(waiter)
  tasks.rest(waiter, deadline)
  self.waiting[waiter] = nil
  return self.is_open, waiter.awake
end

function Gate:open()
  self.is_open = true
  for waiter in pairs(self.waiting) do tasks.wake(waiter) end
end

function plain.gate()
  return setmetatable({ waiting = {}, is_open = false }, Gate)
end

return plain
