-- Servers repeat what they refuse, in every spelling; none of it may reach an error.

local raw = require "spec.support.raw"
local salon = require "salon"

describe("a secret that a login service repeats", function()
  local SECRET = "Hush/it=is\"<9876543210>"
  local SPELT = {
    "Hush/it=is\\\"<9876543210>", "Hush\\/it=is\\\"\\u003c9876543210>", "\\u0048ush/it=is\\u0022<9876543210>",
    "Hush/it=is&quot;&lt;9876543210&gt;", "&#72;ush/it=is&#x22;&lt;9876543210>",
    "Hush%2fit%3dis%22%3c9876543210%3e", "Hush%2Fit%3Dis%22%3C9876543210%3E",
    "SHVzaC9pdD1pcyI8OTg3NjU0MzIxMD4=", "eDpIdXNoL2l0PWlzIjw5ODc2NTQzMjEwPg==",
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

  it("is struck whole when a shorter one is part of it", function()
    local err = refused({ password = "salon", client_secret = "HEAD-salon-TAIL" }, "",
      '{"message":"HEAD-salon-TAIL and salon"}')
    assert.equal("login refused: *** and ***", err.message)
  end)
end)
