-- One request to a sandbox by the curl program, and tokens that it gives.

local cjson = require("cjson").new()
local wire = require("tools.conformance.wire")

local ask = {}

local FORM = "application/x-www-form-urlencoded"

---call: method ("GET", with a body "POST"), token, body and type ("json" and "form" are
---texts of those types), headers, more (options of curl). Returns { status, headers,
---body, json, code (of curl) }; without a response no status, but `said`: curl's output.
function ask.url(url, call)
  call = call or {}
  local headers = {}
  for name, value in pairs(call.headers or {}) do headers[name] = value end
  if call.token then headers.Authorization = "Bearer " .. call.token end
  local body = call.json or call.form or call.body
  if body then headers["Content-Type"] = call.type or call.json and "application/json" or FORM end
  local response, said, code = wire.send(url, { path = "", method = call.method or body and "POST",
    headers = headers, body = body, more = call.more })
  response = response or { said = said, headers = {}, body = "" }
  local good, value = pcall(cjson.decode, response.body)
  response.json, response.code = good and value, code
  return response
end

---A login at the sandbox's login service: the response.
function ask.login(sandbox, user)
  return ask.url(sandbox.opentalk.issuer .. "/protocol/openid-connect/token", {
    form = "grant_type=password&client_id=Frontend&scope=openid&password=throwaway-password&username="
      .. (user or "alice") })
end

function ask.opentalk_token(sandbox, user) return ask.login(sandbox, user).json.access_token end

function ask.meet_token(sandbox, user, application)
  return ask.url(sandbox.meet.url .. "/external-api/v1.0/application/token/", { json =
    ('{"client_id":"%s","client_secret":"throwaway-secret","grant_type":"client_credentials","scope":"%s"}')
      :format(application or "throwaway-app", user or "ada@example.org") }).json.access_token
end

return ask
