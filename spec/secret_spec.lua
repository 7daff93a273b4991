-- salon.secret: a Secret of a text, and functions that read a secret where it lies.

local salon = require "salon"
local support = require "spec.support"

describe("salon.secret", function()
  local folder, path
  setup(function() folder = support.folder() path = folder .. "/secret" end)
  teardown(function() support.remove(folder) end)

  it("reads a file each time, without the line end at its end", function()
    local read = salon.secret.file(path)
    for _, text in ipairs { "one\n", "two\r\n", " three \n\n" } do
      support.write(path, text)
      assert.equal((text:gsub("\r?\n$", "")), read())
    end
    support.write(path, "")
    assert.same({ nil, "file " .. path .. " is empty" }, { read() })
    assert.truthy(select(2, salon.secret.file("/no/such/file")()):find("/no/such/file", 1, true))
  end)

  it("takes what a command prints, and names the command that prints nothing", function()
    assert.equal("word", salon.secret.command "echo word"())
    assert.truthy(select(2, salon.secret.command "true"()):find("command 'true' printed nothing", 1, true))
    assert.truthy(select(2, salon.secret.command "exit 3"()):find("command 'exit 3'", 1, true))
  end)

  it("reads the environment, and names the variable that is not set", function()
    assert.equal(os.getenv "PATH", salon.secret.env "PATH"())
    assert.equal("environment variable SALON_NO_SUCH is not set", select(2, salon.secret.env "SALON_NO_SUCH"()))
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
