-- The sandbox's own random numbers, for ids, names, PINs and codes: equal seeds give
-- equal sequences on every machine.

local random = {}
random.__index = random

-- Lehmer's generator with the modulus 2^31 - 1: exact in doubles.
function random.new(seed)
  local self = setmetatable({ state = (seed * 48271 + 11) % 2147483646 + 1 }, random)
  for _ = 1, 8 do self:below(2) end
  return self
end

---An integer from 0 to n - 1.
function random:below(n)
  self.state = self.state * 16807 % 2147483647
  return math.floor(self.state / 2147483647 * n)
end

function random:uuid()
  local function draw() return self:below(65536) end
  return ("%04x%04x-%04x-4%03x-%04x-%04x%04x%04x"):format(draw(), draw(), draw(),
    self:below(4096), 0x8000 + self:below(0x4000), draw(), draw(), draw())
end

---Ten digits.
function random:digits() return ("%05d%05d"):format(self:below(100000), self:below(100000)) end

---A room name as Meet draws it: abc-defg-hij.
function random:slug()
  return (("xxx-xxxx-xxx"):gsub("x", function() return string.char(97 + self:below(26)) end))
end

return random
