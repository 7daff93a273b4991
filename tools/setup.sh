#!/bin/sh
# Installs what building, the demo and the tests need and the machine does not have.
#   tools/setup.sh [build|demo|test|bench]
# Each need is a row of the table below: a test whether it is met, then the package
# for apt, dnf, apk and brew. The test decides, not the package database, so that tools
# installed in another way are used. Installs with apt as root only; elsewhere it
# prints the command.
set -eu

want=${1:-build}
case $want in
  build|demo|test|bench) ;;
  *) echo "usage: tools/setup.sh [build|demo|test|bench]" >&2; exit 2 ;;
esac
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin

has() { command -v "$1" >/dev/null 2>&1; }
any() { for name in "$@"; do has "$name" && return; done; return 1; }
headers() {
  for name in "$@"; do pkg-config --exists "$name" 2>/dev/null && return; done
  return 1
}
# with_lua CHUNK: runs it in Lua 5.4, if there is one
with_lua() {
  for name in lua5.4 lua54 lua; do
    "$name" -e "assert(_VERSION == 'Lua 5.4') ${1:-}" >/dev/null 2>&1 && return
  done
  return 1
}
python_has() { has python3 && python3 -c "import $1" 2>/dev/null; }
lua_http() {
  for name in lua5.4 lua5.3 lua5.1; do
    "$name" -e 'require "http.client"' >/dev/null 2>&1 && return
  done
  return 1
}
# Debian has it for all but Lua 5.4, which can read that for 5.3.
lua_redis() {
  for name in lua5.4 lua5.3 lua5.1; do
    "$name" -e 'require "redis"' >/dev/null 2>&1 && return
  done
  return 1
}
busted_for() { has "$1" && "$1" -e 'require "busted"' >/dev/null 2>&1; }
nginx_lua() {
  has openresty || [ -x /usr/local/openresty/nginx/sbin/nginx ] ||
    ls /usr/lib*/nginx/modules/ngx_http_lua_module.so \
       /usr/share/nginx/modules/ngx_http_lua_module.so 2>/dev/null | grep -q .
}
resty() {
  has openresty || [ -d /usr/local/openresty/lualib ] ||
    ls /usr/share/lua/5.1/"$1" /usr/share/lua/common/"$1" \
       /usr/local/share/lua/5.1/"$1" 2>/dev/null | grep -q .
}
resty_redis() { resty resty/redis.lua || resty nginx/redis.lua; }

# Debian 12's nginx module needs OpenResty's LuaJIT, which conflicts with the stock
# one; Debian 13's needs the stock one. What is installed decides, else apt.
in_apt() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [0-9]'; }
luajit_packages() {
  if dpkg-query -W -f '${db:Status-Status}\n' libluajit-5.1-2 2>/dev/null |
       grep -qx installed; then
    echo luajit libluajit-5.1-dev
  elif in_apt libluajit2-5.1-2; then
    echo luajit2 libluajit2-5.1-dev
  else
    echo luajit libluajit-5.1-dev
  fi
}
# Where clang's run-time libraries are a package of their own, it has clang's number.
fuzzer_package() {
  name=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/libclang-rt-\1-dev/p')
  if in_apt "${name:--}"; then echo "$name"; else echo -; fi
}
fuzzer_links() {
  folder=$(mktemp -d)
  echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' >"$folder/a.c"
  clang -fsanitize=fuzzer,address "$folder/a.c" -o "$folder/a" 2>/dev/null
  set -- $?
  rm -rf "$folder"
  return "$1"
}
jit=luajit jit_dev=libluajit-5.1-dev browser=- http=- fuzzer=- lua55=- lua55_dev=-
choose() {
  # shellcheck disable=SC2046  # two words on purpose
  set -- $(luajit_packages)
  jit=$1 jit_dev=$2
  # Ubuntu has its Chromium outside of apt: there the test of the page is skipped.
  browser=- http=- fuzzer=$(fuzzer_package)
  if in_apt chromium-driver; then browser=chromium-driver; fi
  if in_apt lua-http; then http=lua-http; fi
  lua55=- lua55_dev=-
  if in_apt liblua5.5-dev; then lua55=lua5.5 lua55_dev=liblua5.5-dev; fi
}

# for | met when | apt | dnf | apk | brew        ("-": comes with another row)
needs() {
  cat <<TABLE
build|any gcc cc|gcc libc6-dev|gcc|build-base|gcc
build|has pkg-config|pkg-config|pkgconf-pkg-config|pkgconf|pkgconf
build|headers libcurl|libcurl4-openssl-dev|libcurl-devel|curl-dev|curl
build|with_lua|lua5.4|lua|lua5.4|lua
build|headers lua5.4 lua-5.4 lua54 lua|liblua5.4-dev|lua-devel|lua5.4-dev|-
build|headers lua5.1 lua-5.1 lua51 luajit|liblua5.1-0-dev|luajit-devel|luajit-dev|luajit
build|with_lua "require 'cjson'"|lua-cjson|lua-cjson|lua5.4-cjson|-
demo|any nginx openresty|nginx|openresty|nginx|openresty/brew/openresty
demo|nginx_lua|libnginx-mod-http-lua|-|nginx-mod-http-lua|-
demo|resty resty/core.lua|lua-resty-core|-|lua-resty-core|-
demo|resty resty/lrucache.lua|lua-resty-lrucache|-|lua-resty-lrucache|-
demo|has openssl|openssl|openssl|openssl|openssl
demo|has curl|curl|curl|curl|-
test|has lua5.5|$lua55|-|-|-
test|headers lua5.5 lua-5.5 lua55|$lua55_dev|-|-|-
test|has lua5.3|lua5.3|-|lua5.3|-
test|headers lua5.3 lua-5.3 lua53|liblua5.3-dev|-|lua5.3-dev|-
test|has lua5.1|lua5.1|compat-lua|lua5.1|-
test|has luajit|$jit|luajit|luajit|luajit
test|headers luajit|$jit_dev|luajit-devel|luajit-dev|-
test|busted_for luajit|lua-busted|-|lua-busted|luarocks
test|with_lua "require 'argparse'"|lua-argparse|lua-argparse|lua5.4-argparse|-
test|has luacheck|lua-check|luacheck|luacheck|luacheck
test|has luarocks|luarocks|luarocks|luarocks|luarocks
test|headers openssl|libssl-dev|openssl-devel|openssl-dev|-
test|headers cmocka|libcmocka-dev|libcmocka-devel|cmocka-dev|cmocka
test|has clang|clang|clang|clang|llvm
test|fuzzer_links|$fuzzer|compiler-rt|compiler-rt|-
test|has clang-format|clang-format|clang-tools-extra|clang-extra-tools|clang-format
test|has valgrind|valgrind|valgrind|valgrind|-
test|has h2load|nghttp2-client|nghttp2|nghttp2|nghttp2
test|[ -d /usr/share/i18n/locales ]|locales|glibc-locale-source|-|-
test|has zip|zip|zip|zip|-
test|has unzip|unzip|unzip|unzip|-
test|has jq|jq|jq|jq|jq
test|python_has ensurepip|python3-venv|-|-|-
test|has chromedriver|$browser|-|-|-
test|python_has requests|python3-requests|python3-requests|py3-requests|-
test|has redis-server|redis-server|redis|redis|redis
test|lua_redis|lua-redis|-|-|-
test|resty_redis|lua-nginx-redis|-|lua-resty-redis|-
bench|lua_http|$http|-|-|-
TABLE
}

# The names of what is missing, in column $1 of the table.
missing() {
  needs | while IFS='|' read -r group probe apt dnf apk brew; do
    case $want:$group in
      build:demo|build:test|build:bench|demo:test|demo:bench|test:bench) continue ;;
    esac
    eval "$probe" && continue
    case $1 in
      apt) name=$apt ;; dnf) name=$dnf ;; apk) name=$apk ;; *) name=$brew ;;
    esac
    [ "$name" = - ] || printf '%s ' "$name"
  done
}

has apt-get && choose
[ -n "$(missing apt)" ] || exit 0

by_hand() {
  names=
  for name in $(missing "$2"); do
    case " $names " in *" $name "*) ;; *) names="$names $name" ;; esac
  done
  echo "$1$names"
  exit 1
}
if ! has apt-get || [ "$(id -u)" -ne 0 ]; then
  exec >&2
  if has apt-get; then
    by_hand "sudo apt-get update && sudo apt-get install -y" apt
  elif has dnf; then by_hand "sudo dnf install" dnf
  elif has apk; then by_hand "sudo apk add" apk
  elif has brew; then by_hand "brew install" brew
  fi
  (by_hand "apt-get install" apt) || true
  (by_hand "dnf install" dnf) || true
  (by_hand "apk add" apk) || true
  by_hand "brew install" brew
fi

# Debian starts what it installs: nginx on port 80, and the D-Bus daemon that comes with
# Chromium. Here they are wanted as programs: while apt runs, a policy lets no service
# start (running ones keep running). A policy that is there already is the
# administrator's and stays; then a new nginx is stopped afterwards.
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
mine=
restore() {
  rm -f "$log"
  [ -z "$mine" ] || rm -f "$policy"
}
trap restore EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
had_nginx=$(has nginx && echo yes || true)
if [ ! -e "$policy" ] && [ ! -L "$policy" ]; then
  mine=yes
  cat >"$policy" <<'POLICY'
#!/bin/sh
exit 101
POLICY
  chmod 755 "$policy"
fi

quietly() {
  DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 </dev/null || {
    status=$?
    echo "failed: $*" >&2
    tail -n 20 "$log" >&2
    exit "$status"
  }
}
quietly apt-get update
choose    # the lists may have been empty before
# shellcheck disable=SC2046  # a list of package names
set -- $(missing apt)
echo "installing: $*"
quietly apt-get install -y --no-install-recommends "$@"

if [ -z "$mine$had_nginx" ] && [ -s /run/nginx.pid ]; then
  quietly service nginx stop
fi
left=$(missing apt)
[ -z "$left" ] || { echo "still missing after the installation: $left" >&2; exit 1; }
