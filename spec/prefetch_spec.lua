-- Walks with several pages under way: in order, each entry once, errors in their
-- turn, no more pages than allowed, all cancelled on close.

local Transport = require "spec.support.transport"
local core = require "salon.core"
local held = require "spec.support.held"
local nginx = require "spec.support.nginx"
local salon = require "salon"
local support = require "spec.support"

local CONTROLLER = "https://ctl.example"
local transport

local function client()
  return salon.opentalk { controller_url = CONTROLLER, url = "https://meet.example", token = "t0ken" }
end

local function page_of(asked) return tonumber(("&" .. asked.query):match("&page=(%d+)")) or 1 end

local function objects(list)
  local items = salon.array {}
  for i, id in ipairs(list) do items[i] = { id = id } end
  return core.encode(items)
end

local function link(next_page, last)
  return { Link = (next_page and ('<http://h/x?page=%d>; rel="next",'):format(next_page) or "")
    .. ('<http://h/x?page=%d>; rel="last"'):format(last) }
end

-- A list of `n` pages with the ids that `ids(page)` gives, two by default.
local function serve(n, ids)
  transport = Transport.install(function(asked)
    if asked.path:find("well-known", 1, true) then return 404, "" end
    local page = page_of(asked)
    local list = ids and ids(page) or { page .. "a", page .. "b" }
    return 200, page > n and "[]" or objects(list), link(page < n and page + 1 or nil, n)
  end)
end

-- The pages that were asked for, in order; those cancelled in brackets.
local function asked()
  local list = {}
  for _, entry in ipairs(transport.log) do
    if not entry.path:find("well-known", 1, true) then
      list[#list + 1] = entry.request.cancelled and "(" .. page_of(entry) .. ")" or page_of(entry)
    end
  end
  return table.concat(list, " ")
end

local function ids(walk)
  local list = {}
  for record in walk do list[#list + 1] = record.id end
  return table.concat(list, " ")
end

describe("a walk with prefetch", function()
  after_each(function()
    transport:remove()
  end)

  it("has so many pages under way, once their number is known", function()
    serve(9)
    local walk = client().rooms:each { prefetch = 3 }
    assert.equal("1a", walk().id)
    assert.equal("1 2 3 4", asked())
    walk()
    walk()
    assert.equal("1 2 3 4 5", asked())
    assert.equal("2b 3a 3b 4a 4b 5a 5b 6a 6b 7a 7b 8a 8b 9a 9b", ids(walk))
    assert.equal("1 2 3 4 5 6 7 8 9", asked())
  end)

  it("has four where nobody says otherwise", function()
    serve(9)
    local walk = client().rooms:each()
    walk()
    assert.equal("1 2 3 4 5", asked())
    walk:close()
    walk:close()
    assert.equal("1 (2) (3) (4) (5)", asked())
    assert.is_nil(walk())
  end)

  it("begins where it is told to", function()
    serve(9)
    assert.equal("7a 7b 8a 8b 9a 9b", ids(client().rooms:each { page = 7 }))
    assert.equal("7 8 9", asked())
  end)

  it("asks for nothing ahead with prefetch = 0", function()
    serve(3)
    local walk = client().rooms:each { prefetch = 0 }
    walk()
    assert.equal("1", asked())
    assert.equal("1b 2a 2b 3a 3b", ids(walk))
  end)

  it("has one under way where the number of pages is not known", function()
    transport = Transport.install(function(request)
      if request.path:find("well-known", 1, true) then return 404, "" end
      local after = tonumber(request.query:match("after=(%d)")) or 1
      if after > 3 then return 200, "[]" end
      return 200, objects { "e" .. after },
        { Link = ('<http://h/x?after=%d>; rel="after"'):format(after + 1) }
    end)
    local walk = client().events:each { time_independent = true, prefetch = 8 }
    walk()
    assert.equal(3, #transport.log)
    assert.equal("e2 e3", ids(walk))
  end)

  it("raises in its turn: page 40 of 90 after the entries of 39", function()
    transport = Transport.install(function(request)
      if request.path:find("well-known", 1, true) then return 404, "" end
      local page = page_of(request)
      if page == 40 then return 500, '{"code":"broken"}' end
      return 200, objects { page .. "a", page .. "b" }, link(page < 90 and page + 1 or nil, 90)
    end)
    local n = 0
    local ok, e = pcall(function()
      for _ in client().rooms:each { prefetch = 8 } do n = n + 1 end
    end)
    assert.is_false(ok)
    assert.equal("broken", salon.caught(e).code)
    assert.equal(78, n)
    assert.matches(" 39 40 %(41%) %(42%) %(43%) %(44%) %(45%) %(46%) %(47%)$", asked())
  end)

  it("drops what moved to a later page meanwhile", function()
    serve(5, function(page)
      if page == 1 then return { "a", "b" } end
      if page == 2 then return { "b", "c" } end
      if page == 4 then return { "a", "d" } end  -- three pages on
      return { page .. "x", page .. "y" }
    end)
    assert.equal("a b c 3x 3y d 5x 5y", ids(client().rooms:each { prefetch = 3 }))
  end)

  it("believes each answer more than its own guess", function()
    -- The list becomes shorter: page 3 says that it is the last one.
    transport = Transport.install(function(request)
      if request.path:find("well-known", 1, true) then return 404, "" end
      local page = page_of(request)
      if page > 3 then return 200, "[]", link(nil, 3) end
      return 200, objects { page .. "a" }, link(page < 3 and page + 1 or nil, page < 3 and 9 or 3)
    end)
    assert.equal("1a 2a 3a", ids(client().rooms:each { prefetch = 4 }))
    assert.equal("1 2 3 (4) (5) (6)", asked())
    transport:remove()
    -- It leaves a page out: what was asked for is not what comes next.
    transport = Transport.install(function(request)
      if request.path:find("well-known", 1, true) then return 404, "" end
      local page = page_of(request)
      local following = page == 1 and 3 or page < 5 and page + 1 or nil
      return 200, objects { page .. "a" }, link(following, 5)
    end)
    assert.equal("1a 3a 4a 5a", ids(client().rooms:each { prefetch = 2 }))
  end)

  it("walks Meet's lists by their count", function()
    transport = Transport.install(function(request)
      local page = page_of(request)
      local list = page < 5 and { page .. "a", page .. "b" } or { "5a" }
      local results = salon.array {}
      for i, id in ipairs(list) do results[i] = { id = id } end
      return 200, core.encode { count = 9, results = results,
        next = page < 5 and "http://h/x/?page=" .. page + 1 or nil }
    end)
    local meet = salon.meet { url = "https://v.example", token = "t" }
    local walk = meet.rooms:each { prefetch = 3 }
    walk()
    assert.equal("1 2 3 4", asked())
    assert.equal("1b 2a 2b 3a 3b 4a 4b 5a", ids(walk))
    assert.equal("1 2 3 4 5", asked())
  end)

  it("works for any path", function()
    serve(6)
    local walk = client():pages("/v1/streaming", { prefetch = 2 })
    assert.equal("1a", walk().id)
    assert.equal("1 2 3", asked())
    assert.equal("1b 2a 2b 3a 3b 4a 4b 5a 5b 6a 6b", ids(walk))
  end)

  it("is refused where it makes no sense", function()
    serve(1)
    local ot = client()
    assert.error_matches(function() ot.rooms:each { prefetch = -1 } end, "must be between 0 and 64")
    assert.error_matches(function() ot.rooms:each { prefetch = 1.5 } end, "must be an integer")
    assert.error_matches(function() ot.rooms:list { prefetch = 2 } end, "unknown option 'prefetch'")
  end)

  it("needs memory for the pages under way only", function()
    serve(400, function(page)
      local list = {}
      for i = 1, 20 do list[i] = page .. "." .. i end
      return list
    end)
    local walk = client().rooms:each { prefetch = 5 }
    local grown = held.growth(7, function()
      for _ = 1, 1000 do assert(walk()) end
      for i = 1, #transport.log do transport.log[i] = false end
    end)
    assert.is_true(grown < 10, ("%.1f KiB for each 1,000 entries"):format(grown))
    walk:close()
  end)
end)

describe("a walk against a server", function()
  local LATENCY = 0.1
  local sandbox, ot, port, guest

  setup(function()
    sandbox = support.start { rooms = 120, latency = LATENCY }
    ot = salon.opentalk(support.opentalk(sandbox))
    port = support.free_ports()()
    local role = sandbox.opentalk
    guest = nginx.start((([[
      init_worker_by_lua_block {
        ot = require("salon").opentalk { url = "@URL@", client_id = "@ID@", username = "@USER@",
          password = "@PASSWORD@" }
      }
      server { listen 127.0.0.1:@PORT@; location / { content_by_lua_block {
        ot.rooms:list()
        local now, n = require("salon.core").now, 0
        local before = now()
        for _ in ot.rooms:each { per_page = 6, prefetch = 10 } do n = n + 1 end
        ngx.say(n, " ", now() - before < 20 * @LATENCY@)
      } } }]]):gsub("@(%u+)@", { URL = role.url, ID = role.client_id, USER = role.username,
        PASSWORD = role.password, PORT = port, LATENCY = ("%d / 1000"):format(LATENCY * 1000) })))
  end)
  teardown(function()
    guest:stop()
    ot:close()
    sandbox:stop()
  end)

  it("takes the time of few pages for many", function()
    salon.check(ot.rooms:list())
    local before, n, last = core.now(), 0, nil
    for room in ot.rooms:each { per_page = 6, prefetch = 10 } do
      n = n + 1
      assert.is_true(room.id ~= last)
      last = room.id
    end
    assert.equal(120, n)
    assert.is_true(core.now() - before < 20 * LATENCY)    -- less than one after the other
  end)

  it("does so in nginx", function()
    assert.equal("120 true\n", support.curl("http://127.0.0.1:" .. port .. "/"))
  end)

  it("finds the same rooms with and without", function()
    local meet = salon.meet(support.meet(sandbox))
    for _, rooms in ipairs { ot.rooms, meet.rooms } do
      local one, many = ids(rooms:each { prefetch = 0 }), ids(rooms:each { prefetch = 16 })
      assert.equal(one, many)
      assert.equal(120, select(2, one:gsub("%S+", "")))
    end
    meet:close()
  end)

  it("cannot be used by two at a time", function()
    local walk = ot.rooms:each { per_page = 6, prefetch = 0 }
    local ok, e = pcall(function()
      for _ in salon.map({ 1, 2 }, function() return walk() end) do assert(true) end
    end)
    if not ok then assert.matches("another light thread is reading it already", e) end
    assert.equal(_VERSION == "Lua 5.1" and not rawget(_G, "jit"), ok)
    walk:close()
  end)
end)
