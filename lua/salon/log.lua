-- Functions for a client's option `on_event`, which write lines:
--
--   salon.log.stderr()        to the standard error
--   salon.log.ngx()           to nginx's error log
--   salon.log.write(fn)       with fn(line, level)
--
-- What goes well is of level "info" when it is a whole call or a login, of level "debug" when it
-- is one attempt; what failed is "error", but told once: of a login that fails the request of the
-- login service is "debug", and the call that waited for it "info". The argument is the least level
-- that is written: "info" by default.

local Error = require "salon.internal.error"
local lower = require "salon.internal.lower"

local log = {}

local LEVELS = { debug = 1, info = 2, error = 3 }

local function level_of(event, told)
  local err = event.error
  if err then
    if event.inner then return "debug" end
    if told[err] then return "info" end
    told[err] = true
    return "error"
  end
  return (event.name == "attempt" or event.name == "retry") and "debug" or "info"
end

local function with(text, ...)
  return (...) ~= nil and text:format(...) or ""
end

-- With a point in every locale.
local function seconds(duration)
  local thousandths = math.floor(duration * 1000 + 0.5)
  return ("%d.%03d s"):format(math.floor(thousandths / 1000), thousandths % 1000)
end

local function line_of(event)
  if event.name == "store" then return "store failed, the login stays in memory: " .. tostring(event.error) end
  local took = seconds(event.duration)
  local name = event.name == "done" and "call" or event.name
  local what = name .. with(" of %s", event.user) .. with(" at %s", event.client)
  local sent_as = with(" [sent as %s]", event.sent_request_id)
  if event.error then return ("%s failed in %s: %s%s"):format(what, took, tostring(event.error), sent_as) end
  if event.url == nil then return ("%s in %s"):format(what, took) end
  if event.name == "retry" then
    return ("%s %s: attempt %d after %s"):format(event.method, event.url, event.attempt, took)
  end
  return ("%s %s%s: %s in %s%s%s%s%s"):format(event.method, event.url,
    with(" attempt %d", event.attempt), event.status or "no response", took,
    with(", %d bytes", event.bytes), with(", attempts %d", event.attempts),
    with(" [request %s]", event.request_id), sent_as)
end

local function check(fname, level)
  if level == nil then return LEVELS.info end
  if LEVELS[level] == nil then
    error(("%s: argument 'level' must be one of 'debug', 'info', 'error'"):format(fname), 3)
  end
  return LEVELS[level]
end

local function writer(least, write)
  local told = setmetatable({}, { __mode = "k" })  -- errors
  return function(event)
    local level = level_of(event, told)
    if LEVELS[level] >= least then write("salon: " .. Error.one_line(line_of(event)), level) end
  end
end

---@param level? "debug"|"info"|"error"
---@return fun(event: salon.LogEvent)
function log.stderr(level)
  return writer(check("salon.log.stderr", level), function(line)
    io.stderr:write(os.date "!%Y-%m-%dT%H:%M:%SZ ", line, "\n")
  end)
end

---@param level? "debug"|"info"|"error"
---@return fun(event: salon.LogEvent)
function log.ngx(level)
  local least = check("salon.log.ngx", level)
  if rawget(_G, "ngx") == nil then error("salon.log.ngx: this is not nginx", 2) end
  local levels = { debug = ngx.DEBUG, info = ngx.INFO, error = ngx.ERR }
  return writer(least, function(line, of) ngx.log(levels[of], line) end)
end

---@param fn fun(line: string, level: "debug"|"info"|"error")
---@param level? "debug"|"info"|"error"
---@return fun(event: salon.LogEvent)
function log.write(fn, level)
  local least = check("salon.log.write", level)
  if type(fn) ~= "function" then error("salon.log.write: argument 'fn' must be a function", 2) end
  return writer(least, fn)
end

---What the environment variable SALON_LOG asks for.
---@return fun(event: salon.LogEvent)?
function log.of_environment()
  local level = lower(os.getenv "SALON_LOG" or "")
  if LEVELS[level] then return log.stderr(level) end
  io.stderr:write "salon: SALON_LOG must be 'debug', 'info' or 'error'; nothing is logged\n"
end

return log
