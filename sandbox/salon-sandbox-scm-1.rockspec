-- A local imitation of both servers, for tests of programs that use salon. A rock of its
-- own: programs in use do not need it.
rockspec_format = "3.0"
package = "salon-sandbox"
version = "scm-1"

source = {
  url = "git+file://.",
}

description = {
  summary = "A local imitation of OpenTalk and La Suite Meet to test programs against",
  detailed = [[
    Runs OpenTalk's controller, its login service and Meet's External API on
    loopback ports. Needs nginx with the Lua module and lua-cjson for LuaJIT, or
    OpenResty, and openssl.]],
  license = "MIT",
}

dependencies = {
  "lua >= 5.1, < 5.6",
  "salon",
}

build = {
  type = "builtin",
  modules = {
    ["salon.sandbox"] = "lua/salon/sandbox/init.lua",
    ["salon.sandbox.control"] = "lua/salon/sandbox/control.lua",
    ["salon.sandbox.faults"] = "lua/salon/sandbox/faults.lua",
    ["salon.sandbox.json"] = "lua/salon/sandbox/json.lua",
    ["salon.sandbox.jwt"] = "lua/salon/sandbox/jwt.lua",
    ["salon.sandbox.login"] = "lua/salon/sandbox/login/init.lua",
    ["salon.sandbox.login.responses"] = "lua/salon/sandbox/login/responses.lua",
    ["salon.sandbox.login.device"] = "lua/salon/sandbox/login/device.lua",
    ["salon.sandbox.login.discovery"] = "lua/salon/sandbox/login/discovery.lua",
    ["salon.sandbox.login.grants"] = "lua/salon/sandbox/login/grants.lua",
    ["salon.sandbox.login.sessions"] = "lua/salon/sandbox/login/sessions.lua",
    ["salon.sandbox.meet"] = "lua/salon/sandbox/meet/init.lua",
    ["salon.sandbox.meet.responses"] = "lua/salon/sandbox/meet/responses.lua",
    ["salon.sandbox.meet.input"] = "lua/salon/sandbox/meet/input.lua",
    ["salon.sandbox.meet.rooms"] = "lua/salon/sandbox/meet/rooms.lua",
    ["salon.sandbox.meet.token"] = "lua/salon/sandbox/meet/token.lua",
    ["salon.sandbox.nginx"] = "lua/salon/sandbox/nginx.lua",
    ["salon.sandbox.opentalk"] = "lua/salon/sandbox/opentalk/init.lua",
    ["salon.sandbox.opentalk.responses"] = "lua/salon/sandbox/opentalk/responses.lua",
    ["salon.sandbox.opentalk.event_changes"] = "lua/salon/sandbox/opentalk/event_changes.lua",
    ["salon.sandbox.opentalk.event_rules"] = "lua/salon/sandbox/opentalk/event_rules.lua",
    ["salon.sandbox.opentalk.events"] = "lua/salon/sandbox/opentalk/events.lua",
    ["salon.sandbox.opentalk.input"] = "lua/salon/sandbox/opentalk/input.lua",
    ["salon.sandbox.opentalk.instances"] = "lua/salon/sandbox/opentalk/instances.lua",
    ["salon.sandbox.opentalk.invites"] = "lua/salon/sandbox/opentalk/invites.lua",
    ["salon.sandbox.opentalk.joining"] = "lua/salon/sandbox/opentalk/joining.lua",
    ["salon.sandbox.opentalk.pages"] = "lua/salon/sandbox/opentalk/pages.lua",
    ["salon.sandbox.opentalk.people"] = "lua/salon/sandbox/opentalk/people.lua",
    ["salon.sandbox.opentalk.profiles"] = "lua/salon/sandbox/opentalk/profiles.lua",
    ["salon.sandbox.opentalk.recurrence"] = "lua/salon/sandbox/opentalk/recurrence.lua",
    ["salon.sandbox.opentalk.rooms"] = "lua/salon/sandbox/opentalk/rooms.lua",
    ["salon.sandbox.opentalk.streaming"] = "lua/salon/sandbox/opentalk/streaming.lua",
    ["salon.sandbox.opentalk.things"] = "lua/salon/sandbox/opentalk/things.lua",
    ["salon.sandbox.opentalk.users"] = "lua/salon/sandbox/opentalk/users.lua",
    ["salon.sandbox.opentalk.views"] = "lua/salon/sandbox/opentalk/views.lua",
    ["salon.sandbox.put"] = "lua/salon/sandbox/put.lua",
    ["salon.sandbox.random"] = "lua/salon/sandbox/random.lua",
    ["salon.sandbox.server"] = "lua/salon/sandbox/server.lua",
    ["salon.sandbox.shell"] = "lua/salon/sandbox/shell.lua",
    ["salon.sandbox.store"] = "lua/salon/sandbox/store.lua",
    ["salon.sandbox.time"] = "lua/salon/sandbox/time.lua",
    ["salon.sandbox.tokens"] = "lua/salon/sandbox/tokens.lua",
  },
}
