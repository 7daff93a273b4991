#!/bin/sh
# Runs the libFuzzer targets of spec/fuzz side by side for FUZZ_SECONDS (30):
#   tools/fuzz.sh [target]...
# A run begins with the seeds in spec/fuzz/corpus and what earlier runs here kept
# in build/fuzz/corpus. An input that breaks a promise is left in build/fuzz/found;
# `build/fuzz/NAME FILE` runs it again. 77: this machine has no libFuzzer.
set -u
cd "$(dirname "$0")/.." || exit 1
make=${MAKE:-make}
unset MAKEFLAGS MFLAGS MAKELEVEL
seconds=${FUZZ_SECONDS:-30}

export ASAN_OPTIONS="detect_stack_use_after_return=1:allocator_may_return_null=1"
export LSAN_OPTIONS="suppressions=$PWD/spec/support/lsan.supp:print_suppressions=0"
export UBSAN_OPTIONS="print_stacktrace=1"

folder=build/fuzz
mkdir -p "$folder/found"
echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' >"$folder/probe.c"
if ! clang -fsanitize=fuzzer,address "$folder/probe.c" -o "$folder/probe" 2>"$folder/probe.log"; then
  echo "skipped: no clang with libFuzzer (Debian: clang, libclang-rt-14-dev)"
  exit 77
fi

[ -s "$folder/ca.pem" ] ||
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9999 -subj /CN=fuzz \
    -keyout /dev/null -out "$folder/ca.pem" 2>/dev/null || exit 1

# one TARGET: a minute more than its time may pass before it counts as hung
one() {
  mkdir -p "$folder/corpus/$1"
  seeds=spec/fuzz/corpus/$1
  [ -d "$seeds" ] || seeds=
  leaks=1
  [ "$1" != json ] || leaks=0  # its Lua state lives on: a look after each input costs 10 ms
  # shellcheck disable=SC2086  # none, or one
  timeout $((seconds + 60)) tools/run "$folder/$1" -max_total_time="$seconds" -timeout=10 -max_len=4096 \
    -rss_limit_mb=1024 -error_exitcode=1 -detect_leaks="$leaks" \
    -print_final_stats=1 -artifact_prefix="$folder/found/$1-" \
    "$folder/corpus/$1" $seeds >"$folder/$1.log" 2>&1
  status=$?
  [ "$status" -eq 0 ] || tail -n 60 "$folder/$1.log"
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$1.log")
  echo "$1: status $status, ${runs:-unknown} executions in $seconds s"
  return "$status"
}

if [ $# -eq 0 ]; then
  for source in spec/fuzz/*.c; do
    name=$(basename "$source" .c)
    [ "$name" = planted ] || set -- "$@" "$name"
  done
fi
# shellcheck disable=SC2046  # a list
"$make" -s -j"$(nproc 2>/dev/null || echo 2)" $(printf "$folder/%s " "$@") || exit 1
running=
for target in "$@"; do
  one "$target" &
  running="$running $!"
done
failed=0
for process in $running; do wait "$process" || failed=1; done
exit "$failed"
