-- Coming and going: how long `require "salon"` takes in a fresh process, and
-- how long a Lua state takes to close with 100 transfers under way.

local support = require "bench.support"

local REQUIRES, CLOSES = 31, 7

local start = {}

-- Milliseconds of a whole interpreter run.
local function run(code)
  local before = support.now()
  assert(os.execute(support.lua .. " -e " .. support.quote(code)))
  return (support.now() - before) * 1000
end

local function loading()
  local nothing, all, core = {}, {}, {}
  run 'require "salon"'  -- files are in memory from here on
  for i = 1, REQUIRES do
    nothing[i] = run ""
    all[i] = run 'require "salon"' - nothing[i]
    core[i] = run 'require "salon.core"' - nothing[i]
  end
  support.figure('require "salon"', "%.1f ms", support.median(all), "< 10 ms",
    "a fresh process with it less one without (%.1f ms), median of %d; %.1f ms are salon.core with libcurl",
    support.median(nothing), REQUIRES, support.median(core))
end

local function close(url, ca_file)
  local times = {}
  for i = 1, CLOSES do
    local text = support.capture(("%s bench/close.lua %s %s"):format(support.lua, url, ca_file))
    times[i] = (support.now() - tonumber(text)) * 1000
  end
  return support.median(times), support.quantile(times, 1)
end

local function closing(sandbox)
  local plain, most = close(sandbox.meet.url, sandbox.ca_file)
  local tls, most_tls = close(sandbox.meet.tls.url, sandbox.ca_file)
  support.figure("closing a state with 100 transfers in flight", "%.1f ms", math.max(plain, tls),
    "< 100 ms", "to the end of the process, median and most of %d: plain %.1f and %.1f ms, "
    .. "TLS %.1f and %.1f ms", CLOSES, plain, most, tls, most_tls)
end

function start.run()
  loading()
  support.with_sandbox({ opentalk = false, latency = 60 }, closing)
end

return start
