-- One list of an API, page by page: what to ask for, and what a page holds. Three
-- styles come out alike. Where the next page is stands in the Link header (OpenTalk:
-- `page` or `after`) or in the body (Meet: `next`); a position is a page number, or
-- a cursor, which is a string. Of a link only the query counts: behind a proxy its
-- scheme and host are often wrong, and the token must never follow it elsewhere.
--
-- A source is a table of:
--   session, given (the checked options), timeout (seconds per page)
--   call(self, position) -> salon.Call without deadline; position nil: the first page
--   read(self, response, position, found) -> page | nil, err
--     page: items (decoded), ids (what tells them apart; false: nothing does), next
--     (position of the next page, or nil), left (pages from there on, if known), total
--     found(next, left) is called as soon as that is known, before the body is decoded
--   records(items, about) -> list of what the caller gets for them
--     and true where the list is over, whatever the server says
--   after   a source that is walked when this one is through
--   apart   true: its entries are none of those before, though they may have the same ids
--   instead(err) -> a source that is walked in its place, or nil

local core = require "salon.core"
local options = require "salon.internal.options"

local Source = {}
Source.__index = Source

-- The ids of `items`, when they are objects whose ids fit into paths, or have none
-- where the source judges its entries itself. A null among them left a hole, which is
-- no object either.
local function strict_ids(self, response, items)
  local ids, odd = core.ids(items, self.key)
  if ids == nil then
    return nil, self.session:shape_error(response, "a list entry is not an object")
  end
  for i = self.fault and 1 or odd or #items + 1, #items do
    local fault = self.fault and self.fault(items[i])
    if not self.fault then fault = options.id_fault(items[i][self.key]) end
    if fault then
      fault = (self.fault and "an entry's " or "an id in the list ") .. fault
      return nil, self.session:shape_error(response, fault)
    end
    if ids[i] == nil then ids[i] = false end
  end
  return ids
end

-- What OpenTalk's lists are: an array.
local function decode_array(self, response)
  return self.session:decode(response, "array")
end

---@param fields { session: salon.Session, parts: any[], query?: any[], user?: string,
---  outside?: boolean, key?: string, records: function, given: table, decode?: function,
---  ids?: function, fault?: fun(raw: table): string?, operation?: table, secrets?: string[] }
---  query: a flat list; key: the field that tells entries apart; fault: what is wrong with an
---  entry, else that its key does not fit into a path; decode(self, response) -> items,
---  the object around them | nil, err; ids(self, response, items) -> ids | nil, err
---@return table
function Source.new(fields)
  fields.decode = fields.decode or decode_array
  fields.ids = fields.ids or strict_ids
  fields.timeout = fields.given.timeout
  return setmetatable(fields, Source)
end

local function param_of(position)
  return type(position) == "number" and "page" or "after"
end

-- The query with the position in place of one that the caller gave.
local function moved(query, position)
  if position == nil then return query end
  local name, list = param_of(position), {}
  for i = 1, query and #query or 0, 2 do
    if query[i] ~= name then
      list[#list + 1] = query[i]
      list[#list + 1] = query[i + 1]
    end
  end
  list[#list + 1], list[#list + 2] = name, position
  return list
end

function Source:call(position)
  return { parts = self.parts, query = moved(self.query, position), user = self.user,
    outside = self.outside, operation = self.operation, secrets = self.secrets }
end

-- A number of pages in plain digits.
local function page_number(text)
  local number = text and text:find "^%d+$" and tonumber(text)
  return number and number <= options.PAGE.max and number or nil
end

-- Where the page of a link is, and how many there are from it on. Page numbers must grow,
-- anything else would be a circle. A link that leads nowhere is a fault, not the end.
local function numbered(position, link, last)
  local page = page_number(core.query_param(link, "page"))
  if page == nil then return nil, nil, "the next page has no number" end
  if page <= (type(position) == "number" and position or 1) then return nil end
  return page, last and last - page + 1
end

local function in_header(header, position)
  if header == nil or header == "" then return nil end
  local links = core.link(header)
  local cursor = links.after and core.query_param(links.after, "after")
  if cursor and cursor ~= "" then return cursor end
  if links.next == nil then return nil, nil, links.after and "the next page has no cursor" end
  return numbered(position, links.next,
    page_number(links.last and core.query_param(links.last, "page")))
end

-- Every page but the last is as long as this one.
local function in_body(data, length, position)
  if type(data) ~= "table" or data.next == nil then return nil end
  if type(data.next) ~= "string" then return nil, nil, "the address of the next page is no text" end
  local last = type(data.count) == "number" and length > 0 and math.ceil(data.count / length)
  return numbered(position, data.next, last or nil)
end

function Source:read(response, position, found)
  local page, fault = {}
  page.next, page.left, fault = in_header(response.request:header("Link"), position)
  if page.next ~= nil and found then found(page.next, page.left) end
  local items, data = self:decode(response)
  if items == nil then return nil, data end
  if page.next == nil and not fault then
    page.next, page.left, fault = in_body(data, #items, position)
    if found and not fault then found(page.next, page.left) end
  end
  if fault then return nil, self.session:shape_error(response, fault) end
  local ids, err = self:ids(response, items)
  if ids == nil then return nil, err end
  page.items, page.ids = items, ids
  page.total = data and type(data.count) == "number" and data.count or nil
  return page
end

---The options with which `each` goes on at a page that could not be had.
---@param position any
---@return table
function Source:resume(position)
  return options.merge(self.given, position ~= nil and { [param_of(position)] = position } or {})
end

---Is this error in mid-walk the end of a list that became shorter (Meet)?
---@param err salon.Error
---@return boolean
function Source.is_past_end(err)
  return err.status == 404 and err.body ~= nil and err.body:find('^%s*{"detail"') ~= nil
end

---The option of `list` and `each` that names a position.
Source.param_of = param_of

return Source
