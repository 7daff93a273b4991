-- What was decoded, encoded and decoded again is the same, whatever it is and
-- whichever locale is set, also when that changes in between.

local core = require "salon.core"
local json = require "salon.internal.json"
local support = require "spec.support"

local SCRIPT = [[
  local core, json = require "salon.core", require "salon.internal.json"
  local random, N = math.random, %d
  math.randomseed(%d)

  local WHOLE = 2 ^ 53
  local TEXTS = { "", "a", "[]", "null", "\"", "\\", "\0", "\n", "\195\164", "\240\159\152\128", "\127" }

  local function number()
    local kind = random(5)
    if kind == 1 then return random(0, 9) end
    if kind == 2 then return ("%%.0f"):format((random() * 2 - 1) * WHOLE):gsub("^%%-0$", "0") end
    if kind == 3 then return "9007199254740992" end
    if kind == 4 then return core.encode(random()) end
    return core.encode((random() - 0.5) * 10 ^ random(-300, 300))
  end

  local value
  local function list(depth, open, close, entry)
    local parts = {}
    for i = 1, random(0, 3) do parts[i] = entry(i, depth) end
    return open .. table.concat(parts, random(2) == 1 and "," or " ,\n") .. close
  end

  function value(depth)
    local kind = random(depth > 4 and 4 or 6)
    if kind == 1 then return number() .. "" end
    if kind == 2 then return core.encode(TEXTS[random(#TEXTS)] .. TEXTS[random(#TEXTS)]) end
    if kind == 3 then return ({ "true", "false" })[random(2)] end
    if kind == 4 then return "null" end
    if kind == 5 then return list(depth, "[", "]", function() return value(depth + 1) end) end
    return list(depth, "{", "}", function(i)
      return core.encode(i .. TEXTS[random(#TEXTS)]) .. ":" .. value(depth + 1)
    end)
  end

  local LOCALES = { %s }
  for i = 1, N do
    assert(os.setlocale(LOCALES[i %% #LOCALES + 1]))
    local text = "[" .. value(1) .. "]"
    local first = core.encode(assert(json.decode(text)))
    os.setlocale(LOCALES[(i + 1) %% #LOCALES + 1])
    local second = core.encode(assert(json.decode(first)))
    assert(first == second, text)
    if text:find "%%[%%s*%%]" and not text:find '"' then assert(first:find "%%[%%]", text) end
    local _, nulls = text:gsub('"[^"]*"', ""):gsub("null", "")
    local _, kept = first:gsub('"[^"]*"', ""):gsub("null", "")
    if not text:find "\\" then assert(nulls == kept, text) end
  end
  io.write "equal"
]]

describe("decode, encode, decode", function()
  it("gives 100,000 random values back in three locales", function()
    local folder = support.folder()
    finally(function() support.remove(folder) end)
    local locales = { '"C"' }
    for name, source in pairs { ["de_DE.UTF-8"] = "de_DE", ["fr_FR.UTF-8"] = "fr_FR" } do
      local _, status = support.run(("localedef -f UTF-8 -i %s %s"):format(source,
        support.quote(folder .. "/" .. name)))
      if status == 0 then locales[#locales + 1] = ("%q"):format(name) end
    end
    if #locales < 3 then return pending "localedef has no locales to build" end
    local script = SCRIPT:format(100000, core.pid(), table.concat(locales, ", "))
    assert.same({ "equal", 0 }, { support.script({ "-e", script }, { LOCPATH = folder }) })
    assert.is_table(json.decode "[0.5]")
  end)
end)
