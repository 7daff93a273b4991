-- What the sandbox stands for: routes that an application calls, and what
-- belongs to them. Everything else is out of scope, by route (never by exchange),
-- each with its reason; and the exchanges that differ, with theirs.

local scope = {}

-- method, pattern of the path, pattern of the body (optional), reason. Paths
-- are compared without their query; the first line that fits decides.
local OUT = {
  -- login service: grants and endpoints that salon never uses
  { "POST", "/openid%-connect/token$", "grant_type=authorization_code", "needs a browser" },
  { "POST", "/openid%-connect/token$", "grant_type=urn", "device flow: needs a browser; or no grant of salon" },
  { "*", "/openid%-connect/auth$", nil, "login page: needs a browser" },
  { "*", "/openid%-connect/auth/device$", nil, "device flow: needs a browser" },
  { "*", "/openid%-connect/userinfo$", nil, "salon does not ask who it is" },
  { "GET", "/openid%-connect/logout$", nil, "logout page: needs a browser" },
  { "*", "/openid%-connect/token/introspect$", nil, "what controllers ask; salon asks the controller" },
  { "GET", "^/realms/[^/]+$", nil, "the realm's own page: salon reads the discovery document" },
  -- Meet
  { "OPTIONS", "^/external%-api/", nil, "what a route can do: no operation" },
  -- OpenTalk: media
  { "OPTIONS", "^/v1/", nil, "preflight: browsers only" },
  { "*", "^/v1/turn$", nil, "media" },
  { "*", "^/v1/services/", nil, "media: call-in and recorder" },
}

---Why an exchange is out of scope, or nil.
function scope.out(exchange)
  local request = exchange.request
  if exchange.name:find "^old%-" then return "another version of the login service" end
  local path = request.path:match("^[^?]*")
  for _, line in ipairs(OUT) do
    if (line[1] == "*" or line[1] == request.method) and path:find(line[2])
      and (not line[3] or (request.body or ""):find(line[3])) then
      return line[4]
    end
  end
end

-- Exchanges in scope whose responses differ, and why that is left so.
local FRENCH = "the sandbox has no translations"
scope.reasons = {
  ["token-french"] = FRENCH, ["rooms-no-token-french"] = FRENCH, ["rooms-put-french"] = FRENCH,
  ["code-refresh-after-reuse"] = "only a second use of an authorization code leads there; a logout stands for it",
}

return scope
