-- Faults of servers and networks: each row is a fault, where it comes from, and what
-- a call with a deadline of two seconds must return. The expectations follow from the
-- documentation, not from what salon returned. fault_matrix_spec.lua starts the
-- servers, fault_calls.lua makes the calls.

local JSON = "Content-Type: application/json\r\n"

local faults = { DEADLINE = 2, TRIES = 2, MAX_BODY = 1000000 }

-- A list without entries, and what each page of the long walk has.
faults.PAGE = '{"count":0,"next":null,"results":[]}'
faults.PAGES, faults.PER_PAGE, faults.BAD_PAGE = 90, 10, 40

local function response(status, headers, body)
  return ("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s"):format(status, headers, #body, body)
end
faults.GOOD = response("200 OK", JSON, faults.PAGE)

-- An expectation: kind, attempts, status, outcome, retryable.
local function expect(kind, attempts, status, outcome, retryable)
  return { kind = kind, attempts = attempts, status = status, outcome = outcome, retryable = retryable }
end

-- Reads are repeated and may be repeated by the caller; a creation that has left
-- may be neither, whatever became of it.
local function both(kind, attempts, status, outcome)
  return { get = expect(kind, attempts, status, outcome, true),
    post = expect(kind, 1, status, outcome, false) }
end
local function alike(...) return { get = expect(...), post = expect(...) } end

local BROKE = both("network", 2, nil, "unknown")
local BROKE_WITHIN = both("network", 2, 200, "done")
local SILENT = both("timeout", 1, nil, "unknown")     -- one try took all the time
local SILENT_WITHIN = both("timeout", 1, 200, "done")
local NONSENSE = alike("decode", 1, 200, "done", false)
local TOO_MUCH = alike("limit", 1, 200, "done", false)
local NOT_TRUSTED = alike("tls", 1, nil, "unsent", false)
local NOT_REACHED = alike("network", 2, nil, "unsent", true)    -- nothing was sent: even a creation is repeated
local NOT_CONNECTED = alike("timeout", 1, nil, "unsent", true)
local BUSY = both("http", 2, 503, "done")
local BUSY_LONG = both("http", 1, 503, "done")                  -- too long to wait for
local TOO_MANY = alike("http", 1, 429, "done", true)              -- nothing was done
local BROKEN = { get = expect("http", 2, 500, "done", true), post = expect("http", 1, 500, "done", false) }

-- { what the server does, where from, how, expected }
--   raw      bytes and what follows, over HTTP/1.1; "each byte": see fault_calls.lua
--   h2       what follows, over HTTP/2 with TLS
--   sandbox  a fault of the sandbox, over OpenTalk
--   https    an address of an nginx with a bad certificate, or of none at all
--   address  another address, set up for this row alone
--   walk     a list of many pages, one of which is bad
faults.LIST = {
  -- those that take the whole deadline come first: they wait side by side
  { "falls silent", "raw", { "", "hang" }, SILENT },
  { "falls silent within the header", "raw", { "HTTP/1.1 200 OK\r\nConte", "hang" }, SILENT_WITHIN },
  { "falls silent within the body", "raw",
    { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "hang" }, SILENT_WITHIN },
  { "sends one byte a second", "raw", { response("200 OK", JSON, "{}"), "trickle" }, SILENT },
  { "falls silent over HTTP/2", "h2", "hang", SILENT },
  { "completes no connection", "address", "black hole", NOT_CONNECTED },
  { "has a name that takes for ever to resolve", "address", "hanging name", NOT_CONNECTED },
  { "never finishes its handshake", "https", "silent", NOT_CONNECTED },
  { "responds too late", "sandbox", { kind = "latency", seconds = 3 }, SILENT },
  { "sends its body too slowly", "sandbox", { kind = "slow", seconds = 5 }, SILENT_WITHIN },
  { "completes no connection for half a second", "address", "black hole, quickly",
    alike("timeout", 2, nil, "unsent", true) },

  { "cuts its response at every byte", "raw", "each byte" },
  { "closes without a response", "raw", { "", "close" }, BROKE },
  { "resets the connection", "raw", { "", "reset" }, BROKE },
  { "cuts its response short", "raw",
    { "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"a\"", "close" }, BROKE_WITHIN },
  { "resets within its response", "raw",
    { "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"a\"", "reset" }, BROKE_WITHIN },
  { "speaks no HTTP", "raw", { "220 smtp ready\r\n", "close" }, BROKE },
  { "sends invalid chunks", "raw",
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "close" }, BROKE_WITHIN },
  { "sends invalid gzip", "raw",
    { response("200 OK", JSON .. "Content-Encoding: gzip\r\n", "abc") }, NONSENSE },
  { "sends too much", "raw", { response("200 OK", JSON, '"' .. ("x"):rep(2000000) .. '"') }, TOO_MUCH },
  { "sends a web page", "raw",
    { response("200 OK", "Content-Type: text/html\r\n", "<!DOCTYPE html><title>Hi</title>") }, NONSENSE },
  { "sends an empty body", "raw", { response("200 OK", JSON, "") }, NONSENSE },
  { "sends broken JSON", "raw", { response("200 OK", JSON, '{"results": [{"id": ') }, NONSENSE },
  { "nests too deeply", "raw",
    { response("200 OK", JSON, ('{"a":'):rep(3000) .. "1" .. ("}"):rep(3000)) }, TOO_MUCH },
  { "redirects", "raw", { response("302 Found", "Location: /elsewhere\r\n", "") },
    alike("http", 1, 302, "done", false) },
  { "says 404", "raw", { response("404 Not Found", JSON, '{"detail":"Not found."}') },
    alike("http", 1, 404, "done", false) },
  { "says 503", "raw", { response("503 Busy", "", "") }, BUSY },
  { "says 429 with a Retry-After of an hour", "raw",
    { response("429 Slow down", "Retry-After: 3600\r\n", "") }, TOO_MANY },
  { "says 503 with a Retry-After of an hour", "raw", { response("503 Busy", "Retry-After: 3600\r\n", "") }, BUSY_LONG },

  { "goes away over HTTP/2", "h2", "goaway", BROKE },
  { "refuses the stream over HTTP/2", "h2", "refuse", BROKE },
  { "breaks the stream over HTTP/2", "h2", "break", BROKE },
  { "resets the connection over HTTP/2", "h2", "reset", BROKE },

  { "says 429 with a date in an hour", "sandbox", { kind = "429", in_date = 3600 }, TOO_MANY },
  { "says 503 with a date in an hour", "sandbox", { kind = "503", in_date = 3600 }, BUSY_LONG },
  { "says 503 with a Retry-After that is not a time", "sandbox", { kind = "503", retry_after = "soon" }, BUSY },
  { "has a proxy that says 502", "sandbox", { kind = "502" }, both("http", 2, 502, "done") },
  { "says 500 after the work", "sandbox", { kind = "500" }, BROKEN },
  { "is cut off before the work", "sandbox", { kind = "cut" }, BROKE },
  { "is cut off after the work", "sandbox", { kind = "cut", worked = true }, BROKE },
  { "is cut off within the body", "sandbox", { kind = "cut", at = 20 }, BROKE_WITHIN },
  { "is reset before the work", "sandbox", { kind = "reset" }, BROKE },
  { "is reset after the work", "sandbox", { kind = "reset", worked = true }, BROKE },
  { "names more bytes than it sends", "sandbox", { kind = "length", by = 50 }, BROKE_WITHIN },
  { "sends garbage", "sandbox", { kind = "garbage" }, NONSENSE },
  { "sends random bytes", "sandbox", { kind = "noise" }, BROKE },
  { "sends gzip that unpacks to too much", "sandbox", { kind = "bomb" }, TOO_MUCH },
  { "sends a header of 10 MB", "sandbox", { kind = "header" }, TOO_MUCH },

  { "has a certificate for another name", "https", "other", NOT_TRUSTED },
  { "has an expired certificate", "https", "expired", NOT_TRUSTED },
  { "has signed its certificate itself", "https", "own", NOT_TRUSTED },
  { "speaks plain HTTP where TLS is expected", "https", "plain",
    alike("tls", 1, nil, "unsent", false) },
  { "refuses the connection", "address", "no server", NOT_REACHED },
  { "has a name that does not exist", "address", "no name", NOT_REACHED },

  { "fails at page 40 of 90", "walk", "fails", { get = BROKEN.get } },
  { "dies at page 40 of 90", "walk", "dies", { get = BROKE.get } },
}

return faults
