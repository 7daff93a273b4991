-- What json.c does with the bytes of each input, as the body of a refusal and as JSON.

local core = require "salon.core"
local Error = require "salon.internal.error"
local error_body = require "salon.internal.error_body"
local failures = require "salon.internal.failures"
local json = require "salon.internal.json"
local Secrets = require "salon.internal.secrets"

local SECRETS = { "hunter2-secret", 'a"b&c %' }

local secrets = Secrets.new()
for i, secret in ipairs(SECRETS) do secrets:note("option " .. i, secret) end
local strike = secrets:striker()

local SHAPES = { object = true, array = true, html = true, empty = true, text = true }

local function optional_text(value)
  assert(value == nil or type(value) == "string", "neither text nor nil")
end

local function check_error_body(body)
  local code, message, fields, shape = error_body.read(body)
  assert(SHAPES[shape], shape)
  optional_text(code)
  optional_text(message)
  if fields == nil then return end
  assert(#fields > 0 and #fields <= 100, "a wrong number of fields")
  for _, field in ipairs(fields) do
    for _, name in ipairs { "field", "code", "message" } do optional_text(field[name]) end
  end
end

local function hides_secrets(value)
  if type(value) == "table" then
    for _, member in pairs(value) do hides_secrets(member) end
  elseif type(value) == "string" then
    for _, secret in ipairs(SECRETS) do assert(not value:find(secret, 1, true), "a secret is shown") end
  end
end

local request = {}
function request:method() return "GET" end
function request:url() return "https://meet.example/x" end
function request:header(name) return self[name] end

local function check_error(body)
  local first_line = Error.one_line(body:match "^[^\n]*")
  local response = {
    request = setmetatable({ Location = first_line, ["x-request-id"] = first_line,
      ["WWW-Authenticate"] = first_line }, { __index = request }),
    status = 300 + #body % 300, body = body, attempts = 1, retryable = false,
  }
  local err = failures.response(response, strike)
  hides_secrets(err)
  hides_secrets(tostring(err))
  assert(not tostring(err):find "\n", "more than one line")
end

-- What was read is written so that it reads the same.
local function check_round_trip(text)
  local value, why = json.decode(text)
  if value == nil then
    assert(type(why) == "string", "no message")
    return
  end
  local written = json.encode(value)
  local again, problem = json.decode(written)
  assert(again, problem)
  assert(json.encode(again) == written, "changes when it is read again")
  core.encode(value)
end

return function(bytes)
  check_error_body(bytes)
  check_error(bytes)
  check_round_trip(bytes)
end
