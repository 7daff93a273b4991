-- One call at the control port of a sandbox, over salon's own engine.

local core = require "salon.core"

local client

---Sends `values`; returns the answer as a table, or nil and a message.
return function(control, name, values)
  client = client or core.client { label = "sandbox", proxy = "", timeout = 30 }
  local request = core.request(client, {
    method = "POST", url = control.url .. "/" .. name, retry = "never",
    headers = { "Content-Type: application/json", "X-Sandbox-Key: " .. control.key },
    body = core.encode(values), deadline = core.now() + 30,
  })
  while not request:done() do request:wait(30) end
  local status, body = request:result()
  if not status then return nil, body.message end
  if status ~= 200 then return nil, "the control port answered " .. status end
  return core.normalise(require("cjson").new().decode(body))
end
