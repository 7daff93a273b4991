-- What a generic `for` takes to walk something and to close it when the loop is left.
--
-- Lua 5.4 closes the fourth value. But in 5.4.0 to 5.4.4 a `break` out of a loop whose
-- body holds a closure leaves it open, and the function then fails at some later line.
-- So the fourth value is given only where a loop like that does close it.

local loop = {}

local function once(_, last)
  if last == nil then return 1 end
end

local function closes()
  local closed = false
  local function walk()
    return once, nil, nil, setmetatable({}, { __close = function() closed = true end })
  end
  for entry in walk() do
    local function captured() return entry end
    if captured() then break end
  end
  return closed
end

---Is what a loop walks closed when the loop is left?
loop.closes = closes()

---@generic T
---@param walk T  callable, with a method `close`
---@return T, nil, nil, T?
function loop.over(walk)
  if loop.closes then return walk, nil, nil, walk end
  return walk
end

return loop
