-- One login: the token of one user, renewed before it expires and on demand, one
-- renewal at a time; other callers wait for it. The grant gets the tokens: a table of
--
--   renew(self, deadline, old: salon.Token?) -> Token | nil, err
--                 nothing at all: there is no other one than `old`
--   logout(self, token: salon.Token?, deadline) -> true | nil, err
--                 ends the token's session; it was forgotten already
--   renewable     may it give another token after a refusal?
--   takes         seconds that its lock in a store lasts: 20
--   is_given      true: the token comes from outside, and no login is told of
--   is_service    true: the client's own login, of no user
--   user, client  who logs in, for on_event
--
-- With a store, the token is taken from there when the one in memory will not do, and
-- renewed under the store's lock. Not to break: a new token is stored before it is used,
-- because with its refresh token the old one's may have ended.

local Error = require "salon.internal.error"
local SingleFlight = require "salon.internal.single_flight"
local context = require "salon.internal.context"
local core = require "salon.core"
local watch = require "salon.internal.watch"

local MARGIN = 30  -- seconds before expiry; half the lifetime if that is less
local FLOOR = 5    -- seconds between two renewals of a token that is still alive
local FEW = 3      -- seconds that another's token must have left
local TAKES = 20   -- seconds for a renewal that others wait for
local FIRST_LOOK, LAST_LOOK = 0.02, 0.5  -- seconds between two looks whether it is over

---@class salon.Login
---@field token? salon.Token
---@field renewable boolean
---@field stored? salon.Stored
---@field unsaved? salon.Token  which the store did not take yet
---@field superseded? salon.Token  the store's, in whose place `unsaved` came
local Login = {}
Login.__index = Login

---@param http salon.Http
---@param grant table
---@param stored? salon.Stored
---@return salon.Login
function Login.new(http, grant, stored)
  return setmetatable({
    http = http,
    grant = grant,
    stored = stored,
    unsaved = nil,
    superseded = nil,
    renewable = grant.renewable,
    token = nil,
    renewed_at = nil,
    renewal = SingleFlight.new(),
  }, Login)
end

-- Time to renew? Near the end of a session tokens live for seconds only; the
-- floor keeps that from becoming a renewal per call.
local function due(self, token)
  local left = token:expires_in()
  if left == nil then return false end
  if left <= 0 then return true end
  if left > math.min(MARGIN, token:lifetime() / 2) then return false end
  return self.renewed_at == nil or core.now() - self.renewed_at >= FLOOR
end

-- Until when `token` cannot be due.
local function good_until(token)
  local left = token:expires_in()
  if left == nil then return math.huge end
  return core.now() + left - math.min(MARGIN, token:lifetime() / 2)
end

---The token, if there is one that needs no renewal.
---@param refused? salon.Token  a token the server did not accept
---@return salon.Token?
function Login:ready(refused)
  local token = self.token
  if token == nil or token == refused then return nil end
  if self.looked_at ~= token then
    self.looked_at, self.good_until = token, good_until(token)
  end
  if self.good_until == math.huge or core.now() < self.good_until or not due(self, token) then
    return token
  end
end

---Did the grant give this token, rather than the store?
---@param token salon.Token
---@return boolean
function Login:obtained(token)
  return self.stored == nil or token == self.own
end

---Is there a token that has not expired, or one on its way?
---@return boolean
function Login:alive()
  if self.renewal.leader then return true end
  local left = self.token and self.token:expires_in()
  return self.token ~= nil and (left == nil or left > 0)
end

-- An early renewal failed, but the old token can still be used.
local function still_good(token, refused)
  local left = token and token ~= refused and token:expires_in()
  return left and left > 1
end

local function renew_told(self, deadline)
  local grant, old = self.grant, self.unsaved or self.token
  if self.http.on_event == nil or grant.is_given then return grant:renew(deadline, old) end
  return watch.login(self.http, old and "renewal" or "login", grant, deadline, old)
end

-- What there is when a renewal came to nothing.
local function fall_back(self, refused, err)
  self.renewed_at = core.now()
  if still_good(self.token, refused) then return self.token end
  return nil, err
end

local function note_unsaved(self, token)
  self.unsaved, self.superseded = token, token and self.stored.token
end

local function renew_alone(self, deadline, refused)
  local token, err = renew_told(self, deadline)
  if token == nil then return fall_back(self, refused, err) end
  self.token, self.own, self.renewed_at = token, token, core.now()
  if self.stored then note_unsaved(self, token) end
  return token
end

-- Takes the store's token if it will do. An expired one stays as well: it may have a
-- refresh token.
local function adopt(self, refused)
  local token, err = self.stored:load()
  if token == nil or token == refused or token == self.superseded then return nil, err end
  note_unsaved(self, nil)  -- another's is newer
  local left, lifetime = token:expires_in(), token:lifetime()
  if token ~= self.token then
    self.token = token
    self.renewed_at = left and core.now() + left - (lifetime or left)
  end
  if left and left <= math.min(FEW, (lifetime or 0) / 2) then return nil end
  return self:ready(refused)
end

-- Renews, and stores what came; what could not be stored before is stored now, unless it
-- is to be renewed itself.
local function renew_locked(self, deadline, refused)
  local token, err, saved = self.unsaved
  local is_new = token == nil or token == refused or due(self, token)
  if is_new then
    token, err = renew_told(self, deadline)
    if token == nil then return fall_back(self, refused, err) end
  end
  saved, err = self.stored:save(token)
  if saved == false then  -- the lock went to somebody else meanwhile: theirs counts
    local other = adopt(self, refused)
    if other then return other end
    saved, err = self.stored:save(token)
    if saved == false then err = self.stored:refusal() end
  end
  note_unsaved(self, not saved and token or nil)
  if err and not self.stored.lenient then return fall_back(self, refused, err) end
  self.token, self.own, self.renewed_at = token, is_new and token or nil, core.now()
  return token
end

-- Runs `work` with the store's lock. Returns true and what it returned; false: somebody
-- else has it; or nil, err.
local function with_lock(self, seconds, work, ...)
  local fence, err = self.stored:lock(seconds)
  if err then return nil, err end
  if fence == nil then return false end
  local ok, token, why = pcall(work, ...)
  self.stored:unlock(fence)
  if not ok then error(token, 0) end
  return true, token, why
end

local function adopt_or_renew(self, deadline, refused)
  local token, err = adopt(self, refused)
  if token or err then return token, err end
  return renew_locked(self, deadline, refused)
end

local function renew_shared(self, host, deadline, refused)
  local seconds, pause = self.grant.takes or TAKES, FIRST_LOOK
  repeat
    local token, err = adopt(self, refused)
    if token or err then return token, err end
    local had
    had, token, err = with_lock(self, seconds, adopt_or_renew, self,
      math.min(deadline, core.now() + 0.9 * seconds), refused)
    if had then return token, err end
    if had == nil then return nil, token end
    if still_good(self.token, refused) then return fall_back(self, refused) end
    host.sleep(math.min(pause, math.max(deadline - core.now(), 0)))
    pause = math.min(pause * 1.5, LAST_LOOK)
    local refusal = context.refusal()
    if refusal then return nil, refusal end
  until core.now() >= deadline
  return nil, Error.new { kind = "timeout", retryable = true,
    message = ("timed out while another process renews the login (%s)"):format(self.stored:place()),
    hint = "if none does, one was stopped meanwhile and holds the lock of the store" }
end

local function renew_now(self, host, deadline, refused)
  local token = self:ready(refused)
  if token then return token end  -- renewed meanwhile
  if self.stored == nil then return renew_alone(self, deadline, refused) end
  local err
  token, err = renew_shared(self, host, deadline, refused)
  if err == nil or err.kind ~= "store" then return token, err end
  if self.stored.lenient then return renew_alone(self, deadline, refused) end
  return fall_back(self, refused, err)
end

---A token that works; waits for a renewal if one is needed.
---@param deadline number
---@param refused? salon.Token  the token that was refused
---@return salon.Token? token
---@return salon.Error? err  nil too: there is no other token than the refused one
function Login:get(deadline, refused)
  local token = self:ready(refused)
  if token then return token end
  local host, err = self.http:host()
  if host == nil then return nil, err end
  repeat  -- another caller's renewal may have left the refused one in place
    token, err = self.renewal:run(host, deadline, "the login", renew_now, self, host, deadline,
      refused)
  until token == nil or token ~= refused or core.now() >= deadline
  return token, err
end

---Forgets the token, here and in the store, then has the grant end what it stands for.
---@param deadline number
---@return true? done
---@return salon.Error? err  it is forgotten all the same, unless that is of kind "store"
function Login:logout(deadline)
  local host, token, why = (self.http:host())
  if host then self.renewal:settle(host, deadline, "the login") end  -- its token would come back
  if self.stored then token, why = self.stored:forget() end
  if token == nil or token == self.superseded then token = self.unsaved or self.token end
  self.token, self.looked_at, self.unsaved, self.superseded = nil, nil, nil, nil
  local done, err = self.grant:logout(token, deadline)
  if why and not self.stored.lenient then return nil, why end
  return done, err
end

---The Token of a login service's response. What the service sends may be no token at
---all (a blank inside, no lifetime one can add): an error then, which shows nothing of it
---(failures.decode), as nothing tells what in there is secret.
---@param http salon.Http
---@param response table
---@param data table  the decoded response
---@param fields table  for core.token
---@return salon.Token? token
---@return salon.Error? err  kind: decode
function Login.read(http, response, data, fields)
  local fault
  if type(data.access_token) ~= "string" or data.access_token == "" then
    fault = "the login service's response holds no access_token"
  else
    fields.access = data.access_token
    fields.expires_in = tonumber(data.expires_in)
    fields.scope = type(data.scope) == "string" and data.scope or nil
    fields.response = response
    local ok, token = pcall(core.token, fields)
    if ok then
      http.about(response)
      return token
    end
    if token == "not enough memory" then error(token, 0) end
    fault = "the login service's response cannot be used: " .. token
  end
  return nil, http:shape_error(response, fault)
end

return Login
