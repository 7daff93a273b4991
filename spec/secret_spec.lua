-- salon.secret: a Secret of a text, and functions that read a secret where it lies.

local salon = require "salon"
local support = require "spec.support"

describe("salon.secret", function()
  local folder, path
  setup(function() folder = support.folder() path = folder .. "/secret" end)
  teardown(function() support.remove(folder) end)

  it("reads a file each time, without the line ends at its end", function()
    local read = salon.secret.file(path)
    for text, wanted in pairs { ["one\n"] = "one", ["two\r\n"] = "two", [" three \n\n"] = " three ",
      ["four\r\n\r\n"] = "four", ["fi\nve\n\r\n"] = "fi\nve" } do
      support.write(path, text)
      assert.equal(wanted, read())
    end
    support.write(path, "")
    assert.same({ nil, "file " .. path .. " is empty" }, { read() })
    assert.truthy(select(2, salon.secret.file("/no/such/file")()):find("/no/such/file", 1, true))
  end)

  it("takes what a command prints, and names the command that prints nothing", function()
    assert.equal("word", salon.secret.command "echo word"())
    assert.truthy(select(2, salon.secret.command "true"()):find("command 'true' printed nothing", 1, true))
    local knows_status = _VERSION ~= "Lua 5.1"
    assert.equal("command 'exit' " .. (knows_status and "ended with status 3" or "printed nothing"),
      select(2, salon.secret.command "exit 3"()))
  end)

  it("shows no more of a command than its name", function()
    for line, words in pairs { ["false --token m4rker"] = "command 'false' ",
      [" /bin/false $(true m4rker)"] = "command '/bin/false' ", ["TOKEN=m4rker false"] = "the command ",
      ["TOKEN='m4 rker' false"] = "the command ", ["'/bin/false' m4rker"] = "the command " } do
      local _, message = salon.secret.command(line)()
      assert.equal(words, message:sub(1, #words))
      assert.is_nil(message:find "rker")
    end
    local popen = io.popen
    finally(function() rawset(io, "popen", popen) end)
    rawset(io, "popen", function(line) return nil, line .. ": Cannot allocate memory", 12 end)
    assert.equal("command 'pass' cannot be run: Cannot allocate memory",
      select(2, salon.secret.command "pass show m4rker"()))
  end)

  it("reads the environment, and names the variable that is not set", function()
    assert.equal(os.getenv "PATH", salon.secret.env "PATH"())
    assert.equal("environment variable SALON_NO_SUCH is not set", select(2, salon.secret.env "SALON_NO_SUCH"()))
  end)

  -- Runs a script that has `read` with what the shell command gives it on its standard input.
  local function fed(command, script)
    local path_of_script = support.write(folder .. "/script.lua", 'local salon = require "salon"\n'
      .. 'local read = salon.secret.stdin "Pass it\'s: "\n' .. script)
    return (support.run(("%s %s %s"):format(command, support.quote(support.lua), support.quote(path_of_script))))
  end

  it("takes a line of the standard input once, when it is first needed", function()
    assert.equal("first third\nthird\nsecond\n", fed([[printf 'first\nthird\r\nsecond\n' |]], [[
      local other = salon.secret.stdin()
      print(io.read(), other())
      print(other())
      print(read())]]):gsub("\t", " "))
    assert.equal("nil the standard input ended before a line came\n",
      (fed("</dev/null", "print(read())"):gsub("\t", " ")))
    assert.equal("nil the line that the standard input gave is empty\nword word\n",
      (fed([[printf '\nword' |]], "print(read()) print(read(), (read()))"):gsub("\t", " ")))
  end)

  it("says who wanted a line of the standard input that did not come", function()
    assert.equal("auth option 'password': the standard input ended before a line came\n", (fed("</dev/null", [[
      local ot = salon.opentalk { url = "http://127.0.0.1:1", client_id = "c", username = "u", password = read }
      local _, err = ot:token()
      print(err.kind .. " " .. err.message)]])))
  end)

  it("asks at a terminal without showing what is typed, and gives the echo back", function()
    local script = support.write(folder .. "/terminal.lua", [[
      local salon = require "salon"
      local text, message = salon.secret.stdin "Pass it's: "()
      print(text and #text, message)]])
    local CASES = {
      { typed = "bl\\ank s3cret\n", shown = "^13\tnil\n echo \n$" },
      { typed = "\4", shown = "^nil\tthe standard input ended before a line came\n echo \n$" },  -- Ctrl-D
      { typed = "\3", shown = "interrupted!.-\n echo \n$" },  -- Ctrl-C
    }
    support.run("mkfifo " .. folder .. "/keys")
    for _, case in ipairs(CASES) do
      -- The shell in between outlives the interrupt, as the one that somebody types into does.
      local terminal = io.popen(("SHELL=/bin/sh timeout 20 script -qec %s /dev/null <%s/keys 2>&1"):format(
        support.quote(("trap : INT; %s %s; stty -a | grep -o '.echo '"):format(support.lua, script)), folder), "r")
      local keys = io.open(folder .. "/keys", "w")
      assert.equal("Pass it's: ", terminal:read(#"Pass it's: "))
      keys:write(case.typed)
      keys:flush()
      local shown = terminal:read "*a":gsub("\r", ""):gsub("^\n", "")
      keys:close()
      terminal:close()
      assert.matches(case.shown, shown)
      assert.not_matches("s3cret", shown)
    end
  end)

  it("has no standard input in nginx, and says so at the line that asks for it", function()
    rawset(_G, "ngx", {})
    finally(function() rawset(_G, "ngx", nil) end)
    local _, message = pcall(function() salon.secret.stdin() end)
    assert.matches("secret_spec.lua:%d+: salon.secret.stdin: nginx has no standard input; use ", message)
  end)

  it("logs in, and a failure names option and place", function()
    local sandbox = support.start { meet = false }
    support.write(path, sandbox.opentalk.password .. "\n")
    assert(salon.opentalk(support.opentalk(sandbox, { password = salon.secret.file(path) })):token())
    local _, err = salon.opentalk(support.opentalk(sandbox, { password = salon.secret.env "SALON_NO_SUCH" })):token()
    sandbox:stop()
    assert.same({ "auth", "option 'password': environment variable SALON_NO_SUCH is not set" },
      { err.kind, err.message })
  end)

  it("still makes a secret of a text", function()
    assert.equal("salon.Secret(***)", tostring(salon.secret "text"))
    assert.equal("text", salon.secret("text"):reveal())
    assert.has_error(function() salon.secret(5) end)
    assert.has_error(function() salon.secret.file() end)
  end)
end)
