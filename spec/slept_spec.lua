-- A laptop that sleeps and wakes: tokens expire meanwhile.

local support = require "spec.support"

describe("a script on a machine that slept", function()
  local sandbox, folder

  setup(function()
    sandbox, folder = support.start { meet = false, rooms = 3 }, support.folder()
    local output, status = support.run(("%s -shared -fPIC -o %s/slept.so spec/c/slept.c -ldl"):format(
      os.getenv "CC" or "cc", folder))
    assert.equal(0, status, output)
  end)
  teardown(function()
    sandbox:stop()
    support.remove(folder)
  end)

  it("renews a token that expired meanwhile, once, and before it sends it", function()
    local script, role = folder .. "/script.lua", sandbox.opentalk
    support.write(script, ([[
      local salon = require "salon"
      local statuses = {}
      local ot = salon.opentalk { url = %q, client_id = %q, username = %q, password = %q,
        on_event = function(e) if e.name == "attempt" then statuses[#statuses + 1] = e.status end end }
      salon.check(ot.rooms:list())
      local before = salon.check(ot:token())
      local file = io.open(os.getenv "SALON_SLEPT", "w")
      file:write(8 * 3600)
      file:close()
      assert(before:expires_in() < -8 * 3600 + 600)
      salon.check(ot.rooms:list())
      salon.check(ot.rooms:list())
      print(salon.check(ot:token()) ~= before, table.concat(statuses, " "):find "401")
    ]]):format(role.url, role.client_id, role.username, role.password))
    local preload = os.getenv "LD_PRELOAD"
    local output = support.script({ script }, { SALON_SLEPT = folder .. "/slept",
      LD_PRELOAD = (preload and preload .. ":" or "") .. folder .. "/slept.so",
      ASAN_OPTIONS = (os.getenv "ASAN_OPTIONS" or "") .. ":verify_asan_link_order=0" })
    assert.equal("true\tnil\n", output)
    local grants = table.concat(sandbox:grants(), "\n")
    assert.equal(2, #sandbox:grants(), grants)
    assert.matches("password.*\nrefresh_token", grants)
  end)
end)
