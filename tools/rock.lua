-- Writes the versioned rockspec from the scm one and packs a source rock:
--   lua tools/rock.lua [folder [base URL of the archive]]
-- The number comes from lua/salon/version.lua and nowhere else.  The archive
-- holds what the rockspec names and the headers, not the whole tree: a file the
-- rockspec forgot is missing in the installation check as well.

local folder = arg[1] or "build/rock"
local base = arg[2] or "file://"

local function quote(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

local function run(command)
  local ok = os.execute(command)
  if ok ~= true and ok ~= 0 then
    io.stderr:write("failed: ", command, "\n")
    os.exit(1)
  end
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function load_rockspec(text)
  local env = {}
  if setfenv then
    setfenv(assert(loadstring(text)), env)()
  else
    assert(load(text, "=rockspec", "t", env))()
  end
  return env
end

local version = dofile("lua/salon/version.lua")
local name = "salon-" .. version
local text = read("salon-scm-1.rockspec")

local function replace(from, to)
  local count
  text, count = text:gsub(from, (to:gsub("%%", "%%%%")))
  assert(count == 1, "the scm rockspec has changed its form: " .. from)
end
replace('version = "scm%-1"', ('version = "%s-1"'):format(version))
replace("source = %b{}", ('source = {\n  url = "%s%s.tar.gz",\n  dir = "%s",\n}')
  :format(base, name, name))

local files = { "LICENSE", "README.md", "CHANGELOG.md", "salon-scm-1.rockspec" }
local rockspec = load_rockspec(text)
for _, module in pairs(rockspec.build.modules) do
  if type(module) == "string" then
    files[#files + 1] = module
  else
    for _, source in ipairs(module.sources) do files[#files + 1] = source end
  end
end
for _, installed in pairs(rockspec.build.install or {}) do
  for _, path in pairs(installed) do files[#files + 1] = path end
end
table.sort(files)

local function at(path) return quote(folder .. "/" .. path) end
run("rm -rf " .. at(name) .. " && mkdir -p " .. at(name) .. "/src")
run("cp src/*.h " .. at(name) .. "/src/")
for _, path in ipairs(files) do
  local parent = path:match("^(.*)/[^/]*$")
  if parent then run("mkdir -p " .. at(name .. "/" .. parent)) end
  run("cp " .. quote(path) .. " " .. at(name .. "/" .. path))
end
local spec = name .. "-1.rockspec"
local out = assert(io.open(folder .. "/" .. spec, "wb"))
assert(out:write(text))
assert(out:close())

-- A source rock is a zip of the rockspec and the archive it names.
run(("cd %s && tar czf %s.tar.gz %s && rm -rf %s"):format(quote(folder), name, name, name))
run(("cd %s && rm -f %s-1.src.rock && zip -q %s-1.src.rock %s %s.tar.gz")
  :format(quote(folder), name, name, spec, name))
print(folder .. "/" .. spec)
print(folder .. "/" .. name .. "-1.src.rock")
