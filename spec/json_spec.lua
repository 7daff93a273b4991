-- JSON in and out: src/lua/json.c, src/lua/decode.c, internal/json.lua.

local core = require "salon.core"
local cjson = require "cjson"
local salon = require "salon"
local support = require "spec.support"
local json = require "salon.internal.json"
local encode, decode, null = core.encode, json.decode, core.null

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
    assert.same(wide, decode(encode(wide)))
  end)

  it("writes what lua-cjson reads", function()
    local value = { title = "x", list = { 1, 2.5, "y", { z = false } },
      configuration = { nested = { deep = { "a" } } } }
    assert.same(value, decode(encode(value)))
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

describe("salon.encode", function()
  it("writes records, lists of them and pages as the API does, and names its mistakes at the caller's line", function()
    local sandbox = support.start { rooms = 2, meet = false }
    finally(function() sandbox:stop() end)
    local ot = salon.opentalk(sandbox.opentalk.options)
    local page = salon.check(ot.rooms:list())
    local first = salon.encode(page[1])
    assert.same(cjson.decode(encode(page[1].raw)), cjson.decode(first))
    assert.equal("[" .. first .. "," .. salon.encode(page[2]) .. "]", salon.encode(page))
    assert.equal('{"rooms":[' .. first .. ']}', salon.encode { rooms = { page[1] } })
    assert.equal("[]", salon.encode(salon.check(ot.rooms:get(page[1].id)).invites:list()))
    assert.equal('{"a":[],"b":null}', salon.encode { a = salon.array {}, b = salon.null })
    local ok, message = pcall(function() salon.encode { x = { print } } end)
    assert.is_false(ok)
    assert.matches("^spec/json_spec.lua:%d+: salon.encode: cannot encode a function at x%[1%]$", message)
  end)
end)

describe("decode", function()
  it("gives nil for null at every depth", function()
    assert.same({ b = { d = { [2] = 1 } }, e = 0 },
      decode '{"a": null, "b": {"c": null, "d": [null, 1, null]}, "e": 0}')
    assert.is_nil(decode "null")
  end)

  if math.type then
    it("gives integers where a number is whole", function()
      local value = decode "[3.0, -0.0, 2.5, 9007199254740992, 18014398509481984, 7, {\"n\": 1e3}]"
      local types = {}
      for i = 1, 6 do types[i] = math.type(value[i]) end
      assert.same({ "integer", "integer", "float", "integer", "float", "integer" }, types)
      assert.equal("integer", math.type(value[7].n))
    end)
  end

  it("marks lists, so that they stay lists when they become empty", function()
    for _, text in ipairs { "[]", "[ \t\r\n ]", "[1]", '["x"]', "[null]" } do
      local list = decode(text)
      list[1] = nil
      assert.equal(text == "[null]" and "[null]" or "[]", encode(list))
      local object = decode('{"a": ' .. text .. "}")
      object.a[1] = nil
      assert.equal(text == "[null]" and '{"a":[null]}' or '{"a":[]}', encode(object))
    end
    assert.equal("{}", encode(decode "{}"))
    assert.equal('{"x":"[]","y":"\\"[]"}', encode(decode '{"x": "[]", "y": "\\"[]"}'))
  end)

  it("remembers nulls, so that what was read can be written back", function()
    local text = '{"a":null,"b":{"c":null,"d":[null,1,null]},"e":[null]}'
    local value = decode(text)
    assert.equal(text, encode(value))
    value.a, value.b.d[3] = 5, "x"
    assert.equal('{"a":5,"b":{"c":null,"d":[null,1,"x"]},"e":[null]}', encode(value))
    local rooms = decode '[{"a":null,"b":1},{"a":null,"b":2},{"a":3,"b":null},{"a":null,"b":null}]'
    assert.equal('[{"a":null,"b":1},{"a":null,"b":2},{"a":3,"b":null},{"a":null,"b":null}]', encode(rooms))
  end)

  it("skips a byte order mark", function()
    assert.same({ 1 }, decode "\239\187\191[1]")
    assert.equal("object", json.shape "\239\187\191 {}")
    assert.equal("empty", json.shape "\239\187\191")
  end)

  it("replaces what is no character, and keeps the rest of the list", function()
    local unreadable = "\239\191\189"
    for text, wanted in pairs {
      ["\\ud800"] = unreadable, ["\\udc00x"] = unreadable .. "x", ["\\ud83d\\u0041"] = unreadable .. "A",
      ["\\ud83d\\ude00"] = "\240\159\152\128", ["\255"] = unreadable, ["\192\128"] = unreadable:rep(2),
      ["\237\160\128"] = unreadable:rep(3), ["\226\130"] = unreadable:rep(2), ["\195\164"] = "\195\164",
      ["12345678\255"] = "12345678" .. unreadable,
    } do
      assert.same({ "a", wanted, "z" }, decode('["a", "' .. text .. '", "z"]'))
    end
  end)

  it("refuses what is no JSON, and numbers that no number can hold", function()
    for _, text in ipairs { "", "{", "[1,]", '{"a"}', '["x', '["\\', "nul", "[1e999]", "[-1e999]", "[NaN]",
      "[Infinity]", '["\\u12"]' } do
      local value, message = decode(text)
      assert.is_nil(value)
      assert.equal("string", type(message))
    end
  end)

  it("takes a hundred levels, and says so of more", function()
    local text = ("["):rep(50) .. ("]"):rep(50)
    assert.equal(text, encode(decode(text)))
    local deep = ("["):rep(json.DEEPEST) .. ("]"):rep(json.DEEPEST)
    assert.equal(deep, encode(decode(deep)))
    local value, _, too_deep = decode("[" .. deep .. "]")
    assert.is_nil(value)
    assert.is_true(too_deep)
  end)
end)
