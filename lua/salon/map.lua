-- salon.map: a function called for each entry of a list, many calls at a time,
-- results in order.
--
-- Each entry has a worker: it takes the entry from the source, starts the worker
-- of the next one if there is room, and calls the function. One at a time is at
-- the source. What was begun and not handed out yet is never more than
-- `concurrency`. Each call has a scope of its own inside of the crew's, so that
-- those behind a failure are cancelled while those before it finish.
--
-- Not to break: workers know the state, not the object that the caller holds.
-- Without to-be-closed variables the collector is what ends a loop that was left.

local Crew = require "salon.internal.workers"
local Error = require "salon.internal.error"
local context = require "salon.internal.context"
local options = require "salon.internal.options"

---@class salon.Map
---@overload fun(): any, any, any
local Map = { __name = "salon.Map" }
Map.__index = Map

local CLOSED = "salon.map was closed"
local BEHIND = "salon.map was stopped by an earlier failure"

-- The workers ----------------------------------------------------------------

-- Nothing behind entry `number` is wanted any more.
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
  if number == state.delivered + 1 then state.crew:wake() end
end

local top_up

local function work(state, number)
  local slot = state.slots[number]
  local item = state.source()
  state.at_source = nil
  slot.item = item
  if item == nil then
    cut(state, number)
    return settle(state, number)
  end
  if number > state.final or state.closed then return end
  top_up(state)
  slot.scope = context.scope(BEHIND)
  context.assume(context.within(slot.scope, state.crew.frame))
  local result, err = state.fn(item)
  if result == nil then slot.err = err end
  slot.result = result
  if slot.err ~= nil and state.stops then cut(state, number) end
  settle(state, number)
end

local function start(state, number)
  local slot = {}
  state.slots[number] = slot
  state.at_source = number
  slot.worker = state.crew:start(function() work(state, number) end, function(e)
    if state.at_source == number then state.at_source = nil end
    slot.raised, slot.e = true, e
    cut(state, number)
    settle(state, number)
  end)
end

function top_up(state)
  while not state.at_source and not state.closed and state.started < state.final
    and state.started - state.delivered < state.concurrency do
    state.started = state.started + 1
    start(state, state.started)
  end
end

-- The caller's side ------------------------------------------------------------

local function close(state)
  state.closed = true
  state.crew:dismiss()
  if state.closable then state.closable:close() end
  state.crew:wake()
end

local function close_and_wait(state)
  if state.closed then return end
  close(state)
  state.slots = {}
  state.crew:dismiss_and_wait()
end

local function settled(state, number)
  local slot = state.slots[number]
  return slot and slot.settled and slot
end

-- Waits for entry `number`. The crew begins in the scopes in which the map was made;
-- those that its reader is in besides end the reading.
local function await(state, number)
  local refusal = state.crew:refusal()
  while not (state.closed or refusal or settled(state, number)) do
    state.crew:wait()
    refusal = state.crew:refusal()
  end
  local slot = not refusal and settled(state, number)
  if slot then state.slots[number] = nil end
  return slot, refusal
end

---The next entry, its result, and the error in place of a result; nil at the end.
function Map:__call()
  local state = self.state
  if state.closed then return nil end
  if state.crew:has_me() then
    error("salon.map: its own function cannot ask for the next entry", 2)
  end
  if state.reading then error("salon.map: somebody else waits for the next entry already", 2) end
  state.reading = true
  top_up(state)
  state.crew:step()
  local slot, refusal = await(state, state.delivered + 1)
  state.reading = false
  if refusal then
    close_and_wait(state)
    Error.raise(refusal)
  end
  if not slot then return nil end  -- closed meanwhile by another light thread
  state.crew:reap(slot.worker)
  if slot.raised then
    close_and_wait(state)
    Error.raise(slot.e)
  end
  state.delivered = state.delivered + 1
  if slot.item == nil or (slot.err ~= nil and state.stops) then close_and_wait(state) end
  return slot.item, slot.result, slot.err
end

---Cancels the calls under way and begins no more; also closes the walk it reads.
---May be called at any time, twice too.
function Map:close()
  if getmetatable(self) ~= Map then error("map:close: call it with a colon", 2) end
  close_and_wait(self.state)
end

function Map:__close() self:close() end

function Map:__tostring()
  return self.state.closed and "salon.Map(at its end)" or "salon.Map"
end

-- In a finalizer nobody may wait.
local function abandon(state)
  if not state.closed then close(state) end
end

function Map:__gc() abandon(self.state) end

-- Lua 5.1 and LuaJIT finalize no tables, but a userdata that hangs on one.
local function finalize(self)
  local newproxy = rawget(_G, "newproxy")
  if newproxy == nil then return end
  local state = self.state
  self.proxy = newproxy(true)
  getmetatable(self.proxy).__gc = function() abandon(state) end
end

-- The door -----------------------------------------------------------------------

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
  if list[1] ~= nil or next(list) == nil or list.response ~= nil then return end
  local remedy = type(list.each) == "function" and "; give it :each()" or ""
  error("salon.map: argument 'iterable' is a table that has no entry 1" .. remedy, 3)
end

-- Something that is called and can be closed, as a walk is.
local function closable(iterable)
  if type(iterable) == "table" and type(iterable.close) == "function" then return iterable end
end

local function new(iterable, fn, given)
  local crew = Crew.new("salon.map", CLOSED)
  local self = setmetatable({ state = {
    crew = crew,
    source = is_callable(iterable) and iterable or each_of(iterable),
    closable = is_callable(iterable) and closable(iterable) or nil,
    fn = fn,
    concurrency = crew.alone and 1 or given.concurrency or 16,
    stops = given.on_error ~= "collect",
    started = 0,         -- entries, those included that turn out not to exist
    delivered = 0,
    final = math.huge,   -- the last one that matters
    slots = {},
  } }, Map)
  finalize(self)
  return self
end

---Calls `fn` for each entry, up to `concurrency` calls at a time, and hands out
---entries, results and errors in order:
---
---    for item, result, err in salon.map(ot.rooms:each(), fn) do … end
---
---Nothing is begun before it is asked for the first entry; never more than
---`concurrency` entries have been begun and not handed out. When `fn` returns
---`nil, err` the error comes in place of the result: that is the last entry, and
---those behind it are cancelled, or with `on_error = "collect"` one like any
---other. `false, err` is no failure: false is the result, and `err` is dropped.
---What `fn` or the source raises is raised in its turn, after all entries before
---it. To leave the loop cancels the rest: at once on Lua 5.4; elsewhere the
---collector does it, or `map:close()`.
---
---In a script only salon's own calls wait beside each other: whatever else blocks
---in `fn` blocks everything, and what yields by itself is an error. In nginx each
---call is a light thread. PUC Lua 5.1 cannot wait inside of an iterator, nor can
---nginx's init phase: there it works one at a time.
---@param iterable function|salon.Walk|table  called until nil comes; or an array
---@param fn fun(item: any): any?, any?
---@param opts? { concurrency?: integer, on_error?: "stop"|"collect" }  1 to 10,000
---  (default 16), "stop"
---@return salon.Map, nil, nil, salon.Map
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
  return self, nil, nil, self
end

return map
