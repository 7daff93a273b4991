-- One at a time: the others wait for the one who works, and share the outcome.

local Error = require "salon.internal.error"
local Flight = require "salon.internal.single_flight"
local core = require "salon.core"

-- A host whose gates are waited at by yielding; the spec resumes.
local host = {}
function host.gate()
  local gate = { opened = false }
  function gate.wait() coroutine.yield(gate) end
  function gate.open() gate.opened = true end
  return gate
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

describe("a flight", function()
  it("does the work once for all who come meanwhile", function()
    local flight, calls, others = Flight.new(), 0, {}
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

  it("shares a failure too, so that nobody repeats it", function()
    local flight, calls, other = Flight.new(), 0, nil
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
    local flight, other = Flight.new(), nil
    local function work()
      other = follower(flight, function() return "mine" end)
      other()
      return nil, Error.new { kind = "timeout", message = "late" }
    end
    assert.equal("timeout", select(2, flight:run(host, soon(), "the login", work)).kind)
    assert.same({ "mine" }, other())
  end)

  it("is taken over when the one at work died", function()
    local flight = Flight.new()
    flight.leader = { gate = host.gate(), ends = core.now() }  -- as a killed thread leaves it
    local other = follower(flight, function() return "taken over" end)
    other()
    assert.same({ "taken over" }, other())
    assert.is_nil(flight.leader)
  end)

  it("ends one's own waiting at one's own deadline", function()
    local flight = Flight.new()
    flight.leader = { gate = host.gate(), ends = soon(60) }
    local other = follower(flight, error, 0)
    other()
    local err = other()[2]
    assert.equal("timeout", err.kind)
    assert.equal("unsent", err.outcome)
    assert.matches("the login", err.message)
  end)

  it("tells a gate that cannot be waited at from time that is up", function()
    local flight = Flight.new()
    flight.leader = { gate = host.gate(), ends = soon(60) }
    local other = follower(flight, error)
    other()
    assert.matches("in another coroutine", other()[2].message)
  end)

  it("opens the gate when the work raises, and lets the error through", function()
    local flight, other = Flight.new(), nil
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
