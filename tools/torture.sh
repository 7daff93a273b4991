#!/bin/sh
# Leaves out each guard of src/io/guards.h once, in a build of its own: exactly the
# test of that guard must fail. With all guards every test passes, at ten times the
# repetitions of an ordinary run (SALON_TORTURE=1). Then the same with lines of Lua
# (`cures`), nginx in trouble (`storm`), the C tests under valgrind, and everything with
# poll instead of epoll.
#   tools/torture.sh [GUARD | guards | cures | storm | memory | fallback]...
# A test NAME is spec/c/test_NAME.c, spec/NAME_spec.lua, spec/regress/NAME_spec.lua, or
# several of them.
set -u
cd "$(dirname "$0")/.." || exit 1
make=${MAKE:-make}
unset MAKEFLAGS MFLAGS MAKELEVEL
jobs=$(nproc 2>/dev/null || echo 2)
busted=$(command -v busted || echo /usr/bin/busted)
lua=$(command -v lua5.4 || command -v lua)
passed=0 failed=0

# guard:test
table="SEND_ONCE:once QUICK_EXIT:lookup EXIT_HANDLER:exit FORK_CHECK:fork SOCKET_ACTION:pending SOCKET_ACTION:engine
  FRESH_HANDLES:a_folded_first_header_line NEXT_ADDRESS:lookup CONNECT_FLOOR:engine
  DIRECT_LOOPBACK:a_proxy_of_the_environment SINGLE_STREAM:a_connection_that_is_retired
  UNPACK_CHECK:a_response_that_unpacks_to_nothing"
# shellcheck disable=SC2086  # a list
tests=$(printf '%s\n' $table | sed 's/.*://' | sort -u)

# file below lua/salon, test, sed commands that take the cure out of the file
cures=$(cat <<'ROWS'
internal/error_body.lua a_page_of_blanks s/local _, before = /do return head:match("<" .. name .. ">%s*(.-)%s*<") end &/
internal/host/nginx.lua a_timer_that_never_begins /^local function need_reader/,/^end/s/return false/return true/
internal/host/init.lua strict_globals s/rawget(_G, "ngx")/ngx/
internal/login.lua sessions s/if fence == nil then return false end/if fence == nil then fence = {} end/
internal/login.lua sessions s/note_unsaved(self, not saved and token or nil)/note_unsaved(self, nil)/
internal/login.lua a_store_in_trouble s/ or token == self.superseded then return nil, err/ then return nil, err/
internal/login.lua sessions s/if saved == false then/if false then/
internal/login.lua sessions s/if left and left <= math.min(FEW.*/if false then return nil end/
internal/loop.lua a_break_out_of_a_walk s/if loop.closes then/do/
internal/pages.lua a_walk_that_broke /err.resume = /d
internal/lower.lua a_turkish_locale s/return (text:gsub.*/return text:lower()/
internal/secrets.lua a_secret_that_comes_back s/^local LAYERS = 3/local LAYERS = 1/
internal/secrets.lua canary s/{ "%02x", "%02X" }/{}/
internal/http.lua a_clock_that_is_slow s/return seen.offset and .* or os.time()/return os.time()/
internal/http.lua a_page_that_is_read_late s/math.min(most, seen.offset or least)/least/
internal/zone.lua time s/if wanted - after < ends then/if false then/
internal/zone.lua time s/next_at > #data + 1 or //
internal/session.lua assets s/return math.min(call.deadline, self:deadline())/return call.deadline/
internal/taken.lua a_field_that_is_left_out s/if names\[1\] == nil then/do/
meet/init.lua logins_that_failed /SWEEP_EVERY == 0/d
meet/rooms.lua a_room_without_a_slug s/room.raw.slug ~= "" and //
store/file.lua a_store_in_trouble s/if written then return held end/do return held end/
store/file.lua store s/if (entries.key. and entries.key..blob) ~= version then/if false then/
store/shdict.lua store s/local done = dict:get(key) == version/local done = true/
store/shdict.lua store s/then return inherit(.*/then return nil end/
opentalk/dates.lua time s/if not clock.writable(ends) then/if false then/
opentalk/assets.lua assets s/bare = there.origin ~= .*/bare = false }))/
opentalk/assets.lua assets s/if not is_over(err) then/do/
opentalk/assets.lua assets s/not (given.resume and file:progress() > 0)/false/
opentalk/discovery.lua a_wrong_guess /self.api, self.controller = nil/d
opentalk/password_attempts.lua many_logins_of_one_account s/local claim = take_turn(.*)/local claim/
opentalk/password_attempts.lua many_logins_of_one_account s/not is_doubtful(err) or/true or/
opentalk/password_attempts.lua grants s/self.sent_once or code or/self.sent_once or/
opentalk/grants/refresh.lua grants s/if other == mine or err and .* then/if other == mine then/
internal/single_flight.lua a_call_inside_of_a_login /leader.co == coroutine.running()/d
internal/watch.lua a_call_inside_of_a_login s/if telling\[me\] == home then return end//
internal/login.lua a_logout_during_a_renewal /self.renewal:settle/d
ROWS
)

# between LOW VERSION HIGH
between() { printf '%s\n' "$@" | sort -V -C; }

# needed GUARD OR TEST: some are needed with certain versions only
needed() {
  case $1 in
    FRESH_HANDLES) between 7.83.0 "$(pkg-config --modversion libcurl)" 8.1.0 ;;
    a_break_out_of_a_walk) between 5.4.0 "$("$lua" -v | cut -d ' ' -f 2)" 5.4.4 ;;
  esac
}

verdict() {
  if [ "$1" = "$2" ]; then
    passed=$((passed + 1))
    echo "as expected, $3: $1"
  else
    failed=$((failed + 1))
    echo "FAILED: $3: $1"
  fi
}

# runs NAME FOLDER: "passes" or "fails"
runs() {
  found='' outcome=passes
  if [ -f "spec/c/test_$1.c" ]; then
    found=yes
    timeout 900 "$2/5.4/c/test_$1" >>"$2/log" 2>&1 || outcome=fails
  fi
  for spec in "spec/$1_spec.lua" "spec/regress/$1_spec.lua"; do
    [ -f "$spec" ] || continue
    found=yes
    SALON_BUILD="$2" timeout 900 tools/run "$lua" "$busted" "$spec" >>"$2/log" 2>&1 || outcome=fails
  done
  [ -n "$found" ] || outcome="does not exist"
  echo "$outcome"
}

# builds FOLDER FLAGS
builds() {
  mkdir -p "$1"
  : >"$1/log"
  programs=
  for name in $tests; do
    [ ! -f "spec/c/test_$name.c" ] || programs="$programs $1/5.4/c/test_$name"
  done
  # shellcheck disable=SC2086  # a list
  "$make" -s -j"$jobs" BUILD="$1" CFLAGS="-O2 -g $2" "$1/5.4/salon/core.so" $programs
}

one() {
  echo "== without $1"
  folder=build/torture/$1
  needed "$1" || { echo "not needed here"; return; }
  builds "$folder" "-DSALON_WITHOUT=SALON_$1" || { verdict "does not build" builds "$1"; return; }
  for name in $tests; do
    expected=passes
    for pair in $table; do [ "$pair" != "$1:$name" ] || expected=fails; done
    verdict "$(runs "$name" "$folder")" "$expected" "without $1 the test '$name'"
  done
}

guards() {
  echo "== with every guard"
  builds build/torture/all "" || { verdict "do not build" build "the tests"; return; }
  for name in $tests; do
    verdict "$(SALON_TORTURE=1 runs "$name" build/torture/all)" passes "the test '$name'"
  done
  for pair in $table; do one "${pair%:*}"; done
}

# Each time one file without its cure goes before that of lua/salon.
cures() {
  echo "== without cures in Lua"
  while read -r file name commands; do
    needed "$name" || { echo "not needed here: $name"; continue; }
    folder=build/torture/$name
    changed=$folder/lua/salon/$file
    rm -rf "$folder"
    mkdir -p "$(dirname "$changed")"
    sed "$commands" "lua/salon/$file" >"$changed"
    if cmp -s "lua/salon/$file" "$changed" || ! "$lua" -e "assert(loadfile '$changed')"; then
      verdict "cannot be taken out" "is taken out" "the cure of '$name'"
    else
      verdict "$(SALON_LUA="$folder/lua" runs "$name" "$folder" </dev/null)" fails \
        "without '$commands' the test '$name'"
    fi
  done <<ROWS
$cures
ROWS
}

storm() {
  echo "== nginx in trouble"
  verdict "$(timeout 600 tools/run "$lua" tools/storm.lua 2>&1 && echo "all is as before")" \
    "all is as before" "nginx after the storm"
}

# valgrind NAME: one C test under memcheck
under_valgrind() {
  outcome=passes
  SALON_SLOW=1 timeout 900 valgrind -q --error-exitcode=99 --leak-check=full \
    --errors-for-leak-kinds=definite "build/torture/all/5.4/c/$1" >"build/torture/all/log" 2>&1 ||
    outcome=fails
  echo "$outcome"
}

# Valgrind also sees uninitialised bytes, which the sanitizers do not. Not for `fork`
# (what the parent's threads held is lost in the child), `pending` (which measures),
# `session` (lua-cjson leaks there) and `wipe` (which looks for secrets in all of its
# memory).
memory() {
  echo "== under valgrind"
  programs="planted"
  for source in spec/c/test_*.c; do
    name=${source##*/}
    programs="$programs ${name%.c}"
  done
  # shellcheck disable=SC2086,SC2046  # a list
  "$make" -s -j"$jobs" BUILD=build/torture/all CFLAGS="-O1 -g" \
    $(printf "build/torture/all/5.4/c/%s " $programs) || { verdict "do not build" build "the C tests"; return; }
  verdict "$(valgrind -q --error-exitcode=99 --leak-check=full build/torture/all/5.4/c/planted leak \
    >/dev/null 2>&1 && echo passes || echo fails)" fails "valgrind, a planted leak"
  for name in $programs; do
    case $name in planted | test_fork | test_pending | test_session | test_wipe) continue ;; esac
    verdict "$(under_valgrind "$name")" passes "valgrind, $name"
  done
}

# Everything again with poll instead of epoll.
fallback() {
  echo "== with poll instead of epoll"
  folder=build/torture/poll
  builds "$folder" "-DSALON_USE_POLL" || { verdict "does not build" builds "poll"; return; }
  "$make" -s BUILD="$folder" CFLAGS="-O2 -g -DSALON_USE_POLL" "$folder/5.4/c/test_engine" || true
  for name in engine once lookup fork exit; do
    verdict "$(runs "$name" "$folder")" passes "poll, '$name'"
  done
  verdict "$(SALON_BUILD="$folder" tools/test.sh busted-5.4 >>"$folder/log" 2>&1 &&
    echo passes || echo fails)" passes "poll, the whole suite"
}

[ $# -gt 0 ] || set -- guards cures storm memory fallback
for part in "$@"; do
  case $part in
    guards | cures | storm | memory | fallback) "$part" ;;
    *) one "$part" ;;
  esac
done

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
