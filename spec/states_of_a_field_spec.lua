-- A field that is absent stays as it is, salon.null clears it, and an empty table is an
-- object or a list as the field has it. What the API leaves free comes back as it was read,
-- but for what was changed.

local core = require "salon.core"
local raw = require "spec.support.raw"
local salon = require "salon"

local FREE = '{"list":[],"map":{},"none":null,"rows":[{"a":null,"b":[[],{}]},[]]}'
local CHANGED = '{"list":[1],"map":{},"more":{},"none":null,"rows":[{"a":null,"b":[[],{}]},[]]}'
local EVENT = '{"id":"e","title":"t","type":"single","is_time_independent":true,"room":{"id":"r"},'
  .. '"streaming_targets":[' .. FREE .. '],"training_participation_report":' .. FREE .. "}"
local DATES = '"is_time_independent":true,'

describe("a field", function()
  local server, ot, meet

  setup(function()
    server = raw.start()
    ot = salon.opentalk { token = "t", controller_url = server:reply("ot", "200 OK", "", EVENT) }
    meet = salon.meet { token = "t", url = server:reply("meet", "200 OK", "",
      '{"id":"r","slug":"public","configuration":' .. FREE .. "}") }
  end)
  teardown(function() server:stop() end)

  -- The body of the last request.
  local function sent(value, err)
    assert(value, err)
    return server:log():match "\r\n\r\n([^\r\n]*)\n$"
  end

  local function change(free)
    free.list, free.more = { 1 }, {}
    return free
  end

  it("that is absent is not sent", function()
    assert.equal("{}", sent(ot.rooms:update("e", {})))
    assert.equal('{"waiting_room":false}', sent(ot.rooms:update("e", { waiting_room = false })))
    assert.equal("{}", sent(meet.rooms:update("r", {})))
  end)

  it("that is salon.null is sent as null", function()
    assert.equal('{"password":null}', sent(ot.rooms:update("e", { password = salon.null })))
    assert.equal('{"password":null}', sent(ot.events:update("e", { password = salon.null })))
    assert.equal("{" .. DATES .. '"training_participation_report":null}',
      sent(ot.events:update("e", { training_participation_report = salon.null })))
    for _, wrong in ipairs {
      function() ot.rooms:update("e", { waiting_room = salon.null }) end,
      function() meet.rooms:update("r", { configuration = salon.null }) end,
    } do
      assert.matches("spec/states_of_a_field_spec.lua:%d+: .*got salon.null$", select(2, pcall(wrong)))
    end
  end)

  it("of a list is an empty list, typed as {} or salon.array {}", function()
    local moment = { datetime = "2027-01-04T10:00:00Z", timezone = "UTC" }
    local MOMENT = '{"datetime":"2027-01-04T10:00:00Z","timezone":"UTC"}'
    for _, empty in ipairs { {}, salon.array {} } do
      assert.equal("{" .. DATES .. '"streaming_targets":[]}',
        sent(ot.events:update("e", { streaming_targets = empty })))
      assert.equal('{"description":"","ends_at":' .. MOMENT .. ',"is_all_day":false,'
        .. '"is_time_independent":false,"recurrence_pattern":[],"starts_at":' .. MOMENT .. ',"title":"t"}',
        sent(ot.events:create { title = "t", starts_at = moment, ends_at = moment,
          recurrence_pattern = empty }))
    end
    local typed = {}
    salon.check(ot.events:update("e", { streaming_targets = typed }))
    assert.is_nil(getmetatable(typed))
  end)

  it("that is free is an object, typed as {}, and a list as salon.array {}", function()
    assert.equal('{"configuration":{}}', sent(meet.rooms:create { configuration = {} }))
    assert.equal('{"configuration":{"a":{},"b":[],"c":null}}', sent(meet.rooms:create {
      configuration = { a = {}, b = salon.array {}, c = salon.null } }))
    assert.equal("{" .. DATES .. '"training_participation_report":{}}',
      sent(ot.events:update("e", { training_participation_report = {} })))
  end)

  it("that is free is written back as it was read", function()
    local event, room = salon.check(ot.events:get "e"), salon.check(meet.rooms:get "r")
    assert.equal("{" .. DATES .. '"streaming_targets":[' .. FREE .. '],"training_participation_report":'
      .. FREE .. "}", sent(event:update { streaming_targets = event.streaming_targets,
        training_participation_report = event.training_participation_report }))
    assert.equal('{"configuration":' .. FREE .. "}", sent(room:update { configuration = room.configuration }))
  end)

  it("that is free is written back with what was changed, and nothing else", function()
    local event, room = salon.check(ot.events:get "e"), salon.check(meet.rooms:get "r")
    local report, targets = change(event.training_participation_report), event.streaming_targets
    change(targets[1])
    targets[2] = { name = "new" }
    assert.equal("{" .. DATES .. '"streaming_targets":[' .. CHANGED
      .. ',{"name":"new"}],"training_participation_report":' .. CHANGED .. "}",
      sent(event:update { streaming_targets = targets, training_participation_report = report }))
    assert.equal('{"configuration":' .. CHANGED .. "}",
      sent(room:update { configuration = change(room.configuration) }))
    report.none, report.map = 5, nil
    assert.equal((CHANGED:gsub('"map":{},', ""):gsub('"none":null', '"none":5')), core.encode(report))
  end)
end)
