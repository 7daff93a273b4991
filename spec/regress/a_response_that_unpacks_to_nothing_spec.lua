-- A packed response of which nothing comes out is broken, not empty.

local raw = require "spec.support.raw"
local salon = require "salon"

describe("a response that is packed", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  local function call(method, status, coding, body)
    local url = server:reply("x", status, "Content-Encoding: " .. coding .. "\r\n", body)
    return salon.meet { url = url, token = "t" }:call(method, "/rooms/")
  end

  it("and unpacks to nothing is an error of kind decode, sent once", function()
    for coding, body in pairs { br = "\1\2", gzip = "" } do
      local ok, err = call("GET", "200 OK", coding, body)
      assert.is_nil(ok)
      assert.same({ coding, "decode", 200, "done", 1 }, { coding, err.kind, err.status, err.outcome, err.attempts })
    end
  end)

  it("in more than one part is unpacked, or an error of kind decode, sent once", function()
    -- printf '[1,' | gzip -n, and the same of "2]"
    local first = "\31\139\8\0\0\0\0\0\0\3\139\54\212\1\0\18\115\45\107\3\0\0\0"
    local second = "\31\139\8\0\0\0\0\0\0\3\51\138\5\0\199\107\115\185\2\0\0\0"
    local list, err = call("GET", "200 OK", "gzip", first .. second)
    if list then
      assert.same({ 1, 2 }, list)
    else
      assert.same({ "decode", 200, "done", 1 }, { err.kind, err.status, err.outcome, err.attempts })
    end
  end)

  it("may say nothing where nothing is expected", function()
    assert.is_true((call("GET", "200 OK", "identity", "")))
    assert.is_true((call("DELETE", "204 No Content", "gzip", "")))
    assert.is_true((call("HEAD", "200 OK", "gzip", "")))
  end)
end)
