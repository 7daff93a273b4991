-- Links for people.

local core = require "salon.core"

local links = {}

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
