#!/bin/sh
# Runs one test file for tools/test.sh:  tools/one.sh REPORT FILE
# FILE is a spec, run by the interpreter LUA, or the program of a C test. REPORT
# gets its output, REPORT.tally a line `passed failed skipped` and the name of each
# test that failed. A program that ends before it has said how many tests it ran
# is one failure more. SALON_LOCALE: the locale in which specs run.
set -u
report=$1 file=$2
begun=$(date +%s)
: >"$report.tally"
case $file in
  *_spec.lua)
    SALON_TALLY=$report.tally timeout 300 ${SALON_LOCALE:+env LC_ALL="$SALON_LOCALE"} \
      tools/run "$LUA" "$(command -v busted || echo /usr/bin/busted)" \
      ${SALON_LOCALE:+--helper=spec/support/locale.lua} -o spec/support/tally.lua "$file" >"$report.out" 2>&1 </dev/null
    status=$? ;;
  *)
    CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$file" >"$report.tap" 2>&1 </dev/null
    status=$?
    grep -vE '^(ok |1\.\.|# ok )' "$report.tap" >"$report.out"
    awk '/^1\.\.[0-9]/ { planned = substr($0, 4) + 0 }
      /^ok / { passed++ }
      /^not ok / { names = names "\n" $0; failed++ }
      END { if (planned && passed + failed == planned) printf "%d %d 0%s\n", passed, failed, names }
    ' "$report.tap" >"$report.tally" ;;
esac

passed=0 failed=0 skipped=0
read -r passed failed skipped <"$report.tally"
if [ ! -s "$report.tally" ] || { [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; }; then
  failed=$((failed + 1))
  { echo "${passed:=0} $failed ${skipped:-0}"; echo "ended early or badly (status $status)"; } >"$report.tally"
fi
{
  echo "$file: $passed passed, $failed failed, $(($(date +%s) - begun)) s"
  cat "$report.out"
  sed "1d; s|^|FAILED: $file: |" "$report.tally"
} >"$report"
