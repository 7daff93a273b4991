-- Lists your OpenTalk rooms without a password: you confirm the login in a browser, on
-- this machine or any other. Later runs take the login from a file until it has ended.
--
--   lua5.4 examples/device.lua
--
-- Set OPENTALK_URL and OPENTALK_CLIENT_ID, a client that may do device logins
-- (doc/sign-in.md); the file is LOGINS, or ~/.salon-logins.json.

local salon = require "salon"

local function show(prompt)
  io.stderr:write("Open ", prompt.verification_uri_complete or prompt.verification_uri,
    "\nand confirm the code ", prompt.user_code, "\n")
end

salon.main("device", function()
  local options, home = salon.environment "OPENTALK", os.getenv "HOME"
  options.username, options.password, options.device = nil, nil, show
  options.store = salon.store.file(os.getenv "LOGINS" or (home or error("HOME is not set", 0)) .. "/.salon-logins.json")
  local ot = salon.opentalk(options)
  local who = salon.check(ot:whoami { timeout = 600 })  -- seconds: a person may take so long
  print("Rooms of " .. (who.display_name or who.email))
  for room in ot.rooms:each() do print(room.id, room.join_url) end
end)
