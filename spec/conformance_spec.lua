-- `make conformance` itself: it must agree where only names differ, and notice
-- where anything else does.

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

  -- Runs it with one file; the line about that file, and the exit code.
  local function run(changed)
    support.write(folder .. "/meet-1.31.jsonl", changed)
    local output, code = support.script({ "tools/conformance/main.lua" }, { RECORDINGS = folder })
    return output:match("meet%-1%.31%.jsonl: ([^\n]*)") or output, code
  end

  local function replaced(from, to, count)
    local pattern = from:gsub("%W", "%%%0")
    local changed, n = text:gsub(pattern, to, count)
    assert.is_true(n > 0, "nothing to replace: " .. from)
    return changed
  end

  it("agrees with the recording, whatever the ids are", function()
    local changed = replaced("7b2262f2-243f-40ed-acb5-3264a14936cb", "0badcafe-243f-40ed-acb5-3264a14936cb")
    assert.are.equal("15 agreed, 0 differing, 0 out of scope", (run(changed)))
  end)

  it("notices a status, a header, a member and a word that are others", function()
    for from, to in pairs { ['"status":405'] = '"status":404', ["GET, PATCH, HEAD, OPTIONS"] = "GET, HEAD, OPTIONS",
      ["rooms:update\\\\\\\"}"] = "rooms:change\\\\\\\"}", ["may not be null"] = "must not be null" } do
      if text:find(from, 1, true) then
        local line, code = run(replaced(from, to, 1))
        assert.are.equal("14 agreed, 1 differing, 0 out of scope", line)
        assert.are.equal(1, code)
      end
    end
  end)
end)
