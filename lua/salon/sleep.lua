-- salon.sleep: a pause that ends with its scope, and during which others go on.

local context = require "salon.internal.context"
local core = require "salon.core"
local hosts = require "salon.internal.host"
local options = require "salon.internal.options"

local SECONDS = { seconds = { "number", min = 0, required = true } }

---Waits. In nginx the request waits alone, and inside salon.map and salon.all the others go
---on; ends early when a scope around it does.
---@param seconds number
---@return true?
---@return salon.Error? err  kinds: timeout, cancelled (of its scope), phase (nginx cannot wait here)
return function(seconds)
  options.check("salon.sleep", { seconds = seconds }, SECONDS, 3, "argument")
  local host, err = hosts.pick()
  if host == nil then return nil, err end
  local refusal = context.pause(host, core.now() + seconds)
  if refusal then return nil, refusal end
  return true
end
