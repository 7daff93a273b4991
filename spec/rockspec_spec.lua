-- The rockspec names what is in the tree, and the version stands in one place.

local support = require("spec.support")

local function rockspec()
  local env = {}
  local text = support.read("salon-scm-1.rockspec")
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

describe("the rockspec", function()
  it("builds every C source", function()
    assert.same(found("ls src/*.c"),
      sorted(rockspec().build.modules["salon.core"].sources))
  end)

  it("installs every Lua file under its module's name", function()
    local wanted = {}
    for _, path in ipairs(found("find lua -name '*.lua'")) do
      local module = path:match("^lua/(.*)%.lua$"):gsub("/", "."):gsub("%.init$", "")
      wanted[module] = path
    end
    local named = {}
    for module, path in pairs(rockspec().build.modules) do
      if module ~= "salon.core" then named[module] = path end
    end
    assert.same(wanted, named)
  end)

  it("leaves out no other file of the library", function()
    assert.same({}, found("find lua -type f ! -name '*.lua'"))
  end)

  it("asks for the library and leaves the header to the compiler", function()
    assert.same({ library = "curl" }, rockspec().external_dependencies.CURL)
  end)
end)

describe("the version", function()
  it("is the first one in the changelog", function()
    assert.equal(require("salon.version"),
      support.read("CHANGELOG.md"):match("\n## ([%d.]+)"))
  end)

  it("is written down nowhere else", function()
    local version = require("salon.version"):gsub("%.", "%%.")
    local files = found("find lua src tools examples Makefile *.rockspec -type f"
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
