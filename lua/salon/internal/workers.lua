-- Functions at work side by side, for salon.map and salon.all: coroutines in a
-- script, light threads in nginx. Where neither can be had - PUC Lua 5.1, nginx's
-- init phase - each is through before the next one begins.
--
-- A crew has a scope: dismissed workers are not killed; their calls return
-- `nil, err` with kind "cancelled", and they find their end by themselves.

local context = require "salon.internal.context"
local core = require "salon.core"
local hosts = require "salon.internal.host"
local plain = require "salon.internal.host.plain"

local FOREVER = 86400

local Crew = {}
Crew.__index = Crew

-- Nobody can be made to wait here: one after the other, in the caller's place.
local alone = { name = "alone", gate = plain.gate }

function alone.spawn(body, died)
  local before = context.frame()
  local ok, e = pcall(body)
  context.assume(before)
  if not ok then died(e) end
end

---@param name string  whose crew it is: "salon.map"
---@param why string  what a worker's calls say when it was dismissed
function Crew.new(name, why)
  local host = hosts.pick()
  if host == nil or host.spawn == nil then host = alone end
  local scope = context.scope(why)
  return setmetatable({
    name = name,
    host = host,
    alone = host == alone,
    scope = scope,
    frame = context.within(scope, context.frame()),
    working = 0,
    gate = nil,
  }, Crew)
end

local function leave(self)
  self.working = self.working - 1
  if self.working == 0 then self:wake() end
end

---Sends a worker to work.
---@param body function
---@param died fun(e: any)  when it raises
---@return any worker  for `reap`
function Crew:start(body, died)
  self.working = self.working + 1
  return self.host.spawn(function()
    context.assume(self.frame)
    body()
    leave(self)
  end, function(e)
    died(e)
    leave(self)
  end)
end

---Frees what is left of a worker that has come to its end.
function Crew:reap(worker)
  if worker and self.host.reap then self.host.reap(worker) end
end

---Lets the workers go on as far as they can without waiting.
function Crew:step()
  if self.host.step then self.host.step() end
end

---Why whoever waits here may not, for a scope that the crew is not in: the crew's
---own calls are refused by themselves.
---@return salon.Error?
function Crew:refusal()
  return context.refusal(self.frame.outer)
end

---Sleeps until `wake`, or for a while.
---@param seconds? number
function Crew:wait(seconds)
  local gate = self.host.gate()
  self.gate = gate
  local ends = seconds and core.now() + seconds
    or context.deadline(core.now() + FOREVER, self.frame.outer)
  local open, called = gate:wait(ends)
  self.gate = nil
  if not (open or called or seconds or self:refusal()) then
    error(self.name .. ": everybody waits for somebody else; can it be read from inside its own "
      .. "function?", 0)
  end
end

function Crew:wake()
  if self.gate then self.gate:open() end
end

---Are we one of its workers?
function Crew:has_me()
  return context.inside(self.scope)
end

---Cancels what the workers have under way.
function Crew:dismiss()
  context.cancel(self.scope)
end

---The same, and where nobody else would run them lets them come to their end.
function Crew:dismiss_and_wait()
  self:dismiss()
  local patience = self.host.patience
  if patience == nil or self:has_me() then return end
  local ends = core.now() + patience
  while self.working > 0 and core.now() < ends do self:wait(ends - core.now()) end
end

return Crew
