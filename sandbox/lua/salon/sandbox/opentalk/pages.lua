-- Lists of the controller: page numbers and cursors, their Link headers, and
-- the rendered pages that are kept until something is written.

local store = require "salon.sandbox.store"
local errors = require "salon.sandbox.opentalk.errors"
local input = require "salon.sandbox.opentalk.input"

local pages = {}

-- Everything but unreserved characters and the blank, as form encoders do.
local function encode(text)
  return (text:gsub("[^%w*._ -]", function(c) return ("%%%02X"):format(c:byte()) end):gsub(" ", "+"))
end

-- scheme://host of links: Forwarded, X-Forwarded-…, Host; or a wrong one.
local function link_base(request)
  local wrong = request.link_host or store.settings.link_host
  local forwarded = request:header "forwarded" or ""
  local scheme = forwarded:match("[Pp]roto=([^;,]+)") or request:header "x-forwarded-proto" or request.scheme
  local host = forwarded:match("[Hh]ost=([^;,]+)") or request:header "x-forwarded-host"
    or request:header "host" or "127.0.0.1"
  return scheme .. "://" .. (wrong or host) .. request.path
end

-- The request's own parameters but `name`, sorted, ready to be continued.
local function other_parameters(request, name)
  local list = input.parameters(request.query)
  table.sort(list, function(a, b) return a.name < b.name end)
  local parts = {}
  for _, parameter in ipairs(list) do
    if parameter.name ~= name then
      parts[#parts + 1] = encode(parameter.name) .. "=" .. encode(parameter.value) .. "&"
    end
  end
  return table.concat(parts)
end

---The value of a header Link for one relation.
function pages.cursor_link(request, cursor)
  if request.same_link then
    local _, at = input.parameters(request.query)
    cursor = at.after and at.after.value or cursor
  end
  return ('<%s?%safter=%s>; rel="after"'):format(link_base(request), other_parameters(request, "after"), cursor)
end

-- " " is nginx's way to send the header with an empty value.
local function page_links(request, page, last)
  local after = request.same_link and page or page + 1
  local base = link_base(request) .. "?" .. other_parameters(request, "page") .. "page="
  local links = {}
  local function add(n, rel) links[#links + 1] = ('<%s%d>; rel="%s"'):format(base, n, rel) end
  if page > 1 then
    add(1, "first")
    add(page - 1, "prev")
  end
  if page < last then
    add(after, "next")
    add(last, "last")
  end
  return links[1] and table.concat(links, ",") or " "
end

---per_page and page of a request, or nil and the answer.
function pages.page_of(request, old)
  local query, refusal = input.query(request, { per_page = "integer", page = "integer" })
  if not query then return nil, refusal end
  local size, page = query.per_page or 30, query.page or 1
  if old then
    if size <= 0 then return nil, errors.query "per_page <= 0" end
    if size > 100 then return nil, errors.query "per_page too large" end
    if page <= 0 then return nil, errors.query "page too large" end
  elseif size < 1 or size > 100 then
    return nil, errors.query "Page size is outside the allowed range (1..=100)"
  elseif page < 1 then
    return nil, errors.query
      "Page number is outside the allowed range (1..=9223372036854775807)"
  end
  return { size = size, page = page }
end

---Answers a page of `list`, rendered with `render(item)`; kept per `key`.
function pages.answer(request, old, key, list, render)
  key = table.concat({ key, request.uri, link_base(request), request.moved or "",
    request.same_link and "same" or "" }, "\n")
  return store.cached(key, function()
    local asked, refusal = pages.page_of(request, old)
    if not asked then return refusal end
    local all = list()
    local first = math.max(0, (asked.page - 1) * asked.size - (request.moved or 0))
    local total = first < #all and #all or 0
    local parts = {}
    for i = first + 1, math.min(first + asked.size, #all) do parts[#parts + 1] = render(all[i]) end
    local answer = errors.ok("[" .. table.concat(parts, ",") .. "]")
    answer.headers.Link = page_links(request, asked.page, math.ceil(total / asked.size))
    return answer
  end)
end

return pages
