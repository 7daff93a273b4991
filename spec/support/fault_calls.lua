-- The calls that meet the faults of faults.lua, made where salon runs: in a process
-- of its own per fault, or in a content handler of nginx. Time is measured here, so
-- that it is salon's and not that of the programs around it.
--
--   lua spec/support/fault_calls.lua TARGETS HOST ROW   prints the results as JSON
--   fault_calls.run(targets, host, row)                 returns them
--
-- targets: what fault_matrix_spec.lua has started: addresses, folders, files.

local cjson = require "cjson"
local core = require "salon.core"
local held = require "spec.support.held"
local salon = require "salon"
local faults = require "spec.support.faults"

local fault_calls = {}

local TOKEN = "marker-token-7f3a"

-- The clients that are not collected yet.
local alive = setmetatable({}, { __mode = "k" })

local function client(url, more)
  local options = { url = url, token = TOKEN, timeout = faults.DEADLINE,
    max_tries = faults.TRIES, max_body = faults.MAX_BODY, allow_insecure = true }
  for name, value in pairs(more or {}) do options[name] = value end
  local meet = salon.meet(options)
  alive[meet] = true
  return meet
end

-- What a call came to, and how long it took.
local function take(calls, method, fn, ...)
  local start = core.now()
  local value, err = fn(...)
  local seconds = core.now() - start
  local call = { method = method, seconds = seconds }
  if value ~= nil then
    call.kind = "none"
  else
    for _, name in ipairs { "kind", "attempts", "status", "outcome", "retryable" } do
      call[name] = err[name]
    end
    call.text, call.secret = tostring(err), tostring(err):find(TOKEN, 1, true) and true
  end
  calls[#calls + 1] = call
  return call
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- Sets what the raw server says below /NAME.
local function set(folder, name, bytes, and_then)
  write(folder .. "/" .. name, bytes)
  write(folder .. "/" .. name .. ".then", and_then or "keep")
end

local function list_and_create(calls, meet)
  take(calls, "GET", meet.rooms.list, meet.rooms)
  take(calls, "POST", meet.rooms.create, meet.rooms, {})
end

local function works(meet)
  local page, err = meet.rooms:list { timeout = 10 }
  return page and true or tostring(err)
end

-- Each of these makes the calls of a row, removes the fault, and says
-- whether the client works then: true, or why not.
local FROM = {}

-- The response ends after each of its bytes in turn: nothing is known of it until
-- its first line is whole.
local function each_byte(targets, name, calls)
  local folder, good = targets.raw.folder, faults.GOOD
  local meet = client(targets.raw.url .. "/" .. name, { max_tries = 1 })
  local first_line = #good:match("^[^\n]*\n")
  for size = 0, #good - 1 do
    set(folder, name, good:sub(1, size), "close")
    local from = #calls
    list_and_create(calls, meet)
    for i = from + 1, #calls do
      calls[i].expected = { kind = "network", attempts = 1, retryable = calls[i].method == "GET",
        status = size >= first_line and 200 or nil, outcome = size >= first_line and "done" or "unknown" }
      calls[i].cut = size
    end
  end
  return meet
end

function FROM.raw(targets, name, fault, calls)
  local folder, meet = targets.raw.folder
  if fault == "each byte" then
    meet = each_byte(targets, name, calls)
  else
    set(folder, name, fault[1], fault[2])
    meet = client(targets.raw.url .. "/" .. name)
    list_and_create(calls, meet)
  end
  set(folder, name, faults.GOOD)
  return works(meet)
end

function FROM.h2(targets, _, fault, calls)
  local server = targets.h2[fault]
  set(server.folder, "h2", faults.GOOD, fault)
  local meet = client(server.url, { ca_file = server.ca_file, http_version = "2" })
  list_and_create(calls, meet)
  set(server.folder, "h2", faults.GOOD)
  return works(meet)
end

function FROM.sandbox(targets, _, _, calls, row)
  local options, path = {}, "/v1/rooms/" .. targets.rooms[row]
  for name, value in pairs(targets.opentalk) do options[name] = value end
  options.timeout, options.max_tries = faults.DEADLINE, faults.TRIES
  options.max_body = faults.MAX_BODY
  local opentalk = salon.opentalk(options)
  alive[opentalk] = true
  salon.check(opentalk:call("GET", "/v1/users/me", { timeout = 10 }))    -- logs in
  take(calls, "GET", opentalk.call, opentalk, "GET", path)
  take(calls, "POST", opentalk.call, opentalk, "POST", path .. "/invites", { json = {} })
  local room, err = opentalk:call("GET", path, { timeout = 10 })
  opentalk:close()
  return room and true or tostring(err)
end

-- A bad certificate stays bad: others must go on.
function FROM.https(targets, _, fault, calls)
  list_and_create(calls, client(targets.https[fault], { ca_file = targets.https.ca_file }))
  return works(client(targets.raw.url .. "/good"))
end

function FROM.address(targets, name, fault, calls)
  local address = targets.address[fault]
  local meet = client(address.url, { connect_timeout = address.connect_timeout })
  if fault == "hanging name" then
    write(targets.hang .. "/" .. address.name, "")
    meet = client(address.url .. "/good")
  end
  list_and_create(calls, meet)
  if fault == "hanging name" then
    os.remove(targets.hang .. "/" .. address.name)
  elseif address.folder then
    write(address.folder .. "/open", name)
  else
    meet = client(targets.raw.url .. "/good")
  end
  return works(meet)
end

local function walk(meet, call)
  call.entries = 0
  local ok, e = pcall(function()
    for _ in meet.rooms:each { prefetch = 1 } do call.entries = call.entries + 1 end
  end)
  if ok then return true end
  return nil, assert(salon.caught(e), e)
end

function FROM.walk(targets, _, fault, calls)
  local server, seen = targets.walk[fault], {}
  write(server.folder .. "/bad", "")
  local meet = client(server.url, { timeout = faults.DEADLINE })
  local call = take(calls, "GET", walk, meet, seen)
  call.entries = seen.entries
  os.remove(server.folder .. "/bad")
  return works(meet)
end

---What this process holds: clients, KiB resident, descriptors.
function fault_calls.held()
  core.engine_stop()    -- with it go the connections that are kept
  held.memory()         -- collects
  local clients = 0
  for _ in pairs(alive) do clients = clients + 1 end
  return { clients = clients, resident = held.resident(), descriptors = held.descriptors() }
end

function fault_calls.run(targets, host, row)
  local fault = faults.LIST[row]
  local result = { row = row, calls = {} }
  result.works = FROM[fault[2]](targets, host .. row, fault[3], result.calls, row)
  return result
end

-- Everything that is loaded or opened once and for all.
function fault_calls.warm(targets)
  assert(works(client(targets.raw.url .. "/good")) == true)
  assert(works(client(targets.https.good, { ca_file = targets.https.ca_file })) == true)
  works(client(targets.raw.url .. "/nothing"))    -- what errors need
  salon.opentalk(targets.opentalk):close()
end

-- What is held once threads that look up a name that hangs have ended.
local function settled(before)
  local after
  for _ = 1, 200 do
    after = fault_calls.held()
    if after.descriptors <= before.descriptors then break end
    os.execute("sleep 0.05")
  end
  return after
end

if arg and arg[0] and arg[0]:find("fault_calls%.lua$") then
  local targets, host, row = dofile(arg[1]), arg[2], tonumber(arg[3])
  fault_calls.warm(targets)
  local before = fault_calls.held()
  local result = fault_calls.run(targets, host, row)
  result.before, result.after = before, settled(before)
  print(cjson.encode(result))
end

return fault_calls
