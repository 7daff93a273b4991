-- A store in a shared dictionary of nginx: one login for all workers.
--
-- A dictionary cannot compare and write in one step: a write holds a name meanwhile.
-- That is free again soon, in case a worker dies between the two.

local core = require "salon.core"

local HELD = 5  -- seconds

local made = 0

-- nil and a message for what the dictionary could not do.
local function outcome(done, message)
  if done then return true end
  return nil, message == "no memory" and "it is full: make lua_shared_dict larger" or message
end

-- The lock of a worker that has died, for one of those who ask: who is first to mark it.
local function inherit(dict, name, fence, ttl)
  local held = dict:get(name)
  if held == nil or core.runs(tonumber(held:match "^%d+")) then return nil end
  local mark = name .. " of " .. held
  if not dict:safe_add(mark, true, ttl) then return nil end
  local done, message = dict:safe_set(name, fence, ttl)
  if done then return fence end
  dict:delete(mark)
  return outcome(nil, message)
end

---@param name string  of a `lua_shared_dict`
---@return salon.Store
local function shdict(name)
  local ngx = rawget(_G, "ngx")  -- globals may be strict
  local dict = ngx and ngx.shared and ngx.shared[name]
  if dict == nil then
    error(("salon.store.shdict: %s"):format(ngx
      and ("nginx.conf has no lua_shared_dict '%s': add `lua_shared_dict %s 1m;` to the http block")
        :format(tostring(name), tostring(name))
      or "this is not nginx: use salon.store.file"), 2)
  end
  local store = { name = "lua_shared_dict " .. name }

  function store.read(key)
    local blob, message = dict:get(key)
    if type(message) == "string" then return nil, message end
    return blob, blob
  end

  function store.write(key, blob, ttl, version)
    local held, message = dict:safe_add(key .. " write", true, HELD)
    if message == "exists" then return false end
    if not held then return outcome(nil, message) end
    local done = dict:get(key) == version
    if done then done, message = outcome(dict:safe_set(key, blob, ttl)) end
    dict:delete(key .. " write")
    return done, message
  end

  function store.lock(key, ttl)
    made = made + 1
    local fence = ngx.worker.pid() .. "-" .. made .. "-" .. ngx.now()
    local first, message = dict:safe_add(key .. " lock", fence, ttl)
    if first then return fence end
    if message == "exists" then return inherit(dict, key .. " lock", fence, ttl) end
    return outcome(nil, message)
  end

  -- Not in one step either: who lost the lock this very moment takes another's away,
  -- whose write still counts.
  function store.unlock(key, fence)
    if dict:get(key .. " lock") == fence then dict:delete(key .. " lock") end
  end

  return store
end

return shdict
