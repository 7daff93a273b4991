-- Lua 5.4.0 to 5.4.4: a `break` out of a loop that closes a value and holds a closure
-- leaves the value open; the function then fails at some later line.

local raw = require "spec.support.raw"
local support = require "spec.support"
local salon = require "salon"

describe("a break out of a loop that holds a closure", function()
  local server, client
  setup(function()
    server = raw.start()
    client = salon.meet { token = "t", url = server:reply("x", "200 OK", "",
      '{"count":1,"next":null,"results":[{"id":"1","slug":"a","name":"a"}]}') }
  end)
  teardown(function()
    client:close()
    server:stop()
  end)

  -- What comes after the loop lies where the loop had its values.
  local function after(...) return select("#", ...), ... end

  it("lets the lines after it be, with each, pages and map", function()
    for _, walk in ipairs {
      function() return client.rooms:each() end,
      function() return client:pages("/rooms/") end,
      function() return salon.map(client.rooms:each(), tostring) end,
      function() return salon.map({ 1, 2, 3 }, tostring) end,
    } do
      for entry in walk() do
        local ok = pcall(function() return entry.id end)
        if ok or entry then break end
      end
      assert.are.same({ 4, nil, nil, 1, "x" }, { after(nil, nil, 1, "x") })
    end
  end)

  it("lets the lines after it be in a script of its own", function()
    local program = support.write(os.tmpname(), ([[
      local salon = require "salon"
      local client = salon.meet { url = "%s", token = "t" }
      for room in client.rooms:each() do
        local ok = pcall(function() return room.id end)
        if ok then break end
      end
      print "x"
    ]]):format(server.url .. "/x"))
    local output, status = support.script { program }
    os.remove(program)
    assert.are.same({ "x\n", 0 }, { output, status })
  end)
end)
