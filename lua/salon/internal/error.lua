-- Every failure is one kind of object, wherever it was noticed: the network, the
-- server, salon's own ceilings. Callers branch on `kind`, `status` and `code`, never
-- on text. failures.lua makes those of calls.
--
-- Raising: Lua >= 5.2 prints an uncaught object through __tostring, the 5.1 ABI
-- and nginx print nonsense ("error object is not a string", "unknown reason").
-- There the text is raised instead, and `caught` finds the object again.

---@class salon.Error  its fields: types/salon.lua
local Error = { __name = "salon.Error" }
Error.__index = Error

local KINDS = {}
for kind in ("network tls timeout cancelled http auth decode limit unsupported phase store file")
  :gmatch("%a+") do
  KINDS[kind] = true
end

---A text without line ends, and without two blanks in a row.
---@param text string
---@return string
function Error.one_line(text)
  return (text:gsub("[%z\1-\32\127]+", " "):gsub("^ ", ""):gsub(" $", ""))
end

local LONGEST_URL = 300

---A URL for a message: a long one is cut.
---@param url string
---@return string
function Error.short_url(url)
  return #url > LONGEST_URL and url:sub(1, LONGEST_URL) .. "..." or url
end

-- One readable line: what was asked, what came of it, what to do.
function Error:__tostring()
  local about = { self.kind }
  if self.status then about[#about + 1] = "status " .. self.status end
  if self.code and self.code ~= self.message then about[#about + 1] = self.code end
  if self.attempts > 1 then about[#about + 1] = self.attempts .. " attempts" end
  local text = self.message .. " (" .. table.concat(about, ", ") .. ")"
  if self.method and self.url then
    text = self.method .. " " .. Error.short_url(self.url) .. ": " .. text
  end
  if self.hint then text = text .. "; " .. self.hint end
  if self.request_id then text = text .. " [request " .. self.request_id .. "]" end
  return Error.one_line(text)
end

-- "a..b" .. error, as people do in log lines.
function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
end

---@param fields table
---@return salon.Error
function Error.new(fields)
  assert(KINDS[fields.kind], "BUG unknown kind of error")
  assert(type(fields.message) == "string", "BUG error without a message")
  if fields.retryable == nil then fields.retryable = false end
  fields.attempts = fields.attempts or 0
  fields.outcome = fields.outcome or "unsent"
  return setmetatable(fields, Error)
end

---@param value any
---@return boolean
function Error.is(value)
  return type(value) == "table" and getmetatable(value) == Error
end

---Did the server say it to the end? A response that broke off has a status and tells nothing.
---@param err salon.Error
---@return boolean
function Error.is_told(err)
  return err.kind == "http" or err.kind == "auth" or err.kind == "decode"
end

-- Raising -----------------------------------------------------------------

local RING = 32
local raised, last = {}, 0  -- texts stand for objects where objects print badly

local function objects_print_badly()
  return _VERSION == "Lua 5.1" or rawget(_G, "ngx") ~= nil
end

---Raises an error object so that it can be read when nobody catches it.
---@param err salon.Error|any
function Error.raise(err)
  if not Error.is(err) or not objects_print_badly() then error(err, 0) end
  last = last % RING + 1
  local text = tostring(err)
  raised[last] = { text = text, err = err }
  error(text, 0)
end

---The error object behind what `pcall` caught: the object itself, or the one
---whose text was raised (also with a traceback around it). The last 32 are kept.
---@param e any
---@return salon.Error?
function Error.caught(e)
  if Error.is(e) then return e end
  if type(e) ~= "string" then return nil end
  for i = 0, RING - 1 do
    local entry_ = raised[(last - i - 1) % RING + 1]
    if entry_ and e:find(entry_.text, 1, true) then return entry_.err end
  end
end

---What was raised, to be raised again later: the object where it is the text of one, as others
---may be raised meanwhile.
---@param e any
---@return any
function Error.kept(e)
  local err = Error.caught(e)
  return err and e == tostring(err) and err or e
end

---`salon.check(value, err)`: hands its arguments through, or raises `err`. `false` without an
---error is a value.
---@generic T
---@param value T?
---@param err any
---@return T
function Error.check(value, err, ...)
  if value == nil or value == false and err ~= nil then
    if Error.is(err) then Error.raise(err) end
    error(err ~= nil and tostring(err) or "salon.check: neither a value nor an error: nothing was found", 2)
  end
  return value, err, ...
end

return Error
