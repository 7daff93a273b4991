#!/bin/sh
# Leaves out each guard of src/io/guards.h once, in a build of its own: exactly the
# test of that guard must fail. With all guards all five tests pass, at ten times the
# repetitions of an ordinary run (SALON_TORTURE=1). Then the C tests under valgrind,
# and everything with poll instead of epoll.
#   tools/torture.sh [GUARD | memory | fallback]...
# A test NAME is spec/c/test_NAME.c, spec/NAME_spec.lua, or both.
set -u
cd "$(dirname "$0")/.." || exit 1
make=${MAKE:-make}
unset MAKEFLAGS MFLAGS MAKELEVEL
jobs=$(nproc 2>/dev/null || echo 2)
busted=$(command -v busted || echo /usr/bin/busted)
lua=$(command -v lua5.4 || command -v lua)
passed=0 failed=0

# guard:test
table="SEND_ONCE:once QUICK_EXIT:lookup EXIT_HANDLER:exit FORK_CHECK:fork SOCKET_ACTION:pending"

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
  if [ -f "spec/$1_spec.lua" ]; then
    found=yes
    SALON_BUILD="$2" timeout 900 tools/run "$lua" "$busted" "spec/$1_spec.lua" \
      >>"$2/log" 2>&1 || outcome=fails
  fi
  [ -n "$found" ] || outcome="does not exist"
  echo "$outcome"
}

# builds FOLDER FLAGS
builds() {
  mkdir -p "$1"
  : >"$1/log"
  programs=
  for pair in $table; do
    [ ! -f "spec/c/test_${pair#*:}.c" ] || programs="$programs $1/5.4/c/test_${pair#*:}"
  done
  # shellcheck disable=SC2086  # a list
  "$make" -s -j"$jobs" BUILD="$1" CFLAGS="-O2 -g $2" "$1/5.4/salon/core.so" $programs
}

one() {
  echo "== without $1"
  folder=build/torture/$1
  builds "$folder" "-DSALON_WITHOUT_$1" || { verdict "does not build" builds "$1"; return; }
  for pair in $table; do
    expected=passes
    [ "${pair%:*}" != "$1" ] || expected=fails
    verdict "$(runs "${pair#*:}" "$folder")" "$expected" "without $1 the test '${pair#*:}'"
  done
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

if [ $# -eq 0 ]; then
  echo "== with every guard"
  builds build/torture/all "" || exit 1
  for pair in $table; do
    verdict "$(SALON_TORTURE=1 runs "${pair#*:}" build/torture/all)" passes "the test '${pair#*:}'"
  done
  for pair in $table; do one "${pair%:*}"; done
  memory
  fallback
else
  for part in "$@"; do
    case $part in
      memory | fallback) "$part" ;;
      *) one "$part" ;;
    esac
  done
fi

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
