-- In a Turkish locale I has another lower case, so texts of servers were not recognised; in
-- one of one byte a character parts of UTF-8 were taken for control characters. And a login
-- was another one in the store.

local raw = require "spec.support.raw"
local support = require "spec.support"

local SCRIPT = [[
  assert(os.setlocale(arg[2]))
  local salon, url = require "salon", arg[1]
  local function login(name)
    local _, err = salon.opentalk { url = url, token_endpoint = url .. name, client_id = "c",
      username = "u", password = "pppp", max_tries = 1 }:token()
    print(err.hint)
  end
  login "/disabled"
  login "/grants"
  local meet = salon.meet { url = url .. "/meet", client_id = "a", client_secret = "ssss", user = "u@x.y" }
  print(select(2, meet.rooms:list()).hint)
  local function get(name, id)
    local room, err = salon.opentalk { controller_url = url .. name, token = "tttt", max_tries = 1 }.rooms:get(id)
    print(room or err.message, err and err.request_id, err and err.hint)
  end
  get("/umlauts", "r")
  get("/umlauts", "\195\156bung")
  get("/title", "r")
  get("/token", "r")
  salon.opentalk { url = url, client_id = "c", username = "ISI\195\156L", store = { write = print, lock = print,
    unlock = print, read = function(key) print(key) return nil, "no" end } }:token()
  print(pcall(salon.opentalk, { url = url, token = "t", user_agent = "\195\156ber", ISSUER = "x" }))
]]

describe("a program in another locale", function()
  it("says the same as in none", function()
    local server, folder = raw.start(), support.folder()
    finally(function()
      server:stop()
      support.remove(folder)
    end)
    for name, source in pairs { ["tr_TR.UTF-8"] = "tr_TR", ["de_DE.ISO-8859-1"] = "de_DE",
      ["tr_TR.ISO-8859-9"] = "tr_TR" } do
      local _, status = support.run(("localedef -f %s -i %s %s"):format(name:match "%.(.*)", source,
        support.quote(folder .. "/" .. name)))
      if status ~= 0 then return pending "localedef has no locales to build" end
    end
    server:reply("disabled", "400 Bad Request", "",
      '{"error":"invalid_grant","error_description":"INVALID USER CREDENTIALS"}')
    server:reply("grants", "400 Bad Request", "",
      '{"error":"unauthorized_client","error_description":"Invalid client or Invalid client credentials"}')
    server:reply("meet", "401 Unauthorized", "", '{"error":"Invalid credentials"}')
    server:reply("umlauts", "500 Oops", "X-Request-ID: 4711\r\n", '{"message":"Raum f\195\188r \195\156bung"}')
    server:reply("title", "404 Not Found", "", "<HTML><TITLE>Nothing In It</TITLE>")
    server:reply("token", "401 Unauthorized", "", '{"code":"unauthorized","message":"INVALID_TOKEN"}')
    local script = support.write(folder .. "/script.lua", SCRIPT)
    local function say(locale)
      return (support.script({ script, server.url, locale }, { LOCPATH = folder }))
    end
    local expected = say "C"
    for _, part in ipairs { "check 'username' and 'password'", "'client_secret' is missing or wrong",
      "check 'client_id' and 'client_secret'", "Raum f\195\188r \195\156bung\t4711", "Nothing In It",
      "the token given with option 'token'", "&user=isi%C3%9Cl&", "did you mean 'issuer'" } do
      assert.is_truthy(expected:find(part, 1, true), part .. " is not in " .. expected)
    end
    for _, locale in ipairs { "tr_TR.UTF-8", "de_DE.ISO-8859-1", "tr_TR.ISO-8859-9" } do
      assert.equal(expected, say(locale))
    end
  end)
end)
