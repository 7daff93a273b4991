-- What to do about an error: the first row of a backend's table whose conditions
-- all hold. A row is the sentence and its conditions:
--   status, code, method   equal
--   text                   stands in message or a code, whatever the case
--   path                   Lua pattern on the URL without query
--   lacks                  does not stand in the URL
--   fields                 there are (or are not) err.fields
--   shape                  of the body: "html", "empty", "text", "object", "array"

local json = require "salon.internal.json"
local lower = require "salon.internal.lower"

local hints = {
  GIVEN_AGAIN = "the function of option 'token' gave the refused token again",
  urls = setmetatable({}, { __mode = "k" }),  -- error -> URL with what err.url does not show
}

local function fits(row, err, shape, words)
  local url = hints.urls[err] or err.url
  return (row.status == nil or row.status == err.status)
    and (row.code == nil or row.code == err.code)
    and (row.method == nil or row.method == err.method)
    and (row.fields == nil or row.fields == (err.fields ~= nil))
    and (row.shape == nil or row.shape == shape)
    and (row.text == nil or words:find(row.text, 1, true) ~= nil)
    and (row.path == nil or url ~= nil and url:find(row.path) ~= nil)
    and (row.lacks == nil or url ~= nil and not url:find(row.lacks, 1, true))
end

-- Of whichever server.
local GENERAL = {
  { "this port wants TLS: write https:// in the address", status = 400,
    text = "plain http request was sent to https port" },
  { "the server wants to know this client: set 'client_cert' and 'client_key'", status = 400,
    text = "no required ssl certificate was sent" },
  { "the server does not accept the certificate of 'client_cert'", status = 400,
    text = "the ssl certificate error" },
}

local function first(rows, err)
  local shape = json.shape(err.body or "")
  local words = { err.message, err.code }
  for _, field in ipairs(err.fields or {}) do words[#words + 1] = field.code end
  words = lower(table.concat(words, " "))
  for _, row in ipairs(rows) do
    if fits(row, err, shape, words) then return row[1] end
  end
end

---A hint that holds for whichever server.
---@param err salon.Error  from a response
---@return string? sentence
function hints.general(err)
  return first(GENERAL, err)
end

---@param rows table[]
---@param err salon.Error  from a response
---@return string? sentence
function hints.find(rows, err)
  return hints.general(err) or first(rows, err)
end

return hints
