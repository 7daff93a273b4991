-- Draws doc/latency.svg: how long requests take at nginx, by how many are asked
-- for, through salon, a bare cosocket handler and proxy_pass. The offered loads
-- are shares of what proxy_pass can do at most; a line ends where its way no
-- longer keeps up. The clients begin one after the other: h2load would have all
-- of them ask at the same moment, and show how long the last of a crowd waits.

local front = require "bench.front"
local support = require "bench.support"
local svg = require "bench.svg"

local CLIENTS, TARGET = 50, "plain-fast-short"
local SHARES = { 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9 }
local ROUNDS = support.at_most(1, 3)
local KEEPS_UP = 0.95
local APART = 7  -- ms from one client's beginning to the next one's
local RAMP = APART * CLIENTS / 1000 + 0.1
local SECONDS = 1
local FILE = "doc/latency.svg"

local WAYS = {
  { path = "salon", name = "salon", colour = "#d9480f" },
  { path = "cosocket", name = "bare ngx.socket.tcp", colour = "#1c7ed6" },
  { path = "proxy", name = "proxy_pass, no Lua", colour = "#868e96" },
}

local plot = {}

local function url(address, way) return ("%s/%s/%s"):format(address, way.path, TARGET) end

-- Requests per second and client, for each share of the most there can be.
local function rates_for(address)
  local most = {}
  for round = 1, ROUNDS do
    most[round] = front.load(("-c %d -D 1"):format(CLIENTS), url(address, WAYS[3])).rate
  end
  local rates = {}
  for i, share in ipairs(SHARES) do
    rates[i] = math.max(1, math.floor(support.median(most) * share / CLIENTS))
  end
  return rates
end

-- Runs of all ways at one load: path -> list.
local function at_load(address, rate)
  local paths, by_path = {}, {}
  for i, way in ipairs(WAYS) do paths[i], by_path[way.path] = way.path, way end
  return support.take_turns(paths, ROUNDS, function(path)
    return front.load(("-c %d -r 1 --rate-period=%dms --rps %d -n %d"):format(CLIENTS, APART, rate,
      math.floor(rate * CLIENTS * (RAMP + SECONDS))), url(address, by_path[path]), RAMP, SECONDS)
  end)
end

local function keeps_up(runs, offered)
  return support.median(front.column(runs, "rate")) >= KEEPS_UP * offered
end

local function measure(address)
  local rates, p50, p99, over = rates_for(address), { {}, {}, {} }, { {}, {}, {} }, {}
  for _, rate in ipairs(rates) do
    local runs, offered = at_load(address, rate), rate * CLIENTS
    for i, way in ipairs(WAYS) do
      local own = runs[way.path]
      over[i] = over[i] or not keeps_up(own, offered)
      if not over[i] then
        table.insert(p50[i], { offered, support.median(front.column(own, "p50")) })
        table.insert(p99[i], { offered, support.median(front.column(own, "p99")) })
      end
    end
  end
  return p50, p99, rates[#rates] * CLIENTS
end

-- The lowest and the highest time of all, widened to 1, 2 or 5 of a decade.
local function limits(...)
  local low, high = math.huge, 0
  for _, panel in ipairs { ... } do
    for _, points in ipairs(panel) do
      for _, point in ipairs(points) do
        low, high = math.min(low, point[2]), math.max(high, point[2])
      end
    end
  end
  local function below(value)
    local decade = 10 ^ math.floor(math.log(value) / math.log(10))
    return value >= 5 * decade and 5 * decade or value >= 2 * decade and 2 * decade or decade
  end
  local bottom, top = below(low), below(high)
  while top < high do top = below(top * 2.51) end
  return bottom, top
end

function plot.run()
  local address = front.start()
  for _, way in ipairs(WAYS) do front.load(("-c %d -n 2000"):format(CLIENTS), url(address, way)) end
  local p50, p99, most = measure(address)
  front.check()
  local low, high = limits(p50, p99)
  support.capture("mkdir -p doc")
  support.write(FILE, svg.draw {
    title = "Time of a request at nginx that makes one call, in ms, by requests offered",
    x_title = "requests per second", x_max = most, y_min = low, y_max = high, series = WAYS,
    panels = { { title = "half of them take less (p50)", points = p50 },
      { title = "99 of 100 take less (p99)", points = p99 } },
  })
  print(("%s: %d clients, one worker, %d loads, median of %d runs each"):format(FILE, CLIENTS, #SHARES, ROUNDS))
end

return plot
