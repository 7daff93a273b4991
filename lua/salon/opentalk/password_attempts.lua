-- Sends passwords so that no account is locked and no right one is taken for wrong.
--
-- Login services that protect accounts against guessing (Keycloak's brute-force
-- protection) check one password of an account at a time: others that come meanwhile
-- get the response of a wrong one, and no failure is counted. So callers on this machine
-- take turns, and for those on other machines a first refusal is not believed: the
-- password is sent once more, after a pause; not so a one-time code, since a person who
-- types one is seldom in others' way, and a wrong one counts as a wrong password.
--
-- Not to break: a wrong password is sent twice at most, more than a second apart, before
-- it is left alone for a minute. Two failures within a second lock an account, and so
-- does the third one in many realms.

local Error = require "salon.internal.error"
local context = require "salon.internal.context"
local core = require "salon.core"
local lower = require "salon.internal.lower"
local options = require "salon.internal.options"

local KEPT = 60            -- seconds a refused password is not sent again
local DOUBTED = 3          -- the same, as long as it was sent once
local PAUSE, SPREAD = 1.2, 1.8  -- seconds before it is sent the second time, and what is added
local TURN = 5             -- seconds to wait for others on this machine at most
local LOOK = 0.02          -- seconds between two looks
local SETTLE = 0.06        -- seconds after another's turn: its check may outlast its response

---@class salon.opentalk.PasswordAttempts
local PasswordAttempts = {}
PasswordAttempts.__index = PasswordAttempts

---@param max_tries integer?  1: a password is sent once
function PasswordAttempts.new(max_tries)
  return setmetatable({ sent_once = max_tries == 1, sent = 0 }, PasswordAttempts)
end

-- Is it a refusal that somebody who guesses passwords would get? What the service says
-- of other accounts (disabled, not set up) it says to those who know the password.
local function is_refusal(err)
  local text = err and lower(err.message) or ""
  return err ~= nil and err.code == "invalid_grant" and not text:find("disabled", 1, true)
    and not text:find("not fully set up", 1, true)
end

-- May it have been another login of the account that was in the way?
local function is_doubtful(err)
  return is_refusal(err) and lower(err.message):find("invalid user credentials", 1, true) ~= nil
end

---The same credentials were refused a moment ago: the same error, unsent.
---@param credentials string
---@return salon.Error?
function PasswordAttempts:refused(credentials)
  local refusal = self.refusal
  if refusal == nil or refusal.credentials:reveal() ~= credentials then return nil end
  local left = refusal.ends - core.now()
  if left <= 0 then return nil end
  local copy = options.merge(refusal.err, { attempts = 0, outcome = "unsent" })
  copy.hint = ("%s (these credentials were refused before; not sent again for %d s, "
    .. "so that the account is not locked)"):format(copy.hint or "check them", math.ceil(left))
  return Error.new(copy)
end

-- Waits until nobody on this machine sends a password of the account. Whoever takes too
-- long is not waited for.
local function take_turn(host, account, deadline)
  local ends = math.min(deadline, core.now() + TURN)
  local claim = core.claim(account)
  if claim then return claim end
  repeat
    host.sleep(LOOK)
    claim = core.claim(account)
  until claim or core.now() >= ends
  context.pause(host, core.now() + SETTLE)
  return claim
end

-- Another number for everybody: the clock's last digits.
local function scattered()
  return PAUSE + SPREAD * (core.now() * 1e6 % 1)
end

-- Sends the password, and once more after a refusal, unless a one-time code is with it.
local function send(self, host, deadline, ask, code)
  local token, err = ask()
  if not is_refusal(err) then return token, err end
  self.sent = self.sent + 1
  local pause = scattered()
  if self.sent_once or code or self.sent > 1 or not is_doubtful(err) or core.now() + pause >= deadline then
    return nil, err
  end
  context.pause(host, core.now() + pause)
  local again
  token, again = ask()
  if token then return token end
  if not is_refusal(again) then return nil, err end  -- the refusal tells more
  self.sent = self.sent + 1
  again.attempts = again.attempts + err.attempts
  return nil, again
end

---Asks for a token with a password.
---@param host table
---@param deadline number
---@param account string  what the service tells accounts apart by
---@param credentials string
---@param ask fun(): salon.Token?, salon.Error?  sends them
---@param code string|false  the one-time code that goes with them
---@return salon.Token? token
---@return salon.Error? err
function PasswordAttempts:run(host, deadline, account, credentials, ask, code)
  local refused = self:refused(credentials)
  if refused then return nil, refused end
  if self.refusal and self.refusal.credentials:reveal() ~= credentials then self.sent = 0 end
  local claim = take_turn(host, account, deadline)
  local token, err = send(self, host, deadline, ask, code)
  if claim then claim:release() end
  if is_refusal(err) then
    self.refusal = { credentials = core.secret(credentials), err = err,
      ends = core.now() + (self.sent > 1 and KEPT or DOUBTED) }
  elseif token then
    self.refusal, self.sent = nil, 0
  end
  return token, err
end

return PasswordAttempts
