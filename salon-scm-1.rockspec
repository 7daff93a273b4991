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
  summary = "A client for OpenTalk and La Suite Meet",
  detailed = [[
    Rooms, guest links and events of two self-hosted video systems: OpenTalk
    (controller API v1) and La Suite Meet (External API v1.0). Runs in plain Lua
    and, without blocking a worker, in nginx and OpenResty.]],
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

-- `luarocks show --rock-dir salon` says where these are; editors want types/.
build = {
  type = "builtin",
  copy_directories = { "doc", "types" },
  modules = {
    ["salon.core"] = {
      sources = {
        "src/io/config.c",
        "src/io/engine.c",
        "src/io/exchange.c",
        "src/io/file.c",
        "src/io/headers.c",
        "src/io/link.c",
        "src/io/mailbox.c",
        "src/io/origin.c",
        "src/io/pid.c",
        "src/io/poller.c",
        "src/io/retry.c",
        "src/io/timers.c",
        "src/io/transfer.c",
        "src/io/url.c",
        "src/io/wake.c",
        "src/lua/claim.c",
        "src/lua/client.c",
        "src/lua/core.c",
        "src/lua/decode.c",
        "src/lua/file.c",
        "src/lua/headers.c",
        "src/lua/json.c",
        "src/lua/mailbox.c",
        "src/lua/private_file.c",
        "src/lua/record.c",
        "src/lua/request.c",
        "src/lua/secret.c",
        "src/lua/token.c",
        "src/lua/url.c",
      },
      incdirs = { "src", "$(CURL_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)" },
      libraries = { "curl", "pthread", "dl", "m" },
    },
    ["salon"] = "lua/salon/init.lua",
    ["salon.all"] = "lua/salon/all.lua",
    ["salon.internal.call"] = "lua/salon/internal/call.lua",
    ["salon.internal.client"] = "lua/salon/internal/client.lua",
    ["salon.internal.clock"] = "lua/salon/internal/clock.lua",
    ["salon.internal.context"] = "lua/salon/internal/context.lua",
    ["salon.internal.dial_in"] = "lua/salon/internal/dial_in.lua",
    ["salon.internal.error"] = "lua/salon/internal/error.lua",
    ["salon.internal.error_body"] = "lua/salon/internal/error_body.lua",
    ["salon.internal.failures"] = "lua/salon/internal/failures.lua",
    ["salon.internal.hints"] = "lua/salon/internal/hints.lua",
    ["salon.internal.host"] = "lua/salon/internal/host/init.lua",
    ["salon.internal.host.nginx"] = "lua/salon/internal/host/nginx.lua",
    ["salon.internal.host.plain"] = "lua/salon/internal/host/plain.lua",
    ["salon.internal.host.tasks"] = "lua/salon/internal/host/tasks.lua",
    ["salon.internal.http"] = "lua/salon/internal/http.lua",
    ["salon.internal.is"] = "lua/salon/internal/is.lua",
    ["salon.internal.json"] = "lua/salon/internal/json.lua",
    ["salon.internal.login"] = "lua/salon/internal/login.lua",
    ["salon.internal.lower"] = "lua/salon/internal/lower.lua",
    ["salon.internal.loop"] = "lua/salon/internal/loop.lua",
    ["salon.internal.moment"] = "lua/salon/internal/moment.lua",
    ["salon.internal.operation"] = "lua/salon/internal/operation.lua",
    ["salon.internal.options"] = "lua/salon/internal/options.lua",
    ["salon.internal.pages"] = "lua/salon/internal/pages.lua",
    ["salon.internal.random"] = "lua/salon/internal/random.lua",
    ["salon.internal.resource"] = "lua/salon/internal/resource.lua",
    ["salon.internal.secrets"] = "lua/salon/internal/secrets.lua",
    ["salon.internal.server"] = "lua/salon/internal/server.lua",
    ["salon.internal.session"] = "lua/salon/internal/session.lua",
    ["salon.internal.single_flight"] = "lua/salon/internal/single_flight.lua",
    ["salon.internal.source"] = "lua/salon/internal/source.lua",
    ["salon.internal.stored"] = "lua/salon/internal/stored.lua",
    ["salon.internal.unsupported"] = "lua/salon/internal/unsupported.lua",
    ["salon.internal.watch"] = "lua/salon/internal/watch.lua",
    ["salon.internal.worker_pool"] = "lua/salon/internal/worker_pool.lua",
    ["salon.internal.zone"] = "lua/salon/internal/zone.lua",
    ["salon.log"] = "lua/salon/log.lua",
    ["salon.map"] = "lua/salon/map.lua",
    ["salon.meet"] = "lua/salon/meet/init.lua",
    ["salon.meet.api"] = "lua/salon/meet/api.lua",
    ["salon.meet.finder"] = "lua/salon/meet/finder.lua",
    ["salon.meet.hints"] = "lua/salon/meet/hints.lua",
    ["salon.meet.login"] = "lua/salon/meet/login.lua",
    ["salon.meet.account"] = "lua/salon/meet/account.lua",
    ["salon.meet.rooms"] = "lua/salon/meet/rooms.lua",
    ["salon.opentalk"] = "lua/salon/opentalk/init.lua",
    ["salon.opentalk.api"] = "lua/salon/opentalk/api.lua",
    ["salon.opentalk.assets"] = "lua/salon/opentalk/assets.lua",
    ["salon.opentalk.dates"] = "lua/salon/opentalk/dates.lua",
    ["salon.opentalk.discovery"] = "lua/salon/opentalk/discovery.lua",
    ["salon.opentalk.event_changes"] = "lua/salon/opentalk/event_changes.lua",
    ["salon.opentalk.events"] = "lua/salon/opentalk/events.lua",
    ["salon.opentalk.guesses"] = "lua/salon/opentalk/guesses.lua",
    ["salon.opentalk.halves"] = "lua/salon/opentalk/halves.lua",
    ["salon.opentalk.hints"] = "lua/salon/opentalk/hints.lua",
    ["salon.opentalk.instances"] = "lua/salon/opentalk/instances.lua",
    ["salon.opentalk.invites"] = "lua/salon/opentalk/invites.lua",
    ["salon.opentalk.joining"] = "lua/salon/opentalk/joining.lua",
    ["salon.opentalk.links"] = "lua/salon/opentalk/links.lua",
    ["salon.opentalk.login"] = "lua/salon/opentalk/login.lua",
    ["salon.opentalk.grants.client_credentials"] = "lua/salon/opentalk/grants/client_credentials.lua",
    ["salon.opentalk.grants.device"] = "lua/salon/opentalk/grants/device.lua",
    ["salon.opentalk.grants.password"] = "lua/salon/opentalk/grants/password.lua",
    ["salon.opentalk.grants.refresh"] = "lua/salon/opentalk/grants/refresh.lua",
    ["salon.opentalk.route"] = "lua/salon/opentalk/route.lua",
    ["salon.opentalk.account"] = "lua/salon/opentalk/account.lua",
    ["salon.opentalk.people"] = "lua/salon/opentalk/people.lua",
    ["salon.opentalk.refusals"] = "lua/salon/opentalk/refusals.lua",
    ["salon.opentalk.registration"] = "lua/salon/opentalk/registration.lua",
    ["salon.opentalk.rooms"] = "lua/salon/opentalk/rooms.lua",
    ["salon.opentalk.sip"] = "lua/salon/opentalk/sip.lua",
    ["salon.opentalk.streaming_targets"] = "lua/salon/opentalk/streaming_targets.lua",
    ["salon.opentalk.users"] = "lua/salon/opentalk/users.lua",
    ["salon.scope"] = "lua/salon/scope.lua",
    ["salon.secret"] = "lua/salon/secret.lua",
    ["salon.sleep"] = "lua/salon/sleep.lua",
    ["salon.store"] = "lua/salon/store/init.lua",
    ["salon.store.file"] = "lua/salon/store/file.lua",
    ["salon.store.memory"] = "lua/salon/store/memory.lua",
    ["salon.store.redis"] = "lua/salon/store/redis.lua",
    ["salon.store.shdict"] = "lua/salon/store/shdict.lua",
    ["salon.time"] = "lua/salon/time.lua",
    ["salon.version"] = "lua/salon/version.lua",
  },
}
