#!/bin/bash
# All events as CSV with a guest link each, the way OpenTalk's own how-to goes
# about it: a login, the list, and for each event one curl that makes an invite,
# with jq to read what comes. Unlike there all pages are asked for, by cursor.
#
#   vendor.sh    FRONTEND, CONTROLLER, ISSUER, CLIENT_ID, USERNAME, PASSWORD,
#                HOURS (life of a link) in the environment
set -euo pipefail

ask() { curl -sf --noproxy '*' "$@"; }

token=$(ask "$ISSUER/protocol/openid-connect/token" -d grant_type=password -d scope=openid \
  --data-urlencode "client_id=$CLIENT_ID" --data-urlencode "username=$USERNAME" \
  --data-urlencode "password=$PASSWORD" | jq -r .access_token)
authorization="Authorization: Bearer $token"

headers=$(mktemp)
trap 'rm -f "$headers"' EXIT

echo number,title,room_link,start,end,sip,password,guest_link
number=0
url="$CONTROLLER/v1/events?per_page=100&adhoc=false"
while :; do
  page=$(ask -D "$headers" -H "$authorization" "$url")
  [ "$page" != '[]' ] || break
  while IFS= read -r event; do
    room=$(jq -r .room.id <<<"$event")
    expiration=$(date -u -d "+$HOURS hours" +%Y-%m-%dT%H:%M:%SZ)
    invite=$(ask -H "$authorization" -H 'Content-Type: application/json' \
      -d "{\"expiration\":\"$expiration\"}" "$CONTROLLER/v1/rooms/$room/invites" | jq -r .invite_code)
    jq -r --arg n $number --arg frontend "$FRONTEND" --arg invite "$invite" '
      (.room.id | $frontend + "/room/" + .) as $link | .room.call_in as $in |
      [$n, .title, $link, .starts_at.datetime, .ends_at.datetime,
       (if $in then "\($in.tel),,\($in.id),,\($in.password)" else null end),
       .room.password, $link + "?invite=" + $invite] | @csv' <<<"$event"
    number=$((number + 1))
  done < <(jq -c '.[] | select(.type != "exception")' <<<"$page")
  next=$(sed -n 's/^[Ll]ink:.*[?&]after=\([^&>]*\).*/\1/p' "$headers")
  [ -n "$next" ] || break
  url="$CONTROLLER/v1/events?per_page=100&adhoc=false&after=$next"
done
