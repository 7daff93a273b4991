-- Sends one request with the curl program, so that nothing of salon's own stands
-- between the check and the server, and reads the response.

local json = require "salon.sandbox.json"
local shell = require "salon.sandbox.shell"

local wire = {}

---What is written in a token: its head and its claims; nil if it is none.
function wire.open(token)
  local head, claims = token:match "^([%w_-]+)%.([%w_-]+)%.[%w_-]+$"
  if not head then return nil end
  local function decoded(text)
    text = text:gsub("-", "+"):gsub("_", "/") .. ("="):rep(-#text % 4)
    return json.read((shell.run("echo " .. text .. " | base64 -d")))
  end
  return decoded(head), decoded(claims)
end

-- What curl would add by itself.
local UNASKED = { "Accept", "User-Agent", "Content-Type", "Expect" }

---request: method ("GET"), path, headers (name -> value), body, more (options of
---curl). Returns { status, headers (names in lower case -> value), body }, or nil
---and what curl printed; then its exit code.
function wire.send(origin, request)
  local words = { "curl -q -s -i --path-as-is --noproxy '*' --max-time 20", request.more }
  local function add(option, text) words[#words + 1] = option .. " " .. shell.quote(text) end
  local given = {}
  for name, value in pairs(request.headers or {}) do
    given[name:lower()] = true
    add("-H", value == "" and name .. ";" or name .. ": " .. value)
  end
  for _, name in ipairs(UNASKED) do
    if not given[name:lower()] then add("-H", name .. ":") end
  end
  words[#words + 1] = request.method == "HEAD" and "-I" or "-X " .. (request.method or "GET")
  if (request.body or "") ~= "" then add("--data-binary", request.body) end
  add("", origin .. request.path)
  local text, code = shell.run(table.concat(words, " "))
  text = text:gsub("^HTTP/%S+ 100[^\r\n]*\r\n\r\n", "")    -- an interim response
  local status, head, body = text:match "^HTTP/%S+ (%d+)[^\r\n]*(.-\r\n)\r\n(.*)$"
  if not status then return nil, text ~= "" and text or "curl ended with status " .. code, code end
  local response = { status = tonumber(status), headers = {}, body = body }
  for name, value in head:gmatch "\n([^:\r\n]+):[ \t]*([^\r\n]-)[ \t]*%f[\r\n]" do
    local before = response.headers[name:lower()]
    response.headers[name:lower()] = before and before ~= value and before .. ", " .. value or value
  end
  return response, nil, code
end

return wire
