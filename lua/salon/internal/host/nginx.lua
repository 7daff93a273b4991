-- Waiting in nginx: the light thread sleeps on an ngx.semaphore until the
-- engine's I/O thread has finished its request; the worker serves others.
--
-- Per worker (per Lua state) one timer handler, the reader, takes wake-ups from
-- the mailbox's Unix socket and posts the semaphore of each finished request. It
-- lives while calls are in flight plus a second; once a second it looks whether the
-- worker quits.
--
-- Not to break: a lost wake-up may cost time, never a hang. Each waiter has a
-- deadline of its own and then reads the mailbox itself. nginx may take a timer and
-- drop its callback (`lua_max_running_timers`): only a reader that runs is one, and
-- as long as there is none the waiters look by themselves.

local semaphore = require "ngx.semaphore"
local Error = require "salon.internal.error"
local context = require "salon.internal.context"
local core = require "salon.core"
local keys = require "salon.internal.keys"
local plain = require "salon.internal.host.plain"
local tasks = require "salon.internal.host.tasks"

local FOREVER = 86400
local LINGER = 1          -- seconds without calls before the reader ends
local TICK, GRACE = tasks.TICK, tasks.GRACE
local FIRST_LOOK, LAST_LOOK = 0.001, 0.02  -- seconds between two looks without a reader
local PATIENCE = 1        -- seconds for a reader to begin before another is started
local MOST_PATIENCE = 30  -- and after many that did not: nginx logs an alert for each

local nginx = { name = "nginx", ahead = true }

-- The state of this worker. Weak, as a light thread that is killed while it waits
-- never takes its semaphore out.
local semaphores = setmetatable({}, { __mode = "v" })  -- request id -> semaphore
local spare = {}      -- semaphores that nobody waits on
local mailbox         -- this Lua state's, once needed
local reader          -- { quit = semaphore } while one runs
local patience = PATIENCE
local warned = false
local start_at = 0    -- when one may be started, on core.now()'s clock

-- Posts the semaphores of all finished requests.
local function deliver()
  local id = mailbox:take()
  while id do
    local found = semaphores[id]
    if found then
      semaphores[id] = nil
      found:post(1)
    end
    id = mailbox:take()
  end
end

local function read_wakeups(socket, me)
  repeat
    deliver()
    local byte = true
    if mailbox:arm() then byte = socket:receive(1) end
  until not byte
  me.broken = true  -- the engine is gone, or was restarted
  me.quit:post(1)
end

local function connect()
  local path, message = mailbox:listen()
  if not path then return nil, message end
  local socket = ngx.socket.tcp()
  socket:settimeouts(1000, 1000, FOREVER * 1000)
  local ok
  ok, message = socket:connect("unix:" .. path)
  if not ok then return nil, message end
  ok, message = mailbox:accept()
  if not ok then return nil, message end
  return socket
end

-- Without a reader nobody may sleep on: all look, and the next one starts another.
local function wake_all()
  for id, found in pairs(semaphores) do
    semaphores[id] = nil
    found:post(1)
  end
end

local function idle(quits)
  return next(semaphores) == nil and (quits or mailbox:in_flight() == 0)
end

-- Reads until nothing has been in flight for a second.
local function read(socket, me)
  local thread = ngx.thread.spawn(read_wakeups, socket, me)
  local quiet = false  -- nothing was in flight at the last look
  repeat
    local before = quiet
    me.quit:wait(LINGER)
    local quits = ngx.worker.exiting()
    quiet = idle(quits)
  until me.broken or (quiet and (before or quits))
  if not me.broken then ngx.thread.kill(thread) end
end

-- Says once why every call of this worker looks for its response in short slices; as
-- an error, for that is what nginx logs where nobody asked for more.
local function warn(message)
  if warned then return end
  warned = true
  ngx.log(ngx.ERR, "salon: no socket to be woken by, calls take up to 20 ms longer: ", message,
    "; it needs unix sockets, and a folder it may write: TMPDIR, else /tmp")
end

local function run_reader(premature)
  if premature or reader then return end  -- late: another has begun meanwhile
  local me = { quit = semaphore.new(0) }
  reader = me
  local socket, message = connect()
  if socket then
    patience, start_at = PATIENCE, 0
    read(socket, me)
  else
    warn(message)
  end
  reader = nil
  wake_all()
end

-- Is there a reader? If not, one is started.
local function need_reader()
  if reader then return true end
  local now = core.now()
  if now >= start_at and ngx.timer.at(0, run_reader) then
    start_at = now + patience
    patience = math.min(patience * 2, MOST_PATIENCE)
  end
  return false
end

---@param request salon.Request
---@param deadline number
---@param tick? function  called now and then meanwhile
function nginx.wait(request, deadline, tick)
  local id, left = request:pending()
  if id == nil then return end
  mailbox = mailbox or core.mailbox()
  local own = table.remove(spare) or semaphore.new(0)
  local posted
  local look = FIRST_LOOK
  repeat
    semaphores[id] = own
    posted = own:wait(need_reader() and math.min(left + GRACE, tick and TICK or FOREVER) or look)
    look = math.min(look * 2, LAST_LOOK)
    if not posted then
      deliver()
      if core.now() > deadline + GRACE then request:cancel() end
    end
    local still
    still, left = request:pending()
    if still and tick then tick() end
  until not still
  semaphores[id] = nil
  if posted then spare[#spare + 1] = own end  -- else a post may still be in it
  if reader and ngx.worker.exiting() and next(semaphores) == nil then reader.quit:post(1) end
end

-- One that waits on a latch, with a semaphore of its own, so that a scope can end
-- this wait alone.
local Waiter = {}
Waiter.__index = Waiter

function Waiter:cancel() self.semaphore:post(1) end

local Latch = {}
Latch.__index = Latch

---Waits until the latch is open.
---@param deadline number
---@return boolean open
---@return boolean? ended  before it opened: by a scope
function Latch:wait(deadline)
  if self.is_open then return true end
  local waiter = setmetatable({ semaphore = semaphore.new(0) }, Waiter)
  self.waiting[waiter] = true
  context.enter(waiter)
  local posted
  repeat  -- nginx's clock is that of its last event: it may be early
    posted = waiter.semaphore:wait(math.min(math.max(deadline - core.now(), 0.001), FOREVER))
  until posted or core.now() >= deadline
  self.waiting[waiter] = nil
  return self.is_open, posted
end

function Latch:open()
  self.is_open = true
  for _, waiter in ipairs(keys(self.waiting)) do waiter.semaphore:post(1) end
end

function nginx.latch()
  return setmetatable({ waiting = {}, is_open = false }, Latch)
end

---@param seconds number
function nginx.sleep(seconds)
  nginx.latch():wait(core.now() + seconds)
end

---Runs `body` in a light thread.
---@param body function
---@param died fun(e: any)  when it raises
function nginx.spawn(body, died)
  return ngx.thread.spawn(function()
    local ok, e = pcall(body)
    if not ok then died(e) end
  end)
end

---Runs `body` apart from the request at hand, which may end before it.
---@param body function
---@return boolean taken  false: nginx has no timer left for it; even when it took one,
---  it may never run it
function nginx.detach(body)
  return (ngx.timer.at(0, function() body() end))
end

---Frees what nginx keeps of a light thread that has ended until its parent waits
---for it. Only the parent may; the rest goes with the request.
function nginx.reap(thread)
  pcall(ngx.thread.wait, thread)
end

local WATCHED = {}  -- key in ngx.ctx: the scopes that end when the client goes

---Cancels the scope when the client of this request goes away, where nginx
---watches for that (`lua_check_client_abort on`) and nobody else asked to be told.
---@param scope salon.Scope
function nginx.on_abort(scope)
  local ctx = ngx.ctx
  local scopes = ctx[WATCHED]
  if scopes == nil then
    scopes = setmetatable({}, { __mode = "k" })
    local ok, watches = pcall(ngx.on_abort, function()
      for watched in pairs(scopes) do context.cancel(watched, "the client went away") end
    end)
    if not (ok and watches) then scopes = false end
    ctx[WATCHED] = scopes
  end
  if scopes then scopes[scope] = true end
end

-- nginx's init phase: nothing is served yet, so calls block. The master forks next,
-- so the I/O thread is stopped after every call, and nothing is fetched ahead.
local starting = { name = "nginx init", ahead = false, wait = plain.block, sleep = core.sleep,
  after = core.engine_stop, latch = plain.latch }

local HOST_OF_PHASE = {
  init = starting,
  rewrite = nginx, access = nginx, content = nginx, timer = nginx,
  server_rewrite = nginx, precontent = nginx, preread = nginx,
  ssl_cert = nginx, ssl_client_hello = nginx, ssl_session_fetch = nginx,
}

---The host for the phase we are in.
---@return table? host
---@return salon.Error? err  kind: phase
function nginx.pick()
  local phase = ngx.get_phase()
  local host = HOST_OF_PHASE[phase]
  if host then return host end
  return nil, Error.new {
    kind = "phase",
    message = "nginx cannot wait in its phase '" .. phase .. "'",
    hint = "make the call in a light thread: ngx.timer.at(0, function() ... end)",
  }
end

return nginx
