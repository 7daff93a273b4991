#!/bin/sh
# Installs the rocks the way a user does and requires them from an empty folder:
# `luarocks make` in a copy of the sources, and the packed source rocks, each
# into an empty tree, with no CURL_* variable and an empty home: salon alone, then
# salon-sandbox beside it. Lua 5.4, 5.3, and 5.1 (loaded by LuaJIT too); then 5.1
# against LuaJIT's own headers.
set -eu
cd "$(dirname "$0")/.."
unset LUA_PATH LUA_CPATH LUA_PATH_5_4 LUA_CPATH_5_4 LUA_PATH_5_3 LUA_CPATH_5_3
for name in $(env | sed -n 's/^\(CURL_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$work/home" "$work/empty" "$work/source"
export HOME="$work/home"
cp -R src lua sandbox salon-scm-1.rockspec README.md LICENSE CHANGELOG.md doc types "$work/source/"
find "$work/source" -name '*.o' -exec rm {} +
"${LUA:-lua5.4}" tools/rock.lua "$work/rock" >/dev/null

quietly() { "$@" >"$work/log" 2>&1 || { echo "failed: $*"; cat "$work/log"; exit 1; }; }

# requires INTERPRETER VERSION TREE CHUNK
requires() {
  (cd "$work/empty" &&
    LUA_PATH="$3/share/lua/$2/?.lua;$3/share/lua/$2/?/init.lua;;" \
    LUA_CPATH="$3/lib/lua/$2/?.so;;" \
    "$1" -e "$4" /dev/null "$3")
}

# each_requires VERSION NAME INTERPRETERS CHUNK
each_requires() {
  for interpreter in $3; do
    for tree in "$work/made-$2" "$work/packed-$2"; do
      requires "$interpreter" "$1" "$tree" "$4"
    done
  done
}

alone='local salon = require("salon")
       assert(salon.version().salon)
       assert(package.searchpath == nil or
         package.searchpath("salon.core", package.cpath):find(arg[1], 1, true))
       assert(not pcall(require, "salon.sandbox"))'
both='assert(require("salon.sandbox").start)'

# installs VERSION NAME INTERPRETERS VARIABLES...
installs() {
  version=$1 name=$2 interpreters=$3
  shift 3
  make="quietly luarocks --lua-version $version --tree $work/made-$name make --deps-mode=none"
  install="quietly luarocks --lua-version $version --tree $work/packed-$name install --deps-mode=none"
  (cd "$work/source" && $make salon-scm-1.rockspec "$@")
  $install "$work"/rock/salon-[0-9]*.src.rock "$@"
  each_requires "$version" "$name" "$interpreters" "$alone"
  for tree in "$work/made-$name" "$work/packed-$name"; do
    folder=$(luarocks --lua-version "$version" --tree "$tree" show --rock-dir salon)
    [ -f "$folder/types/opentalk.lua" ] || { echo "no types in $folder"; exit 1; }
  done
  (cd "$work/source/sandbox" && $make salon-sandbox-scm-1.rockspec)
  $install "$work"/rock/salon-sandbox-*.src.rock
  each_requires "$version" "$name" "$interpreters" "$both"
  echo "$interpreters: salon installed, alone and with its sandbox"
  find "$work/source" -name '*.o' -exec rm {} +
}

installs 5.4 5.4 lua5.4
installs 5.3 5.3 lua5.3
installs 5.1 5.1 "lua5.1 luajit"
jit=$(pkg-config --variable=includedir luajit)
installs 5.1 jit luajit LUA_INCDIR="$jit"
