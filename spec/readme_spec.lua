-- The Lua of README and of each page in doc/ is run, a page's blocks in their order
-- as one script, against a sandbox; only the two web addresses are replaced. The
-- nginx configuration is run in a server.

local catalogue = require "tools.docs.catalogue"
local nginx = require("spec.support.nginx")
local support = require("spec.support")

local function blocks(file, language)
  local found = {}
  for block in support.read(file):gmatch("\n```" .. language .. "\n(.-)\n```\n") do
    found[#found + 1] = block
  end
  return found
end

-- What the script of a page prints, in this order. A page without Lua has no entry.
local PRINTED = {
  ["README.md"] = {
    "^[^\n]+\thttps?://[^\n]+/room/", "/room/%x+%-", "trusted\thttps?://", "http\t4%d%d\tfalse\t1\tdone",
  },
  ["doc/guide.md"] = {
    "waiting_room\n", "/room/%x+%-", "trusted\n",
    "10\t2\n",                              -- one page
    "0.35.0%-alpha\t200\n", '{"count":%d+',  -- any path
    "http\t4%d%d\tfalse\t1\tdone", "the server said 4%d%d",
    "\n%d+ events, %d+ rooms\n$",           -- many at once
  },
  ["doc/sandbox.md"] = { "^30\t2\n", "Weekly\t3\n", "GET\t200\n$" },
  ["doc/sign-in.md"] = {
    "alice@example.org\t/etc/salon/password: .-\ttrue\ttrue\n",
    "Alice Adams\talice@example.org\ttrue\topenid email profile\n", "grace@example.org\t.- as grace@example.org%)\n$",
  },
  ["doc/sessions.md"] = { "true\n", "openid\n$" },
}

describe("the documentation", function()
  local sandbox, folder

  setup(function()
    sandbox = support.start { rooms = 25, events = 6 }
    folder = support.folder()
  end)
  teardown(function()
    sandbox:stop()
    support.remove(folder)
  end)

  local function here(text)
    return (text:gsub("https://opentalk%.example%.org", sandbox.opentalk.url)
      :gsub("https://meet%.example%.org", sandbox.meet.url))
  end

  for file in support.run("ls README.md doc/*.md"):gmatch("%S+") do
    it("shows Lua that runs as it stands: " .. file, function()
      local lua, printed = blocks(file, "lua"), PRINTED[file]
      assert.equal(printed ~= nil, #lua > 0)
      if not printed then return end
      local script = support.write(folder .. "/script.lua", here(table.concat(lua, "\n")))
      local output, status = support.script({ script }, support.login(sandbox, { HOME = folder }))
      assert.equal(0, status, output)
      local from = 1
      for _, pattern in ipairs(printed) do
        local _, last = output:find(pattern, from)
        assert.truthy(last, pattern .. " is not in:\n" .. output:sub(from))
        from = last
      end
    end)
  end

  it("has no link to a page or a heading that is not there", function()
    for file in support.run("ls *.md doc/*.md doc/reference/*.md"):gmatch("%S+") do
      for target in support.read(file):gmatch("%]%(([^)]+)%)") do
        local path, heading = target:match("^([^#]*)#?(.*)$")
        if not path:find("^https?:") then
          if path == "" then path = file else path = file:match("^(.-)[^/]*$") .. path end
          assert.equal("", (support.run("ls -d " .. support.quote(path) .. " >/dev/null")))
          local headings = heading == "" and "" or support.read(path):lower():gsub("[^%w\n #_-]", ""):gsub(" ", "-")
          assert.truthy(heading == "" or headings:find("\n##*%-" .. heading:gsub("%-", "%%-") .. "\n"),
            file .. " links to " .. target)
        end
      end
    end
  end)
end)

describe("the examples", function()
  it("are each named in the guide or in howto.md", function()
    local pages = support.read "doc/guide.md" .. support.read "doc/howto.md"
    for path in support.run("ls examples/*.lua"):gmatch "%S+" do
      assert.truthy(pages:find("](../" .. path .. ")", 1, true) or pages:find("lua5.4 " .. path, 1, true), path)
    end
  end)
end)

describe("the architecture", function()
  it("names files that there are", function()
    local tree = support.run("find src lua sandbox/lua types spec tools -type f")
    local text = support.read("doc/architecture.md")
    for name in text:gmatch("`([%w_/]+%.%l+)`") do
      if name:find "%.[ch]$" or name:find "%.lua$" then
        assert.truthy(("/" .. tree:gsub("\n", "\n/")):find("/" .. name .. "\n", 1, true), name)
      end
    end
  end)
end)

describe("the README", function()
  local sandbox

  setup(function() sandbox = support.start { rooms = 1, events = 1 } end)
  teardown(function() sandbox:stop() end)

  it("fits into 200 lines", function()
    local _, lines = support.read("README.md"):gsub("\n", "")
    assert.is_true(lines <= 200)
  end)

  it("shows an nginx configuration that runs as it stands", function()
    local found = blocks("README.md", "nginx")
    assert.equal(1, #found)
    local port, folder = support.free_ports()(), support.folder()
    support.write(folder .. "/nginx.conf", (found[1]
      :gsub("https://opentalk%.example%.org", sandbox.opentalk.url)
      :gsub("127%.0%.0%.1:8088", "127.0.0.1:" .. port)
      :gsub("http {", "http { access_log off; " .. nginx.TEMPORARY)))
    local server
    local function ask(words)
      return (support.run(("curl -sS --noproxy '*' --max-time 20 %s http://127.0.0.1:%d/room"):format(words, port)))
    end
    server = nginx.run(folder)
    assert.matches("502", ask "-X POST")
    local complaint = server:log()
    server:stop()
    assert.truthy(complaint:find("option 'password': environment variable OPENTALK_PASSWORD is not set: "
      .. "name it in nginx.conf: `env OPENTALK_PASSWORD;`", 1, true), complaint)
    server = nginx.run(folder, { OPENTALK_PASSWORD = sandbox.opentalk.password })
    local output, by_get = ask "-X POST", ask ""
    local by_page = ask "-X POST -H 'Origin: https://evil.example'"
    local log = server:log()
    server:stop()
    support.remove(folder)
    assert.truthy(output:find(sandbox.opentalk.url .. "/room/", 1, true), output .. log)
    assert.matches("405", by_get)
    assert.matches("403", by_page)
    assert.equal("", log:sub(#complaint + 1))
  end)

  it("promises the methods that there are", function()
    local promised, there = {}, {}
    for name, methods in support.read("README.md"):gmatch "\n| [^|]-%[`([%w_.]+)`%]%b() | ([^|\n]+) |" do
      promised[name] = {}
      for method in methods:gmatch "`([%w_]+)`" do promised[name][method] = true end
    end
    for _, api in ipairs(catalogue.read()) do
      for _, found in pairs(api.resources) do
        there[found.path] = {}
        for _, method in ipairs(found.methods) do there[found.path][method.name] = true end
      end
    end
    assert.same(there, promised)
  end)

  it("and the guide name every kind of error, and no other", function()
    local kinds = { "network", "tls", "timeout", "cancelled", "http", "auth", "decode", "limit",
      "unsupported", "phase", "store", "file" }
    local in_guide, in_readme = {}, {}
    for kind in support.read("doc/guide.md"):match("\n| `err%.kind`.-\n\n"):gmatch("\n| `(%l+)` |") do
      in_guide[#in_guide + 1] = kind
    end
    local sentence = support.read("README.md"):match("`err%.kind` is one of a closed set: (.-)%. ")
    for kind in sentence:gmatch("`(%l+)`") do in_readme[#in_readme + 1] = kind end
    assert.same(kinds, in_guide)
    assert.same(kinds, in_readme)
  end)
end)
