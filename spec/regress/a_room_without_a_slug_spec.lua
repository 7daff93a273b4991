-- Meet names a room of Chinese characters "" in its addresses, and then gives the
-- address of its front page as the room's.

local core = require "salon.core"
local raw = require "spec.support.raw"
local salon = require "salon"

describe("a Meet room", function()
  it("without a slug has no address to join at", function()
    local server = raw.start()
    local client = salon.meet { url = server.url .. "/x", token = "t" }
    for slug, want in pairs { [""] = false, ["abc-defg-hij"] = "https://meet.example/abc-defg-hij" } do
      server:reply("x", "200 OK", "", core.encode { id = "a", name = "\228\188\154\232\174\174",
        slug = slug, url = "https://meet.example/" .. slug })
      local room = assert(client.rooms:get("a"))
      assert.are.equal(want, room.join_url or false)
      assert.are.equal("\228\188\154\232\174\174", room.title)
    end
    server:stop()
  end)
end)
