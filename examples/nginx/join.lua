-- Leads a user who is logged in to this nginx into a meeting, without an account at the
-- meeting server:
--
--   POST /join/opentalk/ROOM     to the room's link for guests
--   POST /join/meet/ROOM         to the room's link
--
-- A page of this site does it with a form: <form method="post" action="/join/meet/ROOM">. If
-- that page has a Content-Security-Policy, its form-action must name the meeting server too.
-- Whoever may log in may enter every room of the login behind this.

local handler = require "handler"

-- In OpenTalk the same link for everybody who asks while it is good for long enough.
local function link_of(client, id)
  if client.backend == "opentalk" then
    return client.rooms:guest_url(id, { expires_in = 24 * 3600 }, { timeout = 10 })
  end
  local room, err = client.rooms:get(id, { timeout = 10 })
  return room and room.join_url, err
end

local join = {}

local function say(status, words)
  ngx.status = status
  ngx.header["Content-Type"] = "text/plain; charset=utf-8"
  ngx.say(words)
end

function join.redirect(backend, id)
  if ngx.req.get_method() ~= "POST" then
    ngx.header.Allow = "POST"
    return say(405, "This address takes POST alone.")
  end
  if handler.sender() == "other site" then return say(403, "Another site asks.") end

  local url, err = link_of(handler.client(backend), id)
  if url then return ngx.redirect(url, 303) end
  ngx.log(ngx.ERR, "no link of room ", id, ": ", tostring(err))
  if err and (err.status == 403 or err.status == 404) then return say(404, "There is no such room.") end
  say(502, "The meeting server does not answer as it should. Try again in a minute.")
end

return join
