---@meta salon

-- What salon's C module defines, in LuaLS annotations: editors read this file,
-- nothing runs it. The functions of the Lua layer are annotated where they stand.

-- Shared shapes ----------------------------------------------------------------

---Details of the exchange behind a Room, a page or a Token.
---@class salon.Response
---@field status integer
---@field request_id? string
---@field date? string
---@field attempts integer

---Options of a single call.
---@class salon.CallOptions
---@field timeout? number  seconds for the whole call; the client's `timeout` otherwise

---@class salon.meet.CallOptions: salon.CallOptions
---@field user? string  e-mail address of the user to act for

---One page of a list: page[1], page[2] … and #page.
---@class salon.Page
---@field [integer] salon.Record
---@field next? table  options for the next `list`; nil after the last page
---@field total? integer  Meet only
---@field response salon.Response

---Everything of a list, one record per call; close it when you leave early.
---@class salon.Walk
---@overload fun(): salon.Record?
local Walk = {}

---Cancels what is in flight. May be called twice.
function Walk:close() end

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

---@class salon.Client: userdata
---@field backend "opentalk"|"meet"
---@field call fun(self: salon.Client, method: string, path: string, opts?: salon.AnyCall): any, salon.Response|salon.Error
---@field pages fun(self: salon.Client, path: string, opts?: salon.AnyPages): salon.Walk
local Client = {}

---Ends the client: no call begins any more. May be called twice.
function Client:close() end

---@return boolean
function Client:closed() end

---@class salon.opentalk.Client: salon.Client
---@field rooms salon.opentalk.Rooms
---@field events salon.opentalk.Events
local OpenTalk = {}

---The token in use, after a login if one is needed.
---@param opts? salon.CallOptions
---@return salon.Token? token
---@return salon.Error? err
function OpenTalk:token(opts) end

---@class salon.meet.Client: salon.Client
---@field rooms salon.meet.Rooms
---@field events table  every method answers `err.kind == "unsupported"`
local Meet = {}

---The token in use for a user, after a login if one is needed.
---@param opts? salon.meet.CallOptions
---@return salon.Token? token
---@return salon.Error? err
function Meet:token(opts) end

-- Records: read-only views on what the server sent -------------------------------

---All fields of the API under their own names, and those below.
---@class salon.Record: userdata
---@field raw table  the decoded object; JSON null reads as nil
---@field backend "opentalk"|"meet"
---@field response salon.Response
---@field [string] any
local Record = {}

---A deep copy, for JSON encoders.
---@return table
function Record:totable() end

---@class salon.DialIn
---@field tel? string
---@field uri? string
---@field id? string  OpenTalk
---@field pin? string  leading zeros count

---@class salon.Room: salon.Record
---@field id string
---@field join_url? string  nil while the web front end's address is unknown
---@field title? string
---@field dial_in? salon.DialIn
---@field access string

---@class salon.opentalk.Room: salon.Room
---@field access "waiting_room"|"password"|"open"
---@field invites salon.opentalk.Invites
---@field password? string
---@field waiting_room boolean
---@field guest_access? string
---@field created_at? string
---@field created_by? table

---@class salon.meet.Room: salon.Room
---@field access "public"|"trusted"|"restricted"
---@field invites table  every method answers `err.kind == "unsupported"`
---@field name string
---@field slug string
---@field access_level string
---@field configuration? table
---@field url? string
---@field telephony? table

---@class salon.opentalk.Invite: salon.Record
---@field id? string  the invite code
---@field url? string  for guests
---@field usable fun(self: salon.opentalk.Invite): boolean  active and not expired, by the server's clock
---@field invite_code? string  servers up to 0.65
---@field room_id string
---@field active boolean
---@field expiration? string
---@field created string
---@field updated string

---@class salon.opentalk.Event: salon.Record
---@field id string
---@field room salon.opentalk.Room
---@field join_url? string
---@field title string
---@field description string
---@field type "single"|"recurring"
---@field is_time_independent boolean
---@field is_all_day? boolean
---@field starts_at? { datetime: string, timezone: string }
---@field ends_at? { datetime: string, timezone: string }
---@field recurrence_pattern? string[]
---@field is_adhoc boolean
---@field invite_status string
---@field invitees table[]

---An occurrence that differs from its series; it has no room.
---@class salon.opentalk.Exception: salon.Record
---@field id string
---@field recurring_event_id string
---@field instance_id string
---@field status "ok"|"cancelled"
---@field original_starts_at { datetime: string, timezone: string }
---@field title? string

-- Inside: one exchange under way, and the mailbox of finished ones ---------------

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

---@param name string
---@return string?  values joined with ", "
function Request:header(name) end

---@return string
function Request:method() end

---@return string  without query
function Request:url() end

---A name that one holder on this machine has.
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
