-- Lists your OpenTalk rooms without a password: you confirm the login in a browser, on
-- this machine or any other. Later runs take the login from a file until it has ended.
--
--   lua5.4 examples/device.lua
--
-- Set OPENTALK_URL and OPENTALK_CLIENT_ID, a client that may do device logins
-- (doc/sign-in.md); the file is LOGINS, or ~/.salon-logins.json.

local salon = require "salon"

local function fail(message)
  io.stderr:write("device: ", message, "\n")
  os.exit(1, true)
end

local function setting(name) return os.getenv(name) or fail(name .. " is not set") end

local ot = salon.opentalk {
  url = setting "OPENTALK_URL", client_id = setting "OPENTALK_CLIENT_ID",
  store = salon.store.file(os.getenv "LOGINS" or setting "HOME" .. "/.salon-logins.json"),
  device = function(prompt)
    io.stderr:write("Open ", prompt.verification_uri_complete or prompt.verification_uri,
      "\nand confirm the code ", prompt.user_code, "\n")
  end,
}

local done, why = pcall(function()
  local who = salon.check(ot:whoami { timeout = 600 })  -- seconds: a person may take so long
  print("Rooms of " .. (who.display_name or who.email))
  for room in ot.rooms:each() do print(room.id, room.join_url) end
end)
if not done then fail(tostring(salon.caught(why) or why)) end
