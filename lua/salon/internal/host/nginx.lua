-- Waiting in nginx: the light thread sleeps on an ngx.semaphore until the
-- engine's I/O thread has finished its request; the worker serves others.
--
-- Per worker (per Lua state) one timer handler, the bell-ringer, reads wake-ups
-- from the mailbox's Unix socket and posts the semaphore of each finished
-- request. It lives while calls are in flight plus a second. A long timer,
-- fired at once as `premature` when the worker quits, tells it to go.
--
-- Not to break: a lost wake-up may cost time, never a hang. Everybody who waits
-- has a deadline of his own and then looks into the mailbox himself.

local semaphore = require "ngx.semaphore"
local Error = require "salon.internal.error"
local context = require "salon.internal.context"
local core = require "salon.core"

local FOREVER = 86400
local LINGER = 1          -- seconds without calls before the bell-ringer goes
local GRACE = 1           -- seconds past a deadline before one looks oneself
local WITHOUT_RINGER = 0.02  -- between looks while no bell-ringer can be had

local nginx = { name = "nginx", ahead = true }

-- The state of this worker. `bells` is weak: a light thread that is killed while
-- it waits takes its semaphore along.
local bells = setmetatable({}, { __mode = "v" })  -- request id -> semaphore
local spare = {}                                  -- semaphores at rest
local mailbox                                     -- this Lua state's, once needed
local ringer                                      -- { quit = semaphore } while one lives
local leaving = false                             -- the worker is quitting
local watch                                       -- true while the long timer is pending

-- Posts the semaphores of all finished requests.
local function deliver()
  local id = mailbox:take()
  while id do
    local bell = bells[id]
    if bell then
      bells[id] = nil
      bell:post(1)
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
  return next(bells) == nil and (leaving or mailbox:in_flight() == 0)
end

local function rest(me)
  if ringer == me then ringer = nil end
end

-- Without a bell-ringer nobody may sleep on: all look, and call a new one.
local function wake_all()
  for id, bell in pairs(bells) do
    bells[id] = nil
    bell:post(1)
  end
end

local function ring(premature, me)
  local socket = not premature and connect()
  if not socket then
    if not premature then ngx.sleep(WITHOUT_RINGER) end
    rest(me)
    return wake_all()
  end
  local reader = ngx.thread.spawn(read_wakeups, socket, me)
  local quiet = false  -- nothing was in flight at the last look
  repeat
    local before = quiet
    me.quit:wait(LINGER)
    quiet = idle()
  until me.broken or (quiet and (before or leaving))
  rest(me)
  if me.broken then wake_all() else ngx.thread.kill(reader) end
end

local function worker_quits(premature)
  watch = nil
  if premature then
    leaving = true
    if ringer then
      ringer.quit:post(1)
      ngx.sleep(0.001)  -- a post alone does not wake a worker that sleeps in epoll here
    end
  end
end

local function need_ringer()
  if ringer then return true end
  local me = { quit = semaphore.new(0) }
  if not ngx.timer.at(0, ring, me) then return false end
  ringer = me
  if not watch and not leaving then
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
    deliver()  -- else a walk that never has to wait leaves its news lying
    return true
  end
  local bell = table.remove(spare) or semaphore.new(0)
  local rung
  repeat
    bells[id] = bell
    rung = bell:wait(need_ringer() and math.min(left, FOREVER) + GRACE or WITHOUT_RINGER)
    if not rung then
      deliver()
      if core.now() > deadline + GRACE then request:cancel() end
    end
    local still
    still, left = request:pending()
  until not still
  bells[id] = nil
  if rung then spare[#spare + 1] = bell end  -- else a post may still be in it
  if leaving and ringer and next(bells) == nil then ringer.quit:post(1) end
  return true
end

-- One who waits at a gate: has a bell of his own, so that a scope can call him
-- away without the others.
local Waiter = {}
Waiter.__index = Waiter

function Waiter:cancel() self.bell:post(1) end

local Gate = {}
Gate.__index = Gate

---Waits until the gate is open.
---@param deadline number
---@return boolean open
---@return boolean? called  away, before it opened: by a scope
function Gate:wait(deadline)
  if self.is_open then return true end
  local waiter = setmetatable({ bell = semaphore.new(0) }, Waiter)
  self.waiting[waiter] = true
  context.enter(waiter)
  local rung
  repeat  -- nginx's clock is that of its last event: it may be early
    rung = waiter.bell:wait(math.min(math.max(deadline - core.now(), 0.001), FOREVER))
  until rung or core.now() >= deadline
  self.waiting[waiter] = nil
  return self.is_open, rung
end

function Gate:open()
  self.is_open = true
  for waiter in pairs(self.waiting) do waiter.bell:post(1) end
end

function nginx.gate()
  return setmetatable({ waiting = {}, is_open = false }, Gate)
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

---Frees what nginx keeps of a light thread that has ended until its parent asks.
---Only its parent may; the others' goes with the request.
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

-- nginx's init phase: nobody is served yet, blocking is fine. The master forks
-- next, so the I/O thread is stopped after every call and nothing flies ahead.
local starting = { name = "nginx init", ahead = false }

function starting.wait(request, deadline)
  while not request:wait(1) do
    if core.now() > deadline + GRACE then request:cancel() end
  end
  return true
end

starting.after = core.engine_stop
starting.gate = require("salon.internal.host.plain").gate

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
