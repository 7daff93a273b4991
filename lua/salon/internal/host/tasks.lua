-- Many calls at once in a plain Lua script: coroutines of our own (tasks), and a
-- loop that runs them while somebody waits. A task that waits for its request
-- yields to the loop; the loop sleeps until any request has finished.
--
-- Only tasks are ever yielded. A coroutine that is somebody else's blocks, also
-- inside a task, and so does a task where it cannot yield (in a sort function).
-- The loop is the state's: whoever waits for a task runs all of them.
--
-- Not to break: completions may be lost (a child of fork has none of its parent's);
-- the loop looks at the requests itself at least every SLICE seconds.

local core = require "salon.core"

local SLICE = 1  -- seconds; a signal ends a wait early as well
local TICK = 0.2 -- seconds between two looks at a transfer that somebody watches
local GRACE = 1  -- the engine ends a request at its deadline; this is for its completion to arrive

local tasks = {
  -- PUC Lua 5.1 cannot yield across pcall, an iterator or a metamethod.
  possible = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil,
  SLICE = SLICE, TICK = TICK, GRACE = GRACE,
}

local PARKED = {}            -- what a task of ours yields
local YIELDED = "the function yielded: inside salon.map and salon.all only salon's own calls can wait"

local mine = {}              -- coroutine -> task
local given_up = setmetatable({}, { __mode = "k" })  -- coroutines that yielded something else
local ready = {}             -- queue of tasks that can go on
local first, last = 1, 0
local requests = {}          -- request id -> { task, request, deadline, looks_at: when its task
                             -- looks at it, looks: it is in the queue to do so }
local sleepers = {}          -- waiter -> its deadline
local mailbox                -- of this Lua state, once there are tasks

local yieldable = coroutine.isyieldable or function() return true end

-- The running task, if it can yield here.
local function current()
  local co = coroutine.running()
  local task = co and mine[co]
  return task and yieldable() and task or nil
end

local function make_ready(task)
  last = last + 1
  ready[last] = task
end

local function next_ready()
  if first > last then return nil end
  local task = ready[first]
  ready[first] = nil
  first = first + 1
  return task
end

---Runs `body` as a task, from the next time that somebody waits.
---@param body function
---@param died fun(e: any)  when it raises, or yields by itself
function tasks.spawn(body, died)
  local task = { co = coroutine.create(body), died = died }
  mailbox = mailbox or core.mailbox()  -- may raise
  mine[task.co] = task
  make_ready(task)
end

local function resume(task)
  local ok, what = coroutine.resume(task.co)
  if coroutine.status(task.co) == "dead" then
    mine[task.co] = nil
    if not ok then task.died(what) end
  elseif what ~= PARKED then
    mine[task.co] = nil
    given_up[task.co] = true
    if coroutine.close then coroutine.close(task.co) end
    task.died(YIELDED)
  end
end

---Is this a coroutine that will never run again?
---@param co thread?
---@return boolean
function tasks.gone(co)
  return co ~= nil and (given_up[co] or coroutine.status(co) == "dead")
end

---Waits for a request where we are a task.
---@param request salon.Request
---@param deadline number
---@param tick? function  called now and then meanwhile
---@return boolean waited  false: we are none
function tasks.wait(request, deadline, tick)
  local task = current()
  if task == nil then return false end
  local id = request:pending()
  if id == nil then return true end
  local entry = { task = task, request = request, deadline = deadline }
  while not request:done() do
    entry.looks_at, entry.looks = tick and core.now() + TICK, false
    requests[id] = entry
    coroutine.yield(PARKED)
    requests[id] = nil
    if tick and not request:done() then tick() end
  end
  requests[id] = nil
  return true
end

local function take_completions()
  local id = mailbox:take()
  while id do
    local entry = requests[id]
    if entry then
      requests[id] = nil
      if not entry.looks then make_ready(entry.task) end
    end
    id = mailbox:take()
  end
end

-- What no completion tells: requests whose completion was lost, deadlines that passed.
local function look(now)
  for id, entry in pairs(requests) do
    if now > entry.deadline + GRACE then entry.request:cancel() end
    if entry.request:done() then
      requests[id] = nil
      if not entry.looks then make_ready(entry.task) end
    end
  end
end

-- Tasks that are to look at their transfer. Each is in the queue once.
local function let_look(now)
  for _, entry in pairs(requests) do
    if entry.looks_at and now >= entry.looks_at then
      entry.looks_at, entry.looks = nil, true
      make_ready(entry.task)
    end
  end
end

local function wake_late(now)
  for waiter, deadline in pairs(sleepers) do
    if now >= deadline then tasks.wake(waiter) end
  end
end

local function sleep(deadline)
  for _, other in pairs(sleepers) do deadline = math.min(deadline, other) end
  for _, entry in pairs(requests) do deadline = math.min(deadline, entry.looks_at or deadline) end
  local now = core.now()
  local arrived = mailbox:wait(math.max(math.min(deadline - now, SLICE), 0))
  take_completions()
  now = core.now()
  if not arrived then look(now) end
  let_look(now)
  wake_late(now)
end

-- The loop, until the waiter is woken or nothing can happen any more.
local function run(waiter, deadline)
  while not waiter.awake do
    local task = next_ready()
    if task then
      resume(task)
    elseif next(requests) == nil and next(sleepers) == nil or core.now() >= deadline then
      return
    else
      sleep(deadline)
    end
  end
end

---Sleeps until `tasks.wake(waiter)`, or the deadline, or until nothing can happen any more.
---@param waiter table
---@param deadline number
function tasks.rest(waiter, deadline)
  local task = current()
  if task == nil then return run(waiter, deadline) end
  waiter.task = task
  sleepers[waiter] = deadline
  while not waiter.awake do coroutine.yield(PARKED) end
end

---@param waiter table
function tasks.wake(waiter)
  if waiter.awake then return end
  waiter.awake = true
  sleepers[waiter] = nil
  if waiter.task then make_ready(waiter.task) end
end

---Runs every task that is ready, without waiting.
function tasks.step()
  if next(mine) == nil then return end
  take_completions()
  for _ = first, last do
    local task = next_ready()
    if task == nil then return end  -- a loop inside of one of them ran it
    resume(task)
  end
end

return tasks
