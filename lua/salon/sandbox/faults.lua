-- Misbehaviour on order. A fault has a route ("GET /v1/rooms": method and the
-- beginning of the path; "*" any method), a kind, how often it comes (count)
-- and how many fitting requests pass before (skip).

local faults = {}

local list = {}

-- kind -> function(request, fault) -> answer; nil lets the request pass on.
local KINDS = {}

local function page(status, title)
  return { status = status, headers = { ["Content-Type"] = "text/html" },
    body = ("<html>\r\n<head><title>%d %s</title></head>\r\n</html>\r\n"):format(status, title) }
end

-- Both come from a proxy in front, as no server of the two sends them itself.
KINDS["429"] = function(_, fault)
  local answer = page(429, "Too Many Requests")
  answer.headers["Retry-After"] = tostring(fault.retry_after or 1)
  return answer
end

KINDS["503"] = function(_, fault)
  local answer = page(503, "Service Unavailable")
  if fault.retry_after then answer.headers["Retry-After"] = tostring(fault.retry_after) end
  return answer
end

-- The connection ends before the first byte of an answer.
KINDS.cut = function() return "cut" end

-- Answered as a token is that has just run out.
KINDS.expired = function(request) request.expired = true end

-- Links in answers name another host.
KINDS.link_host = function(request, fault) request.link_host = fault.host or "wrong.example:81" end

function faults.known(kind) return KINDS[kind] ~= nil end

function faults.add(fault)
  fault.count, fault.skip = fault.count or 1, fault.skip or 0
  local method, path = fault.route:match("^(%S+) (%S+)$")
  fault.method, fault.path = method, path
  list[#list + 1] = fault
end

function faults.clear() list = {} end

---The fault that meets this request, if any.
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

function faults.answer(request, fault) return KINDS[fault.kind](request, fault) end

return faults
