-- What to do about what OpenTalk's controller and its login service refuse. Texts are
-- compared only where the servers have no code for a cause; they are those of
-- Keycloak 26 and of controllers from 2023 to 2026. First match wins.

local hints = {}

local BOTH = "'issuer' or 'token_endpoint'"
local NOT_FOR_TOKENS = "'token_endpoint' is another address of the login service: that of tokens "
  .. "ends in /protocol/openid-connect/token"
local NOT_GRANTED = "the controller grants this user none of this: its operator can, and a change "
  .. "there takes some seconds"

-- Discovery of the login service, and its token endpoint.
hints.LOGIN = {
  { NOT_FOR_TOKENS, method = "POST",
    path = "/protocol/openid%-connect/", lacks = "/protocol/openid-connect/token" },
  { NOT_FOR_TOKENS, method = "POST", path = "/openid%-connect/token/." },
  { "the account has open tasks (verify e-mail, change password, fill in name or e-mail): "
    .. "log in once with a browser", text = "not fully set up" },
  { "the account is disabled at the login service", text = "account disabled" },
  { "switch on 'Direct access grants' for this client at the login service, or use another "
    .. "'client_id'", text = "direct access grants" },
  { "check 'username' and 'password'; a locked account gets the same response, even with the right "
    .. "password, and so does one that wants a one-time code, or another one: each works once",
    text = "invalid user credentials" },
  { "'client_secret' is missing or wrong for this 'client_id'",
    code = "unauthorized_client", text = "invalid client" },
  { "switch on 'Service accounts roles' for this client at the login service, or log in as a user, "
    .. "with 'username' and 'password'", text = "not enabled to retrieve service account" },
  { "this client has no secret at the login service; log in as a user, with 'username' and 'password'",
    text = "service account" },
  { "check 'client_id' (case counts) and that this client is enabled", code = "invalid_client" },
  { "check 'client_id' and 'client_secret', and what this client is allowed",
    code = "unauthorized_client" },
  { "check option 'scope': one unknown word spoils the request", code = "invalid_scope" },
  { "the login service does not offer this kind of login", code = "unsupported_grant_type" },
  { "something on the way dropped the form: is there a proxy?", text = "grant_type" },
  { "check 'username'", text = "missing parameter: username" },
  { "check 'username' and 'password'", code = "invalid_grant" },
  { "the path of " .. BOTH .. " lacks the realm: /realms/NAME",
    text = "unable to find matching target resource method", lacks = "/realms/" },
  { "the path of " .. BOTH .. " has a prefix too many (/auth, often)",
    text = "unable to find matching target resource method" },
  { "check the realm in " .. BOTH .. "; case counts", text = "realm does not exist" },
  { "give 'issuer' without a doubled slash", code = "missingNormalization" },
  { "the path of " .. BOTH .. " is none of a login service: Keycloak's begin with /realms/NAME, "
    .. "on old ones with /auth/realms/NAME", status = 404, shape = "html", lacks = "/realms/" },
  { "the path of " .. BOTH .. " lacks its prefix (/auth, often)", status = 404, shape = "html" },
  { BOTH .. " names no such path at the login service", status = 404 },
  { "'token_endpoint' is another address of the login service", status = 405 },
  { "'token_endpoint' is another address of the login service, or a proxy in front of it wants a "
    .. "login of its own", status = 401, shape = "empty" },
  { "the login service's own log says more", code = "unknown_error" },
}

-- Of the grants that have no password; those above come after them.
local OVER = "the session is over (too old, logged out, or ended at the login service): log in anew"

hints.REFRESH = {
  { "somebody else used the refresh token, which ends the session where tokens rotate: log in anew, "
    .. "and let only one place renew", text = "reuse exceeded" },
  { "somebody else used the refresh token, where tokens rotate, or an administrator ended all logins "
    .. "(\"not before\"): log in anew, and let only one place renew", text = "stale token" },
  { "the session is over for this client, as where tokens rotate and one is used twice: log in anew, "
    .. "and let only one place renew", text = "session doesn't have required client" },
  { OVER, text = "not active" },
  { OVER, text = "session not found" },
  { "the account is disabled at the login service", text = "user disabled" },
  { "the refresh token is that of another client: give its 'client_id'",
    text = "token client and authorized client" },
  { "the refresh token came from another address of the login service: give that as 'issuer'",
    text = "invalid token issuer" },
  { "'refresh_token' is none of this login service: log in anew", code = "invalid_grant" },
}

hints.DEVICE = {
  { "switch on 'OAuth 2.0 Device Authorization Grant' for this client at the login service, or use "
    .. "another 'client_id'", text = "device authorization grant" },
  { "this client wants PKCE, which salon does not send: switch it off for the client",
    text = "code_challenge" },
  { "somebody refused the login in the browser", code = "access_denied" },
  { "call again to get another code", code = "expired_token" },
  { "the code was used already: call again to get another one", code = "invalid_grant" },
}

-- A 401 that a fresh token did not cure, by what it complains about.
hints.COMPLAINTS = {
  inactive = "a fresh token is refused as expired: at the login service the client needs an "
    .. "audience mapper for the controller's client",
  token = "the controller does not accept tokens of this login service: check 'issuer' and the "
    .. "controller's configuration; every user route wants the token of a user",
  session = "the controller keeps saying that the session expired: check the clocks of "
    .. "controller and login service",
  unregistered = "the controller does not know this user even after POST /v1/auth/login",
  unreadable = "no usable token arrived: something on the way drops or changes the header "
    .. "Authorization",
  service = "the routes of users want the token of a user, which client credentials do not give: "
    .. "log in with 'username' and 'password', or with 'device'",
  given = "the token given with option 'token' is not valid (any more) for this controller: give "
    .. "a fresh one of its login service, or a function that returns one",
}

local NO_GUEST_LINK = "the guest link is unknown, switched off or expired; the server does not tell which"
local EXPERIMENT = "only servers from 0.31 to 0.33 have this route: leave out option 'roomserver'"
local REGISTRATION = "/auth/login$"
local FULL = "the storage of the room's owner is full: delete files, see `ot.rooms.assets`, or ask the operator"

hints.CONTROLLER = {
  { "the login service has to put 'tenant_id' into this user's tokens", text = "tenant_id missing" },
  { "the login service has to put 'tariff_id' into this user's tokens", text = "tariff_id missing" },
  { "the login service puts too little into its tokens (e-mail, given and family name, on old "
    .. "servers the groups x_grp): the realm's mappers have to be set", code = "invalid_claims" },
  { "the controller does not know the tariff in this user's tokens: its operator has to add it",
    code = "invalid_tariff_id" },
  { "the controller does not accept the tokens of this login service: check 'issuer'; after a "
    .. "change of keys there the controller wants a restart", status = 401, path = REGISTRATION },
  { "the room's password, field 'password', is missing or wrong; capitals and blanks count",
    code = "wrong_room_password" },
  { "this token lacks the role that the route wants", status = 401, path = "/services/" },
  { "the feature is switched off by the operator or by the tariff", code = "feature_disabled" },
  { "this room has no guest links or dial-in: guests are off, or it is end-to-end encrypted",
    code = "service_unavailable", path = "/rooms/" },
  { "the moderators banned this user from the room", code = "banned_from_room" },
  { "an event, a dial-in or a file still belongs to the room; delete the event first, or on "
    .. "servers of 2023 use DELETE /internal/rooms/{id}", code = "conflict", method = "DELETE" },
  { "this server invites only addresses that it knows, and old ones compare capitals: write the "
    .. "address as its owner did, make a guest link, or let the operator allow outside addresses",
    code = "unknown_email" },
  { "search for three characters at least", code = "query_too_short" },
  { "search for something: query 'q'", text = "missing field `q`" },
  { "the user search of this server is switched off", status = 404, path = "/users/find$" },
  { NO_GUEST_LINK, status = 404, path = "/invite/verify$" },
  { "the guest link belongs to another room", text = "room id mismatch" },
  { "the room has no breakout rooms", code = "no_breakout_rooms" },
  { "the room has no such breakout room", code = "invalid_breakout_room_id" },
  { "servers since 0.34 want field 'device_secret': 16 to 255 random bytes of text",
    text = "missing field `device_secret`" },
  { NO_GUEST_LINK, code = "not_found", path = "/start_invited$" },
  { "the guest link is unknown, switched off or expired, or the room is gone", code = "not_found", path = "/start$" },
  { EXPERIMENT, status = 403, shape = "empty", path = "/roomserver/start$" },
  { EXPERIMENT, status = 401, code = "unauthorized", path = "/roomserver/start_invited$" },
  { "only the owner may do that, and on servers of 2023 nobody: there a meeting's dial-in comes with "
    .. "event.room", status = 403, shape = "empty", path = "/sip$" },
  { "the room has no dial-in: room.sip:set{ lobby = false } gives it one", status = 404, path = "/sip$" },
  { "the streaming target was deleted, or was never there",
    status = 404, path = "/streaming_targets/[^/]+$" },
  { "the room was deleted, or was never there", status = 404, path = "/streaming_targets$" },
  { "the operator has connected no server for shared folders", text = "no shared folder configured" },
  { "the meeting has no shared folder: event:add_folder() makes one",
    status = 404, method = "GET", path = "/shared_folder$" },
  { "the server of the shared folders may be down: option 'force' forgets the folder all the same",
    status = 500, method = "DELETE", path = "/shared_folder$" },
  { "check the dial-in's id and PIN: ten digits each, leading zeros count",
    path = "/call_in/start$", status = 400 },
  { "the dial-in's id and PIN have ten digits each", path = "/call_in/start$", status = 422 },
  { "only events that repeat have instances", status = 404, path = "/instances$" },
  { "an instance's id is the start of the occurrence by the rule, in UTC: 20270118T080000Z",
    status = 404, path = "/instances/[^/]+$" },
  { "servers of 2023 lack this route: count the events with invite_status 'pending'",
    status = 404, path = "/pending_invites$" },
  { "ids are UUIDs, in lower case and with hyphens", text = "uuid parsing failed" },
  { "the controller has not seen this user, or not of this tenant: invite by e-mail",
    status = 404, method = "POST", path = "/events/[^/]+/invites$" },
  { "the room has no such guest link", status = 404, path = "/rooms/[^/]+/invites/[^/]+$" },
  { "the invitation was taken back, or never made",
    status = 404, path = "/events/[^/]+/invites?/?[^/]*$" },
  { "the event is no favourite", status = 404, path = "/event_favorites/[^/]+$" },
  { FULL, code = "storage_quota_exceeded" },
  { FULL, text = "asset storage exceeded" },
  { "the operator allows smaller files only", text = "asset size exceeded" },
  { "the file was deleted, or was never there", status = 404, path = "/assets/[^/]+$" },
  { "the room was deleted, or was never there", code = "not_found", path = "/rooms/[^/]+$" },
  { "the room was deleted, or was never there",
    code = "not_found", path = "/rooms/[^/]+/invites$" },
  { "only the owner may do that", code = "forbidden" },
  { "log in with option 'scope' = 'openid'", code = "insufficient_scope" },
  { "this server has no such route; other versions may", status = 404, shape = "empty" },
  { NOT_GRANTED, status = 403, shape = "empty", method = "GET", path = "/rooms$" },
  { NOT_GRANTED, status = 403, shape = "empty", method = "POST", path = "/rooms$" },
  { NOT_GRANTED, status = 403, shape = "empty", method = "GET", path = "/events$" },
  { NOT_GRANTED, status = 403, shape = "empty", method = "POST", path = "/events$" },
  { "only the owner may change a room, and on servers of 2023 nobody: make another one",
    status = 403, shape = "empty", method = "PATCH", path = "/rooms/[^/]+$" },
  { "check the id (lower case, hyphens), the path (no slash at its end) and what this user may see",
    status = 403, shape = "empty" },
  { "this server understands neither HEAD nor OPTIONS", status = 401, method = "HEAD" },
  { "pages hold 1 to 100 entries", status = 400, text = "per_page" },
  { "pages hold 1 to 100 entries", status = 400, text = "page size" },
  { "pages count from 1", status = 400, text = "page too large" },
  { "pages count from 1", status = 400, text = "page number" },
  { "a number in the query is none, or too small", status = 400, text = "invalid digit" },
  { "begin the list anew: a cursor is good only for the server that gave it",
    status = 400, text = "encoded cursor" },
  { "states are pending, accepted, tentative, declined, in one parameter with commas",
    status = 400, text = "invite_status" },
  { "a field is unknown to this version, or the date fields do not fit together: events without "
    .. "a time have none of them, all others is_all_day, starts_at and ends_at",
    text = "enum eventdatekind" },
  { "send the date fields together: is_time_independent, and for events with a time is_all_day, "
    .. "starts_at, ends_at, recurrence_pattern",
    code = "validation_failed", method = "PATCH", path = "/events/[^/]+$" },
  { "leave out is_all_day, starts_at, ends_at and recurrence_pattern",
    text = "time independent events" },
  { "send is_all_day, starts_at and ends_at", text = "time dependent events" },
  { "send starts_at and ends_at together", text = "ends_at must not be before" },
  { "all-day events begin and end at midnight UTC", text = "start of the day" },
  { "events repeat daily at most", text = "frequencies below" },
  { "rules are those of RFC 5545 and must yield a date: FREQ=WEEKLY;COUNT=10",
    code = "invalid_event", text = "recurrence" },
  { "send {\"invitee\": id} or {\"email\": address}", text = "posteventinvitebody" },
  { "time zones are IANA names, and case counts: Europe/Berlin", text = "valid timezone" },
  { "times want an offset: 2026-11-01T00:00:00Z", text = "end of input" },
  { "times look like 2026-11-01T00:00:00Z", text = "invalid characters" },
  { "titles have up to 255 characters, descriptions 4096, passwords 1 to 255; err.fields says more",
    text = "invalid_length" },
  { "err.fields names the values that are refused", code = "validation_failed" },
  { "leave a field out instead of sending null", text = "invalid type: null, expected a boolean" },
  { "leave a field out instead of sending null", text = "invalid type: null, expected a sequence" },
  { "the field that is null is required: give it a value", text = "invalid type: null" },
  { "send the field that is missing", text = "missing field" },
  { "the message names the field's type or its possible values", text = "json deserialize error" },
  { "send a JSON body, {} at least", code = "invalid_content_type" },
  { "bodies may have 2 MiB", code = "payload_overflow" },
  { "the login service or the database behind the controller may be down; servers of 2023 that "
    .. "open all rooms to everybody cannot list them at all",
    status = 500, method = "GET", path = "/rooms$" },
  { "the login service or the database behind the controller may be down", status = 500 },
  { "a web page answered, not OpenTalk's controller: check 'url', or give 'controller_url'",
    shape = "html" },
}

return hints
