-- The errors of calls: a transfer that failed, a response that says no, a success that
-- is not what the API promises. No secret enters: texts of a server pass a striker.

local Error = require "salon.internal.error"
local error_body = require "salon.internal.error_body"
local hints = require "salon.internal.hints"
local json = require "salon.internal.json"

local failures = {}

local BODY_KEPT = 2048
local MESSAGE_KEPT = 1000

local function kept_body(body, strike)
  return body ~= "" and strike(body, BODY_KEPT) or nil
end

local function line(text, strike)
  -- once more, as line ends become blanks: those of a secret, perhaps
  local shown = text and strike(Error.one_line(strike(text, MESSAGE_KEPT)), MESSAGE_KEPT)
  return shown ~= "" and shown or nil
end

-- What every error of a call tells about its request. Of the URL only a whole segment of
-- the path can be a secret; hints are found by the URL as it is.
local function new(request, strike, fields)
  local url = request:url()
  local origin, path = url:match("^(%a+://[^/]*)(.*)$")
  fields.method = request:method()
  fields.url = origin .. path:gsub("[^/]+", function(segment)
    return strike(segment) == "***" and "***" or nil
  end)
  local err = Error.new(fields)
  hints.urls[err] = url
  return err
end

local LOOK_FIRST = "the server may have carried it out: look before repeating it"

local TRANSPORT_HINTS = {
  network = "check the address, the network and that the server runs",
  tls = "the certificate must be valid for this name and known here; "
    .. "for an authority of your own set 'ca_file'",
  timeout = "set '%s' (seconds) if the server needs longer",
}

local SLOW = "check the address and the network, or set %s (seconds) if connecting takes longer"

-- Where the cause is known by what was said.
local CAUSES = {
  { "(connect_timeout)", SLOW:format "'connect_timeout'" },
  { "timed out while resolving", SLOW:format "'connect_timeout' and 'timeout'" },
  { "timed out while connecting", SLOW:format "'connect_timeout' and 'timeout'" },
  { "timed out during the TLS handshake", SLOW:format "'connect_timeout' and 'timeout'" },
  { "this port speaks no TLS", "write http:// if the server speaks no TLS, or give its TLS port" },
  { "the client's certificate", "check 'client_cert', 'client_key' and 'client_key_password': they "
    .. "must belong together" },
  { "the proxy refused", "check 'proxy', its user and password, and whether it allows this server" },
}

local function transport_hint(info)
  for _, cause in ipairs(CAUSES) do
    if info.message:find(cause[1], 1, true) then return cause[2] end
  end
  if info.kind == "network" or info.kind == "timeout" then
    if info.outcome ~= "unsent" and not info.retryable then return LOOK_FIRST end
  end
  local hint = TRANSPORT_HINTS[info.kind]
  return hint and hint:format(info.message:match "%(([%l_]+_timeout)%)$" or "timeout")
end

---No usable response came: what `request:result()` says about it.
---@param request salon.Request
---@param info table
---@param strike fun(text: string, most?: integer): string
---@return salon.Error
function failures.transport(request, info, strike)
  return new(request, strike, {
    kind = info.kind,
    message = strike(info.message),
    status = info.status,
    attempts = info.attempts,
    outcome = info.outcome,
    retryable = info.retryable,
    hint = transport_hint(info),
  })
end

local REASONS = {
  [301] = "moved", [302] = "redirect", [303] = "redirect", [304] = "not modified",
  [307] = "redirect", [308] = "redirect",
  [400] = "bad request", [401] = "not authenticated",
  [403] = "no permission, or no such thing", [404] = "not found",
  [405] = "method not allowed", [406] = "not acceptable", [408] = "request timed out",
  [409] = "conflict", [413] = "too large", [415] = "unsupported media type",
  [422] = "values refused", [429] = "too many requests", [431] = "header too large",
  [500] = "server error", [502] = "bad gateway", [503] = "service unavailable",
  [504] = "gateway timed out",
}

local STATUS_HINTS = {
  [413] = "a proxy or the server limits the size of requests",
  [429] = "wait before asking again",
  [502] = "the proxy in front of the server could not reach it",
  [503] = "the server or the proxy in front of it is overloaded or down; try later",
  [504] = "the proxy in front of the server gave up waiting",
}

local function path_of(url)
  return (url:gsub("^[A-Za-z][A-Za-z0-9+.-]*://[^/]*", ""):gsub("[?#].*", ""))
end

local function redirect_hint(location, url, strike)
  if location and path_of(location) == path_of(url) .. "/" then
    return "the path lacks the slash at its end"
  end
  return "salon follows no redirects" .. (location and " (this one leads to "
    .. Error.short_url(strike(location):gsub("[?#].*", ""):gsub("//[^/]*@", "//")) .. ")" or "")
    .. ": give the final https:// address in the options"
end

local function status_hint(status, shape, location, url, strike)
  if status >= 300 and status < 400 then return redirect_hint(location, url, strike) end
  if status >= 520 and status <= 530 then
    return "the server behind the proxy has trouble: try later, or ask its operator"
  end
  if STATUS_HINTS[status] then return STATUS_HINTS[status] end
  if shape == "html" and status == 404 then
    return "a web page answered, not the API: check the address in the options"
  end
end

-- Some refusals have no body and say why in this header (OpenID's userinfo).
local function read_challenge(header)
  if header == nil then return nil end
  return header:match('error="([^"]*)"'), header:match('error_description="([^"]*)"')
end

---The server answered with a status that is no success.
---@param response table  of the session, with the request's `retryable` and `retry_after`
---@param strike fun(text: string, most?: integer): string
---@return salon.Error
---@return string shape  of the body
function failures.response(response, strike)
  local request, status, body = response.request, response.status, response.body
  local kept = kept_body(body, strike)
  -- what is cut out of a text is struck before: half a secret would not be recognised as one
  local code, message, fields, shape = error_body.read(json.shape(body) == "html" and kept or body)
  if shape == "empty" then
    local challenge = request:header("WWW-Authenticate")
    code, message = read_challenge(challenge and strike(challenge))
  end
  local function struck(text) return line(text, strike) end
  for _, field in ipairs(fields or {}) do
    for name, text in pairs(field) do field[name] = struck(text) end
  end
  return new(request, strike, {
    kind = status == 401 and "auth" or "http",
    status = status,
    code = struck(code),
    message = struck(message) or REASONS[status] or "unexpected response",
    fields = fields,
    attempts = response.attempts,
    outcome = "done",
    retryable = response.retryable,
    hint = status_hint(status, shape, request:header("Location"), request:url(), strike),
    request_id = struck(request:header("x-request-id")),
    retry_after = response.retry_after,
    body = kept,
  }), shape
end

---A success whose body is not what the API promises. It may hold what gives access: codes,
---passwords, PINs. So only a web page is shown.
---@param response table  of the session
---@param message string
---@param strike fun(text: string, most?: integer): string
---@return salon.Error
function failures.decode(response, message, strike)
  local html = json.shape(response.body) == "html"
  return new(response.request, strike, {
    kind = "decode",
    status = response.status,
    message = strike(message),
    attempts = response.attempts,
    outcome = "done",
    hint = html and "a web page came instead of the API's answer: "
      .. "the address is wrong, or a proxy does not route the API" or nil,
    request_id = line(response.request:header("x-request-id"), strike),
    body = html and kept_body(response.body, strike) or nil,
  })
end

return failures
