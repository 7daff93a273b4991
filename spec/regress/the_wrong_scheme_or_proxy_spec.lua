-- What cannot get better is tried once, and the message names the cause: a port that
-- speaks no TLS or only TLS, a proxy that refuses, a file that holds no certificates.

local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"

describe("an address with the wrong scheme", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  local function fails(options)
    options.token = "t"
    options.timeout = 10
    local ok, err = salon.meet(options):call("GET", "/rooms/")
    assert.is_nil(ok)
    assert.equal(1, err.attempts)
    return err
  end

  it("is named when the port speaks no TLS", function()
    local port = support.free_ports()()
    local guest = nginx.start(("server { listen 127.0.0.1:%d; return 200; }"):format(port))
    finally(function() guest:stop() end)
    local err = fails { url = "https://127.0.0.1:" .. port }
    assert.same({ "tls", "this port speaks no TLS" }, { err.kind, err.message })
    assert.matches("write http://", err.hint)
  end)

  it("is named when the port wants TLS", function()
    local url = server:reply("x", "400 Bad Request", "Content-Type: text/html\r\n",
      "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>")
    local err = fails { url = url }
    assert.equal("http", err.kind)
    assert.matches("write https://", err.hint)
  end)
end)

describe("a proxy that refuses", function()
  it("is asked once, and named with its status", function()
    local proxy = raw.start()  -- it knows no CONNECT
    finally(function() proxy:stop() end)
    local _, err = salon.meet { url = "https://meet.example", token = "t", proxy = proxy.url,
      no_proxy = "" }:call("GET", "/rooms/")
    assert.same({ "network", 1 }, { err.kind, err.attempts })
    assert.equal("the proxy refused the connection with status 404", err.message)
    assert.matches("'proxy'", err.hint)
  end)
end)

describe("a ca_file that holds no certificates", function()
  it("raises where it is given, and says what is wrong with it", function()
    local folder = support.folder()
    finally(function() support.remove(folder) end)
    support.write(folder .. "/empty", "")
    support.write(folder .. "/der", "0\130\3\1")
    for path, words in pairs { [folder] = "empty, or a folder", [folder .. "/empty"] = "empty, or a folder",
      [folder .. "/der"] = "PEM file", [folder .. "/absent"] = "cannot be read" } do
      assert.error_matches(function() salon.meet { url = "https://x.example", token = "t", ca_file = path } end,
        "option 'ca_file'.*" .. words)
    end
  end)
end)
