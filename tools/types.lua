-- Checks types/ as an editor would use it, with emmylua_check: every line of
-- spec/types/mistakes.lua that ends in "-- mistake" has to be reported, and nothing else,
-- there or in spec/types/correct.lua, the Lua of README, guide and sandbox.md, and the examples.
--   tools/run lua5.4 tools/types.lua EMMYLUA_CHECK FOLDER    FOLDER: an empty one

local cjson = require "cjson"
local program, folder = arg[1], arg[2]

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(folder .. "/" .. path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

-- A page's Lua on the lines where it stands, since each block goes on with the last one.
local function lua_of(page)
  local lines, inside = {}, false
  for line in (read(page):gsub("\r", "") .. "\n"):gmatch "(.-)\n" do
    if line:find "^```" then inside = line == "```lua" end
    lines[#lines + 1] = inside and not line:find "^```" and line or ""
  end
  return table.concat(lines, "\n")
end

local expected = {}  -- file:line -> true, once it was reported: false

local function add(path, text)
  local name, number = path:gsub("/", "."), 0
  write(name, text)
  for line in (text .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    if line:find "%-%- mistake" then expected[name .. ":" .. number] = true end
  end
end

-- Not the page of nginx and the test with busted: their own tables have no types.
local checked = output "ls spec/types/*.lua examples/*.lua examples/nginx/handler.lua examples/nginx/join.lua"
for path in checked:gmatch "%S+" do
  if not path:find "_spec" then add(path, read(path)) end
end
for _, page in ipairs { "README.md", "doc/guide.md", "doc/sandbox.md" } do add(page .. ".lua", lua_of(page)) end

local here = output("pwd"):gsub("\n", "")
write(".emmyrc.json", cjson.encode {
  workspace = { library = { here .. "/types" } },
  diagnostics = {
    globals = { "ngx" },
    -- Not about types.
    disable = { "redefined-local", "unused", "duplicate-require", "unresolved-require" },
  },
})

-- What scripts check for themselves while they run.
local AT_RUN_TIME = { ["need-check-nil"] = true, ["assign-type-mismatch"] = true }

local faults, planted = 0, 0
for _, file in ipairs(cjson.decode(output(("'%s' -f json '%s' 2>/dev/null"):format(program, folder)))) do
  for _, found in ipairs(file.diagnostics) do
    local where = ("%s:%d"):format((file.file or file.path):match "[^/]*$", found.range.start.line + 1)
    local matters = where:find "^spec" or not AT_RUN_TIME[found.code]
    if expected[where] == nil and matters then
      faults = faults + 1
      print(("%s: reported without need: %s [%s]"):format(where, found.message, found.code))
    elseif matters then
      expected[where] = false
    end
  end
end
for where, is_missing in pairs(expected) do
  planted = planted + 1
  if is_missing then
    faults = faults + 1
    print(where .. ": the mistake is not seen")
  end
end
print(("%d planted mistakes, %d faults"):format(planted, faults))
os.exit(faults == 0 and planted >= 15 and 0 or 1)
