#!/bin/sh
# Checks types/ with emmylua_check (see types.lua), which stays in the cache folder.
# SALON_TYPES=1 fetches and builds it with cargo where it is missing: four minutes on two
# cores. The status is 77 when it is not there.
set -u
cd "$(dirname "$0")/.." || exit 1
version=0.25.1
root=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/salon/emmylua-$version
program=$root/bin/emmylua_check

if [ ! -x "$program" ]; then
  [ "${SALON_TYPES:-}" = 1 ] ||
    { echo "emmylua_check is not there; SALON_TYPES=1 builds it (four minutes)"; exit 77; }
  command -v cargo >/dev/null || { echo "emmylua_check has to be built, and there is no cargo"; exit 77; }
  log=$(mktemp)
  cargo install emmylua_check --version "$version" --locked --root "$root" >"$log" 2>&1 ||
    { tail -n 20 "$log"; rm -f "$log"; echo "emmylua_check cannot be built"; exit 77; }
  rm -f "$log"
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tools/run "${LUA:-lua5.4}" tools/types.lua "$program" "$folder"
