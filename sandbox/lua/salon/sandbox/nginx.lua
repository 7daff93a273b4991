-- nginx for the sandbox: finding one that speaks Lua, writing its folder
-- (configuration, settings, certificates), starting and ending it.

local json = require "salon.sandbox.json"
local shell = require "salon.sandbox.shell"

local nginx = {}

local WHAT_TO_DO = "install nginx with its Lua module "
  .. "(Debian, Ubuntu: apt install nginx libnginx-mod-http-lua; or OpenResty)"

local PLACES = "$(command -v nginx) $(command -v openresty) /usr/sbin/nginx "
  .. "/usr/local/openresty/bin/openresty"

-- Modules that must be loaded; {} when they are built in.
local function lua_modules(about)
  if about:find("openresty", 1, true) or about:find("lua%-nginx%-module") then return {} end
  local folder = about:match("%-%-modules%-path=(%S+)")
    or (about:match("%-%-prefix=(%S+)") or "/usr/local/nginx") .. "/modules"
  local modules = {}
  for _, name in ipairs { "ndk_http_module.so", "ngx_http_lua_module.so" } do
    local file = io.open(folder .. "/" .. name)
    if file then
      file:close()
      modules[#modules + 1] = folder .. "/" .. name
    end
  end
  return modules[1] and modules[#modules]:find("lua") and modules
end

---Finds a server: { program, modules, http2 (own directive) }; nil and what to
---do when there is none.
function nginx.find()
  local text = shell.run("for n in " .. PLACES .. "; do [ -x \"$n\" ] && "
    .. "{ echo \"@$n\"; \"$n\" -V; }; done; true")
  local seen
  for program, about in text:gmatch("@(/[^\n]*)\n([^@]*)") do
    seen = program
    local modules = lua_modules(about)
    if modules then
      local major, minor, patch = about:match("version: %S-/(%d+)%.(%d+)%.(%d+)")
      local number = (tonumber(major) or 0) * 1e6 + (tonumber(minor) or 0) * 1e3
        + (tonumber(patch) or 0)
      return { program = program, modules = modules, http2 = number >= 1025001 }
    end
  end
  return nil, seen and ("%s has no Lua module: %s"):format(seen, WHAT_TO_DO)
    or "nginx was not found: " .. WHAT_TO_DO
end

-- keepalive: OpenTalk's controller closes idle connections after 5 s, Meet's
-- own server after each response (a proxy with TLS in front of it does not).
local KEEPALIVE = { controller = "5s", meet = "0" }

local function server_block(role, port, kind, server)
  local tls, extra = kind == "tls", ""
  if tls then
    extra = "ssl_certificate server.pem; ssl_certificate_key server.key;" .. (server.http2 and " http2 on;" or "")
  end
  return ([[
  server {
    listen 127.0.0.1:%d%s;
    keepalive_timeout %s;
    %s
    location / { content_by_lua_block { require("salon.sandbox.server").serve("%s") } }
  }
]]):format(port, tls and (server.http2 and " ssl" or " ssl http2") or "",
    not tls and KEEPALIVE[role] or "75s", extra, role)
end

local function configuration(server, settings, root, as_root)
  local parts = { as_root and "user root;\n" or "" }
  for _, file in ipairs(server.modules) do parts[#parts + 1] = "load_module " .. file .. ";\n" end
  parts[#parts + 1] = ([[
daemon on;
worker_processes 1;
worker_rlimit_nofile 16384;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 8192; }
http {
  access_log off;
  default_type '';
  server_tokens off;
  merge_slashes off;
  keepalive_requests 1000000000;
  reset_timedout_connection on;
  large_client_header_buffers 8 64k;
  client_max_body_size 1g;
  client_body_buffer_size 4m;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
  uwsgi_temp_path tmp; scgi_temp_path tmp;
  lua_package_path "%s/?.lua;%s/?/init.lua;;";
  # interpreted: compiled, workers of LuaJIT 2.1-20230119 were seen to crash, and forgot all
  init_by_lua_block { jit.off() require("salon.sandbox.server").init("%s") }
  init_worker_by_lua_block { require("salon.sandbox.server").watch() }
]]):format(root, root, settings.dir)
  for role, ports in pairs(settings.ports) do
    for kind, port in pairs(ports) do
      parts[#parts + 1] = server_block(role, port, kind, server)
    end
  end
  parts[#parts + 1] = "}\n"
  return table.concat(parts)
end

-- A temporary certificate authority and a certificate for 127.0.0.1 and localhost.
local CERTIFICATES = [[
command -v openssl >/dev/null || exit 9
cat >server.ext <<'END'
subjectAltName=IP:127.0.0.1,DNS:localhost
basicConstraints=CA:FALSE
keyUsage=digitalSignature
extendedKeyUsage=serverAuth
END
cat >openssl.cnf <<'END'
[req]
distinguished_name=dn
x509_extensions=ca
[dn]
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
END
ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -config openssl.cnf"
for use in sig enc; do
  ( openssl req -x509 -newkey rsa:2048 -nodes -config openssl.cnf -days 30 -subj /CN=OPENTALK \
      -keyout $use.key -out $use.tmp && mv $use.tmp $use.pem ) >/dev/null 2>&1 </dev/null &
done
openssl req -x509 $ec -days 30 -subj /CN=salon-sandbox-ca -keyout ca.key -out ca.pem &&
openssl req -new $ec -subj /CN=localhost -keyout server.key -out server.csr &&
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 1 -days 30 \
  -extfile server.ext -out server.pem && rm -f ca.key server.csr]]

local function make_certificates(dir)
  local text, code = shell.run("(cd " .. shell.quote(dir) .. " || exit\n" .. CERTIFICATES .. ")")
  if code == 0 then return true end
  return nil, code == 9 and "openssl was not found: install it (apt install openssl)"
    or "openssl could not make a certificate: " .. text
end

-- The line of nginx's output that says why.
local function reason(dir, text)
  local log = text .. (shell.read(dir .. "/error.log") or "")
  if log:find("bind() to", 1, true) then return "port taken" end
  if log:find("module 'cjson' not found", 1, true) then
    return "nginx finds no lua-cjson: install it for LuaJIT (Debian, Ubuntu: apt install lua-cjson)"
  end
  if log:find("error loading module 'cjson'", 1, true) then
    return "nginx loaded a lua-cjson of another Lua: unset LUA_CPATH, or call it LUA_CPATH_5_4"
  end
  local line = log:match("%[emerg%][^\n]*") or log:match("%[error%][^\n]*")
    or log:match("init_by_lua error:[^\n]*") or log
  return "nginx did not start: " .. line:gsub("%s+$", "")
end

-- nginx speaks Lua 5.1 and reads LUA_PATH and LUA_CPATH. Where this Lua is a later one and has read
-- them itself, as it has no variable with its number, they name modules that nginx cannot load.
local function without_own_paths()
  local suffix = _VERSION ~= "Lua 5.1" and _VERSION:gsub("^Lua (%d+)%.(%d+)$", "_%1_%2")
  local own = ""
  for _, name in ipairs { "LUA_PATH", "LUA_CPATH" } do
    if suffix and not os.getenv(name .. suffix) then own = own .. "unset " .. name .. "; " end
  end
  return own
end

---Writes the folder and starts nginx in it; returns the number of the master
---process, or nil and a message ("port taken": try other ports).
function nginx.start(server, settings, root, first)
  local dir = settings.dir
  local as_root = shell.run("id -u"):match("^0") ~= nil
  if first then
    local ok, message = make_certificates(dir)
    if not ok then return nil, message end
  end
  local ok, message = shell.write(dir .. "/nginx.conf", configuration(server, settings, root, as_root))
  ok = ok and shell.write(dir .. "/settings.json", json.write(settings))
  if not ok then return nil, message or "cannot write to " .. dir end
  -- nginx leaves its first process before it writes the pid file.
  local text, code = shell.run(("%scd %s && mkdir -p tmp && : >error.log && "
    .. "%s -p . -e error.log -c nginx.conf </dev/null >start.log 2>&1 || { cat start.log; exit 1; }\n"
    .. "n=0; until [ -s nginx.pid ]; do n=$((n+1)); [ $n -gt 300 ] && exit 2; sleep 0.01; done")
    :format(without_own_paths(), shell.quote(dir), shell.quote(server.program)))
  if code ~= 0 then return nil, reason(dir, text) end
  return tonumber((shell.read(dir .. "/nginx.pid") or ""):match("%d+"))
end

---Ends a server whose start was interrupted, if it got that far.
function nginx.abandon(dir)
  shell.run(("cd %s && n=0; until [ -s nginx.pid ]; do n=$((n+1)); [ $n -gt 20 ] && exit; sleep 0.01; done; "
    .. "kill -TERM \"$(cat nginx.pid)\""):format(shell.quote(dir)))
end

---Ends the master process `pid` if it is still the one that serves `dir`, and
---waits until it is gone. (It removes the pid file last; the process itself may
---stay for a second as a zombie.)
function nginx.stop(pid, dir)
  shell.run(("cd %s 2>/dev/null && [ \"$(cat nginx.pid)\" = %d ] && kill -TERM %d || exit\n"
    .. "n=0; while [ -e nginx.pid ] && kill -0 %d; do n=$((n+1)); [ $n -gt 500 ] && exit 1; sleep 0.01; done")
    :format(shell.quote(dir), pid, pid, pid))
end

return nginx
