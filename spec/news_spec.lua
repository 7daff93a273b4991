-- News of finished requests: nobody need look for them, and yet they do not pile
-- up with the answers that they hold.

local core = require "salon.core"
local raw = require "spec.support.raw"

describe("a request that was done before it is waited for", function()
  it("leaves no news behind", function()
    local server = raw.start()
    finally(function() server:stop() end)
    local url = server:answer("x", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "keep")
    local client = core.client { label = "test", proxy = "" }
    local request = core.request(client, { url = url .. "/" })
    local patience = core.now() + 5
    repeat until tostring(request):find("done", 1, true) or core.now() > patience
    assert.is_true(request:wait(1))
    local mailbox = core.mailbox()
    assert.is_nil(mailbox:take())
    mailbox:release()
    client:close()
  end)
end)
