-- One at a time: the first caller does the work, everybody who comes meanwhile
-- waits for it and shares what came out. Used for discovery and for logins.
--
-- Where the host can, the work goes on apart from its first caller, whose light
-- thread nginx may kill at any time. Where it cannot, the next one takes over after
-- the deadline of one that died without a word.

local Error = require "salon.internal.error"
local context = require "salon.internal.context"
local core = require "salon.core"

local GRACE = 1
local unpack = rawget(_G, "unpack") or table.unpack

local Flight = {}
Flight.__index = Flight

function Flight.new()
  return setmetatable({ leader = nil }, Flight)
end

local function out_of_time(what)
  return Error.new {
    kind = "timeout",
    message = "out of time while waiting for " .. what,
    retryable = true,
  }
end

-- The gate did not let us wait: in a plain script only the coroutine that is at it
-- could open it, and that stands still while we wait.
local function stuck(what)
  return Error.new {
    kind = "timeout",
    message = what .. " is under way in another coroutine, which has to go on first",
    retryable = true,
    hint = "resume that one before the next call: a password function must not yield",
  }
end

-- An outcome that says something about the leader's patience only.
local function private(err)
  return err ~= nil and (err.kind == "timeout" or err.kind == "cancelled")
end

-- Waits for the one who is at it. Returns true with the leader when there is an
-- outcome to share.
local function follow(self, host, deadline, what)
  local leader = self.leader
  if host.gone and host.gone(leader.co) then
    self.leader = nil
    return false
  end
  leader.gate:wait(math.min(deadline, leader.ends))
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
  return true, { err = now < deadline and stuck(what) or out_of_time(what) }
end

-- Does the work and tells everybody what came out.
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
  me.gate:open()
end

-- Waits for work that goes on by itself.
local function await(me, deadline, what)
  if me.gate:wait(deadline) or me.over then return end
  return context.refusal() or out_of_time(what)
end

---Runs `work`, or waits for whoever runs it already. Where the host can, the work
---is detached from the one who asked first: when his nginx client goes away, the
---others still get what they wait for.
---@param host table
---@param deadline number
---@param what string  for messages: "the login"
---@param work fun(...): any, salon.Error?
---@return any value
---@return salon.Error? err
function Flight:run(host, deadline, what, work, ...)
  while self.leader do
    local over, leader = follow(self, host, deadline, what)
    if over then return leader.value, leader.err end
    if core.now() >= deadline then return nil, out_of_time(what) end
  end
  local me = { gate = host.gate(), ends = deadline + GRACE, co = coroutine.running() }
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

return Flight
