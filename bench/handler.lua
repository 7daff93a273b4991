-- The handlers under test, as bench/front.conf uses them: each shows a room's
-- link after one call, `empty` without any.

local core = require "salon.core"
local salon = require "salon"

local handler = {}

local JOIN_URL = "https://meet.example.org/abc-defg-hij"

local id
local clients = {}  -- name -> client
local targets = {}  -- name -> { port, tls, request }

-- An HTTP/1.1 request as text, for who does everything by hand.
local function plain_text(target, path)
  return ("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
    .. "Accept: application/json\r\n\r\n"):format(path, target.port, target.token)
end

---Prepares all ways. settings: room id, path of the call, ca_file, targets (name ->
---{ port, tls, token, ceiling, login }; login: "alone", "shared": log in there, the latter
---with the store of all workers, instead of sending the token).
function handler.open(settings)
  id = settings.id
  for name, target in pairs(settings.targets) do
    target.request = plain_text(target, settings.call)
    targets[name] = target
    local options = {
      url = ("%s://localhost:%d"):format(target.tls and "https" or "http", target.port),
      ca_file = settings.ca_file, proxy = "", timeout = 60, max_per_origin = target.ceiling,
    }
    if target.login then
      options.client_id, options.client_secret, options.user = "bench", "throwaway", "ada@example.org"
      options.store = target.login == "shared" and salon.store.shdict "logins" or nil
    else
      options.token = target.token
    end
    clients[name] = salon.meet(options)
  end
end

local function fail(message)
  ngx.log(ngx.ERR, message)
  return ngx.exit(502)
end

---Through salon.
function handler.salon(name)
  local room, err = clients[name].rooms:get(id)
  if not room then return fail(tostring(err)) end
  ngx.say(room.join_url)
end

---HTTP/1.1 by hand on nginx's own sockets, kept alive, and nothing else.
function handler.cosocket(name)
  local target = targets[name]
  local socket = ngx.socket.tcp()
  local ok, message = socket:connect("127.0.0.1", target.port)
  if ok and target.tls and socket:getreusedtimes() == 0 then
    ok, message = socket:sslhandshake(nil, "localhost", true)
  end
  if not ok then return fail(message) end
  ok, message = socket:send(target.request)
  if not ok then return fail(message) end
  local head, body
  head, message = socket:receiveuntil("\r\n\r\n")()
  if not head then return fail(message) end
  if not head:find("^HTTP/1.1 200") then return fail(head) end
  body, message = socket:receive(tonumber(head:match "\r\nContent%-Length: (%d+)"))
  if not body then return fail(message) end
  socket:setkeepalive(60000, 1024)
  ngx.print(body)
end

---No call at all.
function handler.empty() ngx.say(JOIN_URL) end

---How many calls this worker has under way.
function handler.pending()
  ngx.say(core.mailbox():in_flight())
end

return handler
