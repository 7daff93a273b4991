-- Lists of the controller: page numbers and cursors, their Link headers. Pages are
-- kept until something is written.

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local input = require "salon.sandbox.opentalk.input"

local pages = {}

-- scheme://host of links: Forwarded, X-Forwarded-..., Host; or a wrong one.
local function link_base(request)
  local wrong = request.link_host or store.settings.link_host
  local forwarded = request:header "forwarded" or ""
  local scheme = forwarded:match("[Pp]roto=([^;,]+)") or request:header "x-forwarded-proto" or request.scheme
  local host = forwarded:match("[Hh]ost=([^;,]+)") or request:header "x-forwarded-host"
    or request:header "host" or "127.0.0.1"
  return scheme .. "://" .. (wrong or host)
end

-- The request's URL up to the value of one parameter, which comes last.
local function link_to(request, name)
  local link = request:link(link_base(request), name)
  return link .. (link:find("?", 1, true) and "&" or "?") .. name .. "="
end

---The value of a header Link that leads on after `cursor`.
function pages.cursor_link(request, cursor)
  if request.same_link then cursor = request:parameters().after or cursor end
  return ('<%s%s>; rel="after"'):format(link_to(request, "after"), cursor)
end

-- " " is nginx's way to send the header with an empty value.
local function page_links(request, page, last)
  local base, links = link_to(request, "page"), {}
  local function add(n, rel) links[#links + 1] = ('<%s%d>; rel="%s"'):format(base, n, rel) end
  if page > 1 then
    add(1, "first")
    add(page - 1, "prev")
  end
  if page < last then
    add(request.same_link and page or page + 1, "next")
    add(last, "last")
  end
  return links[1] and table.concat(links, ",") or " "
end

-- per_page and page of a request, or nil and the response.
local function size_and_page(request, old)
  local query, refusal = input.query(request, { per_page = "integer", page = "integer" })
  if not query then return nil, refusal end
  local size, page = query.per_page or 30, query.page or 1
  local words
  if size < 1 or size > 100 then
    words = not old and "Page size is outside the allowed range (1..=100)"
      or size < 1 and "per_page <= 0" or "per_page too large"
  elseif page < 1 then
    words = old and "page too large" or "Page number is outside the allowed range (1..=9223372036854775807)"
  end
  if words then return nil, responses.query(words) end
  return size, page
end

---A page of the list `name`, kept until something is written.
function pages.cached(request, name, make) return request:cached(name, link_base(request), make) end

---A page of the list that `list()` gives, each item shown by view(item, old).
function pages.numbered(request, old, name, list, view)
  return pages.cached(request, name, function()
    local size, page = size_and_page(request, old)
    if not size then return page end
    local all, items = list(), {}
    local first = math.max(0, (page - 1) * size - (request.moved or 0))
    for i = first + 1, math.min(first + size, #all) do items[#items + 1] = view(all[i], old) end
    local response = responses.list(items)
    response.headers.Link = page_links(request, page, items[1] and math.ceil(#all / size) or 0)
    return response
  end)
end

return pages
