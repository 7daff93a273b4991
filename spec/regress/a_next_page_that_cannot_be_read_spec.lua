-- A link to the next page whose number is 2.5, 1e308 or missing raised a bare error of
-- Lua, or ended the walk as if the list were through.

local raw = require "spec.support.raw"
local salon = require "salon"

describe("a next page", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  local function opentalk(link)
    server:reply("x", "200 OK", 'Link: ' .. link .. "\r\n", '[{"id":"a"}]')
    return salon.opentalk { controller_url = server.url .. "/x", token = "t" }.rooms
  end

  local function meet(next_page)
    server:reply("x", "200 OK", "", '{"count":40,"next":' .. next_page .. ',"results":[{"id":"a"}]}')
    return salon.meet { url = server.url .. "/x", token = "t" }.rooms
  end

  local function check(rooms)
    local _, err = rooms:list()
    assert.are.equal("decode", err and err.kind)
    local _, e = pcall(function() for _ in rooms:each() do end end)
    assert.are.equal("decode", salon.caught(e) and salon.caught(e).kind or e)
  end

  it("without a number that can be read is an error", function()
    for _, page in ipairs { "page=2.5", "page=1e308", "page=1e2", "page=", "page=-1", "page=0x2", "page=nan",
      "page=99999999999999999999", "", "after=xyz" } do
      check(opentalk("<http://h/v1/rooms?" .. page .. '>; rel="next"'))
      check(meet('"http://h/rooms/?' .. page .. '"'))
    end
    check(opentalk('<http://h/v1/rooms?page=2>; rel="after"'))
    for _, odd in ipairs { "2", "true", "{}", "1e999" } do check(meet(odd)) end
  end)

  it("whose number can be read is gone to, and an empty header has none", function()
    assert.are.equal(2, assert(opentalk('<http://h/?page=2>; rel="next"'):list()).next.page)
    assert.is_nil(assert(opentalk(""):list()).next)
    assert.is_nil(assert(meet("null"):list()).next)
  end)
end)

describe("an option that counts", function()
  it("must be small enough to be written", function()
    local client = salon.meet { url = "https://x.example", token = "t" }
    for _, page in ipairs { 1e300, 2 ^ 60, 2.5, 0 / 0, 1 / 0 } do
      assert.error_matches(function() client.rooms:list { page = page } end, "option 'page' must be")
    end
  end)
end)
