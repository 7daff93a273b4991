-- Runs a program that is not ours against a sandbox:
--   lua spec/foreign/run.lua VERSION COMMAND...
-- VERSION is OpenTalk's. The program finds in its environment where the sandbox
-- is and who may log in; the status is the program's.

local shell = require "salon.sandbox.shell"

local version = arg[1]
local sandbox, message = require("salon.sandbox").start {
  opentalk = version, meet = false, rooms = 3, events = 12,
}
if not sandbox then
  io.stderr:write(message, "\n")
  os.exit(1)
end

local ot = sandbox.opentalk
local words = { "env" }
local function set(name, value) words[#words + 1] = shell.quote(name .. "=" .. value) end
set("OPENTALK_VERSION", version)
set("OPENTALK_URL", ot.url)
set("OPENTALK_TLS_URL", ot.tls.url)
set("OPENTALK_CLIENT", ot.client_id)
set("OPENTALK_USER", ot.username)
set("OPENTALK_PASSWORD", ot.password)
set("OPENTALK_EVENTS", "12")
set("OPENTALK_CA", sandbox.ca_file)
for i = 2, #arg do words[#words + 1] = shell.quote(arg[i]) end

local good, _, code = os.execute(table.concat(words, " "))
sandbox:stop()
os.exit((good == true or good == 0) and 0 or code or 1)
