-- The one-time codes of user otto: RFC 6238, steps of 30 s, six digits.

local support = require "spec.support"

local one_time = {}

---The step of now.
function one_time.step() return math.floor(os.time() / 30) end

---The code of a step, of now if none is given.
function one_time.code(step)
  local bytes = ("%016x"):format(step or one_time.step()):gsub("%x%x", function(hex)
    return ("\\%03o"):format(tonumber(hex, 16))
  end)
  local digest = support.run("printf '" .. bytes .. "' | openssl dgst -sha1 -hmac throwawayotpsecret00")
    :match "(%x+)\n$"
  local at = tonumber(digest:sub(-1), 16) * 2
  return ("%06d"):format(tonumber(digest:sub(at + 1, at + 8), 16) % 0x80000000 % 1000000)
end

return one_time
