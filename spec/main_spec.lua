-- salon.main: the frame of a script.

local nginx = require "spec.support.nginx"
local support = require "spec.support"

describe("salon.main", function()
  local folder

  setup(function() folder = support.folder() end)
  teardown(function() support.remove(folder) end)

  -- A script whose function of salon.main holds this text.
  local function write(text)
    return support.write(folder .. "/script.lua", 'local salon = require "salon"\nsalon.main("script", '
      .. "function()\n" .. text .. "\nend)\nio.write 'behind\\n'\n")
  end

  -- Runs it: both streams, and the status.
  local function run(text, redirection)
    return support.run(("timeout 60 %s %s 2>&1 %s"):format(support.quote(support.lua), write(text), redirection or ""))
  end

  it("goes on behind a function that has done its work, with status 0", function()
    assert.same({ "done\nbehind\n", 0 }, { run "print 'done'" })
    assert.same({ "behind\n", 0 }, { run "return true" })
    assert.same({ "behind\n", 0 }, { run "return 0" })
  end)

  it("takes a number for the exit status", function()
    assert.same({ "partly\n", 3 }, { run "io.write 'partly\\n' return 3" })
  end)

  it("makes one message of a text, behind what was printed before", function()
    assert.same({ "first\nscript: there is no such room\n", 1 },
      { run "io.write 'first\\n' error('there is no such room', 0)" })
  end)

  it("makes one line of a failure of salon, raised by check or by a walk", function()
    for _, call in ipairs { "salon.check(ot.rooms:list())", "for _ in ot.rooms:each() do end" } do
      local output, status = run(([[
        local ot = salon.opentalk { url = "http://127.0.0.1:%d", token = "t", max_tries = 1 }
        %s]]):format(support.NO_PORT, call))
      assert.equal(1, status)
      assert.matches("^script: GET http://127.0.0.1:1[^\n]*%(network[^\n]*\n$", output)
    end
  end)

  it("keeps what was said besides a failure of salon", function()
    local output = run(([[
      local ot = salon.opentalk { url = "http://127.0.0.1:%d", token = "t", max_tries = 1 }
      local ok, err = pcall(function() salon.check(ot.rooms:list()) end)
      error(tostring(err) .. "\nrun it again", 0)]]):format(support.NO_PORT))
    assert.matches("^script: GET [^\n]+\nrun it again\n$", output)
  end)

  it("keeps file and line of a mistake in the program", function()
    for _, text in ipairs { "local room = nil\nprint(room.id)", "\nprint(({}).x.y)", "\nerror 'too late'",
      "\nsalon.opentalk { url = 5 }" } do
      local output, status = run(text)
      assert.equal(1, status)
      assert.matches("^script: %S+/script%.lua:4: [^\n]+\n$", output)
    end
    assert.same({ "script: nil\n", 1 }, { run "error()" })
  end)

  it("takes nil and an error for a failure, and a number that is no exit status too", function()
    assert.same({ "script: no luck\n", 1 }, { run "return nil, 'no luck'" })
    assert.same({ "behind\n", 0 }, { run "return nil" })
    assert.same({ "script: the exit status must be 0 to 255, not 256\n", 1 }, { run "return 256" })
    for _, number in ipairs { "0.5", "-1", "1e300", "0/0" } do
      local output, status = run("return " .. number)
      assert.equal(1, status)
      assert.matches("^script: the exit status must be 0 to 255, not [^\n]+\n$", output)
    end
  end)

  it("says something of every error, and all of a text", function()
    assert.same({ "script: the download was interrupted!\n", 1 }, { run "error('the download was interrupted!', 0)" })
    assert.same({ "script: an error that is no text: a table\n", 1 },
      { run "error(setmetatable({}, { __tostring = function() error 'x' end }))" })
  end)

  it("says that it was interrupted, and no line of the program", function()
    local output, status = run [[
      io.popen("kill -INT " .. require("salon.core").pid()):close()  -- os.execute ignores it meanwhile
      while true do salon.sleep(0.01) end]]
    assert.same({ "script: interrupted!\n", 1 }, { output, status })
  end)

  it("does not succeed when the output cannot be written, however it was written", function()
    for _, text in ipairs { "print 'x'", "io.write 'x'", "for i = 1, 5000 do print(i) end return 7",
      "io.stdout:write(('x'):rep(100000))" } do
      assert.same({ "script: standard output cannot be written\n", 1 }, { run(text, ">/dev/full") })
      assert.same({ "script: standard output cannot be written\n", 1 }, { run(text, ">&-") })
    end
    assert.same({ "script: no luck\n", 1 }, { run("print 'x' error('no luck', 0)", ">/dev/full") })
    assert.same({ "", 0 }, { run("", ">/dev/full") })
  end)

  it("does not succeed when nobody reads its output any more", function()
    write "repeat until not io.write(('x'):rep(1000))"
    local output = support.run(("trap '' PIPE; cd %s; { timeout 60 %s script.lua 2>log; echo $? >>log; } | :; cat log")
      :format(folder, support.quote(support.lua)))
    assert.equal("script: standard output cannot be written\n1\n", output)
  end)

  it("raises at the caller's line for what is no function, and in nginx", function()
    local salon = require "salon"
    for _, arguments in ipairs { { "script" }, { nil, print }, { print, "script" } } do
      local line
      local ok, message = pcall(function()
        line = debug.getinfo(1, "l").currentline; salon.main(arguments[1], arguments[2])
      end)
      assert.is_false(ok)
      assert.matches("main_spec%.lua:" .. line .. ": salon%.main: argument '%l+' ", message)
    end
    local port = support.free_ports()()
    local server = nginx.start(([[server { listen 127.0.0.1:%d; location / { content_by_lua_block {
      local _, message = pcall(function() require("salon").main("x", print) end)
      ngx.say(message) } } }]]):format(port))
    local output = support.curl(("http://127.0.0.1:%d/"):format(port))
    server:stop()
    assert.matches("^content_by_lua[^\n]*:2: salon%.main: [^\n]*nginx\n$", output)
  end)
end)
