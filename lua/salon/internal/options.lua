-- Checks what callers hand in, once, at the door: unknown names (with a guess
-- at what was meant), wrong types, values that can never work. All of this is
-- the caller's mistake and raises at the caller's line, naming function and
-- option. What is checked is copied, the first level of it; callers' tables are never changed.
--
-- Every function here is meant to be called straight from a public function:
-- level 3 is then the line that called that one. Where a helper stands in
-- between, it passes a higher level. No tail calls: they eat a level.

local core = require "salon.core"
local clock = require "salon.internal.clock"
local lower = require "salon.internal.lower"
local version = require "salon.version"

local options = {}

local function fail(level, ...)
  error(string.format(...), level + 1)
end

-- Edit distance in which two swapped neighbours count once ("uesrname").
local function distance(a, b)
  local before, last = {}, {}
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    local row = { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last = last, row
  end
  return last[#b]
end

---The name in `spec` that looks most like `name`, if any comes close.
---@param name string
---@param spec table<string, any>
---@return string?
function options.nearest(name, spec)
  if #name > 40 then return nil end
  local best, least = nil, math.max(1, math.floor(#name / 4)) + 1
  for known in pairs(spec) do
    local d = distance(lower(name), known)
    if d < least or (d == least and best ~= nil and known < best) then
      best, least = known, d
    end
  end
  return best
end

-- What to say about a name that `spec` does not have.
local function advice(name, spec, word)
  local guess = options.nearest(name, spec)
  if guess then return "did you mean '" .. guess .. "'?" end
  local names = {}
  for known in pairs(spec) do names[#names + 1] = known end
  table.sort(names)
  return ("%ss are %s"):format(word, table.concat(names, ", "))
end

local function kind_of(value)
  if core.is_secret(value) then return "secret" end
  if value == core.null then return "null" end
  return type(value)
end

local NAMES = { secret = "salon.Secret", null = "salon.null" }

local function listed(kinds)
  local names = {}
  for i, kind in ipairs(kinds) do names[i] = NAMES[kind] or kind end
  return table.concat(names, " or ")
end

-- Why a number will not do, or nil. NaN fails every comparison, so
-- the first test catches it.
local function number_fault(value, want)
  if not (value > -math.huge and value < math.huge) then return "must be finite" end
  if want.integer and value % 1 ~= 0 then return "must be an integer" end
  if want.above and value <= want.above then
    return "must be greater than " .. want.above
  end
  if want.min and value < want.min or want.max and value > want.max then
    if want.min and want.max then
      return ("must be between %d and %d"):format(want.min, want.max)
    end
    return want.min and "must be at least " .. want.min or "must be at most " .. want.max
  end
end

-- Old servers count characters, newer ones bytes, which only they can say.
local function characters(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

local function string_fault(value, want)
  if want.binary then return nil end
  if value == "" and not want.empty then return "must not be empty" end
  if value:find("%z") then return "must not hold a NUL" end
  if value:find("[\128-\255]") and not want.bytes and not pcall(core.encode, value) then
    return "must be UTF-8"
  end
  if want.max_chars and characters(value) > want.max_chars then
    return ("must have at most %d characters"):format(want.max_chars)
  end
  if want.one_of then
    for _, allowed in ipairs(want.one_of) do
      if value == allowed then return nil end
    end
    return "must be one of '" .. table.concat(want.one_of, "', '") .. "'"
  end
end

local fault

local function sorted_names(object)
  local names = {}
  for name in pairs(object) do names[#names + 1] = tostring(name) end
  table.sort(names)
  return names
end

local function object_fault(value, fields, is_open)
  for _, name in ipairs(sorted_names(value)) do
    local want = fields[name]
    if want == nil and not is_open then
      return ("has '%s', which is unknown: %s"):format(name, advice(name, fields, "name"))
    end
    local message = want and fault(value[name], want)
    if message then return ("has '%s', which %s"):format(name, message) end
  end
  for _, name in ipairs(sorted_names(fields)) do
    if fields[name].required and value[name] == nil then return "needs '" .. name .. "'" end
  end
end

local function list_fault(value, want)
  local count = 0
  for key in pairs(value) do
    if type(key) ~= "number" then return "must be a list" end
    count = count + 1
  end
  for i = 1, count do
    if value[i] == nil then return "must be a list without gaps" end
  end
  if want.max_items and #value > want.max_items then
    return ("must have at most %d entries"):format(want.max_items)
  end
  for i, item in ipairs(value) do
    local message = fault(item, want.items)
    if message then return ("has entry %d, which %s"):format(i, message) end
  end
end

-- Why `value` will not do, in words that follow "option 'x' ", or nil.
function fault(value, want)
  local kind = kind_of(value)
  local known = false
  for _, allowed in ipairs(want) do known = known or allowed == kind end
  if not known then
    local form = want.fields and " with " .. table.concat(sorted_names(want.fields), ", ") or ""
    return ("must be a %s%s, got %s"):format(listed(want), form, NAMES[kind] or kind)
  end
  if kind == "null" then return nil end
  if kind == "number" then
    local message = number_fault(value, want)
    if message then return message end
  elseif kind == "string" or kind == "secret" then
    local message = string_fault(kind == "secret" and value:reveal() or value, want)
    if message then return message end
  elseif kind == "table" and (want.fields or want.items) then
    local message = want.fields and object_fault(value, want.fields, want.open) or want.items
      and list_fault(value, want)
    if message then return message end
  end
  if want.check then return want.check(value) end
end

-- 100.0 is written "100.0" on Lua >= 5.3; servers want 100.
local function to_integer(value)
  return math.tointeger and math.tointeger(value) or value
end

-- A list that is empty is one however it was typed; one with a metatable is known as one.
local function as_list(value)
  local is_bare = type(value) == "table" and next(value) == nil and getmetatable(value) == nil
  return is_bare and setmetatable({}, core.array_mt) or value
end

-- What nobody gave; the same table each time, since most calls are without.
local NOTHING = setmetatable({}, { __newindex = function() error("BUG options are read-only") end })

---Checks a table of options against `spec` and returns a copy, to be read only,
---with the defaults of what is missing, unless nothing is given at all.
---@param fname string  name of the public function, for messages
---@param given table?
---@param spec table<string, table>  name -> { kinds..., integer, min, max, check…, default };
---  convert: fun(value): value, message?  makes what is checked, and used, of what was given
---@param level? integer  3 (default): the caller of the function that calls this one
---@param word? string  what to call an entry: "option" (default), "field"
---@param following? table<string, table>  the spec of the options in the table after this one
---@return table
function options.check(fname, given, spec, level, word, following)
  if given == nil then return NOTHING end
  level, word = level or 3, word or "option"
  if type(given) ~= "table" then
    fail(level, "%s: %ss must be a table, got %s", fname, word, NAMES[kind_of(given)]
      or type(given))
  end
  local names, copy = {}, {}
  for name in pairs(given) do
    if type(name) ~= "string" then
      fail(level, "%s: unknown %s '%s' (%ss have names)", fname, word, tostring(name), word)
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local value, want = given[name], spec[name]
    if want == nil then
      if following and following[name] then
        fail(level, "%s: '%s' is an option: give it in the table after the fields", fname, name)
      end
      fail(level, "%s: unknown %s '%s', %s", fname, word, name:gsub("[%z\1-\31\127]", "?"):sub(1, 60),
        advice(name, spec, word))
    end
    local message
    if want.convert then value, message = want.convert(value) end
    message = message or fault(value, want)
    if message then fail(level, "%s: %s '%s' %s", fname, word, name, message) end
    if want.integer and type(value) == "number" then value = to_integer(value) end
    copy[name] = want.items and as_list(value) or value
  end
  local missing
  for name, want in pairs(spec) do
    if copy[name] == nil then
      if want.required and (missing == nil or name < missing) then missing = name end
      copy[name] = want.default
    end
  end
  if missing then fail(level, "%s: %s '%s' is required", fname, word, missing) end
  return copy
end

---Why `value` cannot become one segment of a path, or nil.
---@param value any
---@return string?
function options.id_fault(value)
  if core.url_plain(value) then return nil end
  if type(value) ~= "string" then
    return "must be a string, got " .. (NAMES[kind_of(value)] or type(value))
  elseif value == "" then
    return "must not be empty"
  elseif value:find("[%z\1-\31\127]") then
    return "must not hold control characters"
  elseif value:find("[/\\]") then
    return "must not hold a slash"
  elseif value:find("..", 1, true) or value == "." then
    return "must not hold '..'"
  end
end

local LONGEST_ID = 255  -- bytes; those of the servers have 36

-- Why no server has such an id: a line that is too long gets a 400, which would be taken for
-- a refused token.
local function no_id_fault(value)
  if #value > LONGEST_ID then return ("must have at most %d bytes"):format(LONGEST_ID) end
end

---Checks an id or name that becomes one segment of a path.
---@param fname string
---@param name string  of the argument
---@param value any
function options.id(fname, name, value)
  local message = options.id_fault(value) or no_id_fault(value)
  if message then fail(3, "%s: argument '%s' %s", fname, name, message) end
end

---Why `url` cannot be used, or nil and the URL without slashes at its end.
---@param url string
---@param allow_insecure boolean?
---@return string? message
---@return string? clean
function options.url_fault(url, allow_insecure)
  local parsed, message = core.url_parse(url)
  if parsed == nil then return "is not a usable URL: " .. message end
  if parsed.scheme == "http" and not allow_insecure and not parsed.loopback then
    return "is plain http://, which sends passwords and tokens readable by everybody; "
      .. "use https://, or set allow_insecure = true"
  end
  return nil, parsed.origin .. parsed.path
end

---The same of a URL that a server named, at the address `asked`.
function options.named_url_fault(url, asked, allow_insecure)
  local message, clean = options.url_fault(url, allow_insecure)
  local there = clean and core.url_parse(clean)
  if there and there.scheme == "http" and there.loopback and not allow_insecure
    and not core.url_parse(asked).loopback then
    return "is plain http:// to this machine, named by another one"
  end
  return message, clean
end

-- Pieces of specs that several functions share.

options.TIMEOUT = { "number", above = 0,
  says = "seconds for the whole call, of a list for each page; the client's `timeout` otherwise" }
options.PREFETCH = { "number", integer = true, min = 0, max = 64,
  says = "pages under way while you work on one: 4 where their number is known, else 1" }
options.PAGE = { "number", integer = true, min = 1, max = 2 ^ 31, says = "number of the page: 1" }
options.CALL = { timeout = options.TIMEOUT }
-- What was read from a file may bring its line end along, and servers blame something
-- else then. Nobody has blanks around a name or a generated secret; in a password they count.
local function edge_check(set, words)
  return function(value)
    local text = core.is_secret(value) and value:reveal() or value
    if type(text) ~= "string" then return nil end
    if text:find("^" .. set) or text:find(set .. "$") then
      return "must not begin or end with a " .. words .. ": strip what was read from a file"
    end
  end
end
local no_blanks = edge_check("[ \t\r\n]", "blank or line end")
options.NAME = { "string", check = no_blanks }
options.SECRET = { "string", "secret", "function", bytes = true,  -- any bytes: it may go into a form
  check = no_blanks }
options.PASSWORD = { "string", "secret", "function", bytes = true,
  check = edge_check("[\r\n]", "line end") }

-- A token becomes part of a header line; one read from a file may bring its
-- line end along.
local function token_fault(value)
  local text = core.is_secret(value) and value:reveal() or value
  if type(text) == "string" and text:find("[%z\1-\32\127]") then
    return "must not hold blanks or control characters (a line end?)"
  end
end
options.TOKEN = { "string", "secret", "function", check = token_fault }

local function rfc3339_fault(value)
  local time, message = clock.parse(value)
  if time then return nil end
  if clock.parse(value .. "Z") then
    return "has no offset: write '" .. value .. "Z' for UTC"
  else
    return message or "must be an RFC 3339 time such as '2026-11-01T00:00:00Z'"
  end
end

-- Files of time zones are read by those alone who use zones.
local function to_rfc3339(value)
  if type(value) == "string" or value == core.null then return value end
  local seconds, message = require("salon.internal.moment").read(value)
  return seconds and clock.rfc3339(seconds) or value, seconds == nil and message or nil
end
options.RFC3339 = { "string", check = rfc3339_fault }
options.TIME = { "string", check = rfc3339_fault, convert = to_rfc3339, luals = "salon.Time" }

-- A PEM file that holds what `label` names.
local function pem(label, says)
  return { "string", bytes = true, says = says, check = function(value)
    local file = io.open(value, "r")
    local text = file and file:read(1048576)
    if file then file:close() end
    if file == nil then return "names a file that cannot be read" end
    if text == nil or text == "" then return "names a file that is empty, or a folder" end
    if not text:find("-----BEGIN [%u ]-" .. label) then
      return ("must be a PEM file, with lines '-----BEGIN %s-----'"):format(label)
    end
  end }
end

local function header_fault(value)
  if value:find("[%z\1-\31\127]") then return "must not hold control characters" end
end

-- What salon sends itself, and what would change where a request goes or how it ends.
local OWN_HEADERS = {}
for name in ([[accept accept-encoding accept-language authorization connection content-length
  content-type cookie expect host keep-alive te trailer transfer-encoding upgrade]])
  :gmatch "%S+" do
  OWN_HEADERS[name] = "cannot be set"
end
OWN_HEADERS["user-agent"] = "is option 'user_agent'"

local function headers_fault(headers)
  for name, value in pairs(headers) do
    if type(name) ~= "string" or not name:find "^[A-Za-z0-9!#$%%&'*+.^_`|~-]+$" then
      return ("has '%s', which is not a header name"):format(tostring(name))
    elseif OWN_HEADERS[lower(name)] then
      return ("has '%s', which %s"):format(name, OWN_HEADERS[lower(name)])
    elseif type(value) ~= "string" or value == "" or value:find "[%z\1-\31\127]" then
      return ("has '%s', which must be a string without control characters, and not empty"):format(name)
    end
  end
end

local STORE = { "read", "write", "lock", "unlock" }

-- A name of a file is what people try first. What looks like an address may hold a password.
local function to_store(value)
  if type(value) ~= "string" then return value end
  local path = value:find "[:@]" and "PATH" or value:gsub("[%z\1-\31\127]", "?"):sub(1, 100)
  return value, ("must be a store, such as salon.store.file \"%s\", got a string"):format(path)
end

local function store_fault(value)
  for _, name in ipairs(STORE) do
    if type(value[name]) ~= "function" then
      return ("must be one of salon.store, or have the functions %s; '%s' is none"):format(
        table.concat(STORE, ", "), name)
    end
  end
end

-- The options that both backends know: what is allowed here, what they mean below.
-- Those for the transfer are read by src/lua/client.c; where none is given, what
-- src/io/config.c says holds. of_program: no environment knows better (salon.environment).
options.CLIENT = {
  url = { "string" },
  timeout = { "number", above = 0, default = 30,
    says = "seconds for a whole call: 30; a page of `each` counts as a call" },
  connect_timeout = { "number", above = 0,
    says = "seconds for name look-up, connection and TLS together: 10" },
  silence_timeout = { "number", above = 0, says = "seconds without a byte of the response: none" },
  max_tries = { "number", integer = true, min = 1, max = 100,
    says = "how often one request may be sent: 4; 1: no retries" },
  retry_after_cap = { "number", min = 0, says = "longest `Retry-After` that is waited for: 30 s" },
  max_body = { "number", integer = true, min = 1, says = "bytes of a response, unpacked: 16 MiB" },
  max_per_origin = { "number", integer = true, min = 1,
    says = "requests at a time to one server: 256" },
  max_rate = { "number", above = 0, says = "requests per second to one server: none" },
  http_version = { "string", one_of = { "auto", "1.1", "2" } },
  ca_file = pem("CERTIFICATE", "PEM file of the certificate authorities to trust: the system's"),
  ca_path = { "string", bytes = true, says = "folder of such files, named by OpenSSL's `rehash`" },
  client_cert = pem("CERTIFICATE", "PEM file of the certificate by which the server knows this client"),
  client_key = pem("PRIVATE KEY", "PEM file of its key: in client_cert"),
  client_key_password = { "string", "secret", bytes = true },
  headers = { "table", check = headers_fault, luals = "table<string, string>",
    says = "are sent with every request, to the login service too" },
  proxy = { "string", empty = true, check = no_blanks,
    says = '"": none; default: the environment\'s' },
  no_proxy = { "string", empty = true, check = no_blanks,
    says = "hosts that need no proxy; default: the environment's" },
  allow_insecure = { "boolean", says = "allows http:// to other machines" },
  user_agent = { "string", check = header_fault, default = "salon/" .. version },
  on_event = { "function", luals = "fun(event: salon.LogEvent)",
    says = "is told of attempts, retries, logins and finished calls; salon.log makes such functions" },
  host = { "string", one_of = { "plain", "nginx" }, of_program = true,
    says = "how to wait; default: found at each call" },
  store = { "table", convert = to_store, check = store_fault, luals = "salon.Store",
    says = "where logins are kept, a salon.store: in the client alone" },
  store_failures = { "string", one_of = { "report", "ignore" },
    says = "the store fails: an error of kind `store`, or go on with the login in memory" },
}

---Several tables as one; of two equal names the later counts.
---@param ... table
---@return table
function options.merge(...)
  local all = {}
  for i = 1, select("#", ...) do
    for name, want in pairs((select(i, ...))) do all[name] = want end
  end
  return all
end

---Checks and cleans the URLs among a client's options, in place.
---@param fname string
---@param given table  checked options
---@param names string[]
function options.urls(fname, given, names)
  for _, name in ipairs(names) do
    if given[name] ~= nil then
      local message, clean = options.url_fault(given[name], given.allow_insecure)
      if message then fail(3, "%s: option '%s' %s", fname, name, message) end
      given[name] = clean
    end
  end
end

---The text behind a secret option; functions are asked each time.
---@param value string|salon.Secret|function
---@param want? table  what is allowed, as in a spec
---@return string? text
---@return string? message
function options.reveal(value, want)
  local message
  if type(value) == "function" then
    value, message = value()
  end
  if core.is_secret(value) then value = value:reveal() end
  if type(value) == "string" and value ~= "" then
    message = want and want.check(value)
    if message then return nil, message end
    return value
  end
  return nil, message ~= nil and tostring(message) or "the function returned no text"
end

---What to say of an environment variable. nginx hides those that it is not told to keep.
---@param name string
---@return string
function options.not_set(name)
  return name .. " is not set" .. (rawget(_G, "ngx") and (": name it in nginx.conf: `env %s;`"):format(name) or "")
end

---Strings become secrets, so that no dump of a table shows them.
---@param value string|salon.Secret|function|nil
function options.hide(value)
  if type(value) == "string" then return core.secret(value) end
  return value
end

return options
