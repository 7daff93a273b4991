-- An nginx for salon to run in, besides that of the sandbox. Its files are in a
-- folder of its own; it runs in the background with one worker, as the user who runs
-- the specs.

local finder = require("salon.sandbox.nginx")
local support = require("spec.support")

local nginx = {}
nginx.__index = nginx

local TEMPORARY = "client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;"
  .. " uwsgi_temp_path tmp; scgi_temp_path tmp;"

-- Starts one with the `nginx.conf` in `folder`; environment: { NAME = value };
-- directives: more for the main context.
function nginx.run(folder, environment, directives)
  local words = { "env" }
  for name, value in pairs(environment or {}) do
    words[#words + 1] = name .. "=" .. support.quote(value)
  end
  local user = support.run("id -u"):match("%d+") == "0" and "user root; " or ""
  words[#words + 1] = ("%s -p %s -c nginx.conf -e error.log -g %s"):format(
    assert(finder.find()).program, support.quote(folder),
    support.quote(user .. "pid nginx.pid; error_log error.log; " .. (directives or "")))
  local output, status = support.run(table.concat(words, " "))
  assert(status == 0, output)
  return setmetatable({ folder = folder,
    pid = support.read(folder .. "/nginx.pid"):match("%d+") }, nginx)
end

-- Starts one with the given content of its `http` block; module paths are those of
-- tools/run; main: more directives for the main context, such as `env NAME;`; workers: 1.
function nginx.start(http, environment, main, workers)
  local folder = support.folder()
  local loads = {}
  for _, module in ipairs(assert(finder.find()).modules) do
    loads[#loads + 1] = "load_module " .. module .. ";"
  end
  support.write(folder .. "/nginx.conf", table.concat({
    table.concat(loads, "\n"), main or "", ("worker_processes %d;"):format(workers or 1),
    "events { worker_connections 4096; }", "http {", "  access_log off;", "  " .. TEMPORARY,
    http, "}" }, "\n"))
  local self = nginx.run(folder, environment)
  self.owned = true
  return self
end

-- Starts a copy of examples/nginx with the logins of a sandbox; only the port and the
-- folders of nginx's temporary files differ. changed: other values of the environment,
-- false for none; directives: more for the main context.
function nginx.example(sandbox, changed, directives)
  local folder, port = support.folder(), support.free_ports()()
  local prefix = folder .. "/nginx"
  support.run(("cp -r examples/nginx %s"):format(prefix))
  local conf = support.read("examples/nginx/nginx.conf")
    :gsub("127%.0%.0%.1:8088", "127.0.0.1:" .. port)
    :gsub("http {", "http { access_log off; " .. nginx.TEMPORARY)
  support.write(prefix .. "/nginx.conf", conf)
  local ot, meet = sandbox.opentalk or {}, sandbox.meet or {}
  local environment = {
    OPENTALK_URL = ot.url, OPENTALK_CLIENT_ID = ot.client_id,
    OPENTALK_USERNAME = ot.username, OPENTALK_PASSWORD = ot.password,
    MEET_URL = meet.url, MEET_CLIENT_ID = meet.client_id,
    MEET_CLIENT_SECRET = meet.client_secret, MEET_USER = meet.user,
  }
  for name, value in pairs(changed or {}) do environment[name] = value or nil end
  local self = nginx.run(prefix, environment, directives)
  self.url, self.root = "http://127.0.0.1:" .. port, folder
  return self
end

function nginx:log() return support.read(self.folder .. "/error.log") end

-- Asks it to quit and waits until it has ended.
function nginx:stop()
  support.run("kill -QUIT " .. self.pid)
  support.gone(self.pid)
  if self.root then support.remove(self.root) end
  if self.owned then support.remove(self.folder) end
end

nginx.TEMPORARY = TEMPORARY
return nginx
