-- nginx closes an HTTP/2 connection after so many requests (1,000 by default), and
-- those that are on it at that moment are not processed: none may be lost.

local Authority = require "spec.support.authority"
local finder = require "salon.sandbox.nginx"
local nginx = require "spec.support.nginx"
local salon = require "salon"
local support = require "spec.support"

describe("a server that retires its connections", function()
  it("loses no creation, sixteen at a time", function()
    local authority, port = Authority.new(), support.free_ports()()
    authority:sign("good", "localhost", "-days 2")
    local http2 = assert(finder.find()).http2
    local guest = nginx.start(([[
      keepalive_requests 20;
      server {
        listen 127.0.0.1:%d ssl%s; %s
        ssl_certificate %s/good.pem; ssl_certificate_key %s/good.key;
        location / { content_by_lua_block {
          ngx.req.read_body()
          ngx.sleep(0.002)
          ngx.say '{"id":"6f1d7a52-0000-4000-8000-000000000001"}'
        } }
      }]]):format(port, http2 and "" or " http2", http2 and "http2 on;" or "", authority.folder,
      authority.folder))
    finally(function()
      guest:stop()
      authority:remove()
    end)
    local meet = salon.meet { url = "https://localhost:" .. port, token = "t",
      ca_file = authority.folder .. "/ca.pem" }
    local numbers, made = {}, 0
    for i = 1, 600 do numbers[i] = i end
    for _, room, err in salon.map(numbers, function() return meet.rooms:create() end, { on_error = "collect" }) do
      assert.is_truthy(room, tostring(err))
      made = made + 1
    end
    assert.equal(600, made)
  end)
end)
