-- Shared folders of OpenTalk's meetings, what is left of one's storage, and the report of who
-- took part in a training.

local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"

local check = salon.check
local REPORT = { initial_checkpoint_delay = { after = 600, within = 1200 },
  checkpoint_interval = { after = 6300, within = 0 } }

for _, version in ipairs { "2026", "0.66" } do
  describe("on OpenTalk " .. version, function()
    local sandbox, ot, event

    setup(function()
      sandbox = support.start { opentalk = version, meet = false }
      ot = salon.opentalk(support.opentalk(sandbox))
    end)
    teardown(function()
      ot:close()
      sandbox:stop()
    end)
    before_each(function() event = check(ot.events:create { title = "x" }) end)

    local function last(n)
      local all = sandbox:requests()
      return all[#all - (n or 0)]
    end

    it("a meeting gets a shared folder once, whoever asks again", function()
      local _, err = event:folder()
      assert.equal(404, err.status)
      assert.matches("event:add_folder%(%) makes one", err.hint)
      local folder = check(event:add_folder())
      assert.same({ 200, 1 }, { last().status, last().mails })
      assert.matches("^https://", folder.read.url)
      assert.is_string(folder.read_write.password)
      local again = check(ot.events:add_folder(event.id, { notify = false }))
      assert.same({ 304, 0, 200 }, { last(1).status, last(1).mails, last().status })
      assert.same(folder:totable(), again:totable())
      assert.same(folder:totable(), check(ot.events:folder(event.id)):totable())
      assert.same(folder:totable(), check(event:refresh()).shared_folder)
      sandbox:put("invitation", event.id, { user = "bob" })
      local bob = salon.opentalk(support.opentalk(sandbox, { username = "bob" }))
      assert.is_nil(check(bob.events:folder(event.id)).read_write)
      bob:close()
    end)

    it("a shared folder is deleted, by force if need be", function()
      check(event:add_folder())
      sandbox:fault { route = "DELETE /v1/events/" .. event.id .. "/shared_folder", kind = "500", count = 9 }
      local _, err = event:remove_folder()
      assert.equal(500, err.status)
      assert.matches("option 'force' forgets the folder", err.hint)
      sandbox:reset()
      event = check(ot.events:create { title = "x" })
      check(event:add_folder())
      assert.is_true(event:remove_folder { force = true, notify = false })
      assert.same({ 204, 0 }, { last().status, last().mails })
      assert.equal(404, select(2, event:folder()).status)
      assert.is_true(ot.events:remove_folder(event.id))
    end)

    it("a server without one for shared folders says so", function()
      sandbox:switch { shared_folders = false }
      local _, err = event:add_folder()
      sandbox:switch { shared_folders = true }
      assert.same({ 400, "the operator has connected no server for shared folders" }, { err.status, err.hint })
    end)

    it("a user can ask how much of the storage is left", function()
      local before = check(ot.users:storage())
      assert.same({ nil, nil }, { before.max, before.left })
      sandbox:put("asset", nil, { room = event.room.id, filename = "a.txt", body = "12345" })
      assert.equal(before.used + 5, check(ot.users:storage { timeout = 5 }).used)
      sandbox:switch { tenants = true }
      local kim = salon.opentalk(support.opentalk(sandbox, { username = "kim" }))
      local room = check(kim.rooms:create())
      sandbox:put("asset", nil, { room = room.id, filename = "a.txt", body = "12345" })
      assert.same({ used = 5, max = 50000, left = 49995 }, check(kim.users:storage()))
      sandbox:put("asset", nil, { room = room.id, filename = "b.txt", body = ("x"):rep(50000) })
      assert.same({ used = 50005, max = 50000, left = 0 }, check(kim.users:storage()))
      kim:close()
      sandbox:switch { tenants = false }
    end)

    it("an event keeps when people are asked whether they are there, until it is taken back", function()
      local training = check(ot.events:create { title = "x", training_participation_report = REPORT })
      assert.same(REPORT, training.training_participation_report)
      assert.same(REPORT, check(training:update { title = "y" }).training_participation_report)
      training = check(training:update { training_participation_report = salon.null })
      assert.is_nil(training.training_participation_report)
    end)
  end)
end

describe("on OpenTalk 2023", function()
  it("there is neither a shared folder nor a count of storage nor a report, and salon says so", function()
    local sandbox = support.start { opentalk = "2023", meet = false }
    local ot = salon.opentalk(support.opentalk(sandbox, { controller_url = sandbox.opentalk.controller_url }))
    local event = check(ot.events:create { title = "x" })
    for _, method in ipairs { "folder", "add_folder", "remove_folder" } do
      local _, err = event[method](event)
      assert.equal(403, err.status)
      assert.matches("^servers have it since 0%.5; ", err.hint)
    end
    local _, err = ot.users:storage()
    assert.same({ "unsupported", "users:storage: the server does not tell it", "servers since 0.11 do", "done", 200 },
      { err.kind, err.message, err.hint, err.outcome, err.status })
    _, err = ot.events:create { title = "x", training_participation_report = REPORT }
    assert.equal("unsupported", err.kind)
    assert.matches("training_participation_report", err.message)
    ot:close()
    sandbox:stop()
  end)
end)

describe("a shared folder", function()
  it("that is none is an error, and force has a name of its own", function()
    local server = raw.start()
    local ot = salon.opentalk { token = "t", controller_url = server:reply("ot", "200 OK", "", '{"read":"x"}') }
    local folder, err = ot.events:folder "e"
    assert.is_nil(folder)
    assert.same({ "decode", "the response's 'read' must be an object, got string" }, { err.kind, err.message })
    check(ot.events:remove_folder("e", { force = true }))
    assert.matches("DELETE /ot/v1/events/e/shared_folder%?force_delete_reference_if_shared_folder_deletion_fails=true ",
      (server:log()))
    ot:close()
    server:stop()
  end)
end)
