#!/bin/bash
# OpenTalk's REST API with nothing but curl and jq, step by step as the vendor's
# instructions go: find the servers, log in, register where the server wants it,
# list the events, create a room and a guest link, read both back, tidy up.
# Where to is in the environment (run.lua sets it); the first surprise ends it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# call WANTED METHOD URL [curl's arguments...]: the body; headers are in a file
call() {
  local wanted=$1 method=$2 url=$3 status
  shift 3
  status=$(curl -sS --noproxy '*' --max-time 20 -X "$method" -D "$work/head" -o "$work/body" \
    -w '%{http_code}' "$@" "$url")
  if [ "$status" != "$wanted" ]; then
    echo "$method $url: $status instead of $wanted" >&2
    head -c 2000 "$work/body" >&2
    exit 1
  fi
  cat "$work/body"
}

# is WHAT WANTED GOT
is() {
  [ "$2" = "$3" ] || { echo "$1: '$3' instead of '$2'" >&2; exit 1; }
  echo "ok: $1"
}

step() { echo "-- $*"; }

step "find the servers"
controller=$(call 200 GET "$OPENTALK_URL/.well-known/opentalk/client" |
  jq -er .opentalk_controller.base_url)
issuer=$(call 200 GET "$controller/v1/auth/login" | jq -er .oidc.url)
endpoint=$(call 200 GET "$issuer/.well-known/openid-configuration" | jq -er .token_endpoint)
is "token endpoint is below the issuer" "$issuer/protocol/openid-connect/token" "$endpoint"

step "log in"
login=(-d grant_type=password -d "client_id=$OPENTALK_CLIENT" -d scope=openid
  --data-urlencode "username=$OPENTALK_USER")
refused=$(call 400 POST "$endpoint" "${login[@]}" -d password=wrong | jq -er .error)
is "a wrong password is refused" invalid_grant "$refused"
call 200 POST "$endpoint" "${login[@]}" --data-urlencode "password=$OPENTALK_PASSWORD" >"$work/token"
is "token type" Bearer "$(jq -er .token_type "$work/token")"
token=$(jq -er .access_token "$work/token")
bearer=(-H "Authorization: Bearer $token")
json=(-H 'Content-Type: application/json')

step "register"
if [ "$OPENTALK_VERSION" = 2023 ]; then
  code=$(call 401 GET "$controller/v1/rooms" "${bearer[@]}" | jq -er .code)
  is "the server does not know the user yet" unknown_sub "$code"
fi
# The instructions send the access token here, and servers take it.
permissions=$(jq -n --arg t "$token" '{ id_token: $t }' |
  call 200 POST "$controller/v1/auth/login" "${json[@]}" -d @- | jq -c .permissions)
is "permissions" "[]" "$permissions"
me=$(call 200 GET "$controller/v1/users/me" "${bearer[@]}" | jq -er .email)
is "who I am" "$OPENTALK_USER@example.org" "$me"

step "list the events"
url="$controller/v1/events?per_page=5"
: >"$work/events"
pages=0
while [ -n "$url" ]; do
  call 200 GET "$url" "${bearer[@]}" |
    jq -r '.[] | select(.type != "exception") | [.id, .title, .room.id] | @tsv' >>"$work/events"
  link=$(tr -d '\r' <"$work/head" | sed -n 's/^[Ll]ink: //p')
  next=$(printf '%s' "$link" | tr ',' '\n' | sed -n 's/^ *<\([^>]*\)>; *rel="after".*/\1/p')
  case $next in
    '' | http*) url=$next ;;
    *) url=$controller$next ;;
  esac
  pages=$((pages + 1))
  [ "$pages" -le 20 ] || { echo "the list does not end" >&2; exit 1; }
done
is "events" "$OPENTALK_EVENTS" "$(cut -f 1 "$work/events" | sort -u | wc -l)"
while IFS=$'\t' read -r event title room; do
  if [ -z "$event" ] || [ -z "$title" ]; then echo "an event lacks something" >&2; exit 1; fi
  call 200 GET "$controller/v1/rooms/$room/invites" "${bearer[@]}" | jq -e 'type == "array"' >/dev/null
done <"$work/events"
echo "ok: each has a title and a room"

step "create a room"
room=$(call 200 POST "$controller/v1/rooms" "${bearer[@]}" "${json[@]}" \
  -d '{"password":"kiwi 7","waiting_room":true}' | jq -er .id)
call 200 GET "$controller/v1/rooms/$room" "${bearer[@]}" >"$work/room"
is "password read back" "kiwi 7" "$(jq -er .password "$work/room")"
is "waiting room read back" true "$(jq -er .waiting_room "$work/room")"

step "create a guest link"
ends=$(date -u -d '+2 hours' +%Y-%m-%dT%H:%M:%SZ)
code=$(jq -n --arg e "$ends" '{ expiration: $e }' |
  call 200 POST "$controller/v1/rooms/$room/invites" "${bearer[@]}" "${json[@]}" -d @- |
  jq -er .invite_code)
call 200 GET "$controller/v1/rooms/$room/invites" "${bearer[@]}" >"$work/invites"
is "links of the room" 1 "$(jq -er length "$work/invites")"
is "the link read back" "$code" "$(jq -er '.[0].invite_code' "$work/invites")"
is "its end" "$ends" "$(jq -er '.[0].expiration' "$work/invites")"
echo "   $OPENTALK_URL/invite/$code"
verify() { call "$1" POST "$controller/v1/invite/verify" "${json[@]}" -d "{\"invite_code\":\"$code\"}"; }
verify 200 >"$work/verified"
is "a guest finds the room" "$room" "$(jq -er .room_id "$work/verified")"
is "and is asked for its password" true "$(jq -er .password_required "$work/verified")"

step "tidy up"
call 204 DELETE "$controller/v1/rooms/$room/invites/$code" "${bearer[@]}"
verify 404 >/dev/null
is "the link stays readable, switched off" false \
  "$(call 200 GET "$controller/v1/rooms/$room/invites/$code" "${bearer[@]}" | jq -r .active)"
call 204 DELETE "$controller/v1/rooms/$room" "${bearer[@]}"
call 404 GET "$controller/v1/rooms/$room" "${bearer[@]}" >/dev/null
call 401 GET "$controller/v1/rooms" -H 'Authorization: Bearer nonsense' >/dev/null
echo "ok: gone, and nonsense is no token"
