-- What every store does, whichever host it is used on. Raises what it does not.

return function(store)
  local key = "opentalk=https%3A%2F%2Fx&user=" .. tostring({}):match "%w+$"
  local function same(expected, ...)
    for i = 1, math.max(#expected, select("#", ...)) do
      local got = (select(i, ...))
      if expected[i] ~= got then
        error(("%d: expected %s, got %s"):format(i, tostring(expected[i]), tostring(got)), 2)
      end
    end
  end
  same({ "string" }, type(store.name))
  same({}, store.read(key))
  same({ false }, store.write(key, "one", 60, "of before"))
  same({ true }, store.write(key, "one", 60, nil))
  local blob, version = store.read(key)
  same({ "one" }, blob)
  same({ false }, store.write(key, "two", 60, nil))
  same({ true }, store.write(key, "t\0w\"o\n", 60, version))
  same({ false }, store.write(key, "late", 60, version))  -- a holder that stalled
  same({ "t\0w\"o\n" }, (store.read(key)))
  same({}, store.read(key .. "2"))
  same({ true }, store.write(key .. "2", "else", 60, nil))
  same({ "t\0w\"o\n" }, (store.read(key)))

  local fence = store.lock(key, 60)
  same({ true }, fence ~= nil)
  same({}, store.lock(key, 60))
  local other = store.lock(key .. "2", 60)
  same({ true }, other ~= nil)
  same({ true }, store.write(key, "three", 60, select(2, store.read(key))))  -- with a lock or without
  store.unlock(key, fence)
  local again = store.lock(key, 60)
  same({ true }, again ~= nil)
  store.unlock(key, fence)  -- by somebody who held it once
  same({}, store.lock(key, 60))
  store.unlock(key, again)
  store.unlock(key .. "2", other)
  return "kept"
end
