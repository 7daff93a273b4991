-- Streaming targets of OpenTalk's rooms: the service `room.streaming_targets`, and those that
-- come with events.

local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"

local check = salon.check
local KEY = "streaming-key-8841"

local function target(more)
  local fields = { name = "Stage", streaming_endpoint = "rtmp://live.example/app",
    streaming_key = salon.secret(KEY), public_url = "https://live.example/watch" }
  for name, value in pairs(more or {}) do fields[name] = value end
  return fields
end

for _, version in ipairs { "2026", "0.66" } do
  describe("a streaming target on OpenTalk " .. version, function()
    local sandbox, ot, room

    setup(function()
      sandbox = support.start { opentalk = version, meet = false }
      ot = salon.opentalk(support.opentalk(sandbox))
    end)
    teardown(function()
      ot:close()
      sandbox:stop()
    end)
    before_each(function() room = check(ot.rooms:create()) end)

    local function last() local all = sandbox:requests() return all[#all] end

    it("is created, read, listed, changed and deleted", function()
      local made = check(room.streaming_targets:create(target()))
      assert.same({ "Stage", "custom", "https://live.example/watch" }, { made.name, made.kind, made.public_url })
      check(room.streaming_targets:create(target { name = "Backup" }))
      local again = check(room.streaming_targets:get(made.id))
      assert.same({ made.id, "rtmp://live.example/app", KEY },
        { again.id, again.streaming_endpoint, again.streaming_key:reveal() })
      local names = {}
      for one in room.streaming_targets:each() do names[#names + 1] = one.name end
      assert.same({ "Stage", "Backup" }, names)
      local page = check(room.streaming_targets:list())
      assert.same({ 2, nil }, { #page, page.next })
      assert.equal("Hall", check(made:update { name = "Hall" }).name)
      assert.equal("https://other.example", check(room.streaming_targets:update(made.id,
        { public_url = "https://other.example" })).public_url)
      assert.equal("Hall", check(made:refresh()).name)
      assert.is_true(made:delete())
      assert.is_true(room.streaming_targets:delete(page[2].id))
      assert.equal(0, #check(room.streaming_targets:list()))
      local _, err = made:refresh()
      assert.same({ 404, "the streaming target was deleted, or was never there" }, { err.status, err.hint })
    end)

    it("is of the kind that servers know, and a change names it where they want it", function()
      local made = check(room.streaming_targets:create(target()))
      check(made:update { name = "x" })
      assert.equal('{"name":"x"}', last().body)
      check(made:update { streaming_key = "other-key-5512" })
      assert.equal('{"kind":"custom","streaming_key":"other-key-5512"}', last().body)
      assert.equal("other-key-5512", check(made:refresh()).streaming_key:reveal())
    end)

    it("shows its key when it is asked to, and to the owner alone", function()
      local event = check(ot.events:create { title = "x" })
      local made = check(event.room.streaming_targets:create(target()))
      for _, record in ipairs { made, check(event.room.streaming_targets:list())[1] } do
        assert.equal(KEY, record.streaming_key:reveal())
        for _, value in pairs(record:totable()) do assert.not_equal(KEY, value) end
        for _, value in pairs(record.raw) do assert.is_nil(tostring(value):find(KEY, 1, true)) end
      end
      sandbox:put("invitation", event.id, { user = "bob" })
      local bob = salon.opentalk(support.opentalk(sandbox, { username = "bob" }))
      assert.is_nil(check(check(bob.rooms:get(event.room.id)).streaming_targets:list())[1].streaming_key)
      local _, err = check(bob.rooms:get(event.room.id)).streaming_targets:create(target())
      assert.equal(403, err.status)
      bob:close()
    end)

    it("comes with an event, whose change replaces all of them", function()
      local event = check(ot.events:create { title = "x", streaming_targets = { target { kind = "custom" } } })
      assert.equal("Stage", event.streaming_targets[1].name)
      assert.equal(KEY, check(event.room.streaming_targets:list())[1].streaming_key:reveal())
      event = check(event:update { streaming_targets = { target { kind = "custom", name = "New" } } })
      assert.same({ 1, "New" }, { #event.streaming_targets, event.streaming_targets[1].name })
      assert.is_nil(check(event:update { streaming_targets = {} }).streaming_targets)
    end)

    it("can be added and removed without a mail", function()
      local event = check(ot.events:create { title = "x" })
      local made = check(event.room.streaming_targets:create(target()))
      assert.equal(1, last().mails)
      check(made:delete { notify = false })
      assert.equal(0, last().mails)
    end)
  end)
end

describe("a streaming target", function()
  it("is nothing that servers of 2023 have, which is said", function()
    local sandbox = support.start { opentalk = "2023", meet = false }
    local ot = salon.opentalk(support.opentalk(sandbox, { controller_url = sandbox.opentalk.controller_url }))
    local room = check(ot.rooms:create())
    local _, err = room.streaming_targets:list()
    assert.equal(403, err.status)
    assert.matches("^servers have it since 0%.9; ", err.hint)
    check(ot:server())
    assert.is_false(ot:supports "room.streaming_targets.create")
    ot:close()
    sandbox:stop()
  end)

  it("keeps its key out of errors, alone and in an event", function()
    local server = raw.start()
    local url = server:reply("ot", "400 Bad Request", "Content-Type: text/json\r\n",
      '{"code":"bad_request","message":"the key ' .. KEY .. ' will not do"}')
    local ot = salon.opentalk { token = "t", controller_url = url }
    local _, err = ot.events:create { title = "x", streaming_targets = { target { streaming_key = KEY } } }
    assert.equal(400, err.status)
    assert.is_nil((tostring(err) .. err.body):find(KEY, 1, true))
    server:reply("ot", "200 OK", "", '{"id":"r"}')
    local service = check(ot.rooms:get "r").streaming_targets
    server:reply("ot", "400 Bad Request", "Content-Type: text/json\r\n",
      '{"code":"bad_request","message":"the key ' .. KEY .. ' will not do"}')
    for _, act in ipairs {
      function() return service:create(target()) end,
      function() return service:update("t", { streaming_key = KEY }) end,
    } do
      _, err = act()
      assert.equal(400, err.status)
      assert.is_nil((tostring(err) .. err.body):find(KEY, 1, true))
    end
    ot:close()
    server:stop()
  end)

  it("that cannot be is a mistake of the line that makes the call", function()
    local server = raw.start()
    local ot = salon.opentalk { token = "t", controller_url = server:reply("ot", "200 OK", "", '{"id":"r"}') }
    local service = check(ot.rooms:get "r").streaming_targets
    local _, sent = server:log()
    for message, act in pairs {
      ["room.streaming_targets:create: field 'name' is required"] = function()
        service:create { streaming_endpoint = "rtmp://h/a", streaming_key = "k", public_url = "https://h/a" }
      end,
      ["room.streaming_targets:create: field 'streaming_endpoint' must be a URL, such as rtmp://host/app"]
        = function() service:create(target { streaming_endpoint = "live.example/app" }) end,
      ["room.streaming_targets:create: field 'kind' must be one of 'custom'"]
        = function() service:create(target { kind = "youtube" }) end,
      ["room.streaming_targets:update: at least one field is required"]
        = function() service:update("x", {}) end,
      ["room.streaming_targets:update: unknown field 'streaming_kye', did you mean 'streaming_key'?"]
        = function() service:update("x", { streaming_kye = "x" }) end,
      ["events:create: field 'streaming_targets' has entry 1, which has 'public_url', which must be a URL, such as "
        .. "rtmp://host/app"]
        = function() ot.events:create { title = "x", streaming_targets = { target { public_url = "x" } } } end,
      ["events:create: field 'streaming_targets' has entry 2, which must be a table with kind, name, public_url, "
        .. "streaming_endpoint, streaming_key, got string"]
        = function() ot.events:create { title = "x", streaming_targets = { target(), "x" } } end,
      ["events:create: field 'training_participation_report' has 'checkpoint_interval', which has 'after', which "
        .. "must be between 60 and 36000"]
        = function()
          ot.events:create { title = "x",
            training_participation_report = { checkpoint_interval = { after = 10, within = 0 } } }
        end,
    } do
      local ok, e = pcall(act)
      assert.is_false(ok, message)
      assert.matches("^spec/streaming_spec%.lua:%d+: ", e)
      assert.equal(message, (e:gsub("^spec/streaming_spec%.lua:%d+: ", "")))
    end
    assert.equal(sent, (select(2, server:log())))
    ot:close()
    server:stop()
  end)
end)
