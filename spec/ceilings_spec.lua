-- Ceilings that a client is given: how deep, how silent, how many a second, how
-- often again. Those of time and size that network faults meet are in network_faults_spec.

local core = require "salon.core"
local raw = require "spec.support.raw"
local salon = require "salon"

local function answer(body)
  return ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body)
end

local BUSY = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

describe("a client's ceilings", function()
  local server, client
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)
  after_each(function() client:close() end)

  local function use(bytes, and_then, given)
    given.url, given.token = server:answer("x", bytes, and_then), "t"
    client = salon.meet(given)
  end

  it("stop answers that are nested too deeply, and say so", function()
    use(answer(('{"a":'):rep(100) .. "{}" .. ("}"):rep(100)), "keep", {})
    local data, err = client:call("GET", "/")
    assert.is_nil(data)
    assert.equal("limit", err.kind)
    assert.equal("done", err.outcome)
    assert.matches("more than 100 levels", err.message)
    client:close()
    use(answer(('{"a":'):rep(99) .. "{}" .. ("}"):rep(99)), "keep", {})
    assert.is_table(client:call("GET", "/"))
  end)

  it("of size may be as high as one likes", function()
    use(answer(("x"):rep(33e6)), "keep", { max_body = 100 * 2 ^ 20 })
    assert.equal(33e6, #assert(client:call("GET", "/", { raw = true })))
    client:close()
    use(answer("x"), "keep", { max_body = 2 ^ 80 })
    assert.equal("x", client:call("GET", "/", { raw = true }))
  end)

  it("give up on a server that falls silent, before the call's own end", function()
    use("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "hang",
      { silence_timeout = 0.2, max_tries = 1 })
    local before = core.now()
    local _, err = client:call("GET", "/", { timeout = 60 })
    assert.is_true(core.now() - before < 20)
    assert.equal("timeout", err.kind)
    assert.matches("stalled for 0.2 s", err.message)
    assert.matches("set 'silence_timeout'", err.hint)
  end)

  it("keep to so many requests a second", function()
    use(answer "{}", "keep", { max_rate = 40 })
    local before = core.now()
    for _ = 1, 9 do assert(client:call("GET", "/")) end
    local seconds = core.now() - before
    assert.is_true(seconds > 0.19 and seconds < 10, seconds)
  end)

  it("do not let repeats make an outage worse", function()
    use(BUSY, "keep", {})
    local requests, tries = {}, 0
    for i = 1, 100 do
      requests[i] = core.request(client, { url = server.url .. "/x", deadline = core.now() + 30 })
    end
    for i = 1, 100 do
      while not requests[i]:wait(1) do assert(i) end
      local _, _, attempts = requests[i]:result()
      tries = tries + attempts
    end
    assert.is_true(tries >= 200 and tries < 240, tries)  -- 400 without the budget
  end)

  it("are checked", function()
    client = salon.meet { url = "https://x.example", token = "t" }
    local function refuses(name, value, words)
      assert.error_matches(function()
        salon.meet { url = "https://x.example", token = "t", [name] = value }
      end, "option '" .. name .. "' " .. words)
    end
    refuses("max_rate", 0, "must be greater than 0")
    refuses("max_tries", 0, "must be between 1 and 100")
    refuses("silence_timeout", 0, "must be greater than 0")
    refuses("connect_timeout", "1", "must be a number")
    refuses("retry_after_cap", -1, "must be at least 0")
    refuses("max_body", 1.5, "must be an integer")
  end)
end)
