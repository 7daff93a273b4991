-- Servers and what stands before them have trouble every day: what provably did
-- nothing is repeated, and a server that restarts is waited for.

local finder = require "salon.sandbox.nginx"
local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"

describe("trouble that passes", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  local function client(url, more)
    local options = { url = url, token = "t", timeout = 20 }
    for name, value in pairs(more or {}) do options[name] = value end
    return salon.meet(options)
  end

  -- What a GET and a POST come to that get this status, and how often they are sent.
  local function attempts(status, body)
    local url = server:reply("x", status, "Content-Type: text/html\r\n", body or "<title>no</title>")
    local meet = client(url, { max_tries = 2 })
    local _, get = meet:call("GET", "/rooms/")
    local _, post = meet:call("POST", "/rooms/", { json = {} })
    assert.equal(tonumber(status:match "%d+"), get.status)
    return get.attempts, post.attempts, get
  end

  it("is waited for by reads, whoever reports it", function()
    local function counts(status)
      local get, post = attempts(status)
      return { status, get, post }
    end
    for _, status in ipairs { "425 Too Early", "499 Gone", "500 Broken", "502 Bad", "507 Full", "520 Odd",
      "524 Late", "530 Down" } do
      assert.same({ status, 2, 1 }, counts(status))
    end
    assert.same({ "501 No", 1, 1 }, counts "501 No")
    local _, _, err = attempts "524 Late"
    assert.matches("behind the proxy", err.hint)
    assert.is_true(err.retryable)
  end)

  it("is no reason against a POST that the server did not read", function()
    local get, post = attempts "408 Request Timeout"
    assert.same({ 2, 2 }, { get, post })
  end)

  it("is a server that restarts: refused calls go on until the deadline", function()
    local port = support.free_ports()()
    local guest = nginx.start(([[server { listen 127.0.0.1:%d; location / { return 200 "[]"; } }]])
      :format(port))
    finally(function() guest:stop() end)
    local meet = client("http://127.0.0.1:" .. port)
    assert(meet:call("GET", "/rooms/"))
    support.run("kill -QUIT " .. guest.pid)
    support.gone(guest.pid)
    os.execute(("(sleep 3; %s -p %s -c nginx.conf -e error.log -g 'pid nginx.pid;') >/dev/null 2>&1 &")
      :format(finder.find().program, support.quote(guest.folder)))
    local answer, response = meet:call("POST", "/rooms/", { json = {} })
    assert.is_table(answer, tostring(response))
    assert.is_true(response.attempts > 4, response.attempts)
    guest.pid = support.read(guest.folder .. "/nginx.pid"):match("%d+")
  end)

  it("is not assumed of a server that never answered, nor by one that shall try once", function()
    local port = support.free_ports()()
    local _, err = client("http://127.0.0.1:" .. port):call("GET", "/rooms/")
    assert.same({ "network", 4 }, { err.kind, err.attempts })
    _, err = client("http://127.0.0.1:" .. port, { max_tries = 1 }):call("GET", "/rooms/")
    assert.same({ "network", 1 }, { err.kind, err.attempts })
  end)
end)
