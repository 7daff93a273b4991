-- Walking the 10,000 rooms and 3,000 events of an OpenTalk that takes 20 ms for
-- each answer: salon with one page under way and with several, libcurl alone
-- with as many, and what one would take instead. Each walk is a process of its
-- own that opens its connection and then times itself; they take turns.
--
-- Rooms come by page numbers. Events come by cursors, each in the answer
-- before, so that one page can be under way; salon walks those with a time and
-- those without apart, and libcurl does the same here.

local support = require "bench.support"

local ROOMS, EVENTS, PAGE, LATENCY = 10000, 3000, 100, 0.02
local ROUNDS = support.at_most(1, 5)
local SLOW_ROUNDS = support.at_most(1, 3)  -- of those that take seconds

local lists = { WINDOW = 10 }

-- Who can be had -------------------------------------------------------------

local function can_prefetch()
  local client = require("salon").opentalk { url = "http://127.0.0.1:1", token = "none" }
  local ok = pcall(client.rooms.each, client.rooms, { prefetch = lists.WINDOW })
  client:close()
  return ok
end

---The command that lets salon walk a list, with that many pages under way.
function lists.salon(base, list, window)
  local prefetch = can_prefetch() and list == "rooms"
  return ("%s bench/walk.lua %s %s %s"):format(support.lua, base, list, prefetch and window or "")
end

-- A Python with requests and aiohttp, kept in the build folder; else the
-- machine's own.
local function python(build)
  local folder = build .. "/bench/venv"
  local program = folder .. "/bin/python"
  local _, code = support.run(("%s -c 'import requests, aiohttp'"):format(program))
  if code ~= 0 then
    _, code = support.run(("rm -rf %s && python3 -m venv %s && %s -m pip install -q requests aiohttp")
      :format(folder, folder, program))
  end
  return code == 0 and program or "python3"
end

-- The first of the Luas that has lua-http and lua-cjson. (Debian 12 packs one of
-- its parts for 5.1 only.)
local function lua_with_http()
  for _, program in ipairs { "lua5.4", "lua5.3", "lua5.1", "luajit" } do
    local _, code = support.run(program .. [[ -e 'require "http.client" require "cjson"']])
    if code == 0 then return program end
  end
  return "lua5.4"
end

-- name -> { command, versions, rounds }; nil and a reason in `absent` where the
-- program does not run.
local function find_peers(build, base)
  local host, port = base:match "^http://([^:]*):(%d+)$"
  local py, lua = python(build), lua_with_http()
  local programs = {
    requests = { py .. " bench/walk.py", base },
    aiohttp = { py .. " bench/walk_async.py", base },
    ["lua-http"] = { lua .. " bench/walk_http.lua", host .. " " .. port },
  }
  local peers, absent = {}, {}
  for name, program in pairs(programs) do
    local text, code = support.run(program[1])
    if code == 0 then
      peers[name] = { command = program[1] .. " " .. program[2], versions = text:match "[^\n]*" }
    else
      absent[name] = text:match "([^\n]*)%s*$"
    end
  end
  return peers, absent
end

-- Measuring ------------------------------------------------------------------

local function walk(command, token)
  local text = support.capture(("BENCH_TOKEN=%s %s"):format(support.quote(token), command))
  local entries, seconds = text:match "^(%d+) ([%d.]+)"
  if not entries then error(("%s\nfailed: %s"):format(text, command), 0) end
  return tonumber(seconds), tonumber(entries)
end

-- Times of all `commands` (name -> command), in turns, and how many entries all
-- of them counted; those that take seconds are left out after a few rounds.
local function measure(commands, token)
  local names = {}
  for name in pairs(commands) do names[#names + 1] = name end
  table.sort(names)
  local _, wanted = walk(commands.salon, token)  -- the sandbox renders its pages now
  local times = support.take_turns(names, ROUNDS, function(name, round)
    if round > SLOW_ROUNDS and name ~= "salon" and name ~= "libcurl" and not name:find "window" then
      return nil
    end
    local time, entries = walk(commands[name], token)
    if entries ~= wanted then
      error(("salon counted %d entries, %s %d"):format(wanted, name, entries), 0)
    end
    return time
  end)
  return times, wanted
end

local function against(times, one, other)
  return support.ratio(times[one], times[other])
end

local function seconds(times, name) return support.median(times[name]) end

-- The figures ----------------------------------------------------------------

local PEERS = { "requests", "aiohttp", "lua-http" }

local function report_peers(title, times, salon, peers, absent, wanted)
  for _, name in ipairs(PEERS) do
    local figure = ("%s, %s : salon"):format(title, name)
    if peers[name] then
      support.figure(figure, "%.2f", against(times, name, salon), wanted,
        "%s, one page at a time: %.3f s", peers[name].versions, seconds(times, name))
    else
      support.cannot(figure, absent[name])
    end
  end
end

local function report_ahead(title, times, entries)
  support.figure(title .. ", one page ahead, salon : libcurl alone", "%.3f",
    against(times, "salon", "libcurl"), "<= 1.15", "%d entries: %.3f s and %.3f s, median of %d; %d pages x %d ms",
    entries, seconds(times, "salon"), seconds(times, "libcurl"), ROUNDS, math.ceil(entries / PAGE), LATENCY * 1000)
end

local function report_window(times)
  local title = ("rooms, %d pages under way"):format(lists.WINDOW)
  support.figure(title .. ", salon : libcurl alone", "%.3f",
    against(times, "salon window", "libcurl window"), "<= 1.15",
    "%d rooms: %.3f s and %.3f s, median of %d; %d pages x %d ms / %d = %.3f s", ROOMS,
    seconds(times, "salon window"), seconds(times, "libcurl window"), ROUNDS, ROOMS / PAGE,
    LATENCY * 1000, lists.WINDOW, ROOMS / PAGE * LATENCY / lists.WINDOW)
  if times["aiohttp window"] then
    support.figure(title .. ", aiohttp : salon", "%.2f", against(times, "aiohttp window", "salon window"), nil,
      "%.3f s", seconds(times, "aiohttp window"))
  end
end

local function rooms(build, base, token, peers, absent)
  local libcurl = ("%s/bench/walk %s %%d '/v1/rooms?per_page=100'"):format(build, base)
  local prefetch = can_prefetch()
  local commands = {
    salon = lists.salon(base, "rooms", 1),
    libcurl = libcurl:format(1), ["libcurl window"] = libcurl:format(lists.WINDOW),
    ["salon window"] = prefetch and lists.salon(base, "rooms", lists.WINDOW) or nil,
  }
  for name, peer in pairs(peers) do commands[name] = peer.command .. " rooms" end
  if peers.aiohttp then
    commands["aiohttp window"] = ("%s rooms %d"):format(peers.aiohttp.command, lists.WINDOW)
  end
  local times, entries = measure(commands, token)
  if entries ~= ROOMS then error("there are rooms missing", 0) end
  report_ahead("rooms", times, entries)
  if prefetch then
    report_window(times)
  else
    support.cannot("rooms, several pages under way", "salon has no prefetch")
  end
  report_peers("rooms", times, prefetch and "salon window" or "salon", peers, absent, ">= 8")
end

local function events(build, base, token, peers, absent)
  local list = "'/v1/events?per_page=100&time_independent=%s'"
  local commands = {
    salon = lists.salon(base, "events"),
    libcurl = ("%s/bench/walk %s 1 %s %s"):format(build, base, list:format "true", list:format "false"),
  }
  for name, peer in pairs(peers) do commands[name] = peer.command .. " events" end
  local times, entries = measure(commands, token)
  report_ahead("events", times, entries)  -- exceptions of series come on top
  report_peers("events", times, "salon", peers, absent)
end

function lists.run(build)
  local options = {
    meet = false, rooms = ROOMS, events = EVENTS, latency = LATENCY, token_life = 3600,
  }
  support.with_sandbox(options, function(sandbox)
    local base, token = sandbox.opentalk.controller_url, support.token(sandbox)
    local peers, absent = find_peers(build, base)
    rooms(build, base, token, peers, absent)
    events(build, base, token, peers, absent)
  end)
end

return lists
