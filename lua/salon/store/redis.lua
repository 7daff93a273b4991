-- A store in Redis (2.6 and later, and what speaks like it): one login for many machines.
-- In nginx by lua-resty-redis, elsewhere by lua-redis (LuaRocks: redis-lua), which blocks.
--
-- A connection for each operation, as renewals are rare: nothing is shared between
-- light threads or with a child of fork. nginx keeps connections itself.

local Secrets = require "salon.internal.secrets"
local lower = require "salon.internal.lower"
local options = require "salon.internal.options"
local random = require "salon.internal.random"

local OPTIONS = {
  host = { "string", default = "127.0.0.1" },
  port = { "number", integer = true, min = 1, max = 65535, default = 6379 },
  username = options.NAME,
  password = options.PASSWORD,
  database = { "number", integer = true, min = 0 },
  prefix = { "string", default = "salon:" },
  timeout = { "number", above = 0, default = 2 },
}

local GET = "return redis.call('get', KEYS[1])"
local WRITE = [[
  if (redis.call('get', KEYS[1]) or '') ~= ARGV[3] then return 0 end
  redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
  return 1]]
local LOCK = "return redis.call('set', KEYS[1], ARGV[1], 'nx', 'px', ARGV[2]) and 1 or 0"
local UNLOCK = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0"

local POOLED = 60000  -- milliseconds that nginx keeps a connection nobody uses

local function find(name, other)
  local found, module = pcall(require, name)
  if not found and other then found, module = pcall(require, other) end
  return found and module or nil
end

local MISSING = "no module '%s': install %s"
local FOR_SCRIPTS = "redis-lua (LuaRocks)" .. (_VERSION:find "5%.[123]" and " or lua-redis (Debian)" or "")

local LOGIN = { "noauth", "wrongpass", "invalid password", "auth" }
local NOBODY = { "connection refused", "timeout", "timed out", "could not connect" }

-- What to do about what Redis, or the way there, said.
local function hint_of(message, given)
  message = lower(message)
  local function says(words)
    for _, word in ipairs(words) do
      if message:find(word, 1, true) then return true end
    end
  end
  if says(LOGIN) then return "check options 'password' and 'username' of salon.store.redis" end
  if says(NOBODY) then
    return ("is Redis running at %s:%d? Options 'host' and 'port' of salon.store.redis name the place")
      :format(given.host, given.port)
  end
end

-- A client asks one question: ask(given, password, script, key, ...) -> reply | nil, message

local function ask_in_nginx(resty, given, password, ...)
  local redis = resty:new()
  redis:set_timeout(given.timeout * 1000)
  -- Those who log in differently share no connection.
  local pool = ("%s:%d/%d %s"):format(given.host, given.port, given.database or 0,
    ngx.md5((given.username or "") .. "\0" .. (password or "")))
  local ok, message = redis:connect(given.host, given.port, { pool = pool })
  if ok and redis:get_reused_times() == 0 then
    if password and given.username then
      ok, message = redis:auth(given.username, password)
    elseif password then
      ok, message = redis:auth(password)
    end
    if ok and given.database then ok, message = redis:select(given.database) end
  end
  local reply
  if ok then reply, message = redis:eval(...) end
  if not reply then
    redis:close()
    return nil, message
  end
  redis:set_keepalive(POOLED)
  if reply ~= ngx.null then return reply end
end

local function ask_elsewhere(module, given, password, ...)
  local redis
  local ok, reply = pcall(function(...)
    redis = module.connect { host = given.host, port = given.port, timeout = given.timeout }
    if password and given.username then
      redis:auth(given.username, password)
    elseif password then
      redis:auth(password)
    end
    if given.database then redis:select(given.database) end
    return redis:eval(...)
  end, ...)
  if redis then redis.network.socket:close() end
  if ok then return reply end
  return nil, (tostring(reply):gsub("^.-:%d+: ", ""))
end

---@param given salon.RedisOptions
---@return salon.Store
local function redis(given)
  local checked = options.check("salon.store.redis", given or {}, OPTIONS)
  checked.password = options.hide(checked.password)
  local store = { name = ("redis %s:%d"):format(checked.host, checked.port) }
  local secrets = Secrets.new()

  local function ask(script, suffix, key, ...)
    local password, client, message
    if checked.password then
      password, message = options.reveal(checked.password, options.PASSWORD)
      if password == nil then return nil, "option 'password': " .. message end
      secrets:note("password", password)
    end
    local run, ngx = ask_elsewhere, rawget(_G, "ngx")
    if ngx and ngx.get_phase and ngx.get_phase() ~= "init" then
      run, client = ask_in_nginx, find("resty.redis", "nginx.redis")  -- the latter on Debian
      message = MISSING:format("resty.redis", "lua-resty-redis (Debian: lua-nginx-redis)")
    else
      client = find "redis"
      message = MISSING:format("redis", FOR_SCRIPTS)
    end
    if client == nil then return nil, message end
    local reply
    reply, message = run(client, checked, password, script, 1, checked.prefix .. key .. suffix, ...)
    if message == nil then return reply end
    return nil, secrets:striker()(message), hint_of(message, checked)  -- it may repeat what it does not know
  end

  local function yes(script, ...)
    local reply, message, hint = ask(script, ...)
    if reply == nil then return nil, message, hint end
    return reply == 1
  end

  local function milliseconds(ttl) return ("%d"):format(math.ceil(ttl * 1000)) end

  function store.read(key)
    local blob, message, hint = ask(GET, "", key)
    if blob == nil then return nil, message, hint end
    return blob, blob
  end

  function store.write(key, blob, ttl, version)
    return yes(WRITE, "", key, blob, milliseconds(ttl), version or "")
  end

  function store.lock(key, ttl)
    local fence = random(16)
    local got, message, hint = yes(LOCK, ":lock", key, fence, milliseconds(ttl))
    if got then return fence end
    return nil, message, hint
  end

  function store.unlock(key, fence)
    yes(UNLOCK, ":lock", key, fence)
  end

  return store
end

return redis
