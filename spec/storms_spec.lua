-- Bad weather as data: every fault of spec/support/weather.lua, met by a plain
-- script and by a content handler of nginx with a deadline of two seconds. What
-- comes back is as the table says, in time; a creation reaches the server once
-- at most; afterwards the client works and nothing is left open. Many faults are
-- met at the same time: those of a script in a process each.

local Authority = require "spec.support.authority"
local cjson = require "cjson"
local core = require "salon.core"
local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local support = require "spec.support"
local weather = require "spec.support.weather"

local AT_ONCE = 12
local OVERSHOOT = 0.25     -- seconds past the deadline
local MORE_RESIDENT = 12 * 1024    -- KiB

local sanitized = (os.getenv("SALON_BUILD") or ""):find("asan") ~= nil

local WALK = [[
  listen 127.0.0.1:%d;
  location /good { default_type application/json; return 200 '%s'; }
  location / { content_by_lua_block {
    local page = tonumber(ngx.var.arg_page) or 1
    local bad = page == %d and io.open(ngx.config.prefix() .. "bad")
    if bad then
      bad:close()
      if "%s" == "dies" then os.execute("kill -KILL " .. ngx.worker.pid()) end
      return ngx.exit(500)
    end
    local entries = {}
    for i = 1, %d do entries[i] = ('{"id":"%%d-%%d"}'):format(page, i) end
    local next = page < %d and ('"http://127.0.0.1:%d%%s?page=%%d"'):format(ngx.var.uri, page + 1) or "null"
    ngx.header["Content-Type"] = "application/json"
    ngx.print(('{"count":%%d,"next":%%s,"results":[%%s]}'):format(%d * %d, next, table.concat(entries, ",")))
  } }
]]

local HANDLER = [[
  lua_socket_log_errors off;
  server {
    listen 127.0.0.1:%d;
    location = /row { content_by_lua_block {
      local storm = require "spec.support.storm"
      local result = storm.run(dofile("%s"), "nginx", tonumber(ngx.var.arg_n))
      ngx.say(require("cjson").encode(result))
    } }
    location = /held { content_by_lua_block {
      local storm = require "spec.support.storm"
      if ngx.var.arg_warm then storm.warm(dofile("%s")) end
      ngx.say(require("cjson").encode(storm.held()))
    } }
  }
]]

-- A value as Lua text.
local function text_of(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for k, v in pairs(value) do parts[#parts + 1] = ("[%s] = %s"):format(text_of(k), text_of(v)) end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

-- Starts a program of spec/c that prints its port; it ends with its pipe.
local function start_blackhole()
  local folder = support.folder()
  local pipe = assert(io.popen("exec build/5.4/c/blackhole " .. support.quote(folder), "r"))
  return { folder = folder, pipe = pipe, port = assert(pipe:read "*l") }
end

-- ---- the stage ----

-- All that one host needs; every row has a server or a name to itself.
local function build(host)
  local stage, take = { host = host, pipes = {}, guests = {} }, support.free_ports()
  local output, status = support.run("make -s build/5.4/c/blackhole")
  assert(status == 0, output)
  stage.folder = support.folder()
  output, status = support.run(("%s -shared -fPIC -o %s/lookup.so spec/c/lookup.c -ldl")
    :format(os.getenv("CC") or "cc", support.quote(stage.folder)))
  assert(status == 0, output)

  stage.raw = raw.start()
  stage.raw:answer("good", weather.GOOD)
  local place = { raw = { url = stage.raw.url, folder = stage.raw.folder }, h2 = {}, rooms = {},
    walk = {}, hang = stage.folder }

  local faults = {}
  for row, fault in ipairs(weather.FAULTS) do
    faults[fault[2]] = faults[fault[2]] or {}
    table.insert(faults[fault[2]], { row = row, how = fault[3], expected = fault[4] })
  end

  stage.h2 = {}
  for _, fault in ipairs(faults.h2) do
    local server = raw.start(true)
    stage.h2[fault.how] = server
    place.h2[fault.how] = { url = server.url, folder = server.folder, ca_file = server.ca_file }
  end

  stage.sandbox = support.start { rooms = #faults.sandbox, meet = false }
  place.opentalk = support.opentalk(stage.sandbox)
  for i, room in ipairs(stage.sandbox:rooms()) do
    local fault = faults.sandbox[i]
    if fault then
      place.rooms[fault.row] = room.id
      local order = { route = "* /v1/rooms/" .. room.id,
        count = fault.expected.get.attempts + fault.expected.post.attempts }
      for name, value in pairs(fault.how) do order[name] = value end
      stage.sandbox:fault(order)
    end
  end

  local authority = Authority.new()
  stage.authority = authority
  authority:sign("good", "localhost", "-days 2")
  authority:sign("other", "elsewhere.example", "-days 2")
  authority:sign("expired", "localhost", "-startdate 20200101000000Z -enddate 20200201000000Z")
  authority:self_signed("own", "localhost")
  local blocks = {}
  place.https = { ca_file = authority.ca_file, silent = stage.raw.url:gsub("^http:", "https:") }
  for _, name in ipairs { "good", "other", "expired", "own" } do
    local port = take()
    place.https[name] = "https://localhost:" .. port
    blocks[#blocks + 1] = authority:server(name, port, weather.PAGE)
  end
  for _, fault in ipairs { "fails", "dies" } do
    local port = take()
    blocks[#blocks + 1] = "server {" .. WALK:format(port, weather.PAGE, weather.BAD_PAGE, fault,
      weather.PER_PAGE, weather.PAGES, port, weather.PAGES, weather.PER_PAGE) .. "}"
    local guest = nginx.start(table.concat(blocks, "\n"))
    stage.guests[#stage.guests + 1] = guest
    place.walk[fault] = { url = "http://127.0.0.1:" .. port, folder = guest.folder }
    blocks = {}
  end
  place.https.plain = place.walk.fails.url:gsub("^http:", "https:")

  local swallows, briefly = start_blackhole(), start_blackhole()
  stage.holes = { swallows, briefly }
  place.address = {
    ["black hole"] = { url = "http://127.0.0.1:" .. swallows.port, folder = swallows.folder },
    ["black hole, quickly"] = { url = "http://127.0.0.1:" .. briefly.port, folder = briefly.folder,
      connect_timeout = 0.5 },
    ["hanging name"] = { url = ("http://%s.hang.test:%s"):format(host, stage.raw.url:match("%d+$")),
      name = host },
    nobody = { url = "http://127.0.0.1:" .. support.NO_PORT },
    ["no name"] = { url = "http://x.none.test" },
  }

  stage.place = support.write(stage.folder .. "/place.lua", "return " .. text_of(place))
  stage.environment = { LD_PRELOAD = stage.folder .. "/lookup.so", SALON_HANG = stage.folder }
  return stage
end

local function clear(stage)
  if stage.guest then stage.guest:stop() end
  for _, guest in ipairs(stage.guests) do guest:stop() end
  for _, server in pairs(stage.h2) do server:stop() end
  for _, hole in ipairs(stage.holes) do
    hole.pipe:close()
    support.remove(hole.folder)
  end
  stage.raw:stop()
  stage.sandbox:stop()
  stage.authority:remove()
  support.remove(stage.folder)
end

-- ---- the hosts: each meets all faults and returns { row = result } ----

local function parallel(command)
  local output = support.run(("seq %d | xargs -P %d -I '{}' %s"):format(#weather.FAULTS, AT_ONCE, command))
  local results = {}
  for line in output:gmatch("[^\n]+") do
    local ok, result = pcall(cjson.decode, line)
    if ok and type(result) == "table" then results[result.row] = result
    else io.write(line, "\n") end    -- whatever it is, a row is missing for it
  end
  return results
end

local HOSTS = {}

function HOSTS.plain(stage)
  local words, environment = { "env" }, {}
  for name, value in pairs(stage.environment) do environment[name] = value end
  if sanitized then
    environment.ASAN_OPTIONS = (os.getenv("ASAN_OPTIONS") or "") .. ":verify_asan_link_order=0"
  end
  for name, value in pairs(environment) do words[#words + 1] = name .. "=" .. support.quote(value) end
  words[#words + 1] = ("%s spec/support/storm.lua %s plain '{}'")
    :format(support.quote(support.lua), support.quote(stage.place))
  return parallel(table.concat(words, " "))
end

function HOSTS.nginx(stage)
  local port = support.free_ports()()
  stage.guest = nginx.start(HANDLER:format(port, stage.place, stage.place), stage.environment)
  local url = "http://127.0.0.1:" .. port
  local function held(query) return cjson.decode((support.curl(url .. "/held" .. query))) end
  held "?warm=1"
  local before = held "?warm=1"
  local results = parallel(("curl -sS --noproxy '*' --max-time 60 '%s/row?n={}'"):format(url))
  local after
  for _ = 1, 200 do
    after = held ""
    if after.descriptors <= before.descriptors and after.clients == 0 then break end
    support.run("sleep 0.1")
  end
  results.before, results.after = before, after
  return results
end

-- ---- the verdict ----

local function assert_call(call, expected, name)
  local text = ("%s %s: %s"):format(name, call.method, tostring(call.text))
  for _, column in ipairs { "kind", "attempts", "status", "outcome", "retryable" } do
    assert.equal(expected[column], call[column], column .. " of " .. text)
  end
  assert.is_nil(call.secret, text)
  assert.is_true(call.seconds <= weather.DEADLINE + OVERSHOOT, ("%.3f s: %s"):format(call.seconds, text))
end

local function assert_held(before, after)
  assert.is_true(after.descriptors <= before.descriptors,
    ("%d descriptors, then %d"):format(before.descriptors, after.descriptors))
  assert.equal(0, after.clients)
  if not sanitized then
    assert.is_true(after.resident - before.resident < MORE_RESIDENT,
      ("%d KiB more resident"):format(after.resident - before.resident))
  end
end

-- How many creations of a row have arrived.
local function arrived(stage, row)
  local fault, name = weather.FAULTS[row], stage.host .. row
  if fault[2] == "h2" then
    -- frames are counted, not read: all that is no list is a creation
    local requests = select(2, stage.h2[fault[3]]:log():gsub("\n", ""))
    return requests - fault[4].get.attempts - 1
  elseif fault[2] == "sandbox" then
    local n, id = 0, dofile(stage.place).rooms[row]
    for _, request in ipairs(stage.sandbox:requests()) do
      if request.method == "POST" and request.path:find(id, 1, true) then n = n + 1 end
    end
    return n
  end
  return select(2, stage.raw:log():gsub("POST /" .. name .. "/", ""))
end

local worst, hosts = 0, 0

for _, host in ipairs { "plain", "nginx" } do
  describe("bad weather met in " .. host, function()
    local stage, results, seconds
    setup(function()
      stage = build(host)
      local start = core.now()
      results = HOSTS[host](stage)
      seconds = core.now() - start
      hosts = hosts + 1
    end)
    teardown(function() clear(stage) end)

    for row, fault in ipairs(weather.FAULTS) do
      it("is as told when the server " .. fault[1], function()
        local result = assert(results[row], "no result")
        local expected = fault[4]
        for _, call in ipairs(result.calls) do
          assert_call(call, call.expected or expected[call.method:lower()], fault[1])
          worst = math.max(worst, call.seconds - weather.DEADLINE)
          if call.entries then
            assert.equal((weather.BAD_PAGE - 1) * weather.PER_PAGE, call.entries)
          end
        end
        assert.is_true(#result.calls >= (fault[2] == "walk" and 1 or 2))
        assert.is_true(result.works, tostring(result.works))
        local sent = arrived(stage, row)
        for _ = 1, 200 do    -- the sandbox notes what it has answered
          if sent > 0 or fault[2] ~= "sandbox" then break end
          support.run("sleep 0.1")
          sent = arrived(stage, row)
        end
        if fault[3] == "each byte" then
          assert.equal(#result.calls / 2, sent)
        elseif fault[2] == "raw" or fault[2] == "h2" or fault[2] == "sandbox" then
          assert.equal(1, sent)
        else
          assert.equal(0, sent)
        end
        if result.before then assert_held(result.before, result.after) end
      end)
    end

    it("leaves nothing behind, and does not last", function()
      if results.before then assert_held(results.before, results.after) end
      assert.is_true(seconds < 120, seconds)
    end)
  end)
end

describe("bad weather", function()
  it("makes nobody late", function()
    io.write(("\nbad weather: %d faults x %d hosts, worst overshoot %d ms\n")
      :format(#weather.FAULTS, hosts, math.floor(worst * 1000 + 0.5)))
    assert.equal(2, hosts)
    assert.is_true(worst <= OVERSHOOT)
  end)
end)
