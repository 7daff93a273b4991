-- A cron job for OpenTalk without a password in it: lists the meetings.
--
--   lua5.4 examples/cron.lua login    by hand, once: asks for the password, keeps the login in a file
--   lua5.4 examples/cron.lua          what cron runs: takes the login from there and renews it
--
-- Set OPENTALK_URL, OPENTALK_CLIENT_ID and OPENTALK_USERNAME, perhaps OPENTALK_SCOPE; the file
-- is LOGINS, or ~/.salon-logins.json. The status is 2 when the login has ended, so that somebody has to log
-- in by hand again, and 1 for all other trouble. doc/sign-in.md says how long a login lasts.

local salon = require "salon"

local function fail(status, message)
  io.stderr:write("cron: ", message, "\n")
  os.exit(status, true)
end

local function setting(name) return os.getenv(name) or fail(1, name .. " is not set") end

local ot = salon.opentalk {
  url = setting "OPENTALK_URL", client_id = setting "OPENTALK_CLIENT_ID", username = setting "OPENTALK_USERNAME",
  password = arg[1] == "login" and salon.secret.stdin() or nil, scope = os.getenv "OPENTALK_SCOPE",
  store = salon.store.file(os.getenv "LOGINS" or setting "HOME" .. "/.salon-logins.json"),
}

local done, why = pcall(function()
  for event in ot.events:each { adhoc = false } do print(event.title, event.join_url) end
end)
local err = salon.caught(why)
if err and err.kind == "auth" then fail(2, "log in by hand (cron.lua login): " .. tostring(err)) end
if not done then fail(1, tostring(err or why)) end
