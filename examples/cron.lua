-- A cron job for OpenTalk without a password in it: lists the meetings.
--
--   lua5.4 examples/cron.lua login    by hand: asks for the password, keeps the login in a file
--   lua5.4 examples/cron.lua          what cron runs: takes the login from there and renews it
--
-- Set OPENTALK_URL, OPENTALK_CLIENT_ID and OPENTALK_USERNAME, perhaps OPENTALK_SCOPE, the same for both:
-- cron knows none of your shell's, so keep them as `export` lines in a file. In the crontab:
--
--   */20 * * * * . ~/.opentalk.env && lua5.4 ~/cron.lua
--
-- The login is kept in LOGINS, or ~/.salon-logins.json. The status is 2 when it has ended, so that somebody
-- has to log in by hand again, and 1 for all other trouble. doc/sign-in.md says how long a login lasts.

local salon = require "salon"

local function list(ot)
  for event in ot.events:each { adhoc = false } do print(event.title, event.join_url) end
end

local function log_in(ot)
  local _, err = ot:logout()  -- else a stored login would do, and the password would not be looked at
  if err and err.kind == "store" then error(err, 0) end
  salon.check(ot:token())
end

salon.main("cron", function()
  local by_hand = arg[1] == "login"
  if #arg > (by_hand and 1 or 0) then error("usage: cron.lua [login]", 0) end
  local options, home = salon.environment "OPENTALK", os.getenv "HOME"
  local path = os.getenv "LOGINS" or (home or error("HOME is not set", 0)) .. "/.salon-logins.json"
  options.password, options.store = by_hand and salon.secret.stdin() or nil, salon.store.file(path)
  local ok, err = pcall(by_hand and log_in or list, salon.opentalk(options))
  local failure = salon.caught(err)
  if failure and failure.kind == "auth" then
    io.stderr:write("cron: log in by hand (cron.lua login): ", tostring(failure), "\n")
    return 2
  elseif not ok then
    error(err, 0)
  end
  if by_hand then print(("The login of %s is kept in %s"):format(options.username, path)) end
end)
