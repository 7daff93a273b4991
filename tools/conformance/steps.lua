-- What was done between the recorded exchanges and is not in the files: the
-- steps of steps.json, done at the sandbox by its own login service, its APIs
-- and, where an administrator or the machine acted, by its control port.

local cjson = require("cjson").new()
local core = require "salon.core"
local json = require "salon.sandbox.json"
local wire = require "tools.conformance.wire"
local compare = require "tools.conformance.compare"

local steps = {}

local FORM = "application/x-www-form-urlencoded"
local PASSWORD = "throwaway-password"
local SECRETS = { Controller = "throwaway-controller-secret-1234",
  NoService = "throwaway-bot-secret-56789012345" }

-- Sets of switches by the prefix of the set-up that they stand for, beside what
-- all of Meet's begin with.
local ORDINARY = { base_url = "https://meet.example", telephony = true, public_rooms = false, collide = false,
  new_users = false, provider = false, https = false, applications = true, jwt_key = true }

local SETUPS = {
  ["bare-"] = { base_url = false, telephony = false },
  ["public-"] = { public_rooms = true },
  ["collide-"] = { collide = true },
  ["newuser-"] = { base_url = false, telephony = false, new_users = true },
  ["provider-"] = { provider = "inactive" },
  ["prod-"] = { telephony = false, https = true },
  ["appsoff-"] = { telephony = false, https = true, applications = false },
  ["nokey-"] = { telephony = false, https = true, jwt_key = false },
  ["ot-tenants-"] = {}, ["ot-nofind-"] = {},
}

local Player = {}
Player.__index = Player

---servers: { name = sandbox }; place(name): which of them a name of an exchange
---means; holders: the file's part of placeholders.json.
function steps.new(map, servers, place, holders)
  return setmetatable({ map = map, servers = servers, place = place, holders = holders,
    tokens = {}, refresh = {}, made = {}, ahead = 0 }, Player)
end

-- Time ------------------------------------------------------------------

local boot = os.time() - core.now()

function Player:now() return boot + core.now() + self.ahead end

function Player:wait(seconds)
  self.ahead = self.ahead + seconds
  for _, server in pairs(self.servers) do server:advance(seconds) end
end

-- Steps and exchanges carry the time at which they happened.
function Player:wait_until(text)
  local clock = text:match("%d%d:%d%d:%d%dZ")
  local seconds, what = text:match("^([%d.]+) s after ([^%s']+)")
  local at
  if clock then
    local h, m, s = clock:match("(%d+):(%d+):(%d+)")
    at = self:now() - self:now() % 86400 + tonumber(h) * 3600 + m * 60 + s
  else
    at = (what == "the" and self.begun or self.times[what] or self.begun) + tonumber(seconds)
  end
  if at > self:now() then self:wait(at - self:now()) end
end

-- Calls -----------------------------------------------------------------

local function post(origin, host, path, body)
  local headers = { { "Host", host or origin:match("//(.*)$") }, { "Content-Type", "application/json" } }
  headers[3] = { "X-Forwarded-Proto", "https" }    -- where only https is answered
  return wire.send(origin, { method = "POST", path = path, headers = headers, body = body })
end

local function realm_path(realm, name) return "/realms/" .. realm .. "/protocol/openid-connect/" .. name end

local function base(server) return server.opentalk.issuer:match("^https?://[^/]+") end

function Player:form(server, realm, name, fields)
  local headers = { { "Host", self.host or base(server):match("//(.*)$") }, { "Content-Type", FORM } }
  return wire.send(base(server), { method = "POST", headers = headers, body = core.form(fields),
    path = (server.prefix or "") .. realm_path(realm, name) })
end

function Player:grant(server, realm, client, user, scope, password)
  local fields = { "grant_type", "password", "client_id", client, "username", user,
    "password", password or (user == "zoe" and "throwaway & pass+word=100% é" or PASSWORD) }
  if SECRETS[client] then fields[#fields + 1], fields[#fields + 2] = "client_secret", SECRETS[client] end
  if scope then fields[#fields + 1], fields[#fields + 2] = "scope", scope end
  local answer = assert(self:form(server, realm, "token", fields))
  return answer.status == 200 and cjson.decode(answer.body) or nil, answer
end

local MEMBER = { access = "access_token", refresh = "refresh_token", offline = "refresh_token",
  id = "id_token", session = "session_state" }

-- Binds the placeholders that a step gives to the members of an answer.
function Player:give(names, answer)
  for _, name in ipairs(names or {}) do
    local holder = self.holders[name]
    local value = holder and answer[MEMBER[holder.kind] or ""]
    if value then
      assert(self.map:bind("holder", name, value), "placeholder bound twice: " .. name)
    end
    if holder and holder.login then self.refresh[holder.login] = answer.refresh_token end
  end
end

function Player:meet_token(server, user, client)
  local answer = assert(post(server.meet.url, self.host, "/external-api/v1.0/application/token/",
    core.encode { client_id = client, client_secret = self.secrets[client] or "throwaway-secret",
      grant_type = "client_credentials", scope = user .. "@example.org" }))
  return cjson.decode(answer.body)
end

-- Claims of a token, to be signed again with changes.
local function claims_of(token)
  local part = token:match("^[^.]*%.([^.]*)"):gsub("-", "+"):gsub("_", "/")
  local bits, bytes, alphabet = 0, {}, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  local held = 0
  for c in part:gmatch(".") do
    held, bits = held * 64 + alphabet:find(c, 1, true) - 1, bits + 6
    if bits >= 8 then
      bits = bits - 8
      bytes[#bytes + 1] = string.char(math.floor(held / 2 ^ bits))
      held = held % 2 ^ bits
    end
  end
  return cjson.decode(table.concat(bytes))
end

-- A token that nobody hands out, by the flaw that placeholders.json names.
function Player:sign_meet(server, holder)
  local claims = claims_of(self:meet_token(server, holder.user, "throwaway-app").access_token)
  claims.client_id, claims.scope = holder.client, holder.scope
  local flaw = holder.flaw or ""
  if flaw == "expired" then claims.iat, claims.exp = claims.iat - 7200, claims.exp - 7200 end
  if flaw == "other audience" then claims.aud = "somebody else" end
  local token = server:sign("meet", claims)
  if flaw:find "signature" then token = token:sub(1, -7) .. "AAAAAA" end
  return token
end

-- A user who has a token of this realm.
function Player:somebody(realm)
  for _, holder in pairs(self.holders) do
    if holder.realm == realm and holder.kind == "access" and not holder.flaw
      and not holder.user:find "^service" then
      return holder.user
    end
  end
end

-- A token whose origin is out of scope: a login of its user stands for it.
function Player:missing(kind, name)
  local holder = kind == "holder" and self.holders[name]
  if not holder or not MEMBER[holder.kind] or not holder.realm then return nil end
  local server = self.server
  local answer
  if holder.user:find "^service%-account" then
    answer = assert(self:grant(server, holder.realm, "Frontend", self:somebody(holder.realm), "openid"))
    local claims = claims_of(answer.access_token)
    claims.sub, claims.azp, claims.x_grp = "00000000-0000-4000-8000-00000000b070", holder.client, nil
    claims.aud, claims.preferred_username = "account", holder.user
    answer = { access_token = server:sign("login", claims) }
  else
    answer = self:grant(server, holder.realm, holder.client, holder.user, holder.scope)
  end
  for other, about in pairs(self.holders) do
    if about.login and about.login == holder.login and not self.map:known("holder", other)
      and about.issued_by == holder.issued_by then
      self:give({ other }, answer)
    end
  end
  if not self.map:known("holder", name) then self:give({ name }, answer) end
  return self.map:known("holder", name)
end

-- The token of somebody who acts in a step.
function Player:acting(server, user, realm)
  local key = realm .. user
  local held = self.tokens[key]
  if not held or held.stop < self:now() then
    local answer = assert(self:grant(server, realm, "Frontend", user, "openid"))
    held = { stop = self:now() + 200, text = answer.access_token }
    self.tokens[key] = held
  end
  return held.text
end

-- Kinds of steps ----------------------------------------------------------

local DO = {}

function DO.note() end
DO.session, DO.browser, DO["device start"] = DO.note, DO.note, DO.note

function DO.wait(self, step)
  if step.seconds then self:wait(step.seconds) else self:wait_until(step["until"]) end
end

function DO.token(self, step, server)
  local answer
  if step.realm then
    if not step.user then
      for _, name in ipairs(step.gives) do self:missing("holder", name) end
      return
    end
    answer = assert(self:grant(server, step.realm, step.client, step.user, step.scope))
    self.refresh[step.user] = answer.refresh_token
    if not self.first[step.user] then self.first[step.user] = answer.refresh_token end
    self.id[step.user] = answer.id_token
  else
    answer = self:meet_token(server, step.user, step.client)
  end
  self.times[step.user] = self:now()
  self:give(step.gives, answer)
end

-- "… 6.5 s and 13 s after his login", "… every 6.5 s until 52 s after his login"
local function moments(text)
  local list = {}
  local every, stop = text:match("every ([%d.]+) s until ([%d.]+) s")
  if every then
    for at = tonumber(every), tonumber(stop), tonumber(every) do list[#list + 1] = at end
  else
    for at in text:gmatch("([%d.]+) s") do list[#list + 1] = tonumber(at) end
  end
  return list
end

function DO.refresh(self, step, server)
  local user = (step.text or ""):match("^(%l+)'s")
  local list = user and moments(step.text) or {}
  local answer
  for i = 1, math.max(1, #list) do
    local pause = list[i] and self.times[user] + list[i] - self:now() or 0
    local past = pause < -0.5    -- was part of an earlier step
    if pause > 0 then self:wait(pause) end
    local token = step.token and self.map:known("holder", step.token) or user and self.refresh[user]
    if (step.text or ""):find "of the beginning" then token = self.first[user] end
    if not past then
      answer = cjson.decode(assert(self:form(server, step.realm, "token", { "grant_type", "refresh_token",
        "client_id", step.client, "refresh_token", token })).body)
      if user then self.refresh[user] = answer.refresh_token or self.refresh[user] end
    end
  end
  if answer then self:give(step.gives, answer) end
end

function DO.logout(self, step, server)
  local name = step.text:match("throwaway%-token%-%d+") or "throwaway-" .. step.text:match("token%-%d+")
  local login = self.holders[name].login
  assert(self:form(server, step.realm, "logout", { "client_id", step.client,
    "refresh_token", self.refresh[login] }))
end

function DO.login(self, step, server)
  local token = step.token and self.map:known("holder", step.token) or self.id[step.user]
  assert(post(server.opentalk.controller_url, nil, "/v1/auth/login",
    core.encode { id_token = token }))
  if step.text and step.text:find "first login" then server:put("login", step.user, {}) end
end

function DO.admin(_, step, server)
  local text = step.text
  local user = text:match("able (%l+)$") or text:match("give (%l+)") or text:match("take (%l+)'s")
    or text:match("sessions of (%l+)")
  local change = text:find "^disable" and { disabled = true } or text:find "^enable" and { disabled = false }
    or text:find "^give" and { pending = true } or text:find "^take" and { pending = false }
    or text:find "^end all sessions" and { logout = true }
  for name, value in pairs(assert(change, "no such step: " .. text)) do
    server:put("user", user, { [name] = value })
  end
end

function DO.sign(self, step, server)
  for _, name in ipairs(step.gives) do
    local holder = self.holders[name]
    local of, tail = step.text:match("= (token%-%d+) with its last (%l+)")
    local value
    if of then
      local count = tail == "six" and 6 or 20
      value = self.map:known("holder", "throwaway-" .. of):sub(1, -count - 1) .. ("A"):rep(count)
    else
      value = self:sign_meet(server, holder)
    end
    assert(self.map:bind("holder", name, value))
  end
end

-- A restart takes some seconds, so that tokens differ in their time.
function DO.restart(self, step, server)
  local switches = assert(SETUPS[step.setup], "no such set-up: " .. step.setup)
  if server.meet then
    server:switch(ORDINARY)
    server:switch(switches)
  end
  self:wait(3)
end

function DO.server(_, step, server)
  if step.text:find "access to all rooms" then server:switch { open_rooms = true } end
  if step.text:find "PostgreSQL" then server:switch { database_down = step.text:find "stopped" ~= nil } end
end

function DO.provider(_, step, server)
  if server.meet then
    server:switch { provider = step.text:find "stopped" and "down" or "inactive" }
  else
    server:switch { provider_down = step.text:find "stopped" ~= nil }
  end
end

-- A file may want a certain time of day (one-time passwords).
function DO.state(self, step)
  local y, m, d, h, min, s = step.text:match("clock at (%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)Z")
  if not y then return end
  local noon = os.time { year = 1970, month = 1, day = 2, hour = 12 } - 86400 - 43200    -- of this place
  local at = os.time { year = y, month = m, day = d, hour = h, min = min, sec = s, isdst = false } - noon
  self:wait(at - self:now())
end

-- A call by somebody; out of scope, its effect is brought about otherwise.
function DO.call(self, step, server)
  local realm = step.path:match("^/realms/([^/]+)/")
  for n = 1, step["repeat"] or 1 do
    if realm then
      local password = step.body:find "empty password" and "" or step.body:find "wrong password" and "wrong"
      if password then self:grant(server, realm, "Frontend", step.as, "openid", password) end
      local pause = step.body:match("([%d.]+) s after each")
      if pause then self:wait(tonumber(pause)) end
    else
      self:opentalk_call(step, server, n)
    end
  end
end

function Player:opentalk_call(step, server, n)
  local recorded = { method = step.method, path = step.path, body = step.body,
    user = step.as }
  if recorded.body then
    recorded.body = recorded.body:gsub(" with NN.*$", ""):gsub("NN", ("%02d"):format(n - 1))
  end
  if self.effect(self, server, recorded, nil) then return end
  local path = step.path:gsub("{id}", function() return table.remove(self.made) end)
  local headers = { { "Host", server.opentalk.controller_url:match("//(.*)$") },
    { "Authorization", "Bearer " .. self:acting(server, step.as, server.realm) } }
  if recorded.body then headers[3] = { "Content-Type", step.content_type or "application/json" } end
  local answer = assert(wire.send(server.opentalk.controller_url, { method = step.method,
    path = self.map:translate(path), headers = headers,
    body = recorded.body and self.map:translate(recorded.body) }))
  assert(answer.status == step.status, ("step %s %s: status %d, not %d: %s"):format(step.method, step.path,
    answer.status, step.status, answer.body))
  local node = json.read(answer.body)
  local id = node and node.map and (node.map.id or node.map.invite_code)
  if not id then return end
  -- Somebody asks who he is: other answers show the same profile.
  local profile = node.map.email and self.profiles[node.map.email.v]
  local named = profile or (step.effect or ""):match("this is room (" .. compare.UUID .. ")")
    or (step.effect or ""):match("guest link (" .. compare.UUID .. ")")
  if named then
    self.map:bind("uuid", named, id.v)
  elseif step["repeat"] then
    self.made[#self.made + 1] = id.v
  end
end

---Does the steps before an exchange.
function Player:run(list, before)
  for _, step in ipairs(list) do
    self.server = self.servers[self.place(before)]
    local server = step.realm == "OPENTALK2" and self.servers.second or self.server
    assert(DO[step["do"]], "no such step: " .. step["do"])(self, step, server)
  end
end

return steps
