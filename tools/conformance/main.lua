-- `make conformance`: plays recorded exchanges with real servers to the sandbox
-- and compares its responses. RECORDINGS names another folder of the same form;
-- VERBOSE=1 tells every difference.
--
-- Prints one line per file, then what differs; fails when an exchange differs
-- that scope.lua has no reason for, or more than 2 in 100.

local cjson = require("cjson").new()
local core = require "salon.core"
local shell = require "salon.sandbox.shell"
local compare = require "tools.conformance.compare"
local new_player = require "tools.conformance.steps"
local scope = require "tools.conformance.scope"
local start_state = require "tools.conformance.state"
local wire = require "tools.conformance.wire"

local folder = os.getenv "RECORDINGS" or "spec/recorded"
local verbose = os.getenv "VERBOSE"

local function read_json(name)
  local text = assert(shell.read(folder .. "/" .. name), "no " .. name)
  return core.decode(text, cjson.decode)
end

-- Headers of responses come as a list: one text for each name here.
local function read_exchanges(name)
  local list = {}
  for line in shell.read(folder .. "/" .. name):gmatch "[^\n]+" do
    local exchange = core.decode(line, cjson.decode)
    local headers = {}
    for _, header in ipairs(exchange.response.headers) do
      local key, value = header[1]:lower(), header[2]
      headers[key] = headers[key] and headers[key] ~= value and headers[key] .. ", " .. value or value
    end
    exchange.response.headers = headers
    list[#list + 1] = exchange
  end
  return list
end

-- The request as it is to be sent now.
local function translated(player, request)
  local function now(text)
    return player.map:translate(text, function(kind, name) return player:missing(kind, name) end)
  end
  local body = request.body
  local new = { method = request.method, path = now(request.path), headers = {}, more = "--http1.1" }
  if body and (request.headers["Transfer-Encoding"] or ""):find "chunked" then
    body = body:gsub("%x+\r\n([^\r]*)\r\n", "%1")    -- without the chunk sizes: curl makes chunks anew
  end
  new.body = body and now(body)
  for name, value in pairs(request.headers) do
    value = now(value)
    -- A true length stays true (curl's own), a false one stays as false as it was.
    if name:lower() == "content-length" and tonumber(value) == #(body or "") then value = nil end
    new.headers[name] = value
  end
  return new
end

-- Lists of rooms in the order of ids or names that are drawn at random.
local SHUFFLED = { ["/v1/rooms"] = "", ["/external-api/v1.0/rooms/"] = ".results" }

local TOLERANCE = { ["short-refresh-near-end"] = 1 }

-- Plays one exchange; returns the differences.
local function play(player, exchange)
  local response, message = wire.send(player.server.origin, translated(player, exchange.request))
  if not response then return { message } end
  player.map.tolerance = TOLERANCE[exchange.name]
  player.map.shuffled = exchange.request.method == "GET" and SHUFFLED[exchange.request.path:match "^[^?]*"]
  return player.map:responses(exchange.response, response)
end

-- What an exchange out of scope changed: a recorder's upload, and logins that it ended.
local function stand_in(player, exchange)
  local room, file = exchange.request.path:match "/upload_render%?room_id=([^&]+)&filename=(.+)$"
  if room then
    file = file:gsub("%%(%x%x)", function(code) return string.char(tonumber(code, 16)) end)
    player.server:put("asset", nil, { room = player.map:translate(room), body = exchange.request.body,
      filename = file, namespace = "recording" })
  end
  for other, about in pairs(player.holders) do
    if (about.ends or ""):find("by " .. exchange.name, 1, true) and about.login and about.kind ~= "access" then
      player:form(player.server, about.realm, "logout", { "client_id", about.client,
        "refresh_token", player.map:known("holder", other) or player:missing("holder", other) })
    end
  end
end

local function profiles_in(exchanges)
  local ids = {}
  for _, exchange in ipairs(exchanges) do
    for id, email in exchange.response.body:gmatch '"id":"([^"]+)","email":"([^"]+)"' do ids[email] = id end
  end
  return ids
end

local function run_file(name)
  local family = name:match "^%l+"
  local exchanges, holders = read_exchanges(name), read_json("placeholders.json")[name] or {}
  local servers, place, secrets = start_state(name, exchanges, holders)
  -- Tokens of the login service are bound to the host they were asked for at;
  -- OpenTalk's are those of the controller's own provider.
  local player = new_player { map = compare.new(family), servers = servers, place = place, secrets = secrets,
    holders = holders, profiles = profiles_in(exchanges),
    host = family ~= "opentalk" and exchanges[1].request.headers.Host or nil }
  local before = {}
  for _, entry in ipairs(read_json("steps.json")[name] or {}) do before[entry.before] = entry.steps end
  local agreed, out, differing = 0, 0, {}
  for _, exchange in ipairs(exchanges) do
    player:run(before[exchange.name] or {}, exchange.name)
    player.server, player.moments[exchange.name] = servers[place(exchange.name)], player:now()
    if scope.out(exchange) then
      out = out + 1
      stand_in(player, exchange)
    else
      local differences = play(player, exchange)
      if differences[1] then
        differing[#differing + 1] = { exchange.name, differences }
      else
        agreed = agreed + 1
      end
    end
  end
  for _, server in pairs(servers) do server:stop() end
  print(("%s: %d agreed, %d differing, %d out of scope"):format(name, agreed, #differing, out))
  return differing, agreed + #differing
end

local total, differing, unexplained = 0, 0, 0
for name in shell.run("cd " .. shell.quote(folder) .. " && ls *.jsonl"):gmatch "%S+%.jsonl" do
  local list, played = run_file(name)
  total, differing = total + played, differing + #list
  for _, entry in ipairs(list) do
    local reason = scope.reasons[entry[1]]
    if not reason then unexplained = unexplained + 1 end
    print(("  %s: %s"):format(entry[1], reason or entry[2][1]))
    if verbose then print("    " .. table.concat(entry[2], "\n    ")) end
  end
end
if unexplained > 0 or differing * 100 > 2 * total then
  print(("%d of %d differ, %d without a reason"):format(differing, total, unexplained))
  os.exit(1)
end
