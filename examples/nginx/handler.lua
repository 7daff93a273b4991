-- Creates a room in either system and responds with JSON:
--
--   POST /meet/opentalk   {"id": …, "join_url": …, "guest_url": …}
--   POST /meet/meet       {"id": …, "join_url": …}
--
-- It is for programs; a page of another site that makes a browser ask gets 403.
--
-- Each worker makes its clients once, with the first request; all later requests
-- share them, because a client holds the connections. The workers share the logins. No
-- request waits for another one's call. Settings come from the environment (nginx.conf
-- names the variables; nginx removes all others).

local salon = require "salon"

local clients = {}

local function respond(status, body)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.print(salon.encode(body))
end

local function refuse(err)
  ngx.log(ngx.ERR, tostring(err))
  local status = err.kind == "timeout" and 504 or 502
  respond(status, { error = err.kind, retryable = err.retryable or false })
end

local handler = {}

-- This worker's client of one backend: "opentalk" or "meet".
function handler.client(backend)
  if not clients[backend] then
    local options = salon.environment(backend:upper())
    options.store = salon.store.shdict "logins"
    clients[backend] = salon[backend](options)
  end
  return clients[backend]
end

-- Who asks for a change: "own page", "other site", or "program" where no browser does.
-- Browsers set these headers, and no page can change them; that Host is one of ours is
-- what `server_name` in nginx.conf sees to.
function handler.sender()
  local headers = ngx.req.get_headers()
  local site, origin = headers["Sec-Fetch-Site"], headers["Origin"]
  if site == nil and origin == nil then return "program" end
  local own = (site == nil or site == "same-origin") and (origin == nil
    or type(origin) == "string" and origin:match "^https?://(.+)$" == headers["Host"])
  return own and "own page" or "other site"
end

function handler.create(backend)
  if ngx.req.get_method() ~= "POST" then return respond(405, { error = "method must be POST" }) end
  if handler.sender() == "other site" then return respond(403, { error = "another site asks" }) end
  local client = handler.client(backend)

  local room, err = client.rooms:create({}, { timeout = 10 })
  if not room then return refuse(err) end
  local body = { id = room.id, join_url = room.join_url }

  if backend == "opentalk" then
    local invite
    invite, err = room.invites:create({ expires_in = 24 * 3600 }, { timeout = 10 })
    if not invite then return refuse(err) end
    body.guest_url = invite.url
  end
  respond(201, body)
end

return handler
