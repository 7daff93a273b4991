-- A server that plays recorded responses byte for byte (spec/c/replay.c), and what
-- salon sent to it. It stands where a proxy would, so that salon asks for the
-- addresses of the recording: `http://meet.example/...`.
--
-- `play` says what the next requests get, in order; `requests` then tells what
-- they were.

local support = require("spec.support")

local replay = {}
replay.__index = replay

function replay.start()
  local output, status = support.run("make -s build/5.4/c/replay")
  assert(status == 0, output)
  local folder = support.folder()
  local pipe = assert(io.popen("exec build/5.4/c/replay " .. support.quote(folder), "r"))
  local port = assert(pipe:read("*l"), "the replay server does not start")
  return setmetatable({
    url = "http://127.0.0.1:" .. port, folder = folder, pipe = pipe, count = 0, planned = 0,
  }, replay)
end

-- The end of its reader is the end of the server.
function replay:stop()
  self.pipe:close()
  support.remove(self.folder)
end

---Percent-encoded text as plain text.
---@param text string
---@return string
function replay.plain(text)
  return (text:gsub("%+", " "):gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

-- One chunk for each line, so that there are several.
local function chunked(body)
  local chunks = {}
  for chunk in body:gmatch("[^\n]*\n?") do
    if chunk ~= "" then chunks[#chunks + 1] = ("%x\r\n%s\r\n"):format(#chunk, chunk) end
  end
  return table.concat(chunks) .. "0\r\n\r\n"
end

---The bytes of a recorded response: status line, headers in their order, framing.
---@param response table  of a recording
---@return string
function replay.bytes(response)
  local lines = { ("HTTP/1.1 %d %s"):format(response.status, response.reason or "") }
  local body = response.body
  for _, header in ipairs(response.headers) do
    lines[#lines + 1] = header[1] .. ": " .. header[2]
    if header[1]:lower() == "transfer-encoding" and header[2] == "chunked" then
      body = chunked(body)
    end
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

---@param responses string[]  bytes
function replay:play(responses)
  for i = #responses + 1, self.planned do os.remove(("%s/%d"):format(self.folder, self.count + i)) end
  for i, bytes in ipairs(responses) do
    support.write(("%s/%d"):format(self.folder, self.count + i), bytes)
  end
  self.planned = #responses
end

local function parse(text)
  local head, body = text:match("^(.-)\r\n\r\n(.*)$")
  local method, url = head:match("^(%S+) (%S+)")
  local request = { method = method, url = url, headers = {}, body = body }
  for name, value in head:gmatch("\r\n([^:\r\n]+):[ ]*([^\r\n]*)") do
    request.headers[name:lower()] = value
  end
  request.path, request.query = url:match("^%a+://[^/]+([^?]*)%??(.*)$")
  return request
end

---What was asked since the last `play`.
---@return table[]  method, url, path, query, headers (lower case), body
function replay:requests()
  local list = {}
  while true do
    local path = ("%s/%d"):format(self.folder, self.count + 1)
    local file = io.open(path .. ".request", "rb")
    if file == nil then return list end
    list[#list + 1] = parse(file:read("*a"))
    file:close()
    self.count, self.planned = self.count + 1, math.max(0, self.planned - 1)
    os.remove(path)
    os.remove(path .. ".request")
  end
end

return replay
