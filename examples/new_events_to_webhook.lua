-- Posts each new OpenTalk meeting, yours or one you are invited to, to a webhook of
-- Mattermost, Slack or Rocket.Chat, until Ctrl-C:
--
--   lua5.4 examples/new_events_to_webhook.lua --every 60 known-meetings
--
-- The file keeps the ids of known meetings; the first run takes what is there as known. What
-- the webhook refuses, and what was under way when the script ended, is posted with the next
-- round. In the environment: WEBHOOK_URL, OPENTALK_URL, OPENTALK_CLIENT_ID, OPENTALK_USERNAME,
-- OPENTALK_PASSWORD. Needs lua-argparse, lua-cjson and the program curl.

local argparse, cjson, salon = require "argparse", require "cjson", require "salon"

local parser = argparse("new_events_to_webhook", "Posts new meetings to a webhook.")
parser:argument("file", "Where the ids of known meetings are kept.")
parser:option("--every", "Seconds between two rounds."):default("60"):convert(function(text)
  local seconds = tonumber(text)
  return seconds and seconds >= 1 and seconds or nil, "--every must be a number of seconds from 1"
end)
parser:flag("--all", "In the first run: post the meetings that are there.")
local arguments = parser:parse()

local function setting(name) return os.getenv(name) or error(name .. " is not set", 0) end
local function note(err) io.stderr:write("new_events_to_webhook: ", tostring(salon.caught(err) or err), "\n") end
local function quote(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

-- Reads the file and writes it anew, so that a full disk is noticed before something is posted.
local function read_known(ot)
  local known, file, message, code = {}, io.open(arguments.file)
  if file then
    for id in file:lines() do known[id] = true end
    file:close()
  elseif code ~= 2 then  -- 2: there is no file yet
    error(message, 0)
  elseif not arguments.all then
    for event in ot.events:each { adhoc = false } do known[event.id] = true end
  end
  file = assert(io.open(arguments.file .. ".new", "w"))
  for id in pairs(known) do assert(file:write(id, "\n")) end
  assert(file:close())
  assert(os.rename(arguments.file .. ".new", arguments.file))  -- all of it, or the old one stays
  return known
end

-- The address may hold a secret, and everybody can read command lines: curl gets it as input.
-- The same command notes the id or says what failed, as not every Lua tells whether a command
-- has succeeded.
local function post(event)
  local text = ("New meeting: %s, %s, %s"):format(event.title, event:starts_text() or "without a time",
    event.join_url or "without a link")
  local again = ("new_events_to_webhook: %s: will be tried again"):format(event.title:gsub("%c", " "))
  local pipe = io.popen(("curl -sS --fail --max-time 20 -o /dev/null -K - && echo %s >>%s || printf '%%s\\n' %s >&2")
    :format(quote(event.id), quote(arguments.file), quote(again)), "w")
  pipe:write(('url = "%s"\nheader = "Content-Type: application/json"\ndata-raw = "%s"\n'):format(
    setting "WEBHOOK_URL", (cjson.encode({ text = text }):gsub('[\\"]', "\\%0"))))
  pipe:close()
end

local function round(ot)
  local known = read_known(ot)
  for event in ot.events:each { adhoc = false } do
    if not known[event.id] then post(event) end
  end
end

local function main()
  if not setting "WEBHOOK_URL":find "^https?://" then
    error("WEBHOOK_URL must begin with http:// or https://", 0)  -- its value may hold a secret
  end
  local ot = salon.opentalk {
    url = setting "OPENTALK_URL", client_id = setting "OPENTALK_CLIENT_ID",
    username = setting "OPENTALK_USERNAME", password = setting "OPENTALK_PASSWORD",
  }
  repeat
    local ok, err = pcall(round, ot)
    local failure = not ok and salon.caught(err)
    if not ok and (not failure or failure.kind == "auth") then error(err, 0) end
    if failure then note(failure) end  -- the server comes back
  until not salon.sleep(arguments.every)
end

local ok, err = pcall(main)
if not ok then
  note(tostring(err):match "interrupted!$" or err)
  os.exit(1, true)
end
