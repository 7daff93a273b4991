-- Servers repeat what they refuse, in every spelling; none of it may reach an error.

local Secrets = require "salon.internal.secrets"
local raw = require "spec.support.raw"
local salon = require "salon"

describe("a secret that a login service repeats", function()
  local SECRET = "Hush/it=is\"<9876543210>"
  local SPELT = {
    "Hush/it=is\\\"<9876543210>", "Hush\\/it=is\\\"\\u003c9876543210>", "\\u0048ush/it=is\\u0022<9876543210>",
    "Hush/it=is&quot;&lt;9876543210&gt;", "&#72;ush/it=is&#x22;&lt;9876543210>",
    "Hush%2fit%3dis%22%3c9876543210%3e", "Hush%2Fit%3Dis%22%3C9876543210%3E",
    "SHVzaC9pdD1pcyI8OTg3NjU0MzIxMD4=", "eDpIdXNoL2l0PWlzIjw5ODc2NTQzMjEwPg==",
    "SHVzaC9pdD1pcyI8OTg3NjU0MzIxMD4", "eDpIdXNoL2l0PWlzIjw5ODc2NTQzMjEwPg",
    -- several layers
    "Hush\\/it%3Dis%22%3C9876543210%3E", "Hush%252Fit%253Dis%2522%253C9876543210%253E",
    "Hush\\/it=is\\\"<9876543210>", "Hush/it=is&amp;quot;&amp;lt;9876543210&amp;gt;",
    "Hush/it=is\\u0026quot;\\u0026lt;9876543210\\u0026gt;", "Hush%2fit=is%26quot%3B%26lt%3B9876543210>",
  }
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  local function refused(extra, headers, body)
    local given = { url = server.url, client_id = "c", username = "u", password = "pass",
      token_endpoint = server:reply("token", "400 Bad Request", headers, body) }
    for name, value in pairs(extra) do given[name] = value end
    return select(2, salon.opentalk(given):token())
  end

  local function texts(err)
    local all = { tostring(err), err.message, err.body, err.code or "", err.hint or "", err.request_id or "" }
    for _, field in ipairs(err.fields or {}) do
      for _, text in pairs(field) do all[#all + 1] = text end
    end
    return table.concat(all, "\n")
  end

  it("is in no member of the error, however it is spelt and given", function()
    for _, given in ipairs { SECRET, salon.secret(SECRET), function() return SECRET end } do
      for _, spelt in ipairs(SPELT) do
        local err = refused({ client_secret = given },
          "X-Request-Id: " .. spelt:gsub('\\"', '"') .. "\r\n",
          ('{"code":"%s","message":"you sent %s","errors":[{"field":"%s","code":"%s","message":"%s"}]}')
            :format(spelt, spelt, spelt, spelt, spelt))
        assert.equal(400, err.status)
        local shown = texts(err)
        assert.matches("%*%*%*", shown)
        for _, part in ipairs { "987654", "Hush", "ush/it", "OTg3NjU0", "ODc2NTQz" } do
          assert.is_nil(shown:find(part, 1, true), spelt .. " shows " .. part .. " in " .. shown)
        end
      end
    end
  end)

  it("is found whatever its own characters could mean, and however they were read", function()
    local CASES = {
      { "pw\\ubad5", 'pw\\\\ubad5' }, { "Geh\195\169im99", "Geh&eacute;im99" },
      { "Geh\195\169im99", "Geh\\u00c3\\u00a9im99" }, { "Geh\195\169im99", "Geh%E9im99" },
      { "Geh\226\130\172im99", "Geh\195\162\194\130\194\172im99" },
      { "a%41&amp;b c", "a%2541%26amp%3Bb+c" }, { "a\\u0041<b", "a\\\\u0041&lt;b" },
      { "??>>~~secret", "Pz8-Pn5-c2VjcmV0" }, { "end\\", 'end\\\\' },
      { "\240\159\152\128key", "\\ud83d\\ude00key" }, { "a+b c+d", "a%2Bb+c%2Bd" },
    }
    for _, case in ipairs(CASES) do
      local err = refused({ client_secret = case[1] }, "", '{"message":"not ' .. case[2] .. ' but"}')
      assert.equal("login refused: not *** but", err.message)
      assert.matches("not %*%*%*\\? but", err.body)
    end
  end)

  it("is no more there once line ends have become blanks", function()
    local err = refused({ client_secret = "one two 3" }, "", '{"message":"not one\\n\\ttwo\\r\\n3 but"}')
    assert.equal("login refused: not *** but", err.message)
  end)

  it("of a proxy is struck, alone and with the user's name, in base64, too", function()
    local LOGIN = "dXNlcjpHZWgvZWltOTk="
    server:reply("x", "407 Proxy Authentication Required", "",
      '{"message":"Basic ' .. LOGIN .. ' is user:Geh/eim99, Geh%2Feim99"}')
    local ot = salon.opentalk { controller_url = "http://127.0.0.1:1/x", token = "t", max_tries = 1, no_proxy = "",
      proxy = server.url:gsub("//", "//user:Geh%%2Feim99@") }
    local _, err = ot.rooms:list()
    assert.matches("^Basic %*%*%*.?=? is %*%*%*, %*%*%*$", err.message)
    for _, text in ipairs { tostring(err), err.body } do
      assert.not_matches("eim99", text)
      assert.not_matches("dXNlc", text)
    end
  end)

  it("of a room is struck from the errors of what sets it", function()
    local ot = salon.opentalk { controller_url = server.url .. "/x", token = "t", max_tries = 1 }
    local ID = "00000000-0000-0000-0000-000000000000"
    local function make(given)
      return { ot.rooms:create { password = given } }, { ot.rooms:update(ID, { password = given }) },
        { ot.events:create { title = "x", password = given } },
        { ot.events:update(ID, { password = given }) },
        { ot:call("POST", "/v1/rooms", { json = { password = "Geheim99" } }) }
    end
    server:reply("x", "422 Unprocessable Entity", "", '{"code":"validation_failed",'
      .. '"errors":[{"field":"password","code":"invalid","message":"Geheim99 is bad"}]}')
    for _, given in ipairs { "Geheim99", salon.secret "Geheim99" } do
      for _, result in ipairs { make(given) } do
        local err = result[2]
        assert.matches("%*%*%* is bad", err.message)
        assert.not_matches("Geheim99", tostring(err) .. err.body .. err.fields[1].message)
      end
    end
  end)

  it("is no reason for another hint where it is a word of the path", function()
    for _, password in ipairs { "other", "realms", "token", "protocol", "openid-connect" } do
      local token_endpoint = server:reply("realms", "404 Not Found", "", "<html>")
      local ot = salon.opentalk { url = server.url, client_id = "c", username = "u", password = password,
        token_endpoint = token_endpoint .. "/x/protocol/openid-connect/other", max_tries = 1 }
      local _, err = ot:token()
      assert.matches("is another address of the login service: that of tokens", err.hint)
    end
  end)

  it("is spelt once, not for each error", function()
    local ot = salon.opentalk { controller_url = server:reply("x", "404 Not Found", "", ""),
      token = ("aB3"):rep(600), max_tries = 1 }
    local spelt, base64 = 0, Secrets.base64
    finally(function() Secrets.base64 = base64 end)
    Secrets.base64 = function(bytes)
      spelt = spelt + 1
      return base64(bytes)
    end
    ot.rooms:list()
    assert.is_true(spelt > 0)
    spelt = 0
    for _ = 1, 3 do assert.equal(404, select(2, ot.rooms:list()).status) end
    assert.equal(0, spelt)
  end)

  it("is struck whole when a shorter one is part of it", function()
    local err = refused({ password = "salon", client_secret = "HEAD-salon-TAIL" }, "",
      '{"message":"HEAD-salon-TAIL and salon"}')
    assert.equal("login refused: *** and ***", err.message)
  end)
end)
