-- Lists: one page (`list`) and everything (`each`).
--
-- A source says how one list works; the walk does what all have in common: one
-- page is asked for ahead while the caller works on the last one; ids that were
-- on the last two pages are dropped (lists move while one walks); a position
-- that repeats or a page that brings nothing new ends the walk. However long
-- the list is, a walk holds two pages and the ids of two.
--
-- Each page has a deadline of its own: a long walk may take its time.
--
-- A source is a table of:
--   session
--   call(position) -> salon.Call without deadline; position nil: the first page
--   following(answer, position) -> position of the next page, or nil
--   items(answer) -> list of decoded objects | nil, err
--   id(raw) -> what tells two entries apart
--   wrap(raw, about) -> the record for the caller, or nil to leave it out
--   over(err) -> true if this error in mid-walk means the list is at its end
--   after -> a source that is walked when this one is through
--   timeout -> seconds per page

local Error = require "salon.error"

local pages = {}

local function send(source, position)
  local call = source.call(position)
  call.deadline = source.session:deadline(source.timeout)
  return source.session:start(call)
end

---`items` as they are, when all of them are objects.
---@param session salon.Session
---@param answer table
---@param items any[]
---@return table[]? items
---@return salon.Error? err  kind: decode
function pages.objects(session, answer, items)
  for _, item in ipairs(items) do
    if type(item) ~= "table" then
      return nil, session:shape_error(answer, "the list holds something that is no object")
    end
  end
  return items
end

local function records(source, items, about)
  local list = {}
  for _, raw in ipairs(items) do
    list[#list + 1] = source.wrap(raw, about)
  end
  return list
end

---Fetches one page.
---@param source table
---@param position any  nil: the first page
---@return table? page  of records; `answer` tells about the exchange
---@return any next_or_err  position of the next page, or the error
function pages.list(source, position)
  local session = source.session
  local call = source.call(position)
  call.deadline = session:deadline(source.timeout)
  local answer, err = session:call(call)
  if answer == nil then return nil, err end
  local items
  items, err = source.items(answer)
  if items == nil then return nil, err end
  local about = session.about(answer)
  local page = records(source, items, about)
  page.answer = about
  local following
  if #items > 0 then following = source.following(answer, position) end
  return page, following
end

-- The walk ------------------------------------------------------------------

---@class salon.Walk
local Walk = { __name = "salon.Walk" }
Walk.__index = Walk

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

-- The next source begins at its first page.
local function enter(self, source)
  self.source = source
  self.position, self.mark, self.steps, self.power = nil, nil, 0, 1
  self.first = true
  self.pending = nil
end

local function leave(self)
  if self.source.after then
    enter(self, self.source.after)
  else
    self.source = nil  -- what is left of the page is still handed out
  end
end

-- Asks for the page that follows `answer`, or notes that there is none.
local function go_on(self, answer)
  local following = self.source.following(answer, self.position)
  if following ~= nil and repeats(self, following) then following = nil end
  self.following = following
  self.ahead = nil
  local host = following ~= nil and self.source.session:host()
  if host and host.ahead then self.ahead = send(self.source, following) end
end

-- What of `items` was not on the last two pages.
local function unseen(self, items)
  local source, here, fresh = self.source, {}, {}
  for _, raw in ipairs(items) do
    local id = source.id(raw)
    if id == nil then
      fresh[#fresh + 1] = raw
    elseif not (here[id] or self.seen[1][id] or self.seen[2][id]) then
      fresh[#fresh + 1] = raw
    end
    if id ~= nil then here[id] = true end
  end
  self.seen[1], self.seen[2] = here, self.seen[1]
  return fresh
end

local function give_up(self, err)
  self:close()
  Error.raise(err)
end

-- Fetches the page at self.position and makes it the current one.
local function turn(self)
  local source = self.source
  local session = source.session
  local pending = self.pending or send(source, self.position)
  self.pending = nil
  pending.call.deadline = session:deadline(source.timeout)  -- waiting begins now
  self.waiting = pending
  local answer, err = session:finish(pending)
  if self.source ~= source then return end  -- closed meanwhile by another thread
  self.waiting = nil
  if answer == nil then
    if not self.first and source.over and source.over(err) then return leave(self) end
    return give_up(self, err)
  end
  if source.head_first then go_on(self, answer) end
  local items
  items, err = source.items(answer)
  if items == nil then return give_up(self, err) end
  if not source.head_first then go_on(self, answer) end
  local fresh = unseen(self, items)
  self.page, self.i = records(source, fresh, session.about(answer)), 0
  self.first = false
  if #fresh == 0 or self.following == nil then
    if self.ahead and self.ahead.request then self.ahead.request:cancel() end
    self.ahead, self.following = nil, nil
    return leave(self)
  end
  self.position, self.pending = self.following, self.ahead
  self.ahead = nil
end

---The next entry, or nil at the end. Raises the error that `list` would return.
function Walk:__call()
  while true do
    self.i = self.i + 1
    local record = self.page[self.i]
    if record ~= nil then return record end
    if self.source == nil then return nil end
    if self.source.session.client:closed() then
      self:close()
      error("each: the client is closed", 2)
    end
    turn(self)
  end
end

local function drop(pending)
  if pending and pending.request then pending.request:cancel() end
end

---Ends the walk and cancels what is in flight. May be called at any time, twice too.
function Walk:close()
  if getmetatable(self) ~= Walk then error("walk:close: call it with a colon", 2) end
  drop(self.pending)
  drop(self.ahead)
  drop(self.waiting)
  self.pending, self.ahead, self.waiting, self.following = nil, nil, nil, nil
  self.source, self.page = nil, {}
end

function Walk:__close() self:close() end

function Walk:__tostring()
  return self.source and "salon.Walk" or "salon.Walk(at its end)"
end

---Walks a whole list. For `for`: the walk, and itself as the value to be closed.
---@param source table
---@return salon.Walk, nil, nil, salon.Walk
function pages.walk(source, position)
  local walk = setmetatable({ page = {}, i = 0, seen = { {}, {} } }, Walk)
  enter(walk, source)
  walk.position = position
  return walk, nil, nil, walk
end

return pages
