-- Instructions of a program by the shared object in which they were executed.
-- What an object calls in the C library counts as its own: memory and strings
-- are work that somebody asked for.

local support = require "bench.support"

local callgrind = {}

-- Who an object is; nil: the C library and the loader.
local function owner_of(path)
  if path:find "/libc[.-]" or path:find "/ld%-linux" or path:find "/libm[.-]" then return nil end
  if path:find "/salon/core%.so$" then return "salon" end
  if path:find "cjson" then return "lua-cjson" end
  if path:find "/libcurl" then return "libcurl" end
  if path:find "/lua[%d.]*$" or path:find "/liblua" then return "Lua" end
  return "others"  -- nghttp2, OpenSSL, zlib: all of them below libcurl
end

-- "ob=(3) /path" gives a name that is "ob=(3)" from then on; functions likewise.
local function name_reader()
  local names = {}
  return function(id, name)
    if name ~= "" then names[id] = name end
    return names[id] or ""
  end
end

-- Adds up the cost lines of a callgrind file; the line after "calls=" is the cost
-- of the call. What _start calls in the C library is the whole program.
local function read(text)
  local object, named, sums = name_reader(), name_reader(), {}
  local here, callee, called, is_call
  local function add(who, cost)
    if who then sums[who] = (sums[who] or 0) + cost end
  end
  local function add_call(cost)
    local library = callee and owner_of(callee) == nil
    if library and not called:find "^__libc_start" then add(owner_of(here), cost) end
    callee, is_call = nil, false
  end
  for line in text:gmatch "[^\n]+" do
    local key, id, name = line:match "^(%a+)=(%(%d+%)) ?(.*)$"
    if key == "ob" then
      here = object(id, name)
    elseif key == "cob" then
      callee = object(id, name)
    elseif key == "fn" or key == "cfn" then
      called = named(id, name)
    elseif line:find "^calls=" then
      is_call = true
    else
      local cost = tonumber(line:match "^[%d+*-]%S* (%d+)$")
      if cost and is_call then
        add_call(cost)
      elseif cost then
        add(owner_of(here), cost)
      end
    end
  end
  return sums
end

local function run(environment, command)
  local out = support.folder() .. "/callgrind.out"
  os.remove(out)
  support.capture(("%s LD_BIND_NOW=1 valgrind --tool=callgrind --callgrind-out-file=%s %s"):format(
    environment, out, command))
  return read(support.read(out))
end

---Sums of some owners.
---@param unit table<string, number>  of per_unit
function callgrind.sum(unit, ...)
  local total = 0
  for _, who in ipairs { ... } do total = total + (unit[who] or 0) end
  return total
end

---Instructions of one unit of work, by owner: the difference between many units
---and few, so that coming and going do not count.
---@param environment string  "NAME=value" for the program
---@param command fun(n: integer): string
---@return table<string, number>
function callgrind.per_unit(environment, command, few, many)
  local less, more, unit = run(environment, command(few)), run(environment, command(many)), {}
  for who, sum in pairs(more) do unit[who] = (sum - (less[who] or 0)) / (many - few) end
  return unit
end

return callgrind
