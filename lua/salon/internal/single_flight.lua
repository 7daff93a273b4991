-- Single flight: the first caller does the work, those that come meanwhile wait for
-- it and share its result. Used for discovery and for logins.
--
-- Where the host can, the work runs apart from its first caller, whose light thread
-- nginx may kill at any time. What does not begin there within a second is done by
-- one of those who wait. The next caller takes over after the deadline of a leader
-- that disappeared.

local Error = require "salon.internal.error"
local context = require "salon.internal.context"
local core = require "salon.core"

local GRACE = 1
local PATIENCE = 1  -- seconds for work that runs apart to begin
local unpack = rawget(_G, "unpack") or table.unpack

local SingleFlight = {}
SingleFlight.__index = SingleFlight

function SingleFlight.new()
  return setmetatable({ leader = nil }, SingleFlight)
end

local function out_of_time(what)
  return Error.new {
    kind = "timeout",
    message = "timed out while waiting for " .. what,
    retryable = true,
  }
end

-- The work calls for itself: in a function of the caller's, such as on_event.
local function nested(what)
  return Error.new {
    kind = "timeout",
    message = what .. " is under way, and this call is made inside of it",
    hint = "functions that a client calls during a login (secrets, on_event, a store's) must not use it",
  }
end

-- The latch cannot open: in a plain script only the coroutine that does the work could
-- open it, and that stands still while this one waits.
local function deadlock(what)
  return Error.new {
    kind = "timeout",
    message = what .. " is under way in another coroutine, which has to run first",
    retryable = true,
    hint = "resume that one before the next call: a password function must not yield",
  }
end

-- An error that is only about the leader's own deadline or scope.
local function private(err)
  return err ~= nil and (err.kind == "timeout" or err.kind == "cancelled")
end

-- Waits until it is over, or has not begun in time, or died; or something else ends
-- the wait.
local function await(leader, deadline)
  repeat
    local ends = leader.ends
    local _, ended = leader.latch:wait(math.min(deadline, ends))
  until leader.over or ended or leader.ends == ends  -- which moves when the work begins
end

-- Waits for the leader. Returns true with it when there is a result to share.
local function follow(self, host, deadline, what)
  local leader = self.leader
  if host.gone and host.gone(leader.co) then
    self.leader = nil
    return false
  end
  if leader.begun and leader.co == coroutine.running() then return true, { err = nested(what) } end
  await(leader, deadline)
  if leader.over then
    if private(leader.err) then return false end
    return true, leader
  end
  local refusal = context.refusal()
  if refusal then return true, { err = refusal } end
  local now = core.now()
  if now >= leader.ends then  -- never began, died, or hangs: take over
    if self.leader == leader then self.leader = nil end
    return false
  end
  return true, { err = now < deadline and deadlock(what) or out_of_time(what) }
end

-- Does the work and shares its result.
local function lead(self, me, what, work, arguments)
  local ok, value, err = pcall(work, unpack(arguments, 1, arguments.n))
  if self.leader == me then self.leader = nil end
  me.over = true
  if ok then
    me.value, me.err = value, err
  else
    me.raised = value
    me.err = Error.new { kind = "auth", message = what .. " failed: " .. tostring(value) }
  end
  me.latch:open()
end

---Waits for what is under way, if anything is.
---@param host table
---@param deadline number
---@param what string
function SingleFlight:settle(host, deadline, what)
  if self.leader then follow(self, host, deadline, what) end
end

---Runs `work`, or waits for the caller that runs it already. Where the host can, the
---work is detached from the first caller: when its nginx client goes away, the others
---still get the result.
---@param host table
---@param deadline number
---@param what string  for messages: "the login"
---@param work fun(...): any, salon.Error?
---@return any value
---@return salon.Error? err
function SingleFlight:run(host, deadline, what, work, ...)
  local detach = host.detach
  while self.leader do
    local leader = self.leader
    local over, shared = follow(self, host, deadline, what)
    if over then return shared.value, shared.err end
    if core.now() >= deadline then return nil, out_of_time(what) end
    if not leader.begun then detach = nil end  -- nor would ours
  end
  local me = { latch = host.latch(), ends = core.now() + PATIENCE, co = nil }
  local arguments = { n = select("#", ...), ... }
  self.leader = me
  local function begin()
    if me.begun or self.leader ~= me then return end  -- late: another does it
    me.begun, me.ends, me.co = true, deadline + GRACE, coroutine.running()
    lead(self, me, what, work, arguments)
  end
  if detach and detach(begin) then
    await(me, deadline)
    if not me.over then
      local err = context.refusal()
      if err or core.now() >= deadline then return nil, err or out_of_time(what) end
    end
  end
  begin()
  if not me.over then return self:run(host, deadline, what, work, ...) end
  if me.raised ~= nil then error(me.raised, 0) end
  return me.value, me.err
end

return SingleFlight
