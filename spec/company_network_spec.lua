-- Servers as companies have them: those that want to know the client by a certificate, with
-- an authority of their own, behind a gateway that wants a header.

local Authority = require "spec.support.authority"
local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"

describe("a server that wants the client's certificate", function()
  local authority, guest, folder
  local urls = {}

  setup(function()
    authority = Authority.new()
    authority:sign("server", "localhost", "-days 2")
    authority:sign("client", "client.example", "-days 2")
    authority:self_signed("unknown", "client.example")
    folder = authority.folder
    authority:openssl("ec -aes256 -passout pass:kiwi -in client.key -out locked.key 2>/dev/null")
    authority:openssl("rehash . 2>/dev/null")
    local take, servers = support.free_ports(), {}
    for i = 1, 2 do  -- connections of one certificate are shared: another server for bad keys
      urls[i] = take()
      servers[i] = authority:server("server", urls[i], '{"count":0,"next":null,"results":[]}')
        :gsub("ssl_certificate ", "ssl_verify_client on; ssl_client_certificate " .. authority.ca_file
          .. "; ssl_certificate ", 1)
      urls[i] = "https://localhost:" .. urls[i]
    end
    guest = require("spec.support.nginx").start(table.concat(servers, "\n"))
  end)
  teardown(function()
    guest:stop()
    authority:remove()
  end)

  local function list(more)
    local given = { url = urls[1], token = "t", proxy = "", ca_file = authority.ca_file, timeout = 10 }
    for name, value in pairs(more) do given[name] = value end
    return salon.meet(given).rooms:list()
  end

  it("is satisfied with the certificate, its key, and the key's password", function()
    assert(list { client_cert = folder .. "/client.pem", client_key = folder .. "/client.key" })
    assert(list { client_cert = folder .. "/client.pem", client_key = folder .. "/locked.key",
      client_key_password = salon.secret "kiwi" })
    support.write(folder .. "/both.pem", support.read(folder .. "/client.pem")
      .. support.read(folder .. "/client.key"))
    assert(list { client_cert = folder .. "/both.pem" })
  end)

  it("is told by a hint when the certificate is missing or not known there", function()
    local _, err = list {}
    assert.same({ "http", 400 }, { err.kind, err.status })
    assert.matches("set 'client_cert' and 'client_key'", err.hint)
    _, err = list { client_cert = folder .. "/unknown.pem", client_key = folder .. "/unknown.key" }
    assert.matches("does not accept the certificate of 'client_cert'", err.hint)
  end)

  it("is not asked, nor anybody for a password, when the key does not fit or is locked", function()
    for _, more in ipairs { { client_key = folder .. "/unknown.key" }, { client_key = folder .. "/locked.key" },
      { client_key = folder .. "/locked.key", client_key_password = "wrong" } } do
      more.url, more.client_cert = urls[2], folder .. "/client.pem"
      local _, err = list(more)
      assert.same({ "tls", 1, "unsent" }, { err.kind, err.attempts, err.outcome })
      assert.matches("^the client's certificate: ", err.message)
      assert.matches("must belong together", err.hint)
      assert.is_nil(tostring(err):find("wrong", 1, true))
    end
  end)

  it("is trusted by a folder of authorities", function()
    assert(list { ca_file = false or nil, ca_path = folder, client_cert = folder .. "/both.pem" })
  end)
end)

describe("option 'headers'", function()
  it("goes with every request, and a long value is struck from errors", function()
    local server = raw.start()
    finally(function() server:stop() end)
    server:reply("x", "403 Forbidden", "", '{"detail":"no key gateway-key-4711 here"}')
    local client = salon.meet { url = server.url .. "/x", token = "t",
      headers = { ["X-Forwarded-Proto"] = "https", ["X-Api-Key"] = "gateway-key-4711" } }
    local _, err = client.rooms:create()
    local log = server:log()
    assert.matches("\r\nX%-Forwarded%-Proto: https\r\n", log)
    assert.matches("\r\nX%-Api%-Key: gateway%-key%-4711\r\n", log)
    assert.is_nil((tostring(err) .. err.body):find("4711", 1, true))
  end)

  it("refuses what salon sends itself, and what is no header", function()
    for name, why in pairs { Authorization = "has 'Authorization', which cannot be set",
      ["User-Agent"] = "has 'User-Agent', which is option 'user_agent'",
      ["X Y"] = "has 'X Y', which is not a header name" } do
      local ok, e = pcall(salon.meet, { url = "https://x.example", token = "t", headers = { [name] = "x" } })
      assert.is_false(ok)
      assert.matches("salon.meet: option 'headers' " .. why, e, 1, true)
    end
    local ok, e = pcall(salon.meet, { url = "https://x.example", token = "t", headers = { X = "a\r\nB: c" } })
    assert.is_false(ok)
    assert.matches("'X', which must be a string without control characters", e, 1, true)
  end)
end)
