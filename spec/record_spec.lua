-- Read-only views on decoded objects (src/lua/record.c).

local core = require "salon.core"

describe("core.record", function()
  local calls, class, client, raw, room

  before_each(function()
    calls = { join_url = 0, none = 0, wrong = 0 }
    class = {
      name = "salon.Room", backend = "opentalk",
      methods = { update = function(self) return self.id end },
      getters = {
        join_url = function(self)
          calls.join_url = calls.join_url + 1
          return "https://x/room/" .. self.id
        end,
        none = function() calls.none = calls.none + 1 end,
        wrong = function()
          calls.wrong = calls.wrong + 1
          error("no " .. calls.wrong, 0)
        end,
        no = function() return false end,
        title = function(self) return self.raw.title:upper() end,
        waits = "waiting_room", lost = "not there",
      },
    }
    client = {}
    raw = { id = "6f1d", title = "standup", waiting_room = false,
      list = { 1, { 2 } }, update = "a field behind a method" }
    room = core.record(class, raw, client, { status = 201 })
  end)

  it("reads fields from the object", function()
    assert.equal("6f1d", room.id)
    assert.is_false(room.waiting_room)
    assert.equal(raw.list, room.list)
    assert.is_nil(room.nothing)
    assert.is_nil(room[1])
  end)

  it("puts methods before getters, and getters before fields", function()
    assert.equal("6f1d", room:update())
    assert.equal("STANDUP", room.title)
    assert.equal("a field behind a method", room.raw.update)
  end)

  it("knows a field by another name", function()
    assert.is_false(room.waits)
    assert.is_false(room.waiting_room)
    assert.is_nil(room.lost)
  end)

  it("knows its object, backend and answer", function()
    assert.equal(raw, room.raw)
    assert.equal("opentalk", room.backend)
    assert.equal(201, room.response.status)
    assert.is_nil(core.record(class, {}).response)
  end)

  it("asks a getter once, even when it says nil or false", function()
    for _ = 1, 3 do
      assert.equal("https://x/room/6f1d", room.join_url)
      assert.is_nil(room.none)
      assert.is_false(room.no)
    end
    assert.equal(1, calls.join_url)
    assert.equal(1, calls.none)
    assert.equal(core.record(class, { id = 2 }).join_url, "https://x/room/2")
  end)

  it("asks a getter again that raised", function()
    for i = 1, 2 do
      local ok, message = pcall(function() return room.wrong end)
      assert.is_false(ok)
      assert.equal("no " .. i, message)
    end
  end)

  it("sees methods that a class gets later", function()
    class.methods.extra = function() return "extra" end
    assert.equal("extra", room:extra())
  end)

  it("cannot be written to", function()
    assert.error_matches(function() room.id = 1 end, "salon.Room is read%-only")
    assert.error_matches(function() room.new = 1 end, "salon.Room is read%-only")
    assert.equal("6f1d", raw.id)
  end)

  it("tells what it is", function()
    assert.equal("salon.Room(6f1d opentalk)", tostring(room))
    assert.equal("salon.Room(opentalk)", tostring(core.record(class, {})))
    local bare = { name = "salon.Invite", methods = {}, getters = {} }
    assert.equal("salon.Invite(7)", tostring(core.record(bare, { id = 7 })))
    assert.equal("salon.Invite()", tostring(core.record(bare, { id = {} })))
  end)

  it("copies itself into plain tables", function()
    local copy = room:totable()
    assert.same(raw, copy)
    assert.are_not.equal(raw, copy)
    assert.are_not.equal(raw.list, copy.list)
    assert.are_not.equal(raw.list[2], copy.list[2])
  end)

  it("copies inner records and marks of arrays, and runs nobody's code", function()
    local function raise() error "metamethod" end
    local outer = core.record(class, { room = room,
      empty = setmetatable({}, core.array_mt),
      odd = setmetatable({ x = 1 }, { __index = raise, __newindex = raise,
        __pairs = raise }) }):totable()
    assert.same(raw, outer.room)
    assert.equal(core.array_mt, getmetatable(outer.empty))
    assert.equal(1, outer.odd.x)
  end)

  it("does not hang on a cycle", function()
    raw.self = raw
    assert.error_matches(function() room:totable() end, "nested too deeply")
  end)

  if _VERSION ~= "Lua 5.1" then  -- which asks no __pairs
    it("walks its object with pairs", function()
      local seen = {}
      for name, value in pairs(room) do seen[name] = value end
      assert.same(raw, seen)
    end)
  end

  it("is told from everything else", function()
    for _, value in ipairs { 1, "x", {}, io.stdout, core.secret "x",
        core.null } do
      assert.error_matches(function() core.raw(value) end, "bad argument #1")
      assert.error_matches(function() core.service_of(value) end, "record expected")
    end
  end)

  it("gives its object and service to the inside", function()
    assert.equal(raw, core.raw(room))
    assert.equal(client, core.service_of(room))
    assert.is_nil(core.service_of(core.record(class, raw)))
  end)

  it("checks its self", function()
    local meta = debug.getmetatable(room)
    local other = core.record({ name = "salon.Event", methods = {},
      getters = {} }, {})
    for _, value in ipairs { "x", {}, setmetatable({}, meta), io.stdout, other } do
      for _, event in ipairs { "__index", "__pairs", "__tostring" } do
        assert.error_matches(function() meta[event](value, "id") end,
          "record expected")
      end
    end
    assert.error_matches(function() room.totable("x") end, "record expected")
    assert.error(function() meta.__index() end)
  end)

  it("makes records of a whole list", function()
    local answer = {}
    local list = core.records(class, { raw, { id = 7 } }, client, answer)
    assert.equal(2, #list)
    assert.equal(raw, list[1].raw)
    assert.equal("https://x/room/7", list[2].join_url)
    assert.equal("https://x/room/6f1d", list[1].join_url)
    for _, each in ipairs(list) do
      assert.equal(client, core.service_of(each))
      assert.equal(answer, each.response)
      assert.equal(debug.getmetatable(room), debug.getmetatable(each))
    end
    assert.same({}, core.records(class, {}))
    assert.error_matches(function() core.records(class, { raw, "x" }) end,
      "item 2 is not a table")
    assert.error_matches(function() core.records(class) end, "bad argument #2")
  end)

  it("looks at what a class has itself, not at what its tables inherit", function()
    setmetatable(class.methods, { __index = { id = "inherited" } })
    setmetatable(class.getters, { __index = { id = error } })
    assert.equal("6f1d", room.id)
  end)

  it("keeps classes of one name apart", function()
    local meet = { name = "salon.Room", backend = "meet", methods = {},
      getters = {} }
    local other = core.record(meet, { id = "6f1d" })
    assert.equal("salon.Room(6f1d meet)", tostring(other))
    assert.is_nil(other.update)
    assert.are_not.equal(other, room)
  end)

  it("goes together with its class", function()
    local weak = setmetatable({ room, class, raw, client }, { __mode = "v" })
    room, class, raw, client = nil, nil, nil, nil
    collectgarbage()
    collectgarbage()
    assert.same({}, weak)
  end)

  it("refuses classes that are none", function()
    assert.error_matches(function() core.record({}, {}) end,
      "class needs a table 'methods'")
    assert.error_matches(function()
      core.record({ methods = {}, getters = {} }, {})
    end, "class needs a string 'name'")
    assert.error_matches(function() core.record(class, nil) end,
      "bad argument #2")
    assert.error(function() core.record() end)
  end)
end)
