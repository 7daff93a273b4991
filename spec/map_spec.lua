-- salon.map and salon.all: bounded, in order, lazy, and over when they are left;
-- the same text in a script and in nginx. PUC Lua 5.1 does one at a time.

local WorkerPool = require "salon.internal.worker_pool"
local core = require "salon.core"
local held = require "spec.support.held"
local nginx = require "spec.support.nginx"
local salon = require "salon"
local support = require "spec.support"

local TOGETHER = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil
local LATENCY = 0.05

local function raised(fn, ...)
  local ok, e = pcall(fn, ...)
  assert.is_false(ok)
  return salon.caught(e) or e
end

describe("salon.map", function()
  local sandbox, ot, ids

  setup(function()
    sandbox = support.start { rooms = 120, latency = LATENCY, meet = false }
    ot = salon.opentalk(support.opentalk(sandbox))
    ids = {}
    for room in ot.rooms:each() do ids[#ids + 1] = room.id end
  end)
  teardown(function()
    ot:close()
    sandbox:stop()
  end)

  local function get(id) return ot.rooms:get(id) end

  local function first(n)
    local list = {}
    for i = 1, n do list[i] = ids[i] end
    return list
  end

  -- Runs `fn` for many and says how many were in it at a time, at most.
  local function counting(fn)
    local inside, most = 0, 0
    return function(...)
      inside = inside + 1
      most = math.max(most, inside)
      local result, err = fn(...)
      inside = inside - 1
      return result, err
    end, function() return most end
  end

  it("hands out entries and results in order, from a walk, an array or a function", function()
    local n = 0
    for room, again, err in salon.map(ot.rooms:each(), function(room) return get(room.id) end) do
      n = n + 1
      assert.equal(ids[n], room.id)
      assert.equal(room.id, again.id)
      assert.is_nil(err)
    end
    assert.equal(#ids, n)
    n = 0
    for id, length in salon.map(ids, function(id) return #id end) do
      n = n + 1
      assert.equal(ids[n], id)
      assert.equal(#id, length)
    end
    local i = 0
    local function count()
      i = i + 1
      if i == 2 then return false end
      if i < 4 then return i end
    end
    local seen = {}
    for item, text in salon.map(count, tostring) do seen[#seen + 1] = { item, text } end
    assert.same({ { 1, "1" }, { false, "false" }, { 3, "3" } }, seen)
    for _ in salon.map({}, get) do error("there is nothing") end
  end)

  it("begins nothing before it is asked, and never more than it may", function()
    local taken, delivered = 0, 0
    local function source()
      taken = taken + 1
      return ids[taken]
    end
    local fn, most = counting(get)
    local map = salon.map(source, fn, { concurrency = 5 })
    assert.equal(0, taken)
    for _ in map do
      assert.is_true(taken - delivered <= 5)
      delivered = delivered + 1
      if delivered == 30 then break end
    end
    map:close()
    assert.equal(TOGETHER and 5 or 1, most())
    assert.is_true(taken <= 35)
  end)

  it("keeps order when the first is the slowest", function()
    local seen = {}
    local function slow_first(i)
      for n = 1, i == 1 and 4 or 1 do get(ids[n]) end
      return i * 2
    end
    for i, double in salon.map({ 1, 2, 3, 4, 5, 6 }, slow_first, { concurrency = 3 }) do
      seen[#seen + 1] = i .. "=" .. double
    end
    assert.equal("1=2 2=4 3=6 4=8 5=10 6=12", table.concat(seen, " "))
  end)

  if TOGETHER then
    it("waits for many at a time", function()
      local before = core.now()
      local fn, most = counting(get)
      for _, room in salon.map(first(40), fn, { concurrency = 40 }) do assert(room) end
      assert.equal(40, most())
      assert.is_true(core.now() - before < 40 * LATENCY)    -- less than one after the other
    end)

    it("maps within maps", function()
      local before, n = core.now(), 0
      local fn, most = counting(get)
      local function inner(i)
        local sum = 0
        for _, room in salon.map(first(4), fn) do sum = sum + (room and i or 0) end
        return sum
      end
      for i, sum in salon.map({ 1, 2, 3, 4, 5 }, inner) do
        n = n + 1
        assert.equal(4 * i, sum)
      end
      assert.equal(5, n)
      assert.equal(20, most())
      assert.is_true(core.now() - before < 20 * LATENCY)
    end)

    it("logs in once for all who need it", function()
      sandbox:reset()
      local fresh = salon.opentalk(support.opentalk(sandbox))
      for _, page in salon.map({ 1, 2, 3, 4, 5, 6 }, function() return fresh.rooms:list() end) do
        assert.equal(100, #page)
      end
      local logins = 0
      for _, request in ipairs(sandbox:requests()) do
        if request.path:find("/openid-connect/token", 1, true) then logins = logins + 1 end
      end
      assert.equal(1, logins)
      fresh:close()
    end)

    it("yields nobody else's coroutine, and blocks where it cannot yield", function()
      local function odd(i)
        local co = coroutine.wrap(function() return get(ids[i]) end)
        local room = co()
        local list = { 2, 1 }
        table.sort(list, function(a, b) return get(ids[i]) ~= nil and a < b end)
        return room.id .. list[1]
      end
      for i, text in salon.map({ 1, 2, 3 }, odd) do assert.equal(ids[i] .. 1, text) end
      local outside = coroutine.create(function()
        local n = 0
        for _ in salon.map(first(3), get) do n = n + 1 end
        return n
      end)
      local _, n = coroutine.resume(outside)
      assert.equal(3, n)
      assert.equal("dead", coroutine.status(outside))
    end)

    it("refuses a function that yields, and goes on working", function()
      local e = raised(function()
        for i in salon.map({ 1, 2 }, function(i) if i == 2 then coroutine.yield() end return i end) do
          assert.equal(1, i)
        end
      end)
      assert.matches("the function yielded", e)
      for _, room in salon.map(first(2), get) do assert(room) end
    end)
  end

  it("puts an error in place of the result, and stops there", function()
    local seen, kinds = {}, {}
    local function fn(i)
      local id = i == 3 and "00000000-0000-4000-8000-000000000000" or ids[i]
      local room, err = get(id)
      kinds[i] = err and err.kind or "fine"
      if i > 3 then kinds[i] = select(2, get(id)) and "refused" or "fine" end
      return room, err
    end
    for i, room, err in salon.map({ 1, 2, 3, 4, 5, 6, 7, 8 }, fn, { concurrency = 4 }) do
      seen[#seen + 1] = i .. (room and " room" or " " .. err.kind)
    end
    assert.same({ "1 room", "2 room", "3 http" }, seen)
    assert.is_nil(kinds[8])
    if TOGETHER then
      assert.equal("refused", kinds[4])  -- what stood behind was cancelled
    else
      assert.is_nil(kinds[4])
    end
  end)

  it("collects errors when told to", function()
    local bad, good = 0, 0
    for _, room, err in salon.map({ ids[1], "x", ids[2], "y", ids[3] }, get,
      { on_error = "collect" }) do
      if room then good = good + 1 end
      if err then bad = bad + 1 end
    end
    assert.equal(3, good)
    assert.equal(2, bad)
  end)

  it("has no error beside a result", function()
    for _, data, err in salon.map({ "/v1/rooms" }, function(path) return ot:call("GET", path) end) do
      assert.is_table(data)
      assert.is_nil(err)  -- call's second value tells about the answer
    end
  end)

  it("raises what the function raises after all that stand before it", function()
    local object = { name = "mine" }
    for _, what in ipairs { "text", object } do
      local seen = {}
      local e = raised(function()
        for i in salon.map({ 1, 2, 3, 4 }, function(i)
          get(ids[i])
          if i == 3 then error(what, 0) end
          return i
        end) do seen[#seen + 1] = i end
      end)
      assert.equal(what, e)
      assert.same({ 1, 2 }, seen)
    end
    local err = raised(function()
      for _ in salon.map({ "x" }, function(id) return salon.check(get(id)) end) do error("no") end
    end)
    assert.equal("http", err.kind)
  end)

  it("raises the first error with its object, however many were raised since", function()
    local list, seen = {}, 0
    for i = 1, 40 do list[i] = i end
    local err = raised(function()
      for _ in salon.map(list, function(i)
        if i == 2 then return salon.check(get "x") end
        return salon.check(salon.sleep(i == 1 and 0.5 or 60))
      end, { concurrency = 40 }) do seen = seen + 1 end
    end)
    assert.equal("http", err.kind)
    assert.equal(1, seen)
  end)

  it("raises what the source raises after all that stand before it", function()
    local seen, i = 0, 0
    local function source()
      i = i + 1
      if i > 3 then error("no more") end
      return ids[i]
    end
    local e = raised(function()
      for _, room in salon.map(source, get) do seen = seen + (room and 1 or 0) end
    end)
    assert.matches("no more", e)
    assert.equal(3, seen)
    sandbox:fault { route = "GET /v1/rooms", kind = "503", count = 9, skip = 1 }
    local walked = 0
    local err = raised(function()
      local other = salon.opentalk(support.opentalk(sandbox, { max_tries = 1 }))
      for _ in salon.map(other.rooms:each { per_page = 30 }, tostring) do walked = walked + 1 end
    end)
    assert.equal(503, err.status)
    assert.equal(30, walked)
    sandbox:reset()
    ids = {}
    for room in ot.rooms:each() do ids[#ids + 1] = room.id end
  end)

  if TOGETHER then
    -- Gives `leave` what to map: five, of which the first is through after one call,
    -- the others after six. What became of these four?
    local function left(leave)
      local kinds, list = {}, first(5)
      leave(list, function(id)
        local err
        for _ = 1, id == list[1] and 1 or 6 do
          if not err then err = select(2, get(id)) end
        end
        if id ~= list[1] then kinds[#kinds + 1] = err and err.kind or "fine" end
        return true
      end)
      return table.concat(kinds, " ")
    end

    local FOUR = "cancelled cancelled cancelled cancelled"

    it("cancels what is under way when it is closed", function()
      assert.equal(FOUR, left(function(list, fn)
        local map = salon.map(list, fn, { concurrency = 5 })
        assert.equal(list[1], map())
        map:close()
        map:close()
        assert.is_nil(map())
      end))
      assert.equal(0, core.mailbox():in_flight())
    end)

    if require("salon.internal.loop").closes then
      it("cancels what is under way when the loop is left", function()
        assert.equal(FOUR, left(function(list, fn)
          for _ in salon.map(list, fn, { concurrency = 5 }) do break end
        end))
        assert.equal(FOUR, left(function(list, fn)
          pcall(function()
            for _ in salon.map(list, fn, { concurrency = 5 }) do error("no") end
          end)
        end))
      end)
    end

    it("cancels what is under way when the collector finds it", function()
      assert.equal(FOUR, left(function(list, fn)
        local function begin()
          local map = salon.map(list, fn, { concurrency = 5 })
          map()
        end
        begin()
        collectgarbage()
        collectgarbage()
        core.mailbox():wait(1)
        for _ in salon.map({ 1 }, tostring) do assert(true) end  -- they find their end
      end))
    end)
  end

  it("asks its source for nothing more once it is closed", function()
    local asked = 0
    local function source()
      asked = asked + 1
      return ids[asked]
    end
    local map = salon.map(source, function(id) return id end, { concurrency = 2 })
    assert.equal(ids[1], (map()))
    local before = asked
    map:close()
    assert.equal(before, asked)
  end)

  it("closes the walk it reads, and takes one that is closed or used up", function()
    local walk = ot.rooms:each { per_page = 30 }
    local map = salon.map(walk, tostring)
    assert(map())
    map:close()
    assert.is_nil(walk())
    for _ in salon.map(walk, tostring) do error("it is closed") end
    local n = 0
    walk = ot.rooms:each()
    for _ in salon.map(walk, tostring) do n = n + 1 end
    for _ in salon.map(walk, tostring) do n = n + 1 end
    assert.equal(#ids, n)
  end)

  it("cannot be read inside its own function", function()
    local map
    map = salon.map({ 1, 2, 3 }, function() return map() end)
    assert.matches("deadlock: the map is read inside its own function", raised(map))
    local walk = ot.rooms:each { per_page = 30 }
    local inside = raised(function()
      for _ in salon.map({ 1, 2 }, function() return walk() and walk() end) do
        for _ = 1, 29 do walk() end
      end
      error("each in turn", 0)
    end)
    assert.is_truthy(inside)
    walk:close()
  end)

  it("needs memory for what is under way only", function()
    local i = 0
    local function source()
      i = i + 1
      return i
    end
    local map = salon.map(source, function(x) return { x } end)
    local grown = held.growth(9, function()
      for _ = 1, 1000 do assert(map()) end
    end)
    map:close()
    assert.is_true(grown < 3, ("%.1f KiB for each 1,000 entries"):format(grown))
  end)

  if TOGETHER then  -- else there nobody else could ask meanwhile
    it("has one reader at a time, from the first entry on", function()
      local map = salon.map(first(6), get)
      local function drain()
        local n = 0
        for _ in map do n = n + 1 end
        return n
      end
      local e = raised(salon.all, { a = drain, b = drain })
      assert.matches("another light thread is reading it already", tostring(e))
    end)
  end

  if TOGETHER then
    it("goes on after a hook raised while it was read, as that of Ctrl-C does", function()
      local wait = WorkerPool.wait
      finally(function() WorkerPool.wait = wait end)
      function WorkerPool.wait() error("interrupted!", 0) end
      local map = salon.map(first(2), get)
      assert.equal("interrupted!", raised(map))
      WorkerPool.wait = wait
      assert.equal(ids[1], (map()))
      map:close()
    end)
  end

  if TOGETHER then  -- else there it is through before the loop is left
    it("ends when its function repeats refused calls by itself", function()
      local map = salon.map(first(3), function(id)
        if id == ids[1] then return true end
        local room
        repeat room = get(id) until room
      end)
      map()
      local began = core.now()
      map:close()
      assert.is_true(core.now() - began < 60)
    end)
  end

  it("refuses what cannot be meant", function()
    local function refused(words, ...)
      local ok, e = pcall(salon.map, ...)
      assert.is_false(ok)
      assert.matches(words, e)
    end
    refused("option 'concurrency' must be between 1 and 10000", {}, get, { concurrency = 0 })
    refused("option 'concurrency' must be an integer", {}, get, { concurrency = 1.5 })
    refused("option 'on_error' must be one of 'stop', 'collect'", {}, get, { on_error = "x" })
    refused("unknown option 'concurency', did you mean 'concurrency'", {}, get, { concurency = 1 })
    refused("argument 'iterable' must be a walk, a function or an array, got nil", nil, get)
    refused("a table that has no entry 1; give it :each%(%)", ot.rooms, get)
    refused("a table that has no entry 1$", { a = 1 }, get)
    refused("argument 'fn' must be a function, got nil", {})
    refused("argument 'fn' must be a function, got table", {}, {})
    local map = salon.map({ 1 }, get)
    assert.error_matches(function() map.close() end, "call it with a colon")
    assert.equal("salon.Map", tostring(map))
    map:close()
    assert.equal("salon.Map(at its end)", tostring(map))
  end)

  describe("and salon.all", function()
    it("gives what each function returned, under its name", function()
      local order = {}
      local function around(fn)
        return function()
          order[#order + 1] = "begins"
          local result = fn()
          order[#order + 1] = "ends"
          return result
        end
      end
      local found = assert(salon.all {
        room = around(function() return get(ids[1]) end),
        page = around(function() return ot.rooms:list { per_page = 3 } end),
        [1] = function() return "x" end,
        nothing = function() end,
      })
      assert.equal(ids[1], found.room.id)
      assert.equal(3, #found.page)
      assert.equal("x", found[1])
      assert.is_nil(found.nothing)
      if TOGETHER then assert.same({ "begins", "begins", "ends", "ends" }, order) end
      assert.same({}, salon.all {})
    end)

    it("cancels the rest with the first failure", function()
      local other
      local calls = 0
      local found, err = salon.all {
        bad = function() return nil, "it fails" end,
        slow = function()
          for i = 1, 10 do
            calls = i
            other = select(2, get(ids[i]))
            if other then return nil, other end
          end
        end,
      }
      assert.is_nil(found)
      assert.equal("it fails", err)
      if TOGETHER then
        assert.equal("cancelled", other.kind)
        assert.matches("another call of salon.all failed", other.message)
      end
      assert.is_true(calls <= 1)
    end)

    it("raises what one raises", function()
      assert.equal("broken", raised(salon.all, {
        fine = function() return get(ids[1]) end,
        worse = function() error("broken", 0) end,
      }))
      assert.matches("'x' must be a function, got number", raised(salon.all, { x = 1 }))
      assert.matches("must be a table of functions, got function", raised(salon.all, get))
    end)
  end)
end)

local HTTP = [[
  init_by_lua_block {
    salon = require "salon"
    ot = salon.opentalk { url = "@URL@", client_id = "@ID@", username = "@USER@",
      password = "@PASSWORD@" }
    local n = 0
    for _, double in salon.map({ 1, 2, 3 }, function(i) return 2 * i end) do n = n + double end
    in_init = n
  }
  init_worker_by_lua_block {
    local early = salon.all { a = function() return select(2, ot.rooms:get("x")).kind end }
    in_init_worker = early.a
  }
  server {
    listen 127.0.0.1:@PORT@;
    location /map { content_by_lua_block {
      local inside, most, n, ordered = 0, 0, 0, true
      local list = {}
      for room in ot.rooms:each() do list[#list + 1] = room.id end
      ngx.update_time()
      local before = ngx.now()
      for id, room, err in salon.map(list, function(id)
        inside = inside + 1
        most = math.max(most, inside)
        local room = assert(ot.rooms:get(id))
        inside = inside - 1
        return room
      end, { concurrency = 10 }) do
        n = n + 1
        ordered = ordered and id == list[n] and room.id == id
      end
      ngx.update_time()
      ngx.say(n, " ", ordered, " ", most, " ", ngx.now() - before < n * 0.05)
    } }
    location /walk { content_by_lua_block {
      local n = 0
      for room, again in salon.map(ot.rooms:each { per_page = 30 }, function(room)
        ngx.sleep(0.001)
        return ot.rooms:get(room.id)
      end, { concurrency = 30 }) do n = n + (again.id == room.id and 1 or 0) end
      ngx.say(n)
    } }
    location /stop { content_by_lua_block {
      local list, seen, kinds = {}, {}, {}
      for room in ot.rooms:each() do list[#list + 1] = room.id end
      list[3] = "x"
      for id, room, err in salon.map(list, function(id)
        local room, err = ot.rooms:get(id)
        while id == list[4] and not kinds[1] do  -- until the failure before it is known
          local again, why = ot.rooms:get(id)
          if not again then kinds[1] = why.kind end
        end
        return room, err
      end, { concurrency = 4 }) do seen[#seen + 1] = room and "room" or err.kind end
      for _ = 1, 500 do if not kinds[1] then ngx.sleep(0.01) end end
      ngx.say(table.concat(seen, " "), " ", kinds[1])
    } }
    location /left { content_by_lua_block {
      local list, kinds = {}, {}
      for room in ot.rooms:each() do list[#list + 1] = room.id end
      local map = salon.map(list, function(id)
        local err
        for _ = 1, id == list[1] and 1 or 6 do
          if not err then err = select(2, ot.rooms:get(id)) end
        end
        if err then kinds[#kinds + 1] = err.kind end
        return true
      end, { concurrency = 5 })
      map()
      map:close()
      for _ = 1, 500 do if #kinds < 4 then ngx.sleep(0.01) end end
      ngx.say(#kinds, " ", kinds[1], " ", tostring(map()))
    } }
    location /forgotten { content_by_lua_block {
      local list = {}
      for room in ot.rooms:each() do list[#list + 1] = room.id end
      begun = 0
      for _ in salon.map(list, function(id)
        begun = begun + 1
        return ot.rooms:get(id)
      end) do break end
      ngx.say("left")
    } }
    location /begun { content_by_lua_block { ngx.say(begun) } }
    location /raise { content_by_lua_block {
      local ok, e = pcall(function()
        for _ in salon.map({ "x" }, function(id) return salon.check(ot.rooms:get(id)) end) do end
      end)
      local err, list = salon.caught(e), {}
      for i = 1, 40 do list[i] = i end
      local _, many = pcall(function()
        for _ in salon.map(list, function(i)
          if i == 2 then return salon.check(ot.rooms:get "x") end
          return salon.check(salon.sleep(i == 1 and 0.5 or 60))
        end, { concurrency = 40 }) do end
      end)
      ngx.say(ok, " ", err.kind, " ", tostring((salon.caught(many) or {}).kind))
    } }
    location /all { content_by_lua_block {
      local found = assert(salon.all {
        page = function() return ot.rooms:list { per_page = 3 } end,
        sleep = function() ngx.sleep(0.01) return "slept" end,
      })
      local none, err = salon.all {
        page = function() return ot.rooms:list { per_page = 3 } end,
        bad = function() return nil, "bad" end,
      }
      ngx.say(#found.page, " ", found.sleep, " ", tostring(none), " ", err)
    } }
    location /memory { content_by_lua_block {
      local i = 0
      local map = salon.map(function() i = i + 1 return i end, function(x) ngx.sleep(0) return { x } end)
      local grown = require "spec.support.held".growth(9, function()
        for _ = 1, 500 do assert(map()) end
      end)
      map:close()
      ngx.say(grown < 3, " ", grown)
    } }
    location /early { content_by_lua_block { ngx.say(in_init, " ", in_init_worker) } }
  }
]]

describe("salon.map in nginx", function()
  local sandbox, guest, port

  local function get(path)
    return (support.curl("http://127.0.0.1:" .. port .. path):gsub("\n$", ""))
  end

  setup(function()
    sandbox = support.start { rooms = 110, latency = LATENCY, meet = false }
    port = support.free_ports()()
    local role = sandbox.opentalk
    guest = nginx.start((HTTP:gsub("@(%u+)@", { URL = role.url, ID = role.client_id,
      USER = role.username, PASSWORD = role.password, PORT = port })))
  end)
  teardown(function()
    guest:stop()
    sandbox:stop()
  end)

  it("keeps order and bounds, many at a time", function()
    assert.equal("110 true 10 true", get "/map")
    assert.equal("110", get "/walk")
  end)

  it("stops at an error and cancels what stands behind it", function()
    assert.equal("room room http cancelled", get "/stop")
  end)

  it("cancels the rest when it is closed", function()
    assert.equal("4 cancelled nil", get "/left")
  end)

  it("holds up nobody when it is left and forgotten", function()
    assert.equal("left", get "/forgotten")    -- curl returns when all light threads have ended
    assert.equal("16", get "/begun")
  end)

  it("raises readably, with the object", function()
    assert.equal("false http http", get "/raise")
  end)

  it("calls different things at once", function()
    assert.equal("3 slept nil bad", get "/all")
  end)

  it("needs memory for what is under way only", function()
    assert.matches("^true", get "/memory")
  end)

  it("does one at a time where nothing can wait", function()
    assert.equal("12 phase", get "/early")
  end)

  it("leaves no complaint in the log", function()
    assert.is_nil(guest:log():find("%[error%]"))
  end)
end)
