-- Servers that answered oddly made bare errors of Lua, lost people, or led to requests for
-- nobody; and checks were missing on what callers give.

local Transport = require "spec.support.transport"
local core = require "salon.core"
local salon = require "salon"

local ID = "6f1d7a52-2f0e-4b9e-8a0a-3c7c4c0d9f11"
local START = { datetime = "2027-01-04T10:00:00Z", timezone = "Europe/Berlin" }
local BEFORE = { datetime = "2027-01-04T09:00:00Z", timezone = "Europe/Berlin" }

describe("an odd answer", function()
  local transport, answers, ot
  before_each(function()
    answers = {}
    transport = Transport.install(function(entry)
      local answer = answers[entry.method .. " " .. entry.path:gsub("^/v1", "")]
      if answer == nil then return 404, "" end
      return 200, answer
    end)
    ot = salon.opentalk { url = "https://m.example", controller_url = "https://c.example", token = "t" }
  end)
  after_each(function() transport:remove() end)

  local function event(fields)
    fields.id = ID
    answers["GET /events/" .. ID] = core.encode(fields)
    return assert(ot.events:get(ID))
  end

  it("among the people of an event is an error of kind decode, and nobody is lost", function()
    local people = event({ type = "single" }).invites
    for _, list in ipairs { '[5]', '["x"]', '[{"profile":{"id":"a"}},null,{"profile":{"id":"b"}}]',
      '[null,{"profile":{"id":"b"}}]', '[{"profile":{"id":""}}]', '[{"profile":{"id":"a/b"}}]',
      '[{"profile":{"id":5}}]' } do
      answers["GET /events/" .. ID .. "/invites"] = list
      local page, err = people:list()
      assert.is_nil(page, list)
      assert.equal("decode", err.kind)
    end
    for _, list in ipairs { "[5]", '["x"]' } do
      answers["GET /users/find"] = list
      assert.equal("decode", select(2, ot.users:find "abc").kind)
    end
    answers["GET /events/" .. ID .. "/invites"] = '[{"profile":5},{"status":"pending"}]'
    for _, person in ipairs(assert(people:list())) do
      local done, err = person:withdraw()
      assert.is_nil(done)
      assert.same({ "unsupported", "unsent" }, { err.kind, err.outcome })
    end
  end)

  it("about a role does not name somebody else", function()
    local people = event({ type = "single", invitees = { { profile = { id = "someone-else" } } } }).invites
    answers["POST /events/" .. ID .. "/invites"] = ""
    assert.is_true(people:create { invitee = "meant", role = "moderator" })
  end)

  it("instead of dates is no bare error", function()
    for _, odd in ipairs { "x", 5, {}, { datetime = 5 }, { datetime = "x" }, core.null } do
      local single = event { type = "single", starts_at = odd, ends_at = odd }
      assert.equal("unsupported", select(2, single:move { starts_at = START }).kind)
      local series = event { type = "recurring", starts_at = odd, ends_at = odd }
      answers["GET /events/" .. ID .. "/instances"] = core.encode { { id = "i", instance_id = "20270104T100000Z",
        starts_at = START, ends_at = START } }
      assert.equal("unsupported", select(2, series:update { title = "x" }).kind)
      answers["GET /events/" .. ID .. "/instances"] = core.encode { { id = "i", instance_id = "20270104T100000Z",
        starts_at = odd } }
      assert.equal(1, #assert(series.instances:list { time_max = START.datetime }))
    end
  end)

  it("about guest links leads to a link or an error", function()
    local path = "GET /rooms/" .. ID .. "/invites"
    answers["POST /rooms/" .. ID .. "/invites"] = core.encode { invite_code = "new", room_id = ID, active = true }
    for _, odd in ipairs { "never", "", "2027-01-01" } do
      answers[path] = core.encode { { invite_code = "c", room_id = ID, active = true, expiration = odd } }
      assert.matches("invite=new$", (ot.rooms:guest_url(ID, { expires_in = 3600 })))
    end
    answers[path] = "[]"
    local without = salon.opentalk { controller_url = "https://c.example", token = "t" }
    transport.log = {}
    local url, err = without.rooms:guest_url(ID)
    assert.is_nil(url)
    assert.equal("unsupported", err.kind)
    assert.is_nil(table.concat(transport:lines(), "\n"):find "POST")
  end)

  it("without the value that was asked for is an error of kind decode", function()
    answers["POST /rooms/name/verify"] = "{}"
    assert.equal("decode", select(2, ot.rooms:verify_name "abcd").kind)
    answers["GET /users/me/pending_invites"] = '{"total_pending_invites":"x"}'
    assert.equal("decode", select(2, ot.users:pending_invites()).kind)
  end)

  it("is not made worse by what callers give: mistakes raise where they are made", function()
    local meeting = event { type = "single", starts_at = BEFORE, ends_at = START }
    local room = core.record(require("salon.opentalk.rooms").record, { id = ID }, { session = {} }, {})
    local invites = require "salon.opentalk.invites"
    local sent = #transport.log
    for message, call in pairs {
      ["event:move: field 'ends_at' must not be before 'starts_at'"] = function()
        local _ = meeting:move { starts_at = START, ends_at = BEFORE }
      end,
      ["events:create: field 'streaming_targets' has entry 1, which cannot be written as JSON: "] = function()
        local _ = ot.events:create { title = "x", streaming_targets = { { a = print } } }
      end,
      ["events:create: field 'training_participation_report' cannot be written as JSON: "] = function()
        local _ = ot.events:create { title = "x", training_participation_report = { 0 / 0 } }
      end,
      ["events:create: field 'recurrence_pattern' must hold one rule in each text, without a line end"] = function()
        local _ = ot.events:create { title = "x", starts_at = BEFORE, ends_at = START,
          recurrence_pattern = { "FREQ=DAILY\nDTSTART:2027" } }
      end,
      ["rooms:create: fields must be a table, got boolean"] = function() local _ = ot.rooms:create(false) end,
      ["invite:usable: wrong self (userdata); call it with a colon: invite:usable(...)"] = function()
        local _ = invites.record.methods.usable(room)
      end,
      ["invite:usable: wrong self (nil); call it with a colon: invite:usable(...)"] = function()
        local _ = invites.record.methods.usable()
      end,
    } do
      local ok, e = pcall(call)
      assert.is_false(ok, message)
      assert.matches("^[%w/.]*spec/regress/odd_answers_spec%.lua:%d+: ", e)
      assert.truthy(e:find(message, 1, true), e)
    end
    assert.equal(sent, #transport.log)
  end)
end)
