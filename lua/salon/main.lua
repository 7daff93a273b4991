-- salon.main: the frame of a script, which tells whoever runs it in one message, and by its
-- status, what went wrong.

local core = require "salon.core"
local options = require "salon.internal.options"

local ARGUMENTS = { name = { "string", required = true }, fn = { "function", required = true } }

-- Errors of salon, objects or texts, read well. Where Ctrl-C found the script tells nobody anything.
local function text_of(e)
  local text = tostring(e)
  return text:match "interrupted!$" or text
end

---Runs `fn` as the main part of a script. What it raises becomes one message on the standard
---error, "NAME: …", and status 1: a failure of salon, a text of yours (`error("no such room", 0)`),
---Ctrl-C; a mistake in the program keeps its file and line. So does output that cannot be written,
---to a full disk for instance. A number that `fn` returns is the exit status.
---
---For scripts: in nginx it raises at your line.
---@param name string  of the script
---@param fn function  may return the exit status
return function(name, fn)
  options.check("salon.main", { name = name, fn = fn }, ARGUMENTS, 3, "argument")
  if rawget(_G, "ngx") then error("salon.main: it ends the process; call the function itself in nginx", 2) end
  local ok, result = pcall(fn)
  local failure = not ok and text_of(result)
  if not core.printed() then failure = failure or "standard output cannot be written" end
  if failure then io.stderr:write(name, ": ", failure, "\n") end
  local status = failure and 1 or type(result) == "number" and result or 0
  if status ~= 0 then os.exit(status, true) end
end
