-- What is read from a file often ends in a line end, which nobody sees in a log: login
-- services answer it with words about wrong credentials.

local raw = require "spec.support.raw"
local salon = require "salon"

describe("a line end from a file", function()
  local server, endpoint
  setup(function()
    server = raw.start()
    endpoint = server:reply("token", "200 OK", "", '{"access_token":"t"}')
  end)
  teardown(function() server:stop() end)

  local function given(make, extra)
    local all = make == salon.opentalk
      and { url = server.url, token_endpoint = endpoint, client_id = "c", username = "u", password = "p" }
      or { url = endpoint, client_id = "c", client_secret = "s", user = "u@x.example" }
    for name, value in pairs(extra) do all[name] = value end
    return all
  end

  local PLACES = {
    { salon.opentalk, "client_id" }, { salon.opentalk, "client_secret" }, { salon.opentalk, "username" },
    { salon.opentalk, "password" }, { salon.opentalk, "proxy" },
    { salon.meet, "client_id" }, { salon.meet, "client_secret" }, { salon.meet, "user" },
  }

  it("is refused at the caller's line, by the name of the option", function()
    for _, place in ipairs(PLACES) do
      local make, name = place[1], place[2]
      local values = { "hidden\n", "hidden\r\n", name ~= "password" and " hidden" or "\nhidden" }
      if name:find "secret" or name == "password" then values[4] = salon.secret "hidden\n" end
      for _, value in ipairs(values) do
        local ok, e = pcall(function() make(given(make, { [name] = value })) end)
        assert.is_false(ok)
        assert.matches("a_line_end_from_a_file_spec.lua:%d+: salon%.%l+: option '" .. name
          .. "' must not begin or end with a .*line end: strip what was read from a file$", e)
      end
    end
    local meet = salon.meet(given(salon.meet, {}))
    assert.error_matches(function() meet.rooms:list { user = "u@x.example\n" } end,
      "rooms:list: option 'user' must not begin or end")
  end)

  it("is an error of the login where a function gives it, and nothing is sent", function()
    for _, place in ipairs { PLACES[2], PLACES[3], PLACES[4], PLACES[7] } do
      local name = place[2]
      local _, before = server:log()
      local client = place[1](given(place[1], { [name] = function() return "hidden\n" end }))
      local token, err = client:token()
      assert.is_nil(token)
      assert.equal("auth", err.kind)
      assert.matches("option '" .. name .. "': must not begin or end", err.message)
      assert.not_matches("hidden", tostring(err))
      assert.equal(before, (select(2, server:log())))
    end
  end)

  it("is one thing, and the blanks around a password are another", function()
    assert(salon.opentalk(given(salon.opentalk, { password = " p " })):token())
    assert.matches("password=%%20p%%20", (server:log()))
  end)
end)
