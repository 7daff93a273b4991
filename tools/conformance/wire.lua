-- Sends one recorded request with the curl program, so that nothing of salon's
-- own stands between the recording and the sandbox, and reads the answer.

local shell = require "salon.sandbox.shell"

local wire = {}

local files = {}

local function file(name)
  files[name] = files[name] or os.tmpname()
  return files[name]
end

function wire.close()
  for _, name in pairs(files) do os.remove(name) end
  files = {}
end

local function quote(text)
  return '"' .. text:gsub('[\\"]', "\\%0"):gsub("\n", "\\n"):gsub("\r", "\\r"):gsub("\t", "\\t") .. '"'
end

-- A body in its wire form without the chunk sizes.
local function unchunked(text)
  local parts, at = {}, 1
  while true do
    local size, after = text:match("^(%x+)[^\r\n]*\r\n()", at)
    if not size or tonumber(size, 16) == 0 then return table.concat(parts) end
    parts[#parts + 1] = text:sub(after, after + tonumber(size, 16) - 1)
    at = after + tonumber(size, 16) + 2
  end
end

wire.unchunked = unchunked

-- What curl would add by itself.
local UNASKED = { "Accept", "User-Agent", "Content-Type", "Expect", "Host" }

---request: { method, path, headers = { { name, value } }, body }. Returns
---{ status, headers = { { name, value } }, body }, or nil and curl's words.
function wire.send(origin, request)
  local lines = { "silent", "show-error", "include", "http1.1", "path-as-is", "max-time = 20",
    'noproxy = "*"', "url = " .. quote(origin .. request.path) }
  local given = {}
  for _, header in ipairs(request.headers) do
    given[header[1]:lower()] = true
    lines[#lines + 1] = "header = " .. quote(header[2] == "" and header[1] .. ";"
      or header[1] .. ": " .. header[2])
  end
  for _, name in ipairs(UNASKED) do
    if not given[name:lower()] then lines[#lines + 1] = "header = " .. quote(name .. ":") end
  end
  if request.method == "HEAD" then
    lines[#lines + 1] = "head"
  else
    lines[#lines + 1] = "request = " .. quote(request.method)
  end
  if request.body and request.body ~= "" then
    shell.write(file "body", request.body)
    lines[#lines + 1] = "data-binary = " .. quote("@" .. file "body")
  end
  shell.write(file "config", table.concat(lines, "\n") .. "\n")
  local pipe = assert(io.popen("curl -q -K " .. file "config" .. " 2>" .. file "error"))
  local text = pipe:read "*a"
  pipe:close()
  -- An interim answer (100 Continue) is none.
  text = text:gsub("^HTTP/%S+ 100[^\r\n]*\r\n\r\n", "")
  local head, body = text:match("^(HTTP.-\r\n)\r\n(.*)$")
  if not head then return nil, (shell.read(file "error") or ""):gsub("%s+$", "") .. "no answer" end
  local answer = { status = tonumber(head:match("^%S+ (%d+)")), headers = {}, body = body }
  for name, value in head:gmatch("\n([^:\r\n]+):[ \t]*([^\r\n]*)") do
    answer.headers[#answer.headers + 1] = { name, (value:gsub("%s+$", "")) }
  end
  return answer
end

return wire
