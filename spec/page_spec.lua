-- The page of examples/nginx, read with curl and, where there is one, used in a
-- headless Chromium.

local browser = require("spec.support.browser")
local nginx = require("spec.support.nginx")
local raw = require("spec.support.raw")
local support = require("spec.support")

local NASTY = [["><script>document.title='taken over'</script><b>'& $1 %s]]
local ESCAPED = "&quot;&gt;&lt;script&gt;document.title=&#39;taken over&#39;&lt;/script&gt;"
  .. "&lt;b&gt;&#39;&amp; $1 %s"

-- What the server at `url` answers to curl with these words: head and body.
local function ask(url, words)
  local output = support.run(("curl -sSi --noproxy '*' --max-time 20 %s %s"):format(
    words or "", support.quote(url)))
  return output:match("^(.-\r\n)\r\n(.*)$")
end

local function plain(text)
  return (text:gsub("&quot;", '"'):gsub("&#39;", "'"):gsub("&lt;", "<"):gsub("&gt;", ">")
    :gsub("&amp;", "&"))
end

-- The part of a page between the heading with this id and the next one.
local function part(body, id)
  local start = assert(body:find(('<h%%d id="%s">'):format(id:gsub("%-", "%%-"))), "no " .. id)
  local ending = body:find("<h%d", start + 1) or #body
  return body:sub(start, ending - 1)
end

local function join_links(text)
  local links = {}
  for link in text:gmatch('<a class="join" rel="noopener" href="([^"]*)">Join') do
    links[#links + 1] = plain(link)
  end
  return links
end

local function seed()
  local sandbox = support.start { rooms = 34, events = 26,
    switches = { base_url = "https://visio.example.org" } }
  local ot = require("salon").opentalk(support.opentalk(sandbox))
  local tomorrow = { timezone = "Europe/Berlin",
    datetime = os.date("!%Y-%m-%dT00:00:00Z", os.time() + 24 * 3600) }
  local event = assert(ot:call("POST", "/v1/events", { json = {
    title = NASTY, description = "", is_time_independent = false, is_all_day = false,
    starts_at = tomorrow, ends_at = tomorrow } }))
  ot:close()
  return sandbox, event.room.id
end

describe("the page in nginx", function()
  local sandbox, server, nasty_room

  setup(function()
    sandbox, nasty_room = seed()
    server = nginx.example(sandbox)
  end)
  teardown(function()
    if server then server:stop() end
    sandbox:stop()
  end)

  local function page(query, words) return ask(server.url .. "/" .. (query or ""), words) end

  local function post(name, words)
    return page("", ("-d create=%s %s"):format(name, words or "-H 'Origin: " .. server.url .. "'"))
  end

  local function creations()
    local n = 0
    for _, request in ipairs(sandbox:requests()) do
      if request.method == "POST" and request.path:find("/rooms/?$") then n = n + 1 end
    end
    return n
  end

  it("shows rooms and events of both servers with links to join", function()
    local head, body = page()
    assert.matches("^HTTP/1.1 200", head)
    local rooms = join_links(part(body, "opentalk-rooms"))
    assert.equal(10, #rooms)
    assert.equal(1, (rooms[1]:find(sandbox.opentalk.url .. "/room/", 1, true)))
    assert.equal(10, #join_links(part(body, "opentalk-events")))
    local others = join_links(part(body, "meet-rooms"))
    assert.equal(20, #others)
    assert.matches("^https://visio%.example%.org/", others[1])
    assert.matches("20 of 34 on this page", part(body, "meet-rooms"))
    assert.matches("Meet has none", part(body, "meet-events"))
  end)

  it("asks for everything at the same time", function()
    for _, route in ipairs { "GET /v1/rooms", "GET /v1/events", "GET /external-api/v1.0/rooms" } do
      sandbox:fault { route = route, kind = "latency", seconds = 1.5 }
    end
    local seconds = tonumber(select(2, page("", "-o /dev/null -w '\r\n\r\n%{time_total}'")))
    assert.is_true(seconds > 1.5 and seconds < 3, seconds)
  end)

  it("lets a browser load nothing from elsewhere, run nothing and keep nothing", function()
    local head, body = page()
    assert.matches("\nCache%-Control: no%-store\r", head)
    assert.matches("\nContent%-Security%-Policy: default%-src 'none'; style%-src 'self';", head)
    assert.matches("frame%-ancestors 'none'", head)
    assert.is_nil(body:find("<script", 1, true))
    assert.is_nil(body:find(" style=", 1, true))
    assert.is_nil(body:find(" src=", 1, true))
    local css_head = page "page.css"
    assert.matches("^HTTP/1.1 200", css_head)
    assert.matches("\nContent%-Type: text/css\r", css_head)
  end)

  it("escapes what strangers wrote", function()
    local _, body = page()
    local events = part(body, "opentalk-events")
    assert.truthy(events:find("<bdi>" .. ESCAPED .. "</bdi>", 1, true), events)
    assert.truthy(events:find("Join<span class=\"unseen\"> " .. ESCAPED, 1, true), events)
    assert.truthy(events:find(nasty_room, 1, true))
  end)

  -- All links of one list, page after page by its "More"; and how many pages.
  local function walk(key, query)
    local found, n, pages = {}, 0, 0
    repeat
      local _, body = page(query)
      local text = part(body, key)
      for _, link in ipairs(join_links(text)) do
        n = n + (found[link] and 0 or 1)
        found[link] = true
      end
      pages = pages + 1
      query = plain(text:match('<a href="([^"]*)">More') or ""):gsub("#.*", "")
    until query == "" or pages == 10
    return n, pages
  end

  it("turns the pages of each list by itself", function()
    assert.equal(35, (walk "opentalk-rooms"))
    assert.equal(34, (walk "meet-rooms"))
    -- 26 events without 3 that have no time, and the nasty one
    assert.equal(25, (walk "opentalk-events"))
    local _, body = page "?opentalk-rooms=2&meet-rooms=2"
    assert.matches('href="%?meet%-rooms=2#opentalk%-rooms">First OpenTalk rooms<',
      part(body, "opentalk-rooms"))
    assert.matches('href="%?opentalk%-rooms=3&amp;meet%-rooms=2#opentalk%-rooms">More',
      part(body, "opentalk-rooms"))
    assert.equal(14, #join_links(part(body, "meet-rooms")))
    _, body = page "?opentalk-rooms=99"
    assert.matches("No more", part(body, "opentalk-rooms"))
  end)

  it("takes nothing from a query but places and ids", function()
    for _, query in ipairs { "?opentalk-rooms=0&meet-rooms=-1", "?opentalk-rooms=2x&meet-rooms=1e3",
      "?opentalk=../users/me&meet=%2F", "?opentalk-rooms&opentalk-rooms=2", "?opentalk-rooms=%00",
      "?opentalk=%22%3E%3Cscript%3E" } do
      local head, body = page(query)
      assert.matches("^HTTP/1.1 200", head)
      assert.equal(10, #join_links(part(body, "opentalk-rooms")), query)
      assert.is_nil(body:find("<script", 1, true))
    end
    local head, body = page "?opentalk-events=%22%3E%3Cscript%3E"
    assert.matches("^HTTP/1.1 200", head)
    assert.matches('class="failure"', part(body, "opentalk-events"))
    assert.matches('href="%?#opentalk%-events">First OpenTalk events', part(body, "opentalk-events"))
    assert.is_nil(body:find("<script", 1, true))
  end)

  it("creates a room on each server and shows its link", function()
    for name, beginning in pairs { opentalk = sandbox.opentalk.url .. "/room/",
      meet = "https://visio.example.org/" } do
      local head = post(name)
      assert.matches("^HTTP/1.1 303", head)
      local place = head:match("\nLocation: (%?" .. name .. "=[%w-]+)#created\r")
      assert.truthy(place, head)
      local _, body = page(place)
      local link = body:match('id="created">Room created: <a [^>]*href="([^"]*)"')
      assert.equal(1, (plain(link):find(beginning, 1, true)))
    end
  end)

  it("creates nothing when another site, or nobody known, asks", function()
    local before = creations()
    for _, words in ipairs { "-H 'Origin: https://evil.example'", "-H 'Origin: null'", "",
      "-H 'Sec-Fetch-Site: cross-site' -H 'Origin: " .. server.url .. "'",
      "-H 'Sec-Fetch-Site: same-site'", "-H 'Sec-Fetch-Site: none'",
      "-H 'Sec-Fetch-Site: same-origin' -H 'Origin: https://evil.example'" } do
      assert.matches("^HTTP/1.1 403", (post("meet", words)))
    end
    assert.matches("^HTTP/1.1 400", (post "other"))
    assert.matches("^HTTP/1.1 400", (page("", "-X POST -H 'Sec-Fetch-Site: same-origin'")))
    assert.matches("^HTTP/1.1 405", (page("", "-X DELETE")))
    assert.equal(before, creations())
    assert.matches("^HTTP/1.1 303", (post("meet", "-H 'Sec-Fetch-Site: same-origin'")))
    assert.equal(before + 1, creations())
  end)

  it("is there under its own names only", function()
    local before = creations()
    local evil = "-H 'Host: evil.example:" .. server.url:match "%d+$" .. "'"
    local head, body = page("", evil)
    assert.matches("^HTTP/1.1 421", head)
    assert.equal(0, #join_links(body))
    for _, words in ipairs { evil, evil .. " -H 'Sec-Fetch-Site: same-origin'",
      evil .. " -H 'Origin: http://evil.example:" .. server.url:match "%d+$" .. "'" } do
      assert.matches("^HTTP/1.1 421", (post("meet", words)))
    end
    assert.equal(before, creations())
    local localhost = server.url:gsub("127.0.0.1", "localhost")
    assert.matches("^HTTP/1.1 303", (ask(localhost .. "/", "-d create=meet -H 'Origin: " .. localhost .. "'")))
  end)

  it("names the room of an event by the event's title", function()
    local _, body = page()
    local titles, named = {}, 0
    for title, link in part(body, "opentalk-events"):gmatch('<bdi>([^<]*)</bdi>.-href="([^"]*)"') do
      titles[link] = title
    end
    for turn = 1, 4 do
      local rooms = part(select(2, page("?opentalk-rooms=" .. turn)), "opentalk-rooms")
      for name, link in rooms:gmatch('<bdi>([^<]*)</bdi>.-href="([^"]*)"') do
        local title = titles[link]
        if title then named = named + 1 end
        assert.matches(title and "^" .. title:gsub("%p", "%%%0") .. "$" or "^Room %x+$", name)
      end
    end
    assert.is_true(named > 0)
  end)

  it("shows a room of whose fields none is what it should be", function()
    local odd = raw.start()
    local url = odd:reply("odd", "200 OK", "Content-Type: application/json\r\n", [[
      {"access_token":"t","token_type":"Bearer","expires_in":3600,"count":1,"next":null,
        "results":[{"id":"6f1d7a52-0000","name":{"a":["<b>"]},"slug":7,"url":8,"access_level":5}]} ]])
    local half = nginx.example(sandbox, { MEET_URL = url })
    local head, body = ask(half.url .. "/")
    half:stop()
    odd:stop()
    assert.matches("^HTTP/1.1 200", head)
    assert.matches("<bdi>Room 6f1d7a52</bdi></th><td></td><td>no link<", part(body, "meet-rooms"))
  end)

  it("says in words what one server refuses, and shows the other one", function()
    sandbox:fault { route = "GET /external-api/v1.0/rooms", kind = "garbage", count = 1 }
    local head, body = page()
    assert.matches("^HTTP/1.1 200", head)
    local text = part(body, "meet-rooms")
    assert.matches('<p class="failure"><strong>Cannot be shown:</strong> %a[^<]+</p>', text)
    assert.equal(0, #join_links(text))
    assert.equal(10, #join_links(part(body, "opentalk-rooms")))
    assert.equal(20, #join_links(part(select(2, page()), "meet-rooms")))
  end)

  it("says in words why no room was created, and shows the rest", function()
    sandbox:fault { route = "POST /v1/rooms", kind = "503", count = 1 }
    local head, body = post "opentalk"
    assert.matches("^HTTP/1.1 502", head)
    assert.matches('<p class="failure"><strong>No room:</strong> 503 Service Unavailable</p>', body)
    -- what a programmer can do about it is in the log
    assert.matches("POST [^\n]*503 Service Unavailable %([^\n]*%); %a", server:log())
    assert.equal(10, #join_links(part(body, "opentalk-rooms")))
    assert.equal(20, #join_links(part(body, "meet-rooms")))
  end)

  it("works with one server when the other one is not set up", function()
    local half = nginx.example(sandbox, { OPENTALK_URL = false })
    local head, body = ask(half.url .. "/")
    half:stop()
    assert.matches("^HTTP/1.1 200", head)
    assert.matches("not set up", part(body, "opentalk-rooms"))
    assert.equal(20, #join_links(part(body, "meet-rooms")))
  end)

  it("makes no link of an address that is none", function()
    local odd = support.start { opentalk = false, rooms = 1,
      switches = { base_url = "javascript:alert(1)//" } }
    local half = nginx.example(sandbox, { MEET_URL = odd.meet.url })
    local _, body = ask(half.url .. "/")
    half:stop()
    odd:stop()
    assert.is_nil(body:find("javascript:", 1, true))
    assert.matches("no link", part(body, "meet-rooms"))
  end)

  it("is used in Chromium: buttons, links, names, room on a phone", function()
    if not browser.found() then return pending("Chromium and chromedriver are not installed") end
    local chromium = browser.start()
    finally(function() chromium:stop() end)
    chromium:open(server.url .. "/")
    assert.equal("Rooms and events", chromium:run "return document.title")  -- not taken over
    assert.equal(NASTY, chromium:run [[
      return [...document.querySelectorAll("bdi")].map(e => e.textContent)
        .find(text => text.includes("taken over"))]])

    assert.equal("region OpenTalk", chromium:role "section" .. " " .. chromium:name "section")
    assert.equal("Create a room in OpenTalk", chromium:name "button[value=opentalk]")
    assert.matches("^Join %S", chromium:name "a.join")
    assert.matches("^table 20 of %d+ on this page$",
      chromium:role "#meet-rooms + table" .. " " .. chromium:name "#meet-rooms + table")

    for _, name in ipairs { "opentalk", "meet" } do
      chromium:click("button[value=" .. name .. "]")
      assert.matches("%?" .. name .. "=[%w-]+#created$", chromium:url())
      assert.matches("^Room created: http", chromium:text "#created")
      assert.equal("status", chromium:role "#created")
    end
    chromium:click("#meet-rooms ~ .turns a")
    assert.matches("%?meet%-rooms=2#meet%-rooms$", chromium:url())

    for _, width in ipairs { 1200, 500 } do
      chromium:resize(width, 800)
      assert.is_false(chromium:run
        "return document.documentElement.scrollWidth > document.documentElement.clientWidth")
    end
    local sections = "return [...document.querySelectorAll('section')].map("
      .. "e => e.getBoundingClientRect().left)"
    local lefts = chromium:run(sections)
    assert.equal(lefts[1], lefts[2])      -- one below the other
    chromium:resize(1200, 800)
    lefts = chromium:run(sections)
    assert.is_true(lefts[1] < lefts[2])   -- side by side
  end)
end)
