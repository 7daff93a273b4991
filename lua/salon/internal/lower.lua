-- A to Z in lower case, whatever the locale: in a Turkish one an I stays as it is, in some of
-- one byte a character the parts of UTF-8 change.

local LOWER = {}
for i = 0, 25 do LOWER[string.char(65 + i)] = string.char(97 + i) end

---@param text string
---@return string
return function(text)
  return (text:gsub("[A-Z]", LOWER))
end
