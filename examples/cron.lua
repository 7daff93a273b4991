-- A cron job for OpenTalk without a password in it: lists the meetings.
--
--   lua5.4 examples/cron.lua login    by hand, once: asks for the password, keeps the login in a file
--   lua5.4 examples/cron.lua          what cron runs: takes the login from there and renews it
--
-- Set OPENTALK_URL, OPENTALK_CLIENT_ID and OPENTALK_USERNAME, perhaps OPENTALK_SCOPE; the file
-- is LOGINS, or ~/.salon-logins.json. The status is 2 when the login has ended, so that somebody has to log
-- in by hand again, and 1 for all other trouble. doc/sign-in.md says how long a login lasts.

local salon = require "salon"

local function list(ot)
  for event in ot.events:each { adhoc = false } do print(event.title, event.join_url) end
end

salon.main("cron", function()
  local options, home = salon.environment "OPENTALK", os.getenv "HOME"
  options.password = arg[1] == "login" and salon.secret.stdin() or nil
  options.store = salon.store.file(os.getenv "LOGINS" or (home or error("HOME is not set", 0)) .. "/.salon-logins.json")
  local ok, err = pcall(list, salon.opentalk(options))
  local failure = salon.caught(err)
  if failure and failure.kind == "auth" then
    io.stderr:write("cron: log in by hand (cron.lua login): ", tostring(failure), "\n")
    return 2
  elseif not ok then
    error(err, 0)
  end
end)
