-- Walks: everything in order and once, one page ahead, an end in every case.

local Transport = require "spec.support.transport"
local core = require "salon.core"
local held = require "spec.support.held"
local salon = require "salon"

local CONTROLLER = "https://ctl.example"

local function client(extra)
  local given = { controller_url = CONTROLLER, url = "https://meet.example", token = "t0ken" }
  for name, value in pairs(extra or {}) do given[name] = value end
  return salon.opentalk(given)
end

local function ids(walk)
  local list = {}
  for record in walk do list[#list + 1] = record.id end
  return list
end

local function objects(list)
  local items = salon.array {}
  for i, id in ipairs(list) do items[i] = { id = id, type = "single", title = id } end
  return core.encode(items)
end

local transport

-- Serves discovery, and `pages[key]` for the value of `param` ("" for the first).
local function serve(pages, param, rel)
  transport = Transport.install(function(asked)
    if asked.path == "/.well-known/opentalk/api" then return 404, "" end
    local key = ("&" .. asked.query):match("&" .. param .. "=([^&]*)") or ""
    local page = pages[key]
    assert(page, "nobody expected " .. asked.query)
    if page.status then return page.status, page.body end
    local link = page.next and ('<http://wrong.example:81/v1/x?%s=%s>; rel="%s"'):format(
      param, page.next, rel) or ""
    return 200, page.body or objects(page), { Link = link }
  end)
end

local function rooms(pages) serve(pages, "page", "next") end

local function events(pages) serve(pages, "after", "after") end

describe("a walk", function()
  after_each(function()
    if transport then transport:remove() end
    transport = nil
  end)

  it("joins numbered pages in order", function()
    rooms { [""] = { "a", "b", next = 2 }, ["2"] = { "c", next = 3 }, ["3"] = { "d" } }
    assert.same({ "a", "b", "c", "d" }, ids(client().rooms:each()))
    assert.equal("per_page=100", transport.log[2].query)
    assert.equal("per_page=100&page=2", transport.log[3].query)
  end)

  it("uses only the query of a link", function()
    rooms { [""] = { "a", next = 2 }, ["2"] = { "b" } }
    ids(client().rooms:each())
    for _, asked in ipairs(transport.log) do
      assert.equal(CONTROLLER, asked.url:sub(1, #CONTROLLER))
    end
  end)

  it("asks for the next page before the caller works on this one", function()
    rooms { [""] = { "a", next = 2 }, ["2"] = { "b", next = 3 }, ["3"] = { "c" } }
    local walk = client().rooms:each()
    walk()
    assert.equal("per_page=100&page=2", transport.log[#transport.log].query)
    walk()
    assert.equal("per_page=100&page=3", transport.log[#transport.log].query)
    walk:close()
  end)

  it("drops ids that were on the last two pages", function()
    rooms { [""] = { "a", "b", next = 2 }, ["2"] = { "b", "c", next = 3 },
      ["3"] = { "a", "d", "d" } }
    assert.same({ "a", "b", "c", "d" }, ids(client().rooms:each()))
  end)

  it("keeps the order of what is new around what is not", function()
    rooms { [""] = { "a", "b", next = 2 }, ["2"] = { "c", "a", "d", "b", "c", "e" } }
    assert.same({ "a", "b", "c", "d", "e" }, ids(client().rooms:each()))
  end)

  it("takes ids that are not plain but fit into a path", function()
    rooms { [""] = { "a", "b c", "d" } }
    assert.same({ "a", "b c", "d" }, ids(client().rooms:each()))
    transport:remove()
    rooms { [""] = { "a", "b c", "d/e" } }
    local page, err = client().rooms:list()
    assert.is_nil(page)
    assert.equal("decode", err.kind)
    assert.matches("an id in the list must not hold a slash", err.message)
  end)

  it("ends when a page brings nothing new", function()
    rooms { [""] = { "a", next = 2 }, ["2"] = { "a", next = 3 }, ["3"] = { "z" } }
    local walk = client().rooms:each()
    assert.same({ "a" }, ids(walk))
    assert.is_true(transport.log[#transport.log].request.cancelled)
  end)

  it("ends when page numbers do not grow", function()
    rooms { [""] = { "a", next = 2 }, ["2"] = { "b", next = 1 } }
    assert.same({ "a", "b" }, ids(client().rooms:each()))
    transport:remove()
    rooms { [""] = { "a", next = 1 } }
    assert.same({ "a" }, ids(client().rooms:each()))
  end)

  it("ends a cursor list at its empty page", function()
    events { [""] = { "a", next = "x" }, x = { "b", next = "y" }, y = {} }
    assert.same({ "a", "b" }, ids(client().events:each { time_independent = false }))
  end)

  it("notices cursors that go round in a circle, however long", function()
    local serial = 0
    local circle = { "x", "y", "z", "w", "v", "x" }
    transport = Transport.install(function(asked)
      if asked.path:find("well-known", 1, true) then return 404, "" end
      serial = serial + 1
      assert(serial < 50, "the walk goes round for ever")
      local here, at = asked.query:match("after=(%a)"), 0
      for i = 1, 5 do if circle[i] == here then at = i end end
      return 200, objects { "id" .. serial }, {
        Link = ('<http://h/v1/events?after=%s>; rel="after"'):format(circle[at + 1]) }
    end)
    assert.is_true(#ids(client().events:each { time_independent = true }) < 20)
  end)

  it("raises what list returns, and is over then", function()
    rooms { [""] = { "a", next = 2 }, ["2"] = { status = 500, body = '{"code":"x"}' } }
    local walk = client().rooms:each()
    assert.equal("a", walk().id)
    local ok, e = pcall(walk)
    assert.is_false(ok)
    local err = salon.caught(e)
    assert.equal(500, err.status)
    assert.is_nil(walk())
    local page, listed = client().rooms:list { page = 2 }
    assert.is_nil(page)
    assert.equal(err.code, listed.code)
  end)

  it("raises on a page that is no list", function()
    rooms { [""] = { body = '{"id":1}' } }
    local ok, e = pcall(client().rooms:each())
    assert.is_false(ok)
    assert.equal("decode", salon.caught(e).kind)
    assert.equal(200, salon.caught(e).status)
  end)

  it("cancels what is in flight when it is closed, twice if need be", function()
    rooms { [""] = { "a", "b", next = 2 }, ["2"] = { "c" } }
    local walk = client().rooms:each()
    walk()
    walk:close()
    walk:close()
    assert.is_true(transport.log[#transport.log].request.cancelled)
    assert.is_nil(walk())
    assert.error_matches(function() walk.close() end, "walk:close: call it with a colon")
  end)

  it("is its own fourth value where Lua closes that", function()
    rooms { [""] = { "a", "b", next = 2 }, ["2"] = { "c" } }
    local walk, state, control, closing = client().rooms:each()
    local closes = require("salon.internal.loop").closes
    assert.equal(closes and walk or nil, closing)
    assert.is_nil(state)
    assert.is_nil(control)
    if closes then
      for room in client().rooms:each() do
        if room then break end
      end
      assert.is_true(transport.log[#transport.log].request.cancelled)
    end
  end)

  it("raises at the loop when the client is closed in mid-walk", function()
    rooms { [""] = { "a", next = 2 }, ["2"] = { "b", next = 3 }, ["3"] = {} }
    local ot = client()
    local walk = ot.rooms:each()
    walk()
    ot:close()
    assert.error_matches(function() local room = walk() return room end, "the client is closed")
  end)

  it("keeps two pages and no more, however long the list is", function()
    transport = Transport.install(function(asked)
      if asked.path:find("well-known", 1, true) then return 404, "" end
      local n = tonumber(asked.query:match("&page=(%d+)")) or 1
      local list = {}
      for i = 1, 20 do list[i] = n .. "." .. i end
      return 200, objects(list), { Link = n < 200
        and ('<http://h/v1/rooms?page=%d>; rel="next"'):format(n + 1) or "" }
    end)
    local walk = client().rooms:each()
    local grown = held.growth(7, function()
      for _ = 1, 500 do assert(walk()) end
      for i = 1, #transport.log do transport.log[i] = false end
    end)
    assert.is_nil(walk())
    assert.is_true(grown < 10, ("%.1f KiB for each 500 entries"):format(grown))
  end)
end)

describe("events:each", function()
  after_each(function() transport:remove() end)

  local function event(id, kind) return { id = id, type = kind or "single" } end

  local function two_kinds()
    transport = Transport.install(function(asked)
      if asked.path:find("well-known", 1, true) then return 404, "" end
      local kind = asked.query:match("time_independent=(%a+)")
      if asked.query:find("after=", 1, true) then return 200, "[]", {} end
      local list = kind == "true" and { event "i1", event "i2" }
        or { event "t1", event("t1_20270118T080000Z", "exception"), event("i2"), event("t2") }
      return 200, core.encode(salon.array(list)), { Link = '<http://h/?after=x>; rel="after"' }
    end)
  end

  it("walks both kinds separately and joins them in the server's order", function()
    two_kinds()
    assert.same({ "i1", "i2", "t1", "t2" }, ids(client().events:each { adhoc = false }))
    assert.equal("adhoc=false&per_page=100&time_independent=true", transport.log[2].query)
  end)

  it("hands out exceptions of series when asked, as a type of their own", function()
    two_kinds()
    local names = {}
    for record in client().events:each { exceptions = true } do
      names[#names + 1] = tostring(record):match("^[%w.]+")
    end
    assert.same({ "salon.Event", "salon.Event", "salon.Event", "salon.Exception", "salon.Event" },
      names)
  end)

  it("walks once where a filter keeps the kinds apart", function()
    for _, filter in ipairs { { time_min = "2026-11-01T00:00:00+01:00" },
      { time_max = "2026-11-01T00:00:00Z" }, { time_independent = false } } do
      two_kinds()
      ids(client().events:each(filter))
      assert.equal(3, #transport.log)
      transport:remove()
    end
    two_kinds()
    ids(client().events:each { time_min = "2026-11-01T00:00:00+01:00" })
    assert.equal("per_page=100&time_min=2026-11-01T00%3A00%3A00%2B01%3A00", transport.log[2].query)
  end)

  it("sends every filter of the API", function()
    two_kinds()
    client().events:list { time_min = "2026-11-01T00:00:00Z", time_max = "2026-12-01T00:00:00Z",
      created_before = "2026-12-01T00:00:00Z", created_after = "2026-10-01T00:00:00Z",
      invitees_max = 5, favorites = true, invite_status = { "pending", "accepted" }, per_page = 7,
      adhoc = true, time_independent = false, after = "cur-sor_" }
    local query = transport.log[2].query
    for _, part in ipairs {
      "time_min=2026-11-01T00%3A00%3A00Z", "time_max=2026-12-01T00%3A00%3A00Z",
      "created_before=2026-12-01T00%3A00%3A00Z", "created_after=2026-10-01T00%3A00%3A00Z",
      "invitees_max=5", "favorites=true", "invite_status=pending%2Caccepted", "per_page=7",
      "adhoc=true", "time_independent=false", "after=cur-sor_" } do
      assert.is_truthy(("&" .. query .. "&"):find("&" .. part .. "&", 1, true), part)
    end
  end)
end)

describe("list", function()
  after_each(function() transport:remove() end)

  it("gives the options for the next page", function()
    rooms { [""] = { "a", "b", next = 2 }, ["2"] = { "c" } }
    local ot = client()
    local page = assert(ot.rooms:list { per_page = 2, timeout = 9 })
    assert.equal(2, #page)
    assert.same({ per_page = 2, timeout = 9, page = 2 }, page.next)
    assert.equal(200, page.response.status)
    page = assert(ot.rooms:list(page.next))
    assert.equal("c", page[1].id)
    assert.is_nil(page.next)
  end)

  it("gives the cursor of events, and none after an empty page", function()
    events { [""] = { "a", next = "x-y_z" }, ["x-y_z"] = {} }
    local ot = client()
    local page = assert(ot.events:list())
    assert.same({ after = "x-y_z" }, page.next)
    page = assert(ot.events:list(page.next))
    assert.equal(0, #page)
    assert.is_nil(page.next)
  end)
end)
