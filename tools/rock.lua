-- Writes the versioned rockspecs from the scm ones and packs source rocks:
--   lua tools/rock.lua [folder [base URL of the archive]]
-- The number comes from lua/salon/version.lua and nowhere else. An archive holds
-- what its rockspec names, the headers, doc/ and types/, not the whole tree: a file that the
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

-- What a rockspec names, and what every rock has; paths below `root`.
local function files_of(rockspec, file)
  local files = { file }
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
  return files
end

-- root: "" or "folder/"
local function pack(package, root)
  local scm = package .. "-scm-1.rockspec"
  local name = package .. "-" .. version
  local text = read(root .. scm)
  local function replace(from, to)
    local count
    text, count = text:gsub(from, (to:gsub("%%", "%%%%")))
    assert(count == 1, "the scm rockspec has changed its form: " .. from)
  end
  replace('version = "scm%-1"', ('version = "%s-1"'):format(version))
  replace("source = %b{}", ('source = {\n  url = "%s%s.tar.gz",\n  dir = "%s",\n}')
    :format(base, name, name))
  if package ~= "salon" then replace('"salon",', ('"salon == %s",'):format(version)) end

  local function at(path) return quote(folder .. "/" .. path) end
  run("rm -rf " .. at(name) .. " && mkdir -p " .. at(name))
  for _, path in ipairs { "LICENSE", "README.md", "CHANGELOG.md", "doc" } do
    run("cp -r " .. path .. " " .. at(name .. "/" .. path))
  end
  for _, path in ipairs(files_of(load_rockspec(text), scm)) do
    local parent = path:match("^(.*)/[^/]*$")
    if parent then run("mkdir -p " .. at(name .. "/" .. parent)) end
    run("cp " .. quote(root .. path) .. " " .. at(name .. "/" .. path))
  end
  if package == "salon" then
    run("cp -r types " .. at(name .. "/types"))
    for _, part in ipairs { "io", "lua" } do
      run(("cp src/%s/*.h %s/"):format(part, at(name .. "/src/" .. part)))
    end
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
end

run("mkdir -p " .. quote(folder))
pack("salon", "")
pack("salon-sandbox", "sandbox/")
