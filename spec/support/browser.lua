-- A headless Chromium, driven by chromedriver over HTTP as W3C WebDriver says.
-- It opens pages on loopback addresses and ends with `stop`.

local cjson = require("cjson")
local support = require("spec.support")

local browser = {}
browser.__index = browser

local ELEMENT = "element-6066-11e4-a52e-4f735466cecf"   -- the standard's name of a reference

local OPTIONS = { "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-dev-shm-usage", "--no-proxy-server" }

-- One command with a body of JSON; returns its value, raises the driver's error.
local function command(self, method, path, body)
  local output = support.run(("curl -sS --noproxy '*' --max-time 60 -X %s"
    .. " -H 'Content-Type: application/json' %s %s"):format(method,
    body and "-d " .. support.quote(body) or "",
    support.quote(self.driver .. path)))
  local value = cjson.decode(output).value
  if type(value) == "table" and value.error then error(value.error .. ": " .. value.message, 3) end
  return value
end

---Whether this machine has one.
function browser.found()
  local _, status = support.run("command -v chromedriver && command -v chromium")
  return status == 0
end

function browser.start()
  local self = setmetatable({ folder = support.folder() }, browser)
  local port = support.free_ports()()
  self.pid = support.run(("TMPDIR=%s chromedriver --port=%d >%s/log 2>&1 & echo $!"):format(
    self.folder, port, self.folder)):match("%d+")
  self.driver = "http://127.0.0.1:" .. port
  local _, status = support.run(("(for i in $(seq 300); do curl -sf --noproxy '*' -o /dev/null"
    .. " %s/status && exit; sleep 0.1; done; exit 1)"):format(self.driver))
  assert(status == 0, support.read(self.folder .. "/log"))
  local arguments = { "--user-data-dir=" .. self.folder .. "/profile", "--window-size=1000,800" }
  for _, option in ipairs(OPTIONS) do arguments[#arguments + 1] = option end
  local session = command(self, "POST", "/session", cjson.encode { capabilities = { alwaysMatch = {
    browserName = "chrome", ["goog:chromeOptions"] = { args = arguments } } } })
  self.driver = self.driver .. "/session/" .. session.sessionId
  return self
end

function browser:open(url) command(self, "POST", "/url", cjson.encode { url = url }) end

function browser:url() return command(self, "GET", "/url") end

local function find(self, css)
  return "/element/" .. command(self, "POST", "/element",
    cjson.encode { using = "css selector", value = css })[ELEMENT]
end

---The visible text of the first element that matches a selector.
function browser:text(css) return command(self, "GET", find(self, css) .. "/text") end

---Its name and role for a screen reader.
function browser:name(css) return command(self, "GET", find(self, css) .. "/computedlabel") end
function browser:role(css) return command(self, "GET", find(self, css) .. "/computedrole") end

---Types into a field.
function browser:type(css, text)
  command(self, "POST", find(self, css) .. "/value", cjson.encode { text = text })
end

---Clicks a link or button and waits until the next page is loaded.
function browser:click(css)
  self:run "window.left = false"
  command(self, "POST", find(self, css) .. "/click", "{}")
  local last = os.time() + 20
  repeat
    local ok, there = pcall(self.run, self,
      "return window.left === undefined && document.readyState === 'complete'")
    assert(os.time() < last, "no other page was loaded")
  until ok and there == true
end

---Runs a script in the page and returns its result.
function browser:run(script)
  return command(self, "POST", "/execute/sync",
    '{"args":[],"script":' .. cjson.encode(script) .. "}")
end

function browser:resize(width, height)
  command(self, "POST", "/window/rect", cjson.encode { width = width, height = height })
end

---Shows pages as on a screen of this size, narrower than a window can be, too; scheme: "light"
---or "dark".
function browser:screen(width, height, scheme)
  for name, parameters in pairs {
    ["Emulation.setDeviceMetricsOverride"] = { width = width, height = height, deviceScaleFactor = 1,
      mobile = false },
    ["Emulation.setEmulatedMedia"] = { features = {
      { name = "prefers-color-scheme", value = scheme or "light" } } },
  } do
    command(self, "POST", "/goog/cdp/execute", cjson.encode { cmd = name, params = parameters })
  end
end

---Writes a picture of what is seen.
function browser:picture(path)
  local encoded = support.write(self.folder .. "/picture", command(self, "GET", "/screenshot"))
  local _, status = support.run(("base64 -d %s > %s"):format(encoded, support.quote(path)))
  assert(status == 0)
end

function browser:stop()
  pcall(command, self, "DELETE", "")
  support.run("kill " .. self.pid)
  support.gone(self.pid)
  support.remove(self.folder)
end

return browser
