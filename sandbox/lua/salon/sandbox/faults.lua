-- Faults on demand. A fault has a route ("GET /v1/rooms": method and the
-- beginning of the path; "*" any method), a kind, how many requests it hits (count)
-- and how many matching ones pass before (skip). doc/sandbox.md lists the
-- kinds, init.lua their parameters.

local shell = require "salon.sandbox.shell"

local faults = {}

local list = {}

-- kind -> function(request, fault): before the work. It may return a response,
-- or "cut" and "reset": the connection ends. nil lets the request pass.
local BEFORE = {}

-- kind -> function(request, fault, response): after the work. It may change the
-- response, return another one, "cut" or "reset", or send by itself and return "sent".
local AFTER = {}

local function page(status, title)
  return { status = status, headers = { ["Content-Type"] = "text/html" },
    body = ("<html>\r\n<head><title>%d %s</title></head>\r\n</html>\r\n"):format(status, title) }
end

-- Pages of a proxy in front: neither server sends them itself.
-- retry_after: seconds, or the header's text; in_date: seconds from now as a date.
local function busy(status, title, default)
  return function(_, fault)
    local response = page(status, title)
    local text = fault.retry_after or default
    if fault.in_date then text = ngx.http_time(math.floor(ngx.now()) + fault.in_date) end
    response.headers["Retry-After"] = text and tostring(text)
    return response
  end
end

BEFORE["429"] = busy(429, "Too Many Requests", 1)
BEFORE["503"] = busy(503, "Service Unavailable")
BEFORE["502"] = busy(502, "Bad Gateway")
AFTER["500"] = function() return page(500, "Internal Server Error") end

function BEFORE.latency(_, fault) ngx.sleep(fault.seconds or 1) end

-- A refused token, for a reason that the two systems have messages for.
BEFORE["401"] = function(request, fault) request.refusal = fault.reason or "expired" end
function BEFORE.expired(request) request.refusal = "expired" end

-- Lists: links that name another host, or this very page; one entry more before.
function BEFORE.link_host(request, fault) request.link_host = fault.host or "wrong.example:81" end
function BEFORE.same_link(request) request.same_link = true end
function BEFORE.moved(request, fault) request.moved = fault.by or 1 end

-- The connection ends without a response; worked: after the work was done.
for _, kind in ipairs { "cut", "reset" } do
  BEFORE[kind] = function(_, fault) return not fault.worked and not fault.at and kind or nil end
end
function AFTER.reset() return "reset" end

local function send_raw(text)
  local socket = ngx.req.http_version() < 2 and ngx.req.socket(true)
  if not socket then return "cut" end    -- HTTP/2 frames are nginx's own
  socket:send(text)
  return "sent"
end

-- Status line and headers as text; length: what Content-Length says.
local function head_of(response, length)
  local lines = { "HTTP/1.1 " .. response.status .. " Sandbox", "Connection: close", "Content-Length: " .. length }
  for name, value in pairs(response.headers) do lines[#lines + 1] = name .. ": " .. value end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

-- at: bytes of the body that are still sent.
function AFTER.cut(_, fault, response)
  if not fault.at then return "cut" end
  return send_raw(head_of(response, #response.body) .. response.body:sub(1, fault.at))
end

-- by: how many bytes Content-Length is too large (or too small).
function AFTER.length(_, fault, response)
  return send_raw(head_of(response, #response.body + (fault.by or 10)) .. response.body)
end

function AFTER.header(_, fault, response)
  local padding = ("x"):rep(fault.size or 10 * 1024 * 1024)
  return send_raw((head_of(response, #response.body):gsub("\r\n\r\n$", "\r\nX-Padding: ")) .. padding
    .. "\r\n\r\n" .. response.body)
end

function AFTER.noise() return send_raw("\0\1\2salon\255\254 this is no HTTP\r\n\r\n") end

-- The right headers, and a body that is not JSON.
function AFTER.garbage(_, _, response) response.body = '{"id": "6f1d7a52", ' .. "\0\255\254\1 }]" end

-- seconds: how long the body takes, in ten pieces.
function AFTER.slow(_, fault, response)
  ngx.status = response.status
  for name, value in pairs(response.headers) do ngx.header[name] = value end
  ngx.header["Content-Length"] = #response.body
  local size = math.ceil(#response.body / 10)
  for at = 1, #response.body, math.max(1, size) do
    ngx.sleep((fault.seconds or 1) / 10)
    ngx.print(response.body:sub(at, at + size - 1))
    ngx.flush(true)
  end
  return "sent"
end

-- size: bytes of the body when unpacked.
function AFTER.bomb(_, fault, response)
  response.headers["Content-Encoding"], response.body = "gzip", fault.packed
end

-- All kinds, for messages.
local function kinds()
  local names, seen = {}, {}
  for _, part in ipairs { BEFORE, AFTER } do
    for kind in pairs(part) do
      if not seen[kind] then names[#names + 1] = kind end
      seen[kind] = true
    end
  end
  table.sort(names)
  return table.concat(names, ", ")
end

---Adds a fault; a message when there is no such kind.
function faults.add(fault)
  if not BEFORE[fault.kind] and not AFTER[fault.kind] then
    return ("unknown kind of fault: %s; there are %s"):format(tostring(fault.kind), kinds())
  end
  local reason = fault.reason
  if reason and not require("salon.sandbox.opentalk.users").refusals[reason]
    and not require("salon.sandbox.meet").refusals[reason] then
    return "unknown reason: " .. reason
  end
  fault.count, fault.skip = fault.count or 1, fault.skip or 0
  fault.method, fault.path = fault.route:match("^(%S+) (%S+)$")
  if fault.kind == "bomb" then
    fault.packed = shell.run(("head -c %d /dev/zero | gzip -c"):format(fault.size or 64 * 1024 * 1024))
  end
  list[#list + 1] = fault
end

function faults.clear() list = {} end

---The fault for this request, if any.
function faults.due(request)
  for i, fault in ipairs(list) do
    if (fault.method == "*" or fault.method == request.method)
      and request.path:sub(1, #fault.path) == fault.path then
      if fault.skip > 0 then
        fault.skip = fault.skip - 1
      else
        fault.count = fault.count - 1
        if fault.count <= 0 then table.remove(list, i) end
        return fault
      end
    end
  end
end

local function copy(response)
  local new = {}
  for key, value in pairs(response) do new[key] = value end
  new.headers, new.body = {}, response.body or ""
  for name, value in pairs(response.headers) do new.headers[name] = value end
  return new
end

---Runs `work` under a fault; the response to send, or "cut", "reset", "sent".
function faults.run(request, fault, work)
  local before, after = BEFORE[fault.kind], AFTER[fault.kind]
  local response = before and before(request, fault)
  if response then return response end
  response = copy(work(request))    -- responses of lists are shared
  return after and after(request, fault, response) or response
end

return faults
