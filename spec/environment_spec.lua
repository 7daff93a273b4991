-- salon.environment: options of a client out of the environment.

local nginx = require "spec.support.nginx"
local salon = require "salon"
local support = require "spec.support"

-- What a script with these variables writes, and its status.
local function run(text, environment)
  return support.script({ "-e", 'local salon = require "salon"\n' .. text }, environment)
end

local OPENTALK = { OPENTALK_URL = "https://opentalk.example.org", OPENTALK_CLIENT_ID = "Frontend",
  OPENTALK_USERNAME = "alice", OPENTALK_PASSWORD = "throwaway" }

local function without(name)
  local copy = {}
  for key, value in pairs(OPENTALK) do copy[key] = key ~= name and value or nil end
  return copy
end

local LIST = [[
  local given, names = salon.environment(PREFIX), {}
  for name, value in pairs(given) do names[#names + 1] = name .. "=" .. tostring(value) end
  table.sort(names)
  io.write(table.concat(names, " "))]]

describe("salon.environment", function()
  it("makes a client of OpenTalk that logs in, and one of Meet", function()
    local sandbox = support.start { rooms = 1 }
    local opentalk, meet = sandbox.opentalk, sandbox.meet
    local output, status = run([[
      local given = salon.environment "OPENTALK"
      given.timeout = 20
      local ot, meet = salon.opentalk(given), salon.meet(salon.environment "MEET")
      print(salon.check(ot:whoami()).email, salon.check(meet:whoami()).email)
      for room in ot.rooms:each() do print(room.backend) end
      for room in meet.rooms:each() do print(room.backend) end]], {
      OPENTALK_URL = opentalk.url, OPENTALK_CLIENT_ID = opentalk.client_id,
      OPENTALK_USERNAME = opentalk.username, OPENTALK_PASSWORD = opentalk.password,
      MEET_URL = meet.url, MEET_CLIENT_ID = meet.client_id, MEET_CLIENT_SECRET = meet.client_secret,
      MEET_USER = meet.user })
    sandbox:stop()
    assert.same({ "alice@example.org\tada@example.org\nopentalk\nmeet\n", 0 }, { output, status })
  end)

  it("has all options that are texts, and no others", function()
    assert.equal("ca_path=/ca client_id=Frontend password=salon.Secret(***) proxy= scope=openid "
      .. "token_endpoint=https://x.example/t url=https://opentalk.example.org username=alice",
      run((LIST:gsub("PREFIX", '"OPENTALK"')), { OPENTALK_URL = "https://opentalk.example.org",
        OPENTALK_CLIENT_ID = "Frontend", OPENTALK_USERNAME = "alice", OPENTALK_PASSWORD = "throwaway",
        OPENTALK_SCOPE = "openid", OPENTALK_CA_PATH = "/ca", OPENTALK_PROXY = "", OPENTALK_ISSUER = "",
        OPENTALK_TOKEN_ENDPOINT = "https://x.example/t",
        OPENTALK_TIMEOUT = "5", OPENTALK_HOST = "opentalk.example.org", OPENTALK_USER = "alice" }))
    assert.equal("client_id=a client_secret=salon.Secret(***) url=https://meet.example.org user=ada@example.org",
      run((LIST:gsub("PREFIX", '"MEET"')), { MEET_URL = "https://meet.example.org", MEET_CLIENT_ID = "a",
        MEET_CLIENT_SECRET = "throwaway", MEET_USER = "ada@example.org", MEET_USERNAME = "ada" }))
  end)

  it("takes another server by a prefix that begins alike", function()
    assert.equal("token=salon.Secret(***) url=https://b.example", run((LIST:gsub("PREFIX", '"OPENTALK_B"')),
      { OPENTALK_URL = "https://a.example", OPENTALK_B_URL = "https://b.example", OPENTALK_B_TOKEN = "throwaway" }))
  end)

  it("raises a text that names the variable that is missing", function()
    for _, name in ipairs { "OPENTALK_URL", "OPENTALK_CLIENT_ID", "OPENTALK_USERNAME", "OPENTALK_PASSWORD" } do
      local environment = without(name)
      for _, empty in ipairs { false, true } do
        if empty then environment[name] = "" end
        assert.equal(name .. " is not set", run([[
          local _, message = pcall(function() return salon.opentalk(salon.environment "OPENTALK") end)
          io.write(message)]], environment))
      end
    end
    assert.equal("MEET_CLIENT_SECRET is not set", run([[
      local _, message = pcall(function() return salon.meet(salon.environment "MEET") end)
      io.write(message)]], { MEET_URL = "https://meet.example.org", MEET_CLIENT_ID = "a" }))
  end)

  it("takes the blame from no line of the script: other mistakes are raised there", function()
    local output = run([[
      local given = salon.environment "OPENTALK"
      given.tiemout = 3
      local _, message = pcall(function()
        local ot = salon.opentalk(given)
        return ot
      end)
      io.write(message)]], OPENTALK)
    assert.matches(":5: salon.opentalk: unknown option 'tiemout', did you mean 'timeout'%?$", output)
    for _, prefix in ipairs { "", "opentalk", "TEAMS", "OPENTALK-B", "OPENTALKS", "OPENTALK_", "MEET_B_" } do
      local line
      local ok, message = pcall(function()
        line = debug.getinfo(1, "l").currentline; salon.environment(prefix)
      end)
      assert.is_false(ok)
      assert.matches("environment_spec%.lua:" .. line .. ": salon%.environment: argument 'prefix' must ", message)
    end
  end)

  it("says in nginx how nginx.conf names the variable", function()
    local port = support.free_ports()()
    local server = nginx.start(([[server { listen 127.0.0.1:%d; location / { content_by_lua_block {
      local _, message = pcall(require("salon").environment, "OPENTALK")
      ngx.say(message) } } }]]):format(port), OPENTALK)
    local output = support.curl(("http://127.0.0.1:%d/"):format(port))
    server:stop()
    assert.equal("OPENTALK_URL is not set: name it in nginx.conf: `env OPENTALK_URL;`\n", output)
  end)
end)
