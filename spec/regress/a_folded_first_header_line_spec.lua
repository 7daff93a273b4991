-- libcurl 7.83 to 8.1.0 frees memory twice when a handle is used again and the
-- next answer's header begins with a folded line: any server could end the process.

local raw = require "spec.support.raw"
local support = require "spec.support"

describe("a header that begins with a folded line", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  it("is an ordinary answer or error, also on the second call of a client", function()
    local first = ("HTTP/1.1 200 OK\r\nX-A: %s\r\nX-Last: %s\r\nContent-Length: 2\r\n\r\n[]")
      :format(("a"):rep(80), ("b"):rep(60))
    local second = "HTTP/1.1 200 OK\r\n\tAccess-Control-Allow-Origin: *\r\n"
      .. "Content-Type: text/html\r\nContent-Length: 2\r\n\r\n[]"
    local url = server:answer("one", first)
    local program = support.write(os.tmpname(), ([[
      local salon = require "salon"
      local raw = require "spec.support.raw"
      local client = salon.meet { url = %q, token = "t", max_tries = 1 }
      assert(client:call("GET", "/rooms/"))
      for _ = 1, 20 do
        raw.answer({ folder = %q, url = "" }, "one", %q)
        client:call("GET", "/rooms/")
        raw.answer({ folder = %q, url = "" }, "one", %q)
        assert(client:call("GET", "/rooms/"))
      end
      io.write "still here"
    ]]):format(url, server.folder, second, server.folder, first))
    local output, status = support.script { program }
    os.remove(program)
    assert.are.same({ "still here", 0 }, { output, status })
  end)
end)
