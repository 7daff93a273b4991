-- The recorded exchanges with real servers, played to salon: what comes out must
-- be what the expectations say, and salon must send what was sent.

local player = require("spec.support.recordings")
local replay = require("spec.support.replay")
local salon = require("salon")

local FILES = { "meet-1.27", "meet-1.31", "keycloak-26", "opentalk-2023" }
local LEAST = 560
local WITHOUT_OPERATION = 20

-- Refusals that tell of nothing to be done: routes that salon never asks for.
local NO_HINT = {
  "realm-unknown-path", "auth-bad-redirect", "userinfo-no-token", "ot-cors-preflight-header",
}

local recordings, expected

setup(function()
  recordings = player.load(FILES)
  expected = {}
  for _, file in ipairs(FILES) do
    for _, line in ipairs(dofile("spec/recorded/" .. file .. ".lua")) do
      expected[#expected + 1] = line
    end
  end
end)

teardown(function() recordings.server:stop() end)

describe("the recorded responses", function()
  it("have a line each, in their order", function()
    assert.equal(#recordings, #expected)
    for i, exchange in ipairs(recordings) do assert.equal(exchange.name, expected[i][1]) end
  end)

  it("come out of salon as expected", function()
    local count, wrong = 0, {}
    for _, line in ipairs(expected) do
      if not line.left then
        count = count + 1
        local complaints = player.play(recordings, line)
        if #complaints > 0 then wrong[#wrong + 1] = table.concat(complaints, "\n  ") end
      end
    end
    print(("\nrecorded responses: %d of %d with an expectation, %d unexpected"):format(count, #recordings,
      #wrong))
    assert.equal("", table.concat(wrong, "\n", 1, math.min(#wrong, 20)))
    assert.is_true(count >= LEAST)
  end)

  it("are those of OpenTalk's operations, but for bytes of files, TURN, services and unknown paths", function()
    local count = 0
    for _, line in ipairs(expected) do
      local is_opentalk = line[1]:find("^ot%-")
      if is_opentalk and (line[2] == "call" or line[2] == "pages") then count = count + 1 end
    end
    assert.equal(WITHOUT_OPERATION, count)
  end)

  it("that are refusals of a call salon can make come with a hint", function()
    local bare = {}
    for _, line in ipairs(expected) do
      local refusal = line.auth or line.http or line.unsupported
      if refusal and not (line.hint or line.unlike) then bare[#bare + 1] = line[1] end
    end
    assert.same(NO_HINT, bare)
  end)

  it("are asked for by the recorded requests, wherever salon has a call for them", function()
    local compared = 0
    for _, line in ipairs(expected) do
      if not (line.left or line.unlike) then compared = compared + 1 end
    end
    assert.is_true(compared >= 480, compared)
  end)
end)

-- A copy with one thing altered.
local function altered(exchange, change)
  local response = {}
  for name, value in pairs(exchange.response) do response[name] = value end
  change(response)
  return { name = exchange.name, request = exchange.request, response = response }
end

-- What the operation hands on or decides by, of all that the response holds.
local SEEN = {
  token = "access_token", password = "refresh_token", refresh = "refresh_token",
  ["meet:list"] = "results",
}

-- Changes one character in the middle of some value, and no length.
local function other_value(text, seen, turn)
  local from = seen and select(2, text:find('"' .. seen .. '":', 1, true)) or 0
  local places = {}
  for at in text:gmatch('()[:,%[] ?"?%w%w') do
    if at >= from then places[#places + 1] = at end
  end
  if #places == 0 then return nil end
  local at = text:find("%w", places[seen and seen ~= "results" and 1 or turn % #places + 1])
  local letter = text:sub(at, at)
  local other = letter == "1" and "2" or letter:find("%d") and "1" or letter == "x" and "y" or "x"
  return text:sub(1, at - 1) .. other .. text:sub(at + 1)
end

-- Lines whose response only decides which request follows.
local function is_seen(line)
  return not (line.left or line.again or line.cured or line.gets or line.attempts) and line.is == nil
    and not (line.asks and line[2] ~= "pages") and line[2] ~= "register"
    and line[2] ~= "locate"
end

describe("an altered recording", function()
  it("is noticed, whichever value is another one", function()
    local tried, missed = 0, {}
    for i, line in ipairs(expected) do
      local exchange = recordings[line[1]]
      local body = is_seen(line)
        and other_value(exchange.response.body:sub(1, 2048), SEEN[line[2]], i * 7)
      if body then
        tried = tried + 1
        body = body .. exchange.response.body:sub(2049)
        local copy = altered(exchange, function(response) response.body = body end)
        if #player.play(recordings, line, copy) == 0 then missed[#missed + 1] = line[1] end
      end
    end
    assert.same({}, missed)
    assert.is_true(tried > 350, tried)
  end)

  it("is noticed when it is the status", function()
    local tried, missed = 0, {}
    for _, line in ipairs(expected) do
      if is_seen(line) and line[2] ~= "pages" then
        tried = tried + 1
        local copy = altered(recordings[line[1]], function(response)
          response.status = response.status + 3
        end)
        if #player.play(recordings, line, copy) == 0 then missed[#missed + 1] = line[1] end
      end
    end
    assert.same({}, missed)
    assert.is_true(tried > 450, tried)
  end)
end)

-- Whole walks: the recorded pages in a row, and the recorded requests for them.
describe("a walk over recorded pages", function()
  local function walk(names, run)
    local bytes = {}
    for i, name in ipairs(names) do bytes[i] = replay.bytes(recordings[name].response) end
    recordings.server:play(bytes)
    local seen, count = {}, 0
    for item in run() do
      assert.is_nil(seen[item.id])
      seen[item.id], count = true, count + 1
    end
    local asked = {}
    for i, request in ipairs(recordings.server:requests()) do
      asked[i] = request.path .. (request.query ~= "" and "?" .. request.query or "")
    end
    return count, asked
  end

  local function opentalk()
    return salon.opentalk { controller_url = "http://controller.example", token = "throwaway",
      proxy = recordings.server.url, no_proxy = "", allow_insecure = true }
  end

  it("finds all 45 rooms of a Meet user", function()
    local meet = salon.meet { url = "http://meet.example", token = "throwaway",
      proxy = recordings.server.url, no_proxy = "", allow_insecure = true }
    local count, asked = walk({ "list-45-page-1", "list-45-page-2", "list-45-page-3" },
      function() return meet.rooms:each() end)
    assert.equal(45, count)
    assert.equal(recordings["list-45-page-3"].request.path, asked[3])
    count = walk({ "list-45-page-1", "list-45-page-2", "list-45-page-3" },
      function() return meet:pages("/rooms/") end)
    assert.equal(45, count)
  end)

  it("ends where the list became shorter", function()
    local meet = salon.meet { url = "http://meet.example", token = "throwaway",
      proxy = recordings.server.url, no_proxy = "", allow_insecure = true }
    for _, each in ipairs { function() return meet.rooms:each() end,
      function() return meet:pages("/rooms/") end } do
      assert.equal(40, (walk({ "list-45-page-1", "list-45-page-2", "list-45-page-4" }, each)))
    end
  end)

  it("finds all 32 rooms of an OpenTalk user", function()
    local count, asked = walk({ "ot-path-well-known", "ot-rooms-default-page", "ot-rooms-page-2" },
      function() return opentalk():pages("/v1/rooms") end)
    assert.equal(32, count)
    assert.equal(recordings["ot-rooms-page-2"].request.path, asked[3])
  end)

  it("follows the cursors of events and instances", function()
    local names = { "ot-path-well-known", "ot-events-page-1", "ot-events-page-2",
      "ot-events-page-3", "ot-events-page-4" }
    local count, asked = walk(names, function()
      return opentalk():pages("/v1/events", { query = { per_page = 3 } })
    end)
    assert.equal(8, count)
    for i = 2, #names do assert.equal(recordings[names[i]].request.path, asked[i]) end

    names = { "ot-path-well-known", "ot-instances-page", "ot-instances-page-2", "ot-instances-page-3" }
    local path = recordings["ot-instances-page"].request.path:match("^[^?]*")
    count, asked = walk(names, function()
      return opentalk():pages(path, { query = { per_page = 2 } })
    end)
    assert.equal(4, count)
    for i = 2, #names do assert.equal(recordings[names[i]].request.path, asked[i]) end
  end)
end)
