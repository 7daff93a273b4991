-- What was done between the recorded exchanges and is not in the files: the
-- steps of steps.json, done at the sandbox by its own login service, its APIs
-- and, where an administrator or the machine acted, by its control port.

local core = require "salon.core"
local json = require "salon.sandbox.json"
local time = require "salon.sandbox.time"
local compare = require "tools.conformance.compare"
local wire = require "tools.conformance.wire"

local FORM = "application/x-www-form-urlencoded"
local PASSWORDS = { zoe = "throwaway & pass+word=100% é" }
local SECRETS = { Controller = "throwaway-controller-secret-1234" }

-- Switches by the prefix of the set-up that they stand for, over what all of
-- Meet's begin with.
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
  ["ot-tenants-"] = { user_search = true }, ["ot-nofind-"] = { user_search = false },
}

local Player = {}
Player.__index = Player

-- Time ------------------------------------------------------------------

local boot = os.time() - core.now()

function Player:now() return boot + core.now() + self.ahead end

function Player:wait(seconds)
  self.ahead = self.ahead + seconds
  for _, server in pairs(self.servers) do server:advance(seconds) end
end

-- "... until 03:06:30Z ...", "308 s after the tokens of the beginning", "63 s after NAME", "57.2 s after NAME's login"
function Player:wait_until(text)
  local h, m, s = text:match "(%d%d):(%d%d):(%d%d)Z"
  local seconds, what = text:match "^([%d.]+) s after ([^%s']+)"
  local at = h and self:now() - self:now() % 86400 + h * 3600 + m * 60 + s
    or (self.moments[what] or self.begun) + seconds
  self:wait(math.max(0, at - self:now()))
end

-- Calls -----------------------------------------------------------------

local function origin_of(url) return url:match "^https?://[^/]+" end

function Player:form(server, realm, route, fields)
  local origin = origin_of(server.opentalk.issuer)
  return assert(wire.send(origin, { method = "POST", body = core.form(fields),
    path = ("%s/realms/%s/protocol/openid-connect/%s"):format(server.prefix or "", realm, route),
    headers = { Host = self.host or origin:match "//(.*)", ["Content-Type"] = FORM } }))
end

-- A login: what comes with its tokens, or nil.
function Player:grant(server, realm, client, user, scope, password)
  local fields = { "grant_type", "password", "client_id", client, "username", user,
    "password", password or PASSWORDS[user] or "throwaway-password" }
  local function add(name, value) fields[#fields + 1], fields[#fields + 2] = value and name, value end
  add("client_secret", SECRETS[client])
  add("scope", scope)
  local response = self:form(server, realm, "token", fields)
  return response.status == 200 and json.read(response.body) or nil
end

-- X-Forwarded-Proto: where only https is served.
function Player:post(origin, path, body)
  return assert(wire.send(origin, { method = "POST", path = path, body = core.encode(body),
    headers = { Host = self.host, ["Content-Type"] = "application/json", ["X-Forwarded-Proto"] = "https" } }))
end

function Player:meet_token(server, user, client)
  return json.read(self:post(server.meet.url, "/external-api/v1.0/application/token/",
    { client_id = client, client_secret = self.secrets[client] or "throwaway-secret",
      grant_type = "client_credentials", scope = user .. "@example.org" }).body)
end

-- Placeholders ------------------------------------------------------------

local MEMBER = { access = "access_token", refresh = "refresh_token", offline = "refresh_token",
  id = "id_token", session = "session_state" }

-- Binds the placeholders that a step gives to the tokens of a login.
function Player:give(names, tokens)
  for _, name in ipairs(names or {}) do
    local holder = self.holders[name]
    local value = holder and tokens[MEMBER[holder.kind] or ""]
    if value then assert(self.map:bind("holder", name, value), "placeholder bound twice: " .. name) end
    if holder and holder.login then self.refresh[holder.login] = tokens.refresh_token end
  end
end

-- A token that nobody hands out, by the flaw that placeholders.json names.
function Player:sign_meet(server, holder)
  local _, claims = wire.open(self:meet_token(server, holder.user, "throwaway-app").access_token)
  local flaw = holder.flaw or ""
  claims.client_id, claims.scope = holder.client, holder.scope
  if flaw == "expired" then claims.iat, claims.exp = claims.iat - 7200, claims.exp - 7200 end
  if flaw == "other audience" then claims.aud = "somebody else" end
  local token = server:sign("meet", claims)
  return flaw:find "signature" and token:sub(1, -7) .. "AAAAAA" or token
end

-- A client's own token: that of some user, signed again for nobody.
function Player:sign_service(server, holder)
  local user = holder.realm == "OPENTALK2" and "kim" or "alice"
  local _, claims = wire.open(self:grant(server, holder.realm, "Frontend", user, "openid").access_token)
  claims.sub, claims.azp, claims.x_grp = "00000000-0000-4000-8000-00000000b070", holder.client, nil
  claims.aud, claims.preferred_username = "account", holder.user
  return { access_token = server:sign("login", claims) }
end

---What stands for a placeholder that came out of something out of scope: a login of
---its user, which gives the other tokens of that login as well.
function Player:missing(kind, name)
  local holder = kind == "holder" and self.holders[name]
  if not holder or not MEMBER[holder.kind] or not holder.realm then return nil end
  local tokens = holder.user:find "^service%-account" and self:sign_service(self.server, holder)
    or self:grant(self.server, holder.realm, holder.client, holder.user, holder.scope)
  for other, about in pairs(self.holders) do
    local same = about.login and about.login == holder.login and about.issued_by == holder.issued_by
    if (same or other == name) and not self.map:known("holder", other) then self:give({ other }, tokens) end
  end
  return self.map:known("holder", name)
end

-- Kinds of steps ----------------------------------------------------------

local DO = {}

function DO.note() end
DO.session, DO.browser, DO["device start"] = DO.note, DO.note, DO.note

function DO.wait(self, step)
  if step.seconds then self:wait(step.seconds) else self:wait_until(step["until"]) end
end

function DO.token(self, step, server)
  if step.realm and not step.user then
    for _, name in ipairs(step.gives) do self:missing("holder", name) end
    return
  end
  local tokens = step.realm and assert(self:grant(server, step.realm, step.client, step.user, step.scope))
    or self:meet_token(server, step.user, step.client)
  self.refresh[step.user], self.id[step.user] = tokens.refresh_token, tokens.id_token
  self.first[step.user] = self.first[step.user] or tokens.refresh_token
  self.moments[step.user] = self:now()
  self:give(step.gives, tokens)
end

-- "... 6.5 s and 13 s after his login", "... every 6.5 s until 52 s after his login"
local function moments(text)
  local list = {}
  local every, stop = text:match "every ([%d.]+) s until ([%d.]+) s"
  for at in text:gmatch "([%d.]+) s" do list[#list + 1] = tonumber(at) end
  if not every then return list end
  list = {}
  for at = tonumber(every), tonumber(stop), tonumber(every) do list[#list + 1] = at end
  return list
end

function DO.refresh(self, step, server)
  local text = step.text or ""
  local user = text:match "^(%l+)'s"
  local list = user and moments(text) or {}
  local tokens
  for i = 1, math.max(1, #list) do
    local pause = list[i] and self.moments[user] + list[i] - self:now() or 0
    if pause >= -0.5 then    -- else it was part of an earlier step
      self:wait(math.max(0, pause))
      local token = step.token and self.map:known("holder", step.token) or self.refresh[user]
      if text:find "of the beginning" then token = self.first[user] end
      tokens = json.read(self:form(server, step.realm, "token", { "grant_type", "refresh_token",
        "client_id", step.client, "refresh_token", token }).body)
      if user then self.refresh[user] = tokens.refresh_token or self.refresh[user] end
    end
  end
  if tokens then self:give(step.gives, tokens) end
end

function DO.logout(self, step, server)
  local login = self.holders["throwaway-" .. step.text:match "token%-%d+"].login
  self:form(server, step.realm, "logout", { "client_id", step.client, "refresh_token", self.refresh[login] })
end

function DO.login(self, step, server)
  local token = step.token and self.map:known("holder", step.token) or self.id[step.user]
  self:post(server.opentalk.controller_url, "/v1/auth/login", { id_token = token })
end

-- Pattern of what an administrator did, and what changes at the user.
local ADMIN = {
  { "^disable (%l+)", { disabled = true } }, { "^enable (%l+)", { disabled = false } },
  { "^give (%l+)", { pending = true } }, { "^take (%l+)'s", { pending = false } },
  { "^end all sessions of (%l+)", { logout = true } },
}

function DO.admin(_, step, server)
  for _, line in ipairs(ADMIN) do
    local user = step.text:match(line[1])
    if user then return server:put("user", user, line[2]) end
  end
  error("no such step: " .. step.text)
end

function DO.sign(self, step, server)
  for _, name in ipairs(step.gives) do
    local of, tail = step.text:match "= (token%-%d+) with its last (%l+)"
    local count = tail == "six" and 6 or 20
    local value = of and self.map:known("holder", "throwaway-" .. of):sub(1, -count - 1) .. ("A"):rep(count)
      or self:sign_meet(server, self.holders[name])
    assert(self.map:bind("holder", name, value))
  end
end

-- A restart takes some seconds, so that tokens differ in their time.
function DO.restart(self, step, server)
  local switches = assert(SETUPS[step.setup], "no such set-up: " .. step.setup)
  if server.meet then server:switch(ORDINARY) end
  server:switch(switches)
  self:wait(3)
end

function DO.server(_, step, server)
  if step.text:find "access to all rooms" then server:switch { open_rooms = true } end
  if step.text:find "PostgreSQL" then server:switch { database_down = step.text:find "stopped" ~= nil } end
end

function DO.provider(_, step, server)
  local stopped = step.text:find "stopped" ~= nil
  server:switch(server.meet and { provider = stopped and "down" or "inactive" } or { provider_down = stopped })
end

-- A file may want a certain time of day (one-time passwords).
function DO.state(self, step)
  local moment = step.text:match "clock at (%S+Z)"
  if moment then self:wait(time.parse(moment) / 1e6 - self:now()) end
end

-- A call by somebody; out of scope, its effect is brought about otherwise.
function DO.call(self, step, server)
  local realm = step.path:match "^/realms/([^/]+)/"
  for n = 1, step["repeat"] or 1 do
    if not realm then
      self:opentalk_call(step, server, n)
    elseif step.body:find "password grant" then
      self:grant(server, realm, "Frontend", step.as, "openid", step.body:find "empty" and "" or "wrong")
      self:wait(tonumber(step.body:match "([%d.]+) s after each" or 0))
    end
  end
end

function Player:opentalk_call(step, server, n)
  local body = step.body and step.body:gsub(" with NN.*$", ""):gsub("NN", ("%02d"):format(n - 1))
  local path = step.path:gsub("{id}", function() return table.remove(self.made) end)
  local tokens = assert(self:grant(server, server.realm, "Frontend", step.as, "openid"))
  local response = assert(wire.send(server.opentalk.controller_url, { method = step.method,
    path = self.map:translate(path), body = body and self.map:translate(body),
    headers = { Authorization = "Bearer " .. tokens.access_token,
      ["Content-Type"] = body and (step.content_type or "application/json") } }))
  assert(response.status == step.status, ("step %s %s: status %d, not %d: %s"):format(step.method, step.path,
    response.status, step.status, response.body))
  local thing = json.read(response.body)
  local id = thing and (thing.id or thing.invite_code)
  if not id then return end
  -- Somebody asks who he is: other responses show the same profile.
  local named = self.profiles[thing.email or ""]
    or (step.effect or ""):match("this is room (" .. compare.UUID .. ")")
    or (step.effect or ""):match("guest link (" .. compare.UUID .. ")")
  if named then
    self.map:bind("uuid", named, id)
  elseif step["repeat"] then
    self.made[#self.made + 1] = id
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

---fields: map; servers (by name); place(name): which of them a name of an exchange
---means; secrets (of Meet's applications, by id); holders: the file's part of
---placeholders.json; profiles: e-mail address -> recorded id; host: to be asked for.
return function(fields)
  local player = setmetatable(fields, Player)
  player.ahead, player.made, player.moments = 0, {}, {}
  player.refresh, player.first, player.id = {}, {}, {}    -- tokens by user or by login
  player.begun = player:now()
  return player
end
