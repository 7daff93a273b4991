-- What is made from the descriptions of the operations: types/opentalk.lua, types/meet.lua and
-- doc/reference (`make docs`).

local catalogue = require "tools.docs.catalogue"
local salon = require "salon"
local support = require "spec.support"

local MADE = { "types/opentalk.lua", "types/meet.lua", "doc/reference" }

-- Runs the generator of the checkout in `root`, and says what is wrong.
local function make(root, folder)
  local output, status = support.run(("cd %s && tools/run %s tools/docs/main.lua %s"):format(
    support.quote(root), support.quote(support.lua), support.quote(folder)))
  assert.equal(0, status, output)
end

-- A checkout to change: product and tools, with the C module of this one.
local function copy()
  local folder = support.folder()
  support.run(("cp -R lua tools spec %s/ && ln -s \"$PWD/build\" %s/build"):format(folder, folder))
  return folder
end

describe("what is made from the descriptions", function()
  local folder
  before_each(function() folder = copy() end)
  after_each(function() support.remove(folder) end)

  it("is up to date, on every Lua (else: make docs)", function()
    make(".", folder)
    for _, path in ipairs(MADE) do
      assert.equal("", (support.run(("diff -r %s %s/%s"):format(path, folder, path))))
    end
  end)

  it("holds an operation that one row describes: method, types and reference", function()
    local path = folder .. "/lua/salon/opentalk/users.lua"
    local text, count = support.read(path):gsub("    me = {", [[
    rest = { "POST /users/{user_id}/rest", body = { minutes = is.integer { required = true } },
      gives = User, on_record = true, says = "Sends somebody to bed." },
    me = {]])
    assert.equal(1, count)
    text = text:gsub('word = "user",', 'word = "user", keys = { "id" },')
    support.write(path, text)
    make(folder, folder)
    local types = support.read(folder .. "/types/opentalk.lua")
    for _, line in ipairs { '---@class salon.opentalk.UsersRestFields: table<"minutes", any>',
      "---@field minutes integer", "---Sends somebody to bed.", "function Users:rest(id, fields, opts) end",
      "function UserRecord:rest(fields, opts) end", '---| "users.rest"' } do
      assert.truthy(types:find("\n" .. line .. "\n", 1, true), line)
    end
    local page = support.read(folder .. "/doc/reference/opentalk-users.md")
    assert.truthy(page:find("\n## rest\n\n`ot.users:rest(id, fields, opts?)` or `user:rest(fields, opts?)`\n\n"
      .. "Sends somebody to bed.\n", 1, true))
    support.write(folder .. "/script.lua", [[
      local ot = require("salon").opentalk { url = "https://x.example", token = "t" }
      print(pcall(ot.users.rest, ot.users, "x"))]])
    assert.matches("users:rest: field 'minutes' is required", (support.run(
      ("cd %s && tools/run %s script.lua"):format(folder, support.quote(support.lua)))))
    local output, status = support.run(("cd %s && tools/run %s tools/docs/operations.lua"):format(folder,
      support.quote(support.lua)))
    assert.equal(1, status)
    assert.truthy(output:find("opentalk: POST /users/{user_id}/rest is described, and not in the list", 1, true))
  end)
end)

describe("the list of operations", function()
  local function compared(change)
    local folder = support.folder()
    local path = support.write(folder .. "/operations.txt",
      (support.read("spec/operations.txt"):gsub(change[1], change[2])))
    local output, status = support.script { "tools/docs/operations.lua", path }
    support.remove(folder)
    return output, status
  end

  it("has each operation described or excused", function()
    local output, status = compared { "$", "" }
    assert.equal(0, status, output)
  end)

  it("tells which operation is neither", function()
    local output, status = compared { "\nGET /users/me\n", "%0GET /users/me/shoes\n" }
    assert.equal(1, status)
    assert.truthy(output:find("opentalk: GET /users/me/shoes is neither described nor excused\n", 1, true))
  end)

  it("tells which excuse is not needed any more", function()
    local output, status = compared { "\nGET /users/me\n", "\nGET /users/me  not yet\n" }
    assert.equal(1, status)
    assert.truthy(output:find("opentalk: GET /users/me is described, so its excuse can go\n", 1, true))
  end)
end)

describe("the types", function()
  local apis = catalogue.read()
  local clients = {
    opentalk = salon.opentalk { url = "https://x.example", token = "t" },
    meet = salon.meet { url = "https://x.example", token = "t" },
  }

  it("name services that the clients have", function()
    local n = 0
    for _, api in ipairs(apis) do
      for _, found in pairs(api.resources) do
        local service = clients[api.name]
        local path = found.path:match("^" .. api.client .. "%.(.*)$")
        for name in (path or ""):gmatch "%w+" do service = service[name] end
        if path then
          n = n + 1
          assert.equal(found.resource.type, getmetatable(service).__name)
        end
      end
    end
    assert.equal(6, n)
  end)

  it("name what client:supports knows", function()
    for name, client in pairs(clients) do
      for operation in support.read("types/" .. name .. ".lua"):gmatch '\n%-%-%-| "([%w_.]+)"' do
        assert.is_boolean(client:supports(operation))
      end
    end
  end)

  it("describe all that salon has, and no more", function()
    local text, described, there = support.read "types/salon.lua", { null = true }, {}
    for name in text:gmatch "\nfunction salon%.([%w_]+)" do described[name] = true end
    for name in pairs(described) do there[name] = salon[name] and true end  -- some load when first used
    for name in pairs(salon) do there[name] = true end
    assert.same(there, described)
  end)

  it("are tried on every method: spec/types/correct.lua", function()
    local text = support.read "spec/types/correct.lua"
    for _, api in ipairs(apis) do
      for _, found in pairs(api.resources) do
        for _, method in ipairs(found.methods) do
          local call = found.path .. ":" .. method.name
          assert.truthy(text:find(call .. "%f[^%w_]"), call)
        end
      end
    end
  end)
end)
