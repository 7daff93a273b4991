-- Single flight: the others wait for the first caller, and share the result.

local Error = require "salon.internal.error"
local SingleFlight = require "salon.internal.single_flight"
local core = require "salon.core"

-- A host whose latches are waited on by yielding; the spec resumes.
local host = {}
function host.latch()
  local latch = { opened = false }
  function latch.wait() coroutine.yield(latch) end
  function latch.open() latch.opened = true end
  return latch
end

local function soon(seconds) return core.now() + (seconds or 10) end

-- Calls `run` in a coroutine; the returned function resumes it and gives what
-- `run` returned once it is through.
local function follower(flight, work, seconds)
  local result
  local thread = coroutine.create(function()
    result = { flight:run(host, soon(seconds), "the login", work) }
  end)
  return function()
    assert(coroutine.resume(thread))
    return result
  end
end

describe("a single flight", function()
  it("does the work once for all that come meanwhile", function()
    local flight, calls, others = SingleFlight.new(), 0, {}
    local function work()
      calls = calls + 1
      if calls == 1 then
        for i = 1, 3 do
          others[i] = follower(flight, work)
          assert.is_nil(others[i]())
        end
      end
      return "value " .. calls
    end
    assert.equal("value 1", (flight:run(host, soon(), "the login", work)))
    for i = 1, 3 do assert.same({ "value 1" }, others[i]()) end
    assert.equal(1, calls)
    assert.equal("value 2", (flight:run(host, soon(), "the login", work)))
  end)

  it("shares a failure too, so that it is not repeated", function()
    local flight, calls, other = SingleFlight.new(), 0, nil
    local err = Error.new { kind = "auth", message = "refused" }
    local function work()
      calls = calls + 1
      other = follower(flight, work)
      other()
      return nil, err
    end
    assert.equal(err, select(2, flight:run(host, soon(), "the login", work)))
    assert.equal(err, other()[2])
    assert.equal(1, calls)
  end)

  it("does not share that one caller ran out of time", function()
    local flight, other = SingleFlight.new(), nil
    local function work()
      other = follower(flight, function() return "mine" end)
      other()
      return nil, Error.new { kind = "timeout", message = "late" }
    end
    assert.equal("timeout", select(2, flight:run(host, soon(), "the login", work)).kind)
    assert.same({ "mine" }, other())
  end)

  it("is taken over when the leader disappeared", function()
    local flight = SingleFlight.new()
    flight.leader = { latch = host.latch(), ends = core.now() }  -- as a killed thread leaves it
    local other = follower(flight, function() return "taken over" end)
    other()
    assert.same({ "taken over" }, other())
    assert.is_nil(flight.leader)
  end)

  it("does the work in a caller when what it was handed to does not begin", function()
    local flight, late, calls = SingleFlight.new(), nil, 0
    local apart = { latch = host.latch, detach = function(body) late = body return true end }
    local function work()
      calls = calls + 1
      return "value"
    end
    for _, who in ipairs { "first", "second" } do
      local results, callers = {}, {}
      for _, name in ipairs { "first", "second" } do
        callers[name] = coroutine.create(function()
          results[name] = { flight:run(apart, soon(), "the login", work) }
        end)
        assert(coroutine.resume(callers[name]))
      end
      flight.leader.ends = core.now()
      for _ = 1, 2 do assert(coroutine.resume(callers[who])) end  -- sees the new end, then does it
      assert.same({ "value" }, results[who])
      assert.is_nil(flight.leader)
      late()
    end
    assert.equal(2, calls)
  end)

  it("ends each wait at its own deadline", function()
    local flight = SingleFlight.new()
    flight.leader = { latch = host.latch(), ends = soon(60) }
    local other = follower(flight, error, 0)
    other()
    local err = other()[2]
    assert.equal("timeout", err.kind)
    assert.equal("unsent", err.outcome)
    assert.matches("the login", err.message)
  end)

  it("tells a deadlock from a deadline", function()
    local flight = SingleFlight.new()
    flight.leader = { latch = host.latch(), ends = soon(60) }
    local other = follower(flight, error)
    other()
    assert.matches("in another coroutine", other()[2].message)
  end)

  it("opens the latch when the work raises, and lets the error through", function()
    local flight, other = SingleFlight.new(), nil
    assert.error_matches(function()
      flight:run(host, soon(), "the login", function()
        other = follower(flight, error)
        other()
        error("boom", 0)
      end)
    end, "^boom$")
    assert.equal("auth", other()[2].kind)
    assert.is_nil(flight.leader)
  end)
end)
