-- `make sandbox`: a sandbox in the foreground, until Ctrl-C. The environment
-- may set SANDBOX_OPENTALK and SANDBOX_MEET (a version, or "no"),
-- SANDBOX_ROOMS, SANDBOX_EVENTS and SANDBOX_LATENCY.

local function number(name) return tonumber(os.getenv(name) or "") end

local function version(name)
  local text = os.getenv(name)
  if text == "no" then return false end
  return text ~= "" and text or nil
end

local sandbox, message = require("salon.sandbox").start {
  opentalk = version "SANDBOX_OPENTALK", meet = version "SANDBOX_MEET",
  rooms = number "SANDBOX_ROOMS" or 250, events = number "SANDBOX_EVENTS" or 120,
  latency = number "SANDBOX_LATENCY",
}
if not sandbox then
  io.stderr:write("sandbox: ", message, "\n")
  os.exit(1)
end

-- "$name" and "$name.name" in a text become values.
local function fill(text, values, more)
  return (text:gsub("%$(%l[%w_.]*)", function(path)
    local value = values
    for name in path:gmatch("[^.]+") do value = type(value) == "table" and value[name] end
    value = value or more and more[path]
    return value and tostring(value)
  end))
end

if sandbox.opentalk then
  print(fill([[
OpenTalk $version   front end $url   controller $controller_url
  (TLS: $tls.url)
  issuer $issuer   client $client_id   user $username, password $password

token=$(curl -s -d grant_type=password -d client_id=$client_id -d scope=openid \
  -d username=$username -d password=$password \
  $issuer/protocol/openid-connect/token | jq -r .access_token)
curl -s -H "Authorization: Bearer $token" '$controller_url/v1/rooms?per_page=3' | jq .

local ot = require("salon").opentalk {
  url = "$url", client_id = "$client_id", username = "$username", password = "$password" }
for room in ot.rooms:each() do print(room.id) end

A device login (client Device) has no page to open; this confirms the code that it shows:
curl -s -H 'X-Sandbox-Key: $key' -d '{"code":"CODE","user":"$username"}' $control/decide

Three wrong passwords, or two within a second, lock an account for a minute.
]], sandbox.opentalk, { key = sandbox.control.key, control = sandbox.control.url }))
end

if sandbox.meet then
  print(fill([[
Meet $version   $url   (TLS: $tls.url)
  application $client_id, secret $client_secret, user $user

key=$(curl -s -H 'Content-Type: application/json' -d '{"client_id":"$client_id",
  "client_secret":"$client_secret","grant_type":"client_credentials","scope":"$user"}' \
  $url/external-api/v1.0/application/token/ | jq -r .access_token)
curl -s -H "Authorization: Bearer $key" $url/external-api/v1.0/rooms/ | jq .count

local meet = require("salon").meet {
  url = "$url", client_id = "$client_id", client_secret = "$client_secret", user = "$user" }
for room in meet.rooms:each() do print(room.join_url) end
]], sandbox.meet))
end

print "\nFor the scripts of doc/howto.md:"
for name, role in pairs { OPENTALK = sandbox.opentalk, MEET = sandbox.meet } do
  for _, field in ipairs { "url", "client_id", "client_secret", "username", "password", "user" } do
    if role and role[field] then print(("export %s_%s='%s'"):format(name, field:upper(), role[field])) end
  end
end
print("CA file " .. sandbox.ca_file .. "\nCtrl-C stops it.")
io.stdout:flush()

-- Ctrl-C ends the shell and this process goes on; when this process is killed, the
-- shell notices within a second, as the sandbox does.
os.execute(("while kill -0 %d; do sleep 1; done 2>/dev/null"):format(require("salon.core").pid()))
sandbox:stop()
