-- A store in a file: one login for the processes of a user on one machine, and for one
-- run after the other. JSON, readable for its owner alone, replaced as a whole.
--
-- Locks are the kernel's, on a file beside it that stays: the kernel takes them back
-- from a process that ends. Who changes the file holds the lock "" for a moment.

local core = require "salon.core"
local hosts = require "salon.internal.host"
local json = require "salon.internal.json"

local FORMAT = 1
local PATIENCE = 5  -- seconds to wait for others who change the file
local LOOK = 0.005

local function are_entries(entries)
  for _, entry in pairs(type(entries) == "table" and entries or { false }) do
    if type(entry) ~= "table" or type(entry.blob) ~= "string" or type(entry.ends) ~= "number" then
      return false
    end
  end
  return true
end

local ANOTHER = "delete it, or name another file"

-- The entries; or nil, why the file is not to be touched, and what to do.
local function load_entries(path)
  local usable, message = core.check_private(path)
  if message then return nil, message end
  if not usable then return {} end
  local file
  file, message = io.open(path, "rb")
  if file == nil then return nil, message end
  local text = file:read "*a"
  file:close()
  if text == "" then return {} end  -- made by hand
  local data = json.decode(text or "")
  local format = data and data.salon_store
  if type(format) == "number" and format > FORMAT then
    return nil, "a newer version of salon wrote it"
  elseif format ~= FORMAT or not are_entries(data.entries) then
    return nil, "it is not a store of salon's", ANOTHER
  end
  return data.entries
end

local function claim(path, key)
  local held, message = core.claim_in(path .. ".lock", key)
  if message == nil then return held end
  return nil, ("%s.lock: %s"):format(path, message), message:find "No such file"
    and ("make the folder '%s'"):format(path:match "^(.*/)" or ".") or nil
end

-- Runs while nobody else changes the file.
local function alone(path, work)
  local ends = core.now() + PATIENCE
  local held, message, hint
  repeat
    held, message, hint = claim(path, "")
    if held == nil and message == nil then (hosts.pick() or core).sleep(LOOK) end
  until held or message or core.now() >= ends
  if held == nil then return nil, message or "others have been writing it for 5 s", hint end
  local ok, done, why
  ok, done, why, hint = pcall(work)
  held:release()
  if not ok then error(done, 0) end
  return done, why, hint
end

---@param path string  the file need not exist; its folder must, and be writable
---@return salon.Store
local function file(path)
  if type(path) ~= "string" or path == "" or path:find("%z") then
    error("salon.store.file: argument 'path' must be the name of a file", 2)
  end
  local store = { name = "file " .. path }

  function store.read(key)
    local entries, message, hint = load_entries(path)
    if entries == nil then return nil, message, hint end
    local entry = entries[key]
    if entry and entry.ends > os.time() then return entry.blob, entry.blob end
  end

  -- change(entries, now) -> false, for nothing to be written
  local function rewrite(change)
    return alone(path, function()
      local entries, message, hint = load_entries(path)
      if entries == nil then return nil, message, hint end
      local now = os.time()
      for name, entry in pairs(entries) do
        if entry.ends <= now then entries[name] = nil end
      end
      if change(entries, now) == false then return false end
      return core.write_private(path, json.encode { salon_store = FORMAT, entries = entries })
    end)
  end

  function store.write(key, blob, ttl, version)
    return rewrite(function(entries, now)
      if (entries[key] and entries[key].blob) ~= version then return false end
      entries[key] = { blob = blob, ends = now + ttl }
    end)
  end

  -- Without an end: the kernel sees to that. The file is written as it is: on a full disk
  -- or a read-only one nobody shall use up a refresh token whose successor would be lost.
  function store.lock(key)
    local held, message, hint = claim(path, key)
    if held == nil then return nil, message, hint end
    local written
    written, message, hint = rewrite(function() end)
    if written then return held end
    held:release()
    return nil, message, hint
  end

  function store.unlock(_, fence)
    fence:release()
  end

  return store
end

return file
