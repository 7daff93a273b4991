-- `make sandbox`: a sandbox in the foreground, until Ctrl-C. The environment
-- may set SANDBOX_OPENTALK and SANDBOX_MEET (a version, or "no"),
-- SANDBOX_ROOMS, SANDBOX_EVENTS and SANDBOX_LATENCY.

local function fail(...)
  io.stderr:write("sandbox: ", ...)
  io.stderr:write "\n"
  os.exit(1)
end

local function number(name)
  local text = os.getenv(name) or ""
  return tonumber(text) or text ~= "" and fail(name, " must be a number, got '", text, "'") or nil
end

local function version(name)
  local text = os.getenv(name)
  if text == "no" then return false end
  return text ~= "" and text or nil
end

local ok, sandbox, message = pcall(require("salon.sandbox").start, {
  opentalk = version "SANDBOX_OPENTALK", meet = version "SANDBOX_MEET",
  rooms = number "SANDBOX_ROOMS" or 250, events = number "SANDBOX_EVENTS" or 120,
  latency = number "SANDBOX_LATENCY",
})
if not ok then fail(tostring(sandbox)) end  -- an option that it refuses
if not sandbox then fail(message) end

-- The meetings that the commands of doc/howto.md name; the first is far enough ahead for clean_up.lua.
local function put(title, starts, ends, pattern)
  sandbox:put("event", nil, { title = title, recurrence_pattern = pattern,
    starts_at = { datetime = starts, timezone = "Europe/Berlin" },
    ends_at = { datetime = ends, timezone = "Europe/Berlin" } })
end
if sandbox.opentalk then
  put("Budget round", "2099-01-14T09:00:00Z", "2099-01-14T10:00:00Z")
  put("Weekly", "2027-01-18T08:00:00Z", "2027-01-18T09:00:00Z", { "FREQ=WEEKLY" })
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

local salon = require "salon"
local ot = salon.opentalk(salon.environment "OPENTALK")     -- with the lines at the end
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

local salon = require "salon"
local meet = salon.meet(salon.environment "MEET")           -- with the lines at the end
for room in meet.rooms:each() do print(room.join_url) end
]], sandbox.meet))
end

print "For salon.environment and the scripts of doc/howto.md:\n"
for _, backend in ipairs { "opentalk", "meet" } do
  local lines = {}
  for name, value in pairs(sandbox[backend] and sandbox[backend].options or {}) do
    lines[#lines + 1] = ("export %s_%s='%s'\n"):format(backend:upper(), name:upper(), value)
  end
  table.sort(lines)
  io.write(table.concat(lines))
end
print("\nCA file " .. sandbox.ca_file .. "\nCtrl-C stops it.")
io.stdout:flush()

-- Ctrl-C ends the shell and this process goes on; when this process is killed, the
-- shell notices within a second, as the sandbox does.
os.execute(("while kill -0 %d; do sleep 1; done 2>/dev/null"):format(require("salon.core").pid()))
sandbox:stop()
