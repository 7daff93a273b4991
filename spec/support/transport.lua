-- A transport without a network: replaces core.request, so that the decisions of the
-- Lua layer can be tested with any response. Requests are logged in order.

local core = require "salon.core"

local Transport = {}
Transport.__index = Transport

local Request = {}
Request.__index = Request

function Request.done() return true end
function Request.pending() return nil end
function Request.wait() return true end
function Request:close() self.closed = true end
function Request:id() return self.number end
function Request:cancel() self.cancelled = true end
function Request:method() return self.spec.method or "GET" end
function Request:url() return (self.full_url:gsub("[?#].*", "")) end
function Request:header(name) return self.headers[name:lower()] end
function Request:result()
  local safe = self:method() ~= "POST"
  if self.status then
    return self.status, self.body, 1, self.headers["x-request-id"], self.headers.date,
      self.status == 429 or safe and self.status >= 500, tonumber(self.headers["retry-after"])
  end
  local info = self.info
  if info.retryable == nil then
    info.retryable = info.kind ~= "tls" and (safe or info.outcome == "unsent")
  end
  return nil, info
end

-- Responses come from `answer(entry, n)` -> status, body, headers; or nil, info.
local function request_for(transport, spec, base, headers, token)
  local number = #transport.log + 1
  local url = base and assert(core.url(base, spec.parts, spec.query)) or spec.url
  local path, query = url:match("^%a+://[^/]+([^?]*)%??(.*)$")
  local entry = {
    method = spec.method or "GET", url = url, path = path, query = query,
    body = spec.body, token = token and token:reveal(), retry = spec.retry,
    headers = headers, deadline = spec.deadline, spec = spec,
  }
  transport.log[number] = entry
  local status, body, response_headers = transport.answer(entry, number)
  local self = setmetatable({ spec = spec, full_url = url, number = number, headers = {} }, Request)
  entry.request = self
  if status then
    self.status, self.body = status, body or ""
    for name, value in pairs(response_headers or {}) do self.headers[name:lower()] = value end
  else
    self.info = body
  end
  return self
end

---Replaces core.request until `remove`.
function Transport.install(answer)
  local self = setmetatable({ answer = answer, log = {},
    original = core.request, headers = core.headers }, Transport)
  core.headers = function(_, lines) return lines end
  core.request = function(client, ...)
    assert(not client:closed())
    return request_for(self, ...)
  end
  return self
end

function Transport:remove()
  core.request, core.headers = self.original, self.headers
end

---"GET /v1/rooms" of every request so far.
function Transport:lines()
  local lines = {}
  for i, entry in ipairs(self.log) do lines[i] = entry.method .. " " .. entry.path end
  return lines
end

return Transport
