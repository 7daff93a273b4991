#!/bin/sh
# Checks the layout of the C sources against .clang-format; --fix corrects it.
# Releases of clang-format differ in details, so only the one that the sources were
# formatted with is used.
set -eu
cd "$(dirname "$0")/.."
decides=14
command -v clang-format >/dev/null || { echo "no clang-format: layout not checked"; exit 0; }
version=$(clang-format --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
if [ "$version" != "$decides" ]; then
  echo "clang-format $version, not $decides: layout not checked"
  exit 0
fi
case ${1:-} in
  --fix) mode=-i ;;
  *) mode="--dry-run --Werror" ;;
esac
# shellcheck disable=SC2086  # two words
clang-format $mode src/*/*.[ch] spec/c/*.[ch] spec/fuzz/*.[ch]
