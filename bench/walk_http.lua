-- What a Lua script with lua-http does to walk a list of OpenTalk.
--
--   lua bench/walk_http.lua HOST PORT rooms|events    token in $BENCH_TOKEN
--   lua bench/walk_http.lua                           prints the versions
--
-- prints "entries seconds". One connection, kept alive (http.request would open
-- one per call), one page at a time, JSON decoded, every entry looked at once.

local client = require "http.client"
local cjson = require "cjson"
local cqueues = require "cqueues"
local new_headers = require("http.headers").new

if not arg[1] then
  print(_VERSION .. ", lua-http " .. require("http.version").version)
  return
end

local host, port, list = arg[1], tonumber(arg[2]), arg[3]
local connection = assert(client.connect { host = host, port = port, tls = false })

local function get(path)
  local stream = assert(connection:new_stream())
  local headers = new_headers()
  headers:append(":method", "GET")
  headers:append(":scheme", "http")
  headers:append(":authority", host .. ":" .. port)
  headers:append(":path", path)
  headers:append("authorization", "Bearer " .. os.getenv "BENCH_TOKEN")
  assert(stream:write_headers(headers, true, 30))
  local answer = assert(stream:get_headers(30))
  local body = assert(stream:get_body_as_string(30))
  assert(answer:get ":status" == "200", body)
  return cjson.decode(body), answer:get "link" or ""
end

local function following(link)
  local relation = link:find 'rel="next"' or link:find 'rel="after"'
  local before = relation and link:sub(1, relation)
  return before and before:match ".*<[^>]-(/v1/[^>]*)>"
end

get "/v1/rooms?per_page=1"
local entries, start = 0, cqueues.monotime()
local path = "/v1/" .. list .. "?per_page=100"
while path do
  local page, link = get(path)
  for _, entry in ipairs(page) do entries = entries + (entry.id and 1 or 0) end
  path = #page > 0 and following(link) or nil
end
print(("%d %.6f"):format(entries, cqueues.monotime() - start))
