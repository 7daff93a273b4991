---@meta

-- Made by `make docs` from the descriptions in lua/salon/meet.

---@class salon.meet.Options: table<"url"|"allow_insecure"|"ca_file"|"ca_path"|"client_cert"|"client_id"|"client_key"|"client_key_password"|"client_secret"|"connect_timeout"|"headers"|"host"|"http_version"|"max_body"|"max_per_origin"|"max_rate"|"max_tries"|"no_proxy"|"on_event"|"proxy"|"retry_after_cap"|"silence_timeout"|"store"|"store_failures"|"timeout"|"token"|"user"|"user_agent", any>
---@field url string  origin of the server: https://meet.example.org
---@field allow_insecure? boolean  allows http:// to other machines
---@field ca_file? string  PEM file of the certificate authorities to trust: the system's
---@field ca_path? string  folder of such files, named by OpenSSL's `rehash`
---@field client_cert? string  PEM file of the certificate by which the server knows this client
---@field client_id? string  of the application
---@field client_key? string  PEM file of its key: in client_cert
---@field client_key_password? string|salon.Secret
---@field client_secret? string|salon.Secret|fun(): string|salon.Secret|nil, string?
---@field connect_timeout? number  seconds for name look-up, connection and TLS together: 10
---@field headers? table<string, string>  are sent with every request, to the login service too
---@field host? "plain"|"nginx"  how to wait; default: found at each call
---@field http_version? "auto"|"1.1"|"2"
---@field max_body? integer  bytes of a response, unpacked: 16 MiB
---@field max_per_origin? integer  requests at a time to one server: 256
---@field max_rate? number  requests per second to one server: none
---@field max_tries? integer  how often one request may be sent: 4; 1: no retries
---@field no_proxy? string  hosts that need no proxy; default: the environment's
---@field on_event? fun(event: salon.LogEvent)  is told of attempts, retries, logins and finished calls; salon.log makes such functions
---@field proxy? string  "": none; default: the environment's
---@field retry_after_cap? number  longest `Retry-After` that is waited for: 30 s
---@field silence_timeout? number  seconds without a byte of the response: none
---@field store? salon.Store  where logins are kept, a salon.store: in the client alone
---@field store_failures? "report"|"ignore"  the store fails: an error of kind `store`, or go on with the login in memory
---@field timeout? number  seconds for a whole call: 30; a page of `each` counts as a call
---@field token? string|salon.Secret|fun(): string|salon.Secret|nil, string?  instead of application and user: from outside, or the user's own of the OpenID provider
---@field user? string  e-mail address of the user to act for; a call may name another
---@field user_agent? string

---@class salon.meet.CallOptions: table<"timeout"|"user", any>
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise
---@field user? string  e-mail address of the user to act for

---@class salon.meet.Client: salon.Client
---@field backend "meet"
---@field rooms salon.meet.Rooms

---What `client:supports` knows.
---@alias salon.meet.Operation
---| "rooms"
---| "rooms.create"
---| "rooms.delete"
---| "rooms.find"
---| "rooms.get"
---| "rooms.grant_access"
---| "rooms.list"
---| "rooms.update"

---@class salon.meet.RoomsListOptions: table<"page"|"page_size"|"timeout"|"user", any>
---@field page? integer  number of the page: 1
---@field page_size? integer  all servers so far send 20
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise
---@field user? string  e-mail address of the user to act for

---@class salon.meet.RoomsPage: salon.Page
---@field [integer] salon.meet.Room
---@field next? salon.meet.RoomsListOptions  for the next call; nil after the last page

---@class salon.meet.RoomsEachOptions: table<"page"|"page_size"|"prefetch"|"timeout"|"user", any>
---@field page? integer  number of the page: 1
---@field page_size? integer  all servers so far send 20
---@field prefetch? integer  pages under way while you work on one: 4 where their number is known, else 1
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise
---@field user? string  e-mail address of the user to act for

---@class salon.meet.RoomsWalk: salon.Walk
---@overload fun(): salon.meet.Room?

---@class salon.meet.RoomsCreateFields: table<"access_level"|"configuration", any>
---@field access_level? "public"|"trusted"|"restricted"  servers since 1.17
---@field configuration? salon.meet.Configuration  in an update it replaces the old one as a whole; servers since 1.17

---@class salon.meet.RoomsUpdateFields: table<"access_level"|"configuration", any>
---@field access_level? "public"|"trusted"|"restricted"  servers since 1.17
---@field configuration? salon.meet.Configuration  in an update it replaces the old one as a whole; servers since 1.17

---@class salon.meet.RoomsGrantAccessFields: table<"email"|"role", any>
---@field email string
---@field role "administrator"|"member"

---`meet.rooms`
---@class salon.meet.Rooms
local Rooms = {}

---The rooms in which the user has a role, by name; page.total counts them.
---
---Source: `GET /rooms/`.
---@param opts? salon.meet.RoomsListOptions
---@return salon.meet.RoomsPage? result
---@return salon.Error? err
---@return_overload salon.meet.RoomsPage
---@return_overload nil, salon.Error
function Rooms:list(opts) end

---The rooms in which the user has a role, by name; page.total counts them.
---Raises the error that `list` would return.
---
---Source: `GET /rooms/`.
---@param opts? salon.meet.RoomsEachOptions
---@return salon.meet.RoomsWalk
function Rooms:each(opts) end

---One room. 404: unknown; 403: the user has no role in it.
---
---Source: `GET /rooms/{id}/`.
---@param id string
---@param opts? salon.meet.CallOptions
---@return salon.meet.Room? result
---@return salon.Error? err
---@return_overload salon.meet.Room
---@return_overload nil, salon.Error
function Rooms:get(id, opts) end

---Creates a room; the server draws its name. Retried when the server says that the name it drew is taken.
---
---Source: `POST /rooms/`.
---@param fields? salon.meet.RoomsCreateFields
---@param opts? salon.meet.CallOptions
---@return salon.meet.Room? result
---@return salon.Error? err
---@return_overload salon.meet.Room
---@return_overload nil, salon.Error
function Rooms:create(fields, opts) end

---Changes a room.
---
---Source: `PATCH /rooms/{id}/`, servers since 1.31.
---@param id string
---@param fields? salon.meet.RoomsUpdateFields
---@param opts? salon.meet.CallOptions
---@return salon.meet.Room? result
---@return salon.Error? err
---@return_overload salon.meet.Room
---@return_overload nil, salon.Error
function Rooms:update(id, fields, opts) end

---Deletes a room, once servers offer it: none up to 1.32 does.
---
---Source: `DELETE /rooms/{id}/`, no server yet.
---@param id string
---@param opts? salon.meet.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Rooms:delete(id, opts) end

---The room of a slug, or of a web link, of which the last part counts, among those in which the user has a role; `nil` without an error if there is none. Looks through 100 pages at most.
---
---Source: `GET /rooms/`.
---@param room string
---@param opts? salon.meet.CallOptions
---@return salon.meet.Room? result
---@return salon.Error? err
---@return_overload salon.meet.Room?
---@return_overload nil, salon.Error
function Rooms:find(room, opts) end

---Gives a user a role, once servers offer it: none up to 1.32 does.
---
---Source: `POST /rooms/{id}/grant-access/`, no server yet.
---@param id string
---@param fields salon.meet.RoomsGrantAccessFields
---@param opts? salon.meet.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Rooms:grant_access(id, fields, opts) end

---@class salon.meet.Room: salon.Record
---@field backend "meet"
---@field access_level "public"|"trusted"|"restricted"
---@field configuration? salon.meet.Configuration  servers since 1.17
---@field id string
---@field name string
---@field slug string
---@field telephony? table
---@field url? string
---@field access "public"|"trusted"|"restricted"
---@field dial_in? salon.DialIn
---@field invites salon.Unsupported  every method returns `err.kind == "unsupported"`
---@field join_url? string
---@field title string
---@field dial_in_text fun(self: salon.meet.Room): string?, salon.Error|nil  lines for an invitation
local RoomRecord = {}

---One room. 404: unknown; 403: the user has no role in it.
---
---Source: `GET /rooms/{id}/`.
---@param opts? salon.meet.CallOptions
---@return salon.meet.Room? result
---@return salon.Error? err
---@return_overload salon.meet.Room
---@return_overload nil, salon.Error
function RoomRecord:refresh(opts) end

---Changes a room.
---
---Source: `PATCH /rooms/{id}/`, servers since 1.31.
---@param fields? salon.meet.RoomsUpdateFields
---@param opts? salon.meet.CallOptions
---@return salon.meet.Room? result
---@return salon.Error? err
---@return_overload salon.meet.Room
---@return_overload nil, salon.Error
function RoomRecord:update(fields, opts) end

---Deletes a room, once servers offer it: none up to 1.32 does.
---
---Source: `DELETE /rooms/{id}/`, no server yet.
---@param opts? salon.meet.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function RoomRecord:delete(opts) end

---Gives a user a role, once servers offer it: none up to 1.32 does.
---
---Source: `POST /rooms/{id}/grant-access/`, no server yet.
---@param fields salon.meet.RoomsGrantAccessFields
---@param opts? salon.meet.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function RoomRecord:grant_access(fields, opts) end
