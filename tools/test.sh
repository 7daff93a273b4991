#!/bin/sh
# Runs the checks and adds them up:  tools/test.sh [part...]
# Without arguments every part runs, in the order below, and where CI is set the
# part keycloak, which fetches 170 MB once.  The last line is
# `N passed, N failed`; the status is 0 only when nothing failed.  A runner that
# dies without saying how many tests it ran counts as one failure.
set -u
cd "$(dirname "$0")/.." || exit 1
make=${MAKE:-make}
unset MAKEFLAGS MFLAGS MAKELEVEL
jobs=$(nproc 2>/dev/null || echo 2)
all="build strict load c busted-5.4 busted-luajit busted-5.3 busted-5.1"
all="$all conformance foreign asan tsan lint install bench"
[ -z "${CI:-}" ] || all="$all keycloak"

# One folder for everything the run leaves lying about, readable for the
# unprivileged workers of an nginx that root starts.
TMPDIR=$(mktemp -d /tmp/salon-test.XXXXXX)
chmod 755 "$TMPDIR"
export TMPDIR
tally=$TMPDIR/.tally
: >"$tally"
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

title() { printf '\n== %s\n' "$*"; }
count() { echo "$1 $2 $3" >>"$tally"; }

# check NAME COMMAND...: one check
check() {
  title "$1"
  name=$1
  shift
  if "$@"; then
    count 1 0 0
  else
    echo "FAILED: $name (status $?)"
    count 0 1 0
  fi
}

# skip WHY: something this machine or its network cannot do
skip() { echo "skipped: $1"; count 0 0 1; }

# judge NAME STATUS LINES: busted has run, from a tally of so many lines
judge() {
  status=$2
  before=$3
  failed=$(tail -n +"$((before + 1))" "$tally" | awk '{ n += $2 } END { print n + 0 }')
  if [ "$(wc -l <"$tally")" -eq "$before" ]; then
    echo "FAILED: the suite on $1 ended early (status $status)"
    count 0 1 0
  elif [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    echo "FAILED: $1 ended with status $status after its tests"
    count 0 1 0
  fi
}

# specs NAME INTERPRETER [FOLDER]: the suite on one Lua
specs() {
  title "specs on $1"
  lines=$(wc -l <"$tally")
  SALON_BUILD=${3:-} SALON_TALLY=$tally timeout 900 tools/run "$2" "$busted" \
    -o spec/support/tally.lua 2>&1
  judge "$1" $? "$lines"
}

# The specs that want a real login service.
keycloak() {
  title "specs beside a real Keycloak"
  lines=$(wc -l <"$tally")
  SALON_TALLY=$tally timeout 900 tools/keycloak/run.sh \
    tools/run lua5.4 "$busted" --run=keycloak -o spec/support/tally.lua 2>&1
  status=$?
  if [ "$status" -eq 77 ]; then skip "a real Keycloak"; else judge Keycloak "$status" "$lines"; fi
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
  QUICK=1 timeout 300 tools/run lua5.4 bench/run.lua map memory start
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

# units FOLDER: every C test in it (cmocka speaks TAP)
units() {
  for program in "$1"/c/test_*; do
    case $program in *.d) continue ;; esac
    [ -x "$program" ] || continue
    title "$program"
    output=$(CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$program" 2>&1)
    status=$?
    echo "$output" | grep -v '^ok ' || true
    ok=$(echo "$output" | grep -c '^ok [0-9]')
    bad=$(echo "$output" | grep -c '^not ok ')
    planned=$(echo "$output" | sed -n 's/^1\.\.\([0-9]*\).*/\1/p' | head -n 1)
    echo "$ok passed, $bad failed"
    if [ $((ok + bad)) -ne "${planned:-0}" ] || [ "${planned:-0}" -eq 0 ] ||
       { [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; }; then
      echo "FAILED: $program ended early or badly (status $status)"
      bad=$((bad + 1))
    fi
    count "$ok" "$bad" 0
  done
}

# finds FOLDER DEFECT WORDS: the sanitizer must see what was planted
finds() {
  title "$1 finds a planted $2"
  if "$1/c/planted" "$2" 2>&1 | grep -q "$3"; then
    count 1 0 0
  else
    echo "FAILED: $1 does not see a planted $2"
    count 0 1 0
  fi
}

# loads INTERPRETER: the module opens, and opens again in a second state
loads() {
  command -v "$1" >/dev/null || { echo "FAILED: no $1"; return 1; }
  tools/run "$1" -e 'local salon = require("salon"); print(_VERSION, salon.version().salon)'
}

build_programs() { timeout 900 "$make" -s -j"$jobs" programs; }

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
busted=$(command -v busted || echo /usr/bin/busted)

for part in ${*:-$all}; do
  case $part in
    build) check "build" timeout 900 "$make" -s -j"$jobs" build ;;
    strict) check "gcc and clang, warnings as errors" timeout 900 "$make" -s -j"$jobs" strict ;;
    load)
      check "loads on Lua 5.4" loads lua5.4
      check "loads on Lua 5.3" loads lua5.3
      check "loads on Lua 5.1" loads lua5.1
      check "loads on LuaJIT" loads luajit ;;
    c | test-c)
      check "C programs" build_programs
      units build/5.4 ;;
    busted-5.4) specs "Lua 5.4" lua5.4 ;;
    busted-luajit) specs "LuaJIT" luajit ;;
    busted-5.3) specs "Lua 5.3" lua5.3 ;;
    busted-5.1) specs "Lua 5.1" lua5.1 ;;
    asan)
      check "C programs" build_programs
      finds build/asan/5.4 overflow heap-buffer-overflow
      finds build/asan/5.4 leak "detected memory leaks"
      finds build/asan/5.4 undefined "signed integer overflow"
      units build/asan/5.4
      specs "Lua 5.4, address and undefined-behaviour sanitizers" \
        build/asan/5.4/lua build/asan ;;
    tsan)
      check "C programs" build_programs
      finds build/tsan/5.4 race "data race"
      units build/tsan/5.4 ;;
    conformance) check "the sandbox answers as recorded" timeout 300 "$make" -s conformance ;;
    foreign | keycloak) $part ;;
    bench) check "bench" bench ;;
    lint) check "lint" timeout 300 "$make" -s lint ;;
    install) check "install" timeout 600 "$make" -s install-check ;;
    *) echo "no part named $part; there are: $all" >&2; exit 2 ;;
  esac
done
[ $# -gt 0 ] || check "nothing is left running" leftover

echo
awk '{ passed += $1; failed += $2; skipped += $3 }
     END {
       if (skipped) printf "%d skipped, as expected\n", skipped
       printf "%d passed, %d failed\n", passed, failed
       exit failed > 0 || passed + skipped == 0
     }' "$tally"
