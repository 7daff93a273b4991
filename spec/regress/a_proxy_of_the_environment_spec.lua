-- `http_proxy` is meant for the world outside: what goes to this machine must not
-- carry a password there.

local raw = require "spec.support.raw"
local support = require "spec.support"

describe("a proxy that the environment names", function()
  local proxy, server
  setup(function() proxy, server = raw.start(), raw.start() end)
  teardown(function()
    proxy:stop()
    server:stop()
  end)

  -- Makes one call; what each of the two has heard of it since the last time.
  local function call(url, environment, more)
    local before, through = select(2, server:log()), select(2, proxy:log())
    local program = support.write(os.tmpname(), ([[
      local salon = require "salon"
      local client = salon.meet { url = %q, token = "t", max_tries = 1, allow_insecure = true, %s }
      client:call("GET", "/rooms/")
    ]]):format(url, more or ""))
    local output, status = support.script({ program }, environment)
    os.remove(program)
    assert.are.same({ "", 0 }, { output, status })
    local _, heard = server:log()
    local text, asked = proxy:log()
    return heard - before, asked + select(2, text:gsub("%u+ http://", "")) - through
  end

  it("is not asked for addresses of this machine", function()
    server:reply("x", "200 OK", "", "[]")
    local port = server.url:match(":(%d+)$")
    for _, host in ipairs { "127.0.0.1", "localhost", "127.1.2.3" } do
      for _, name in ipairs { "http_proxy", "all_proxy", "ALL_PROXY" } do
        local heard, asked = call("http://" .. host .. ":" .. port .. "/x", { [name] = proxy.url })
        assert.are.same({ host, name, 0 }, { host, name, asked })
        if host == "127.0.0.1" then assert.are.equal(1, heard) end
      end
    end
  end)

  it("is asked for all others, and when an option names it", function()
    local _, asked = call("http://meet.example/x", { http_proxy = proxy.url })
    assert.is_true(asked > 0)
    _, asked = call(server.url .. "/x", {}, ("proxy = %q, no_proxy = ''"):format(proxy.url))
    assert.is_true(asked > 0)
  end)
end)
