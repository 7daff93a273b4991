-- One process of a run: for each line that it reads it makes its calls, 25 at a time (the
-- queue of a listening socket is short).

local pid, pipe, kind, where, url, issuer, calls = (table.unpack or unpack)(arg)  -- luacheck: ignore
local salon = require "salon"
local store = require "spec.support.sessions.store" (kind, where, pipe, pid)
local client = salon.opentalk { controller_url = url, issuer = issuer, client_id = "Frontend",
  username = "alice", password = "throwaway-password", store = store, timeout = 60 }

local numbers = {}
for i = 1, tonumber(calls) do numbers[i] = i end

for _ in io.lines() do
  local failed, last = 0, ""
  for _, _, err in salon.map(numbers, function() return client.rooms:list { per_page = 1 } end,
    { on_error = "collect", concurrency = 25 }) do
    if err then failed, last = failed + 1, tostring(err) end
  end
  local file = assert(io.open(pipe, "a"))
  file:write("done ", pid, " ", failed, " ", last, "\n")
  file:close()
end
