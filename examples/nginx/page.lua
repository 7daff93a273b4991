-- One page for both systems: coming meetings and rooms, links to join, and buttons that
-- make a room or a link for guests. Times are those of the meeting's own time zone.
--
-- Everything is fetched at the same time. Where one server fails, a sentence stands in the
-- place of its list, and the error with its hint is in nginx's log. Titles come from
-- strangers: all text goes through html.lua. Whoever reaches this page acts with the logins
-- behind it: put your own access control in front.

local handler = require "handler"
local html = require "html"
local lists = require "lists"
local salon = require "salon"

local TIMEOUT = 5            -- seconds, for everything on a page
local GUESTS = 24 * 3600     -- seconds that a link for guests is good for
local HEADERS = {
  ["Content-Type"] = "text/html; charset=utf-8",
  ["Cache-Control"] = "no-store",
  ["Content-Security-Policy"] = "default-src 'none'; style-src 'self'; "
    .. "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  ["X-Content-Type-Options"] = "nosniff",
  ["Referrer-Policy"] = "same-origin",   -- "no-referrer" would make Origin "null"
}

-- Markup -------------------------------------------------------------------

local PAGE = [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Meetings and rooms</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
</head>
<body>
<header><h1>Meetings and rooms</h1></header>
<form method="post" action="$1">
<main>
$2
</main>
</form>
</body>
</html>
]]

local COLUMN = [[
<section aria-labelledby="$1">
<h2 id="$1">$2</h2>
<button name="create" value="$1">Create a room<span class="unseen"> in $2</span></button>
$3
$4
</section>]]

local ENTRY = [[
<li>
<div>
<bdi class="name">$1</bdi>
<p class="quiet">$2</p>
$3
</div>
$4
</li>]]

-- A server may send any address, "javascript:" too.
local function is_link(url) return type(url) == "string" and url:find "^https?://" ~= nil end

local function join(entry, title)
  return is_link(entry.url) and html('<a class="join" rel="noopener" href="$1">Join<span class="unseen">'
    .. ' $2</span></a>', entry.url, title) or ""
end

local function phone(dial_in, title)
  local number = lists.text(dial_in.tel)
  if not number then return nil end
  local parts = { html('<a href="tel:$1">$2</a>', number:gsub("[^%d+]", ""), number) }
  for _, name in ipairs { "id", "pin" } do
    if dial_in[name] then parts[#parts + 1] = html("<span>$1 $2</span>", name:upper(), dial_in[name]) end
  end
  return html('<details><summary>By phone<span class="unseen">: $1</span></summary>\n<p>$2</p></details>',
    title, parts)
end

-- Other ways in than to join.
local function ways(entry, title)
  local found = {}
  if entry.takes_guests then
    found[1] = html('<button class="plain" name="guest" value="$1">Guest link<span class="unseen"> for $2'
      .. '</span></button>', entry.room, title)
  end
  found[#found + 1] = entry.dial_in and phone(entry.dial_in, title)
  return found[1] and html('<div class="ways">$1</div>', found) or ""
end

-- "2026-11-30 09:00" -> "Mon 30 Nov 2026, 09:00"; of a day alone "Mon 30 Nov 2026".
local function in_words(text)
  local day = salon.time.parse(text:sub(1, 10) .. "T00:00:00Z")
  return os.date("!%a %d %b %Y", day):gsub(" 0", " ") .. text:sub(11):gsub("^ ", ", ")
end

-- " – 10:00", of the same zone; a series is over when its last date is.
local function until_when(event, starts, zone)
  local ends = event:ends_text()
  local same_zone = select(2, lists.moment(event.ends_at)) == zone
  if not (ends and same_zone and ends > starts) or event.type == "recurring" then return "" end
  return " – " .. (ends:sub(1, 10) == starts:sub(1, 10) and ends:sub(12) or in_words(ends))
end

local FREQUENCIES = { DAILY = "daily", WEEKLY = "weekly", MONTHLY = "monthly", YEARLY = "yearly" }

-- A date, or, of a series whose dates the server does not tell, "weekly, since" the first.
local function when(event)
  local starts, zone = lists.moment(event.starts_at)
  local often = ""
  if event.type == "recurring" then
    local pattern = event.recurrence_pattern
    local rule = type(pattern) == "table" and lists.text(pattern[1]) or ""
    often = (not rule:find "INTERVAL=" and FREQUENCIES[rule:match "FREQ=(%u+)"] or "repeats") .. ", since "
  end
  local text = event:starts_text()
  if text == nil and salon.time.parse(starts) then   -- nobody here knows the zone
    text, zone = salon.time.text(starts), "UTC"
  end
  if event.is_all_day and text then
    return html('$1<time datetime="$2">$3</time>, all day', often, text, in_words(text))
  end
  local words = text and in_words(text) .. until_when(event, text, zone) or starts
  return html('$1<time datetime="$2">$3</time> ($4)', often, starts, words, (zone:gsub("_", " ")))
end

local function event_row(entry)
  local time = when(entry.event)
  if entry.cancelled then return html(ENTRY, entry.title, html("<strong>Cancelled:</strong> $1", time), "", "") end
  return html(ENTRY, entry.title, time, ways(entry, entry.title), join(entry, entry.title))
end

local ACCESS = {
  open = "You enter at once", password = "Guests need the password", waiting_room = "A moderator lets you in",
  public = "Everybody with the link enters", trusted = "Signed-in people enter, others wait",
  restricted = "Members enter, others wait",
}

-- titles: those of meetings, by the id of their room.
local function room_row(entry, titles)
  local title = entry.title or titles[entry.room] or "Room " .. entry.room:sub(1, 8)
  return html(ENTRY, title, ACCESS[entry.access] or "", ways(entry, title), join(entry, title))
end

-- The lists -------------------------------------------------------------------

local KINDS = {
  events = { title = "Coming meetings", word = "meetings", row = event_row,
    none = "No meeting in the next four weeks. Plan one in OpenTalk, and it appears here." },
  rooms = { title = "Rooms", word = "rooms", row = room_row,
    none = "No room yet: “Create a room” makes the first one." },
}

-- Those whose address is set.
local BACKENDS, LISTS = {}, {}
for _, backend in ipairs {
  { name = "opentalk", title = "OpenTalk", "events", "rooms" },
  { name = "meet", title = "Meet", "rooms" },
} do
  if os.getenv(backend.name:upper() .. "_URL") then
    BACKENDS[#BACKENDS + 1] = backend
    for i, name in ipairs(backend) do
      backend[i] = { backend = backend, name = name, kind = KINDS[name], key = backend.name .. "-" .. name }
      LISTS[#LISTS + 1] = backend[i]
    end
  end
end

-- The address of this page with every list at its place, but `moved` at `place`.
local function address(places, moved, place)
  local query = {}
  for _, list in ipairs(LISTS) do
    local value = places[list.key]
    if list == moved then value = place end
    if value and value > 1 then query[#query + 1] = list.key .. "=" .. value end
  end
  return "?" .. table.concat(query, "&") .. "#" .. (moved and moved.key or "done")
end

local function turns(list, places, has_more)
  local what, place, links = list.backend.title .. " " .. list.kind.word, places[list.key], {}
  if place > 1 then links[1] = html('<a href="$1">First $2</a>', address(places, list), what) end
  if has_more then
    links[#links + 1] = html('<a href="$1">More $2</a>', address(places, list, place + 1), what)
  end
  return links[1] and html('\n<p class="turns">$1</p>', links) or ""
end

local TRANSIENT = { network = true, timeout = true, cancelled = true }

-- What a visitor can do about it; hints are for who runs the server.
local function failure(what, backend, err)
  local words = "This page is not set up right for $2. Tell whoever runs it: the reason is in its log."
  if TRANSIENT[err.kind] or (err.status or 0) >= 500 or err.status == 429 then
    words = "$2 does not answer just now. Try again in a minute."
  elseif err.status == 403 or err.status == 404 then
    words = "$2 does not permit it."
  end
  return html('<p class="failure" role="status"><strong>$1:</strong> ' .. words .. "</p>", what, backend.title)
end

local function content(list, places, found, err, titles)
  if not found then return failure("Cannot be shown", list.backend, err) end
  local rows = {}
  for i, entry in ipairs(found) do rows[i] = list.kind.row(entry, titles) end
  local shown = rows[1] and html('<ul aria-labelledby="$1">\n$2\n</ul>', list.key, rows)
    or html('<p class="quiet">$1</p>', places[list.key] > 1 and "Nothing on this page." or list.kind.none)
  return html("$1$2", shown, turns(list, places, found.more))
end

-- Requests ----------------------------------------------------------------------

-- A job for salon.all that always succeeds, with { value, err }: a failure must not
-- cancel the others.
local function job(fn)
  return function()
    local ok, value, err = pcall(fn)
    if not ok then value, err = nil, { kind = "setup", reason = value } end
    if err then ngx.log(ngx.ERR, tostring(err.reason or err)) end
    return { value, err }
  end
end

-- All jobs at the same time, with one time limit.
local function together(jobs)
  return salon.scope { timeout = TIMEOUT }:run(salon.all, jobs)
end

local function one(fn) return unpack(together({ job(fn) })[1], 1, 2) end

-- Of each list its page, from 1.
local function places_of(query)
  local places = {}
  for _, list in ipairs(LISTS) do
    local given = query[list.key]
    places[list.key] = type(given) == "string" and given:find "^[1-9]%d?%d?%d?$" and tonumber(given) or 1
  end
  return places
end

local function done(words, url)
  return is_link(url) and html('<p class="done" role="status" id="done">$1: <a href="$2">$2</a></p>', words, url) or ""
end

-- The new room of which the query tells: "opentalk=ID".
local function created(backend, id)
  local room, err = handler.client(backend.name).rooms:get(id)
  return room and done("Room created", room.join_url)
    or failure("The link of the new room cannot be shown", backend, err), err
end

local function column(backend, places, results, said)
  local titles, parts = {}, {}
  for _, list in ipairs(backend) do
    for room, title in pairs((results[list.key][1] or {}).titles or {}) do titles[room] = title end
  end
  for i, list in ipairs(backend) do
    local found, err = unpack(results[list.key], 1, 2)
    parts[i] = html('<h3 id="$1">$2</h3>\n$3', list.key, list.kind.title,
      content(list, places, found, err, titles))
  end
  local new = results[backend.name] and results[backend.name][1]
  return html(COLUMN, backend.name, backend.title, said and said(titles) or new or "", parts)
end

-- said: by the backend's name, what came of a change, as a function of the rooms' titles.
local function show(query, said)
  local places, jobs, columns = places_of(query), {}, {}
  for _, list in ipairs(LISTS) do
    jobs[list.key] = job(function()
      return lists[list.name](handler.client(list.backend.name), places[list.key])
    end)
  end
  for _, backend in ipairs(BACKENDS) do
    local id = query[backend.name]
    if type(id) == "string" and id:find "^[%w-]+$" then
      jobs[backend.name] = job(function() return created(backend, id) end)
    end
  end
  local results = together(jobs)
  for i, backend in ipairs(BACKENDS) do columns[i] = column(backend, places, results, said[backend.name]) end
  if not columns[1] then columns[1] = html "<p>No meeting server is set up here.</p>" end
  for name, value in pairs(HEADERS) do ngx.header[name] = value end
  ngx.print(html(PAGE, address(places), columns).text)
end

-- The page, with the error of what was asked for.
local function refuse(what, backend, err, query)
  ngx.status = 502
  show(query, { [backend.name] = function() return failure(what, backend, err) end })
end

local function create(backend, query)
  local room, err = one(function() return handler.client(backend.name).rooms:create() end)
  if not room then
    local what = err.outcome == "unknown" and "Perhaps a room was made, so look below first" or "No room"
    return refuse(what, backend, err, query)
  end
  ngx.redirect("?" .. backend.name .. "=" .. room.id .. "#done", 303)
end

-- Asked for once more, it is the same link.
local function invite(backend, id, query)
  local url, err = one(function()
    return handler.client(backend.name).rooms:guest_url(id, { expires_in = GUESTS })
  end)
  if not url then return refuse("No link for guests", backend, err, query) end
  show(query, { [backend.name] = function(titles)
    return done(html("Link for guests of <bdi>$1</bdi>", titles[id] or "the room"), url)
  end })
end

local function change()
  ngx.req.read_body()
  local form, query = ngx.req.get_post_args(1), ngx.req.get_uri_args(20)
  for _, backend in ipairs(BACKENDS) do
    if form.create == backend.name then return create(backend, query) end
    if backend.name == "opentalk" and type(form.guest) == "string" and form.guest:find "^[%w-]+$" then
      return invite(backend, form.guest, query)
    end
  end
  ngx.exit(400)
end

local page = {}

function page.serve()
  local method = ngx.req.get_method()
  if method == "POST" then
    if handler.sender() ~= "own page" then return ngx.exit(403) end
    return change()
  elseif method == "GET" or method == "HEAD" then
    return show(ngx.req.get_uri_args(20), {})
  end
  ngx.header.Allow = "GET, HEAD, POST"
  ngx.exit(405)
end

return page
