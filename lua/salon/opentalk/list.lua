-- The two styles of OpenTalk's lists, as sources for salon.pages: numbered
-- pages (`page`, Link rel "next") and cursors (`after`, Link rel "after", which
-- also comes with the last page: an empty page is the end).

local links = require "salon.internal.links"
local pages = require "salon.internal.pages"

local list = {}

list.LARGEST = 100  -- per_page; newer servers refuse more, older ones cut it

list.PER_PAGE = { "number", integer = true, min = 1, max = list.LARGEST }

local function page_of(response, relation)
  return tonumber(links.param(response.request:header("Link"), relation, "page"))
end

local function by_number(response, position)
  local next_page = page_of(response, "next")
  -- pages are counted upwards: anything else would be a circle
  if next_page and next_page > (position or 1) then return next_page end
end

local function pages_left(response, following)
  local last = page_of(response, "last")
  return last and last - following + 1
end

local function further(position, n) return position + n end

local function by_cursor(response)
  local cursor = links.param(response.request:header("Link"), "after", "after")
  if cursor ~= "" then return cursor end
end

local STYLES = {
  page = { param = "page", following = by_number, left = pages_left, further = further },
  after = { param = "after", following = by_cursor },
}

local function append(query, name, value)
  query[#query + 1] = name
  query[#query + 1] = value
end

---A source for salon.pages.
---@param fields table  session, parts, query (flat list), style ("page" or "after"), id (the
---  key), records, timeout, per_page
---@return table
function list.source(fields)
  local style = STYLES[fields.style]
  local session = fields.session
  local source = {
    session = session,
    timeout = fields.timeout,
    following = style.following,
    left = style.left,
    further = style.further,
    head_first = true,  -- the Link header is read before the body is decoded
    records = fields.records,
  }
  function source.call(position)
    local query = { "per_page", fields.per_page or list.LARGEST }
    for _, item in ipairs(fields.query or {}) do query[#query + 1] = item end
    if position ~= nil then append(query, style.param, position) end
    return { parts = fields.parts, query = query }
  end
  function source.items(response)
    local items, err = session:decode(response, "array")
    if items == nil then return nil, err end
    return pages.objects(session, response, items, fields.id)
  end
  return source
end

---One page, with `page.next`: the options for the page that follows.
---@param source table
---@param given table  checked options of `list`
---@param param "page"|"after"
function list.page(source, given, param)
  local page, following = pages.list(source, given[param])
  if page == nil then return nil, following end
  if following ~= nil then
    page.next = {}
    for name, value in pairs(given) do page.next[name] = value end
    page.next[param] = following
  end
  return page
end

return list
