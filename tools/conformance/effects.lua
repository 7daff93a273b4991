-- Exchanges out of scope still change what later responses say. Their effect is
-- put into the sandbox through its control port: invitations, favourites,
-- changed events and their dates, changed profiles.

local core = require "salon.core"
local cjson = require "cjson"

local function read(text)
  local ok, value = pcall(core.decode, text or "", cjson.decode)
  return ok and type(value) == "table" and value or {}
end

-- Method, pattern of the path, kind of thing to put, and its fields by
-- (body, response's body or nil, user, second id).
local EFFECTS = {
  { "POST", "^/v1/events/([^/]+)/invites$", "invitation",
    function(body) return { user = body.invitee, email = not body.invitee and body.email or nil } end },
  { "PATCH", "^/v1/events/([^/]+)/invite$", "invitation",
    function(_, _, user) return { user = user, status = "accepted" } end },
  { "DELETE", "^/v1/events/([^/]+)/invite$", "invitation",
    function(_, _, user) return { user = user, status = "declined" } end },
  { "DELETE", "^/v1/events/([^/]+)/invites/(.+)$", "invitation",
    function(_, _, _, person) return { user = person, gone = true } end },
  { "PUT", "^/v1/users/me/event_favorites/(.+)$", "favourite",
    function(_, _, user) return { user = user, set = true } end },
  { "DELETE", "^/v1/users/me/event_favorites/(.+)$", "favourite",
    function(_, _, user) return { user = user, set = false } end },
  { "PATCH", "^/v1/users/(me)$", "profile", function(_, me, user)
    return { user = user, title = me.title, display_name = me.display_name, language = me.language,
      dashboard_theme = me.dashboard_theme, conference_theme = me.conference_theme }
  end },
}

---request: the recorded one (with `user`, whose token it carries); response: the
---recorded one, nil in a step. True when there was something to do.
return function(player, server, request, response)
  if response and (response.status > 299 or response.body == "" and request.path:find "/events/[^/]+$"
    and request.method == "PATCH") then
    return false
  end
  local path = request.path:match "^[^?]*"
  for _, effect in ipairs(EFFECTS) do
    local id, second = path:match(effect[2])
    if effect[1] == request.method and id then
      local fields = effect[4](read(request.body), response and read(response.body), request.user, second)
      server:put(effect[3], player.map:translate(id), read(player.map:translate(core.encode(fields))))
      return true
    end
  end
  return false
end
