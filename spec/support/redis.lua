-- A Redis for the specs: a real one, on a free port, with a password.

local core = require "salon.core"
local support = require "spec.support"

local redis = {}
redis.__index = redis

-- Debian has lua-redis for all but Lua 5.4, which can read that for 5.3.
package.path = package.path .. ";/usr/share/lua/5.3/?.lua"

redis.PASSWORD = "throwaway-redis-password"

---more: further options, in place of the password.
function redis.start(port, more)
  local self = setmetatable({ folder = support.folder(), port = port or support.free_ports()() }, redis)
  local output, status = support.run(([[redis-server --port %d --bind 127.0.0.1 --save '' --appendonly no
    --dir %s --pidfile %s/pid --daemonize yes %s]]):gsub("\n", " "):format(self.port,
    self.folder, self.folder, more or "--requirepass " .. redis.PASSWORD))
  assert(status == 0, output)
  for _ = 1, 500 do
    if self:ask("ping"):find "PONG" then break end
    core.sleep(0.02)
  end
  self.pid = assert(support.read(self.folder .. "/pid"):match "%d+")
  return self
end

function redis:ask(command)
  return (support.run(("redis-cli --no-auth-warning -a %s -p %d %s"):format(redis.PASSWORD, self.port, command)))
end

function redis:stop()
  self:ask "shutdown nosave"
  support.gone(self.pid)
  support.remove(self.folder)
end

return redis
