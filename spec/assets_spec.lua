-- Files of OpenTalk's rooms, as a user has them: up, down, lists, breaks, and what the disk may do.

local core = require "salon.core"
local held = require "spec.support.held"
local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"

-- Bytes of every value, none of them at a place that another length would give it.
local function noise(size)
  local seed, parts = 7, {}
  for i = 1, math.ceil(size / 4) do
    seed = (seed * 1103515245 + 12345) % 2147483648
    parts[i] = string.char(seed % 251, math.floor(seed / 251) % 256, math.floor(seed / 65536) % 256, i % 256)
  end
  return table.concat(parts):sub(1, size)
end

local function opened(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

local function raises(words, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok)
  assert.truthy(tostring(message):find(words, 1, true), message)
  assert.truthy(tostring(message):find("assets_spec.lua", 1, true), message)
end

-- Mistakes are said of these lines.
local function upload(assets, ...)
  local asset, err = assets:upload(...)
  return asset, err
end

local function download(assets, ...)
  local ok, err = assets:download(...)
  return ok, err
end

describe("files of rooms", function()
  local sandbox, client, room, folder, target

  setup(function()
    sandbox = support.start { meet = false }
    client = salon.opentalk(support.opentalk(sandbox))
    room = salon.check(client.rooms:create {})
    folder = support.folder()
    target = folder .. "/out.bin"
  end)
  teardown(function()
    client:close()
    sandbox:stop()
    support.remove(folder)
  end)
  before_each(function() os.remove(target) end)

  -- All that lies in the folder besides `target`.
  local function leftovers()
    return (support.run(("ls -A %s"):format(folder)):gsub("out%.bin\n", ""))
  end

  local function put(bytes)
    return salon.check(room.assets:upload { content = bytes, kind = "test", file_extension = "bin" })
  end

  -- What was asked for since `from` requests. A slow one that was given up is logged late.
  local function asked(from)
    local log, said = sandbox:requests(), {}
    for i = from + 1, #log do
      local what = log[i].path:match "/assets(/.*)$" or log[i].path
      if log[i].fault ~= "slow" then
        said[#said + 1] = what:gsub("/%x+%-[%x-]+", ""):gsub("%?.*", "") .. " " .. log[i].status
      end
    end
    return said
  end

  it("go up from the disk and come back as they were", function()
    local bytes = noise(300001)
    local source = support.write(folder .. "/agenda.tar.gz", bytes)
    local asset = salon.check(room.assets:upload { file = source, kind = "agenda", event_title = "Board",
      namespace = "recording" })
    assert.same({ "Board_agenda.gz", 300001, "agenda", "recording" },
      { asset.filename, asset.size, asset.kind, asset.namespace })
    assert.is_true(asset:download(target))
    assert.equal(bytes, support.read(target))
    local listed = {}
    for one in room.assets:each() do listed[one.id] = one.filename end
    assert.equal(asset.filename, listed[asset.id])
    assert.equal(1, #salon.check(room.assets:list { per_page = 1 }))
    assert.is_true(asset:delete())
    os.remove(source)
    local ok, err = room.assets:download(asset.id, target)
    assert.is_nil(ok)
    assert.same({ "http", 404 }, { err.kind, err.status })
    assert.equal(bytes, support.read(target))
    assert.equal("", leftovers())
  end)

  it("go up from a text with any bytes, also from an empty one", function()
    for _, bytes in ipairs { "", "a\0b", noise(70000) } do
      local asset = put(bytes)
      assert.is_true(asset:download(target))
      assert.equal(bytes, support.read(target))
    end
  end)

  it("replace what was there at once, and only when all of it has come", function()
    support.write(target, "old")
    local asset, seen = put(noise(200000)), {}
    sandbox:fault { route = "GET " .. "/v1/rooms/" .. room.id .. "/assets/" .. asset.id, kind = "slow", seconds = 0.6 }
    assert.is_true(asset:download(target, { on_progress = function(done)
      if done < 200000 then seen[#seen + 1] = support.read(target) end
    end }))
    assert.equal("old", seen[1])
    assert.equal("old", seen[#seen])
    assert.equal(200000, #support.read(target))
  end)

  it("are for those to read who could read what was there", function()
    local asset = put(noise(9000))
    support.write(target, "old")
    support.run(("chmod 600 %s"):format(target))
    assert.is_true(asset:download(target))
    assert.equal(noise(9000), support.read(target))
    assert.equal("600\n", (support.run("stat -c %a " .. target)))
  end)

  it("may have the longest names, and go on under them", function()
    local bytes = noise(9000)
    local asset, long = put(bytes), folder .. "/" .. ("n"):rep(255)
    local hasty = salon.opentalk(support.opentalk(sandbox, { max_tries = 1 }))
    local assets = salon.check(hasty.rooms:get(room.id)).assets
    sandbox:fault { route = "GET /v1/rooms/" .. room.id .. "/assets/" .. asset.id, kind = "cut", at = 4000 }
    assert.is_nil(assets:download(asset.id, long, { resume = true }))
    local from = #sandbox:requests()
    local ok, err = assets:download(asset.id, long, { resume = true })
    assert.is_true(ok, tostring(err))
    assert.same({ "/download 200", "/proxy 206" }, asked(from))
    assert.equal(bytes, support.read(long))
    os.remove(long)
    hasty:close()
    assert.equal("", leftovers())
  end)

  it("tell their progress while they are under way, and at the end", function()
    local asset, told = put(noise(100000)), {}
    sandbox:fault { route = "GET /v1/rooms/" .. room.id, kind = "slow", seconds = 1 }
    assert.is_true(asset:download(target, { on_progress = function(done, total)
      told[#told + 1] = { done, total }
    end }))
    assert.is_true(#told >= 3 and #told <= 8, #told)
    for i = 2, #told do assert.is_true(told[i][1] > told[i - 1][1]) end
    assert.same({ 100000, 100000 }, told[#told])
    told = {}
    upload(room.assets, { content = noise(5000), kind = "a", file_extension = "b" },
      { on_progress = function(done, total) told[#told + 1] = { done, total } end })
    assert.same({ { 5000, 5000 } }, told)
  end)

  it("end with what `on_progress` raises", function()
    local asset = put(noise(100000))
    sandbox:fault { route = "GET /v1/rooms/" .. room.id, kind = "slow", seconds = 5 }
    local from = core.now()
    local ok, e = pcall(asset.download, asset, target, { on_progress = function() error({ mine = true }) end })
    assert.is_false(ok)
    assert.is_true(e.mine)
    assert.is_true(core.now() - from < 4)
    assert.is_false(opened(target))
    assert.equal("", leftovers())
  end)

  it("that `on_progress` ended can be gone on with at once", function()
    local bytes = noise(100000)
    local asset = put(bytes)
    sandbox:fault { route = "GET /v1/rooms/" .. room.id, kind = "slow", seconds = 5 }
    local ok = pcall(asset.download, asset, target, { resume = true,
      on_progress = function(done) if done > 0 then error "mine" end end })
    assert.is_false(ok)
    assert.is_true(asset:download(target, { resume = true }))
    assert.equal(bytes, support.read(target))
  end)

  it("of one's own in all rooms are sorted by the server", function()
    local other = salon.check(client.rooms:create {})
    for i = 1, 3 do
      salon.check(other.assets:upload { content = ("x"):rep(4 - i), kind = "own" .. i, file_extension = "txt" })
    end
    local function own(options)
      local kinds = {}
      for asset in client.rooms.assets:each(options) do
        if asset.room_id == other.id then kinds[#kinds + 1] = asset.kind end
      end
      return table.concat(kinds, " ")
    end
    assert.equal("own3 own2 own1", own())
    assert.equal("own3 own2 own1", own { sort = "size", order = "ascending" })
    assert.equal("own1 own2 own3", own { sort = "filename", order = "ascending", per_page = 2 })
    local page = salon.check(client.rooms.assets:list { sort = "kind" })
    assert.is_true(page[1]:download(target))  -- knows its room
    raises("option 'sort' must be one of", function()
      local list, err = client.rooms.assets:list { sort = "colour" }
      return list, err
    end)
  end)

  it("have an address for half a minute that no error shows", function()
    local asset = put "short"
    local address = salon.check(asset:url())
    assert.equal("short", support.curl(address))
    assert.truthy(address:find("/assets/" .. asset.id .. "/proxy?token=", 1, true))
    sandbox:advance(31)
    assert.truthy(support.curl(address):find("unauthorized", 1, true))
    sandbox:advance(-31)
  end)

  it("are refused here when the server would refuse them", function()
    local assets = room.assets
    raises("either field 'file' or field 'content' is required", upload, assets, { kind = "a" })
    raises("fields 'file' and 'content' exclude each other", upload, assets,
      { kind = "a", file = "a.b", content = "c" })
    raises("field 'kind' is required", upload, assets, { content = "a", file_extension = "a" })
    raises("field 'kind' must have 1 to 50", upload, assets, { content = "a", kind = "a-b", file_extension = "a" })
    raises("field 'file_extension' must have 1 to 10", upload, assets,
      { content = "a", kind = "a", file_extension = "abcdefghijk" })
    raises("field 'file_extension' is required", upload, assets, { content = "a", kind = "a" })
    raises("field 'file_extension' is required", upload, assets, { file = "/tmp/.bashrc", kind = "a" })
    raises("field 'file_extension' is required", upload, assets, { file = "/a.b/c", kind = "a" })
    raises("argument 'path' is required", download, assets, "abc")
    raises("argument 'path' must be a string", download, assets, "abc", {})
    raises("option 'resume' must be a boolean", download, assets, "abc", target, { resume = 1 })
    raises("wrong self", upload, { upload = assets.upload }, {})
  end)

  it("that cannot be read or written are errors of kind `file` that name them", function()
    local asset = put "x"
    core.engine_stop()
    local descriptors = held.descriptors()
    for _, case in ipairs {
      { "cannot be read: No such file or directory: /nowhere/a.txt", upload, { file = "/nowhere/a.txt", kind = "a" } },
      { "cannot be read: Is a directory: " .. folder, upload, { file = folder, kind = "a", file_extension = "a" } },
      { "cannot be read: Invalid argument: /dev/null", upload,
        { file = "/dev/null", kind = "a", file_extension = "a" } },
      { "cannot be written: No such file or directory: /nowhere/a", download, asset.id, "/nowhere/a" },
      { "cannot be written: Is a directory: " .. folder, download, asset.id, folder },
      { "cannot be written: Invalid argument: /dev/null", download, asset.id, "/dev/null" },
    } do
      local from = #sandbox:requests()
      local value, err = case[2](room.assets, case[3], case[4])
      assert.is_nil(value)
      assert.same({ "file", "unsent", 0, false }, { err.kind, err.outcome, err.attempts, err.retryable })
      assert.truthy(tostring(err):find(case[1], 1, true), tostring(err))
      assert.same({}, asked(from))
    end
    core.engine_stop()
    assert.equal(descriptors, held.descriptors())
    assert.equal("", leftovers())
  end)

  local function token()
    local other = salon.opentalk(support.opentalk(sandbox))
    local text = salon.check(other:token()):reveal()
    other:close()
    return text
  end

  -- The first try is refused, and what is sent changes while a new token is asked for.
  it("that become shorter or longer while they are sent are not sent", function()
    local source = folder .. "/changes.txt"
    for words, bytes in pairs { shorter = noise(150000), longer = noise(200001) } do
      local tokens = { token(), token() }
      support.write(source, noise(200000))
      local other = salon.opentalk { url = sandbox.opentalk.url, max_tries = 1, token = function()
        if #tokens == 1 then support.write(source, bytes) end
        return table.remove(tokens)
      end }
      local assets = salon.check(other.rooms:get(room.id)).assets
      local before = #salon.check(room.assets:list())
      sandbox:fault { route = "POST /v1/rooms/" .. room.id, kind = "401" }
      local asset, err = assets:upload { file = source, kind = "a" }
      assert.is_nil(asset)
      assert.equal("file", err.kind)
      assert.equal("the file became " .. words .. " while it was sent: " .. source, err.message)
      assert.equal(before, #salon.check(room.assets:list()))
      other:close()
    end
    os.remove(source)
  end)

  it("are sent whole once more with the token that cures a refusal", function()
    local source = support.write(folder .. "/cured.txt", noise(200000))
    local tokens = { token(), token() }
    local other = salon.opentalk { url = sandbox.opentalk.url, max_tries = 1,
      token = function() return table.remove(tokens) end }
    local assets = salon.check(other.rooms:get(room.id)).assets
    sandbox:fault { route = "POST /v1/rooms/" .. room.id, kind = "401" }
    local asset = salon.check(assets:upload { file = source, kind = "a" })
    sandbox:fault { route = "GET /v1/rooms/" .. room.id, kind = "401" }
    other:close()
    assert.is_true(room.assets:download(asset.id, target))
    assert.equal(support.read(source), support.read(target))
    os.remove(source)
  end)

  it("are not sent again once they may have arrived", function()
    local from = #sandbox:requests()
    sandbox:fault { route = "POST /v1/rooms/" .. room.id, kind = "cut", worked = true }
    local asset, err = room.assets:upload { content = noise(1000), kind = "once", file_extension = "a" }
    assert.is_nil(asset)
    assert.same({ "network", "unknown", 1, false }, { err.kind, err.outcome, err.attempts, err.retryable })
    assert.same({ "/v1/rooms/assets 0" }, { (asked(from)[1]:gsub("^ ", "/v1/rooms/assets ")) })
  end)

  -- The place where bytes of this asset come from, by the controller and by its address.
  local function places(asset)
    local plain = "GET /v1/rooms/" .. room.id .. "/assets/" .. asset.id
    return plain, plain .. "/proxy"
  end

  it("that break off go on where they were, at every place", function()
    local bytes = noise(9000)
    local asset = put(bytes)
    local plain = places(asset)
    for at = 1, 8999, 97 do
      local from = #sandbox:requests()
      sandbox:fault { route = plain, kind = "cut", at = at }
      assert.is_true(asset:download(target))
      assert.equal(bytes, support.read(target))
      assert.same({ " 0", "/download 200", "/proxy 206" }, asked(from))
    end
    assert.equal("", leftovers())
  end)

  it("that break off again and again go on within the tries", function()
    local bytes = noise(9000)
    local asset = put(bytes)
    local plain, proxy = places(asset)
    local from = #sandbox:requests()
    sandbox:fault { route = plain, kind = "cut", at = 1000 }
    for _ = 1, 2 do sandbox:fault { route = proxy, kind = "cut", at = 2500 } end
    assert.is_true(asset:download(target))
    assert.equal(bytes, support.read(target))
    assert.same({ " 0", "/download 200", "/proxy 0", "/proxy 0", "/proxy 206" }, asked(from))
  end)

  it("leave nothing behind that break off for good, unless they are to be gone on with", function()
    local bytes = noise(9000)
    local asset = put(bytes)
    local plain = places(asset)
    local hasty = salon.opentalk(support.opentalk(sandbox, { max_tries = 1 }))
    local assets = salon.check(hasty.rooms:get(room.id)).assets
    local function cut(at, options)
      sandbox:fault { route = plain, kind = "cut", at = at }
      local ok, err = assets:download(asset.id, target, options)
      assert.is_nil(ok)
      assert.same({ "network", true, 1 }, { err.kind, err.retryable, err.attempts })
      assert.is_false(opened(target))
    end
    cut(4000)
    assert.equal("", leftovers())
    cut(4000, { resume = true })
    assert.equal("out.bin." .. asset.id .. ".part\n", leftovers())
    -- one that is not to go on begins anew
    cut(10)
    assert.equal("", leftovers())
    cut(5000, { resume = true })
    local from = #sandbox:requests()
    assert.is_true(assets:download(asset.id, target, { resume = true }))
    assert.equal(bytes, support.read(target))
    assert.same({ "/download 200", "/proxy 206" }, asked(from))
    assert.equal("", leftovers())
    -- all of it was there already, or more than that
    for _, left in ipairs { bytes, bytes .. "x" } do
      support.write(target .. "." .. asset.id .. ".part", left)
      assert.is_true(asset:download(target, { resume = true }))
      assert.equal(bytes, support.read(target))
    end
    hasty:close()
    assert.equal("", leftovers())
  end)

  it("are written by one download at a time", function()
    local asset = put(noise(100000))
    local partial = target .. "." .. asset.id .. ".part"
    local file = assert(core.file_to_write(target, partial, false))
    local ok, err = asset:download(target)
    assert.is_nil(ok)
    assert.equal("file", err.kind)
    assert.truthy(err.message:find("another download writes to it", 1, true))
    file:discard()
    file:close()
    support.run("mkfifo " .. support.quote(partial))  -- nobody reads from it
    ok, err = asset:download(target)
    assert.is_nil(ok)
    assert.equal("file", err.kind)
    os.remove(partial)
    assert.is_true(asset:download(target))
  end)

  it("end with their scope, their time and a silent server, and hold nothing then", function()
    local asset = put(noise(100000))
    core.engine_stop()
    local descriptors = held.descriptors()
    local route = "GET /v1/rooms/" .. room.id .. "/assets/" .. asset.id
    local hasty = salon.opentalk(support.opentalk(sandbox, { max_tries = 1 }))
    local assets = salon.check(hasty.rooms:get(room.id)).assets
    local function slow() sandbox:fault { route = route, kind = "slow", seconds = 30 } end
    slow()
    local ok, err = assets:download(asset.id, target, { timeout = 0.5 })
    assert.is_nil(ok)
    assert.equal("timeout", err.kind)
    slow()
    ok, err = room.assets:download(asset.id, target, { timeout = 4 })  -- with the tries of a client
    assert.is_nil(ok)
    assert.same({ "timeout", 1 }, { err.kind, err.attempts })
    assert.truthy(err.message:find("in the middle of the response", 1, true), err.message)
    slow()
    ok, err = salon.scope { timeout = 0.5 }:run(function() return assets:download(asset.id, target) end)
    assert.is_nil(ok)
    assert.equal("timeout", err.kind)
    slow()
    ok, err = assets:download(asset.id, target, { silence_timeout = 0.5 })
    assert.is_nil(ok)
    assert.equal("timeout", err.kind)
    assert.truthy(tostring(err):find("for 0.5 s (silence_timeout)", 1, true), tostring(err))
    assert.truthy(err.hint:find("'silence_timeout'", 1, true))
    hasty:close()
    assert.equal("", leftovers())
    assert.is_false(opened(target))
    core.engine_stop()
    collectgarbage()
    collectgarbage()
    assert.equal(descriptors, held.descriptors())
  end)

  it("wait no longer than any call for what has to come before them", function()
    local hasty = salon.opentalk(support.opentalk(sandbox, { timeout = 0.5 }))
    local assets = salon.check(hasty.rooms:get(room.id)).assets
    sandbox:fault { route = "POST /v1/rooms/" .. room.id, kind = "401" }
    sandbox:fault { route = "POST " .. sandbox.opentalk.issuer:match "//[^/]*(/.*)$", kind = "latency", seconds = 8 }
    local from = core.now()
    local asset, err = assets:upload { content = "abc", kind = "a", file_extension = "b" }
    assert.is_nil(asset)
    assert.equal("timeout", err.kind)
    assert.is_true(core.now() - from < 6)
    hasty:close()
  end)

  it("go up and down over HTTP/2, and are counted for who watches", function()
    local tls, bytes, events = sandbox.opentalk.tls, noise(300000), {}
    local secure = salon.opentalk(support.opentalk(sandbox, { url = tls.url, controller_url = tls.controller_url,
      issuer = tls.issuer, ca_file = sandbox.ca_file, http_version = "2",
      on_event = function(event) events[#events + 1] = event.name == "done" and event.bytes or nil end }))
    local assets = salon.check(secure.rooms:get(room.id)).assets
    local asset = salon.check(assets:upload { content = bytes, kind = "a", file_extension = "b" })
    assert.is_true(asset:download(target))
    assert.equal(bytes, support.read(target))
    assert.equal(300000, events[#events])
    local log = sandbox:requests()
    assert.same({ 2, 2 }, { log[#log - 1].http, log[#log].http })
    secure:close()
  end)

  local one_at_a_time = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

  it("come many at a time, each with its progress", function()
    local sent, ids, told = {}, {}, {}
    for i = 1, 6 do
      sent[i] = noise(50000 + i)
      ids[i] = put(sent[i]).id
    end
    sandbox:fault { route = "GET /v1/rooms/" .. room.id, kind = "slow", seconds = 1, count = 6 }
    local from = core.now()
    for id, ok in salon.map(ids, function(id)
      return room.assets:download(id, target .. id, { on_progress = function() told[id] = (told[id] or 0) + 1 end })
    end, { concurrency = 6 }) do
      assert.is_true(ok)
      assert.is_true(told[id] >= 3, told[id])
    end
    assert.is_true(one_at_a_time or core.now() - from < 4)
    for i, id in ipairs(ids) do
      assert.equal(sent[i], support.read(target .. id))
      os.remove(target .. id)
    end
  end)

  it("fill a disk that says so", function()
    local asset = put(noise(300000))
    local script = support.write(folder .. "/small.lua", ([[
      local salon = require "salon"
      local client = salon.opentalk { url = "%s", token = "%s" }
      local room = salon.check(client.rooms:get "%s")
      local ok, err = room.assets:download("%s", "%s")
      print(ok, err.kind, err.retryable, err)
    ]]):format(sandbox.opentalk.url, token(), room.id, asset.id, target))
    local said = support.run(("ulimit -f 100; %s %s"):format(support.quote(support.lua), script))
    os.remove(script)
    assert.truthy(said:find("nil\tfile\tfalse", 1, true), said)
    assert.truthy(said:find("the file cannot be written: File too large: " .. target, 1, true), said)
    assert.is_false(opened(target))
    assert.equal("", leftovers())
  end)
end)

describe("files of rooms of servers of 2023", function()
  it("are listed, fetched and deleted, but not sent", function()
    local sandbox = support.start { meet = false, opentalk = "2023" }
    local client = salon.opentalk(support.opentalk(sandbox))
    local room = salon.check(client.rooms:create {})
    local folder, bytes = support.folder(), noise(9000)
    local id = sandbox:put("asset", nil, { room = room.id, filename = "a.txt", body = "123456789" })
    local big = sandbox:put("asset", nil, { room = room.id, filename = "b.txt", body = ("0123456789"):rep(900) })
    local asset
    for one in room.assets:each() do asset = one.id == id and one or asset end
    assert.same({ "a.txt" }, { asset.filename, asset.size })
    assert.is_true(asset:download(folder .. "/a"))
    assert.equal("123456789", support.read(folder .. "/a"))
    -- one that breaks off begins anew: the server knows no ranges
    sandbox:fault { route = "GET /v1/rooms/" .. room.id .. "/assets/" .. big, kind = "cut", at = 4000 }
    local from = #sandbox:requests()
    assert.is_true(room.assets:download(big, folder .. "/b"))
    assert.equal(("0123456789"):rep(900), support.read(folder .. "/b"))
    assert.equal(from + 2, #sandbox:requests())
    assert.is_true(asset:delete())
    local sent, err = room.assets:upload { content = bytes, kind = "a", file_extension = "b" }
    assert.is_nil(sent)
    assert.equal(403, err.status)
    assert.truthy(err.hint:find("servers have it since 0.29", 1, true), err.hint)
    client:close()
    sandbox:stop()
    support.remove(folder)
  end)
end)

describe("files of rooms in nginx", function()
  -- Interpreted: what LuaJIT has compiled may hold on to an object that only the collector ends.
  local HTTP = [[
    init_by_lua_block { require("jit").off() salon = require "salon" }
    server {
      listen 127.0.0.1:@PORT@;
      location /move { content_by_lua_block {
        local client = salon.opentalk { url = "@URL@", client_id = "@ID@", username = "@USER@",
          password = "@PASSWORD@" }
        local room = salon.check(client.rooms:get "@ROOM@")
        local asset = salon.check(room.assets:upload { file = "@FOLDER@/in", kind = "a", file_extension = "b" })
        local served, told, moved = 0, 0, false
        local other = ngx.thread.spawn(function()
          while not moved do
            ngx.sleep(0.01)
            served = served + 1
          end
        end)
        salon.check(asset:download("@FOLDER@/out", { on_progress = function(done) told = told + 1 end }))
        moved = true
        ngx.thread.wait(other)
        ngx.say(served >= 20, " ", told >= 3 and told <= 8)
      } }
      location /killed { content_by_lua_block {
        local client = salon.opentalk { url = "@URL@", client_id = "@ID@", username = "@USER@",
          password = "@PASSWORD@" }
        local asset, begun = salon.check(client.rooms.assets:list())[1], false
        local thread = ngx.thread.spawn(function()
          asset:download("@FOLDER@/killed", { on_progress = function() begun = true end })
        end)
        while not begun do ngx.sleep(0.01) end
        ngx.thread.kill(thread)
        thread = nil
        for _ = 1, 3 do collectgarbage() end
        ngx.say(begun)
      } }
      location /again { content_by_lua_block {
        local client = salon.opentalk { url = "@URL@", client_id = "@ID@", username = "@USER@",
          password = "@PASSWORD@" }
        local asset, begun = salon.check(client.rooms.assets:list())[1], false
        local thread = ngx.thread.spawn(function()
          asset:download("@FOLDER@/out", { resume = true, on_progress = function() begun = true end })
        end)
        while not begun do ngx.sleep(0.01) end
        ngx.thread.kill(thread)
        thread = nil
        local ok, err = asset:download("@FOLDER@/out", { resume = true })
        ngx.say(tostring(ok), " ", tostring(err))
      } }
    }
  ]]

  it("move while the worker serves others, tell their progress, and can be killed and begun again", function()
    local sandbox, folder, port = support.start { meet = false }, support.folder(), support.free_ports()()
    local owner = salon.opentalk(support.opentalk(sandbox))
    local room, role = salon.check(owner.rooms:create {}), sandbox.opentalk
    support.write(folder .. "/in", noise(500000))
    sandbox:fault { route = "GET /v1/rooms/" .. room.id .. "/assets", kind = "slow", seconds = 1 }
    local server = nginx.start((HTTP:gsub("@(%u+)@", { PORT = port, URL = role.url, ID = role.client_id,
      USER = role.username, PASSWORD = role.password, ROOM = room.id, FOLDER = folder })))
    local said = support.curl(("http://127.0.0.1:%d/move"):format(port))
    sandbox:fault { route = "GET /v1/rooms/" .. room.id .. "/assets", kind = "slow", seconds = 5 }
    local killed = support.curl(("http://127.0.0.1:%d/killed"):format(port))
    os.remove(folder .. "/out")
    sandbox:fault { route = "GET /v1/rooms/" .. room.id .. "/assets", kind = "slow", seconds = 30 }
    local again = support.curl(("http://127.0.0.1:%d/again"):format(port))
    local left = support.run("ls " .. folder)
    local log = server:log()
    server:stop()
    owner:close()
    sandbox:stop()
    assert.equal("true true\n", said, log)
    assert.same({ "true\n", "true nil\n", "in\nout\n" }, { killed, again, left }, log)
    assert.equal(noise(500000), support.read(folder .. "/out"))
    support.remove(folder)
  end)
end)

describe("storage that a controller names", function()
  local controller, storage, folder

  setup(function()
    controller, storage, folder = raw.start(), raw.start(), support.folder()
    controller:reply("well-known-api", "200 OK", "", '{"opentalk_api":{"v1":{"base_url":"' .. controller.url
      .. '/a/v1"}}}')
  end)
  teardown(function()
    controller:stop()
    storage:stop()
    support.remove(folder)
  end)

  -- A download that has its first byte already, so that it begins at the address.
  local function go_on(address, more, on_progress)
    controller:reply("a", "200 OK", "", '{"id":"room","url":"' .. address .. '"}')
    controller:forget()
    storage:forget()
    local told = {}
    local options = { url = controller.url, controller_url = controller.url, token = "token-marker-12",
      headers = { ["X-Gateway"] = "gateway-marker" }, on_event = function(event) told[#told + 1] = event.url end }
    for name, value in pairs(more or {}) do options[name] = value end
    local client = salon.opentalk(options)
    local room = salon.check(client.rooms:get "room")
    support.write(folder .. "/out.asset.part", "A")
    local ok, err = room.assets:download("asset", folder .. "/out", { resume = true, on_progress = on_progress })
    client:close()
    return ok, err, table.concat(told, " ")
  end

  it("that is full says so", function()
    for body, words in pairs {
      ['{"code":"storage_quota_exceeded","message":"no"}'] = "the storage of the room's owner is full",
      ['{"code":"bad_request","message":"Asset storage exceeded"}'] = "the storage of the room's owner is full",
      ['{"code":"bad_request","message":"Asset size exceeded the configured limit (9 bytes)"}'] =
        "the operator allows smaller files only",
    } do
      controller:reply("a", "200 OK", "", '{"id":"room"}')
      local client = salon.opentalk { url = controller.url, controller_url = controller.url, token = "token" }
      local room = salon.check(client.rooms:get "room")
      controller:reply("a", "413 Too Large", "", body)
      local asset, err = room.assets:upload { content = "0123456789", kind = "a", file_extension = "b" }
      client:close()
      assert.is_nil(asset)
      assert.truthy(err.hint:find(words, 1, true), err.hint)
    end
  end)

  it("is asked without the token and without the client's headers", function()
    storage:reply("s3", "206 Partial Content", "Content-Range: bytes 1-3/4\r\n", "BCD")
    local ok, err, told = go_on(storage.url .. "/s3/file?X-Signature=signature-marker&x=1")
    assert.is_true(ok, tostring(err))
    assert.equal("ABCD", support.read(folder .. "/out"))
    local log = storage:log()
    assert.truthy(log:find("GET /s3/file?X-Signature=signature-marker&x=1 HTTP/1.1\r\n", 1, true))
    assert.truthy(log:find("Range: bytes=1-\r\n", 1, true))
    assert.is_nil(log:lower():find("authorization", 1, true))
    assert.is_nil(log:find("marker-12", 1, true))
    assert.is_nil(log:find("X-Gateway", 1, true))
    assert.is_nil(log:find("X-Request-Id", 1, true))
    assert.truthy(controller:log():find("X-Request-Id: ", 1, true))
    assert.truthy(controller:log():find("Authorization: Bearer token-marker-12", 1, true))
    assert.is_nil(told:find("signature-marker", 1, true))
  end)

  it("has another address once one is over, but is not asked for ever", function()
    local refused = 0
    storage:reply("s3", "403 Forbidden", "", "Request has expired")
    local ok, err = go_on(storage.url .. "/s3/file?a=b", nil, function() refused = refused + 1 end)
    assert.is_nil(ok)
    assert.same({ 403, 3, 3 }, { err.status, err.attempts, refused })
    ok, err = go_on(storage.url .. "/s3/file?a=b", nil, function()
      storage:reply("s3", "206 Partial Content", "Content-Range: bytes 1-3/4\r\n", "BCD")
    end)
    assert.is_true(ok, tostring(err))
    assert.equal("ABCD", support.read(folder .. "/out"))
    assert.equal(2, select(2, controller:log():gsub("/download%?redirect=false", "")))
  end)

  -- The same as on_progress is told of a first try that breaks off.
  it("is not asked where the controller names none: all is sent again", function()
    controller:reply("a", "200 OK", "", '{"id":"room"}')
    local client = salon.opentalk { url = controller.url, controller_url = controller.url, token = "token" }
    local room = salon.check(client.rooms:get "room")
    controller:answer("a", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "close")
    controller:forget()
    local ok, err = room.assets:download("asset", folder .. "/out", { on_progress = function()
      controller:reply("a", "404 Not Found", "", "")
    end })
    client:close()
    assert.is_nil(ok)
    assert.same({ 404, 3 }, { err.status, err.attempts })
    local asked = {}
    for path in controller:log():gmatch "GET (%S+)" do asked[#asked + 1] = path:match "assets/(.*)$" end
    assert.same({ "asset", "asset/download?redirect=false", "asset" }, asked)
  end)

  it("is asked where the controller gives nothing out itself", function()
    controller:reply("a", "200 OK", "", '{"id":"room","url":"' .. storage.url .. '/s3/file?a=b"}')
    storage:reply("s3", "200 OK", "", "ABCD")
    local client = salon.opentalk { url = controller.url, controller_url = controller.url, token = "token" }
    local room = salon.check(client.rooms:get "room")
    controller:once "a"
    salon.check(client:call("GET", "/v1/rooms/room/assets/asset"))  -- from now on a 404
    local ok, err = room.assets:download("asset", folder .. "/out")
    client:close()
    os.remove(controller.folder .. "/a.once")
    assert.is_true(ok, tostring(err))
    assert.equal("ABCD", support.read(folder .. "/out"))
  end)

  it("gives neither more nor less than it says", function()
    for range, body in pairs { ["1-3/4"] = "BCDEFG", ["1-3/*"] = "BCDEFG", ["1-9/*"] = "BCD", ["1-9/10"] = "BCD" } do
      storage:reply("s3", "206 Partial Content", "Content-Range: bytes " .. range .. "\r\n", body)
      os.remove(folder .. "/out")
      local ok, err = go_on(storage.url .. "/s3/file?a=b", { max_tries = 1 })
      assert.is_nil(ok, range)
      assert.same({ "network", 206 }, { err.kind, err.status }, range)
      assert.is_false(opened(folder .. "/out"))
    end
    storage:reply("s3", "206 Partial Content", "Content-Range: bytes 1-3/*\r\n", "BCD")
    assert.is_true(go_on(storage.url .. "/s3/file?a=b"))
    assert.equal("ABCD", support.read(folder .. "/out"))
  end)

  it("that sends no file replaces none", function()
    for _, status in ipairs { "202 Accepted", "204 No Content" } do
      storage:reply("s3", status, "", "")
      support.write(folder .. "/out", "old")
      local ok, err = go_on(storage.url .. "/s3/file?a=b")
      assert.is_nil(ok)
      assert.same({ "decode", "the server sent no file" }, { err.kind, err.message })
      assert.equal("old", support.read(folder .. "/out"))
    end
  end)

  it("whose address has a scheme in capitals is asked, and may fail", function()
    storage:answer("s3", "", "close")
    local ok, err = go_on(storage.url:gsub("^http", "HTTP") .. "/s3/file?a=b", { max_tries = 1 })
    assert.is_nil(ok)
    assert.equal("network", err.kind)
    assert.equal(storage.url:gsub("^http", "HTTP") .. "/s3/file", err.url)
  end)

  it("has an address that stands in no error", function()
    storage:reply("s3", "500 Oh", "", "no signature-marker here, X-Signature=signature-marker")
    local ok, err, told = go_on(storage.url .. "/s3/file?X-Signature=signature-marker", { max_tries = 1 })
    assert.is_nil(ok)
    assert.equal(500, err.status)
    local shown = tostring(err) .. told .. (err.body or "") .. (err.url or "") .. (err.hint or "")
    assert.is_nil(shown:find("X-Signature=signature-marker", 1, true), shown)
    assert.is_nil(shown:find("token-marker", 1, true), shown)
  end)

  it("is a failure like others in the log where it fails", function()
    local lines = {}
    storage:reply("s3", "500 Oh", "", "no")
    go_on(storage.url .. "/s3/file?a=b", { max_tries = 1, on_event = salon.log.write(function(line)
      lines[#lines + 1] = line
    end, "error") })
    assert.equal(1, #lines)
    assert.truthy(lines[1]:find("/s3/file", 1, true), lines[1])
  end)

  it("is refused where its address could not be trusted, or is none", function()
    for _, address in ipairs { "http://storage.example/a?b", "ftp://storage.example/a", "https://a b/", "../../x",
      "https://user:pw@storage.example/", "https://storage.example/a?b#c", "https://storage.example/a?b\\\\c" } do
      local ok, err = go_on(address)
      assert.is_nil(ok)
      assert.equal("decode", err.kind)
      assert.truthy(err.message:find("the address of the file, as the server names it, is", 1, true), err.message)
    end
  end)

  it("that is the controller itself gets the client's headers, and no token", function()
    for reference, path in pairs { ["proxy?token=t"] = "/a/v1/rooms/room/assets/asset/proxy?token=t",
      ["/b/c?token=t"] = "/b/c?token=t" } do
      controller:reply("b", "206 Partial Content", "Content-Range: bytes 1-3/4\r\n", "BCD")
      go_on(reference)
      local request
      for one in controller:log():gmatch "GET [^\n]*\n.-\r\n\r\n" do
        if one:find("GET " .. path, 1, true) then request = one end
      end
      assert.truthy(request and request:find("X-Gateway: gateway-marker", 1, true), controller:log())
      assert.is_nil(request:find("Authorization", 1, true))
    end
  end)
end)
