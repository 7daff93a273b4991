-- Files of OpenTalk's rooms: the service `room.assets` and its records; and `ot.rooms.assets`,
-- one's own files in all rooms.
--
-- Bytes stream between disk and server on the I/O thread. What comes goes to a file beside
-- the final one, which takes its name at the end. A controller sends a file whole and knows
-- no Range; newer ones also give it out, for half a minute, at an address that does: there a
-- download goes on that broke.
--
-- Not to break: the token goes to the controller alone. The address may be anywhere.

local Error = require "salon.internal.error"
local Http = require "salon.internal.http"
local api = require "salon.opentalk.api"
local core = require "salon.core"
local is = require "salon.internal.is"
local options = require "salon.internal.options"
local resource = require "salon.internal.resource"
local sleep = require "salon.sleep"

local FOREVER = 30 * 86400  -- seconds: a transfer has no end of its own
local SILENCE = 60          -- seconds without a byte, where the client does not say
local LETS_GO = 0.05        -- seconds for the I/O thread to close the file of a call that is gone
local LONGEST = 255         -- bytes of a file's name
local ADDRESSES = 3         -- that are asked for until the download is there

-- The record -----------------------------------------------------------------------

local function path_of(asset)
  return { asset.raw.room_id or resource.service_of(asset).keys[1], asset.raw.id }
end

local Asset = resource.class {
  name = "salon.Asset", backend = "opentalk", word = "asset", keys = { "room_id", "id" }, path = path_of,
  fields = {
    id = "string",
    filename = "string",
    created_at = "string",
    namespace = 'string?  "recording" …: what made it',
    kind = "string?  newer servers",
    size = "integer?  bytes; newer servers",
    room_id = "string?  in the list of all rooms",
    event_id = "string?  in the list of all rooms",
  },
}

-- What both directions share -----------------------------------------------------------

local TRANSFER = {
  timeout = { "number", above = 0, here = true, says = "seconds for the whole transfer: no limit" },
  silence_timeout = { "number", above = 0, here = true,
    says = "seconds without a byte: the client's, else 60" },
  on_progress = { "function", here = true, luals = "fun(done: integer, total: integer?)",
    says = "is told about five times a second how many bytes are through, and of how many if that "
      .. "is known" },
}

local function file_error(path, what, message)
  return Error.new { kind = "file", message = ("the file %s: %s: %s"):format(what, message, path) }
end

-- A call that carries a file.
local function new_call(service, given, deadline, more)
  return options.merge(more, { deadline = deadline, on_progress = given.on_progress,
    silence_timeout = given.silence_timeout or service.session.silence_timeout or SILENCE })
end

-- Runs `work`, which may raise what the caller's `on_progress` does, and then `after`.
local function finally(after, work, ...)
  local ok, value, err = pcall(work, ...)
  local changed = after(ok and value)
  if not ok then error(value, 0) end
  if changed then return nil, changed end
  return value, err
end

-- Up -----------------------------------------------------------------------------------

local function only(pattern, most, words)
  return function(value)
    if #value > most or not value:find("^" .. pattern .. "+$") then
      return ("must have 1 to %d of the characters %s"):format(most, words)
    end
  end
end

local LETTERS = only("[0-9A-Za-z]", 10, "0-9 A-Z a-z")

local FIELDS = {
  file = { "string", bytes = true, says = "path of what is sent" },
  content = { "string", binary = true, says = "what is sent, instead of a file" },
  kind = is.text { required = true, check = only("[0-9A-Za-z_]", 50, "0-9 A-Z a-z _"),
    says = "any word: `agenda`; becomes part of the name" },
  file_extension = is.text { check = LETTERS, says = "`pdf`; else that of `file`" },
  event_title = is.text { max_chars = 255, says = "becomes part of the name" },
  namespace = is.text { check = only("[_0-9a-z]", 255, "_ 0-9 a-z"), says = "a module of the server" },
}

local function extension_of(fields)
  return fields.file_extension or fields.file and fields.file:match "[^/]%.([^./]+)$"
end

local function fields_fault(fields)
  if fields.file and fields.content then return "fields 'file' and 'content' exclude each other" end
  if not (fields.file or fields.content) then return "either field 'file' or field 'content' is required" end
  local extension = extension_of(fields)
  if extension == nil or LETTERS(extension) then
    return "field 'file_extension' is required, " .. (fields.file and "since 'file' does not end in one"
      or "as 'content' has no name")
  end
end

-- The size of a file is promised to the server before the first byte.
local function open_source(fields)
  if fields.content then return core.bytes_to_send(fields.content) end
  local file, message = core.file_to_send(fields.file)
  if file == nil then return nil, file_error(fields.file, "cannot be read", message) end
  return file
end

local QUERY = { "file_extension", "kind", "event_title", "namespace" }

local function query_of(fields)
  local query, values = {}, options.merge(fields, { file_extension = extension_of(fields) })
  for _, name in ipairs(QUERY) do
    if values[name] then
      query[#query + 1] = name
      query[#query + 1] = values[name]
    end
  end
  return query
end

-- Servers send the asset; their description wraps it.
local function read_asset(session, service, response)
  local raw, err = session:decode(response, "object")
  if raw == nil then return nil, err end
  if type(raw.asset_resource) == "table" then raw = raw.asset_resource end
  local fault = options.id_fault(raw.id)
  if fault then return nil, session:shape_error(response, "the response's 'id' " .. fault) end
  return core.record(Asset, raw, service, session.about(response))
end

local function upload(op, service, keys, fields, given)
  local session = service.session
  local file, err = open_source(fields)
  if file == nil then return nil, err end
  local call = new_call(service, given, session:deadline(given.timeout or FOREVER), {
    method = "POST", parts = op.parts(keys), query = query_of(fields), operation = op, upload = file })
  return finally(function() file:close() end, function()
    local response, why = session:call(call)
    if response == nil then return nil, why end
    return read_asset(session, service, response)
  end)
end

-- Down ---------------------------------------------------------------------------------

-- What a server names as the place of a file: a complete address, or one that is meant below
-- that of the asset.
local function absolute(base, parts, reference)
  if reference:find "^[A-Za-z][A-Za-z0-9+.-]*:" then return reference end
  local here = core.url_parse(base)
  if reference:find "^//" then return here.scheme .. ":" .. reference end
  if reference:find "^/" then return here.origin .. reference end
  return core.url(base, { parts[1], parts[2], parts[3], parts[4], "" }) .. reference:gsub("^%./", "")
end

local function without_query(address) return (address:gsub("%?.*$", "")) end

-- Why nothing is to be fetched there, or nil.
local function address_fault(session, address)
  if address:find "[^\33-\126]" or address:find "[#\\]" then return "is not a usable URL" end
  return (options.named_url_fault(without_query(address), session.backend.base,
    session.backend.discovery.given.allow_insecure))
end

local function address_of(op, service, keys, deadline)
  local session, parts = service.session, op.parts(keys)
  local response, err = session:call { parts = parts, query = { "redirect", "false" }, operation = op,
    deadline = deadline }
  if response == nil then return nil, err end
  local raw
  raw, err = session:decode(response, "object")
  if raw == nil then return nil, err end
  local fault = "is missing"
  if type(raw.url) == "string" and raw.url ~= "" then
    local address = absolute(session.backend.base, parts, raw.url)
    fault = address_fault(session, address)
    if fault == nil then return address end
  end
  return nil, session:shape_error(response, "the address of the file, as the server names it, " .. fault)
end

local function url(op, service, keys, _, given)
  return address_of(op, service, keys, service.session:deadline(given.timeout))
end

-- Without the token, and to a foreign server without anything that is the client's own.
local function fetch_from(service, address, given, file, deadline)
  local session = service.session
  local there = core.url_parse(without_query(address))
  return Http.call(session, new_call(service, given, deadline, {
    url = address, download = file, secrets = { address:match "%?(.*)$" },
    bare = there.origin ~= core.url_parse(session.backend.base).origin }))
end

-- The address was good for half a minute only.
local function is_over(err)
  return err.status == 401 or err.status == 403 or err.status == 404 or err.status == 410
end

local function has_addresses(op, session)
  return session.backend.discovery.says_version and session.backend.server:has(op.ops.url)
end

local function fetch_by_address(op, service, keys, given, file, deadline)
  local session, attempts, err = service.session, 0, nil
  for _ = 1, ADDRESSES do
    local address, why = address_of(op.ops.url, service, keys, math.min(deadline, session:deadline()))
    if address == nil then return nil, err or why end
    local response
    response, err = fetch_from(service, address, given, file, deadline)
    if response then return response end
    attempts = attempts + err.attempts
    err.attempts = attempts
    if not is_over(err) then return nil, err end
  end
  return nil, err
end

local function fetch_whole(op, service, keys, given, file, deadline, hands_over)
  return service.session:call(new_call(service, given, deadline, {
    parts = op.parts(keys), operation = op, download = file, hands_over = hands_over }))
end

-- After this error of the plain route there may be more to get at an address.
local function goes_on(err, file, deadline)
  local is_broken = (err.kind == "network" or err.kind == "timeout") and file:progress() > 0
  return is_broken and core.now() < deadline or err.status == 404 or err.status == 405
end

local function fetch(op, service, keys, given, file, deadline)
  local session, before = service.session, nil
  if file:progress() == 0 or not has_addresses(op, session) then
    local hands_over = session.repeats and has_addresses(op, session)
    local whole
    whole, before = fetch_whole(op, service, keys, given, file, deadline, hands_over)
    if whole or not (hands_over and goes_on(before, file, deadline)) then return whole, before end
  end
  local response, err = fetch_by_address(op, service, keys, given, file, deadline)
  if response then return response end
  if before then
    err.attempts = err.attempts + before.attempts
    if before.status == 404 or before.status == 405 then return nil, before end
  end
  if err.kind ~= "unsupported" then return nil, err end
  local whole, last = fetch_whole(op, service, keys, given, file, deadline)
  if last then last.attempts = last.attempts + err.attempts end
  return whole, last
end

-- The one who has the lock may be gone: nginx kills the light threads of a client that left,
-- and what those held is closed once it is collected.
local function open_target(path, partial, resume)
  local file, message, is_locked = core.file_to_write(path, partial, resume)
  if not is_locked then return file, message end
  collectgarbage()
  sleep(LETS_GO)
  return core.file_to_write(path, partial, resume)
end

-- Beside it; the longest names leave no room for more, and lose their end.
local function partial_of(path, id)
  local more = (".%s.part"):format(id)
  local at = path:find "[^/]*$"
  return path:sub(1, math.max(at, at + LONGEST - #more) - 1) .. more
end

local function download(op, service, keys, _, given)
  local session, path = service.session, keys[3]
  local partial = partial_of(path, keys[2])
  local file, message = open_target(path, partial, given.resume)
  if file == nil then return nil, file_error(path, "cannot be written", message) end
  local function settle(response)
    local why
    if response then
      local kept
      kept, why = file:keep(path)
      if not kept then why = file_error(path, "cannot be written", why) end
    end
    if (why or not response) and not (given.resume and file:progress() > 0) then file:discard() end
    file:close()
    return why or nil
  end
  return finally(settle, function()
    local response, err = fetch(op, service, keys, given, file, session:deadline(given.timeout or FOREVER))
    if response == nil then return nil, err end
    session.about(response)
    return true
  end)
end

-- The operations -----------------------------------------------------------------------

local ONE = "/rooms/{room_id}/assets/{asset_id}"

local assets = resource.new {
  name = "assets", class = "Assets", api = api, record = Asset, known = { "room_id" },
  operations = {
    list = { "GET /rooms/{room_id}/assets", pages = "numbered",
      says = "The room's files, in no order: what other people add meanwhile may be missed." },
    upload = { "POST /rooms/{room_id}/assets", body = FIELDS, check = fields_fault, query = TRANSFER,
      run = upload, gives = Asset, since = "0.29",
      says = "Sends a file, or a text, to the room. The server makes its name of title, kind, time and "
        .. "extension." },
    download = { "GET " .. ONE, extra = "path", run = download,
      query = options.merge(TRANSFER, { resume = is.flag { here = true,
        says = "go on with what an earlier call left, and leave that in turn: `PATH.ID.part`" } }),
      says = "Fetches a file to `path`, which is replaced once all of it is there. A break is gone on "
        .. "from where it was, where the server can (since 0.33)." },
    url = { "GET " .. ONE .. "/download", run = url, returns = "string", since = "0.33",
      says = "An address where anybody can fetch the file for half a minute. A secret." },
    delete = { "DELETE " .. ONE, gone = true, says = "Deletes a file." },
  },
}

-- One's own files ------------------------------------------------------------------------

local function decode_owned(source, response)
  local data, err = source.session:decode(response, "object")
  if data == nil then return nil, err end
  if type(data.owned_assets) == "table" then return data.owned_assets end
  return nil, source.session:shape_error(response, "the response has no list 'owned_assets'")
end

assets.own = resource.new {
  name = "rooms.assets", class = "OwnAssets", api = api,
  operations = {
    list = { "GET /users/me/assets", pages = "numbered", gives = Asset, key = "id", decode = decode_owned,
      since = "0.11",
      query = {
        sort = is.one_of { "filename", "size", "namespace", "kind", "created_at",
          says = "`created_at` if not given" },
        order = is.one_of { "ascending", "descending", says = "`descending` if not given" },
      },
      says = "Your files in all rooms." },
  },
}

return assets
