-- The salon calls that receive recorded responses. Each operation makes a client
-- that goes through the replay server, says which responses salon gets in which
-- order, and runs the call.
--
--   OPERATION(exchange, line, recordings) -> responses, at, run
--     exchange, line   one recording and its expectation
--     responses        what salon gets, in order (responses of recordings)
--     at               which of them is the exchange's own
--     run()            -> value, err of the salon call

local cjson = require("cjson")
local core = require("salon.core")
local plain = require("spec.support.replay").plain
local salon = require("salon")

local operations = {}

local FRONT = "https://front.example"

-- Pieces of a recorded request ----------------------------------------------

local function pairs_of(text)
  local map = {}
  for name, value in (text or ""):gmatch("([^&=]+)=?([^&]*)") do map[plain(name)] = plain(value) end
  return map
end

local function place(exchange)
  local path, query = exchange.request.path:match("^([^?]*)%??(.*)$")
  return path, pairs_of(query)
end

local function json_of(exchange)
  local ok, value = pcall(cjson.decode, exchange.request.body or "")
  return ok and type(value) == "table" and value or nil
end

local function bearer(exchange)
  local header = exchange.request.headers.Authorization or ""
  return header:match("^[Bb]earer (%S+)$")
end

local function origin(exchange) return "http://" .. exchange.request.headers.Host end

local function numbers(map)
  for name, value in pairs(map) do
    map[name] = tonumber(value) or ({ ["true"] = true, ["false"] = false })[value]
    if map[name] == nil then map[name] = value end
  end
  return map
end

local function with(base, extra)
  for name, value in pairs(extra) do base[name] = value end
  return base
end

local function common(recordings)
  return { proxy = recordings.server.url, no_proxy = "", allow_insecure = true, timeout = 10 }
end

local function response(body, status)
  return { status = status or 200, reason = "OK", body = body,
    headers = { { "Content-Type", "application/json" }, { "Content-Length", tostring(#body) } } }
end

-- The response of a login that gives the token the recorded request was sent with.
local function login_response(exchange)
  local body = json_of(exchange)
  return response(cjson.encode {
    access_token = bearer(exchange) or "throwaway", token_type = "Bearer", expires_in = 300,
    refresh_token = "throwaway-refresh", id_token = body and body.id_token or "throwaway-id",
  })
end

local function repeated(one, times)
  local list = {}
  for i = 1, times or 1 do list[i] = one end
  return list
end

local function append(list, more)
  for _, item in ipairs(more) do list[#list + 1] = item end
end

-- Meet ------------------------------------------------------------------------

local function meet_client(exchange, recordings, extra)
  return salon.meet(with(with(common(recordings), { url = origin(exchange) }), extra))
end

-- Rooms are asked for with the recorded token; where that is refused, by an
-- application, so that salon can get a fresh one, which is refused as well.
local function meet_rooms(act)
  return function(exchange, line, recordings)
    if not line.cure then
      local client = meet_client(exchange, recordings, { token = bearer(exchange) or "throwaway" })
      return repeated(exchange.response, line.attempts), 1, function() return act(client, exchange) end
    end
    local client = meet_client(exchange, recordings, { client_id = "throwaway-app",
      client_secret = "throwaway-secret", user = "ada@example.org" })
    local token = login_response(exchange)
    return { token, exchange.response, token, exchange.response }, 2, function()
      return act(client, exchange)
    end
  end
end

function operations.token(exchange, line, recordings)
  local body = json_of(exchange) or pairs_of(exchange.request.body)
  local client = meet_client(exchange, recordings, {
    client_id = type(body.client_id) == "string" and body.client_id ~= "" and body.client_id
      or "throwaway-app",
    client_secret = type(body.client_secret) == "string" and body.client_secret
      or "throwaway-secret",
    user = type(body.scope) == "string" and body.scope:find("%S") and body.scope
      or "ada@example.org",
  })
  return repeated(exchange.response, line.attempts), 1, function() return client:token() end
end

local function room_id(exchange) return exchange.request.path:match("/rooms/([^/?]+)") end

-- Fields that a caller may give; the recording's others salon refuses itself.
local function fields_of(exchange)
  local body, fields = json_of(exchange) or {}, {}
  local levels = { public = true, trusted = true, restricted = true }
  if levels[body.access_level] then fields.access_level = body.access_level end
  local configuration = body.configuration
  if type(configuration) == "table" and configuration[1] == nil
    and (configuration.everyone_can_mute == nil or type(configuration.everyone_can_mute) == "boolean") then
    fields.configuration = configuration
  end
  return fields
end

operations["meet:list"] = meet_rooms(function(client, exchange)
  local _, query = place(exchange)
  query = numbers(query)
  if query.page == 0 then query.page = nil end
  return client.rooms:list(query)
end)
operations["meet:get"] = meet_rooms(function(client, exchange)
  return client.rooms:get(room_id(exchange))
end)
operations["meet:create"] = meet_rooms(function(client, exchange)
  return client.rooms:create(fields_of(exchange))
end)
operations["meet:update"] = meet_rooms(function(client, exchange)
  return client.rooms:update(room_id(exchange), fields_of(exchange))
end)
operations["meet:delete"] = meet_rooms(function(client, exchange)
  return client.rooms:delete(room_id(exchange))
end)

-- Any path ---------------------------------------------------------------------

local function call(client, exchange, line)
  local path, query = place(exchange)
  local body = json_of(exchange)
  if body and next(body) == nil and exchange.request.body:find("^%s*%[") then salon.array(body) end
  return client:call(exchange.request.method, path, {
    query = next(query) and query or nil, json = body, raw = line.raw,
  })
end

operations["meet:call"] = function(exchange, line, recordings)
  return meet_rooms(function(client) return call(client, exchange, line) end)(exchange, line, recordings)
end

-- OpenTalk ----------------------------------------------------------------------

local TOKEN_ENDPOINT = "http://accounts.example/realms/OPENTALK/protocol/openid-connect/token"
local WHO = { client_id = "Frontend", username = "alice", password = "throwaway-password" }

-- What salon gets between a refusal and the call's repetition.
local CURES = {
  [false] = {},
  renew = { "refresh-ok" },
  register = { "ot-login-first" },
  both = { "refresh-ok", "ot-login-first" },
}

local function opentalk_client(exchange, recordings, extra)
  return salon.opentalk(with(with(common(recordings), {
    controller_url = origin(exchange), frontend_url = FRONT,
  }), extra))
end

-- before, after: responses that come around that of the exchange.
local function opentalk_call(act, before, after)
  return function(exchange, line, recordings)
    local extra = { token = bearer(exchange) or "throwaway" }
    local responses = { recordings["ot-path-well-known"].response }
    if line.cure ~= nil then
      extra = with({ token_endpoint = TOKEN_ENDPOINT }, WHO)
      responses[2] = login_response(exchange)
    end
    append(responses, before or {})
    local at = #responses + 1
    append(responses, repeated(exchange.response, line.attempts))
    for _, name in ipairs(CURES[line.cure or false]) do append(responses, { recordings[name].response }) end
    if line.cure then append(responses, { (recordings[line.cured] or exchange).response }) end
    append(responses, after or {})
    local client = opentalk_client(exchange, recordings, extra)
    return responses, at, function() return act(client, exchange, line) end
  end
end

operations.call = opentalk_call(call)

-- The operations of salon's services, by their own descriptions: from a recorded request
-- to what a user gives (keys out of the path, fields, options), and from a line to the
-- reads around it.

local CHAPTERS = {}
for _, file in ipairs { "rooms", "invites", "assets", "users", "events", "instances", "people", "sip" } do
  local chapter = require("salon.opentalk." .. file)
  CHAPTERS[chapter.name] = chapter
end

-- Whose records have the services that know such an id.
local ABOVE = { room_id = "rooms", event_id = "events" }

-- Lists that are empty stay lists, nulls stay nulls.
local function fields_given(exchange)
  local body = json_of(exchange)
  if body == nil then return {} end
  local fields = core.decode(exchange.request.body, cjson.decode)
  for name, value in pairs(body) do
    if value == cjson.null then fields[name] = value end
  end
  return fields
end

local function keys_of(op, exchange)
  local path, query = place(exchange)
  local keys, parts = {}, path:gsub("^/%w+", ""):gmatch("/([^/]*)")
  for name in op[1]:gmatch("/([^/]*)") do
    local part = parts()
    if name:find("^{") then keys[#keys + 1] = part and plain(part) end
  end
  local argument = op.argument and op.argument.name
  if argument then keys[#keys + 1] = query[argument] or fields_given(exchange)[argument] end
  if op.by_email then keys[#keys] = fields_given(exchange).email or keys[#keys] end
  return keys
end

local function options_given(op, exchange)
  local _, query = place(exchange)
  if op.argument then query[op.argument.name] = nil end
  local given = numbers(query)
  if given.suppress_email_notification then
    given.suppress_email_notification, given.notify = nil, false
  end
  if op.query.exceptions then given.exceptions = true end
  return given
end

-- Mistakes are said of this line.
local function made_here(service, method, values, n)
  local made, err = service[method](service, (table.unpack or unpack)(values, 1, n))
  return made, err
end

local function of_service(exchange, line, recordings)
  local name, method = line[2]:match("^(.*):(.*)$")
  local chapter = CHAPTERS[name]
  local op, above = chapter.ops[method], ABOVE[chapter.known[1]]
  local before, after = {}, {}
  -- what no path names is of any room
  local parent = above and (op.path_keys[1] and keys_of(op, exchange)[1] or "any")
  if above then before[1] = response(cjson.encode { id = parent }) end
  for read in (line.reads or ""):gmatch("%S+") do before[#before + 1] = recordings[read].response end
  if line.after then after[1] = recordings[line.after].response end
  return opentalk_call(function(client)
    local keys = keys_of(op, exchange)
    local service = client[name]
    if above then
      if op.path_keys[1] then table.remove(keys, 1) end
      service = assert(client[above]:get(parent))[name:match("%w+$")]
    end
    local values, n = { keys[1] }, (op.argument or op.path_keys[#chapter.known + 1]) and 1 or 0
    if op.body then
      n = n + 1
      values[n] = fields_given(exchange)
    end
    values[n + 1] = options_given(op, exchange)
    return made_here(service, method, values, n + 1)
  end, before, after)(exchange, line, recordings)
end

setmetatable(operations, { __index = function(_, name)
  return CHAPTERS[name:match("^(.*):")] and of_service
end })

-- Lists for which there is no service: one page, and whether the next is asked for.
operations.pages = opentalk_call(function(client, exchange, line)
  local path, query = place(exchange)
  local list = {}
  local ok, e = pcall(function()
    for item in client:pages(path, { query = next(query) and query or nil }) do
      list[#list + 1] = item
    end
  end)
  if not ok then return nil, assert(salon.caught(e), e) end
  return line.n and list
end)

-- Login and discovery ------------------------------------------------------------

local function form_of(exchange) return pairs_of(exchange.request.body) end

local function endpoint(exchange)
  return origin(exchange) .. exchange.request.path:match("^[^?]*")
end

operations.password = function(exchange, _, recordings)
  local form = form_of(exchange)
  local client = opentalk_client(exchange, recordings, {
    token_endpoint = endpoint(exchange), client_id = form.client_id or WHO.client_id,
    client_secret = form.client_secret, username = form.username or WHO.username,
    password = form.password or WHO.password,
    scope = form.scope and form.scope:match "^[^\r\n]+",  -- a chunk ends in a line end
    max_tries = 1,  -- a refusal is believed at once
  })
  return { exchange.response }, 1, function() return client:token() end
end

-- A login gave the recorded refresh token, and its access token has run out.
operations.refresh = function(exchange, line, recordings)
  local form = form_of(exchange)
  local client = opentalk_client(exchange, recordings, with(with({}, WHO), {
    token_endpoint = endpoint(exchange), client_id = form.client_id,
  }))
  local first = response(cjson.encode { access_token = "throwaway", expires_in = 0,
    refresh_token = form.refresh_token or "throwaway-refresh" })
  local responses = { first, exchange.response }
  if line.again then responses[3] = recordings["password-ok"].response end
  return responses, 2, function()
    assert(client:token())
    return client:token()
  end
end

operations.discovery = function(exchange, line, recordings)
  local client = opentalk_client(exchange, recordings, with(with({}, WHO), {
    issuer = origin(exchange) .. exchange.request.path:match("^(.-)/+%.well%-known"),
  }))
  local responses = { exchange.response }
  if line.asks then
    responses[2] = line.asks:find("^CONNECT") and response("", 502) or recordings["password-ok"].response
  end
  return responses, 1, function() return client:token() end
end

-- The controller names the login service, whose document is fetched next.
operations.provider = function(exchange, _, recordings)
  local client = opentalk_client(exchange, recordings, WHO)
  return { recordings["ot-path-well-known"].response, exchange.response, recordings.discovery.response,
    recordings["password-ok"].response }, 2, function() return client:token() end
end

-- Servers that have never heard of the API's own file put it below /v1.
operations.locate = function(exchange, _, recordings)
  local client = opentalk_client(exchange, recordings, { token = "throwaway" })
  return { exchange.response, recordings["ot-room-get"].response }, 1, function()
    return client.rooms:get("ceac3593-3116-4da1-a727-74124b2caade")
  end
end

-- The controller does not know the user, so salon registers him and asks again.
operations.register = function(exchange, _, recordings)
  local client = opentalk_client(exchange, recordings, with({ token_endpoint = TOKEN_ENDPOINT }, WHO))
  local responses = { recordings["ot-path-well-known"].response, login_response(exchange),
    recordings["ot-auth-unknown-sub"].response, exchange.response }
  if exchange.response.status < 300 then responses[5] = recordings["ot-session-renewed"].response end
  return responses, 4, function() return client:call("GET", "/v1/users/me") end
end

return operations
