-- Finding a Meet room by its slug or web link. No server filters yet: pages are looked
-- through, which is bounded.

local Error = require "salon.internal.error"
local operation = require "salon.internal.operation"

local finder = {}

local MOST = 100  -- pages

-- The last segment of a link, or the text itself.
local function slug_of(text)
  return text:gsub("[?#].*$", ""):gsub("/+$", ""):match "[^/]*$"
end

---@param text string
---@return string?
function finder.fault(text)
  if slug_of(text) == "" then return "must be a slug, or a link that ends in one" end
end

function finder.find(op, service, keys, _, given)
  local slug = slug_of(keys[1])
  local session = service.session
  local deadline = session:deadline(given.timeout)
  local list, following = op.ops.list, { user = given.user }
  for _ = 1, MOST do
    local page, err = operation.list(list, service, {}, nil, following, deadline)
    if page == nil then return nil, err end
    for _, room in ipairs(page) do
      if room.slug == slug then return room end
    end
    if page.next == nil then return nil end
    following = page.next
  end
  return nil, Error.new { kind = "limit", outcome = "done", attempts = 0,
    message = ("rooms:find: not among the first %d pages"):format(MOST) }
end

return finder
