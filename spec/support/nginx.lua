-- A second nginx, beside the sandbox's: the place where salon runs as a guest.
-- Its files lie in a folder of its own; it runs in the background with one
-- worker, as the user who runs the specs.

local finder = require("salon.sandbox.nginx")
local support = require("spec.support")

local nginx = {}
nginx.__index = nginx

local TEMPORARY = "client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;"
  .. " uwsgi_temp_path tmp; scgi_temp_path tmp;"

-- Starts one in `folder` with the configuration that stands there as
-- `nginx.conf`; environment: { NAME = value }; directives: more of the main ones.
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

-- Starts one whose `http` block is given, with the module paths of this tree;
-- main: more directives, such as `env NAME;`.
function nginx.start(http, environment, main)
  local folder = support.folder()
  local here = support.run("pwd"):match("^[^\n]+")
  local loads = {}
  for _, module in ipairs(assert(finder.find()).modules) do
    loads[#loads + 1] = "load_module " .. module .. ";"
  end
  support.write(folder .. "/nginx.conf", table.concat({
    table.concat(loads, "\n"), main or "", "worker_processes 1;",
    "events { worker_connections 4096; }", "http {", "  access_log off;", "  " .. TEMPORARY,
    ('  lua_package_path "%s/lua/?.lua;%s/lua/?/init.lua;;";'):format(here, here),
    ('  lua_package_cpath "%s/build/5.1/?.so;;";'):format(here),
    http, "}" }, "\n"))
  local self = nginx.run(folder, environment)
  self.owned = true
  return self
end

function nginx:log() return support.read(self.folder .. "/error.log") end

-- Asks it to quit and waits until it is gone.
function nginx:stop()
  support.run(("kill -QUIT %s; for i in $(seq 100); do kill -0 %s 2>/dev/null || break; sleep 0.1; done")
    :format(self.pid, self.pid))
  if self.owned then support.remove(self.folder) end
end

nginx.TEMPORARY = TEMPORARY
return nginx
