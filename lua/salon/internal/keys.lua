-- The keys of a table as a list, which may change while somebody goes through it.
--
-- Not to break: no loop of `pairs`, here or in what else a finaliser runs. Once LuaJIT of 2023
-- (Debian 12, its nginx too) has compiled one, it never ends inside of a finaliser.

---@param set table<any, any>
---@return any[]
return function(set)
  local keys = {}
  local key = next(set)
  while key ~= nil do
    keys[#keys + 1] = key
    key = next(set, key)
  end
  return keys
end
