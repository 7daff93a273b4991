-- The encoder and the walk over decoded values (src/lua/json.c).

local core = require "salon.core"
local cjson = require "cjson"
local support = require "spec.support"
local encode, normalise, null = core.encode, core.normalise, core.null

local function array(t) return setmetatable(t, core.array_mt) end

local function refusal(...)
  local ok, message = pcall(encode, ...)
  assert.is_false(ok)
  return message
end

describe("encode", function()
  it("writes scalars", function()
    assert.equal('"x"', encode("x"))
    assert.equal("true", encode(true))
    assert.equal("false", encode(false))
    assert.equal("null", encode(null))
    assert.equal(null, cjson.null)
  end)

  it("sorts the keys of an object by their bytes", function()
    assert.equal('{"":0,"B":1,"a":2,"a\\u0000":3,"ab":4,"\195\164":5}',
      encode { ab = 4, a = 2, ["\195\164"] = 5, B = 1, [""] = 0, ["a\0"] = 3 })
  end)

  it("tells lists from objects", function()
    assert.equal("[1,2,3]", encode { 1, 2, 3 })
    assert.equal("{}", encode {})
    assert.equal("[]", encode(array {}))
    assert.equal('[[],{},[null]]', encode { array {}, {}, { null } })
  end)

  it("escapes what JSON demands and nothing more", function()
    assert.equal([["\"\\\b\f\n\r\t\u0000\u001f/]] .. '\127"',
      encode('"\\\b\f\n\r\t\0\31/\127'))
    assert.equal('"gr\195\188n \240\159\152\128"',
      encode "gr\195\188n \240\159\152\128")
  end)

  it("writes whole numbers without a fraction up to 2^53", function()
    assert.equal("[3,-3,0,9007199254740992,-9007199254740992]",
      encode { 3.0, -3, -0.0, 2 ^ 53, -2 ^ 53 })
  end)

  it("writes the shortest number that reads back", function()
    assert.equal("[0.1,1e+20,0.30000000000000004,1.5e-07]",
      encode { 0.1, 1e20, 0.1 + 0.2, 1.5e-7 })
    for _ = 1, 2000 do
      local n = (math.random() - 0.5) * 10 ^ math.random(-300, 300)
      assert.equal(n, tonumber(encode(n)))
    end
  end)

  if math.type then
    it("writes integers of 64 bits exactly", function()
      assert.equal("[9223372036854775807,-9223372036854775808]",
        encode { math.maxinteger, math.mininteger })  -- luacheck: ignore 143
    end)
  end

  it("writes a decimal point in every locale", function()
    local folder = support.folder()
    finally(function() support.remove(folder) end)
    -- Pashto's decimal point has two bytes.
    local _, status = support.run("localedef -f UTF-8 -i ps_AF " ..
      support.quote(folder .. "/ps_AF.UTF-8"))
    if status ~= 0 then return pending "localedef has no locales to build" end
    assert.equal("[1.5,2.5e-09,0.30000000000000004]", support.script({ "-e", [[
      assert(os.setlocale "ps_AF.UTF-8")
      io.write(require "salon.core".encode { 1.5, 2.5e-9, 0.1 + 0.2 })
    ]] }, { LOCPATH = folder }))
  end)

  it("writes long texts", function()
    local long = ("0123456789\n"):rep(20000)
    assert.equal('["' .. long:gsub("\n", "\\n") .. '"]', encode { long })
    local wide = {}
    for i = 1, 5000 do wide["key" .. i] = i end
    assert.same(wide, normalise(cjson.decode(encode(wide))))
  end)

  it("writes what lua-cjson reads", function()
    local value = { title = "x", list = { 1, 2.5, "y", { z = false } },
      configuration = { nested = { deep = { "a" } } } }
    assert.same(value, normalise(cjson.decode(encode(value))))
  end)

  it("names the place of what it cannot encode", function()
    assert.equal("cannot encode a function", refusal(print))
    assert.equal("cannot encode a nil", refusal(nil))
    assert.equal("cannot encode a function at configuration.x",
      refusal { configuration = { x = print } })
    assert.equal("cannot encode a thread at list[2].t",
      refusal { list = { 1, { t = coroutine.create(function() end) } } })
    assert.equal("cannot encode NaN at [1]", refusal { 0 / 0 })
    assert.equal("cannot encode infinity at n", refusal { n = -math.huge })
    assert.equal("cannot encode a salon.Secret at password",
      refusal { password = core.secret "marker" })
  end)

  it("refuses tables that are no JSON", function()
    assert.equal("cannot encode a list with holes at x",
      refusal { x = { 1, 2, nil, 4 } })
    assert.equal("cannot encode a list with holes", refusal { [10] = 1 })
    assert.equal("cannot encode a list that has fields too",
      refusal { 1, a = 2 })
    assert.equal("cannot encode a list that has fields too",
      refusal(array { a = 2 }))
    assert.equal("cannot encode a table with a boolean as key",
      refusal { [true] = 1 })
    for _, key in ipairs { 0, -1, 1.5 } do
      assert.equal("cannot encode a table with a number as key",
        refusal { [key] = 1 })
    end
  end)

  it("encodes 100 levels and refuses more", function()
    local value = {}
    for _ = 1, 99 do value = { x = value } end
    assert.equal(('{"x":'):rep(99) .. "{}" .. ("}"):rep(99), encode(value))
    local cycle = {}
    cycle.x = { cycle }
    assert.equal("cannot encode more than 100 nested tables at " ..
      "x[1].x[1].x[1].x[1]...", refusal(cycle))
  end)

  it("runs no metamethod", function()
    local function raise() error "metamethod" end
    local value = setmetatable({ a = 1 }, { __index = raise, __pairs = raise,
      __len = raise, __tostring = raise })
    assert.equal('{"a":1}', encode(value))
  end)

  it("encodes a record as the object it shows", function()
    local class = { name = "salon.Room", methods = {}, getters = {} }
    local room = core.record(class, { id = "x", list = { 1 } })
    assert.equal('{"id":"x","list":[1]}', encode(room))
    assert.equal('{"room":{"id":"x","list":[1]}}', encode { room = room })
  end)

  it("needs an argument", function()
    assert.error_matches(encode, "bad argument #1")
  end)
end)

describe("normalise", function()
  it("turns null into nil at every depth, in place", function()
    local value = { a = null, b = { c = null, d = { null, 1, null } }, e = 0 }
    assert.equal(value, normalise(value))
    assert.same({ b = { d = { [2] = 1 } }, e = 0 }, value)
    assert.is_nil(normalise(null))
  end)

  it("leaves the rest alone", function()
    local f = io.stdout
    assert.same({ "x", true, false, 1.5, f }, normalise { "x", true, false, 1.5, f })
    assert.equal("x", normalise "x")
    local marked = array {}
    assert.equal(core.array_mt, getmetatable(normalise { marked }[1]))
  end)

  if math.type then
    it("turns floats without a fraction into integers", function()
      local value = normalise { 3.0, -0.0, 2.5, 2.0 ^ 53, 2.0 ^ 54, 7,
        { n = 1e3 }, 1 / 0 }
      assert.same({ "integer", "integer", "float", "integer", "float",
        "integer" }, { math.type(value[1]), math.type(value[2]),
        math.type(value[3]), math.type(value[4]), math.type(value[5]),
        math.type(value[6]) })
      assert.equal("integer", math.type(value[7].n))
      assert.equal(math.huge, value[8])
      assert.equal("integer", math.type(normalise(4.0)))
    end)
  end

  -- A copy with numbers as text: 1 and 1.0 are told apart.
  local function kinds(value)
    if type(value) ~= "table" then return type(value) == "number" and tostring(value) or value end
    local copy = {}
    for name, field in pairs(value) do copy[name] = kinds(field) end
    return copy
  end

  it("does the same when it knows the text", function()
    local quote, slash = [["a\"b"]], [["a\\"]]
    for _, value in ipairs { "null", "1", "-2.0", "0", "7e2", "1.5", "true", "false", "[]", "{}",
        '"n-9"', '""', quote, slash, '"null"', '"\\u0022"' } do
      for _, frame in ipairs { "[%s]", "[ %s ]", '{"a":%s}', '{"n":"1","b": {"c":[[%s]]}}',
          '["x",%s,"y"]', "[" .. quote .. ",%s]", "[" .. slash .. ",%s]", "[%s," .. quote .. "]",
          '["\\"",%s,"\\""]' } do
        local text = frame:gsub("%%s", (value:gsub("%%", "%%%%")))
        assert.same(kinds(normalise(cjson.decode(text))), kinds(normalise(cjson.decode(text), text)))
      end
    end
    assert.is_nil(normalise(null, "null"))
    assert.error_matches(function() normalise({}, {}) end, "bad argument #2")
    assert.error_matches(function() normalise() end, "bad argument #1")
  end)

  it("reads everything lua-cjson decodes, and stops at a cycle", function()
    local deep = normalise(cjson.decode(("["):rep(1000) .. "null" ..
      ("]"):rep(1000)))
    for _ = 1, 999 do deep = deep[1] end
    assert.same({}, deep)
    local cycle = {}
    cycle.x = cycle
    assert.error_matches(function() normalise(cycle) end, "nested too deeply")
  end)
end)
