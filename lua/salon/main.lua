-- salon.main: the frame of a script, which tells whoever runs it in one message, and by its
-- status, what went wrong.

local core = require "salon.core"
local options = require "salon.internal.options"

local ARGUMENTS = { name = { "string", required = true }, fn = { "function", required = true } }

-- Errors of salon, objects or texts, read well. Where Ctrl-C found the script tells nobody anything.
local function text_of(e)
  local ok, text = pcall(tostring, e)
  if not ok or type(text) ~= "string" then return "an error that is no text: a " .. type(e) end
  return text:find "^[^\n]-:%d+: interrupted!$" and "interrupted!" or text
end

local function status_of(result)
  if type(result) ~= "number" then return 0 end
  local is_status = result >= 0 and result <= 255 and result % 1 == 0
  return is_status and result or 1, not is_status and "the exit status must be 0 to 255, not " .. result or nil
end

---Runs `fn` as the main part of a script. What it raises becomes one message on the standard
---error, "NAME: …", and status 1: a failure of salon, a text of yours (`error("no such room", 0)`),
---Ctrl-C; a mistake in the program keeps its file and line. So does output that cannot be written,
---to a full disk for instance, and so does `nil, err` that `fn` returns. A number that it returns is
---the exit status.
---
---For scripts: in nginx it raises at your line.
---@param name string  of the script
---@param fn function  may return the exit status
return function(name, fn)
  options.check("salon.main", { name = name, fn = fn }, ARGUMENTS, 3, "argument")
  if rawget(_G, "ngx") then error("salon.main: it ends the process; call the function itself in nginx", 2) end
  local ok, result, err = pcall(fn)
  local status, failure = status_of(result)
  if not ok then failure = text_of(result)
  elseif result == nil and err ~= nil then failure = text_of(err) end
  if not core.printed() then failure = failure or "standard output cannot be written" end
  if failure then io.stderr:write(name, ": ", failure, "\n") end
  if failure then status = 1 end
  if status ~= 0 then os.exit(status, true) end
end
