-- The commands of doc/howto.md, as printed, with what `make sandbox` prints.

local support = require "spec.support"

describe("the commands of doc/howto.md", function()
  local folder, login

  setup(function()
    folder = support.folder()
    support.run(("mkdir %s/tmp"):format(folder))
    os.execute(("TMPDIR=%s/tmp %s tools/sandbox.lua >%s/out 2>&1 & echo $! >%s/pid"):format(folder,
      support.quote(support.lua), folder, folder))
    support.run(("for i in $(seq 300); do grep -q Ctrl-C %s/out && break; sleep 0.1; done"):format(folder))
    local lines = {}
    for line in support.read(folder .. "/out"):gmatch "export [^\n]+" do lines[#lines + 1] = line end
    login = table.concat(lines, "\n")
    support.write(folder .. "/rooms.csv", "title,password,expires\nRoom 1,secret,2099-01-18 18:00\n")
    support.write(folder .. "/agenda.pdf", "agenda")
  end)
  teardown(function()
    support.run(("kill $(cat %s/pid)"):format(folder))
    support.run(("for i in $(seq 300); do [ -z \"$(ls %s/tmp)\" ] && break; sleep 0.1; done"):format(folder))
    support.remove(folder)
  end)

  -- What one of them writes in a shell with the login.
  local function run(command)
    local script = support.write(folder .. "/script.sh", ("%s\nroot=$PWD\ncd %s\n%s \"$root\"/examples/%s\n"):format(
      login, folder, support.quote(support.lua), command))
    return support.run("sh " .. script .. " 2>&1")
  end

  it("work as printed, with what make sandbox prints", function()
    local names = {}
    for command in support.read "doc/howto.md":gmatch "| `([%w_]+%.lua [^`]+)`" do
      local name = command:match "^[%w_]+"
      if name ~= "new_events_to_webhook" then  -- runs until Ctrl-C
        local output, status = run(command)
        assert.equal(0, status, command .. ": " .. output)
        names[#names + 1] = name
      end
    end
    table.sort(names)
    assert.equal("bulk_change cancel_occurrence clean_up reschedule rooms_from_csv upload_agenda week_report",
      table.concat(names, " "))
    assert.matches("^system,starts,", support.read(folder .. "/week.csv"))
    assert.matches("\nRoom 1,secret,2099%-01%-18 18:00,http", support.read(folder .. "/links.csv"))
    assert.equal("nothing to do:\nWeekly, 2027-01-25 09:00: is cancelled\n",
      (run 'cancel_occurrence.lua "Weekly" 2027-01-25'))
    assert.equal("Budget round: starts at 2027-01-18 09:00 (Europe/Berlin) already\n"
      .. "bob@example.org: was invited already\n",
      (run 'reschedule.lua "Budget round" "2027-01-18 09:00" --invite bob@example.org'))
  end)
end)
