-- Exchanges out of scope still change what later answers say. Their effect is
-- put into the sandbox through its control port: invitations, favourites,
-- changed events and their dates, changed profiles, ended sessions.

local cjson = require("cjson").new()

local function event_fields(event)
  return { title = event.title, description = event.description, is_adhoc = event.is_adhoc,
    starts_at = event.starts_at or false, ends_at = event.ends_at or false,
    is_all_day = event.is_all_day, recurrence_pattern = event.recurrence_pattern or false,
    password = event.room and event.room.password or false,
    waiting_room = event.room and event.room.waiting_room, touched = event.updated_at ~= event.created_at }
end

local function decode(text)
  local ok, value = pcall(cjson.decode, text or "")
  return ok and type(value) == "table" and value or {}
end

-- { method, pattern of the path, function(put, id, second id, body, answer, user) }
local EFFECTS = {
  { "POST", "^/v1/events/([^/]+)/invites$", function(put, id, _, body)
    if body.invitee then
      put("invitation", id, { user = body.invitee })
    else
      put("address", id, { email = body.email })
    end
  end },
  { "PATCH", "^/v1/events/([^/]+)/invite$", function(put, id, _, _, _, user)
    put("invitation", id, { user = user, status = "accepted" })
  end },
  { "DELETE", "^/v1/events/([^/]+)/invite$", function(put, id, _, _, _, user)
    put("invitation", id, { user = user, status = "declined" })
  end },
  { "DELETE", "^/v1/events/([^/]+)/invites/(.+)$", function(put, id, person)
    put("invitation", id, { user = person, gone = true })
  end },
  { "PUT", "^/v1/users/me/event_favorites/(.+)$", function(put, id, _, _, _, user)
    put("favourite", id, { user = user, set = true })
  end },
  { "DELETE", "^/v1/users/me/event_favorites/(.+)$", function(put, id, _, _, _, user)
    put("favourite", id, { user = user, set = false })
  end },
  { "PATCH", "^/v1/events/([^/]+)$", function(put, id, _, body, answer)
    put("event", id, answer and event_fields(answer) or body)
  end },
  { "PATCH", "^/v1/events/([^/]+)/instances/(.+)$", function(put, id, instance, body)
    body.instance = instance
    put("exception", id, body)
  end },
  { "PATCH", "^/v1/users/me$", function(put, _, _, _, answer, user)
    put("user", user, { title = answer.title, display_name = answer.display_name, language = answer.language,
      dashboard_theme = answer.dashboard_theme, conference_theme = answer.conference_theme })
  end },
  { "DELETE", "^/internal/rooms/(.+)$", function(put, id) put("room", id, { gone = true }) end },
}

-- request: the recorded one (with `user`, whose token it carries); answer: the
-- recorded one, nil in a step. True when there was something to do.
return function(player, server, request, answer)
  if answer and (answer.status < 200 or answer.status > 299 or answer.body == "" and request.method == "PATCH"
    and request.path:find "/events/[^/]+$") then
    return false
  end
  local path = request.path:match("^[^?]*")
  for _, effect in ipairs(EFFECTS) do
    local first, second = path:match(effect[2])
    if effect[1] == request.method and first then
      local function put(kind, id, fields)
        server:put(kind, player.map:translate(id), decode(player.map:translate(cjson.encode(fields))))
      end
      effect[3](put, first, second, decode(request.body), answer and decode(answer.body), request.user)
      return true
    end
  end
  return false
end
