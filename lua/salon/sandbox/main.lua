-- `make sandbox`: a sandbox in the foreground, until Ctrl-C. The environment
-- may set SANDBOX_OPENTALK and SANDBOX_MEET (a version), SANDBOX_ROOMS,
-- SANDBOX_EVENTS and SANDBOX_LATENCY.

local function number(name) return tonumber(os.getenv(name) or "") end

local sandbox, message = require("salon.sandbox").start {
  opentalk = os.getenv "SANDBOX_OPENTALK", meet = os.getenv "SANDBOX_MEET",
  rooms = number "SANDBOX_ROOMS" or 250, events = number "SANDBOX_EVENTS" or 120,
  latency = number "SANDBOX_LATENCY",
}
if not sandbox then
  io.stderr:write("sandbox: ", message, "\n")
  os.exit(1)
end

local ot, meet = sandbox.opentalk, sandbox.meet
print(([[
OpenTalk %s  front end %s   controller %s
             (TLS: %s)
             issuer %s  client %s
             user %s, password %s
Meet %s     %s   (TLS: %s)
             application %s, secret %s, user %s
CA file      %s

token=$(curl -s -d grant_type=password -d client_id=%s -d scope=openid \
  -d username=%s -d password=%s \
  %s/protocol/openid-connect/token | jq -r .access_token)
curl -s -H "Authorization: Bearer $token" '%s/v1/rooms?per_page=3' | jq .

local ot = require("salon").opentalk {
  url = "%s", client_id = "%s", username = "%s", password = "%s" }
for room in ot.rooms:each() do print(room.id) end

Ctrl-C stops it.]]):format(
  ot.version, ot.url, ot.controller_url, ot.tls.url, ot.issuer, ot.client_id,
  ot.username, ot.password, meet.version, meet.url, meet.tls.url, meet.client_id,
  meet.client_secret, meet.user, sandbox.ca_file,
  ot.client_id, ot.username, ot.password, ot.issuer, ot.controller_url,
  ot.url, ot.client_id, ot.username, ot.password))
io.stdout:flush()

os.execute("sleep 2147483647")
sandbox:stop()
