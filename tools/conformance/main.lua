-- `make conformance`: plays recorded exchanges with real servers to the sandbox
-- and compares its answers. RECORDINGS names another folder of the same form;
-- VERBOSE=1 tells every difference.
--
-- Prints one line per file, then what differs; fails when an exchange differs
-- that scope.lua has no reason for, or more than 2 in 100.

local cjson = require("cjson").new()
local core = require "salon.core"
local compare = require "tools.conformance.compare"
local json = require "salon.sandbox.json"
local effect = require "tools.conformance.effects"
local scope = require "tools.conformance.scope"
local shell = require "salon.sandbox.shell"
local start_state = require "tools.conformance.state"
local steps = require "tools.conformance.steps"
local wire = require "tools.conformance.wire"

local folder = os.getenv "RECORDINGS" or "spec/recorded"
local verbose = os.getenv "VERBOSE"

local function read_json(name)
  local text = assert(shell.read(folder .. "/" .. name), "no " .. name)
  return core.normalise(cjson.decode(text))
end

local function read_lines(name)
  local list = {}
  for line in (shell.read(folder .. "/" .. name) or ""):gmatch("[^\n]+") do
    local exchange = cjson.decode(line)
    local request = exchange.request
    if request.body == cjson.null then request.body = nil end
    -- cjson keeps no order; that of request headers plays no part.
    local headers, is = {}, {}
    for key, value in pairs(request.headers) do
      headers[#headers + 1], is[key:lower()] = { key, value }, value
    end
    table.sort(headers, function(a, b) return a[1] < b[1] end)
    request.headers, request.is = headers, is
    list[#list + 1] = exchange
  end
  return list
end

-- The request as it is to be sent now.
local function translated(player, request)
  local function missing(kind, name) return player:missing(kind, name) end
  local function now(text) return player.map:translate(text, missing) end
  local body = request.body
  local new = { method = request.method, path = now(request.path), headers = {} }
  if body and (request.is["transfer-encoding"] or ""):find "chunked" then body = wire.unchunked(body) end
  new.body = body and now(body)
  for _, header in ipairs(request.headers) do
    local value = now(header[2])
    -- A true length stays true, a false one stays as false as it was.
    if header[1]:lower() == "content-length" and tonumber(value) == #(body or "") then
      value = tostring(#(new.body or ""))
    end
    new.headers[#new.headers + 1] = { header[1], value }
  end
  return new
end

local function user_of(player, request)
  local name = (request.is.authorization or ""):match(compare.HOLDER)
  local holder = name and player.holders[name:match("^[^.]*")]
  return holder and holder.user
end

-- OpenTalk sorts rooms by random ids: of a page only its size and the shape of
-- its entries can be compared, and that no room stands on two pages.
local ANY = { t = "boolean", v = true }

local function room_page(player, exchange, answer)
  local request = exchange.request
  if request.method ~= "GET" or request.path:match("^[^?]*") ~= "/v1/rooms" then return end
  local old, new = json.read(exchange.response.body), json.read(answer.body)
  if not old or not new or old.t ~= "array" or new.t ~= "array" or #old.v ~= #new.v then return end
  local known = true
  for _, room in ipairs(old.v) do known = known and player.map:known("uuid", room.map.id.v) end
  if known then
    for _, room in ipairs(old.v) do player.map.made[room.map.id.v] = true end
    return
  end
  local page = request.path:match("[?&]page=(%d+)") or "1"
  local walk = (request.is.authorization or "") .. (request.path:match("per_page=%d+") or "")
  local seen = player.seen[walk] or {}
  player.seen[walk] = seen
  for i, room in ipairs(new.v) do
    local id, like = room.map.id.v, old.v[i].map
    if seen[id] and seen[id] ~= page then return "room on two pages: " .. id end
    seen[id] = page
    for _, member in ipairs { "id", "password", "created_at" } do
      if room.map[member] and like[member] and room.map[member].t == like[member].t then
        room.map[member], like[member] = ANY, ANY
      end
    end
  end
  answer.body, exchange.response.body = json.render(new), json.render(old)
end

local TOLERANCE = { ["short-refresh-near-end"] = 1 }

-- Plays one exchange; returns the differences.
local function play(player, exchange)
  local server = player.servers[player.place(exchange.name)]
  player.server = server
  local answer, message = wire.send(server.origin, translated(player, exchange.request))
  if not answer then return { message } end
  local words = room_page(player, exchange, answer)
  player.map.tolerance = TOLERANCE[exchange.name]
  local out = player.map:answers(exchange.response, answer)
  if words then out[#out + 1] = words end
  local id = answer.status == 201 and exchange.response.body:match('"id":"([^"]*)"')
  if id then player.map.made[id] = true end
  return out
end

-- A login that an exchange out of scope ended is ended by logging out.
local function end_logins(player, name)
  for holder, about in pairs(player.holders) do
    if (about.ends or ""):find("by " .. name, 1, true) and about.realm and about.login then
      local token = about.kind ~= "access" and (player.map:known("holder", holder) or player:missing("holder", holder))
      if token then
        player:form(player.server, about.realm, "logout", { "client_id", about.client, "refresh_token", token })
      end
    end
  end
end

local function run_file(name)
  local family = name:match("^%l+")
  local exchanges = read_lines(name)
  local holders = read_json("placeholders.json")[name] or {}
  local map = compare.new(family)
  local servers, place = start_state(name, exchanges, holders)
  local player = steps.new(map, servers, place, holders)
  player.effect, player.seen, player.times, player.begun = effect, {}, {}, player:now()
  player.first, player.id, player.secrets = {}, {}, servers.secrets
  servers.secrets, player.profiles = nil, {}
  for _, exchange in ipairs(exchanges) do
    for id, email in exchange.response.body:gmatch '"id":"([^"]+)","email":"([^"]+)"' do
      player.profiles[email] = id
    end
  end
  -- Tokens of the login service are bound to the host they were asked for at;
  -- OpenTalk's are those of the controller's own provider.
  if family ~= "opentalk" then player.host = exchanges[1].request.is.host end
  local before = {}
  for _, entry in ipairs(read_json("steps.json")[name] or {}) do before[entry.before] = entry.steps end
  local count, differing = { agreed = 0, out = 0 }, {}
  for _, exchange in ipairs(exchanges) do
    local what = exchange.name
    if before[what] then player:run(before[what], what) end
    if scope.out(exchange.request) then
      count.out = count.out + 1
      player.server = servers[place(what)]
      exchange.request.user = user_of(player, exchange.request)
      effect(player, player.server, exchange.request, exchange.response)
      end_logins(player, what)
    else
      player.times[what] = player:now()
      local out = play(player, exchange)
      if out[1] then
        differing[#differing + 1] = { what, out }
      else
        count.agreed = count.agreed + 1
      end
    end
  end
  for _, server in pairs(servers) do server:stop() end
  print(("%s: %d agreed, %d differing, %d out of scope"):format(name, count.agreed, #differing, count.out))
  return differing, count.agreed + #differing
end

local total, differing, unexplained = 0, 0, 0
for name in shell.run("cd " .. shell.quote(folder) .. " && ls *.jsonl"):gmatch("%S+%.jsonl") do
  local list, played = run_file(name)
  total, differing = total + played, differing + #list
  for _, entry in ipairs(list) do
    local reason = scope.reasons[entry[1]]
    if not reason then unexplained = unexplained + 1 end
    print(("  %s: %s"):format(entry[1], reason or entry[2][1]))
    if verbose then print("    " .. table.concat(entry[2], "\n    ")) end
  end
end
wire.close()
if unexplained > 0 or differing * 100 > 2 * total then
  print(("%d of %d differ, %d without a reason"):format(differing, total, unexplained))
  os.exit(1)
end
