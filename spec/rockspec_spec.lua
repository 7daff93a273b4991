-- The rockspecs name what is in the tree, and the version stands in one place.

local support = require("spec.support")

local function rockspec(path)
  local env = {}
  local text = support.read(path)
  if setfenv then
    setfenv(assert(loadstring(text)), env)()
  else
    assert(load(text, "=rockspec", "t", env))()
  end
  return env
end

local function found(command)
  local names = {}
  for name in support.run(command):gmatch("[^\n]+") do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function sorted(list)
  local copy = {}
  for i, name in ipairs(list) do copy[i] = name end
  table.sort(copy)
  return copy
end

-- The Lua modules that a rockspec names must be those below its folder `lua`.
local function assert_complete(path, root)
  local wanted = {}
  for _, file in ipairs(found(("cd ./%s && find lua -name '*.lua'"):format(root))) do
    local module = file:match("^lua/(.*)%.lua$"):gsub("/", "."):gsub("%.init$", "")
    wanted[module] = file
  end
  local named = {}
  for module, file in pairs(rockspec(path).build.modules) do
    if type(file) == "string" then named[module] = file end
  end
  assert.same(wanted, named)
  assert.same({}, found(("find ./%s/lua -type f ! -name '*.lua'"):format(root)))
end

describe("the rockspec", function()
  local SALON, SANDBOX = "salon-scm-1.rockspec", "sandbox/salon-sandbox-scm-1.rockspec"

  it("builds every C source", function()
    assert.same(found("ls src/*/*.c"), sorted(rockspec(SALON).build.modules["salon.core"].sources))
  end)

  it("installs every Lua file under its module's name", function()
    assert_complete(SALON, ".")
    assert_complete(SANDBOX, "sandbox")
  end)

  it("asks for the library and leaves the header to the compiler", function()
    assert.same({ library = "curl" }, rockspec(SALON).external_dependencies.CURL)
  end)
end)

describe("the version", function()
  it("is the first one in the changelog", function()
    assert.equal(require("salon.version"),
      support.read("CHANGELOG.md"):match("\n## ([%d.]+)"))
  end)

  it("is written down nowhere else", function()
    local version = require("salon.version"):gsub("%.", "%%.")
    local files = found("find lua sandbox src tools examples Makefile *.rockspec -type f"
      .. " ! -name version.lua ! -name '*.o'")
    local also = {}
    for _, path in ipairs(files) do
      if support.read(path):find("%f[%d.]" .. version .. "%f[^%d.]") then
        also[#also + 1] = path
      end
    end
    assert.same({}, also)
  end)
end)
