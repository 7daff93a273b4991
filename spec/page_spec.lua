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

local function assert_no_script(body)
  assert.is_nil(body:find("<script", 1, true))
  assert.is_nil(body:find(" src=", 1, true))
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

local TITLE_AND_LINK = '<bdi class="name">([^<]*)</bdi>.-class="join"[^>]*href="([^"]*)"'

-- Title and time of each meeting, as text.
local function meetings(body)
  local found = {}
  local text = part(body, "opentalk-events")
  for title, about in text:gmatch '<bdi class="name">([^<]*)</bdi>\n<p class="quiet">(.-)</p>' do
    found[#found + 1] = plain(title .. ": " .. about:gsub("<[^>]*>", ""))
  end
  return found
end

-- A day from today on, at this time in UTC, as the server has it.
local function at(day, clock, zone)
  return { datetime = os.date("!%Y-%m-%dT", os.time() + day * 86400) .. clock .. ":00Z",
    timezone = zone or "Europe/Berlin" }
end

-- The same in the page's words, as the program `date` knows them.
local function in_words(day, clock, form, zone)
  local moment = at(day, clock, zone)
  return (support.run(("LC_ALL=C TZ=%s date -d %s '+%s'"):format(moment.timezone, moment.datetime,
    form or "%a %-d %b %Y, %H:%M")):gsub("\n", ""))
end

-- Of a meeting that ends on the same day.
local function shown_until(day, clock, ends, zone)
  zone = zone or "Europe/Berlin"
  return ("%s – %s (%s)"):format(in_words(day, clock, nil, zone), in_words(day, ends, "%H:%M", zone), zone)
end

-- The lowest contrast of a text to what is behind it (WCAG 2).
local CONTRAST = [[
  const rgb = text => text.match(/[\d.]+/g).map(Number);
  const light = color => [0.2126, 0.7152, 0.0722].reduce((sum, part, i) => {
    const c = color[i] / 255;
    return sum + part * (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  }, 0);
  const back = e => {
    const color = rgb(getComputedStyle(e).backgroundColor);
    return color[3] === 0 ? back(e.parentElement) : color;
  };
  return Math.min(...[...document.body.querySelectorAll("*")].filter(e =>
    [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim())).map(e => {
      const two = [light(rgb(getComputedStyle(e).color)), light(back(e))].sort();
      return (two[1] + 0.05) / (two[0] + 0.05);
    }));]]

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

  it("shows rooms and meetings of both servers with links to join", function()
    local head, body = page()
    assert.matches("^HTTP/1.1 200", head)
    local rooms = join_links(part(body, "opentalk-rooms"))
    assert.equal(10, #rooms)
    assert.equal(1, (rooms[1]:find(sandbox.opentalk.url .. "/room/", 1, true)))
    assert.equal(10, #join_links(part(body, "opentalk-events")))
    local others = join_links(part(body, "meet-rooms"))
    assert.equal(20, #others)
    assert.matches("^https://visio%.example%.org/", others[1])
    assert.matches('<p class="quiet">Signed%-in people enter, others wait</p>', part(body, "meet-rooms"))
    assert.is_nil(body:find("meet-events", 1, true))
  end)

  it("asks for everything at the same time", function()
    for _, route in ipairs { "GET /v1/rooms", "GET /v1/events/instances", "GET /external-api/v1.0/rooms" } do
      sandbox:fault { route = route, kind = "latency", seconds = 1.5 }
    end
    local seconds = tonumber(select(2, page("", "-o /dev/null -w '\r\n\r\n%{time_total}'")))
    assert.is_true(seconds > 1.5 and seconds < 3, seconds)
  end)

  it("lets a browser load nothing from elsewhere, run nothing else and keep nothing", function()
    local head, body = page()
    assert.matches("\nCache%-Control: no%-store\r", head)
    assert.matches("\nContent%-Security%-Policy: default%-src 'none'; style%-src 'self'; img%-src data:;", head)
    assert.matches("frame%-ancestors 'none'", head)
    assert_no_script(body)
    assert.is_nil(body:find(" style=", 1, true))
    local css_head = page "page.css"
    assert.matches("^HTTP/1.1 200", css_head)
    assert.matches("\nContent%-Type: text/css\r", css_head)
  end)

  it("escapes what strangers wrote", function()
    local _, body = page()
    local events = part(body, "opentalk-events")
    assert.truthy(events:find('<bdi class="name">' .. ESCAPED .. "</bdi>", 1, true), events)
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
    -- 26 events without 2 that have no time, and the nasty one; a series has one room
    assert.equal(25, (walk "opentalk-events"))
    local _, body = page "?opentalk-rooms=2&meet-rooms=2"
    assert.matches('href="%?meet%-rooms=2#opentalk%-rooms">First OpenTalk rooms<',
      part(body, "opentalk-rooms"))
    assert.matches('href="%?opentalk%-rooms=3&amp;meet%-rooms=2#opentalk%-rooms">More',
      part(body, "opentalk-rooms"))
    assert.equal(14, #join_links(part(body, "meet-rooms")))
    _, body = page "?opentalk-rooms=99"
    assert.matches("Nothing on this page", part(body, "opentalk-rooms"))
  end)

  it("takes nothing from a query but places and ids", function()
    for _, query in ipairs { "?opentalk-rooms=0&meet-rooms=-1", "?opentalk-rooms=2x&meet-rooms=1e3",
      "?opentalk=../users/me&meet=%2F", "?opentalk-rooms&opentalk-rooms=2", "?opentalk-rooms=%00",
      "?opentalk=%22%3E%3Cscript%3E", "?opentalk-events=%22%3E%3Cscript%3E", "?opentalk-events=1.5" } do
      local head, body = page(query)
      assert.matches("^HTTP/1.1 200", head)
      assert.equal(10, #join_links(part(body, "opentalk-rooms")), query)
      assert.equal(10, #join_links(part(body, "opentalk-events")), query)
      assert_no_script(body)
    end
  end)

  it("creates a room on each server and shows its link", function()
    for name, beginning in pairs { opentalk = sandbox.opentalk.url .. "/room/",
      meet = "https://visio.example.org/" } do
      local head = post(name)
      assert.matches("^HTTP/1.1 303", head)
      local place = head:match("\nLocation: (%?" .. name .. "=[%w-]+)#done\r")
      assert.truthy(place, head)
      local _, body = page(place)
      local link = body:match('id="done">Room created: <a [^>]*href="([^"]*)"')
      assert.equal(1, (plain(link):find(beginning, 1, true)))
    end
  end)

  it("says in words why the link of a new room is not shown", function()
    local place = (post "meet"):match "Location: (%?meet=[%w-]+)#done"
    sandbox:fault { route = "GET /external-api/v1.0/rooms" .. place:gsub("%?meet=", "/"), kind = "garbage", count = 1 }
    local _, body = page(place)
    assert.matches("<strong>The link of the new room cannot be shown:</strong> %u", body)
    assert.equal(20, #join_links(part(body, "meet-rooms")))
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

  it("names the room of a meeting by the meeting's title", function()
    local titles = {}
    for turn = 1, 4 do
      local _, body = page("?opentalk-events=" .. turn)
      for title, link in part(body, "opentalk-events"):gmatch(TITLE_AND_LINK) do titles[link] = title end
    end
    local named, unnamed = 0, 0
    for turn = 1, 4 do
      local rooms = part(select(2, page("?opentalk-rooms=" .. turn)), "opentalk-rooms")
      for name, link in rooms:gmatch(TITLE_AND_LINK) do
        if titles[link] then assert.equal(titles[link], name) end
        if name:find "^Room %x+$" then unnamed = unnamed + 1 else named = named + 1 end
      end
    end
    assert.equal(27, named)    -- 26 meetings and the nasty one
    assert.is_true(unnamed >= 8)
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
    local text = part(body, "meet-rooms")
    assert.matches('<bdi class="name">Room 6f1d7a52</bdi>\n<p class="quiet"></p>\n\n</div>\n\n</li>', text)
  end)

  it("says in words what one server refuses, and shows the other one", function()
    sandbox:fault { route = "GET /external-api/v1.0/rooms", kind = "garbage", count = 1 }
    local head, body = page()
    assert.matches("^HTTP/1.1 200", head)
    local text = part(body, "meet-rooms")
    assert.matches('<p class="failure" role="status"><strong>Cannot be shown:</strong> %a[^<]+</p>', text)
    assert.equal(0, #join_links(text))
    assert.equal(10, #join_links(part(body, "opentalk-rooms")))
    assert.equal(20, #join_links(part(select(2, page()), "meet-rooms")))
  end)

  it("says in words why no room was created, and shows the rest", function()
    sandbox:fault { route = "POST /v1/rooms", kind = "503", count = 1 }
    local head, body = post "opentalk"
    assert.matches("^HTTP/1.1 502", head)
    assert.matches("<strong>No room:</strong> OpenTalk does not answer just now. Try again in a minute.</p>", body)
    -- what a programmer can do about it is in the log
    assert.matches("POST [^\n]*503 Service Unavailable %([^\n]*%); %a", server:log())
    assert.equal(10, #join_links(part(body, "opentalk-rooms")))
    assert.equal(20, #join_links(part(body, "meet-rooms")))
  end)

  it("does not say that there is no room when that is unknown", function()
    sandbox:fault { route = "POST /v1/rooms", kind = "reset", worked = true, count = 1 }
    local _, body = post "opentalk"
    assert.matches("<strong>Perhaps a room was made, so look below first:</strong> OpenTalk does not answer", body)
  end)

  it("shows what it has within seconds when one server does not answer", function()
    sandbox:fault { route = "GET /external-api/v1.0/rooms", kind = "latency", seconds = 30 }
    local started = os.time()
    local head, body = page()
    assert.is_true(os.time() - started < 10)
    assert.matches("^HTTP/1.1 200", head)
    assert.matches("Meet does not answer just now", part(body, "meet-rooms"))
    assert.equal(10, #join_links(part(body, "opentalk-rooms")))
    assert.equal(10, #join_links(part(body, "opentalk-events")))
  end)

  it("shows the server that is set up", function()
    local half = nginx.example(sandbox, { OPENTALK_URL = false })
    local head, body = ask(half.url .. "/")
    half:stop()
    assert.matches("^HTTP/1.1 200", head)
    assert.is_nil(body:find("OpenTalk", 1, true))
    assert.equal(20, #join_links(part(body, "meet-rooms")))
  end)

  it("does not show a visitor what is wrong in its configuration", function()
    local half = nginx.example(sandbox, { OPENTALK_USERNAME = false })
    local head, body = ask(half.url .. "/")
    local log = half:log()
    half:stop()
    assert.matches("^HTTP/1.1 200", head)
    assert.matches("not set up right for OpenTalk. Tell whoever runs it", part(body, "opentalk-rooms"))
    assert.truthy(log:find("OPENTALK_USERNAME is not set: name it in nginx.conf: `env OPENTALK_USERNAME;`", 1, true))
    assert.is_nil(body:find("username", 1, true))
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
    assert.equal(0, #join_links(part(body, "meet-rooms")))
  end)

  it("is used in Chromium: buttons, links, names, room on a phone", function()
    if not browser.found() then return pending("Chromium and chromedriver are not installed") end
    local chromium = browser.start()
    finally(function() chromium:stop() end)
    chromium:open(server.url .. "/")
    assert.equal("Meetings and rooms", chromium:run "return document.title")  -- not taken over
    assert.equal(NASTY, chromium:run [[
      return [...document.querySelectorAll("bdi")].map(e => e.textContent)
        .find(text => text.includes("taken over"))]])

    assert.equal("region OpenTalk", chromium:role "section" .. " " .. chromium:name "section")
    assert.equal("Create a room in OpenTalk", chromium:name "button[value=opentalk]")
    assert.matches("^Join %S", chromium:name "a.join")
    assert.equal("list Rooms", chromium:role "#meet-rooms + ul" .. " " .. chromium:name "#meet-rooms + ul")
    assert.matches("^Guest link for %S", chromium:name "button[name=guest]")

    for _, name in ipairs { "opentalk", "meet" } do
      chromium:click("button[value=" .. name .. "]")
      assert.matches("%?" .. name .. "=[%w-]+#done$", chromium:url())
      assert.matches("^Room created: http", chromium:text "#done")
      assert.equal("status", chromium:role "#done")
    end
    chromium:click("#meet-rooms ~ .turns a")
    assert.matches("%?meet%-rooms=2#meet%-rooms$", chromium:url())
    chromium:click("button[name=guest]")
    assert.matches("%?meet%-rooms=2#done$", chromium:url())   -- the other list is where it was
    assert.matches("^Link for guests of .+: http", chromium:text "#done")

    chromium:run "document.querySelectorAll('details').forEach(e => e.open = true)"
    for _, width in ipairs { 1200, 500, 320 } do
      chromium:screen(width, 800)
      assert.is_false(chromium:run
        "return document.documentElement.scrollWidth > document.documentElement.clientWidth", width)
    end
    local sections = "return [...document.querySelectorAll('section')].map("
      .. "e => e.getBoundingClientRect().left)"
    local lefts = chromium:run(sections)
    assert.equal(lefts[1], lefts[2])      -- one below the other
    chromium:screen(1200, 800)
    lefts = chromium:run(sections)
    assert.is_true(lefts[1] < lefts[2])   -- side by side
  end)

  it("is legible in Chromium, light and dark", function()
    if not browser.found() then return pending("Chromium and chromedriver are not installed") end
    local chromium = browser.start()
    finally(function() chromium:stop() end)
    local back = {}
    for _, scheme in ipairs { "light", "dark" } do
      chromium:screen(1200, 800, scheme)
      chromium:open(server.url .. "/")
      chromium:click "button[name=guest]"
      back[scheme] = chromium:run "return getComputedStyle(document.body).backgroundColor"
      assert.is_true(chromium:run(CONTRAST) >= 4.5, scheme)
    end
    assert.are_not.equal(back.light, back.dark)
  end)
end)

describe("the page's meetings", function()
  for _, version in ipairs { "2023", "2026", "0.66" } do
    describe("on OpenTalk " .. version, function()
      local sandbox, server

      setup(function()
        sandbox = support.start { opentalk = version, meet = false }
        server = nginx.example(sandbox, { MEET_URL = false })
      end)
      teardown(function()
        if server then server:stop() end
        sandbox:stop()
      end)
      before_each(function() sandbox:reset() end)

      local function page(words) return select(2, ask(server.url .. "/", words)) end

      local function post(words)
        return ask(server.url .. "/", words .. " -H 'Origin: " .. server.url .. "'")
      end

      -- A meeting of an hour; fields: more of it. A series keeps its hour in UTC whenever
      -- this runs.
      local function put(title, day, hour, fields)
        fields = fields or {}
        local zone = fields.recurrence_pattern and "UTC" or nil
        fields.title = title
        fields.starts_at, fields.ends_at = at(day, hour .. ":00", zone), at(day, hour .. ":59", zone)
        return sandbox:put("event", nil, fields)
      end

      local function invites_made()
        local n = 0
        for _, request in ipairs(sandbox:requests()) do
          if request.method == "POST" and request.path:find "/invites$" then n = n + 1 end
        end
        return n
      end

      it("stand in the order of their dates, a series with its next ones", function()
        local series = put("Weekly", -298, "08", { recurrence_pattern = { "FREQ=WEEKLY" } })
        put("Once", 5, "12")
        put("Over", -3, "12")
        put("Later", 60, "12")
        local cancelled = at(10, "08:00").datetime:gsub("[-:]", "")
        sandbox:put("exception", series, { instance = cancelled, status = "cancelled" })
        local function line(title, day, hour, zone)
          return title .. ": " .. shown_until(day, hour .. ":00", hour .. ":59", zone)
        end
        local body = page()
        assert.same({ line("Weekly", 3, "08", "UTC"), line("Once", 5, "12"), line("Weekly: Cancelled", 10, "08", "UTC"),
          line("Weekly", 17, "08", "UTC"), line("Weekly", 24, "08", "UTC") },
          meetings(body))
        assert.equal(4, #join_links(part(body, "opentalk-events")))
      end)

      it("carry what machines read", function()
        put("Once", 5, "12")
        assert.truthy(page():find(('<time datetime="%s">'):format(at(5, "12:00").datetime), 1, true))
      end)

      it("are days alone where they last the whole day", function()
        sandbox:put("event", nil, { title = "Off-site", starts_at = at(0, "00:00"), ends_at = at(0, "00:00"),
          is_all_day = true })
        assert.same({ "Off-site: " .. in_words(0, "00:00", "%a %-d %b %Y", "UTC") .. ", all day" }, meetings(page()))
      end)

      it("tell how to join by phone", function()
        put("Once", 5, "12")
        local text = page():match '<summary>By phone<span class="unseen">: Once</span></summary>\n<p>(.-)</p>'
        assert.matches('^<a href="tel:%+493012345678">%+493012345678</a>\n<span>ID %d+</span>\n'
          .. "<span>PIN %d+</span>$", text)
      end)

      it("offer more only where there is more", function()
        for i = 1, 10 do put("Meeting " .. i, i, "12") end
        assert.is_nil(page():find(">More", 1, true))
        put("Meeting 11", 11, "12")
        local body = page()
        assert.matches('<a href="%?opentalk%-events=2#opentalk%-events">More OpenTalk meetings</a>', body)
        body = select(2, ask(server.url .. "/?opentalk-events=2"))
        assert.equal(1, #meetings(body))
        assert.is_nil(part(body, "opentalk-events"):find(">More", 1, true))
      end)

      it("say what to do where there are none", function()
        local body = page()
        assert.matches("No meeting in the next four weeks. Plan one in OpenTalk", body)
        assert.matches("No room yet: “Create a room” makes the first one.", body)
      end)

      it("give a link for guests when its button is used, the same one again", function()
        put("Once", 5, "12")
        local room = page():match '<button class="plain" name="guest" value="([^"]*)">'
        assert.truthy(room)
        local links = {}
        for i = 1, 2 do
          local head, body = post("-d guest=" .. room)
          assert.matches("^HTTP/1.1 200", head)
          links[i] = body:match 'id="done">Link for guests of <bdi>Once</bdi>: <a href="([^"]*)"'
        end
        assert.equal(1, (links[1]:find(sandbox.opentalk.url .. "/room/" .. room, 1, true)))
        assert.equal(links[1], links[2])
        assert.is_true(invites_made() <= (version == "0.66" and 2 or 1))
      end)

      it("make no link for guests for other sites, programs or odd ids", function()
        put("Once", 5, "12")
        local room = page():match 'name="guest" value="([^"]*)"'
        local before = invites_made()
        for _, words in ipairs { "", " -H 'Origin: https://evil.example'", " -H 'Sec-Fetch-Site: cross-site'" } do
          assert.matches("^HTTP/1.1 403", (ask(server.url .. "/", "-d guest=" .. room .. words)))
        end
        assert.matches("^HTTP/1.1 400", (post "-d guest=../users"))
        assert.matches("^HTTP/1.1 200", (ask(server.url .. "/?guest=" .. room)))
        assert.equal(before, invites_made())
      end)

      it("offer no link for guests to whom the server gives none", function()
        local id = put("Of another", 5, "12", { owner = "bob" })
        sandbox:put("invitation", id, { user = "alice" })
        local body = page()
        assert.equal(1, #meetings(body))
        assert.equal(1, #join_links(part(body, "opentalk-rooms")))
        assert.is_nil(body:find('name="guest"', 1, true))
        local room = join_links(body)[1]:match "[^/]+$"
        local head, refused = post("-d guest=" .. room)
        assert.matches("^HTTP/1.1 502", head)
        assert.matches("<strong>No link for guests:</strong> OpenTalk does not permit it.</p>", refused)
      end)

    end)
  end

  it("are named as series where the server does not tell their dates", function()
    local sandbox = support.start { opentalk = "2023", meet = false }
    local server = nginx.example(sandbox, { MEET_URL = false })
    finally(function()
      server:stop()
      sandbox:stop()
    end)
    local id = sandbox:put("event", nil, { title = "Weekly", starts_at = at(-298, "08:00"), ends_at = at(-298, "09:00"),
      recurrence_pattern = { "FREQ=WEEKLY" } })
    sandbox:put("event", nil, { title = "Once", starts_at = at(5, "08:00"), ends_at = at(5, "09:00") })
    sandbox:fault { route = "GET /v1/events/" .. id .. "/instances", kind = "garbage", count = 9 }
    local _, body = ask(server.url .. "/")
    assert.same({ "Once: " .. shown_until(5, "08:00", "09:00"),
      "Weekly: weekly, since " .. in_words(-298, "08:00") .. " (Europe/Berlin)" }, meetings(body))
  end)

  it("are shown in their own time zone, or in UTC where nobody here knows it", function()
    local sandbox = support.start { meet = false }
    local server = nginx.example(sandbox, { MEET_URL = false })
    local without = nginx.example(sandbox, { MEET_URL = false, TZDIR = "/nonexistent" }, "env TZDIR;")
    finally(function()
      without:stop()
      server:stop()
      sandbox:stop()
    end)
    local function put(title, zone)
      sandbox:put("event", nil, { title = title, starts_at = at(5, "14:30", zone), ends_at = at(6, "14:00", zone) })
    end
    put("Boston", "America/New_York")
    put("Tokyo", "Asia/Tokyo")
    local function line(title, zone)
      return ("%s: %s – %s (%s)"):format(title, in_words(5, "14:30", nil, zone), in_words(6, "14:00", nil, zone),
        (zone:gsub("_", " ")))
    end
    local function shown(url)
      local found = meetings((select(2, ask(url .. "/"))))
      table.sort(found)
      return found
    end
    assert.same({ line("Boston", "America/New_York"), line("Tokyo", "Asia/Tokyo") }, shown(server.url))
    assert.same({ ("Boston: %s (UTC)"):format(in_words(5, "14:30", nil, "UTC")),
      ("Tokyo: %s (UTC)"):format(in_words(5, "14:30", nil, "UTC")) }, shown(without.url))
  end)
end)
