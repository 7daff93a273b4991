-- Waiting in a plain Lua script: block. The wait is cut into slices and ends
-- early on a signal, so that lua's Ctrl-C hook gets to run.

local core = require "salon.core"

local SLICE = 1  -- seconds
local GRACE = 1  -- the engine ends a request at its deadline; this is for its news

local plain = { name = "plain", ahead = true }

---@param request salon.Request
---@param deadline number
---@return true
function plain.wait(request, deadline)
  while not request:wait(SLICE) do
    if core.now() > deadline + GRACE then request:cancel() end
  end
  return true
end

-- Nothing else runs while a call blocks, so nobody can open a gate one waits at.
local Gate = {}
Gate.__index = Gate

function Gate.wait() return false end

function Gate.open() end

function plain.gate()
  return setmetatable({}, Gate)
end

return plain
