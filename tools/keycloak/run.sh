#!/bin/sh
# Runs a command beside a real Keycloak:  tools/keycloak/run.sh COMMAND...
# Its address is in SALON_KEYCLOAK; its realms are those of realm.json, its
# administrator is admin, throwaway-password.  The distribution comes from Maven Central, once: it stays, configured and built,
# in the cache folder, and nothing else stays.
#   SALON_KEYCLOAK_VERSION  26.7.3; another one is fetched when it is missing
# The status is the command's; 77 when this machine or its network cannot do it.
set -u
tools=$(cd "$(dirname "$0")" && pwd)
version=${SALON_KEYCLOAK_VERSION:-26.7.3}
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/salon
home=$cache/keycloak-$version
plugin=org.apache.maven.plugins:maven-dependency-plugin:3.8.1
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
patience=180    # seconds for fetching, and for starting
most=900        # seconds of life

cannot() { echo "Keycloak does not run here: $*"; exit 77; }
fail() { echo "Keycloak: $*" >&2; exit 1; }

work='' server='' command=''
# shellcheck disable=SC2317  # the trap calls it
finish() {
  [ -z "$command" ] || kill "$command" 2>/dev/null
  [ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
  [ -z "$work" ] || rm -rf "$work"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

release=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
[ "${release:-0}" -ge 17 ] || cannot "it wants Java 17 or later, and there is ${release:-none}"
for program in curl jq unzip; do
  command -v "$program" >/dev/null || cannot "$program is not installed"
done
mkdir -p "$cache" || fail "cannot write to $cache"

# fetch: the distribution, unpacked and built in a folder of its own, so that a
# run that is cut short or has company leaves either all of it or nothing.
fetch() {
  command -v mvn >/dev/null || cannot "it has to be fetched, and there is no Maven (mvn)"
  echo "fetching Keycloak $version from Maven Central (170 MB) ..."
  if ! timeout "$patience" mvn -B -q -Dmaven.repo.local="$work/maven" "$plugin:copy" \
      -Dartifact="org.keycloak:keycloak-quarkus-dist:$version:zip" \
      -DoutputDirectory="$work/zip" >"$work/log" 2>&1; then
    grep -m 1 ERROR "$work/log"
    cannot "Maven Central cannot be reached, or has no version $version"
  fi
  unzip -q "$work/zip/keycloak-quarkus-dist-$version.zip" -d "$work" || fail "the zip is broken"
  echo "building it ..."
  "$work/keycloak-$version/bin/kc.sh" build --db=dev-mem >"$work/log" 2>&1 ||
    { cat "$work/log"; fail "cannot be built"; }
  mv -T "$work/keycloak-$version" "$home" 2>/dev/null || [ -d "$home" ] ||
    fail "cannot write to $home"
}

# start: a folder of its own for what it writes, all else from the cache; the
# database is in memory.  `timeout` sees to it that it ends even when this
# script is killed, or when it does not heed the first signal.
start() {
  mkdir -p "$work/home/data/import" "$work/home/data/tmp"
  for name in bin conf lib providers themes version.txt; do
    ln -s "$home/$name" "$work/home/$name"
  done
  jq -c -f "$tools/realms.jq" "$tools/realm.json" >"$work/realms" || fail "realm.json is broken"
  while IFS= read -r realm; do
    name=$(printf '%s' "$realm" | jq -r .realm)
    printf '%s' "$realm" >"$work/home/data/import/$name-realm.json"
  done <"$work/realms"
  open=
  for package in java.util java.util.concurrent java.security java.lang; do
    open="$open --add-opens=java.base/$package=ALL-UNNAMED"
  done
  export KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD=throwaway-password
  # shellcheck disable=SC2086  # words
  timeout -k 15 "$most" "$java" -Xms64m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Dfile.encoding=UTF-8 $open \
    -Djava.io.tmpdir="$work/home/data/tmp" -Dkc.home.dir="$work/home" \
    -cp "$work/home/lib/quarkus-run.jar" io.quarkus.bootstrap.runner.QuarkusEntryPoint \
    start --optimized --import-realm --cache=local --hostname-strict=false \
    --http-enabled=true --http-host=127.0.0.1 --http-port=0 >"$work/log" 2>&1 </dev/null &
  server=$!
}

# await: prints the address once the last realm responds; the port is there first.
await() {
  patient=$((patience * 5))
  while [ "$patient" -gt 0 ]; do
    address=$(sed -n 's/.*Listening on: \(http[^ ]*\).*/\1/p' "$work/log" | head -n 1)
    [ -n "$address" ] && curl -sf --noproxy '*' -o /dev/null "$address/realms/SHORT" && return
    kill -0 "$server" 2>/dev/null || { tail -n 30 "$work/log"; fail "it ended"; }
    patient=$((patient - 1))
    sleep 0.2
  done
  tail -n 30 "$work/log"
  fail "no realm after $patience s"
}

work=$(mktemp -d "$cache/run.XXXXXX") || fail "cannot write to $cache"
[ -d "$home" ] || fetch
start
await
echo "Keycloak $version at $address"
SALON_KEYCLOAK=$address "$@" &
command=$!
wait "$command"
status=$?
command=
exit "$status"
