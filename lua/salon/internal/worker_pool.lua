-- Functions that run side by side, for salon.map and salon.all: coroutines in a
-- script, light threads in nginx. Where neither is possible - PUC Lua 5.1, nginx's
-- init phase - each ends before the next one begins.
--
-- A pool has a scope: cancelled workers are not killed; their calls return
-- `nil, err` with kind "cancelled", and they find their end by themselves.

local Error = require "salon.internal.error"
local context = require "salon.internal.context"
local core = require "salon.core"
local hosts = require "salon.internal.host"
local plain = require "salon.internal.host.plain"

local FOREVER = 86400

local WorkerPool = {}
WorkerPool.__index = WorkerPool

-- Nothing can wait here: each worker runs to its end within `start`.
local sequential = { name = "sequential", latch = plain.latch }

function sequential.spawn(body, died)
  local before = context.frame()
  local ok, e = pcall(body)
  context.assume(before)
  if not ok then died(e) end
end

---@param name string  for messages: "salon.map"
---@param why string  what a worker's calls say once it is cancelled
function WorkerPool.new(name, why)
  local host = hosts.pick()
  if host == nil or host.spawn == nil then host = sequential end
  local scope = context.scope(why)
  return setmetatable({
    name = name,
    host = host,
    sequential = host == sequential,
    scope = scope,
    frame = context.within(scope, context.frame()),
    working = 0,
    latch = nil,
  }, WorkerPool)
end

local function leave(self)
  self.working = self.working - 1
  if self.working == 0 then self:wake() end
end

---Starts a worker.
---@param body function
---@param died fun(e: any)  when it raises
---@return any worker  for `reap`
function WorkerPool:start(body, died)
  self.working = self.working + 1
  return self.host.spawn(function()
    context.assume(self.frame)
    body()
    leave(self)
  end, function(e)
    died(Error.kept(e))
    leave(self)
  end)
end

---Frees what is left of a worker that has ended.
function WorkerPool:reap(worker)
  if worker and self.host.reap then self.host.reap(worker) end
end

---Runs the workers as far as they go without waiting.
function WorkerPool:step()
  if self.host.step then self.host.step() end
end

---The refusal of a scope around the reader that the pool is not in; the pool's own
---calls are refused by themselves.
---@return salon.Error?
function WorkerPool:refusal()
  return context.refusal(self.frame.outer)
end

---Sleeps until `wake`, or for a while.
---@param seconds? number
function WorkerPool:wait(seconds)
  local latch = self.host.latch()
  self.latch = latch
  local ends = seconds and core.now() + seconds
    or context.deadline(core.now() + FOREVER, self.frame.outer)
  local open, ended = latch:wait(ends)
  self.latch = nil
  if not (open or ended or seconds or self:refusal()) then
    error(self.name .. ": deadlock: it is read inside its own function", 0)
  end
end

function WorkerPool:wake()
  if self.latch then self.latch:open() end
end

---Is this code running in one of its workers?
function WorkerPool:is_inside()
  return context.inside(self.scope)
end

---Cancels what the workers have under way.
function WorkerPool:cancel()
  context.cancel(self.scope)
end

---The same, and where nothing else would run them runs them to their end.
function WorkerPool:cancel_and_drain()
  self:cancel()
  local seconds = self.host.drain_time
  if seconds == nil or self:is_inside() then return end
  local ends = core.now() + seconds
  while self.working > 0 and core.now() < ends do self:wait(ends - core.now()) end
end

return WorkerPool
