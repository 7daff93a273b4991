-- Posts new OpenTalk meetings, yours and those you are invited to, to a webhook of Mattermost, Slack or Rocket.Chat:
--
--   lua5.4 examples/new_events_to_webhook.lua --every 60 known-meetings
--
-- The file keeps the ids of known meetings; the first run takes what is there as known. What the webhook refuses,
-- and what was under way when Ctrl-C ended the script, is posted with the next round. Needs lua-argparse, lua-cjson,
-- curl, and in the environment WEBHOOK_URL, OPENTALK_URL, OPENTALK_CLIENT_ID, OPENTALK_USERNAME, OPENTALK_PASSWORD.

local argparse, cjson, salon = require "argparse", require "cjson", require "salon"

local parser = argparse("new_events_to_webhook", "Posts new meetings to a webhook.")
parser:argument("file", "Where the ids of known meetings are kept.")
parser:option("--every", "Seconds between two rounds."):default("60"):convert(function(text)
  return (tonumber(text) or 0) >= 1 and tonumber(text) or nil, "--every must be a number of seconds from 1"
end)
parser:flag("--all", "In the first run: post the meetings that are there.")
local arguments = parser:parse()
local function must(done, message) return done or error(message, 0) end
local function quote(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

-- The text of the file, which is written anew, so that a full disk is noticed before something is posted.
local function read_known(ot)
  local file, message, code = io.open(arguments.file)
  local known = must(file and file:read "*a" or code == 2 and "", message)  -- 2: there is no file yet
  if not file and not arguments.all then
    for event in ot.events:each { adhoc = false } do known = known .. event.id .. "\n" end
  end
  file = must(io.open(arguments.file .. ".new", "w"))
  must(file:write(known)) must(file:close())
  must(os.rename(arguments.file .. ".new", arguments.file))  -- all of it, or the old one stays
  return known
end

-- The address may hold a secret, and everybody can read command lines: curl gets it as input. The shell
-- notes the id or says what failed, as not every Lua tells whether a command has succeeded.
local function post(event, url)
  local text = ("New meeting: %s, %s, %s"):format(event.title, event:starts_text() or "no time", event.join_url or "")
  local again = ("new_events_to_webhook: %s: will be tried again"):format(event.title:gsub("%c", " "))
  local curl = io.popen(("curl -sS --fail --max-time 20 -o /dev/null -K - && echo %s >>%s || printf '%%s\\n' %s >&2")
    :format(quote(event.id), quote(arguments.file), quote(again)), "w")
  curl:write('url = "', url, '"\nheader = "Content-Type: application/json"\ndata-raw = "',
    (cjson.encode({ text = text }):gsub('[\\"]', "\\%0")), '"\n')
  curl:close()
end

salon.main("new_events_to_webhook", function()
  local ot, url = salon.opentalk(salon.environment "OPENTALK"), os.getenv "WEBHOOK_URL" or ""
  must(url:find "^https?://", "WEBHOOK_URL must begin with http:// or https://")
  repeat
    local ok, err = pcall(function()
      local known = read_known(ot)
      for event in ot.events:each { adhoc = false } do
        if not known:find(event.id, 1, true) then post(event, url) end
      end
    end)
    local failure = salon.caught(err)
    must(ok or failure and failure.kind ~= "auth", err)
    if failure then io.stderr:write("new_events_to_webhook: ", tostring(failure), "\n") end  -- the server comes back
  until not salon.sleep(arguments.every)
end)
