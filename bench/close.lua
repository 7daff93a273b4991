-- Closes a Lua state with 100 transfers in flight, each on its own connection.
--
--   lua bench/close.lua BASE CA_FILE     prints core.now() just before it closes
--
-- BASE is a Meet that takes very long to answer.

local core = require "salon.core"

local client = core.client {
  label = "bench", proxy = "", ca_file = arg[2], http_version = "1.1",
}
local requests = {}
for i = 1, 100 do
  requests[i] = core.request(client, { url = arg[1] .. "/external-api/v1.0/rooms/" })
end
requests[1]:wait(1)  -- all are connected and sent by then
assert(core.mailbox():in_flight() == 100, "some transfers ended before the state did")
io.write(("%.6f\n"):format(core.now()))
io.stdout:flush()
os.exit(true, true)
