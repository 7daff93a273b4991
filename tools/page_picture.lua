-- Renews doc/page.png: the page of examples/nginx in a headless Chromium, with two
-- sandboxes behind it.
--   tools/run lua5.4 tools/page_picture.lua [FILE [WIDTH [light|dark]]]

local browser = require "spec.support.browser"
local nginx = require "spec.support.nginx"
local support = require "spec.support"

-- A meeting that begins on a day from today on, in UTC.
local function put(sandbox, title, day, hour, fields)
  fields = fields or {}
  local starts = os.time() + day * 86400
  local date = os.date("!%Y-%m-%d", starts)
  fields.title = title
  fields.starts_at = { datetime = date .. ("T%02d:00:00Z"):format(hour), timezone = fields.timezone or "Europe/Berlin" }
  fields.ends_at = { datetime = date .. ("T%02d:00:00Z"):format(fields.is_all_day and hour or hour + 1),
    timezone = fields.starts_at.timezone }
  fields.timezone = nil
  return sandbox:put("event", nil, fields)
end

local function fill(sandbox)
  put(sandbox, "Weekly planning", -299, 8, { recurrence_pattern = { "FREQ=WEEKLY;INTERVAL=2" } })
  put(sandbox, "Budget round", 2, 13)
  put(sandbox, "Call with the Boston office", 3, 19, { timezone = "America/New_York" })
  put(sandbox, "Off-site", 9, 0, { is_all_day = true })
  put(sandbox, "Interview: systems engineer", 10, 9, { waiting_room = true })
  for name, level in pairs { ["Design studio"] = "trusted", ["Front desk"] = "public",
    ["Library"] = "restricted", ["Workshop"] = "trusted" } do
    sandbox:put("meeting", nil, { name = name, slug = name:lower():gsub(" ", "-"), owner = sandbox.meet.user,
      access_level = level })
  end
end

local file, width, scheme = arg[1] or "doc/page.png", tonumber(arg[2] or 1120), arg[3]
local sandbox = support.start { switches = { public_rooms = true } }
fill(sandbox)
local server = nginx.example(sandbox)
local chromium = browser.start()
local ok, err = pcall(function()
  chromium:screen(width, 4000, scheme)
  chromium:open(server.url .. "/")
  chromium:click "button[name=guest]"
  chromium:run "document.querySelector('details').open = true"
  chromium:screen(width, chromium:run "return Math.ceil(document.body.getBoundingClientRect().bottom + scrollY)",
    scheme)
  chromium:picture(file)
end)
chromium:stop()
server:stop()
sandbox:stop()
assert(ok, err)
