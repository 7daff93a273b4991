-- Plays recorded exchanges to salon and judges what comes out by a table of
-- expectations (spec/recorded/*.lua): one line per exchange,
--
--   { NAME, OPERATION, what must come out }
--
-- A failure is written KIND = STATUS (auth = 401, http = 404, ...) with code,
-- fields ("name:code ..."), retry (may it be made again?), attempts and hint (a
-- pattern). A success names its status if that is not 200, and values: is = what
-- comes out if that is no object; n, first, next, total of a page; scopes, life,
-- refresh of a token; any field of an object, "a.b" for a.b. `asks` is the address or
-- query of the request that follows. cure = what salon tries after a refusal, cured =
-- what it gets then; again = another login follows; left = why there is no expectation.
-- reads, after = recordings that salon gets before and after, the first of them an event
-- whose dates are sent as well (but for those in `sends`); gets = the recording that comes
-- out instead; past = how many entries at its end are left out.
--
-- refused = words of salon's own refusal: nothing is sent, and by `client:call` the server
-- says the rest. left_out = what the server ignored of the fields.
--
-- Besides, for every line: what comes out has all that the recorded body says and
-- nothing else, and what salon sent equals the recorded request, except where
-- `unlike` says why it cannot.

local cjson = require("cjson")
local core = require("salon.core")
local operations = require("spec.support.operations")
local replay = require("spec.support.replay")
local support = require("spec.support")

local module = {}

-- Loading -----------------------------------------------------------------------

---All recordings of `files`, in order and by name, and a server that plays them.
---@param files string[]  "meet-1.27"
function module.load(files)
  local recordings = { server = replay.start() }
  for _, file in ipairs(files) do
    for line in support.read("spec/recorded/" .. file .. ".jsonl"):gmatch("[^\n]+") do
      local exchange = cjson.decode(line)
      if exchange.request.body == cjson.null then exchange.request.body = nil end
      recordings[#recordings + 1] = exchange
      recordings[exchange.name] = exchange
    end
  end
  return recordings
end

-- What came out --------------------------------------------------------------------

local function is_token(value)
  return type(value) == "userdata" and tostring(value):find("salon.Token(", 1, true) == 1
end

local function is_record(value) return (pcall(core.raw, value)) end

-- The members of a recorded token that salon hands on.
local function token_of(body)
  return { access_token = body.access_token, refresh_token = body.refresh_token, id_token = body.id_token,
    expires_in = body.expires_in, scope = body.scope or "" }
end

-- A copy with the texts of Secrets.
local function revealed(raw)
  local copy = setmetatable({}, getmetatable(raw))
  for name, value in pairs(raw) do copy[name] = core.is_secret(value) and value:reveal() or value end
  return copy
end

-- What came out, in one text that does not depend on the order of members, and the
-- same of a recorded body.
local function texts(value, body, past)
  if type(value) == "string" then return value, body end
  local recorded = core.decode(body, cjson.decode)
  if is_token(value) then
    return core.encode { access_token = value:reveal(), refresh_token = value:reveal_refresh(),
      id_token = value:reveal_id(), expires_in = value:lifetime(),
      scope = table.concat(value.scopes, " ") }, core.encode(token_of(recorded))
  elseif is_record(value) then
    return core.encode(revealed(value.raw)), core.encode(recorded)
  elseif next(value) ~= nil and #value == 0 and value.response == nil then
    return core.encode(value), core.encode(recorded)
  end
  local list = setmetatable({}, core.array_mt)
  for i, item in ipairs(value) do list[i] = is_record(item) and item.raw or item end
  for _ = 1, past or 0 do table.remove(recorded) end
  return core.encode(list), core.encode(recorded.results or recorded)
end

local function fields_text(fields)
  if fields == nil then return nil end
  local words = {}
  for i, f in ipairs(fields) do
    words[i] = (f.field or "?") .. (f.code and ":" .. f.code or "")
  end
  return table.concat(words, " ")
end

local SPECIAL = {
  n = function(value) return #value end,
  first = function(value)
    return value[1] and (value[1].id or value[1].invite_code)
  end,
  scopes = function(value) return table.concat(value.scopes, " ") end,
  life = function(value) return value:lifetime() end,
  refresh = function(value) return value:reveal_refresh() ~= nil end,
}

local function field(value, name)
  if name == "usable" then return value:usable() end
  if SPECIAL[name] and (type(value) == "table" or is_token(value)) then return SPECIAL[name](value) end
  for step in name:gmatch("[^.]+") do
    if value == nil then return nil end
    value = value[tonumber(step) or step]
  end
  return value
end

local OWN = {  -- keys of a line that name no field
  reads = true, sends = true, after = true, gets = true, past = true, refused = true, left_out = true,
  [1] = true, [2] = true, is = true, status = true, unlike = true, cure = true, cured = true,
  again = true, asks = true, next = true, attempts = true, raw = true,
}

local KINDS = { "auth", "http", "decode", "unsupported", "network", "tls" }

-- Both speak of the same: true, 3 and 3.0, and texts that begin with "..." and
-- are compared from the end.
local function same(want, got)
  if type(want) == "string" and type(got) == "string" and want:find("^%.%.%.") then
    return got:sub(-#want + 3) == want:sub(4)
  end
  return want == got
end

-- Judging ----------------------------------------------------------------------------

local function judge_error(line, kind, err, recorded, complain)
  complain("kind", kind, err.kind)
  complain("status", line[kind], err.status)
  complain("code", line.code, err.code)
  complain("fields", line.fields, fields_text(err.fields))
  complain("retryable", line.retry == true, err.retryable)
  complain("attempts", line.attempts or (line.cure and 2) or 1, err.attempts)
  complain("outcome", "done", err.outcome)
  complain("body", recorded.body ~= "" and recorded.body:sub(1, 2048) or nil, err.body)
  if line.hint and not (err.hint or ""):find(line.hint) then complain("hint", line.hint, err.hint or "") end
end

-- The words both backends share, by the table in the design: whatever the line says.
local function judge_room(value, complain)
  local raw = value.raw
  if value.backend == "meet" then
    complain("join_url", raw.url, value.join_url)
    complain("title", raw.name, value.title)
    complain("access", raw.access_level, value.access)
    complain("dial_in.pin", raw.telephony and raw.telephony.pin_code,
      value.dial_in and value.dial_in.pin)
  else
    complain("join_url", "https://front.example/room/" .. raw.id, value.join_url)
    complain("access", raw.waiting_room and "waiting_room" or raw.password and "password"
      or "open", value.access)
  end
end

local function judge_record(value, complain)
  local class = tostring(value):match("^salon%.(%a+)")
  if class == "Room" then return judge_room(value, complain) end
  if class == "Invite" then
    complain("url", ("https://front.example/room/%s?invite=%s"):format(value.raw.room_id,
      value.raw.invite_code), value.url)
  elseif class == "Event" then
    if value.room == nil then return complain("room", "a room", "nil") end
    complain("room.title", value.title, value.room.title)
    complain("dial_in.id", value.raw.room.sip_tel and value.raw.room.sip_id,
      value.room.dial_in and value.room.dial_in.id)
    judge_room(value.room, complain)
  end
end

-- What a Room, a page or a token tells about its exchange; `call` returns it.
local function status_of(value, about)
  if is_record(value) or is_token(value) then about = value.response end
  if type(value) == "table" and value.response then about = value.response end
  return type(about) == "table" and about.status or 200
end

-- Operations that end with what another request gave.
local GIVES_OTHER = { discovery = true, provider = true, register = true, locate = true }

local function judge_value(line, value, about, recorded, complain)
  if value ~= true or about then complain("status", line.status or 200, status_of(value, about)) end
  if line.is ~= nil then return complain("value", line.is, type(value) == "boolean" and value or type(value)) end
  if value == nil then return end
  if not GIVES_OTHER[line[2]] then
    local got, want = texts(value, recorded.body, line.past)
    complain("body", want, got)
  end
  for name, want in pairs(line) do
    if not OWN[name] then complain(name, want, field(value, name)) end
  end
  if is_record(value) then return judge_record(value, complain) end
  if type(value) ~= "table" then return end
  for _, item in ipairs(value) do
    if is_record(item) then judge_record(item, complain) end
  end
  if value.response and line.n then
    complain("next", line.next, value.next and (value.next.page or value.next.after))
  end
end

-- Requests ----------------------------------------------------------------------------

local plain = replay.plain

local function decoded_pairs(text)
  local list = {}
  for name, value in text:gmatch("([^&=]+)=?([^&]*)") do
    list[#list + 1] = plain(name) .. "=" .. plain(value)
  end
  table.sort(list)
  return table.concat(list, "&")
end

local function media(headers, name)
  for key, value in pairs(headers) do
    if key:lower() == name then return (value:gsub(";.*", "")) end
  end
end

local function same_json(text)
  local ok, value = pcall(core.decode, text, cjson.decode)
  return ok and core.encode(value) or text
end

local DATES = { "is_all_day", "starts_at", "ends_at", "recurrence_pattern" }

-- A change of an event goes with all its dates.
local function with_dates(text, event, sends)
  local body, old = core.decode(text, cjson.decode), core.decode(event, cjson.decode)
  for name, value in pairs(sends or {}) do body[name] = value end
  if body.is_time_independent == nil then
    body.is_time_independent = old.is_time_independent and body.starts_at == nil
  end
  if not body.is_time_independent then
    for _, name in ipairs(DATES) do
      if body[name] == nil then body[name] = old[name] end
    end
    if body.is_all_day == nil then body.is_all_day = false end
    body.recurrence_pattern = body.recurrence_pattern or setmetatable({}, core.array_mt)
  end
  return core.encode(body)
end

local function wanted_body(line, exchange, recordings)
  local body = exchange.request.body or ""
  if line.reads and body ~= "" then
    body = with_dates(body, recordings[line.reads:match("%S+")].response.body, line.sends)
  end
  return same_json(body)
end

-- salon asks for the largest page, where the recording asked for none.
local function same_query(recorded, sent, operation)
  if operation:find(":list$") and not operation:find("^meet") and not recorded:find("per_page=") then
    sent = sent:gsub("per_page=100&?", "")
  end
  return decoded_pairs(recorded), decoded_pairs(sent)
end

-- What must go without a token; all other calls carry one, needed or not.
local ANONYMOUS = {
  token = true, password = true, refresh = true, discovery = true, provider = true,
  register = true, ["rooms:start_invited"] = true,
}

local function judge_request(line, exchange, recordings, sent, complain)
  local want = exchange.request
  local path, query = want.path:match("^([^?]*)%??(.*)$")
  complain("request's method", want.method, sent.method)
  complain("request's path", plain(path), plain(sent.path))
  local recorded, got = same_query(query, sent.query, line[2])
  complain("request's query", recorded, got)
  complain("request's host", want.headers.Host, sent.headers.host)
  if want.headers.Authorization or ANONYMOUS[line[2]] then
    complain("request's authorization", want.headers.Authorization, sent.headers.authorization)
  end
  complain("request's content type", media(want.headers, "content-type"),
    media(sent.headers, "content-type"))
  complain("request's framing", nil, sent.headers["transfer-encoding"])
  if (media(want.headers, "content-type") or ""):find("form") then
    complain("request's form", decoded_pairs(want.body), decoded_pairs(sent.body))
  else
    complain("request's body", wanted_body(line, exchange, recordings), same_json(sent.body))
  end
end

local function judge_next(line, requests, at, complain)
  if line.asks == nil then return end
  local after = requests[at + 1]
  if after == nil then return complain("next request", line.asks, "none") end
  local url = after.method == "CONNECT" and "CONNECT " .. after.url or after.url
  if not url:find(line.asks, 1, true) then complain("next request", line.asks, url) end
end

local function kind_of(line)
  for _, kind in ipairs(KINDS) do
    if line[kind] ~= nil then return kind end
  end
end

local function run(recordings, responses, call)
  local bytes = {}
  for i, response in ipairs(responses) do bytes[i] = replay.bytes(response) end
  recordings.server:play(bytes)
  local ok, value, err = pcall(call)
  return recordings.server:requests(), ok, value, err
end

-- A mistake raises at the line that makes the call; of what is read first there is an
-- error. The request is not sent.
local function judge_refusal(line, exchange, recordings, complain)
  local responses, at, call = operations[line[2]](exchange, line, recordings)
  local requests, ok, value, err = run(recordings, responses, call)
  local words = ok and err and err.message or value
  if not ok and not tostring(words):find("^%S*spec/support/operations.lua:%d+: ") then
    complain("refusal", "at the caller's line", words)
  end
  if ok == (line.reads == nil) or not tostring(words):find(line.refused, 1, true) then
    complain("refusal", line.refused, words)
  end
  if requests[at] then complain("requests", at - 1, #requests) end
end

---Plays one exchange; returns what is wrong with what came out.
---@param recordings table
---@param line table
---@param exchange? table  instead of the recorded one
---@return string[] complaints
function module.play(recordings, line, exchange)
  exchange = exchange or recordings[line[1]]
  local complaints, name = {}, line[2]
  local function complain(what, want, got)
    if same(want, got) then return end
    complaints[#complaints + 1] = ("%s: %s is %s, should be %s"):format(line[1], what,
      tostring(got), tostring(want))
  end
  if line.refused then
    judge_refusal(line, exchange, recordings, complain)
    name = "call"
  end
  local responses, at, call = operations[name](exchange, line, recordings)
  local requests, ok, value, err = run(recordings, responses, call)
  if not ok then
    complain("call", "no error raised", value)
    return complaints
  end
  complain("number of requests", #responses, #requests)
  -- As it was recorded, even when something else is played.
  local recorded = recordings[line.cured or line.gets or line.again and "password-ok" or line[1]].response
  local kind = kind_of(line)
  if line.left_out and err then
    if not err.message:find(line.left_out, 1, true) then complain("left out", line.left_out, err.message) end
    value, err = err.made, nil
  end
  if kind and value == nil then
    judge_error(line, kind, err, recorded, complain)
  elseif kind or (value == nil and line.is ~= "nil" and not line.asks) then
    complain("outcome", kind or "a value", err and tostring(err) or type(value))
  else
    judge_value(line, value, err, recorded, complain)
  end
  judge_next(line, requests, at, complain)
  if not line.unlike and requests[at] then
    judge_request(name == line[2] and line or { line[1], name }, exchange, recordings, requests[at], complain)
  end
  return complaints
end

return module
