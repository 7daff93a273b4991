-- What ships: every C source and every Lua module, one line each.
-- spec/rockspec_spec.lua compares the lists with the tree.
rockspec_format = "3.0"
package = "salon"
version = "scm-1"

-- Built from a checkout by `luarocks make`, which does not look here.  `make
-- rock` names the archive of a release instead.
source = {
  url = "git+file://.",
}

description = {
  summary = "Rooms and meetings of OpenTalk and La Suite Meet",
  detailed = [[
    One door to two self-hosted video systems: OpenTalk (controller API v1) and
    La Suite Meet (External API v1.0).  Runs in plain Lua and, without holding
    up a worker, in nginx/OpenResty.]],
  license = "MIT",
}

dependencies = {
  "lua >= 5.1, < 5.6",
  "lua-cjson >= 2.1.0",
}

-- The library only: where Debian keeps curl.h the compiler looks by itself, and
-- LuaRocks' own search for the header does not.
external_dependencies = {
  CURL = { library = "curl" },
}

build = {
  type = "builtin",
  modules = {
    ["salon.core"] = {
      sources = {
        "src/client.c",
        "src/clock.c",
        "src/config.c",
        "src/core.c",
        "src/engine.c",
        "src/exchange.c",
        "src/headers.c",
        "src/json.c",
        "src/link.c",
        "src/luaurl.c",
        "src/mailbox.c",
        "src/news.c",
        "src/origin.c",
        "src/pid.c",
        "src/poller.c",
        "src/record.c",
        "src/request.c",
        "src/retry.c",
        "src/secret.c",
        "src/timers.c",
        "src/token.c",
        "src/transfer.c",
        "src/url.c",
        "src/wake.c",
      },
      incdirs = { "$(CURL_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)" },
      libraries = { "curl", "pthread", "dl", "m" },
    },
    ["salon"] = "lua/salon/init.lua",
    ["salon.all"] = "lua/salon/all.lua",
    ["salon.call"] = "lua/salon/call.lua",
    ["salon.client"] = "lua/salon/client.lua",
    ["salon.clock"] = "lua/salon/clock.lua",
    ["salon.context"] = "lua/salon/context.lua",
    ["salon.crew"] = "lua/salon/crew.lua",
    ["salon.error"] = "lua/salon/error.lua",
    ["salon.flight"] = "lua/salon/flight.lua",
    ["salon.hints"] = "lua/salon/hints.lua",
    ["salon.host"] = "lua/salon/host/init.lua",
    ["salon.host.nginx"] = "lua/salon/host/nginx.lua",
    ["salon.host.plain"] = "lua/salon/host/plain.lua",
    ["salon.host.tasks"] = "lua/salon/host/tasks.lua",
    ["salon.json"] = "lua/salon/json.lua",
    ["salon.links"] = "lua/salon/links.lua",
    ["salon.login"] = "lua/salon/login.lua",
    ["salon.map"] = "lua/salon/map.lua",
    ["salon.meet"] = "lua/salon/meet/init.lua",
    ["salon.meet.hints"] = "lua/salon/meet/hints.lua",
    ["salon.meet.login"] = "lua/salon/meet/login.lua",
    ["salon.meet.rooms"] = "lua/salon/meet/rooms.lua",
    ["salon.opentalk"] = "lua/salon/opentalk/init.lua",
    ["salon.opentalk.discovery"] = "lua/salon/opentalk/discovery.lua",
    ["salon.opentalk.events"] = "lua/salon/opentalk/events.lua",
    ["salon.opentalk.hints"] = "lua/salon/opentalk/hints.lua",
    ["salon.opentalk.invites"] = "lua/salon/opentalk/invites.lua",
    ["salon.opentalk.list"] = "lua/salon/opentalk/list.lua",
    ["salon.opentalk.login"] = "lua/salon/opentalk/login.lua",
    ["salon.opentalk.rooms"] = "lua/salon/opentalk/rooms.lua",
    ["salon.options"] = "lua/salon/options.lua",
    ["salon.pages"] = "lua/salon/pages.lua",
    ["salon.sandbox"] = "lua/salon/sandbox/init.lua",
    ["salon.sandbox.control"] = "lua/salon/sandbox/control.lua",
    ["salon.sandbox.faults"] = "lua/salon/sandbox/faults.lua",
    ["salon.sandbox.json"] = "lua/salon/sandbox/json.lua",
    ["salon.sandbox.jwt"] = "lua/salon/sandbox/jwt.lua",
    ["salon.sandbox.login"] = "lua/salon/sandbox/login/init.lua",
    ["salon.sandbox.login.answers"] = "lua/salon/sandbox/login/answers.lua",
    ["salon.sandbox.login.discovery"] = "lua/salon/sandbox/login/discovery.lua",
    ["salon.sandbox.login.grants"] = "lua/salon/sandbox/login/grants.lua",
    ["salon.sandbox.login.sessions"] = "lua/salon/sandbox/login/sessions.lua",
    ["salon.sandbox.meet"] = "lua/salon/sandbox/meet/init.lua",
    ["salon.sandbox.meet.configuration"] = "lua/salon/sandbox/meet/configuration.lua",
    ["salon.sandbox.meet.errors"] = "lua/salon/sandbox/meet/errors.lua",
    ["salon.sandbox.meet.input"] = "lua/salon/sandbox/meet/input.lua",
    ["salon.sandbox.meet.rooms"] = "lua/salon/sandbox/meet/rooms.lua",
    ["salon.sandbox.meet.token"] = "lua/salon/sandbox/meet/token.lua",
    ["salon.sandbox.nginx"] = "lua/salon/sandbox/nginx.lua",
    ["salon.sandbox.opentalk"] = "lua/salon/sandbox/opentalk/init.lua",
    ["salon.sandbox.opentalk.errors"] = "lua/salon/sandbox/opentalk/errors.lua",
    ["salon.sandbox.opentalk.events"] = "lua/salon/sandbox/opentalk/events.lua",
    ["salon.sandbox.opentalk.input"] = "lua/salon/sandbox/opentalk/input.lua",
    ["salon.sandbox.opentalk.invites"] = "lua/salon/sandbox/opentalk/invites.lua",
    ["salon.sandbox.opentalk.pages"] = "lua/salon/sandbox/opentalk/pages.lua",
    ["salon.sandbox.opentalk.recurrence"] = "lua/salon/sandbox/opentalk/recurrence.lua",
    ["salon.sandbox.opentalk.rooms"] = "lua/salon/sandbox/opentalk/rooms.lua",
    ["salon.sandbox.opentalk.users"] = "lua/salon/sandbox/opentalk/users.lua",
    ["salon.sandbox.opentalk.views"] = "lua/salon/sandbox/opentalk/views.lua",
    ["salon.sandbox.random"] = "lua/salon/sandbox/random.lua",
    ["salon.sandbox.server"] = "lua/salon/sandbox/server.lua",
    ["salon.sandbox.shell"] = "lua/salon/sandbox/shell.lua",
    ["salon.sandbox.store"] = "lua/salon/sandbox/store.lua",
    ["salon.sandbox.time"] = "lua/salon/sandbox/time.lua",
    ["salon.sandbox.tokens"] = "lua/salon/sandbox/tokens.lua",
    ["salon.scope"] = "lua/salon/scope.lua",
    ["salon.session"] = "lua/salon/session.lua",
    ["salon.unsupported"] = "lua/salon/unsupported.lua",
    ["salon.version"] = "lua/salon/version.lua",
  },
}
