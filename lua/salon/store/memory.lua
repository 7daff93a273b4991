-- A store in the memory of this Lua state: one login for all clients that share it.

local core = require "salon.core"

---@return salon.Store
local function memory()
  local entries, locks = {}, {}
  local store = { name = "memory" }

  local function alive(list, key)
    local entry = list[key]
    if entry and entry.ends > core.now() then return entry end
    list[key] = nil
  end

  function store.read(key)
    local entry = alive(entries, key)
    if entry then return entry.blob, entry.blob end
  end

  function store.write(key, blob, ttl, version)
    if store.read(key) ~= version then return false end
    entries[key] = { blob = blob, ends = core.now() + ttl }
    return true
  end

  function store.lock(key, ttl)
    if alive(locks, key) then return nil end
    local fence = { ends = core.now() + ttl }
    locks[key] = fence
    return fence
  end

  function store.unlock(key, fence)
    if locks[key] == fence then locks[key] = nil end
  end

  return store
end

return memory
