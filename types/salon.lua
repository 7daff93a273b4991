---@meta salon

-- What `require "salon"` gives, in LuaLS annotations: editors read this file, nothing runs
-- it. What belongs to one API is in opentalk.lua and meet.lua, made by `make docs`.

-- Shared shapes ----------------------------------------------------------------

---JSON null: `salon.null`. What the server sends as null reads as nil.
---@class salon.Null: lightuserdata

---Details of the exchange behind a record, a page or a Token.
---@class salon.Response
---@field status integer
---@field request_id? string
---@field date? string
---@field attempts integer

---@class salon.FieldError
---@field field? string
---@field code? string
---@field message? string

---@alias salon.ErrorKind "network"|"tls"|"timeout"|"cancelled"|"http"|"auth"|"decode"|"limit"|"unsupported"|"phase"|"store"|"file"

---What comes in place of a result, or is raised by `each` and `salon.check`.
---@class salon.Error
---@field kind salon.ErrorKind
---@field message string
---@field status? integer  whenever a response came
---@field code? string  the server's own code, unchanged
---@field fields? salon.FieldError[]
---@field retryable boolean  may the same call be made again safely?
---@field attempts integer  how many times it was sent
---@field outcome "unsent"|"unknown"|"done"
---@field hint? string  what to do about it
---@field method? string
---@field url? string  without query
---@field request_id? string
---@field body? string  first 2 KiB of the response, secrets struck out; of a success only a web page
---@field made? salon.Record  what the server made all the same, without all that was asked for
---@field retry_after? number  seconds the server asks to wait
---@field resume? table  of a walk that broke: the options with which `each` or `pages` goes on
---@operator concat(any): string

---What a client's `on_event` is told.
---@class salon.LogEvent
---@field name "attempt"|"retry"|"login"|"renewal"|"done"|"store"  store: it failed, and
---  `store_failures = "ignore"` went on
---@field method? string
---@field url? string  without query
---@field attempt? integer  its number: of an attempt, or of the one that a retry leads to
---@field status? integer  whenever a response came
---@field duration? number  seconds: of an attempt, a login, a whole call; of a retry the pause
---@field attempts? integer  of a call that is done: how often it was sent
---@field bytes? integer  of the body
---@field request_id? string  of a call that is done: the response's X-Request-Id
---@field sent_request_id? string  the request's X-Request-Id: of an attempt, and of a call's last request
---@field error? salon.Error
---@field client? string  of a login or renewal: the address that the client was given
---@field user? string  of a login or renewal, where the options name one
---@field inner? boolean  of a finished call: it belongs to a login or to discovery

---`salon.log`: functions for `on_event`. The level is the least that is written, "info" by
---default: "debug" tells each attempt as well.
---@class salon.Log
---@field stderr fun(level?: "debug"|"info"|"error"): fun(event: salon.LogEvent)
---@field ngx fun(level?: "debug"|"info"|"error"): fun(event: salon.LogEvent)
---@field write fun(fn: fun(line: string, level: string), level?: "debug"|"info"|"error"): fun(event: salon.LogEvent)

---What option `store` takes: one of salon.store, or a table of one's own with these
---functions (doc/sessions.md). Where one cannot do it: nil and a message.
---@class salon.Store
---@field name? string  for messages
---@field read fun(key: string): string?, any, string?  blob and version; nil: nothing there
---@field write fun(key: string, blob: string, ttl: number, version: any): boolean?, string?, string?
---  true: it is kept; false: it is not the version read any more
---@field lock fun(key: string, ttl: number): any, string?, string?  fence; nil or false: somebody else has it
---@field unlock fun(key: string, fence: any)

---@class salon.RedisOptions
---@field host? string  127.0.0.1
---@field port? integer  6379
---@field username? string
---@field password? string|salon.Secret|fun():string
---@field database? integer
---@field prefix? string  of the keys: "salon:"
---@field timeout? number  seconds for each step: 2

---@class salon.Stores
---@field memory fun(): salon.Store
---@field file fun(path: string): salon.Store
---@field shdict fun(name: string): salon.Store
---@field redis fun(options?: salon.RedisOptions): salon.Store

---One page of a list: page[1], page[2] … and #page.
---@class salon.Page
---@field total? integer  Meet only
---@field response salon.Response

---Everything of a list: called, it returns the next entry, or nil at the end. Close it when
---you leave early.
---@class salon.Walk
local Walk = {}

---Cancels what is in flight. May be called twice.
function Walk:close() end

---What `client:pages` returns: the decoded entries.
---@class salon.AnyWalk: salon.Walk
---@overload fun(): any

-- Secrets and tokens -----------------------------------------------------------

---Bytes that are overwritten on release and never printed: "salon.Secret(***)".
---@class salon.Secret: userdata
local Secret = {}

---@return string
function Secret:reveal() end

---An access token with what belongs to it: "salon.Token(expires in 3541 s)".
---@class salon.Token: userdata
---@field scopes string[]  granted
---@field response? salon.Response
local Token = {}

---Seconds until it expires, negative afterwards; nil if unknown.
---@return number?
function Token:expires_in() end

---Seconds it was issued for; nil if unknown.
---@return number?
function Token:lifetime() end

---@return string  the access token
function Token:reveal() end

---@return string?
function Token:reveal_refresh() end

---@return string?
function Token:reveal_id() end

-- Clients ----------------------------------------------------------------------

---@class salon.AnyCall: table<"json"|"query"|"raw"|"timeout"|"user", any>
---@field json? table  body; `salon.array {}` is an empty list
---@field query? table<string, string|number|boolean>
---@field raw? boolean  hands over the body as it came
---@field timeout? number  seconds for the whole call
---@field user? string  Meet: for whom to act

---@class salon.AnyPages: table<"items"|"prefetch"|"query"|"timeout"|"user", any>
---@field items? string  the member that holds the list, where the response is an object
---@field prefetch? integer  0 to 64 pages under way while you work on one: 4 where the response
---  tells how many there are, otherwise 1 (which is then the most there can be)
---@field query? table<string, string|number|boolean>
---@field timeout? number  seconds per page
---@field user? string  Meet: for whom to act

---@class salon.Client: userdata
local Client = {}

---Any request, with the client's login, retries, time limit and errors.
---@param method "GET"|"HEAD"|"POST"|"PUT"|"PATCH"|"DELETE"|"OPTIONS"
---@param path string  OpenTalk: as on the controller, "/v1/users/me"; Meet: "/rooms/"
---@param opts? salon.AnyCall
---@return any data  decoded; true without a body; the text where it is not JSON
---@return salon.Response|salon.Error response_or_err
function Client:call(method, path, opts) end

---Walks any list of either API, page by page. Raises the error that `call` would return.
---@param path string
---@param opts? salon.AnyPages
---@return salon.AnyWalk
function Client:pages(path, opts) end

---What is known of the server. The first call may ask it for its version.
---@param opts? { timeout?: number }
---@return { version: string?, lacking: string[] }? about  version: nil where it does not tell;
---  lacking: operations that it turned out not to have
---@return salon.Error? err
---@return_overload { version: string?, lacking: string[] }
---@return_overload nil, salon.Error
function Client:server(opts) end

---Ends the client: no call begins any more. May be called twice.
function Client:close() end

---@return boolean
function Client:closed() end

---@class salon.opentalk.Client: salon.Client
local OpenTalk = {}

---The token in use, after a login if one is needed.
---@param opts? salon.opentalk.CallOptions
---@return salon.Token? token
---@return salon.Error? err
---@return_overload salon.Token
---@return_overload nil, salon.Error
function OpenTalk:token(opts) end

---Does the server have this operation? By what is known of it, without a request.
---@param name salon.opentalk.Operation|salon.meet.Operation
---@return boolean
function OpenTalk:supports(name) end

---Who is logged in, for how long, and with which scopes. Logs in if need be.
---@param opts? salon.opentalk.CallOptions
---@return salon.Identity? identity
---@return salon.Error? err
---@return_overload salon.Identity
---@return_overload nil, salon.Error
function OpenTalk:whoami(opts) end

---Ends the session at the login service and forgets its tokens. They are forgotten whatever
---comes back: an error says that the session may live on there. The next call logs in anew;
---with a token, refresh token or one-time code that was given as a text it fails.
---@param opts? salon.opentalk.CallOptions
---@return true? done
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function OpenTalk:logout(opts) end

---What the function of option `device` is given.
---@class salon.opentalk.DevicePrompt
---@field verification_uri string  page that asks for the code
---@field verification_uri_complete? string  the same with the code in it
---@field user_code string
---@field expires_in number  seconds

---@class salon.Identity
---@field backend "opentalk"|"meet"
---@field email? string  nil: Meet does not tell whose a token from outside is
---@field id? string  OpenTalk: the controller's own
---@field display_name? string  OpenTalk
---@field expires_in? number  seconds that the access token has left; nil if unknown
---@field scopes string[]  granted

---@class salon.meet.Client: salon.Client
---@field events salon.Unsupported  every method returns `err.kind == "unsupported"`
local Meet = {}

---The token in use for a user, after a login if one is needed.
---@param opts? salon.meet.CallOptions
---@return salon.Token? token
---@return salon.Error? err
---@return_overload salon.Token
---@return_overload nil, salon.Error
function Meet:token(opts) end

---Who is logged in, for how long, and with which scopes. Asks for a token if need be.
---@param opts? salon.meet.CallOptions
---@return salon.Identity? identity
---@return salon.Error? err
---@return_overload salon.Identity
---@return_overload nil, salon.Error
function Meet:whoami(opts) end

---Forgets the user's token; the server has no way to end it earlier.
---@param opts? salon.meet.CallOptions
---@return true? done
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Meet:logout(opts) end

---A client for another user. It shares connections, configuration and logins with this one,
---and ends with it; closing it ends nothing but itself.
---@param user string  e-mail address
---@return salon.meet.Client
function Meet:as(user) end

---Does the server have this operation? By what is known of it, without a request.
---@param name salon.meet.Operation|salon.opentalk.Operation
---@return boolean
function Meet:supports(name) end

---What a system does not have: all methods return an error of kind
---"unsupported", `each` raises it.
---@class salon.Unsupported
---@field list fun(self: salon.Unsupported, ...: any): nil, salon.Error
---@field each fun(self: salon.Unsupported, ...: any)
---@field get fun(self: salon.Unsupported, ...: any): nil, salon.Error
---@field create fun(self: salon.Unsupported, ...: any): nil, salon.Error
---@field update fun(self: salon.Unsupported, ...: any): nil, salon.Error
---@field delete fun(self: salon.Unsupported, ...: any): nil, salon.Error
---@field [string] fun(self: salon.Unsupported, ...: any): nil, salon.Error

-- Records: read-only views on what the server sent -------------------------------

---All fields of the API under their own names, and those that salon adds.
---@class salon.Record: userdata
---@field raw table  the decoded object; JSON null reads as nil
---@field backend "opentalk"|"meet"
---@field response salon.Response
local Record = {}

---A deep copy, for JSON encoders.
---@return table
function Record:totable() end

---@class salon.DialIn
---@field tel? string
---@field uri? string
---@field id? string  OpenTalk
---@field pin? string  leading zeros count

---@class salon.opentalk.Moment: table<"datetime"|"timezone", any>
---@field datetime string  RFC 3339
---@field timezone string  IANA name: Europe/Berlin

---Seconds until people are asked for the first time, and between two times.
---@class salon.opentalk.TrainingReport: table<"initial_checkpoint_delay"|"checkpoint_interval", any>
---@field initial_checkpoint_delay { after: integer, within: integer }
---@field checkpoint_interval { after: integer, within: integer }

---The local time of a zone: { "2027-01-18 09:00", "Europe/Berlin" }, or of a day alone
---{ "2027-01-18", "Europe/Berlin" }.
---@alias salon.LocalTime { [1]: string, [2]: string }

---Whatever says when: RFC 3339, seconds since 1970, a local time, or what salon.time returns.
---@alias salon.Time string|number|salon.LocalTime|salon.opentalk.Moment

---@class salon.meet.Configuration: table<"can_publish_sources"|"everyone_can_mute", any>
---@field can_publish_sources? ("camera"|"microphone"|"screen_share"|"screen_share_audio")[]|salon.Null
---@field everyone_can_mute? boolean

-- Times --------------------------------------------------------------------------

---`salon.time`: what says when, in time zones of this machine. What is wrong raises.
---@class salon.TimeModule
local Time = {}

---Reads RFC 3339.
---@param text string  "2027-01-18T09:00:00.5+01:00"
---@return number? seconds  since 1970, with a fraction if there is one; nil: it is no such time
---@return integer? offset  from UTC, in seconds
function Time.parse(text) end

---Writes RFC 3339, to the second.
---@param value salon.Time
---@param zone? string  "Europe/Berlin": with the offset that it has then; else in UTC
---@return string
function Time.rfc3339(value, zone) end

---The local time, "2027-01-18 09:00", with seconds where they are not 0.
---@param value salon.Time
---@param zone? string  its own, else UTC
---@return string
function Time.text(value, zone) end

---What the API wants.
---@param value salon.Time
---@param zone? string  its own, else UTC
---@return salon.opentalk.Moment
function Time.moment(value, zone) end

---Now, by this machine's clock.
---@param zone? string  UTC
---@return salon.opentalk.Moment
function Time.now(zone) end

---The beginning of today, by this machine's clock.
---@param zone? string  UTC
---@return salon.opentalk.Moment
function Time.today(zone) end

---The beginning of this week's Monday, and that of the next.
---@param zone? string  UTC
---@return salon.opentalk.Moment monday
---@return salon.opentalk.Moment next_monday
function Time.week(zone) end

---Later, or earlier with negative amounts. Days and weeks are those of the calendar: the time
---of day stays where the clocks change meanwhile.
---@param value salon.Time
---@param amounts { weeks?: integer, days?: integer, hours?: number, minutes?: number, seconds?: number }
---@return salon.opentalk.Moment
function Time.add(value, amounts) end

-- The module ---------------------------------------------------------------------

---@class salon.Map
---@overload fun(): any, any, salon.Error?
local Map = {}

---Cancels the calls under way and begins no more. May be called twice.
function Map:close() end

---@class salon.Scope
local Scope = {}

---Calls `fn(...)`, returns what it returns and raises what it raises. Every call inside ends
---with the scope at the latest. In nginx a handler that replaces `ngx.ctx` leaves its scopes.
---@param fn function
---@param ... any
---@return any ...
function Scope:run(fn, ...) end

---Ends what is under way inside: `err.kind == "cancelled"`.
function Scope:cancel() end

---Cancels what is left; `run` raises from now on. May be called twice.
function Scope:close() end

---Seconds that are left; nil without a timeout.
---@return number?
function Scope:expires_in() end

---@class salon
---@field null salon.Null  sends a JSON null; the same as cjson.null and ngx.null
---@field log salon.Log
---@field store salon.Stores
---@field time salon.TimeModule
local salon = {}

---A client for an OpenTalk server. Nothing is sent before the first call.
---@param options salon.opentalk.Options
---@return salon.opentalk.Client
function salon.opentalk(options) end

---A client for a Meet server. Nothing is sent before the first call.
---@param options salon.meet.Options
---@return salon.meet.Client
function salon.meet(options) end

---A client's options that are texts, out of the environment: OPENTALK_URL is `url`,
---OPENTALK_CLIENT_ID `client_id`, OPENTALK_USERNAME `username`, OPENTALK_PASSWORD `password`, and
---so on; with "MEET" MEET_URL, MEET_CLIENT_ID, MEET_CLIENT_SECRET, MEET_USER and so on. What is
---not set, or empty, is left out. Without the URL a text is raised for whoever runs the script,
---"OPENTALK_URL is not set", and by the client where it needs more. The table is yours: add to it.
---Secrets in it are Secrets.
---
---nginx hides variables from its workers unless `env OPENTALK_URL;` and so on in the main part of
---nginx.conf names them.
---@param prefix string  "OPENTALK", "MEET"; for one server more "OPENTALK_TEST" or the like
---@return salon.opentalk.Options
---@overload fun(prefix: "MEET"): salon.meet.Options
function salon.environment(prefix) end

---The value, or the error raised readably: `salon.check(ot.rooms:get(id))`.
---`false` without an error is a value; nothing at all, as where `find` found nothing, raises.
---@generic T
---@param value T
---@param err? any
---@return std.NotNull<T>
---@overload fun<T>(value?: T, err: any, ...: any): T
function salon.check(value, err) end

---The error object of what `pcall` caught, on every Lua; nil for other errors.
---@param e any
---@return salon.Error?
function salon.caught(e) end

---Runs `fn` as the main part of a script. What it raises becomes one message on the standard
---error, "NAME: …", and status 1: a failure of salon, a text of yours (`error("no such room", 0)`),
---Ctrl-C; a mistake in the program keeps its file and line. So does output that cannot be written,
---to a full disk for instance, and so does `nil, err` that `fn` returns. A number that it returns is
---the exit status.
---
---For scripts: in nginx it raises at your line.
---@param name string  of the script
---@param fn function  may return the exit status
function salon.main(name, fn) end

---Calls `fn` for each entry, many calls at a time (on PUC Lua 5.1 one after the other), and
---hands out entries, results and errors in order.
---@param iterable function|salon.Walk|table  called until nil comes; or an array
---@param fn fun(item: any): any, any
---@param opts? { concurrency?: integer, on_error?: "stop"|"collect" }  16, "stop"
---@return salon.Map
function salon.map(iterable, fn, opts) end

---Calls all functions at once; the first failure cancels the others.
---@param functions table<any, function>
---@return table<any, any>? results
---@return any err
function salon.all(functions) end

---One deadline and one cancellation for everything inside `scope:run`.
---@param opts? { timeout?: number }
---@return salon.Scope
function salon.scope(opts) end

---Waits, and lets others go on meanwhile: other requests in nginx, other workers of salon.map
---and salon.all. Ends early with its scope.
---@param seconds number
---@return true?
---@return salon.Error? err  kinds: timeout, cancelled (of its scope), phase (nginx cannot wait here)
function salon.sleep(seconds) end

---Marks a table as a JSON list, so that an empty one is sent as [].
---@param list? table
---@return table
function salon.array(list) end

---JSON of a value: records, lists of them, pages, tables. A list stays a list, also an empty
---one that came from a server or from `salon.array`, which lua-cjson may write as an object.
---@param value any
---@return string
function salon.encode(value) end

---Makes a Secret that prints as "salon.Secret(***)"; its functions make functions that read a
---secret where it lies, for the options that take one. They are asked each time.
---@class salon.SecretModule
---@overload fun(text: string): salon.Secret
salon.secret = {}

---@param name string  of an environment variable
---@return fun(): string?, string?
function salon.secret.env(name) end

---@param path string  of a file; the line ends at its end are left out
---@return fun(): string?, string?
function salon.secret.file(path) end

---@param line string  for the shell; what it prints, without the line ends at its end
---@return fun(): string?, string?
function salon.secret.command(line) end

---One line of the standard input, read when it is first needed and kept. At a terminal the
---prompt is shown on the standard error, and what is typed is not. Not in nginx.
---@param prompt? string  "Password: "
---@return fun(): string?, string?
function salon.secret.stdin(prompt) end

---Versions of salon and of what it runs on, for bug reports.
---@return { salon: string, lua: string, cjson: string, libcurl: string, ssl: string, features: string[] }
function salon.version() end

return salon
