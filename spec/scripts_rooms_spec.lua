-- The script of examples/ that changes many rooms runs as it stands, against a sandbox.

local support = require("spec.support")

local function login(sandbox, more)
  local role, environment = sandbox.opentalk, more or {}
  environment.OPENTALK_URL, environment.OPENTALK_CLIENT_ID = role.url, role.client_id
  environment.OPENTALK_USERNAME, environment.OPENTALK_PASSWORD = role.username, role.password
  return environment
end

local function lines(text) return select(2, text:gsub("\n", "")) end

-- The requests that have arrived with this method at a path like this.
local function requests(sandbox, method, pattern)
  local found = {}
  for _, request in ipairs(sandbox:requests()) do
    if request.method == method and request.path:find(pattern) then found[#found + 1] = request end
  end
  return found
end

describe("examples/bulk_change.lua", function()
  local sandbox, mine

  local function bulk_change(...)
    return support.script({ "examples/bulk_change.lua", ... }, login(sandbox))
  end

  local function waiting()
    local count = 0
    for _, room in ipairs(sandbox:rooms()) do
      if room.waiting_room and room.owner == "alice" then count = count + 1 end
    end
    return count
  end

  setup(function() sandbox = support.start { opentalk = "2026", meet = false } end)
  teardown(function() sandbox:stop() end)
  before_each(function()
    sandbox:reset { rooms = 0, events = 0 }
    mine = {}
    for i = 1, 12 do mine[i] = sandbox:put("room", nil, { owner = "alice", waiting_room = false }) end
    sandbox:put("room", nil, { owner = "alice", waiting_room = true })
    local foreign = sandbox:put("event", nil, { owner = "bob", waiting_room = false })
    sandbox:put("invitation", foreign, { user = "alice" })
  end)

  it("lists what it would change, and changes nothing unasked", function()
    local output, status = bulk_change()
    assert.equal(0, status, output)
    assert.equal(13, lines(output))
    for _, id in ipairs(mine) do
      assert.truthy(output:find(id .. " " .. sandbox.opentalk.url .. "/room/" .. id .. "\n", 1, true), output)
    end
    assert.truthy(output:find("12 rooms would be changed", 1, true), output)
    assert.equal(0, #requests(sandbox, "PATCH", "."))
  end)

  it("changes the rooms that are meant, once", function()
    local output, status = bulk_change("--apply", "--concurrency", "3")
    assert.equal(0, status, output)
    assert.matches("\r12 of 12 rooms, 0 failed\n$", output)
    assert.equal(12, #requests(sandbox, "PATCH", "^/v1/rooms/"))
    assert.equal(13, waiting())
    output, status = bulk_change "--apply"
    assert.equal(0, status, output)
    assert.equal(12, #requests(sandbox, "PATCH", "."))
  end)

  it("goes on when a room has trouble, lists it at the end and says so by its status", function()
    sandbox:fault { route = "PATCH /v1/rooms/" .. mine[5], kind = "500" }
    sandbox:fault { route = "PATCH /v1/rooms/" .. mine[9], kind = "401", reason = "session", count = 2 }
    local output, status = bulk_change "--apply"
    assert.equal(1, status, output)
    local found = output:match "\r12 of 12 rooms, 2 failed\n(.*)$"
    assert.equal(2, lines(found))
    assert.matches(mine[5]:gsub("%-", "%%-") .. ": [^\n]*500", found)
    assert.matches(mine[9]:gsub("%-", "%%-") .. ": ", found)
    assert.equal(12, waiting())  -- the server did what it answered with 500
  end)

  it("does not succeed when its list cannot be written", function()
    local words = { "env" }
    for name, value in pairs(login(sandbox)) do words[#words + 1] = name .. "=" .. support.quote(value) end
    local output, status = support.run(("%s %s examples/bulk_change.lua 2>&1 >/dev/full"):format(
      table.concat(words, " "), support.lua))
    assert.equal(1, status, output)
    assert.equal("bulk_change: standard output cannot be written\n", output)
  end)

  it("says in a sentence what is missing or wrong, and no secret", function()
    local output, status = support.script { "examples/bulk_change.lua" }
    assert.equal(1, status)
    assert.equal("bulk_change: OPENTALK_URL is not set\n", output)
    local environment = login(sandbox)
    environment.OPENTALK_PASSWORD = "not-the-password"
    output, status = support.script({ "examples/bulk_change.lua" }, environment)
    assert.equal(1, status)
    assert.matches("^bulk_change: .*%(auth", output)
    assert.is_nil(output:find("not-the-password", 1, true))
    output, status = bulk_change("--concurrency", "many")
    assert.is_true(status ~= 0)
    assert.matches("many", output)
  end)
end)
