-- salon.map: a function called for each entry of a list, many calls at a time,
-- results in order.
--
-- Each entry has a worker: it takes the entry from the source, starts the worker of
-- the next one if there is room, and calls the function. The source is read by one
-- worker at a time. At most `concurrency` entries have been begun and not handed
-- out. Each call has a scope of its own inside the pool's, so that the calls after
-- a failure are cancelled while those before it finish.
--
-- Not to break: workers refer to the state, not to the object that the caller holds.
-- Without to-be-closed variables the collector ends a loop that was left.

local WorkerPool = require "salon.internal.worker_pool"
local Error = require "salon.internal.error"
local context = require "salon.internal.context"
local loop = require "salon.internal.loop"
local options = require "salon.internal.options"

---@class salon.Map
---@overload fun(): any, any, any
local Map = { __name = "salon.Map" }
Map.__index = Map

local CLOSED = "salon.map was closed"
local BEHIND = "salon.map was stopped by an earlier failure"

-- The workers ----------------------------------------------------------------

-- Nothing after entry `number` is wanted any more.
local function cut(state, number)
  if number >= state.final then return end
  state.final = number
  for later, slot in pairs(state.slots) do
    if later > number and slot.scope then context.cancel(slot.scope) end
  end
end

-- Entry `number` is ready to be handed out.
local function settle(state, number)
  if state.closed then return end
  state.slots[number].settled = true
  if number == state.delivered + 1 then state.pool:wake() end
end

local top_up

local function work(state, number)
  if state.closed then return end
  local slot = state.slots[number]
  local item = state.source()
  state.reading_source = nil
  slot.item = item
  if item == nil then
    cut(state, number)
    return settle(state, number)
  end
  if number > state.final or state.closed then return end
  top_up(state)
  slot.scope = context.scope(BEHIND)
  context.assume(context.within(slot.scope, state.pool.frame))
  local result, err = state.fn(item)
  if result == nil then slot.err = err end
  slot.result = result
  if slot.err ~= nil and state.stops then cut(state, number) end
  settle(state, number)
end

local function start(state, number)
  local slot = {}
  state.slots[number] = slot
  state.reading_source = number
  slot.worker = state.pool:start(function() work(state, number) end, function(e)
    if state.reading_source == number then state.reading_source = nil end
    slot.raised, slot.e = true, e
    cut(state, number)
    settle(state, number)
  end)
end

function top_up(state)
  while not state.reading_source and not state.closed and state.started < state.final
    and state.started - state.delivered < state.concurrency do
    state.started = state.started + 1
    start(state, state.started)
  end
end

-- The caller's side ------------------------------------------------------------

local function close(state)
  state.closed = true
  state.pool:cancel()
  if state.closable then state.closable:close() end
  state.pool:wake()
end

local function close_and_wait(state)
  if state.closed then return end
  close(state)
  state.slots = {}
  state.pool:cancel_and_drain()
end

local function settled(state, number)
  local slot = state.slots[number]
  return slot and slot.settled and slot
end

-- Waits for entry `number`. The pool runs in the scopes in which the map was made;
-- other scopes of the reader end the reading.
local function await(state, number)
  local refusal = state.pool:refusal()
  while not (state.closed or refusal or settled(state, number)) do
    local ok, e = pcall(state.pool.wait, state.pool)
    if not ok then  -- a hook of the caller's, at Ctrl-C
      state.reading = false
      error(e, 0)
    end
    refusal = state.pool:refusal()
  end
  local slot = not refusal and settled(state, number)
  if slot then state.slots[number] = nil end
  return slot, refusal
end

---The next entry, its result, and the error in place of a result; nil at the end.
function Map:__call()
  local state = self.state
  if state.closed then return nil end
  if state.pool:is_inside() then
    error("salon.map: deadlock: the map is read inside its own function", 2)
  end
  if state.reading then error("salon.map: another light thread is reading it already", 2) end
  state.reading = true
  local ok, e = pcall(top_up, state)
  if not ok then  -- the system has no descriptor left for a worker to wait on
    state.reading = false
    close_and_wait(state)
    error(e, 0)
  end
  state.pool:step()
  local slot, refusal = await(state, state.delivered + 1)
  state.reading = false
  if refusal then
    close_and_wait(state)
    Error.raise(refusal)
  end
  if not slot then return nil end  -- closed meanwhile by another light thread
  state.pool:reap(slot.worker)
  if slot.raised then
    close_and_wait(state)
    Error.raise(slot.e)
  end
  state.delivered = state.delivered + 1
  if slot.item == nil or (slot.err ~= nil and state.stops) then close_and_wait(state) end
  return slot.item, slot.result, slot.err
end

---Cancels the calls under way and begins no more; also closes the walk it reads.
---Idempotent.
function Map:close()
  if getmetatable(self) ~= Map then error("map:close: call it with a colon", 2) end
  close_and_wait(self.state)
end

function Map:__close() self:close() end

function Map:__tostring()
  return self.state.closed and "salon.Map(at its end)" or "salon.Map"
end

-- A finaliser must not wait.
local function abandon(state)
  if not state.closed then close(state) end
end

function Map:__gc() abandon(self.state) end

-- Lua 5.1 and LuaJIT finalise no tables, but a userdata in one.
local function finalise(self)
  local newproxy = rawget(_G, "newproxy")
  if newproxy == nil then return end
  local state = self.state
  self.proxy = newproxy(true)
  getmetatable(self.proxy).__gc = function() abandon(state) end
end

-- The public function -----------------------------------------------------------------------

local OPTIONS = {
  concurrency = { "number", integer = true, min = 1, max = 10000 },
  on_error = { "string", one_of = { "stop", "collect" } },
}

local function is_callable(value)
  if type(value) == "function" then return true end
  local meta = (type(value) == "table" or type(value) == "userdata") and getmetatable(value)
  return type(meta) == "table" and type(meta.__call) == "function"
end

local function each_of(list)
  local i = 0
  return function()
    i = i + 1
    return list[i]
  end
end

-- A table of something else would be a list of nothing; a page may be empty.
local function check_array(list)
  if list[1] ~= nil or next(list) == nil or rawget(list, "response") ~= nil then return end
  local advice = type(list.each) == "function" and "; give it :each()" or ""
  error("salon.map: argument 'iterable' is a table that has no entry 1" .. advice, 3)
end

-- Something that is called and can be closed, as a walk is.
local function closable(iterable)
  if type(iterable) == "table" and type(iterable.close) == "function" then return iterable end
end

local function new(iterable, fn, given)
  local pool = WorkerPool.new("salon.map", CLOSED)
  local self = setmetatable({ state = {
    pool = pool,
    source = is_callable(iterable) and iterable or each_of(iterable),
    closable = is_callable(iterable) and closable(iterable) or nil,
    fn = fn,
    concurrency = pool.sequential and 1 or given.concurrency or 16,
    stops = given.on_error ~= "collect",
    started = 0,         -- entries, those included that turn out not to exist
    delivered = 0,
    final = math.huge,   -- the last one that matters
    slots = {},
  } }, Map)
  finalise(self)
  return self
end

---Calls `fn` for each entry, up to `concurrency` calls at a time, and hands out
---entries, results and errors in order:
---
---    for item, result, err in salon.map(ot.rooms:each(), fn) do … end
---
---Nothing begins before the first entry is asked for; at most `concurrency` entries
---have been begun and not handed out. When `fn` returns `nil, err` the error takes
---the place of the result: that is the last entry, and those after it are cancelled;
---with `on_error = "collect"` the loop goes on. `false, err` is no failure: false is
---the result, and `err` is dropped. Errors raised by `fn` or the source surface in
---order, after all entries before them. Leaving the loop cancels the rest: at once on
---Lua 5.4.5 and later; elsewhere `map:close()` does it, or the collector.
---
---In a script only salon's own calls wait side by side: whatever else blocks in `fn`
---blocks everything, and a function that yields is an error. In nginx each call is a
---light thread. PUC Lua 5.1 cannot yield inside an iterator, nor can nginx's init
---phase: there one call follows the other.
---@param iterable function|salon.Walk|table  called until nil comes; or an array
---@param fn fun(item: any): any?, any?
---@param opts? { concurrency?: integer, on_error?: "stop"|"collect" }  1 to 10,000
---  (default 16), "stop"
---@return salon.Map, nil, nil, salon.Map?
local function map(iterable, fn, opts)
  if not is_callable(iterable) and type(iterable) ~= "table" then
    error("salon.map: argument 'iterable' must be a walk, a function or an array, got "
      .. type(iterable), 2)
  elseif not is_callable(fn) then
    error("salon.map: argument 'fn' must be a function, got " .. type(fn), 2)
  end
  if not is_callable(iterable) then check_array(iterable) end
  local given = options.check("salon.map", opts, OPTIONS)
  local self = new(iterable, fn, given)
  return loop.over(self)
end

return map
