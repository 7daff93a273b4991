-- Patterns that run over bytes of a server must take linear time: a page of 1,200
-- blanks took seconds, one of 10 KB half an hour.

local error_body = require "salon.internal.error_body"
local core = require "salon.core"

describe("a page that is made to be hard to read", function()
  -- Linear is some milliseconds; what is not takes hours, so any limit will do.
  local function read(body)
    local begun = core.now()
    local _, message, _, shape = error_body.read(body)
    assert.is_true(core.now() - begun < 5)
    assert.are.equal("html", shape)
    return message
  end

  it("of a title and nothing but blanks is read at once", function()
    assert.is_nil(read("<html><title>" .. (" "):rep(200000)))
    assert.is_nil(read(("<title>"):rep(100000)))
    assert.is_nil(read(("<h1>"):rep(100000)))
    assert.is_nil(read("<h1>" .. ("\n "):rep(100000) .. "</h1>"))
  end)

  it("still gives its title, or its first heading", function()
    assert.are.equal("502 Bad Gateway",
      read("<html>\r\n<head><TITLE>\n 502 Bad\tGateway </TITLE></head>"))
    assert.are.equal("Not Found", read("<title></title><h1> Not Found</h1>"))
    assert.is_nil(read("<p>no title</p>"))
    assert.is_nil(read("<title>" .. ("x"):rep(200) .. "</title>"))
  end)
end)
