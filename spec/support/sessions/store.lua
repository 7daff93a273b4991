-- A store as the processes and workers of a run use it: says who has the lock.
-- The file PIPE.locked holds the seconds after which others get it, if that is sooner.

local salon = require "salon"

return function(kind, where, pipe, pid)
  if kind == "redis" then
    package.path = package.path .. ";/usr/share/lua/5.3/?.lua"  -- see spec/support/redis.lua
    local port, password = where:match "^(%d+) (%S+)$"
    where = { port = tonumber(port), password = password }
  end
  local inner, store = salon.store[kind](where), {}
  for name, value in pairs(inner) do store[name] = value end
  function store.lock(key, ttl)
    local file = assert(io.open(pipe .. ".locked"))
    local fence, message = inner.lock(key, math.min(ttl, file:read "*n"))
    file:close()
    if fence then
      file = assert(io.open(pipe, "a"))
      file:write("locked ", pid, "\n")
      file:close()
    end
    return fence, message
  end
  return store
end
