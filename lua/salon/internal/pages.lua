-- Lists: one page (`list`) and everything (`each`).
--
-- The walk does what all lists have in common: pages are asked for ahead while the
-- caller works on the last one - one, or several where their number is known; ids
-- that were on the last pages are dropped (lists move while one walks); a position
-- that repeats or a page that brings nothing new ends the walk. However long the list
-- is, a walk holds the pages ahead, the one at hand, and the ids of as many, but of
-- two at least. Each page has a deadline of its own.
--
-- What lies ahead is a guess: each response says where to go on, and pages that were
-- asked for in vain are cancelled.

local Error = require "salon.internal.error"
local Source = require "salon.internal.source"
local loop = require "salon.internal.loop"
local options = require "salon.internal.options"

local pages = {}

---Fetches one page.
---@param source table  see source.lua
---@param given table  checked options of `list`
---@param deadline? number
---@return salon.Page? page  of records; `next`: options of the page that follows
---@return salon.Error? err
function pages.list(source, given, deadline)
  local session, position = source.session, given.page or given.after
  local call = source:call(position)
  call.deadline = deadline or session:deadline(source.timeout)
  local response, err = session:call(call)
  if response == nil then return nil, err end
  local read
  read, err = source:read(response, position)
  if read == nil then return nil, err end
  local about = session.about(response)
  local page, is_over = source.records(read.items, about)
  page.response, page.total = about, read.total
  if read.next ~= nil and #read.items > 0 and not is_over then
    page.next = options.merge(given, { [Source.param_of(read.next)] = read.next })
  end
  return page
end

-- The walk ------------------------------------------------------------------

---@class salon.Walk
local Walk = { __name = "salon.Walk" }
Walk.__index = Walk

local KNOWN = 4  -- pages ahead where their number is known and no option says otherwise

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
end

local function leave(self)
  drop_all(self)
  if self.source.after then
    enter(self, self.source.after)
    if self.source.apart then self.seen, self.ids = {}, {} end
  else
    self.source = nil  -- what is left of the page is still handed out
  end
end

local function ask(self, position)
  local session = self.source.session
  local call = self.source:call(position)
  call.deadline = session:deadline(self.source.timeout)
  return { position = position, pending = session:start(call) }
end

-- Asks for the pages from `following` on, of which there are `left`, or notes that
-- there are none.
local function go_on(self, following, left)
  local queue = self.queue
  if following ~= nil and repeats(self, following) then following = nil end
  self.following = following
  local host = following ~= nil and self.source.session:host()
  if not (host and host.ahead) then return end
  if queue[1] and queue[1].position ~= following then
    drop_all(self)
    queue = self.queue
  end
  local wanted = math.min(self.prefetch or left and KNOWN or 1, left or 1)
  for n = #queue + 1, wanted do
    queue[n] = ask(self, n == 1 and following or following + n - 1)
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
  forget(self, page - math.max(2, (self.prefetch or KNOWN) + 1))
  return fresh
end

local function give_up(self, err, position)
  err.resume = self.source:resume(position)
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
  local ok, response, err = pcall(session.finish, session, page.pending)
  if not ok then  -- a function of the caller's, such as the option `token`: the next step asks anew
    drop(page)
    drop_all(self)
    self.waiting = nil
    error(response, 0)
  end
  if self.source ~= source then return end  -- closed meanwhile by another light thread
  self.waiting = nil
  self.position = page.position
  if response == nil then
    if not self.first and source.is_past_end(err) then return leave(self) end
    local other = source.instead and source.instead(err)
    if other then
      drop_all(self)
      return enter(self, other)
    end
    return give_up(self, err, page.position)
  end
  local read
  read, err = source:read(response, page.position, function(...) go_on(self, ...) end)
  if read == nil then return give_up(self, err, page.position) end
  local fresh = unseen(self, read.items, read.ids)
  local is_over
  self.page, is_over = source.records(fresh, session.about(response))
  self.i, self.first = 0, false
  if fresh[1] == nil or self.following == nil or is_over then leave(self) end
end

---The next entry, or nil at the end. Raises the error that `list` would return.
function Walk:__call()
  while true do
    local i = self.i + 1
    self.i = i
    local record = self.page[i]
    if record ~= nil then return record end
    if self.source == nil then return nil end
    if self.waiting then error("each: another light thread is reading it already", 2) end
    if self.source.session.client:closed() then
      self:close()
      error("each: the client is closed", 2)
    end
    turn(self)
  end
end

---Ends the walk and cancels what is in flight. Idempotent.
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

---Walks a whole list. For `for`: the walk, and where this Lua closes what a loop walks,
---itself as the value to be closed; elsewhere its requests end with the collector, or
---with `walk:close()`.
---@param source table  see source.lua
---@param given table  checked options of `each`
---@return salon.Walk, nil, nil, salon.Walk?
function pages.walk(source, given)
  local walk = setmetatable({ page = {}, i = 0, queue = {}, seen = {}, ids = {}, turned = 0,
    prefetch = given.prefetch }, Walk)
  enter(walk, source)
  walk.following = given.page or given.after
  return loop.over(walk)
end

return pages
