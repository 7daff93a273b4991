-- Many processes and nginx workers with one login: who renews it, and how often. A run
-- has a sandbox and, by rounds, lets all calls of all processes and workers come at the
-- moment at which the token has expired.

local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"
local support = require "spec.support"

local LIFE = 300  -- seconds that the sandbox's tokens live

local sessions = {}
sessions.__index = sessions

local SERVER = [[
  lua_shared_dict logins 1m;
  log_format worker '$pid $status';
  server { access_log %s/access.log worker; listen 127.0.0.1:%d; location / { content_by_lua_block {
    local salon = require "salon"
    if not client then
      client = salon.opentalk { controller_url = %q, issuer = %q, client_id = "Frontend",
        username = "alice", password = "throwaway-password", timeout = 60,
        store = require "spec.support.sessions.store" (%q, %q, %q, ngx.worker.pid()) }
    end
    local page, err = client.rooms:list { per_page = 1 }
    if page then return ngx.say "ok" end
    ngx.log(ngx.ERR, tostring(err))
    ngx.exit(500)
  } } } ]]

-- store: "file", "shdict", "redis"; workers, processes: how many; calls: in a round;
-- locked: seconds that a dead holder's lock lasts at most.
function sessions.start(fields)
  local self = setmetatable({ folder = support.folder(), processes = {}, fields = fields }, sessions)
  self.pipe_name = self.folder .. "/pipe"
  support.run("mkfifo " .. self.pipe_name)
  self.pipe = assert(io.open(self.pipe_name, "r+"))  -- never at its end
  self.sandbox = support.start { meet = false, rooms = 3, switches = { rotate = true } }
  self.grants_read = 0
  local where = "logins"
  if fields.store == "file" then
    where = self.folder .. "/logins.json"
  elseif fields.store == "redis" then
    self.redis = redis.start()
    where = self.redis.port .. " " .. redis.PASSWORD
  end
  self.where = where
  self.share = math.ceil(fields.calls / ((fields.workers or 0) + (fields.processes or 0)))
  local role = self.sandbox.opentalk
  if fields.workers then
    self.port = support.free_ports()()
    self.nginx = nginx.start(SERVER:format(self.folder, self.port, role.controller_url, role.issuer,
      fields.store, where, self.pipe_name), nil, nil, fields.workers)
  end
  for i = 1, fields.processes or 0 do self:start_process(i) end
  return self
end

function sessions:start_process(i)
  local role, words = self.sandbox.opentalk, {}
  for _, word in ipairs { support.lua, "spec/support/sessions/process.lua" } do
    words[#words + 1] = support.quote(word)
  end
  words[#words + 1] = "$$"
  for _, word in ipairs { self.pipe_name, self.fields.store, self.where, role.controller_url, role.issuer,
    tostring(self.share) } do
    words[#words + 1] = support.quote(word)
  end
  local pipe = io.popen(("echo started $$ %d >%s; exec %s"):format(i, support.quote(self.pipe_name),
    table.concat(words, " ")), "w")
  local pid
  repeat pid = self.pipe:read "*l":match "^started (%d+)" until pid
  self.processes[i] = { pipe = pipe, pid = pid }
end

-- The requests for tokens since the last look: how many gave one, and all of them.
function sessions:grants()
  local list, given, all = self.sandbox:grants(), 0, {}
  for i = self.grants_read + 1, #list do
    if list[i]:find "200$" then given = given + 1 end
    all[#all + 1] = list[i]
  end
  self.grants_read = #list
  return given, table.concat(all, ", ")
end

local function kill(pid) support.run("kill -9 " .. pid) end

-- One round: the token expires, and all calls come at once. With `kills` the first
-- holder of the lock dies at once. Returns renewals, requests for tokens, calls that
-- failed, the last error.
function sessions:round(kills)
  support.write(self.pipe_name .. ".locked", tostring(kills and self.fields.locked or 60))
  self.sandbox:advance(LIFE + 1)
  self:grants()
  local load, failed, last = nil, 0, ""
  if self.nginx then
    local output = self.folder .. "/h2load"
    load = io.popen(("h2load --h1 -n %d -c %d -t 1 http://127.0.0.1:%d/ >%s 2>&1"):format(
      self.share * self.fields.workers, math.min(self.share * self.fields.workers, 200), self.port, output), "w")
  end
  for _, process in ipairs(self.processes) do
    process.pipe:write "go\n"
    process.pipe:flush()
  end
  local killed
  local running = {}
  for i, process in ipairs(self.processes) do running[process.pid] = i end
  while next(running) or kills and not killed do
    local line = self.pipe:read "*l"
    local holder = line:match "^locked (%d+)"
    if holder and kills and not killed then
      killed = holder
      kill(holder)
      running[holder] = nil
    end
    local pid, n, message = line:match "^done (%d+) (%d+) (.*)$"
    if pid and running[pid] then
      running[pid] = nil
      failed = failed + tonumber(n)
      if tonumber(n) > 0 then last = message end
    end
  end
  if load then
    load:close()
    local output = support.read(self.folder .. "/h2load")
    local done = output:match "(%d+) succeeded"
    local lost = self.share * self.fields.workers - tonumber(done or 0)
    if lost > 0 and not kills then
      failed, last = failed + lost, output .. self.nginx:log():sub(-2000)
    end
  end
  for i, process in ipairs(self.processes) do
    if process.pid == killed then
      process.pipe:close()
      self:start_process(i)
    end
  end
  local given, all = self:grants()
  return given, all, failed, last
end

-- How many workers of nginx have served.
function sessions:workers()
  local seen, n = {}, 0
  for pid in support.read(self.folder .. "/access.log"):gmatch "(%d+) %d+\n" do
    if not seen[pid] then seen[pid], n = true, n + 1 end
  end
  return n
end

function sessions:stop()
  for _, process in ipairs(self.processes) do process.pipe:close() end
  if self.nginx then self.nginx:stop() end
  if self.redis then self.redis:stop() end
  self.pipe:close()
  self.sandbox:stop()
  support.remove(self.folder)
end

return sessions
