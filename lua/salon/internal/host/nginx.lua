-- Waiting in nginx: the light thread sleeps on an ngx.semaphore until the
-- engine's I/O thread has finished its request; the worker serves others.
--
-- Per worker (per Lua state) one timer handler, the reader, takes wake-ups from
-- the mailbox's Unix socket and posts the semaphore of each finished request. It
-- lives while calls are in flight plus a second. A long timer, which nginx fires
-- at once as `premature` when the worker quits, ends it.
--
-- Not to break: a lost wake-up may cost time, never a hang. Each waiter has a
-- deadline of its own and then reads the mailbox itself.

local semaphore = require "ngx.semaphore"
local Error = require "salon.internal.error"
local context = require "salon.internal.context"
local core = require "salon.core"

local FOREVER = 86400
local LINGER = 1          -- seconds without calls before the reader ends
local GRACE = 1           -- seconds past a deadline before a waiter reads the mailbox itself
local WITHOUT_READER = 0.02  -- seconds between two looks while there is no reader

local nginx = { name = "nginx", ahead = true }

-- The state of this worker. Weak, as a light thread that is killed while it waits
-- never takes its semaphore out.
local semaphores = setmetatable({}, { __mode = "v" })  -- request id -> semaphore
local spare = {}      -- semaphores that nobody waits on
local mailbox         -- this Lua state's, once needed
local reader          -- { quit = semaphore } while one runs
local quitting = false  -- the worker is quitting
local watch           -- true while the long timer is pending

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

local function idle()
  return next(semaphores) == nil and (quitting or mailbox:in_flight() == 0)
end

local function unregister(me)
  if reader == me then reader = nil end
end

-- Without a reader nobody may sleep on: all look, and the next one starts another.
local function wake_all()
  for id, found in pairs(semaphores) do
    semaphores[id] = nil
    found:post(1)
  end
end

local function run_reader(premature, me)
  local socket = not premature and connect()
  if not socket then
    if not premature then ngx.sleep(WITHOUT_READER) end
    unregister(me)
    return wake_all()
  end
  local thread = ngx.thread.spawn(read_wakeups, socket, me)
  local quiet = false  -- nothing was in flight at the last look
  repeat
    local before = quiet
    me.quit:wait(LINGER)
    quiet = idle()
  until me.broken or (quiet and (before or quitting))
  unregister(me)
  if me.broken then wake_all() else ngx.thread.kill(thread) end
end

local function worker_quits(premature)
  watch = nil
  if premature then
    quitting = true
    if reader then
      reader.quit:post(1)
      ngx.sleep(0.001)  -- a post alone does not wake a worker that sleeps in epoll here
    end
  end
end

local function need_reader()
  if reader then return true end
  local me = { quit = semaphore.new(0) }
  if not ngx.timer.at(0, run_reader, me) then return false end
  reader = me
  if not watch and not quitting then
    watch = ngx.timer.at(FOREVER, worker_quits) and true or nil
  end
  return true
end

---@param request salon.Request
---@param deadline number
---@return true
function nginx.wait(request, deadline)
  mailbox = mailbox or core.mailbox()  -- first: it keeps only what finishes later
  local id, left = request:pending()
  if id == nil then
    deliver()  -- else they pile up behind a walk that never has to wait
    return true
  end
  local own = table.remove(spare) or semaphore.new(0)
  local posted
  repeat
    semaphores[id] = own
    posted = own:wait(need_reader() and math.min(left, FOREVER) + GRACE or WITHOUT_READER)
    if not posted then
      deliver()
      if core.now() > deadline + GRACE then request:cancel() end
    end
    local still
    still, left = request:pending()
  until not still
  semaphores[id] = nil
  if posted then spare[#spare + 1] = own end  -- else a post may still be in it
  if quitting and reader and next(semaphores) == nil then reader.quit:post(1) end
  return true
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
  for waiter in pairs(self.waiting) do waiter.semaphore:post(1) end
end

function nginx.latch()
  return setmetatable({ waiting = {}, is_open = false }, Latch)
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
---@return boolean started  false: nginx has no timer left for it
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
local starting = { name = "nginx init", ahead = false }

function starting.wait(request, deadline)
  while not request:wait(1) do
    if core.now() > deadline + GRACE then request:cancel() end
  end
  return true
end

starting.after = core.engine_stop
starting.latch = require("salon.internal.host.plain").latch

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
