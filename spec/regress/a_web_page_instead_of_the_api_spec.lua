-- A proxy that does not route Meet's API answers 405 with a web page. That was taken for
-- the server's word, as if it were too old.

local raw = require "spec.support.raw"
local salon = require "salon"

describe("a web page", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  local function page(status)
    server:reply("x", status, "Content-Type: text/html\r\n", "<html><title>" .. status .. "</title>")
    return server.url .. "/x"
  end

  local CALLS = {
    function(client) return client.rooms:create() end,
    function(client) return client.rooms:update("a", { access_level = "public" }) end,
    function(client) return client.rooms:delete "a" end,
    function(client) return client.rooms:get "a" end,
  }

  it("of a proxy in front of Meet is called so, whatever the call is", function()
    for status, hint in pairs { ["405 Not Allowed"] = "does not route /external%-api",
      ["403 Forbidden"] = "a proxy or a firewall", ["404 Not Found"] = "check 'url'" } do
      for _, call in ipairs(CALLS) do
        local _, err = call(salon.meet { url = page(status), token = "t" })
        assert.are.same({ "http", tonumber(status:match "%d+") }, { err.kind, err.status })
        assert.matches("^a web page answered", err.hint)
        assert.matches(hint, err.hint)
      end
    end
    local n = 0
    local _, err = CALLS[4](salon.meet { url = page "401 Unauthorized", token = function()
      n = n + 1
      return "t" .. n
    end })
    assert.matches("wants a login of its own", err.hint)
  end)

  it("instead of a token is called so", function()
    local client = salon.meet { url = page "405 Not Allowed", client_id = "c", client_secret = "s",
      user = "a@b.example" }
    local _, err = client:token()
    assert.are.same({ "http", 405 }, { err.kind, err.status })
    assert.matches("does not route /external%-api", err.hint)
    page "403 Forbidden"
    _, err = client:token()
    assert.are.same({ "http", 403 }, { err.kind, err.status })
    assert.matches("^a web page answered", err.hint)
  end)

  it("of a proxy in front of OpenTalk is called so", function()
    for _, status in ipairs { "405 Not Allowed", "403 Forbidden", "404 Not Found" } do
      local _, err = CALLS[1](salon.opentalk { controller_url = page(status), token = "t" })
      assert.are.equal("http", err.kind)
      assert.matches("^a web page answered", err.hint)
    end
  end)

  it("that says 405 as JSON is the server's word", function()
    server:reply("x", "405 Method Not Allowed", "", '{"detail":"Method \\"PATCH\\" not allowed."}')
    local _, err = CALLS[2](salon.meet { url = server.url .. "/x", token = "t" })
    assert.are.equal("unsupported", err.kind)
  end)
end)
