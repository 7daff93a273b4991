#!/bin/sh
# Compiles the program that salon's walk is measured against and runs all
# measurements:  tools/bench.sh [--markdown] [lists] [nginx] [start]
set -eu
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
export BUILD
mkdir -p "$BUILD/bench"
# shellcheck disable=SC2046  # a list of flags
${CC:-cc} -O2 -std=gnu11 -Wall -Wextra bench/walk.c -o "$BUILD/bench/walk" \
  $(pkg-config --cflags --libs libcurl 2>/dev/null || echo -lcurl)
for lua in lua5.4 lua54 lua; do
  command -v "$lua" >/dev/null && break
done
# A versioned variable would win over the plain one.
unset LUA_PATH_5_4 LUA_CPATH_5_4
export LUA_PATH="lua/?.lua;lua/?/init.lua;;" LUA_CPATH="$BUILD/5.4/?.so;;"
exec "$lua" bench/run.lua "$@"
