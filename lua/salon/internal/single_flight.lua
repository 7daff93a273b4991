-- Single flight: the first caller does the work, those that come meanwhile wait for
-- it and share its result. Used for discovery and for logins.
--
-- Where the host can, the work runs apart from its first caller, whose light thread
-- nginx may kill at any time. Where it cannot, the next caller takes over after the
-- deadline of a leader that disappeared.

local Error = require "salon.internal.error"
local context = require "salon.internal.context"
local core = require "salon.core"

local GRACE = 1
local unpack = rawget(_G, "unpack") or table.unpack

local SingleFlight = {}
SingleFlight.__index = SingleFlight

function SingleFlight.new()
  return setmetatable({ leader = nil }, SingleFlight)
end

local function out_of_time(what)
  return Error.new {
    kind = "timeout",
    message = "out of time while waiting for " .. what,
    retryable = true,
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

-- Waits for the leader. Returns true with it when there is a result to share.
local function follow(self, host, deadline, what)
  local leader = self.leader
  if host.gone and host.gone(leader.co) then
    self.leader = nil
    return false
  end
  leader.latch:wait(math.min(deadline, leader.ends))
  if leader.over then
    if private(leader.err) then return false end
    return true, leader
  end
  local refusal = context.refusal()
  if refusal then return true, { err = refusal } end
  local now = core.now()
  if now >= leader.ends then  -- died, or hangs: take over
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

-- Waits for work that runs apart.
local function await(me, deadline, what)
  if me.latch:wait(deadline) or me.over then return end
  return context.refusal() or out_of_time(what)
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
  while self.leader do
    local over, leader = follow(self, host, deadline, what)
    if over then return leader.value, leader.err end
    if core.now() >= deadline then return nil, out_of_time(what) end
  end
  local me = { latch = host.latch(), ends = deadline + GRACE, co = coroutine.running() }
  local arguments = { n = select("#", ...), ... }
  self.leader = me
  if host.detach and host.detach(function() lead(self, me, what, work, arguments) end) then
    local err = await(me, deadline, what)
    if err then return nil, err end
  else
    lead(self, me, what, work, arguments)
  end
  if me.raised ~= nil then error(me.raised, 0) end
  return me.value, me.err
end

return SingleFlight
