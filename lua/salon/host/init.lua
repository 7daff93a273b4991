-- How to wait here. A host is a table of five:
--
--   wait(request, deadline) -> true | nil, err    until the request is finished
--   gate() -> { wait(self, deadline), open(self) }  for others' renewals
--   ahead                     may a request be in flight while the caller works?
--   after()                   called when a call is over; may be nil
--   name
--
-- The host is looked up when a call is made, not when a module loads: what is
-- loaded in nginx's init phase outlives that phase.

local plain = require "salon.host.plain"

local host = {}

---@param forced? "plain"|"nginx"
---@return table? host
---@return salon.Error? err  kind: phase
function host.pick(forced)
  if forced == "plain" then return plain end
  if forced == "nginx" or (ngx ~= nil and ngx.get_phase ~= nil) then
    return require("salon.host.nginx").pick()
  end
  return plain
end

return host
