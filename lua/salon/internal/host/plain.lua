-- Waiting in a plain Lua script: block. The wait is cut into slices and ends early
-- on a signal, so that the hook of lua's Ctrl-C gets to run. Where salon.map and
-- salon.all have many calls under way, their coroutines wait side by side.

local context = require "salon.internal.context"
local core = require "salon.core"
local keys = require "salon.internal.keys"
local tasks = require "salon.internal.host.tasks"

local SLICE, TICK, GRACE = tasks.SLICE, tasks.TICK, tasks.GRACE

local plain = {
  name = "plain",
  ahead = true,
  spawn = tasks.possible and tasks.spawn or nil,
  step = tasks.step,
  gone = tasks.gone,
  drain_time = 1,  -- seconds for cancelled coroutines to end: nothing else runs them
}

---@param request salon.Request
---@param deadline number
---@param tick? function  called now and then meanwhile
function plain.block(request, deadline, tick)
  while not request:wait(tick and TICK or SLICE) do
    if core.now() > deadline + GRACE then request:cancel() end
    if tick then tick() end
  end
end

-- The same, but a task yields.
function plain.wait(request, deadline, tick)
  if not tasks.wait(request, deadline, tick) then plain.block(request, deadline, tick) end
end

local Waiter = {}
Waiter.__index = Waiter
Waiter.cancel = tasks.wake

-- A wait ends early when no task is left that could open the latch.
local Latch = {}
Latch.__index = Latch

---Waits until the latch is open, or until nothing is left that could open it.
---@param deadline number
---@return boolean open
---@return boolean? ended  before it opened: by a scope, or in a task by the deadline
function Latch:wait(deadline)
  if self.is_open then return true end
  local waiter = setmetatable({}, Waiter)
  self.waiting[waiter] = true
  context.enter(waiter)
  tasks.rest(waiter, deadline)
  self.waiting[waiter] = nil
  return self.is_open, waiter.awake
end

function Latch:open()
  self.is_open = true
  for _, waiter in ipairs(keys(self.waiting)) do tasks.wake(waiter) end
end

function plain.latch()
  return setmetatable({ waiting = {}, is_open = false }, Latch)
end

---@param seconds number
function plain.sleep(seconds)
  local ends = core.now() + seconds
  local _, ended = plain.latch():wait(ends)
  if not ended then core.sleep(ends - core.now()) end  -- there was nothing else to do
end

return plain
