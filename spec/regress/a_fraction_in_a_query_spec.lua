-- `query = { x = 1.5 }` raised an error about argument #8 of a function nobody had called.

local raw = require "spec.support.raw"
local salon = require "salon"

describe("a number in a query", function()
  local server, client
  setup(function()
    server = raw.start()
    server:reply("x", "200 OK", "", "{}")
    client = salon.meet { url = server.url .. "/x", token = "t" }
  end)
  teardown(function() server:stop() end)

  it("is sent as it is written, whole or not, in every locale", function()
    local before = os.setlocale(nil)
    os.setlocale "de_DE.UTF-8"
    assert(client:call("GET", "/a", { query = { a = 1.5, b = 20.0, c = -0.25, d = 1e300, e = 7 } }))
    os.setlocale(before)
    local text = server:log()
    assert.matches("?a=1.5&b=20&c=-0.25&d=1e%2B300&e=7 ", text, 1, true)
  end)

  it("must be finite, which is said at the caller's line", function()
    for _, value in ipairs { 0 / 0, 1 / 0, -1 / 0 } do
      local _, message = pcall(function() client:call("GET", "/a", { query = { x = value } }) end)
      assert.matches("a_fraction_in_a_query_spec.lua:%d+: client:call: query 'x' must be finite", message)
    end
  end)
end)
