-- What is not UTF-8 makes JSON that servers refuse, with words that blame something
-- else: it is the caller's mistake, and raises at the caller's line.

local salon = require "salon"

describe("a text that is not UTF-8", function()
  local function raised(...)
    local ok, e = pcall(...)
    assert.is_false(ok)
    return tostring(e)
  end

  it("is refused where it is given, by the name of the field", function()
    local given = { url = "https://meet.example", client_id = "a", client_secret = "s", user = "\233@example.org" }
    local e = raised(function() salon.meet(given) end)
    assert.matches("a_text_that_is_not_utf8_spec.lua:%d+: salon.meet: option 'user' must be UTF%-8", e)
    local ot = salon.opentalk { controller_url = "https://ctl.example", token = "t" }
    e = raised(function() ot.rooms:create { name = "M\252ller" } end)
    assert.matches("a_text_that_is_not_utf8_spec.lua:%d+: rooms:create: field 'name' must be UTF%-8", e)
    e = raised(function() ot:call("POST", "/v1/x", { json = { deep = { "\255" } } }) end)
    assert.matches("a_text_that_is_not_utf8_spec.lua:%d+: client:call: option 'json': cannot encode "
      .. "a string that is not UTF%-8 at deep%[1%]", e)
  end)

  it("is an error of the login in a secret for JSON", function()
    local meet = salon.meet { url = "https://meet.example", client_id = "a",
      client_secret = "\255secret", user = "a@b.example" }
    local token, err = meet:token()
    assert.is_nil(token)
    assert.equal("auth option 'client_secret' must be UTF-8", err.kind .. " " .. err.message)
  end)

  it("is no matter of umlauts and of paths", function()
    assert(salon.meet { url = "https://meet.example", client_id = "a", client_secret = "s",
      user = "zo\195\171@example.org" })
    local path = os.tmpname() .. "\255"
    local file = assert(io.open(path, "w"))
    file:write "-----BEGIN CERTIFICATE-----\n"
    file:close()
    finally(function() os.remove(path) end)
    assert(salon.meet { url = "https://meet.example", token = "t", ca_file = path })
  end)
end)
