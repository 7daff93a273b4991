---@meta salon.core

-- The C module below salon's Lua layer, in LuaLS annotations. It is internal:
-- programs use `require "salon"`.

-- One exchange under way, and the mailbox of finished ones ------------------------

---@class salon.Request: userdata
local Request = {}

---@return boolean
function Request:done() end

function Request:cancel() end

---Cancels it if it is under way, and frees what came of it.
function Request:close() end

---Blocks; may return early, on a signal for instance.
---@param seconds number
---@return boolean done
function Request:wait(seconds) end

---@return integer
function Request:id() end

---For hosts that take from the mailbox.
---@return integer? id  which the mailbox will tell; nil once it is done
---@return number? seconds  until its time is up
function Request:pending() end

---@return integer? status
---@return string|table body_or_info
---@return integer? attempts
---@return string? request_id  what the response's header says of it
---@return string? date
---@return boolean? retryable  may the same call be made again safely? In `info` as well
---@return integer? retry_after  seconds the server asks to wait
function Request:result() end

---@return { began: number, ended: number, status: integer? }[]  of a client with `on_event`
function Request:tries() end

---@param name string
---@return string?  values joined with ", "
function Request:header(name) end

---@return string
function Request:method() end

---@return string  without query
function Request:url() end

---A name that one holder has at a time.
---@class salon.Claim: userdata
local Claim = {}

---Idempotent.
function Claim:release() end

---What has finished in this Lua state, of what `request:pending` asked for.
---@class salon.Mailbox: userdata
local Mailbox = {}

---@return string? path  of a Unix socket
---@return string? message
function Mailbox:listen() end

---@return true? ok
---@return string? message
function Mailbox:accept() end

---@return integer? id  of a finished request
function Mailbox:take() end

---@return boolean  true: the next finish writes a byte
function Mailbox:arm() end

---@return integer
function Mailbox:in_flight() end

---Blocks until there is something to take; may return early, on a signal for instance.
---@param seconds number
---@return boolean  something is there
function Mailbox:wait(seconds) end

-- The module -------------------------------------------------------------------------

---@class salon.core
---@field null lightuserdata  JSON null; equals cjson.null and ngx.null
---@field array_mt table  metatable that marks a table as a JSON list
local core = {}

---Seconds on the clock of all deadlines; it goes on while the machine sleeps.
---@return number
function core.now() end

---Blocks, at most until a signal comes.
---@param seconds number
function core.sleep(seconds) end

---@return integer
function core.pid() end

---Is there such a process on this machine?
---@param pid integer
---@return boolean
function core.runs(pid) end

---Writes what is left of the standard output. Has all of it been written?
---@return boolean
function core.printed() end

---Stops and joins the I/O thread; it starts again on next use.
function core.engine_stop() end

---@return { version: string, ssl: string, features: string[], http2: boolean }
function core.curl() end

---JSON text, the same bytes everywhere: keys sorted, numbers as short as they can be.
---@param value any
---@return string
function core.encode(value) end

---What lua-cjson decodes, made the same on its two builds: null is nil (and written
---again by `encode`), lists keep their mark, whole numbers are integers; a BOM and
---what is no character do no harm. Raises what is wrong with the text.
---@param text string
---@param decode fun(text: string): any  lua-cjson's
---@param refresh? fun(): function  gives the decode to use where the text may hold numbers
---@return any
function core.decode(text, decode, refresh) end

---@param list table[]
---@param key string
---@return any[]? ids  list[i][key]; nil: an item of the list is no table
---@return integer? odd  index of the first that `core.url_plain` refuses
function core.ids(list, key) end

---@param base string
---@param parts (string|integer)[]
---@param query? any[]  flat: name, value, name, value …
---@return string? url
---@return string? message
function core.url(base, parts, query) end

---@param url string
---@return { scheme: "http"|"https", origin: string, path: string, loopback: boolean }?
---@return string? message
function core.url_parse(url) end

---One segment of a path as it stands: letters, digits, "_" and "-" only.
---@param value any
---@return boolean
function core.url_plain(value) end

---@param url string
---@param name string
---@return string?  of the last parameter of that name, decoded
function core.query_param(url, name) end

---@param header string?
---@return table<string, string>  relation -> target
function core.link(header) end

---@param pairs any[]  flat: name, value, name, value …
---@return string  application/x-www-form-urlencoded
function core.form(pairs) end

---A name that one holder on this machine has at a time, across processes; Linux only,
---elsewhere everybody gets it.
---@param name string
---@return salon.Claim?  nil: somebody else has it
function core.claim(name) end

---A name that one holder has at a time, among those who can open a file: a lock on a byte
---of it. Makes the file.
---@param path string
---@param name string
---@return salon.Claim?  nil: somebody else has it
---@return string? message  the file cannot be opened
function core.claim_in(path, name) end

---Is this a plain file, no link, that nobody but its owner, who we are, can read or write?
---@param path string
---@return true?  nil: there is none
---@return string? message
function core.check_private(path) end

---Replaces such a file as a whole, or makes it.
---@param path string
---@param text string
---@return true?
---@return string? message
function core.write_private(path, text) end

---@param text string
---@return salon.Secret
function core.secret(text) end

---@param fields { access: string, refresh?: string, expires_in?: number, lifetime?: number,
---  scope?: string, id_token?: string, response?: salon.Response }
---@return salon.Token
function core.token(fields) end

---@param value any
---@return boolean
function core.is_secret(value) end

---@param class { name: string, backend: string, methods: table, getters: table<string, string|function> }
---@param raw table
---@param service salon.Service
---@param response salon.Response
---@return salon.Record
function core.record(class, raw, service, response) end

---A record for each object of a list.
---@param class { name: string, backend: string, methods: table, getters: table<string, string|function> }
---@param list table[]
---@param service salon.Service
---@param response salon.Response
---@return salon.Record[]
function core.records(class, list, service, response) end

---@param record salon.Record
---@return table
function core.raw(record) end

---@param record salon.Record
---@return salon.Service  that made it
function core.service_of(record) end

---@param config table
---@param like? salon.Client  whose configuration is shared, instead of what `config` says
---@return salon.Client
function core.client(config, like) end

---@param client salon.Client
---@return table  what `client.name` reads first
function core.services(client) end

---Headers that many requests share, with what every request sends added.
---@param client salon.Client
---@param lines string[]  "Name: value"
---@return userdata  for core.request
function core.headers(client, lines) end

---@param client salon.Client
---@param spec salon.Call
---@param base? string  what spec.parts are below; without it spec.url is sent to
---@param headers? userdata|string[]  of core.headers, or for it
---@param token? salon.Token
---@return salon.Request? request
---@return string? message  the system lacks a descriptor or a thread
function core.request(client, spec, base, headers, token) end

-- Bodies that stream ----------------------------------------------------------------

---Open until it is closed and no request goes on with it.
---@class salon.File: userdata
local File = {}

---At any time.
---@return integer done  bytes
---@return integer? total
function File:progress() end

---What has been written takes this name.
---@param path string
---@return true? kept
---@return string? message
function File:keep(path) end

---Removes what has been written.
function File:discard() end

function File:close() end

---@param bytes string
---@return salon.File
function core.bytes_to_send(bytes) end

---@param path string
---@return salon.File? file
---@return string? message
function core.file_to_send(path) end

---@param path string  where it is to be at the end
---@param partial string  what is written to, beside it; locked meanwhile
---@param goes_on? boolean  from its end
---@return salon.File? file
---@return string? message
---@return true? is_locked  somebody else writes to it
function core.file_to_write(path, partial, goes_on) end

---@return salon.Mailbox  of this Lua state
function core.mailbox() end

return core
