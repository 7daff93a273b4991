-- The handler under test, as bench/front.conf uses it: one call per request.

local core = require "salon.core"
local salon = require "salon"

local handler = {}

local clients = {}

---Makes a client per backend. ports: name -> port.
function handler.open(ports, token)
  for name, port in pairs(ports) do
    clients[name] = salon.meet {
      url = "http://127.0.0.1:" .. port, token = token, proxy = "",
      timeout = 60, max_per_origin = 1024, max_in_flight = 4096,
    }
  end
end

---Shows a room's link.
function handler.show(name, id)
  local room, err = clients[name].rooms:get(id)
  if not room then
    ngx.log(ngx.ERR, tostring(err))
    return ngx.exit(502)
  end
  ngx.say(room.join_url)
end

---How many calls this worker has under way.
function handler.pending()
  ngx.say(core.mailbox():in_flight())
end

return handler
