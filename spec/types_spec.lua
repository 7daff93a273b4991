-- Everything C registers for Lua has an entry in types/, and the other way round;
-- options are described wherever they have to be.

local core = require "salon.core"
local options = require "salon.internal.options"
local salon = require "salon"
local support = require "spec.support"

local text = support.read "types/salon.lua" .. support.read "types/core.lua"

local function described(class)
  local names = {}
  for name in text:gmatch("\nfunction " .. class .. "[.:]([%w_]+)%(") do names[name] = true end
  return names
end

local function registered(object)
  local names = {}
  for name, value in pairs(object) do
    if type(value) == "function" then names[name] = true end
  end
  return names
end

describe("types/", function()
  it("describe every function of salon.core", function()
    assert.same(registered(core), described "core")
  end)

  it("describe methods that are there", function()
    local client = salon.meet { url = "https://x.example", token = "t" }
    local samples = {
      Secret = core.secret "x",
      Token = core.token { access = "x" },
      Client = client,
      Meet = client,
      OpenTalk = salon.opentalk { url = "https://x.example", token = "t" },
      Mailbox = core.mailbox(),
      Claim = core.claim "types_spec",
      File = core.bytes_to_send "x",
      Request = core.request(client, { url = "http://127.0.0.1:1/", deadline = core.now() }),
      Walk = (client.rooms:each()),
      Record = core.record({ name = "salon.X", backend = "x", methods = {}, getters = {} }, {},
        client, {}),
    }
    for class, sample in pairs(samples) do
      local n = 0
      for name in pairs(described(class)) do
        n = n + 1
        assert.equal("function", type(sample[name]), class .. ":" .. name)
      end
      assert.is_true(n > 0, class)
    end
    samples.Request:cancel()
  end)

  it("describe every method that the C sources register", function()
    local sources = support.run("cat src/lua/*.c")
    local all = {}
    for _, class in ipairs { "Secret", "Token", "Client", "Mailbox", "Request", "Record", "Claim",
      "File", "core" } do
      for name in pairs(described(class)) do all[name] = true end
    end
    local n = 0
    for name in sources:gmatch('{"([%w_]+)", *[%w_]+}') do
      if name:sub(1, 2) ~= "__" then
        assert.is_true(all[name], name)
        n = n + 1
      end
    end
    assert.is_true(n > 20)
  end)
end)

describe("each option of a client", function()
  local types = { support.read "types/opentalk.lua", support.read "types/meet.lua" }
  local page = support.read "doc/limits.md"

  it("has a type and a line in the documentation", function()
    for name in pairs(options.CLIENT) do
      for _, annotations in ipairs(types) do
        local class = annotations:match "@class salon%.%l+%.Options.-\n\n"
        assert.truthy(class:find("\n%-%-%-@field " .. name .. "%?? "), name)
      end
      assert.is_true(name == "url" or page:find("\n| [^|]*`" .. name .. "`") ~= nil, name)
    end
  end)

  it("is known to Lua when C reads it", function()
    local n = 0
    for name in support.read("src/lua/client.c"):gmatch '{"([%w_]+)", read_' do
      assert.is_table(options.CLIENT[name], name)
      n = n + 1
    end
    assert.is_true(n > 10)
  end)
end)
