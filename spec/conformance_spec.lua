-- `make conformance` itself: it must agree where only names and a parser's words
-- differ, and notice where anything else does.

local support = require("spec.support")

describe("conformance", function()
  local text, folder

  setup(function()
    text = support.read("spec/recorded/meet-1.31.jsonl")
    folder = support.folder()
    for _, name in ipairs { "placeholders.json", "steps.json" } do
      support.write(folder .. "/" .. name, support.read("spec/recorded/" .. name))
    end
  end)
  teardown(function() support.remove(folder) end)

  -- Runs it with a recording that has `to` for `from` (once, or everywhere); how
  -- many exchanges differ, and the exit code.
  local function run(from, to, everywhere)
    local changed, n = text:gsub(from:gsub("%p", "%%%0"), (to:gsub("%%", "%%%%")), not everywhere and 1 or nil)
    assert.is_true(n > 0, "nothing to replace: " .. from)
    support.write(folder .. "/meet-1.31.jsonl", changed)
    local output, code = support.script({ "tools/conformance/main.lua" }, { RECORDINGS = folder })
    local agreed, differing = output:match("meet%-1%.31%.jsonl: (%d+) agreed, (%d+) differing, 0 out of scope")
    assert.are.equal(15, (agreed or 0) + (differing or 0), output)
    return tonumber(differing), code
  end

  it("agrees with the recording, whatever the ids are and a parser says", function()
    assert.are.equal(0, (run("7b2262f2-243f-40ed-acb5-3264a14936cb", "0badcafe-243f-40ed-acb5-3264a14936cb", true)))
    assert.are.equal(0, (run("JSON parse error - Expecting", "JSON parse error - expected")))
  end)

  it("notices another status, header, text, code of a fault, value and member", function()
    for from, to in pairs { ['"status":405'] = '"status":404', ["GET, PATCH, HEAD, OPTIONS"] = "GET, HEAD, OPTIONS",
      ["scope: rooms:update"] = "scope: rooms:change", ["extra_forbidden"] = "extra_allowed",
      ['{\\"enabled\\":true'] = '{\\"enabled\\":false', ['{\\"detail\\":\\"No'] = '{\\"error\\":\\"No' } do
      local differing, code = run(from, to)
      assert.are.same({ from, 1, 1 }, { from, differing, code })
    end
  end)
end)
