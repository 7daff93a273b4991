-- The sandbox inside nginx: one request in, one response out. Each role is a
-- module with respond(request) -> { status, headers, body }; here is
-- what they share: latency, faults, the log, sending.
--
-- nginx runs one worker, so modules' tables are the memory of the sandbox.

local json = require "salon.sandbox.json"
local shell = require "salon.sandbox.shell"
local store = require "salon.sandbox.store"
local faults = require "salon.sandbox.faults"

local server = {}

local KEPT = 2000     -- requests the log remembers

-- Roles whose responses wait for `latency` and are written to the log.
local ROLES = {
  frontend = { module = "salon.sandbox.opentalk", call = "frontend", log = true },
  controller = { module = "salon.sandbox.opentalk", log = true, slow = true },
  login = { module = "salon.sandbox.login", log = true },
  meet = { module = "salon.sandbox.meet", log = true, slow = true },
  control = { module = "salon.sandbox.control" },
}

---Called while nginx reads its configuration: everything that can fail does so
---before the start is reported as a success.
function server.init(dir)
  local settings = assert(json.read(shell.read(dir .. "/settings.json")))
  server.settings = settings
  server.log, server.count = {}, 0
  store.reset(settings)
  for _, role in pairs(ROLES) do role.respond = require(role.module)[role.call or "respond"] end
end

-- The start time of a process, to tell it from a later one of the same number:
-- the 20th word after its name.
local function born(pid)
  local stat = shell.read("/proc/" .. pid .. "/stat") or ""
  return stat:match("%) " .. ("%S+ "):rep(19) .. "(%S+)")
end

---Ends nginx, and removes its folder, when the process that started it is gone.
function server.watch()
  local ffi = require "ffi"
  ffi.cdef "int kill(int pid, int signal); int getppid(void);"
  local parent, dir = server.settings.parent, server.settings.dir
  local birth, master = born(parent), ffi.C.getppid()
  assert(ngx.timer.every(1, function(premature)
    if premature then return end
    if ffi.C.kill(parent, 0) == 0 and born(parent) == birth then return end
    os.execute(("rm -rf -- '%s' || { sleep 1; rm -rf -- '%s'; }"):format(dir, dir))
    ffi.C.kill(master, 15)
  end))
end

local Request = {}
Request.__index = Request

-- name=value pairs as a table (the last of two counts), and the names that come twice.
local function arguments(text)
  local values, twice = {}, nil
  for name, value in pairs(ngx.decode_args(text, 0)) do
    if type(value) == "table" then
      twice = twice or {}
      twice[name], value = true, value[#value]
    end
    values[name] = value == true and "" or value
  end
  return values, twice
end

---A request header's value, or nil.
function Request:header(name)
  return ngx.var["http_" .. name:lower():gsub("-", "_")]
end

---The body; "" if there is none.
function Request:body()
  if not self.text then
    ngx.req.read_body()
    local file = ngx.req.get_body_file()
    local text = file and shell.read(file) or ngx.req.get_body_data()
    self.text = text or ""
  end
  return self.text
end

---The fields of a form, from the body; nil and "duplicate" (unless the last of
---two may count) or "percent". Another kind of body is an empty form.
function Request:form(last_counts)
  local kind = self:header "content-type" or ""
  if not kind:find "^application/x%-www%-form%-urlencoded" then return {} end
  if self:body():gsub("%%%x%x", ""):find("%", 1, true) then return nil, "percent" end
  local fields, twice = arguments(self:body())
  if twice and not last_counts then return nil, "duplicate" end
  return fields
end

---The parameters of the query (the last of two counts), and which come twice.
function Request:parameters() return arguments(self.query) end

-- As form encoders do: unreserved characters stay, a blank becomes +.
local function encode(text)
  return (text:gsub("[^%w*._ -]", function(c) return ("%%%02X"):format(c:byte()) end):gsub(" ", "+"))
end

---The path and query with another value of one parameter (nil: without it), the
---others in order, at an address (scheme://host).
function Request:link(base, name, value)
  local parameters, parts = self:parameters(), {}
  parameters[name] = value and tostring(value)
  for key, text in pairs(parameters) do parts[#parts + 1] = encode(key) .. "=" .. encode(text) end
  table.sort(parts)
  return base .. self.path .. (parts[1] and "?" .. table.concat(parts, "&") or "")
end

---A page of the list `name` with links to `base`: as `make` gives it, kept until
---something is written.
function Request:cached(name, base, make)
  return store.cached(table.concat({ name, self.uri, base, self.moved or "", self.same_link and "same" or "" }, "\n"),
    make)
end

---"http://host:port" of the request, as the client called it.
function Request:origin()
  return self.scheme .. "://" .. (self:header "host" or "127.0.0.1")
end

local function read_request(role)
  local uri = ngx.var.request_uri
  local path, query = uri:match("^([^?]*)%??(.*)$")
  return setmetatable({ role = role, method = ngx.req.get_method(), uri = uri,
    path = path, query = query, scheme = ngx.var.scheme }, Request)
end

local function remember(request, status)
  server.count = server.count + 1
  server.log[server.count % KEPT + 1] = { n = server.count, role = request.role,
    method = request.method, path = request.uri, status = status, scheme = request.scheme,
    http = ngx.req.http_version(), body = request.text and request.text:sub(1, 4096), fault = request.fault,
    mails = request.mails }
end

---What the log holds, oldest first.
function server.requests()
  local list = {}
  for n = math.max(1, server.count - KEPT + 1), server.count do
    list[#list + 1] = server.log[n % KEPT + 1]
  end
  return list
end

function server.forget() server.log, server.count = {}, 0 end

local function send(request, response)
  ngx.status = response.status
  local header = ngx.header
  header.Server = ""    -- nginx's own; Meet names its server
  for name, value in pairs(response.headers) do header[name] = value end
  if store.ahead ~= 0 then header.Date = ngx.http_time(store.seconds()) end
  local body = response.body or ""
  if response.status ~= 204 and not response.chunked then header["Content-Length"] = #body end
  if request.method == "HEAD" or body == "" then
    ngx.send_headers()
  else
    ngx.print(body)
  end
  return ngx.exit(ngx.HTTP_OK)
end

---Responds to one request; called from nginx's configuration.
function server.serve(name)
  local role = ROLES[name]
  local request = read_request(name)
  if role.slow and server.settings.latency > 0 then
    request:body()    -- has arrived, whatever becomes of the client meanwhile
    ngx.sleep(server.settings.latency)
  end
  local fault = role.log and faults.due(request)
  local response
  if fault then
    request.fault = fault.kind
    request:body()
    response = faults.run(request, fault, role.respond)
  else
    response = role.respond(request)
  end
  if role.log then remember(request, response.status or (response == "sent" and ngx.status) or 0) end
  if response == "sent" then return ngx.exit(ngx.OK) end
  if response == "reset" then return ngx.exit(444) end
  if response == "cut" then
    local socket = ngx.req.http_version() < 2 and ngx.req.socket(true)
    return ngx.exit(socket and ngx.OK or 444)
  end
  return send(request, response)
end

return server
