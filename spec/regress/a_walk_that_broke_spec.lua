-- A walk that broke tells how it goes on, so that nothing is walked twice or lost.

local salon = require "salon"
local support = require "spec.support"

describe("a walk that broke", function()
  local sandbox, ot, meet
  setup(function()
    sandbox = support.start { rooms = 45, events = 30 }
    ot = salon.opentalk(support.opentalk(sandbox, { max_tries = 1 }))
    meet = salon.meet(support.meet(sandbox, { max_tries = 1 }))
  end)
  teardown(function() sandbox:stop() end)

  -- Walks to the end, each time from where it broke; how often it did.
  local function walk(service, options, ids)
    local broke = 0
    repeat
      local ok, e = pcall(function()
        for record in service:each(options) do ids[#ids + 1] = record.id end
      end)
      if not ok then
        broke = broke + 1
        options = assert(salon.caught(e), e).resume
        assert.is_table(options)
      end
    until ok
    return broke
  end

  local function compare(route, case)
    local whole = {}
    walk(case[1], case[2], whole)
    for skip = 0, 9 do
      local ids = {}
      sandbox:fault { route = route, kind = "500", count = 1, skip = skip }
      local broke = walk(case[1], case[2], ids)
      assert.same({ route, skip, whole }, { route, skip, ids })
      if broke == 0 then sandbox:fault { route = route, kind = "latency", seconds = 0, count = 0 } end
    end
  end

  -- What walks a path as a service does its list.
  local function any(client)
    return function(path)
      return { each = function(_, options)
        return client:pages(client.backend == "meet" and path .. "/" or path, options)
      end }
    end
  end

  it("goes on with err.resume and has every entry once", function()
    for route, case in pairs {
      ["GET /v1/rooms"] = { ot.rooms, { per_page = 10, prefetch = 0 } },
      ["GET /v1/events"] = { ot.events, { per_page = 4, prefetch = 0 } },
      ["GET /external-api/v1.0/rooms"] = { meet.rooms, { prefetch = 0 } },
    } do
      compare(route, case)
    end
  end)

  it("goes on at its next step where a function of the caller's raised", function()
    local whole, ids, broke = {}, {}, 0
    walk(ot.rooms, { per_page = 10 }, whole)
    local tokens = { false, assert(ot:token()):reveal(), false }  -- false: it raises
    local other = salon.opentalk { url = sandbox.opentalk.url, max_tries = 1,
      token = function() return table.remove(tokens, 1) or error("not now", 0) end }
    sandbox:fault { route = "GET /v1/rooms", kind = "401", reason = "inactive", count = 1, skip = 1 }
    local each = other.rooms:each { per_page = 10, prefetch = 3 }
    repeat
      local ok, room = pcall(each)
      if ok and room then ids[#ids + 1] = room.id end
      if not ok then
        broke = broke + 1
        assert.equal("not now", room)
      end
    until ok and not room
    assert.equal(2, broke)
    assert.same(whole, ids)
  end)

  it("goes on with err.resume where it is any path, and keeps the query", function()
    for route, case in pairs {
      ["GET /v1/rooms"] = { any(ot), { query = { per_page = 10 }, prefetch = 0 } },
      ["GET /v1/events"] = { any(ot), { query = { per_page = 4, adhoc = false } } },
      ["GET /external-api/v1.0/rooms"] = { any(meet), {} },
    } do
      compare(route, { case[1](route:match "/.*"), case[2] })
    end
  end)
end)
