-- One page for both systems: rooms and coming events side by side, links to join,
-- and a button for each system that creates a room. Plain HTML, no script.
--
-- All lists are fetched at the same time. Where one server fails, its error stands in
-- the place of its list. Titles come from strangers: text goes through `html`, which
-- escapes everything but its own markup. Whoever reaches this page acts with the
-- logins behind it: put your own access control in front.

local handler = require "handler"
local salon = require "salon"

local TIMEOUT = 10   -- seconds, for everything on a page
local HEADERS = {
  ["Content-Type"] = "text/html; charset=utf-8",
  ["Cache-Control"] = "no-store",
  ["Content-Security-Policy"] = "default-src 'none'; style-src 'self'; img-src data:; "
    .. "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  ["X-Content-Type-Options"] = "nosniff",
  ["Referrer-Policy"] = "same-origin",   -- "no-referrer" would make Origin "null"
}

-- Markup -------------------------------------------------------------------

local Markup = {}
local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function safe(value)
  if getmetatable(value) == Markup then return value.text end
  return (tostring(value):gsub("[&<>\"']", ESCAPES))
end

-- Fills in $1, $2 ...; a list fills in line by line.
local function html(template, ...)
  local values = { ... }
  local text = template:gsub("%$(%d)", function(i)
    local value = values[tonumber(i)]
    if type(value) ~= "table" or getmetatable(value) then return safe(value) end
    local lines = {}
    for n, line in ipairs(value) do lines[n] = safe(line) end
    return table.concat(lines, "\n")
  end)
  return setmetatable({ text = text }, Markup)
end

local PAGE = [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rooms and events</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
</head>
<body>
<header><h1>Rooms and events</h1></header>
<main>
$1
</main>
</body>
</html>
]]

local COLUMN = [[
<section aria-labelledby="$1">
<h2 id="$1">$2</h2>
<form method="post" action="?">
<button name="create" value="$1">Create a room<span class="unseen"> in $2</span></button>
</form>
$3
$4
</section>]]

local TABLE = [[
<table>
<caption>$1 on this page</caption>
<thead><tr><th scope="col">Name</th><th scope="col">$2</th><th scope="col">Link</th></tr></thead>
<tbody>
$3
</tbody>
</table>]]

local ROW = '<tr><th scope="row"><bdi>$1</bdi></th><td>$2</td><td>$3</td></tr>'

-- A server may send any address, "javascript:" too.
local function link(url, text)
  if type(url) ~= "string" or not url:find "^https?://" then return "no link" end
  return html('<a class="join" rel="noopener" href="$1">$2</a>', url, text)
end

local function row(title, second, url)
  return html(ROW, title, second, link(url, html('Join<span class="unseen"> $1</span>', title)))
end

-- A server may send anything where a text is expected.
local function as_text(value) return type(value) == "string" and value or nil end

-- titles: those of events, by the id of their room.
local function room_row(room, titles)
  return row(as_text(room.title) or as_text(room.name) or titles[room.id] or "Room " .. room.id:sub(1, 8),
    (as_text(room.access) or ""):gsub("_", " "), room.join_url)
end

local function event_row(event)
  local start = type(event.starts_at) == "table" and as_text(event.starts_at.datetime) or ""
  local shown = event.is_all_day and start:sub(1, 10)
    or start:gsub("^(%S+)T(%d+:%d+):%d+Z$", "%1 %2")
  local time = html('<time datetime="$1">$2</time>$3', start, shown,
    event.type == "recurring" and ", repeats" or "")
  return row(as_text(event.title) or "No title", time, event.join_url)
end

local function titles_of(events)
  local titles = {}
  for _, event in ipairs(events or {}) do
    if event.room then titles[event.room.id] = as_text(event.title) end
  end
  return titles
end

-- Hints are for who runs the server: they are in nginx's log.
local function failure(what, err)
  return html('<p class="failure"><strong>$1:</strong> $2</p>', what, err.message)
end

-- The lists ---------------------------------------------------------------

local function page_number(text)
  return text:find "^[1-9]%d?%d?%d?%d?$" and tonumber(text) or nil
end

local function cursor(text) return text ~= "" and text or nil end

-- turn: the option of `list` that selects a page; read: its value in a query.
local KINDS = {
  rooms = { title = "Rooms", column = "Access", row = room_row,
    turn = "page", read = page_number },
  events = { title = "Coming events", column = "Start (UTC)", row = event_row,
    turn = "after", read = cursor },
}

local function ten() return { per_page = 10 } end
local function as_it_likes() return {} end   -- Meet alone sets the length of a page
local function coming()
  return { per_page = 10, adhoc = false, time_min = os.date "!%Y-%m-%dT00:00:00Z" }
end

local BACKENDS = {
  { name = "opentalk", title = "OpenTalk" },
  { name = "meet", title = "Meet" },
}
local LISTS = {
  { backend = BACKENDS[1], name = "rooms", options = ten },
  { backend = BACKENDS[1], name = "events", options = coming },
  { backend = BACKENDS[2], name = "rooms", options = as_it_likes },
  { backend = BACKENDS[2], name = "events", options = coming },
}
for _, list in ipairs(LISTS) do
  list.kind = KINDS[list.name]
  list.key = list.backend.name .. "-" .. list.name
end

-- The address of this page with every list at its place, but `moved` at `place`.
local function address(places, moved, place)
  local query = {}
  for _, list in ipairs(LISTS) do
    local value = places[list.key]
    if list == moved then value = place end
    if value then query[#query + 1] = list.key .. "=" .. ngx.escape_uri(value) end
  end
  return "?" .. table.concat(query, "&") .. "#" .. moved.key
end

local function turns(list, places, page)
  local what, links = list.backend.title .. " " .. list.name, {}
  if places[list.key] then
    links[1] = html('<a href="$1">First $2</a>', address(places, list), what)
  end
  if page and page.next then
    links[#links + 1] = html('<a href="$1">More $2</a>',
      address(places, list, page.next[list.kind.turn]), what)
  end
  return links[1] and html('<p class="turns">$1</p>', links) or html ""
end

local function content(list, place, titles, page, err)
  if page == nil and err.kind == "unsupported" then
    return html('<p class="quiet">$1 has none.</p>', list.backend.title)
  elseif page == nil then
    return failure("Cannot be shown", err)
  elseif #page == 0 then
    return html('<p class="quiet">$1</p>', place and "No more." or "None.")
  end
  local rows = {}
  for i = 1, #page do rows[i] = list.kind.row(page[i], titles) end
  local count = page.total and #page .. " of " .. page.total or #page
  return html(TABLE, count, list.kind.column, rows)
end

local function outcome(room, err)
  if err then return failure("No room", err) end
  return room and html('<p class="done" role="status" id="created">Room created: $1</p>',
    link(room.join_url, room.join_url)) or html ""
end

-- Requests -----------------------------------------------------------------

-- A job for salon.all that always succeeds, with { value, err }: a failure must not
-- cancel the others.
local function job(fn)
  return function()
    local ok, value, err = pcall(fn)
    if not ok then
      ngx.log(ngx.ERR, value)
      return { nil, { message = "this server is not set up" } }
    end
    if err and err.kind ~= "unsupported" then ngx.log(ngx.ERR, tostring(err)) end
    return { value, err }
  end
end

-- All jobs at the same time, with one time limit.
local function together(jobs)
  return salon.scope { timeout = TIMEOUT }:run(salon.all, jobs)
end

-- query: the page of each list, and which room is new ("opentalk=ID").
local function fetch(places, query)
  local jobs = {}
  for _, list in ipairs(LISTS) do
    local options = list.options()
    options[list.kind.turn] = places[list.key]
    jobs[list.key] = job(function()
      return handler.client(list.backend.name)[list.name]:list(options)
    end)
  end
  for _, backend in ipairs(BACKENDS) do
    local name, id = backend.name, query[backend.name]
    if type(id) == "string" and id:find "^[%w-]+$" then
      jobs[name] = job(function() return handler.client(name).rooms:get(id) end)
    end
  end
  return together(jobs)
end

-- refused: { backend = err }, when a room was not created.
local function show(query, refused)
  local places, columns = {}, {}
  for _, list in ipairs(LISTS) do
    local given = query[list.key]
    places[list.key] = type(given) == "string" and list.kind.read(given) or nil
  end
  local results = fetch(places, query)
  for i, backend in ipairs(BACKENDS) do
    local parts, titles = {}, titles_of(results[backend.name .. "-events"][1])
    for _, list in ipairs(LISTS) do
      if list.backend == backend then
        local page, err = unpack(results[list.key], 1, 2)
        parts[#parts + 1] = html('<h3 id="$1">$2</h3>\n$3\n$4', list.key, list.kind.title,
          content(list, places[list.key], titles, page, err), turns(list, places, page))
      end
    end
    local room, err = unpack(results[backend.name] or { nil, refused[backend.name] }, 1, 2)
    columns[i] = html(COLUMN, backend.name, backend.title, outcome(room, err), parts)
  end
  for name, value in pairs(HEADERS) do ngx.header[name] = value end
  ngx.print(html(PAGE, columns).text)
end

local function create()
  ngx.req.read_body()
  local name = ngx.req.get_post_args(1).create
  if name ~= "opentalk" and name ~= "meet" then return ngx.exit(400) end
  local create_room = job(function() return handler.client(name).rooms:create() end)
  local room, err = unpack(together({ create_room })[1], 1, 2)
  if room then return ngx.redirect("?" .. name .. "=" .. room.id .. "#created", 303) end
  ngx.status = 502
  show({}, { [name] = err })
end

local page = {}

function page.serve()
  local method = ngx.req.get_method()
  if method == "POST" then
    if handler.sender() ~= "own page" then return ngx.exit(403) end
    return create()
  elseif method == "GET" or method == "HEAD" then
    return show(ngx.req.get_uri_args(20), {})
  end
  ngx.header.Allow = "GET, HEAD, POST"
  ngx.exit(405)
end

return page
