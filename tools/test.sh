#!/bin/sh
# Runs the checks and adds them up:  tools/test.sh [PART | TEST FILE]...
#   tools/test.sh                      every part, in the order below; the part
#                                      keycloak, which fetches 170 MB once, if CI is set
#   tools/test.sh busted-5.1 asan      these parts; lint, c and busted-5.4 are parts of
#                                      check
#   tools/test.sh spec/json_spec.lua spec/c/test_url.c
#                                      these files; LUA=luajit: not on Lua 5.4
# The last line is `N passed, N failed`, after the names of what failed; the status is 0
# only if nothing failed. Test files run side by side: most of their time is waiting.
set -u
cd "$(dirname "$0")/.." || exit 1
make=${MAKE:-make}
unset MAKEFLAGS MFLAGS MAKELEVEL
jobs=$(nproc 2>/dev/null || echo 2)
given=${SALON_BUILD:-}
all="check types strict load busted-luajit busted-5.3 busted-5.1 locale"
all="$all sessions conformance foreign asan tsan fuzz install bench"
[ -z "${CI:-}" ] || all="$all keycloak"

# One folder for everything the run leaves lying about, readable for the
# unprivileged workers of an nginx that root starts.
TMPDIR=$(mktemp -d /tmp/salon-test.XXXXXX)
chmod 755 "$TMPDIR"
export TMPDIR
tally=$TMPDIR/.tally failures=$TMPDIR/.failures
: >"$tally"
: >"$failures"
export SALON_PORTS="$TMPDIR/.ports"    # spec/support/init.lua claims ports here
mkdir "$SALON_PORTS"
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

title() { printf '\n== %s\n' "$*"; }
count() { echo "$1 $2 $3" >>"$tally"; }

# failed WHAT: one failure
failed() {
  echo "FAILED: $1"
  echo "$1" >>"$failures"
  count 0 1 0
}

# check NAME COMMAND...: one check
check() {
  title "$1"
  name=$1
  shift
  if "$@"; then count 1 0 0; else failed "$name (status $?)"; fi
}

# needs COMMAND...: what later checks stand on; counts only when it fails
needs() { "$@" || failed "$* (status $?)"; }

# skip WHY: something this machine or its network cannot do
skip() { echo "skipped: $1"; count 0 0 1; }

# add NAME REPORT: what tools/one.sh has said of a file
add() {
  cat "$2"
  head -n 1 "$2.tally" >>"$tally"
  sed -n "s|^FAILED: |$1: |p" "$2" >>"$failures"
}

# side_by_side NAME FILE...: runs test files, some at a time
side_by_side() {
  title "$1"
  name=$1
  shift
  reports=$(mktemp -d "$TMPDIR/reports.XXXXXX")
  for file in "$@"; do printf '%s\n%s\n' "$reports/$(echo "$file" | tr / _)" "$file"; done |
    xargs -P "$((4 * jobs))" -n 2 env LUA="${lua:-}" SALON_BUILD="${build:-}" \
      sh -c 'tools/one.sh "$0" "$1"; echo "$0"' |
    while read -r report; do add "$name" "$report"; done
  ended=$(find "$reports" -name '*.tally' -size +0 | wc -l)
  [ "$ended" -eq $# ] || failed "$name: $(($# - ended)) of $# test files were not run"
}

# specs NAME INTERPRETER FOLDER FILE...: test files, the specs among them on one
# Lua; FOLDER: see tools/run
specs() {
  title=$1 lua=$2 build=$3
  shift 3
  needs "$make" -s -j"$jobs" servers
  side_by_side "$title" "$@"
}

# All specs, the slow ones first: large files that start servers.
suite() {
  specs=$(find spec -name '*_spec.lua' ! -path 'spec/keycloak/*')
  # shellcheck disable=SC2086,SC2046  # lists
  { ls -S $(grep -lE 'start *[({]|nginx' $specs); ls -S $(grep -LE 'start *[({]|nginx' $specs); }
}

# Lua 5.4 once more, in a process that writes 0,5 for 0.5.
decimal_comma() {
  if ! localedef -f UTF-8 -i de_DE "$TMPDIR/de_DE.UTF-8" 2>"$TMPDIR/localedef"; then
    skip "a locale with a decimal comma"
    return
  fi
  export LOCPATH="$TMPDIR" SALON_LOCALE=de_DE.UTF-8
  # shellcheck disable=SC2046  # a list
  specs "specs with a decimal comma" lua5.4 "" $(suite)
  unset LOCPATH SALON_LOCALE
}

# units FOLDER: builds the C tests and names them in `tests`
units() {
  tests=
  for source in spec/c/test_*.c; do tests="$tests $1/c/$(basename "$source" .c)"; done
  # shellcheck disable=SC2086  # a list
  needs timeout 900 "$make" -s -j"$jobs" "$1/c/planted" $tests
}

# The specs that want a real login service.
keycloak() {
  title "specs beside a real Keycloak"
  # shellcheck disable=SC2016  # the inner shell's
  LUA=lua5.4 tools/keycloak/run.sh sh -c 'for name in keycloak logins; do
      tools/one.sh "$0.$name" "spec/keycloak/${name}_spec.lua" & done; wait' "$TMPDIR/keycloak"
  status=$?
  if [ "$status" -eq 77 ]; then
    skip "a real Keycloak"
  elif [ "$status" -ne 0 ]; then
    failed "a real Keycloak (status $status)"
  else
    for name in keycloak logins; do add Keycloak "$TMPDIR/keycloak.$name"; done
  fi
}

# beside VERSION COMMAND...: a program that is not ours, at a sandbox
beside() {
  timeout 120 tools/run lua5.4 spec/foreign/run.lua "$@"
}

# sees_spoiled PYTHON: a check that cannot fail is none
sees_spoiled() {
  ! output=$(SPOIL=1 beside 2026 "$1" spec/foreign/oidc.py 2>&1) &&
    echo "$output" | grep -x "bad signature"
}

# Not for its figures: that it runs, as far as it goes without the peers' packages.
bench() {
  QUICK=1 timeout 300 tools/run lua5.4 bench/run.lua map memory files start
}

# A tenth of `make test-sessions`: who renews a login that many share.
sessions() {
  needs "$make" -s -j"$jobs" build servers
  check "1,000 calls at once renew a shared login once" timeout 300 tools/run lua5.4 tools/sessions.lua 10
}

foreign() {
  for version in 2026 2023; do
    check "curl and jq at OpenTalk $version" beside "$version" spec/foreign/howto.sh
  done
  title "Authlib"
  if python=$(spec/foreign/venv.sh "$TMPDIR/venv"); then
    for version in 2026 2023; do
      check "Authlib at OpenTalk $version" beside "$version" "$python" spec/foreign/oidc.py
    done
    check "Authlib finds a spoiled signature" sees_spoiled "$python"
  else
    skip "Authlib"
  fi
}

# finds FOLDER DEFECT WORDS: the sanitizer must see what was planted
finds() {
  title "$1 finds a planted $2"
  if "$1/c/planted" "$2" 2>&1 | grep -q "$3"; then count 1 0 0; else failed "$1 does not see a planted $2"; fi
}

# What an editor sees, where emmylua_check is there (SALON_TYPES=1 builds it).
types() {
  title "types"
  tools/types.sh
  status=$?
  case $status in
    0) count 1 0 0 ;;
    77) skip "types: emmylua_check" ;;
    *) failed "types (status $status)" ;;
  esac
}

fuzz() {
  title "fuzz targets"
  tools/fuzz.sh
  status=$?
  case $status in
    0) count 1 0 0 ;;
    77) skip "fuzz targets"; return ;;
    *) failed "fuzz targets (status $status)" ;;
  esac
  title "libFuzzer finds a planted defect"
  if tools/fuzz.sh planted | grep -q heap-buffer-overflow; then count 1 0 0; else failed "libFuzzer does not see a planted defect"; fi
}

# loads INTERPRETER: the module opens, and opens again in a second state
loads() {
  command -v "$1" >/dev/null || { echo "FAILED: no $1"; return 1; }
  tools/run "$1" -e 'local salon = require("salon"); print(_VERSION, salon.version().salon)'
}

# Nothing but a compiler and headers where they usually are; and no success
# without any.
without_pkg_config() {
  mkdir -p "$TMPDIR/nothing"
  printf '#!/bin/sh\nexit 127\n' >"$TMPDIR/nothing/pkg-config"
  chmod 755 "$TMPDIR/nothing/pkg-config"
  (
    PATH=$TMPDIR/nothing:$PATH
    "$make" -s -j"$jobs" BUILD="$TMPDIR/plain" "$TMPDIR/plain/5.4/salon/core.so" &&
      SALON_BUILD=$TMPDIR/plain loads lua5.4 &&
      ! "$make" -s LUA_5.5= LUA_5.4= LUA_5.3= LUA_5.1= build 2>&1
  )
}

# Processes that were started by this run and are still there.
leftover() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    found=
    for process in /proc/[0-9]*; do
      case ${process#/proc/} in "$$" | self) continue ;; esac
      if ls -l "$process/cwd" "$process/fd" 2>/dev/null | grep -q "$TMPDIR" ||
         cat "$process/cmdline" 2>/dev/null | tr '\0' ' ' | grep -q "$TMPDIR"; then
        found="$found $(cat "$process/cmdline" 2>/dev/null | tr '\0' ' ')"
      fi
    done
    [ -n "$found" ] || return 0
    sleep 0.5
  done
  echo "still running:$found"
  return 1
}

export ASAN_OPTIONS="abort_on_error=0:detect_stack_use_after_return=1:allocator_may_return_null=1"
export LSAN_OPTIONS="suppressions=$PWD/spec/support/lsan.supp:print_suppressions=0"
export UBSAN_OPTIONS="print_stacktrace=1"
export TSAN_OPTIONS="halt_on_error=0:exitcode=66:die_after_fork=0"

# shellcheck disable=SC2046,SC2086  # lists
for part in ${*:-$all}; do
  case $part in
    *_spec.lua)
      needs test -f "$part"
      needs "$make" -s -j"$jobs" build
      specs "spec on ${LUA:-lua5.4}" "${LUA:-lua5.4}" "$given" "$part" ;;
    spec/c/test_*.c)
      program=build/5.4/c/$(basename "$part" .c)
      needs "$make" -s -j"$jobs" "$program"
      side_by_side "C test" "$program" ;;
    strict) check "gcc and clang, warnings as errors" timeout 900 "$make" -s -j"$jobs" strict ;;
    load)
      check "loads on Lua 5.4" loads lua5.4
      check "loads on Lua 5.3" loads lua5.3
      check "loads on Lua 5.1" loads lua5.1
      check "loads on LuaJIT" loads luajit
      if command -v lua5.5 >/dev/null; then check "loads on Lua 5.5" loads lua5.5; fi
      check "builds without pkg-config" without_pkg_config ;;
    c)
      units build/5.4
      side_by_side "C tests" $tests ;;
    check)
      check "build" timeout 900 "$make" -s -j"$jobs" build
      check "lint" timeout 300 "$make" -s lint
      units build/5.4
      specs "C tests and specs on Lua 5.4" lua5.4 "" $tests $(suite) ;;
    busted-5.4) specs "specs on Lua 5.4" lua5.4 "$given" $(suite) ;;
    busted-luajit) specs "specs on LuaJIT" luajit "" $(suite) ;;
    busted-5.3) specs "specs on Lua 5.3" lua5.3 "" $(suite) ;;
    busted-5.1) specs "specs on Lua 5.1" lua5.1 "" $(suite) ;;
    locale) decimal_comma ;;
    asan)
      units build/asan/5.4
      finds build/asan/5.4 overflow heap-buffer-overflow
      finds build/asan/5.4 leak "detected memory leaks"
      finds build/asan/5.4 undefined "signed integer overflow"
      needs timeout 900 "$make" -s -j"$jobs" build/asan/5.4/salon/core.so build/asan/5.4/lua
      specs "address and undefined-behaviour sanitizers" build/asan/5.4/lua build/asan $tests $(suite) ;;
    tsan)
      units build/tsan/5.4
      finds build/tsan/5.4 race "data race"
      side_by_side "thread sanitizer" $tests ;;
    conformance) check "the sandbox responds as recorded" timeout 300 "$make" -s conformance ;;
    foreign | fuzz | keycloak | sessions | types) $part ;;
    bench) check "bench" bench ;;
    lint) check "lint" timeout 300 "$make" -s lint ;;
    install) check "install" timeout 600 "$make" -s install-check ;;
    *) echo "no part named $part; there are: $all lint c busted-5.4 keycloak" >&2; exit 2 ;;
  esac
done
needs leftover

echo
[ ! -s "$failures" ] || { echo "Failed:"; sed 's/^/  /' "$failures"; }
awk '{ passed += $1; failed += $2; skipped += $3 }
     END {
       if (skipped) printf "%d skipped, as expected\n", skipped
       printf "%d passed, %d failed\n", passed, failed
       exit failed > 0 || passed + skipped == 0
     }' "$tally"
