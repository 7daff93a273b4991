-- What to do about what Meet's External API refuses. Meet has no codes, only texts:
-- its own are English whatever the language, and only those are compared. First
-- match wins.

local hints = {}

hints.LOGIN = {
  { "check 'client_id' and 'client_secret'", text = "invalid credentials" },
  { "the operator has to activate the application", text = "application is inactive" },
  { "no account has this e-mail address ('user'), and the server makes none",
    text = "user not found." },
  { "option 'user' must be one bare e-mail address", text = "valid email address" },
  { "the operator has to allow the domain for this application", text = "this email domain" },
  { "the server could not make this user's account: try again, or check the address in 'user'",
    status = 409 },
  { "send no cookies: that of a web session gets in the way", text = "csrf failed" },
  { "several accounts share the address in 'user', or the server does not know the host name in "
    .. "'url'", status = 400, shape = "html" },
  { "check 'client_id', 'client_secret' and 'user'", status = 400 },
  { "the server has no External API at this address: check 'url', or ask the operator to switch "
    .. "it on (EXTERNAL_API_ENABLED)", status = 404, shape = "html" },
  { "applications are switched off at the server: the operator has to set APPLICATION_ENABLED",
    status = 404 },
  { "the server is broken (its database, perhaps), or lacks its key for application tokens "
    .. "(APPLICATION_JWT_SECRET_KEY)", status = 500 },
}

local NO_HEADER =
  "no usable token arrived: something on the way drops or changes the header Authorization"
local NO_ACCOUNT = "the server has no account for the token's user, and makes none"

-- What no other token cures, whoever got this one.
hints.REFUSED = {
  { "a web page answered, not the External API: a proxy in front of the server wants a login of "
    .. "its own", status = 401, shape = "html" },
  { NO_HEADER, text = "invalid token header" },
  { NO_HEADER, text = "invalid token encoding" },
  { NO_HEADER, text = "invalid \"bearer\" header" },
  { NO_HEADER, text = "credentials were not provided" },
  { "the operator has to activate this user's account again", text = "user account is disabled" },
  { NO_ACCOUNT, text = "user not found" },
  { NO_ACCOUNT, text = "no user found" },
  { "the account of the token's user may be deactivated, or the token names no user",
    text = "login failed" },
  { "the operator has to activate the application again", text = "application is disabled" },
  { "the operator has removed the application", text = "application not found" },
  { "the token is not one that an application gets for a user", text = "invalid token type" },
  { "the token is not one that an application gets for a user", text = "invalid token claims" },
  { "the server's OpenID provider does not know the token, or the server not the host name in "
    .. "'url'", status = 400 },
}

-- A token that salon got a moment ago, or a function of the caller.
hints.FRESH = {
  { "the server does not know the token: applications may be switched off there "
    .. "(APPLICATION_ENABLED), or 'url' is another server than the token's",
    text = "resource server is improperly configured" },
  { "the server takes even fresh tokens for expired: check its clock", text = "token expired" },
  { "the server issues tokens that it does not accept: issuer or audience differ there",
    text = "invalid token" },
  { "user or application may be deactivated, or 'url' belongs to another server than the token" },
}

hints.GIVEN = "the token given with option 'token' is not valid (any more): give a fresh one, "
  .. "or a function that returns one"

hints.ROOMS = {
  { "a web page answered, not the External API: check 'url', or ask the operator to switch it on",
    status = 404, shape = "html" },
  { "a web page answered, not the External API: the proxy in front of the server does not route "
    .. "/external-api", status = 405, shape = "html" },
  { "a web page answered, not the External API: a proxy or a firewall in front of the server refuses",
    status = 403, shape = "html" },
  { "the server may not know the host name in 'url'", status = 400, shape = "html" },
  { "the server does not reach its OpenID provider, or is broken: ask the operator",
    status = 500, shape = "html" },
  { "this server cannot do that; newer versions may", text = "unknown action" },
  { "the External API does not offer this method here", text = "required scope: none" },
  { "the operator has to grant the application the scope rooms:list",
    text = "insufficient permissions", method = "GET", path = "/rooms/$" },
  { "the operator has to grant the application the scope rooms:retrieve",
    text = "insufficient permissions", method = "GET", path = "/rooms/[^/]+/$" },
  { "the operator has to grant the application the scope rooms:create",
    text = "insufficient permissions", method = "POST" },
  { "the operator has to grant the application the scope rooms:update",
    text = "insufficient permissions", method = "PATCH" },
  { "the operator has to grant the application the scope that this method needs",
    text = "insufficient permissions" },
  { "the user needs a role in this room, for changes that of owner or administrator",
    status = 403, path = "/rooms/[^/]+/$" },
  { "public rooms are not allowed there: take 'trusted' or 'restricted', or ask the operator "
    .. "(EXTERNAL_API_ALLOW_PUBLIC_ACCESS)", text = "public rooms are disabled" },
  { "the server drew a name that is in use, and made nothing: try again",
    status = 400, text = "slug" },
  { "the operator has to correct EXTERNAL_API_DEFAULT_ACCESS_LEVEL: there is no such level",
    status = 400, text = "' is not a valid choice" },
  { "err.fields names what is wrong: access_level is 'public', 'trusted' or 'restricted', "
    .. "configuration knows can_publish_sources and everyone_can_mute",
    status = 400, fields = true },
  { "the room is gone, or was never there", text = "no room matches" },
  { "rooms are found by their id, a UUID, not by their slug", status = 404, path = "/rooms/[^/]+/$" },
  { "the list has fewer pages", status = 404, method = "GET", path = "/rooms/$" },
  { "this server cannot do that; newer versions may", status = 405 },
  { "send JSON: other types are not understood everywhere", status = 415 },
  { "the response is JSON only: something on the way changes the header Accept", status = 406 },
}

return hints
