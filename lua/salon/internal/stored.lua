-- The place of one login in a store: what other workers, processes and runs read. The
-- blob is JSON with a format number; expiry is on the server's clock.
--
-- Not to break: nothing that is not ours is overwritten, and every failure of the store
-- is an error of kind "store" that names it.

local Error = require "salon.internal.error"
local core = require "salon.core"
local json = require "salon.internal.json"
local watch = require "salon.internal.watch"

local FORMAT = 1
local NOTHING = '{"format":1}'  -- in place of a login that has ended
local KEPT = 30 * 86400  -- seconds: a refresh token may be good for so long

---@class salon.Stored
---@field token? salon.Token  what the store held when it was last read
---@field blob? salon.Secret  the same as it stood there
---@field version? fun(): any  of it, for the store; in a function, as it may be the blob
---@field writing? salon.Token  which the store may tell when it fails
---@field lenient boolean  failures of the store end no call
local Stored = {}
Stored.__index = Stored

---@param http salon.Http
---@param given { store: salon.Store, store_failures?: string }  the client's options
---@param name fun(): any[]?, salon.Error?  what tells the login from others, as for
---  core.form: service, client, user, scope; no secret
---@return salon.Stored?
function Stored.new(http, given, name)
  if given.store == nil then return nil end
  local function version() end
  return setmetatable({ version = version, http = http, store = given.store, name = name, token = nil,
    lenient = given.store_failures == "ignore" }, Stored)
end

---What messages call the store.
---@return string
function Stored:place()
  return tostring(self.store.name or "the table of option 'store'")
end

local function fault(self, what, message, hint)
  message = Error.one_line(self.http.secrets:striker(self.writing)(tostring(message), 500))
  local err = Error.new { kind = "store", hint = hint, message = ("the store of logins (%s) cannot be %s: %s"):format(
    self:place(), what, message) }
  if self.lenient and self.http.on_event then watch.tell(self.http, { name = "store", error = err }) end
  return err
end

local DOES = { read = "read", write = "written", lock = "locked", unlock = "unlocked" }

-- One of the four functions; nil, nil, err when it failed.
local function ask(self, name, ...)
  local ok, value, more, hint = pcall(self.store[name], self.key, ...)
  if not ok then return nil, nil, fault(self, DOES[name], value) end
  if value == nil and more ~= nil then return nil, nil, fault(self, DOES[name], more, hint) end
  if name == "write" and type(value) ~= "boolean" then
    return nil, nil, fault(self, DOES[name], "it returned neither true nor false")
  end
  return value, more
end

local function number(value) return type(value) == "number" and value or nil end
local function text(value) return type(value) == "string" and value or nil end

-- The Token of a blob; nil and why it is none.
local function unpack_token(self, blob)
  local data = json.decode(blob)
  if data == nil or not number(data.format) then return nil, "it holds something else" end
  if data.format > FORMAT then
    return nil, "a newer version of salon wrote it", "use that version here, or another store"
  end
  local lifetime, left = number(data.lifetime), nil
  if number(data.expires_at) then
    left = data.expires_at - self.http:time(number(data.server_ahead))
    left = math.min(left, lifetime or left)
  end
  local ok, token = pcall(core.token, { access = text(data.access), refresh = text(data.refresh),
    id_token = text(data.id_token), scope = text(data.scope), expires_in = left,
    lifetime = lifetime })
  if ok then return token end
  return nil, token
end

---Reads the store.
---@return salon.Token?  the same one as long as the store holds the same; nil: nothing
---@return salon.Error? err
function Stored:load()
  local name, problem = self.name()
  if name == nil then return nil, problem end
  self.key = core.form(name)
  local blob, version, err = ask(self, "read")
  if err then return nil, err end
  self.version = function() return version end
  if blob == nil or blob == NOTHING then
    self.token, self.blob = nil, nil
    return nil
  end
  if self.blob == nil or blob ~= self.blob:reveal() then
    blob = tostring(blob)
    local token, message, hint = unpack_token(self, blob)
    if token == nil then return nil, fault(self, "used", message, hint) end
    self.token, self.blob = token, core.secret(blob)
    self.http.secrets:note("stored", token)
  end
  return self.token
end

---Writes a token in place of the one that was read.
---@param token salon.Token
---@return boolean? saved  false: somebody was faster
---@return salon.Error? err
function Stored:save(token)
  local time, left = self.http:time(), token:expires_in()
  local refresh = token:reveal_refresh()
  local blob = json.encode {
    format = FORMAT, access = token:reveal(), refresh = refresh, id_token = token:reveal_id(),
    scope = table.concat(token.scopes, " "), lifetime = token:lifetime(),
    expires_at = left and math.floor(time + left), server_ahead = time - os.time(),
  }
  self.writing = token
  local saved, _, err = ask(self, "write", blob, (refresh or left == nil) and KEPT
    or math.max(1, math.min(left, KEPT)), self.version())
  self.writing = nil
  if saved then self.token, self.blob = token, core.secret(blob) end
  return saved, err
end

---What to say when a token that was read at once before could not be replaced either.
---@return salon.Error
function Stored:refusal()
  return fault(self, DOES.write, "it has another version than it said when it was read")
end

---Takes the login out of the store.
---@return salon.Token?  what it held
---@return salon.Error? err
function Stored:forget()
  local token, err = self:load()
  if token then err = select(3, ask(self, "write", NOTHING, 1, self.version())) end
  return token, err
end

---@param seconds number  after which others may have it, whatever became of us
---@return any fence  nil: somebody else has it
---@return salon.Error? err
function Stored:lock(seconds)
  local fence, _, err = ask(self, "lock", seconds)
  return fence or nil, err
end

-- If that fails, the lock ends by itself.
function Stored:unlock(fence)
  ask(self, "unlock", fence)
end

return Stored
