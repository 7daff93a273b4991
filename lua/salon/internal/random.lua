-- Random bytes of the system, in hexadecimal.

---@param count integer  bytes
---@return string  of twice as many digits
local function random(count)
  local file = assert(io.open("/dev/urandom", "rb"))
  local bytes = file:read(count)
  file:close()
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

return random
