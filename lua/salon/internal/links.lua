-- Link headers and links for people. Of a link that a server sends only the
-- query counts: behind a proxy its scheme and host are often wrong, and the
-- token must never follow it anywhere else.

local core = require "salon.core"

local links = {}

---A query parameter of the link with relation `rel` in a Link header.
---@param header string?
---@param rel string
---@param param string
---@return string?
function links.param(header, rel, param)
  if header == nil or header == "" then return nil end
  local target = core.link(header)[rel]
  return target and core.query_param(target, param)
end

---Where people join a room in OpenTalk's web front end.
---@param frontend string?  without a slash at the end
---@param room_id string
---@param invite_code? string
---@return string?
function links.join(frontend, room_id, invite_code)
  if frontend == nil or type(room_id) ~= "string" then return nil end
  return (core.url(frontend, { "room", room_id }, invite_code and { "invite", invite_code }))
end

return links
