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

local function opentalk_call(act)
  return function(exchange, line, recordings)
    local absent = recordings["ot-path-well-known"].response
    if line.cure == nil then
      local client = opentalk_client(exchange, recordings, { token = bearer(exchange) or "throwaway" })
      local responses = repeated(exchange.response, line.attempts)
      table.insert(responses, 1, absent)
      if line.asks then responses[#responses + 1] = response("[]") end
      return responses, 2, function() return act(client, exchange, line) end
    end
    local client = opentalk_client(exchange, recordings, with({ token_endpoint = TOKEN_ENDPOINT }, WHO))
    local responses = { absent, login_response(exchange), exchange.response }
    for _, name in ipairs(CURES[line.cure]) do responses[#responses + 1] = recordings[name].response end
    if line.cure then
      responses[#responses + 1] = line.cured and recordings[line.cured].response or exchange.response
    end
    return responses, 3, function() return act(client, exchange, line) end
  end
end

operations.call = opentalk_call(call)

operations["rooms:list"] = opentalk_call(function(client, exchange)
  local _, query = place(exchange)
  return client.rooms:list { page = tonumber(query.page), per_page = tonumber(query.per_page) }
end)
operations["rooms:get"] = opentalk_call(function(client, exchange)
  return client.rooms:get(room_id(exchange))
end)
operations["rooms:create"] = opentalk_call(function(client, exchange)
  local fields = json_of(exchange)
  return client.rooms:create(fields)
end)

-- Guest links belong to a room, which has to be got first.
local function invite_call(act)
  return function(exchange, _, recordings)
    local client = opentalk_client(exchange, recordings, { token = bearer(exchange) })
    local responses = { recordings["ot-path-well-known"].response,
      response(cjson.encode { id = room_id(exchange) }), exchange.response }
    return responses, 3, function()
      local room = assert(client.rooms:get(room_id(exchange)))
      return act(room.invites, exchange)
    end
  end
end

operations["invites:list"] = invite_call(function(service, exchange)
  local _, query = place(exchange)
  return service:list(numbers(query))
end)
operations["invites:get"] = invite_call(function(service, exchange)
  return service:get(exchange.request.path:match("/invites/([^/?]+)"))
end)
operations["invites:create"] = invite_call(function(service, exchange)
  local body = json_of(exchange) or {}
  return service:create { expiration = body.expiration }
end)

operations["events:list"] = opentalk_call(function(client, exchange)
  local _, query = place(exchange)
  query = numbers(query)
  query.exceptions = true
  return client.events:list(query)
end)
operations["events:get"] = opentalk_call(function(client, exchange)
  local _, query = place(exchange)
  return client.events:get(exchange.request.path:match("/events/([^/?]+)"),
    { invitees_max = tonumber(query.invitees_max) })
end)

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
    scope = form.scope ~= "" and form.scope or nil,
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
