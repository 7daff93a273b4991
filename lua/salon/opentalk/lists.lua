-- What OpenTalk's lists have in common: the size of a page, and the options.

local Source = require "salon.internal.source"
local options = require "salon.internal.options"

local lists = {}

local LARGEST = 100  -- per_page; newer servers refuse more, older ones cut it

lists.PER_PAGE = { "number", integer = true, min = 1, max = LARGEST }

-- Options of a list with numbered pages.
lists.LIST = {
  per_page = lists.PER_PAGE,
  page = options.PAGE,
  timeout = options.TIMEOUT,
}

lists.EACH = options.merge(lists.LIST, { prefetch = options.PREFETCH })

---A source that asks for the largest page unless `given` names another size.
---@param session salon.Session
---@param given table  checked options
---@param fields table  parts, key, records, query
---@return table
function lists.source(session, given, fields)
  local query = { "per_page", given.per_page or LARGEST }
  for _, item in ipairs(fields.query or {}) do query[#query + 1] = item end
  return Source.new {
    session = session, given = given, parts = fields.parts, query = query,
    key = fields.key, fault = fields.fault, records = fields.records,
  }
end

return lists
