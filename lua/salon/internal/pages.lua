-- Lists: one page (`list`) and everything (`each`).
--
-- A source says how one list works; the walk does what all have in common: pages
-- are asked for ahead while the caller works on the last one - one, or several
-- where their number is known; ids that were on the last pages are dropped (lists
-- move while one walks); a position that repeats or a page that brings nothing
-- new ends the walk. However long the list is, a walk holds the pages ahead, the
-- one at hand, and the ids of as many, but of two at least.
--
-- What lies ahead is a guess: where to go on is what each response says, and pages
-- that were asked for in vain are cancelled.
--
-- Each page has a deadline of its own: a long walk may take its time.
--
-- A source is a table of:
--   session
--   call(position) -> salon.Call without deadline; position nil: the first page
--   following(response, position) -> position of the next page, or nil
--   left(response, following) -> how many pages there are from that one on, if known
--   further(position, n) -> position of the page n pages later; goes with `left`
--   items(response) -> list of decoded objects, list of what tells them apart (false:
--     nothing does) | nil, err
--   records(items, about) -> list of what the caller gets for them
--   over(err) -> true if this error in mid-walk means the list is at its end
--   head_first -> what follows stands in the header: go on before the body is read
--   after -> a source that is walked when this one is through
--   timeout -> seconds per page

local Error = require "salon.internal.error"
local core = require "salon.core"
local options = require "salon.internal.options"

local pages = {}

local function send(source, position)
  local call = source.call(position)
  call.deadline = source.session:deadline(source.timeout)
  return source.session:start(call)
end

---`items` as they are and their ids, when they are a list of objects whose ids fit
---into paths. A null among them left a hole, which is no object either.
---@param session salon.Session
---@param response table
---@param items any[]
---@param key string  of the id
---@return table[]? items
---@return string[]|salon.Error ids_or_err  kind: decode
function pages.objects(session, response, items, key)
  local ids, odd = core.ids(items, key)
  if ids == nil then
    return nil, session:shape_error(response, "the list holds something that is no object")
  end
  for i = odd or #items + 1, #items do
    local fault = options.id_fault(items[i][key])
    if fault then return nil, session:shape_error(response, "an id in the list " .. fault) end
  end
  return items, ids
end

---Fetches one page.
---@param source table
---@param position any  nil: the first page
---@return table? page  of records; `response` tells about the exchange
---@return any next_or_err  position of the next page, or the error
function pages.list(source, position)
  local session = source.session
  local call = source.call(position)
  call.deadline = session:deadline(source.timeout)
  local response, err = session:call(call)
  if response == nil then return nil, err end
  local items
  items, err = source.items(response)
  if items == nil then return nil, err end
  local following
  if #items > 0 then following = source.following(response, position) end
  local about = session.about(response)
  local page = source.records(items, about)
  page.response = about
  return page, following
end

-- The walk ------------------------------------------------------------------

---@class salon.Walk
local Walk = { __name = "salon.Walk" }
Walk.__index = Walk

local KNOWN = 4  -- pages ahead where their number is known and nobody says otherwise

-- Brent's way to notice a circle without remembering all positions: compare
-- with one earlier position, and move that one up at growing intervals.
local function repeats(self, position)
  if position == self.position or position == self.mark then return true end
  self.steps = self.steps + 1
  if self.steps == self.power then
    self.mark, self.power, self.steps = position, self.power * 2, 0
  end
  return false
end

local function drop(page)
  if page and page.pending.request then page.pending.request:cancel() end
end

local function drop_all(self)
  for _, page in ipairs(self.queue) do drop(page) end
  self.queue = {}
end

-- The next source begins at its first page.
local function enter(self, source)
  self.source = source
  self.position, self.following, self.mark, self.steps, self.power = nil, nil, nil, 0, 1
  self.first = true
  local ahead = self.prefetch or source.left and KNOWN or 1
  self.window = math.max(2, ahead + 1)
end

local function leave(self)
  drop_all(self)
  if self.source.after then
    enter(self, self.source.after)
  else
    self.source = nil  -- what is left of the page is still handed out
  end
end

local function ask(self, position)
  return { position = position, pending = send(self.source, position) }
end

-- How many pages are to be under way now.
local function wanted(self, response)
  local source = self.source
  local left = source.left and source.left(response, self.following)
  return math.min(self.prefetch or left and KNOWN or 1, left or 1)
end

-- Asks for the pages that follow `response`, or notes that there are none.
local function go_on(self, response)
  local source, queue = self.source, self.queue
  local following = source.following(response, self.position)
  if following ~= nil and repeats(self, following) then following = nil end
  self.following = following
  local host = following ~= nil and source.session:host()
  if not (host and host.ahead) then return end
  if queue[1] and queue[1].position ~= following then
    drop_all(self)
    queue = self.queue
  end
  for n = #queue + 1, wanted(self, response) do
    queue[n] = ask(self, n == 1 and following or source.further(following, n - 1))
  end
end

-- Forgets the ids of a page that is far enough behind.
local function forget(self, page)
  local seen, ids = self.seen, self.ids[page] or {}
  for i = 1, #ids do
    local id = ids[i]
    if seen[id] == page then seen[id] = nil end
  end
  self.ids[page] = nil
end

local function first(items, n)
  local list = {}
  for i = 1, n do list[i] = items[i] end
  return list
end

-- What of `items` was not on the last pages: mostly all of them.
local function unseen(self, items, ids)
  local seen, fresh = self.seen, items
  local page = self.turned + 1
  self.turned = page
  for i = 1, #ids do
    local id = ids[i]
    if seen[id] == nil then
      if fresh ~= items then fresh[#fresh + 1] = items[i] end
    elseif fresh == items then
      fresh = first(items, i - 1)
    end
    if id then seen[id] = page end
  end
  self.ids[page] = ids
  forget(self, page - self.window)
  return fresh
end

local function give_up(self, err)
  self:close()
  Error.raise(err)
end

-- Waits for the next page and makes it the current one.
local function turn(self)
  local source = self.source
  local session = source.session
  local page = table.remove(self.queue, 1) or ask(self, self.following)
  page.pending.call.deadline = session:deadline(source.timeout)  -- waiting begins now
  self.waiting = page
  local response, err = session:finish(page.pending)
  if self.source ~= source then return end  -- closed meanwhile by another thread
  self.waiting = nil
  self.position = page.position
  if response == nil then
    if not self.first and source.over and source.over(err) then return leave(self) end
    return give_up(self, err)
  end
  if source.head_first then go_on(self, response) end
  local items, ids = source.items(response)
  if items == nil then return give_up(self, ids) end
  if not source.head_first then go_on(self, response) end
  local fresh = unseen(self, items, ids)
  self.page, self.i = source.records(fresh, session.about(response)), 0
  self.first = false
  if fresh[1] == nil or self.following == nil then leave(self) end
end

---The next entry, or nil at the end. Raises the error that `list` would return.
function Walk:__call()
  while true do
    local i = self.i + 1
    self.i = i
    local record = self.page[i]
    if record ~= nil then return record end
    if self.source == nil then return nil end
    if self.waiting then error("each: somebody else waits for the next page already", 2) end
    if self.source.session.client:closed() then
      self:close()
      error("each: the client is closed", 2)
    end
    turn(self)
  end
end

---Ends the walk and cancels what is in flight. May be called at any time, twice too.
function Walk:close()
  if getmetatable(self) ~= Walk then error("walk:close: call it with a colon", 2) end
  drop_all(self)
  drop(self.waiting)
  self.waiting, self.following = nil, nil
  self.source, self.page = nil, {}
end

function Walk:__close() self:close() end

function Walk:__tostring()
  return self.source and "salon.Walk" or "salon.Walk(at its end)"
end

---Walks a whole list. For `for`: the walk, and itself as the value to be closed.
---@param source table
---@param position any  of the first page; nil: where the list begins
---@param prefetch? integer  pages under way while the caller works on one
---@return salon.Walk, nil, nil, salon.Walk
function pages.walk(source, position, prefetch)
  local walk = setmetatable({ page = {}, i = 0, queue = {}, seen = {}, ids = {}, turned = 0,
    prefetch = prefetch }, Walk)
  enter(walk, source)
  walk.following = position
  return walk, nil, nil, walk
end

return pages
