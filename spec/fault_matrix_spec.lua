-- Every fault of spec/support/faults.lua, met by a script and by a content handler of
-- nginx with a deadline of two seconds. The results are as the table says, in time; a
-- creation reaches the server once at most; afterwards the client works and nothing is
-- left open. Many faults are met at the same time: in a script, each in a process of
-- its own. Those whose calls were late are met again: a busy machine is late once, but
-- salon would be every time.

local Authority = require "spec.support.authority"
local cjson = require "cjson"
local core = require "salon.core"
local faults = require "spec.support.faults"
local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local support = require "spec.support"

local AT_ONCE = 12
local OVERSHOOT = 0.25     -- seconds past the deadline
local TRIES = 3
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
      local fault_calls = require "spec.support.fault_calls"
      local result = fault_calls.run(dofile("%s"), "nginx", tonumber(ngx.var.arg_n))
      ngx.say(require("cjson").encode(result))
    } }
    location = /held { content_by_lua_block {
      local fault_calls = require "spec.support.fault_calls"
      if ngx.var.arg_warm then fault_calls.warm(dofile("%s")) end
      ngx.say(require("cjson").encode(fault_calls.held()))
    } }
  }
]]

-- A value as Lua text.
local function text_of(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) ~= "table" then return (tostring(value):gsub(",", ".")) end  -- the locale's decimal point
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

-- All that one host needs; every row has a server or a name to itself.
local function build(host)
  local servers, take = { host = host, guests = {} }, support.free_ports()
  local output, status = support.run("make -s build/5.4/c/blackhole")
  assert(status == 0, output)
  servers.folder = support.folder()
  output, status = support.run(("%s -shared -fPIC -o %s/lookup.so spec/c/lookup.c -ldl")
    :format(os.getenv("CC") or "cc", support.quote(servers.folder)))
  assert(status == 0, output)

  servers.raw = raw.start()
  servers.raw:answer("good", faults.GOOD)
  local targets = { raw = { url = servers.raw.url, folder = servers.raw.folder }, h2 = {}, rooms = {},
    walk = {}, hang = servers.folder }

  local from = {}    -- the faults by where they come from
  for row, fault in ipairs(faults.LIST) do
    from[fault[2]] = from[fault[2]] or {}
    table.insert(from[fault[2]], { row = row, how = fault[3], expected = fault[4] })
  end

  servers.h2 = {}
  for _, fault in ipairs(from.h2) do
    local server = raw.start(true)
    servers.h2[fault.how] = server
    targets.h2[fault.how] = { url = server.url, folder = server.folder, ca_file = server.ca_file }
  end

  servers.sandbox = support.start { rooms = #from.sandbox, meet = false }
  targets.opentalk = support.opentalk(servers.sandbox)
  for i, room in ipairs(servers.sandbox:rooms()) do
    local fault = from.sandbox[i]
    if fault then
      targets.rooms[fault.row] = room.id
      local order = { route = "* /v1/rooms/" .. room.id,
        count = fault.expected.get.attempts + fault.expected.post.attempts }
      for name, value in pairs(fault.how) do order[name] = value end
      servers.sandbox:fault(order)
    end
  end

  local authority = Authority.new()
  servers.authority = authority
  authority:sign("good", "localhost", "-days 2")
  authority:sign("other", "elsewhere.example", "-days 2")
  authority:sign("expired", "localhost", "-startdate 20200101000000Z -enddate 20200201000000Z")
  authority:self_signed("own", "localhost")
  local blocks = {}
  targets.https = { ca_file = authority.ca_file, silent = servers.raw.url:gsub("^http:", "https:") }
  for _, name in ipairs { "good", "other", "expired", "own" } do
    local port = take()
    targets.https[name] = "https://localhost:" .. port
    blocks[#blocks + 1] = authority:server(name, port, faults.PAGE)
  end
  for _, fault in ipairs { "fails", "dies" } do
    local port = take()
    blocks[#blocks + 1] = "server {" .. WALK:format(port, faults.PAGE, faults.BAD_PAGE, fault,
      faults.PER_PAGE, faults.PAGES, port, faults.PAGES, faults.PER_PAGE) .. "}"
    local guest = nginx.start(table.concat(blocks, "\n"))
    servers.guests[#servers.guests + 1] = guest
    targets.walk[fault] = { url = "http://127.0.0.1:" .. port, folder = guest.folder }
    blocks = {}
  end
  targets.https.plain = targets.walk.fails.url:gsub("^http:", "https:")

  local swallows, briefly = start_blackhole(), start_blackhole()
  servers.holes = { swallows, briefly }
  targets.address = {
    ["black hole"] = { url = "http://127.0.0.1:" .. swallows.port, folder = swallows.folder },
    ["black hole, quickly"] = { url = "http://127.0.0.1:" .. briefly.port, folder = briefly.folder,
      connect_timeout = 0.5 },
    ["hanging name"] = { url = ("http://%s.hang.test:%s"):format(host, servers.raw.url:match("%d+$")),
      name = host },
    ["no server"] = { url = "http://127.0.0.1:" .. support.NO_PORT },
    ["no name"] = { url = "http://x.none.test" },
  }

  servers.targets = support.write(servers.folder .. "/targets.lua", "return " .. text_of(targets))
  servers.environment = { LD_PRELOAD = servers.folder .. "/lookup.so", SALON_HANG = servers.folder }
  return servers
end

local function clear(servers)
  if servers.guest then servers.guest:stop() end
  for _, guest in ipairs(servers.guests) do guest:stop() end
  for _, server in pairs(servers.h2) do server:stop() end
  for _, hole in ipairs(servers.holes) do
    hole.pipe:close()
    support.remove(hole.folder)
  end
  servers.raw:stop()
  servers.sandbox:stop()
  servers.authority:remove()
  support.remove(servers.folder)
end

-- The hosts: each meets the faults of some rows and returns { row = result }.

local function parallel(rows, command)
  local output = support.run(("printf '%%d\\n' %s | xargs -P %d -I '{}' %s"):format(
    table.concat(rows, " "), AT_ONCE, command))
  local results = {}
  for line in output:gmatch("[^\n]+") do
    local ok, result = pcall(cjson.decode, line)
    if ok and type(result) == "table" then results[result.row] = result
    else io.write(line, "\n") end    -- whatever it is, a row is missing for it
  end
  return results
end

local HOSTS = {}

function HOSTS.plain(servers, rows)
  local words, environment = { "env" }, {}
  for name, value in pairs(servers.environment) do environment[name] = value end
  if sanitized then
    environment.ASAN_OPTIONS = (os.getenv("ASAN_OPTIONS") or "") .. ":verify_asan_link_order=0"
  end
  for name, value in pairs(environment) do words[#words + 1] = name .. "=" .. support.quote(value) end
  words[#words + 1] = ("%s spec/support/fault_calls.lua %s plain '{}'")
    :format(support.quote(support.lua), support.quote(servers.targets))
  return parallel(rows, table.concat(words, " "))
end

function HOSTS.nginx(servers, rows)
  local port = support.free_ports()()
  servers.guest = nginx.start(HANDLER:format(port, servers.targets, servers.targets), servers.environment)
  local url = "http://127.0.0.1:" .. port
  local function held(query) return cjson.decode((support.curl(url .. "/held" .. query))) end
  held "?warm=1"
  local before = held "?warm=1"
  local results = parallel(rows, ("curl -sS --noproxy '*' --max-time 60 '%s/row?n={}'"):format(url))
  local after
  for _ = 1, 200 do
    after = held ""
    if after.descriptors <= before.descriptors and after.clients == 0 then break end
    support.run("sleep 0.1")
  end
  results.before, results.after = before, after
  return results
end

local function assert_call(call, expected, name)
  local text = ("%s %s: %s"):format(name, call.method, tostring(call.text))
  for _, column in ipairs { "kind", "attempts", "status", "outcome", "retryable" } do
    assert.equal(expected[column], call[column], column .. " of " .. text)
  end
  assert.is_nil(call.secret, text)
  assert.is_true(call.seconds <= faults.DEADLINE + OVERSHOOT, ("%.3f s: %s"):format(call.seconds, text))
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
local function arrived(servers, row)
  local fault, name = faults.LIST[row], servers.host .. row
  if fault[2] == "h2" then
    -- frames are counted, not read: all that is no list is a creation
    local requests = select(2, servers.h2[fault[3]]:log():gsub("\n", ""))
    return requests - fault[4].get.attempts - 1
  elseif fault[2] == "sandbox" then
    local n, id = 0, dofile(servers.targets).rooms[row]
    for _, request in ipairs(servers.sandbox:requests()) do
      if request.method == "POST" and request.path:find(id, 1, true) then n = n + 1 end
    end
    return n
  end
  return select(2, servers.raw:log():gsub("POST /" .. name .. "/", ""))
end

local function is_late(result)
  for _, call in ipairs(result and result.calls or {}) do
    if call.seconds > faults.DEADLINE + OVERSHOOT then return true end
  end
  return false
end

local worst, hosts = 0, 0

for _, host in ipairs { "plain", "nginx" } do
  describe("network faults in " .. host, function()
    local tries, results = {}, {}
    setup(function()
      local rows = {}
      for row = 1, #faults.LIST do rows[row] = row end
      repeat
        local servers, late = build(host), {}
        local start = core.now()
        local found = HOSTS[host](servers, rows)
        tries[#tries + 1] = { servers = servers, seconds = core.now() - start,
          before = found.before, after = found.after }
        for _, row in ipairs(rows) do
          results[row] = found[row]
          if found[row] then found[row].servers = servers end
          if is_late(found[row]) then late[#late + 1] = row end
        end
        rows = late
      until #rows == 0 or #tries == TRIES
      hosts = hosts + 1
    end)
    teardown(function()
      for _, try in ipairs(tries) do clear(try.servers) end
    end)

    for row, fault in ipairs(faults.LIST) do
      it("are reported as documented when the server " .. fault[1], function()
        local result = assert(results[row], "no result")
        local expected = fault[4]
        for _, call in ipairs(result.calls) do
          assert_call(call, call.expected or expected[call.method:lower()], fault[1])
          worst = math.max(worst, call.seconds - faults.DEADLINE)
          if call.entries then
            assert.equal((faults.BAD_PAGE - 1) * faults.PER_PAGE, call.entries)
          end
        end
        assert.is_true(#result.calls >= (fault[2] == "walk" and 1 or 2))
        assert.is_true(result.works, tostring(result.works))
        local sent = arrived(result.servers, row)
        for _ = 1, 200 do    -- the sandbox notes what it has answered
          if sent > 0 or fault[2] ~= "sandbox" then break end
          support.run("sleep 0.1")
          sent = arrived(result.servers, row)
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

    it("leave nothing behind, and do not last", function()
      for _, try in ipairs(tries) do
        if try.before then assert_held(try.before, try.after) end
        assert.is_true(try.seconds < 120, try.seconds)
      end
    end)
  end)
end

describe("network faults", function()
  it("make no call late", function()
    io.write(("\nnetwork faults: %d x %d hosts, worst overshoot %d ms\n")
      :format(#faults.LIST, hosts, math.floor(worst * 1000 + 0.5)))
    assert.equal(2, hosts)
    assert.is_true(worst <= OVERSHOOT)
  end)
end)
