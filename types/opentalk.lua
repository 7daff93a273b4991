---@meta

-- Made by `make docs` from the descriptions in lua/salon/opentalk.

---@class salon.opentalk.Options: table<"allow_insecure"|"ca_file"|"ca_path"|"client_cert"|"client_id"|"client_key"|"client_key_password"|"client_secret"|"connect_timeout"|"controller_url"|"device"|"frontend_url"|"headers"|"host"|"http_version"|"issuer"|"max_body"|"max_per_origin"|"max_rate"|"max_tries"|"no_proxy"|"on_event"|"one_time_code"|"password"|"proxy"|"refresh_token"|"retry_after_cap"|"scope"|"silence_timeout"|"store"|"store_failures"|"timeout"|"token"|"token_endpoint"|"url"|"user_agent"|"username", any>
---@field allow_insecure? boolean  allows http:// to other machines
---@field ca_file? string  PEM file of the certificate authorities to trust: the system's
---@field ca_path? string  folder of such files, named by OpenSSL's `rehash`
---@field client_cert? string  PEM file of the certificate by which the server knows this client
---@field client_id? string  of the login service; cannot be discovered
---@field client_key? string  PEM file of its key: in client_cert
---@field client_key_password? string|salon.Secret
---@field client_secret? string|salon.Secret|fun(): string|salon.Secret|nil, string?  of a confidential client
---@field connect_timeout? number  seconds for name look-up, connection and TLS together: 10
---@field controller_url? string  overrides discovery
---@field device? fun(prompt: salon.opentalk.DevicePrompt)  shows somebody where to confirm the login: sign-in.md
---@field frontend_url? string  overrides discovery
---@field headers? table<string, string>  are sent with every request, to the login service too
---@field host? "plain"|"nginx"  how to wait; default: found at each call
---@field http_version? "auto"|"1.1"|"2"
---@field issuer? string  overrides discovery
---@field max_body? integer  bytes of a response, unpacked: 16 MiB
---@field max_per_origin? integer  requests at a time to one server: 256
---@field max_rate? number  requests per second to one server: none
---@field max_tries? integer  how often one request may be sent: 4; 1: no retries
---@field no_proxy? string  hosts that need no proxy; default: the environment's
---@field on_event? fun(event: salon.LogEvent)  is told of attempts, retries, logins and finished calls; salon.log makes such functions
---@field one_time_code? string|salon.Secret|fun(): string|salon.Secret|nil, string?  besides the password; works once, so only a function is asked again
---@field password? string|salon.Secret|fun(): string|salon.Secret|nil, string?
---@field proxy? string  "": none; default: the environment's
---@field refresh_token? string|salon.Secret|fun(): string|salon.Secret|nil, string?  of an earlier login
---@field retry_after_cap? number  longest `Retry-After` that is waited for: 30 s
---@field scope? string  "openid" (default)
---@field silence_timeout? number  seconds without a byte of the response: none
---@field store? salon.Store  where logins are kept, a salon.store: in the client alone
---@field store_failures? "report"|"ignore"  the store fails: an error of kind `store`, or go on with the login in memory
---@field timeout? number  seconds for a whole call: 30; a page of `each` counts as a call
---@field token? string|salon.Secret|fun(): string|salon.Secret|nil, string?  from outside, instead of a login
---@field token_endpoint? string  overrides discovery
---@field url? string  web front end or controller; the rest is discovered
---@field user_agent? string
---@field username? string|salon.Secret|fun(): string|salon.Secret|nil, string?

---@class salon.opentalk.CallOptions: table<"timeout", any>
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.Client: salon.Client
---@field backend "opentalk"
---@field events salon.opentalk.Events
---@field rooms salon.opentalk.Rooms
---@field users salon.opentalk.Users

---What `client:supports` knows.
---@alias salon.opentalk.Operation
---| "assets"
---| "assets.delete"
---| "assets.download"
---| "assets.list"
---| "assets.upload"
---| "assets.url"
---| "event.instances"
---| "event.instances.cancel"
---| "event.instances.get"
---| "event.instances.list"
---| "event.instances.restore"
---| "event.instances.update"
---| "event.invites"
---| "event.invites.create"
---| "event.invites.list"
---| "event.invites.update"
---| "event.invites.withdraw"
---| "events"
---| "events.accept"
---| "events.add_favorite"
---| "events.add_folder"
---| "events.cancel"
---| "events.create"
---| "events.dates"
---| "events.decline"
---| "events.delete"
---| "events.folder"
---| "events.get"
---| "events.instances"
---| "events.instances.list"
---| "events.list"
---| "events.move"
---| "events.remove_favorite"
---| "events.remove_folder"
---| "events.update"
---| "invites"
---| "invites.create"
---| "invites.deactivate"
---| "invites.get"
---| "invites.list"
---| "invites.update"
---| "invites.verify"
---| "room.sip"
---| "room.sip.get"
---| "room.sip.remove"
---| "room.sip.set"
---| "room.streaming_targets"
---| "room.streaming_targets.create"
---| "room.streaming_targets.delete"
---| "room.streaming_targets.get"
---| "room.streaming_targets.list"
---| "room.streaming_targets.update"
---| "rooms"
---| "rooms.assets"
---| "rooms.assets.list"
---| "rooms.create"
---| "rooms.delete"
---| "rooms.event"
---| "rooms.get"
---| "rooms.guest_url"
---| "rooms.list"
---| "rooms.start"
---| "rooms.start_invited"
---| "rooms.tariff"
---| "rooms.update"
---| "rooms.verify_name"
---| "users"
---| "users.find"
---| "users.get"
---| "users.me"
---| "users.pending_invites"
---| "users.storage"
---| "users.tariff"
---| "users.update_me"

---@class salon.opentalk.AssetsListOptions: table<"page"|"per_page"|"timeout", any>
---@field page? integer  number of the page: 1
---@field per_page? integer  entries of a page: 100, which is the most
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.AssetsPage: salon.Page
---@field [integer] salon.opentalk.Asset
---@field next? salon.opentalk.AssetsListOptions  for the next call; nil after the last page

---@class salon.opentalk.AssetsEachOptions: table<"page"|"per_page"|"prefetch"|"timeout", any>
---@field page? integer  number of the page: 1
---@field per_page? integer  entries of a page: 100, which is the most
---@field prefetch? integer  pages under way while you work on one: 4 where their number is known, else 1
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.AssetsWalk: salon.Walk
---@overload fun(): salon.opentalk.Asset?

---@class salon.opentalk.AssetsDownloadOptions: table<"on_progress"|"resume"|"silence_timeout"|"timeout", any>
---@field on_progress? fun(done: integer, total: integer?)  is told about five times a second how many bytes are through, and of how many if that is known
---@field resume? boolean  go on with what an earlier call left, and leave that in turn: `PATH.ID.part`
---@field silence_timeout? number  seconds without a byte: the client's, else 60
---@field timeout? number  seconds for the whole transfer: no limit

---@class salon.opentalk.AssetsUploadFields: table<"kind"|"content"|"event_title"|"file"|"file_extension"|"namespace", any>
---@field kind string  any word: `agenda`; becomes part of the name
---@field content? string  what is sent, instead of a file
---@field event_title? string  becomes part of the name
---@field file? string  path of what is sent
---@field file_extension? string  `pdf`; else that of `file`
---@field namespace? string  a module of the server

---@class salon.opentalk.AssetsUploadOptions: table<"on_progress"|"silence_timeout"|"timeout", any>
---@field on_progress? fun(done: integer, total: integer?)  is told about five times a second how many bytes are through, and of how many if that is known
---@field silence_timeout? number  seconds without a byte: the client's, else 60
---@field timeout? number  seconds for the whole transfer: no limit

---`room.assets`
---@class salon.opentalk.Assets
local Assets = {}

---The room's files, in no order: what other people add meanwhile may be missed.
---
---Source: `GET /rooms/{room_id}/assets`.
---@param opts? salon.opentalk.AssetsListOptions
---@return salon.opentalk.AssetsPage? result
---@return salon.Error? err
---@return_overload salon.opentalk.AssetsPage
---@return_overload nil, salon.Error
function Assets:list(opts) end

---The room's files, in no order: what other people add meanwhile may be missed.
---Raises the error that `list` would return.
---
---Source: `GET /rooms/{room_id}/assets`.
---@param opts? salon.opentalk.AssetsEachOptions
---@return salon.opentalk.AssetsWalk
function Assets:each(opts) end

---Deletes a file.
---
---Source: `DELETE /rooms/{room_id}/assets/{asset_id}`.
---@param id string
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Assets:delete(id, opts) end

---Fetches a file to `path`, which is replaced once all of it is there. A break is gone on from where it was, where the server can (since 0.33).
---
---Source: `GET /rooms/{room_id}/assets/{asset_id}`.
---@param id string
---@param path string
---@param opts? salon.opentalk.AssetsDownloadOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Assets:download(id, path, opts) end

---Sends a file, or a text, to the room. The server makes its name of title, kind, time and extension.
---
---Source: `POST /rooms/{room_id}/assets`, servers since 0.29.
---@param fields salon.opentalk.AssetsUploadFields
---@param opts? salon.opentalk.AssetsUploadOptions
---@return salon.opentalk.Asset? result
---@return salon.Error? err
---@return_overload salon.opentalk.Asset
---@return_overload nil, salon.Error
function Assets:upload(fields, opts) end

---An address where anybody can fetch the file for half a minute. A secret.
---
---Source: `GET /rooms/{room_id}/assets/{asset_id}/download`, servers since 0.33.
---@param id string
---@param opts? salon.opentalk.CallOptions
---@return string? result
---@return salon.Error? err
---@return_overload string
---@return_overload nil, salon.Error
function Assets:url(id, opts) end

---@class salon.opentalk.InstancesListOptions: table<"after"|"invitees_max"|"per_page"|"time_max"|"time_min"|"timeout", any>
---@field after? string  cursor, from page.next
---@field invitees_max? integer  how many people come with it: 0
---@field per_page? integer  entries of a page: 100, which is the most
---@field time_max? salon.Time
---@field time_min? salon.Time
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.InstancesPage: salon.Page
---@field [integer] salon.opentalk.Instance
---@field next? salon.opentalk.InstancesListOptions  for the next call; nil after the last page

---@class salon.opentalk.InstancesEachOptions: table<"after"|"invitees_max"|"per_page"|"prefetch"|"time_max"|"time_min"|"timeout", any>
---@field after? string  cursor, from page.next
---@field invitees_max? integer  how many people come with it: 0
---@field per_page? integer  entries of a page: 100, which is the most
---@field prefetch? integer  pages under way while you work on one: 4 where their number is known, else 1
---@field time_max? salon.Time
---@field time_min? salon.Time
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.InstancesWalk: salon.Walk
---@overload fun(): salon.opentalk.Instance?

---@class salon.opentalk.InstancesGetOptions: table<"invitees_max"|"timeout", any>
---@field invitees_max? integer  how many people come with it: 0
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.InstancesUpdateFields: table<"description"|"ends_at"|"is_all_day"|"starts_at"|"status"|"title", any>
---@field description? string
---@field ends_at? salon.opentalk.Moment|salon.LocalTime  together with starts_at; of an all-day event the last day
---@field is_all_day? boolean  both ends are days, { "2027-01-18", "Europe/Berlin" }: midnight in UTC
---@field starts_at? salon.opentalk.Moment|salon.LocalTime
---@field status? "ok"|"cancelled"
---@field title? string

---@class salon.opentalk.InstancesUpdateOptions: table<"invitees_max"|"notify"|"timeout", any>
---@field invitees_max? integer  how many people come with it: 0
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.InstancesCancelOptions: table<"invitees_max"|"notify"|"timeout", any>
---@field invitees_max? integer  how many people come with it: 0
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.InstancesRestoreOptions: table<"invitees_max"|"notify"|"timeout", any>
---@field invitees_max? integer  how many people come with it: 0
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---`event.instances`
---@class salon.opentalk.Instances
local Instances = {}

---The occurrences of a series, cancelled ones included. A series without an end goes on for years: give `time_max`. 404: the event does not repeat.
---
---Source: `GET /events/{event_id}/instances`.
---@param opts? salon.opentalk.InstancesListOptions
---@return salon.opentalk.InstancesPage? result
---@return salon.Error? err
---@return_overload salon.opentalk.InstancesPage
---@return_overload nil, salon.Error
function Instances:list(opts) end

---The occurrences of a series, cancelled ones included. A series without an end goes on for years: give `time_max`. 404: the event does not repeat.
---Raises the error that `list` would return.
---
---Source: `GET /events/{event_id}/instances`.
---@param opts? salon.opentalk.InstancesEachOptions
---@return salon.opentalk.InstancesWalk
function Instances:each(opts) end

---One occurrence.
---
---Source: `GET /events/{event_id}/instances/{instance_id}`.
---@param instance_id string
---@param opts? salon.opentalk.InstancesGetOptions
---@return salon.opentalk.Instance? result
---@return salon.Error? err
---@return_overload salon.opentalk.Instance
---@return_overload nil, salon.Error
function Instances:get(instance_id, opts) end

---Changes one occurrence. Its id stays.
---
---Source: `PATCH /events/{event_id}/instances/{instance_id}`.
---@param instance_id string
---@param fields? salon.opentalk.InstancesUpdateFields
---@param opts? salon.opentalk.InstancesUpdateOptions
---@return salon.opentalk.Instance? result
---@return salon.Error? err
---@return_overload salon.opentalk.Instance
---@return_overload nil, salon.Error
function Instances:update(instance_id, fields, opts) end

---Cancels one occurrence.
---
---Source: `PATCH /events/{event_id}/instances/{instance_id}`.
---@param instance_id string
---@param opts? salon.opentalk.InstancesCancelOptions
---@return salon.opentalk.Instance? result
---@return salon.Error? err
---@return_overload salon.opentalk.Instance
---@return_overload nil, salon.Error
function Instances:cancel(instance_id, opts) end

---Takes a cancellation back.
---
---Source: `PATCH /events/{event_id}/instances/{instance_id}`.
---@param instance_id string
---@param opts? salon.opentalk.InstancesRestoreOptions
---@return salon.opentalk.Instance? result
---@return salon.Error? err
---@return_overload salon.opentalk.Instance
---@return_overload nil, salon.Error
function Instances:restore(instance_id, opts) end

---@class salon.opentalk.PeopleListOptions: table<"page"|"per_page"|"status"|"timeout", any>
---@field page? integer  number of the page: 1
---@field per_page? integer  newer servers refuse it, and all come at once
---@field status? "pending"|"accepted"|"tentative"|"declined"  servers since 0.5
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.PeoplePage: salon.Page
---@field [integer] salon.opentalk.Invitee
---@field next? salon.opentalk.PeopleListOptions  for the next call; nil after the last page

---@class salon.opentalk.PeopleEachOptions: table<"page"|"per_page"|"prefetch"|"status"|"timeout", any>
---@field page? integer  number of the page: 1
---@field per_page? integer  newer servers refuse it, and all come at once
---@field prefetch? integer  pages under way while you work on one: 4 where their number is known, else 1
---@field status? "pending"|"accepted"|"tentative"|"declined"  servers since 0.5
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.PeopleWalk: salon.Walk
---@overload fun(): salon.opentalk.Invitee?

---@class salon.opentalk.PeopleCreateFields: table<"email"|"invitee"|"role", any>
---@field email? string  address, of anybody
---@field invitee? string  id of a user
---@field role? "user"|"moderator"|"guest"  user or moderator; guest or moderator of an address without an account. Servers of 2023 know no roles

---@class salon.opentalk.PeopleCreateOptions: table<"notify"|"timeout", any>
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.PeopleUpdateFields: table<"role", any>
---@field role "user"|"moderator"|"guest"  user or moderator; guest or moderator of an address without an account. Servers of 2023 know no roles

---@class salon.opentalk.PeopleUpdateOptions: table<"notify"|"timeout", any>
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.PeopleWithdrawOptions: table<"notify"|"timeout", any>
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---`event.invites`
---@class salon.opentalk.People
local People = {}

---The people who are invited: users first, then e-mail addresses. Newer servers list 100, on one page; with more there is an error.
---
---Source: `GET /events/{event_id}/invites`.
---@param opts? salon.opentalk.PeopleListOptions
---@return salon.opentalk.PeoplePage? result
---@return salon.Error? err
---@return_overload salon.opentalk.PeoplePage
---@return_overload nil, salon.Error
function People:list(opts) end

---The people who are invited: users first, then e-mail addresses. Newer servers list 100, on one page; with more there is an error.
---Raises the error that `list` would return.
---
---Source: `GET /events/{event_id}/invites`.
---@param opts? salon.opentalk.PeopleEachOptions
---@return salon.opentalk.PeopleWalk
function People:each(opts) end

---Invites somebody, by id or by e-mail address. Also true where the person had been invited already.
---
---Source: `POST /events/{event_id}/invites`.
---@param fields? salon.opentalk.PeopleCreateFields
---@param opts? salon.opentalk.PeopleCreateOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function People:create(fields, opts) end

---Gives somebody another role; `user_id` may be an e-mail address.
---
---Source: `PATCH /events/{event_id}/invites/{user_id}`, servers since 0.7.
---@param user_id string
---@param fields salon.opentalk.PeopleUpdateFields
---@param opts? salon.opentalk.PeopleUpdateOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function People:update(user_id, fields, opts) end

---Takes an invitation back; `user_id` may be an e-mail address (servers since 0.7). On servers of 2023 the person can still read event and room: only deleting both cures that.
---
---Source: `DELETE /events/{event_id}/invites/{user_id}`.
---@param user_id string
---@param opts? salon.opentalk.PeopleWithdrawOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function People:withdraw(user_id, opts) end

---@class salon.opentalk.EventsListOptions: table<"adhoc"|"after"|"created_after"|"created_before"|"exceptions"|"favorites"|"invite_status"|"invitees_max"|"per_page"|"time_independent"|"time_max"|"time_min"|"timeout", any>
---@field adhoc? boolean  true: ad-hoc meetings alone; false: all others
---@field after? string  cursor, from page.next
---@field created_after? salon.Time  before 0.29 all events come and are looked through here
---@field created_before? salon.Time  before 0.29 all events come and are looked through here
---@field exceptions? boolean  true: also exceptions of series
---@field favorites? boolean  true: favourites alone
---@field invite_status? string|string[]  pending, accepted, tentative, declined
---@field invitees_max? integer  how many people come with it: 0
---@field per_page? integer  entries of a page: 100, which is the most
---@field time_independent? boolean  true: those without a time alone; false: all others
---@field time_max? salon.Time
---@field time_min? salon.Time  with time_max: what overlaps; then events without a time are left out
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.EventsPage: salon.Page
---@field [integer] salon.opentalk.Event
---@field next? salon.opentalk.EventsListOptions  for the next call; nil after the last page

---@class salon.opentalk.EventsEachOptions: table<"adhoc"|"after"|"created_after"|"created_before"|"exceptions"|"favorites"|"invite_status"|"invitees_max"|"per_page"|"prefetch"|"time_independent"|"time_max"|"time_min"|"timeout", any>
---@field adhoc? boolean  true: ad-hoc meetings alone; false: all others
---@field after? string  cursor, from page.next
---@field created_after? salon.Time  before 0.29 all events come and are looked through here
---@field created_before? salon.Time  before 0.29 all events come and are looked through here
---@field exceptions? boolean  true: also exceptions of series
---@field favorites? boolean  true: favourites alone
---@field invite_status? string|string[]  pending, accepted, tentative, declined
---@field invitees_max? integer  how many people come with it: 0
---@field per_page? integer  entries of a page: 100, which is the most
---@field prefetch? integer  pages under way while you work on one: 4 where their number is known, else 1
---@field time_independent? boolean  true: those without a time alone; false: all others
---@field time_max? salon.Time
---@field time_min? salon.Time  with time_max: what overlaps; then events without a time are left out
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.EventsWalk: salon.Walk
---@overload fun(): salon.opentalk.Event?

---@class salon.opentalk.EventsGetOptions: table<"invitees_max"|"timeout", any>
---@field invitees_max? integer  how many people come with it: 0
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.EventsCreateFields: table<"title"|"description"|"e2e_encryption"|"ends_at"|"guest_access"|"has_shared_folder"|"is_adhoc"|"is_all_day"|"is_time_independent"|"password"|"recurrence_pattern"|"room_name"|"show_meeting_details"|"starts_at"|"streaming_targets"|"training_participation_report"|"waiting_room", any>
---@field title string
---@field description? string
---@field e2e_encryption? boolean  servers since 0.20
---@field ends_at? salon.opentalk.Moment|salon.LocalTime  together with starts_at; of an all-day event the last day
---@field guest_access? "disabled"|"waiting_room"|"direct_access"  servers since 2026
---@field has_shared_folder? boolean  servers since 0.10
---@field is_adhoc? boolean  an ad-hoc meeting: nobody gets mails
---@field is_all_day? boolean  both ends are days, { "2027-01-18", "Europe/Berlin" }: midnight in UTC
---@field is_time_independent? boolean  true: without a time; the default without `starts_at`
---@field password? string|salon.Secret|salon.Null  of the room; in an update salon.null clears it
---@field recurrence_pattern? string[]  lines of RFC 5545: FREQ=WEEKLY;COUNT=10
---@field room_name? string|salon.Null  the server may add a suffix: see room.alias; servers since 0.36
---@field show_meeting_details? boolean  servers since 0.15
---@field starts_at? salon.opentalk.Moment|salon.LocalTime
---@field streaming_targets? { kind?: "custom", name?: string, public_url?: string, streaming_endpoint?: string, streaming_key?: string|salon.Secret }[]  of the room; in an update they replace the old ones; servers since 0.10
---@field training_participation_report? { checkpoint_interval?: { after: integer, within: integer }, initial_checkpoint_delay?: { after: integer, within: integer } }|salon.Null  when to ask who is there, in seconds: at random between `after` and `after` + `within`; servers since 0.30
---@field waiting_room? boolean  a moderator lets people in

---@class salon.opentalk.EventsCreateOptions: table<"notify"|"timeout", any>
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.EventsUpdateFields: table<"description"|"e2e_encryption"|"ends_at"|"guest_access"|"has_shared_folder"|"is_adhoc"|"is_all_day"|"is_time_independent"|"password"|"recurrence_pattern"|"room_name"|"show_meeting_details"|"starts_at"|"streaming_targets"|"title"|"training_participation_report"|"waiting_room", any>
---@field description? string
---@field e2e_encryption? boolean  servers since 0.20
---@field ends_at? salon.opentalk.Moment|salon.LocalTime  together with starts_at; of an all-day event the last day
---@field guest_access? "disabled"|"waiting_room"|"direct_access"  servers since 2026
---@field has_shared_folder? boolean  servers since 0.10
---@field is_adhoc? boolean  an ad-hoc meeting: nobody gets mails
---@field is_all_day? boolean  both ends are days, { "2027-01-18", "Europe/Berlin" }: midnight in UTC
---@field is_time_independent? boolean  true: without a time; the default without `starts_at`
---@field password? string|salon.Secret|salon.Null  of the room; in an update salon.null clears it
---@field recurrence_pattern? string[]  lines of RFC 5545: FREQ=WEEKLY;COUNT=10
---@field room_name? string|salon.Null  the server may add a suffix: see room.alias; servers since 0.36
---@field show_meeting_details? boolean  servers since 0.15
---@field starts_at? salon.opentalk.Moment|salon.LocalTime
---@field streaming_targets? { kind?: "custom", name?: string, public_url?: string, streaming_endpoint?: string, streaming_key?: string|salon.Secret }[]  of the room; in an update they replace the old ones; servers since 0.10
---@field title? string
---@field training_participation_report? { checkpoint_interval?: { after: integer, within: integer }, initial_checkpoint_delay?: { after: integer, within: integer } }|salon.Null  when to ask who is there, in seconds: at random between `after` and `after` + `within`; servers since 0.30
---@field waiting_room? boolean  a moderator lets people in

---@class salon.opentalk.EventsUpdateOptions: table<"invitees_max"|"notify"|"timeout", any>
---@field invitees_max? integer  how many people come with it: 0
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.EventsDeleteOptions: table<"force"|"notify"|"timeout", any>
---@field force? boolean  true: also when a shared folder or the like cannot be deleted
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.EventsAddFolderOptions: table<"notify"|"timeout", any>
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.EventsCancelOptions: table<"force"|"notify"|"timeout", any>
---@field force? boolean  true: also when a shared folder or the like cannot be deleted
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.EventsDatesOptions: table<"time_max"|"adhoc"|"created_after"|"created_before"|"favorites"|"invite_status"|"invitees_max"|"prefetch"|"time_min"|"timeout", any>
---@field time_max salon.Time  what begins then or later is left out
---@field adhoc? boolean  true: ad-hoc meetings alone; false: all others
---@field created_after? salon.Time  before 0.29 all events come and are looked through here
---@field created_before? salon.Time  before 0.29 all events come and are looked through here
---@field favorites? boolean  true: favourites alone
---@field invite_status? string|string[]  pending, accepted, tentative, declined
---@field invitees_max? integer  how many people come with it: 0
---@field prefetch? integer  pages under way while you work on one: 0
---@field time_min? salon.Time  what has ended by then is left out
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.EventsDatesWalk: salon.Walk
---@overload fun(): (salon.opentalk.Event|salon.opentalk.Instance)?

---@class salon.opentalk.EventsMoveFields: table<"starts_at"|"ends_at", any>
---@field starts_at salon.opentalk.Moment|salon.LocalTime
---@field ends_at? salon.opentalk.Moment|salon.LocalTime  else it takes as long as before; an all-day meeting that gets a time of day needs it

---@class salon.opentalk.EventsMoveOptions: table<"invitees_max"|"notify"|"timeout", any>
---@field invitees_max? integer  how many people come with it: 0
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.EventsRemoveFolderOptions: table<"force"|"notify"|"timeout", any>
---@field force? boolean  true: also when the folder itself cannot be deleted
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---`ot.events`
---@class salon.opentalk.Events
---@field instances salon.opentalk.AllInstances
local Events = {}

---Events, those without a start first, then by start. With exceptions left out a page may be short, or even empty, and have a next one.
---
---Source: `GET /events`.
---@param opts? salon.opentalk.EventsListOptions
---@return salon.opentalk.EventsPage? result
---@return salon.Error? err
---@return_overload salon.opentalk.EventsPage
---@return_overload nil, salon.Error
function Events:list(opts) end

---Events, those without a start first, then by start. With exceptions left out a page may be short, or even empty, and have a next one.
---Raises the error that `list` would return.
---
---Source: `GET /events`.
---@param opts? salon.opentalk.EventsEachOptions
---@return salon.opentalk.EventsWalk
function Events:each(opts) end

---One event.
---
---Source: `GET /events/{event_id}`.
---@param id string
---@param opts? salon.opentalk.EventsGetOptions
---@return salon.opentalk.Event? result
---@return salon.Error? err
---@return_overload salon.opentalk.Event
---@return_overload nil, salon.Error
function Events:get(id, opts) end

---Creates a meeting with its room.
---
---Source: `POST /events`.
---@param fields salon.opentalk.EventsCreateFields
---@param opts? salon.opentalk.EventsCreateOptions
---@return salon.opentalk.Event? result
---@return salon.Error? err
---@return_overload salon.opentalk.Event
---@return_overload nil, salon.Error
function Events:create(fields, opts) end

---Changes a meeting. It is read first, since servers want all date fields together. Changed and cancelled occurrences of a series are as the others again.
---
---Source: `PATCH /events/{event_id}`.
---@param id string
---@param fields? salon.opentalk.EventsUpdateFields
---@param opts? salon.opentalk.EventsUpdateOptions
---@return salon.opentalk.Event? result
---@return salon.Error? err
---@return_overload salon.opentalk.Event
---@return_overload nil, salon.Error
function Events:update(id, fields, opts) end

---Deletes a meeting, with its occurrences and, on newer servers, its room; the people who are invited are told.
---
---Source: `DELETE /events/{event_id}`.
---@param id string
---@param opts? salon.opentalk.EventsDeleteOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Events:delete(id, opts) end

---Accepts your own invitation.
---
---Source: `PATCH /events/{event_id}/invite`.
---@param id string
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Events:accept(id, opts) end

---Adds a meeting to your favourites.
---
---Source: `PUT /users/me/event_favorites/{event_id}`.
---@param id string
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Events:add_favorite(id, opts) end

---Gives a meeting a shared folder, or returns the one that it has.
---
---Source: `PUT /events/{event_id}/shared_folder`, servers since 0.5.
---@param id string
---@param opts? salon.opentalk.EventsAddFolderOptions
---@return salon.opentalk.SharedFolder? result
---@return salon.Error? err
---@return_overload salon.opentalk.SharedFolder
---@return_overload nil, salon.Error
function Events:add_folder(id, opts) end

---Deletes a meeting, with its occurrences and, on newer servers, its room; the people who are invited are told. The same as `delete`.
---
---Source: `DELETE /events/{event_id}`.
---@param id string
---@param opts? salon.opentalk.EventsCancelOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Events:cancel(id, opts) end

---All meetings that lie in a span of time, series date by date, cancelled ones included (`status`): single ones by their start, then one series after the other. A date that was moved counts where it is now, if it was moved by 31 days at most; one that takes longer than 31 days may be missing. All-day meetings are days of the zone that `time_min` and `time_max` name. Each series costs a request more; a walk that broke has no `err.resume`.
---Raises the error that `list` would return.
---
---Source: `GET /events`.
---@param opts salon.opentalk.EventsDatesOptions
---@return salon.opentalk.EventsDatesWalk
function Events:dates(opts) end

---Declines your own invitation.
---
---Source: `DELETE /events/{event_id}/invite`.
---@param id string
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Events:decline(id, opts) end

---The shared folder of a meeting, with its passwords. 404: it has none.
---
---Source: `GET /events/{event_id}/shared_folder`, servers since 0.5.
---@param id string
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.SharedFolder? result
---@return salon.Error? err
---@return_overload salon.opentalk.SharedFolder
---@return_overload nil, salon.Error
function Events:folder(id, opts) end

---Gives a meeting another time; without `ends_at` it takes as long as before. Changed and cancelled occurrences of a series are as the others again.
---
---Source: `PATCH /events/{event_id}`.
---@param id string
---@param fields salon.opentalk.EventsMoveFields
---@param opts? salon.opentalk.EventsMoveOptions
---@return salon.opentalk.Event? result
---@return salon.Error? err
---@return_overload salon.opentalk.Event
---@return_overload nil, salon.Error
function Events:move(id, fields, opts) end

---Removes a meeting from your favourites.
---
---Source: `DELETE /users/me/event_favorites/{event_id}`.
---@param id string
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Events:remove_favorite(id, opts) end

---Deletes the shared folder of a meeting.
---
---Source: `DELETE /events/{event_id}/shared_folder`, servers since 0.5.
---@param id string
---@param opts? salon.opentalk.EventsRemoveFolderOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Events:remove_folder(id, opts) end

---@class salon.opentalk.AllInstancesListOptions: table<"adhoc"|"after"|"created_after"|"created_before"|"exceptions"|"favorites"|"instances_max"|"invite_status"|"invitees_max"|"per_page"|"time_independent"|"time_max"|"time_min"|"timeout", any>
---@field adhoc? boolean  true: ad-hoc meetings alone; false: all others
---@field after? string  cursor, from page.next
---@field created_after? salon.Time  before 0.29 all events come and are looked through here
---@field created_before? salon.Time  before 0.29 all events come and are looked through here
---@field exceptions? boolean  true: also exceptions of series
---@field favorites? boolean  true: favourites alone
---@field instances_max? integer  occurrences of each series at most; 0, and where it is not given: the series itself comes, with its first date
---@field invite_status? string|string[]  pending, accepted, tentative, declined
---@field invitees_max? integer  how many people come with it: 0
---@field per_page? integer  entries of a page: 100, which is the most
---@field time_independent? boolean  true: those without a time alone; false: all others
---@field time_max? salon.Time
---@field time_min? salon.Time  with time_max: what overlaps; then events without a time are left out
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.AllInstancesPage: salon.Page
---@field [integer] salon.opentalk.Event|salon.opentalk.Instance
---@field next? salon.opentalk.AllInstancesListOptions  for the next call; nil after the last page

---@class salon.opentalk.AllInstancesEachOptions: table<"adhoc"|"after"|"created_after"|"created_before"|"exceptions"|"favorites"|"instances_max"|"invite_status"|"invitees_max"|"per_page"|"prefetch"|"time_independent"|"time_max"|"time_min"|"timeout", any>
---@field adhoc? boolean  true: ad-hoc meetings alone; false: all others
---@field after? string  cursor, from page.next
---@field created_after? salon.Time  before 0.29 all events come and are looked through here
---@field created_before? salon.Time  before 0.29 all events come and are looked through here
---@field exceptions? boolean  true: also exceptions of series
---@field favorites? boolean  true: favourites alone
---@field instances_max? integer  occurrences of each series at most; 0, and where it is not given: the series itself comes, with its first date
---@field invite_status? string|string[]  pending, accepted, tentative, declined
---@field invitees_max? integer  how many people come with it: 0
---@field per_page? integer  entries of a page: 100, which is the most
---@field prefetch? integer  pages under way while you work on one: 4 where their number is known, else 1
---@field time_independent? boolean  true: those without a time alone; false: all others
---@field time_max? salon.Time
---@field time_min? salon.Time  with time_max: what overlaps; then events without a time are left out
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.AllInstancesWalk: salon.Walk
---@overload fun(): (salon.opentalk.Event|salon.opentalk.Instance)?

---`ot.events.instances`
---@class salon.opentalk.AllInstances
local AllInstances = {}

---Occurrences of all events, with the single events between them: give `instances_max`. Cancelled ones are there, too: see `status`.
---
---Source: `GET /events/instances`, servers since 0.31.
---@param opts? salon.opentalk.AllInstancesListOptions
---@return salon.opentalk.AllInstancesPage? result
---@return salon.Error? err
---@return_overload salon.opentalk.AllInstancesPage
---@return_overload nil, salon.Error
function AllInstances:list(opts) end

---Occurrences of all events, with the single events between them: give `instances_max`. Cancelled ones are there, too: see `status`.
---Raises the error that `list` would return.
---
---Source: `GET /events/instances`, servers since 0.31.
---@param opts? salon.opentalk.AllInstancesEachOptions
---@return salon.opentalk.AllInstancesWalk
function AllInstances:each(opts) end

---@class salon.opentalk.InvitesListOptions: table<"page"|"per_page"|"timeout", any>
---@field page? integer  number of the page: 1
---@field per_page? integer  entries of a page: 100, which is the most
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.InvitesPage: salon.Page
---@field [integer] salon.opentalk.Invite
---@field next? salon.opentalk.InvitesListOptions  for the next call; nil after the last page

---@class salon.opentalk.InvitesEachOptions: table<"page"|"per_page"|"prefetch"|"timeout", any>
---@field page? integer  number of the page: 1
---@field per_page? integer  entries of a page: 100, which is the most
---@field prefetch? integer  pages under way while you work on one: 4 where their number is known, else 1
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.InvitesWalk: salon.Walk
---@overload fun(): salon.opentalk.Invite?

---@class salon.opentalk.InvitesCreateFields: table<"expiration"|"expires_in", any>
---@field expiration? salon.Time|salon.Null  salon.null: never
---@field expires_in? number  seconds from now

---@class salon.opentalk.InvitesUpdateFields: table<"expiration"|"expires_in", any>
---@field expiration? salon.Time|salon.Null  salon.null: never
---@field expires_in? number  seconds from now

---`room.invites`
---@class salon.opentalk.Invites
local Invites = {}

---The room's guest links, inactive and expired ones included (`invite:usable()`), last changed first.
---
---Source: `GET /rooms/{room_id}/invites`.
---@param opts? salon.opentalk.InvitesListOptions
---@return salon.opentalk.InvitesPage? result
---@return salon.Error? err
---@return_overload salon.opentalk.InvitesPage
---@return_overload nil, salon.Error
function Invites:list(opts) end

---The room's guest links, inactive and expired ones included (`invite:usable()`), last changed first.
---Raises the error that `list` would return.
---
---Source: `GET /rooms/{room_id}/invites`.
---@param opts? salon.opentalk.InvitesEachOptions
---@return salon.opentalk.InvitesWalk
function Invites:each(opts) end

---One guest link. Servers up to 0.65: newer ones have no codes.
---
---Source: `GET /rooms/{room_id}/invites/{invite_code}`.
---@param invite_code string
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Invite? result
---@return salon.Error? err
---@return_overload salon.opentalk.Invite
---@return_overload nil, salon.Error
function Invites:get(invite_code, opts) end

---Makes a guest link; without an end it is good until it is deactivated. Since 0.66 there is no `invite.id`, and `invite.url` is the room's own link.
---
---Source: `POST /rooms/{room_id}/invites`.
---@param fields? salon.opentalk.InvitesCreateFields
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Invite? result
---@return salon.Error? err
---@return_overload salon.opentalk.Invite
---@return_overload nil, salon.Error
function Invites:create(fields, opts) end

---Gives a guest link another end.
---
---Source: `PUT /rooms/{room_id}/invites/{invite_code}`.
---@param invite_code string
---@param fields? salon.opentalk.InvitesUpdateFields
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Invite? result
---@return salon.Error? err
---@return_overload salon.opentalk.Invite
---@return_overload nil, salon.Error
function Invites:update(invite_code, fields, opts) end

---Switches a guest link off for good; it stays in the list.
---
---Source: `DELETE /rooms/{room_id}/invites/{invite_code}`.
---@param invite_code string
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Invites:deactivate(invite_code, opts) end

---What a guest's code leads to, of whichever room it is. 404: unknown, switched off or expired; the server does not tell which.
---
---Source: `POST /invite/verify`.
---@param invite_code string
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Verified? result
---@return salon.Error? err
---@return_overload salon.opentalk.Verified
---@return_overload nil, salon.Error
function Invites:verify(invite_code, opts) end

---@class salon.opentalk.SipsSetFields: table<"lobby"|"password", any>
---@field lobby? boolean  callers wait until they are let in: false
---@field password? string|salon.Secret  the PIN, ten digits: a random one

---`room.sip`
---@class salon.opentalk.Sips
local Sips = {}

---The dial-in of a room. Servers of 2023 refuse it to everybody (403). 404: it has none.
---
---Source: `GET /rooms/{room_id}/sip`.
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Sip? result
---@return salon.Error? err
---@return_overload salon.opentalk.Sip
---@return_overload nil, salon.Error
function Sips:get(opts) end

---Takes a room's dial-in away. Servers of 2023 refuse it to everybody (403).
---
---Source: `DELETE /rooms/{room_id}/sip`.
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Sips:remove(opts) end

---Gives a room a dial-in, or changes it. Servers of 2023 refuse it to everybody (403).
---
---Source: `PUT /rooms/{room_id}/sip`.
---@param fields? salon.opentalk.SipsSetFields
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Sip? result
---@return salon.Error? err
---@return_overload salon.opentalk.Sip
---@return_overload nil, salon.Error
function Sips:set(fields, opts) end

---@class salon.opentalk.StreamingTargetsListOptions: table<"timeout", any>
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.StreamingTargetsPage: salon.Page
---@field [integer] salon.opentalk.StreamingTarget
---@field next? salon.opentalk.StreamingTargetsListOptions  for the next call; nil after the last page

---@class salon.opentalk.StreamingTargetsEachOptions: table<"prefetch"|"timeout", any>
---@field prefetch? integer  pages under way while you work on one: 4 where their number is known, else 1
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.StreamingTargetsWalk: salon.Walk
---@overload fun(): salon.opentalk.StreamingTarget?

---@class salon.opentalk.StreamingTargetsCreateFields: table<"name"|"public_url"|"streaming_endpoint"|"streaming_key"|"kind", any>
---@field name string
---@field public_url string  where people watch
---@field streaming_endpoint string  where the stream is sent: rtmp://host/app
---@field streaming_key string|salon.Secret  what the endpoint wants to see
---@field kind? "custom"  the only kind that servers know: custom

---@class salon.opentalk.StreamingTargetsCreateOptions: table<"notify"|"timeout", any>
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.StreamingTargetsUpdateFields: table<"kind"|"name"|"public_url"|"streaming_endpoint"|"streaming_key", any>
---@field kind? "custom"  the only kind that servers know: custom
---@field name? string
---@field public_url? string  where people watch
---@field streaming_endpoint? string  where the stream is sent: rtmp://host/app
---@field streaming_key? string|salon.Secret  what the endpoint wants to see

---@class salon.opentalk.StreamingTargetsDeleteOptions: table<"notify"|"timeout", any>
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---`room.streaming_targets`
---@class salon.opentalk.StreamingTargets
local StreamingTargets = {}

---Where the room can be streamed to, all on one page.
---
---Source: `GET /rooms/{room_id}/streaming_targets`, servers since 0.9.
---@param opts? salon.opentalk.StreamingTargetsListOptions
---@return salon.opentalk.StreamingTargetsPage? result
---@return salon.Error? err
---@return_overload salon.opentalk.StreamingTargetsPage
---@return_overload nil, salon.Error
function StreamingTargets:list(opts) end

---Where the room can be streamed to, all on one page.
---Raises the error that `list` would return.
---
---Source: `GET /rooms/{room_id}/streaming_targets`, servers since 0.9.
---@param opts? salon.opentalk.StreamingTargetsEachOptions
---@return salon.opentalk.StreamingTargetsWalk
function StreamingTargets:each(opts) end

---One streaming target.
---
---Source: `GET /rooms/{room_id}/streaming_targets/{streaming_target_id}`, servers since 0.9.
---@param id string
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.StreamingTarget? result
---@return salon.Error? err
---@return_overload salon.opentalk.StreamingTarget
---@return_overload nil, salon.Error
function StreamingTargets:get(id, opts) end

---Adds a streaming target.
---
---Source: `POST /rooms/{room_id}/streaming_targets`, servers since 0.9.
---@param fields salon.opentalk.StreamingTargetsCreateFields
---@param opts? salon.opentalk.StreamingTargetsCreateOptions
---@return salon.opentalk.StreamingTarget? result
---@return salon.Error? err
---@return_overload salon.opentalk.StreamingTarget
---@return_overload nil, salon.Error
function StreamingTargets:create(fields, opts) end

---Changes a streaming target.
---
---Source: `PATCH /rooms/{room_id}/streaming_targets/{streaming_target_id}`, servers since 0.9.
---@param id string
---@param fields? salon.opentalk.StreamingTargetsUpdateFields
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.StreamingTarget? result
---@return salon.Error? err
---@return_overload salon.opentalk.StreamingTarget
---@return_overload nil, salon.Error
function StreamingTargets:update(id, fields, opts) end

---Removes a streaming target.
---
---Source: `DELETE /rooms/{room_id}/streaming_targets/{streaming_target_id}`, servers since 0.9.
---@param id string
---@param opts? salon.opentalk.StreamingTargetsDeleteOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function StreamingTargets:delete(id, opts) end

---@class salon.opentalk.RoomsListOptions: table<"page"|"per_page"|"timeout", any>
---@field page? integer  number of the page: 1
---@field per_page? integer  entries of a page: 100, which is the most
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.RoomsPage: salon.Page
---@field [integer] salon.opentalk.Room
---@field next? salon.opentalk.RoomsListOptions  for the next call; nil after the last page

---@class salon.opentalk.RoomsEachOptions: table<"page"|"per_page"|"prefetch"|"timeout", any>
---@field page? integer  number of the page: 1
---@field per_page? integer  entries of a page: 100, which is the most
---@field prefetch? integer  pages under way while you work on one: 4 where their number is known, else 1
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.RoomsWalk: salon.Walk
---@overload fun(): salon.opentalk.Room?

---@class salon.opentalk.RoomsCreateFields: table<"e2e_encryption"|"enable_sip"|"guest_access"|"name"|"password"|"waiting_room", any>
---@field e2e_encryption? boolean  of a room with a password nothing tells that a server of 2023 left it out; servers since 0.20
---@field enable_sip? boolean  with dial-in
---@field guest_access? "disabled"|"waiting_room"|"direct_access"  servers since 2026
---@field name? string|salon.Null  the server may add a suffix: see room.alias; servers since 0.36
---@field password? string|salon.Secret|salon.Null  for guests; in an update salon.null clears it
---@field waiting_room? boolean  a moderator lets people in

---@class salon.opentalk.RoomsUpdateFields: table<"e2e_encryption"|"guest_access"|"name"|"password"|"waiting_room", any>
---@field e2e_encryption? boolean  of a room with a password nothing tells that a server of 2023 left it out; servers since 0.20
---@field guest_access? "disabled"|"waiting_room"|"direct_access"  servers since 2026
---@field name? string|salon.Null  the server may add a suffix: see room.alias; servers since 0.36
---@field password? string|salon.Secret|salon.Null  for guests; in an update salon.null clears it
---@field waiting_room? boolean  a moderator lets people in

---@class salon.opentalk.RoomsDeleteOptions: table<"force"|"notify"|"timeout", any>
---@field force? boolean  true: also when a shared folder or the like cannot be deleted
---@field notify? boolean  false: nobody gets a mail about it
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.RoomsGuestUrlFields: table<"expiration"|"expires_in", any>
---@field expiration? salon.Time|salon.Null  salon.null: never
---@field expires_in? number  seconds from now

---@class salon.opentalk.RoomsStartFields: table<"breakout_room"|"device_secret"|"invite_code"|"password"|"resumption", any>
---@field breakout_room? string  its id; servers up to 0.33
---@field device_secret? string|salon.Secret  16 to 255 random bytes of text that stand for this device; where the server wants it (since 0.34) and it is not given, salon makes one; older ones ignore it
---@field invite_code? string|salon.Secret  of a guest link; servers up to 0.65
---@field password? string|salon.Secret  the room's, of guests
---@field resumption? string|salon.Secret  of an earlier ticket; servers up to 0.33

---@class salon.opentalk.RoomsStartOptions: table<"roomserver"|"timeout", any>
---@field roomserver? boolean  true: the experiment of servers from 0.31 to 0.33, whose tickets are those of 0.34
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.RoomsStartInvitedFields: table<"breakout_room"|"device_secret"|"display_name"|"invite_code"|"password"|"resumption", any>
---@field breakout_room? string  its id; servers up to 0.33
---@field device_secret? string|salon.Secret  16 to 255 random bytes of text that stand for this device; where the server wants it (since 0.34) and it is not given, salon makes one; older ones ignore it
---@field display_name? string  servers that ask for it, before 0.66
---@field invite_code? string|salon.Secret  of a guest link; servers up to 0.65
---@field password? string|salon.Secret  the room's, of guests
---@field resumption? string|salon.Secret  of an earlier ticket; servers up to 0.33

---@class salon.opentalk.RoomsStartInvitedOptions: table<"roomserver"|"timeout", any>
---@field roomserver? boolean  true: the experiment of servers from 0.31 to 0.33, whose tickets are those of 0.34
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---`ot.rooms`
---@class salon.opentalk.Rooms
---@field assets salon.opentalk.OwnAssets
local Rooms = {}

---Rooms that are yours or of meetings you are invited to.
---
---Source: `GET /rooms`.
---@param opts? salon.opentalk.RoomsListOptions
---@return salon.opentalk.RoomsPage? result
---@return salon.Error? err
---@return_overload salon.opentalk.RoomsPage
---@return_overload nil, salon.Error
function Rooms:list(opts) end

---Rooms that are yours or of meetings you are invited to.
---Raises the error that `list` would return.
---
---Source: `GET /rooms`.
---@param opts? salon.opentalk.RoomsEachOptions
---@return salon.opentalk.RoomsWalk
function Rooms:each(opts) end

---One room. A foreign or unknown room is a 403 without a body.
---
---Source: `GET /rooms/{room_id}`.
---@param id string
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Room? result
---@return salon.Error? err
---@return_overload salon.opentalk.Room
---@return_overload nil, salon.Error
function Rooms:get(id, opts) end

---Creates a room.
---
---Source: `POST /rooms`.
---@param fields? salon.opentalk.RoomsCreateFields
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Room? result
---@return salon.Error? err
---@return_overload salon.opentalk.Room
---@return_overload nil, salon.Error
function Rooms:create(fields, opts) end

---Changes a room. The result names you as `created_by`. Servers of 2023 refuse it (403).
---
---Source: `PATCH /rooms/{room_id}`.
---@param id string
---@param fields? salon.opentalk.RoomsUpdateFields
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Room? result
---@return salon.Error? err
---@return_overload salon.opentalk.Room
---@return_overload nil, salon.Error
function Rooms:update(id, fields, opts) end

---Deletes a room and its event.
---
---Source: `DELETE /rooms/{room_id}`.
---@param id string
---@param opts? salon.opentalk.RoomsDeleteOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function Rooms:delete(id, opts) end

---What a room's event is called. 404: the room has none.
---
---Source: `GET /rooms/{room_id}/event`, servers since 0.5.
---@param id string
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.EventInfo? result
---@return salon.Error? err
---@return_overload salon.opentalk.EventInfo
---@return_overload nil, salon.Error
function Rooms:event(id, opts) end

---A link for guests: one that is there already and ends within `expires_in`, with at least half of that time left, or at exactly `expiration`; else a new one. Without both one without an end. Since 0.66 it is the room's own link, the same whatever `expiration` is, so that none ends before another. Of a room that is not yours (see `event.can_edit`) none can be made (403), and none comes where the operator or the room lets no guests in (404).
---
---Source: `GET /rooms/{room_id}/invites`.
---@param id string
---@param fields? salon.opentalk.RoomsGuestUrlFields
---@param opts? salon.opentalk.CallOptions
---@return string? result
---@return salon.Error? err
---@return_overload string
---@return_overload nil, salon.Error
function Rooms:guest_url(id, fields, opts) end

---A ticket to join as the user who is logged in; the vendor's programs join with it.
---
---Source: `POST /rooms/{room_id}/start`.
---@param id string
---@param fields? salon.opentalk.RoomsStartFields
---@param opts? salon.opentalk.RoomsStartOptions
---@return salon.opentalk.Joining? result
---@return salon.Error? err
---@return_overload salon.opentalk.Joining
---@return_overload nil, salon.Error
function Rooms:start(id, fields, opts) end

---A ticket to join as a guest, without a login. Servers up to 0.65 want `invite_code`; one of 2023 takes a code that has expired, too.
---
---Source: `POST /rooms/{room_id}/start_invited`.
---@param id string
---@param fields? salon.opentalk.RoomsStartInvitedFields
---@param opts? salon.opentalk.RoomsStartInvitedOptions
---@return salon.opentalk.Joining? result
---@return salon.Error? err
---@return_overload salon.opentalk.Joining
---@return_overload nil, salon.Error
function Rooms:start_invited(id, fields, opts) end

---The tariff of the room's creator.
---
---Source: `GET /rooms/{room_id}/tariff`.
---@param id string
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Tariff? result
---@return salon.Error? err
---@return_overload salon.opentalk.Tariff
---@return_overload nil, salon.Error
function Rooms:tariff(id, opts) end

---Can a room have this name?
---
---Source: `POST /rooms/name/verify`, servers since 0.36.
---@param name string
---@param opts? salon.opentalk.CallOptions
---@return boolean? result
---@return salon.Error? err
---@return_overload boolean
---@return_overload nil, salon.Error
function Rooms:verify_name(name, opts) end

---@class salon.opentalk.OwnAssetsListOptions: table<"order"|"page"|"per_page"|"sort"|"timeout", any>
---@field order? "ascending"|"descending"  `descending` if not given
---@field page? integer  number of the page: 1
---@field per_page? integer  entries of a page: 100, which is the most
---@field sort? "filename"|"size"|"namespace"|"kind"|"created_at"  `created_at` if not given
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.OwnAssetsPage: salon.Page
---@field [integer] salon.opentalk.Asset
---@field next? salon.opentalk.OwnAssetsListOptions  for the next call; nil after the last page

---@class salon.opentalk.OwnAssetsEachOptions: table<"order"|"page"|"per_page"|"prefetch"|"sort"|"timeout", any>
---@field order? "ascending"|"descending"  `descending` if not given
---@field page? integer  number of the page: 1
---@field per_page? integer  entries of a page: 100, which is the most
---@field prefetch? integer  pages under way while you work on one: 4 where their number is known, else 1
---@field sort? "filename"|"size"|"namespace"|"kind"|"created_at"  `created_at` if not given
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.OwnAssetsWalk: salon.Walk
---@overload fun(): salon.opentalk.Asset?

---`ot.rooms.assets`
---@class salon.opentalk.OwnAssets
local OwnAssets = {}

---Your files in all rooms.
---
---Source: `GET /users/me/assets`, servers since 0.11.
---@param opts? salon.opentalk.OwnAssetsListOptions
---@return salon.opentalk.OwnAssetsPage? result
---@return salon.Error? err
---@return_overload salon.opentalk.OwnAssetsPage
---@return_overload nil, salon.Error
function OwnAssets:list(opts) end

---Your files in all rooms.
---Raises the error that `list` would return.
---
---Source: `GET /users/me/assets`, servers since 0.11.
---@param opts? salon.opentalk.OwnAssetsEachOptions
---@return salon.opentalk.OwnAssetsWalk
function OwnAssets:each(opts) end

---@class salon.opentalk.UsersFindOptions: table<"timeout", any>
---@field timeout? number  seconds for the whole call, of a list for each page; the client's `timeout` otherwise

---@class salon.opentalk.UsersFindPage: salon.Page
---@field [integer] salon.opentalk.User
---@field next? salon.opentalk.UsersFindOptions  for the next call; nil after the last page

---@class salon.opentalk.UsersUpdateMeFields: table<"conference_theme"|"dashboard_theme"|"display_name"|"language"|"title", any>
---@field conference_theme? string
---@field dashboard_theme? string
---@field display_name? string  the operator may forbid to change it
---@field language? string  BCP 47: de-DE
---@field title? string

---`ot.users`
---@class salon.opentalk.Users
local Users = {}

---A user of the same tenant. Servers of 2023 refuse it to everybody (403).
---
---Source: `GET /users/{user_id}`.
---@param user_id string
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.User? result
---@return salon.Error? err
---@return_overload salon.opentalk.User
---@return_overload nil, salon.Error
function Users:get(user_id, opts) end

---Up to 20 users whose name or address matches; q has at least 3 bytes.
---
---Source: `GET /users/find`.
---@param q string
---@param opts? salon.opentalk.UsersFindOptions
---@return salon.opentalk.UsersFindPage? result
---@return salon.Error? err
---@return_overload salon.opentalk.UsersFindPage
---@return_overload nil, salon.Error
function Users:find(q, opts) end

---Your own profile.
---
---Source: `GET /users/me`.
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.User? result
---@return salon.Error? err
---@return_overload salon.opentalk.User
---@return_overload nil, salon.Error
function Users:me(opts) end

---How many invitations wait for your response.
---
---Source: `GET /users/me/pending_invites`, servers since 0.5.
---@param opts? salon.opentalk.CallOptions
---@return integer? result
---@return salon.Error? err
---@return_overload integer
---@return_overload nil, salon.Error
function Users:pending_invites(opts) end

---Bytes of your files, and how many your tariff allows: `max` and `left` are nil where it sets no limit.
---
---Source: `GET /users/me`, servers since 0.11.
---@param opts? salon.opentalk.CallOptions
---@return { used: integer, max: integer?, left: integer? }? result
---@return salon.Error? err
---@return_overload { used: integer, max: integer?, left: integer? }
---@return_overload nil, salon.Error
function Users:storage(opts) end

---Your tariff: quotas and modules.
---
---Source: `GET /users/me/tariff`.
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Tariff? result
---@return salon.Error? err
---@return_overload salon.opentalk.Tariff
---@return_overload nil, salon.Error
function Users:tariff(opts) end

---Changes your own profile.
---
---Source: `PATCH /users/me`.
---@param fields? salon.opentalk.UsersUpdateMeFields
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.User? result
---@return salon.Error? err
---@return_overload salon.opentalk.User
---@return_overload nil, salon.Error
function Users:update_me(fields, opts) end

---@class salon.opentalk.Asset: salon.Record
---@field backend "opentalk"
---@field created_at string
---@field event_id? string  in the list of all rooms
---@field filename string
---@field id string
---@field kind? string  newer servers
---@field namespace? string  "recording" …: what made it
---@field room_id? string  in the list of all rooms
---@field size? integer  bytes; newer servers
local AssetRecord = {}

---Deletes a file.
---
---Source: `DELETE /rooms/{room_id}/assets/{asset_id}`.
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function AssetRecord:delete(opts) end

---Fetches a file to `path`, which is replaced once all of it is there. A break is gone on from where it was, where the server can (since 0.33).
---
---Source: `GET /rooms/{room_id}/assets/{asset_id}`.
---@param path string
---@param opts? salon.opentalk.AssetsDownloadOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function AssetRecord:download(path, opts) end

---An address where anybody can fetch the file for half a minute. A secret.
---
---Source: `GET /rooms/{room_id}/assets/{asset_id}/download`, servers since 0.33.
---@param opts? salon.opentalk.CallOptions
---@return string? result
---@return salon.Error? err
---@return_overload string
---@return_overload nil, salon.Error
function AssetRecord:url(opts) end

---@class salon.opentalk.Event: salon.Record
---@field backend "opentalk"
---@field can_edit boolean  is it yours?
---@field created_at string
---@field created_by salon.opentalk.User
---@field description string
---@field ends_at? salon.opentalk.Moment  all-day: its last day, so that it is over the day after; of a series: of its first occurrence on servers of 2023, else the start of the last one
---@field id string
---@field invite_status "pending"|"accepted"|"tentative"|"declined"
---@field invitees table[]  as far as asked for: event.invites lists all
---@field invitees_truncated boolean
---@field is_adhoc boolean
---@field is_all_day? boolean  of events with a time
---@field is_favorite boolean
---@field is_time_independent boolean
---@field recurrence_pattern? string[]  of a series
---@field shared_folder? table
---@field show_meeting_details? boolean
---@field starts_at? salon.opentalk.Moment
---@field streaming_targets? table[]  not in lists
---@field title string
---@field training_participation_report? salon.opentalk.TrainingReport
---@field type "single"|"recurring"
---@field updated_at string
---@field updated_by salon.opentalk.User
---@field join_url? string
---@field room salon.opentalk.Room
---@field dial_in_text fun(self: salon.opentalk.Event): string?, salon.Error|nil  that of its room
---@field ends_text fun(self: salon.Record, zone?: string): string|nil, salon.Error|nil  its end by the clocks of `zone`, else of its own `timezone`, "2027-01-18 09:00"; all-day: "2027-01-18"; nil: it has none
---@field starts_text fun(self: salon.Record, zone?: string): string|nil, salon.Error|nil  its start by the clocks of `zone`, else of its own `timezone`, "2027-01-18 09:00"; all-day: "2027-01-18"; nil: it has none
---@field instances salon.opentalk.Instances
---@field invites salon.opentalk.People
local EventRecord = {}

---One event.
---
---Source: `GET /events/{event_id}`.
---@param opts? salon.opentalk.EventsGetOptions
---@return salon.opentalk.Event? result
---@return salon.Error? err
---@return_overload salon.opentalk.Event
---@return_overload nil, salon.Error
function EventRecord:refresh(opts) end

---Changes a meeting. It is read first, since servers want all date fields together. Changed and cancelled occurrences of a series are as the others again.
---
---Source: `PATCH /events/{event_id}`.
---@param fields? salon.opentalk.EventsUpdateFields
---@param opts? salon.opentalk.EventsUpdateOptions
---@return salon.opentalk.Event? result
---@return salon.Error? err
---@return_overload salon.opentalk.Event
---@return_overload nil, salon.Error
function EventRecord:update(fields, opts) end

---Deletes a meeting, with its occurrences and, on newer servers, its room; the people who are invited are told.
---
---Source: `DELETE /events/{event_id}`.
---@param opts? salon.opentalk.EventsDeleteOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function EventRecord:delete(opts) end

---Accepts your own invitation.
---
---Source: `PATCH /events/{event_id}/invite`.
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function EventRecord:accept(opts) end

---Adds a meeting to your favourites.
---
---Source: `PUT /users/me/event_favorites/{event_id}`.
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function EventRecord:add_favorite(opts) end

---Gives a meeting a shared folder, or returns the one that it has.
---
---Source: `PUT /events/{event_id}/shared_folder`, servers since 0.5.
---@param opts? salon.opentalk.EventsAddFolderOptions
---@return salon.opentalk.SharedFolder? result
---@return salon.Error? err
---@return_overload salon.opentalk.SharedFolder
---@return_overload nil, salon.Error
function EventRecord:add_folder(opts) end

---Deletes a meeting, with its occurrences and, on newer servers, its room; the people who are invited are told. The same as `delete`.
---
---Source: `DELETE /events/{event_id}`.
---@param opts? salon.opentalk.EventsCancelOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function EventRecord:cancel(opts) end

---Declines your own invitation.
---
---Source: `DELETE /events/{event_id}/invite`.
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function EventRecord:decline(opts) end

---The shared folder of a meeting, with its passwords. 404: it has none.
---
---Source: `GET /events/{event_id}/shared_folder`, servers since 0.5.
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.SharedFolder? result
---@return salon.Error? err
---@return_overload salon.opentalk.SharedFolder
---@return_overload nil, salon.Error
function EventRecord:folder(opts) end

---Gives a meeting another time; without `ends_at` it takes as long as before. Changed and cancelled occurrences of a series are as the others again.
---
---Source: `PATCH /events/{event_id}`.
---@param fields salon.opentalk.EventsMoveFields
---@param opts? salon.opentalk.EventsMoveOptions
---@return salon.opentalk.Event? result
---@return salon.Error? err
---@return_overload salon.opentalk.Event
---@return_overload nil, salon.Error
function EventRecord:move(fields, opts) end

---Removes a meeting from your favourites.
---
---Source: `DELETE /users/me/event_favorites/{event_id}`.
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function EventRecord:remove_favorite(opts) end

---Deletes the shared folder of a meeting.
---
---Source: `DELETE /events/{event_id}/shared_folder`, servers since 0.5.
---@param opts? salon.opentalk.EventsRemoveFolderOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function EventRecord:remove_folder(opts) end

---@class salon.opentalk.EventInfo: salon.Record
---@field backend "opentalk"
---@field e2e_encryption boolean
---@field id string  of the event
---@field is_adhoc boolean
---@field meeting_details? table  servers up to 0.34
---@field password_required? boolean  newer servers
---@field room_id string
---@field title string
local EventInfoRecord = {}

---@class salon.opentalk.Exception: salon.Record
---@field backend "opentalk"
---@field can_edit boolean
---@field created_at string
---@field created_by salon.opentalk.User
---@field description? string  where it differs
---@field ends_at? salon.opentalk.Moment  where it differs
---@field id string
---@field instance_id string
---@field is_all_day? boolean  where it differs
---@field original_starts_at salon.opentalk.Moment
---@field recurring_event_id string
---@field starts_at? salon.opentalk.Moment  where it differs
---@field status "ok"|"cancelled"
---@field title? string  where it differs from the series
---@field type "exception"
---@field updated_at string
---@field updated_by salon.opentalk.User
local ExceptionRecord = {}

---@class salon.opentalk.Instance: salon.Record
---@field backend "opentalk"
---@field can_edit boolean
---@field created_at string
---@field created_by salon.opentalk.User
---@field description string
---@field ends_at salon.opentalk.Moment  all-day: its last day, so that it is over the day after
---@field id string  event and occurrence, with _ between them
---@field instance_id string  start by the rule, in UTC: 20270118T080000Z
---@field invite_status "pending"|"accepted"|"tentative"|"declined"
---@field invitees table[]
---@field invitees_truncated boolean
---@field is_all_day boolean
---@field is_favorite boolean
---@field recurring_event_id string
---@field shared_folder? table
---@field starts_at salon.opentalk.Moment
---@field status "ok"|"cancelled"
---@field title string
---@field training_participation_report? salon.opentalk.TrainingReport
---@field type "instance"
---@field updated_at string
---@field updated_by salon.opentalk.User
---@field join_url? string
---@field room salon.opentalk.Room
---@field ends_text fun(self: salon.Record, zone?: string): string|nil, salon.Error|nil  its end by the clocks of `zone`, else of its own `timezone`, "2027-01-18 09:00"; all-day: "2027-01-18"; nil: it has none
---@field starts_text fun(self: salon.Record, zone?: string): string|nil, salon.Error|nil  its start by the clocks of `zone`, else of its own `timezone`, "2027-01-18 09:00"; all-day: "2027-01-18"; nil: it has none
local InstanceRecord = {}

---One occurrence.
---
---Source: `GET /events/{event_id}/instances/{instance_id}`.
---@param opts? salon.opentalk.InstancesGetOptions
---@return salon.opentalk.Instance? result
---@return salon.Error? err
---@return_overload salon.opentalk.Instance
---@return_overload nil, salon.Error
function InstanceRecord:refresh(opts) end

---Changes one occurrence. Its id stays.
---
---Source: `PATCH /events/{event_id}/instances/{instance_id}`.
---@param fields? salon.opentalk.InstancesUpdateFields
---@param opts? salon.opentalk.InstancesUpdateOptions
---@return salon.opentalk.Instance? result
---@return salon.Error? err
---@return_overload salon.opentalk.Instance
---@return_overload nil, salon.Error
function InstanceRecord:update(fields, opts) end

---Cancels one occurrence.
---
---Source: `PATCH /events/{event_id}/instances/{instance_id}`.
---@param opts? salon.opentalk.InstancesCancelOptions
---@return salon.opentalk.Instance? result
---@return salon.Error? err
---@return_overload salon.opentalk.Instance
---@return_overload nil, salon.Error
function InstanceRecord:cancel(opts) end

---Takes a cancellation back.
---
---Source: `PATCH /events/{event_id}/instances/{instance_id}`.
---@param opts? salon.opentalk.InstancesRestoreOptions
---@return salon.opentalk.Instance? result
---@return salon.Error? err
---@return_overload salon.opentalk.Instance
---@return_overload nil, salon.Error
function InstanceRecord:restore(opts) end

---@class salon.opentalk.Invite: salon.Record
---@field backend "opentalk"
---@field active boolean
---@field created string
---@field created_by salon.opentalk.User
---@field expiration? string  RFC 3339; nil: never
---@field invite_code? string  servers up to 0.65
---@field room_id string
---@field updated string
---@field updated_by salon.opentalk.User
---@field id? string  the invite code
---@field url? string  for guests
---@field usable fun(self: salon.opentalk.Invite): boolean  active and not expired, by the server's clock
local InviteRecord = {}

---One guest link. Servers up to 0.65: newer ones have no codes.
---
---Source: `GET /rooms/{room_id}/invites/{invite_code}`.
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Invite? result
---@return salon.Error? err
---@return_overload salon.opentalk.Invite
---@return_overload nil, salon.Error
function InviteRecord:refresh(opts) end

---Gives a guest link another end.
---
---Source: `PUT /rooms/{room_id}/invites/{invite_code}`.
---@param fields? salon.opentalk.InvitesUpdateFields
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Invite? result
---@return salon.Error? err
---@return_overload salon.opentalk.Invite
---@return_overload nil, salon.Error
function InviteRecord:update(fields, opts) end

---Switches a guest link off for good; it stays in the list.
---
---Source: `DELETE /rooms/{room_id}/invites/{invite_code}`.
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function InviteRecord:deactivate(opts) end

---@class salon.opentalk.Invitee: salon.Record
---@field backend "opentalk"
---@field profile table  as the server sends it
---@field status "pending"|"accepted"|"tentative"|"declined"
---@field display_name? string
---@field email? string
---@field id? string  of people with an account
---@field kind "registered"|"unregistered"|"email"
---@field role? ("user"|"moderator"|"guest")  nil on servers of 2023
local InviteeRecord = {}

---Gives somebody another role; `user_id` may be an e-mail address.
---
---Source: `PATCH /events/{event_id}/invites/{user_id}`, servers since 0.7.
---@param fields salon.opentalk.PeopleUpdateFields
---@param opts? salon.opentalk.PeopleUpdateOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function InviteeRecord:update(fields, opts) end

---Takes an invitation back; `user_id` may be an e-mail address (servers since 0.7). On servers of 2023 the person can still read event and room: only deleting both cures that.
---
---Source: `DELETE /events/{event_id}/invites/{user_id}`.
---@param opts? salon.opentalk.PeopleWithdrawOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function InviteeRecord:withdraw(opts) end

---@class salon.opentalk.Joining: salon.Record
---@field backend "opentalk"
---@field device_secret? salon.Secret  what stands for this device, where salon made it
---@field resumption? salon.Secret  servers up to 0.33: to come back as the same participant
---@field roomserver_address? string  servers since 0.34; its WebSocket is at /v1/signaling/{token}
---@field token? salon.Secret  servers since 0.34
---@field ticket salon.Secret  on servers up to 0.33 for the controller's WebSocket at /signaling, later the token
local JoiningRecord = {}

---@class salon.opentalk.Room: salon.Record
---@field backend "opentalk"
---@field alias? string  servers after 0.35: usable in place of the id
---@field call_in? { tel: string, uri: string?, id: string, password: string }
---@field created_at? string
---@field created_by? salon.opentalk.User
---@field e2e_encryption? boolean  of an event's room
---@field guest_access? ("disabled"|"waiting_room"|"direct_access")  servers since 2026
---@field id string
---@field password? string
---@field sip_id? string  servers of 2023
---@field sip_password? string  servers of 2023
---@field sip_tel? string  servers of 2023
---@field sip_uri? string  servers of 2023
---@field waiting_room boolean
---@field access "waiting_room"|"password"|"open"
---@field dial_in? salon.DialIn
---@field join_url? string  nil while the web front end's address is unknown
---@field title? string  of its event, where the room came with one
---@field dial_in_text fun(self: salon.opentalk.Room): string?, salon.Error|nil  lines for an invitation; of event.room, as other rooms tell no number
---@field assets salon.opentalk.Assets
---@field invites salon.opentalk.Invites
---@field sip salon.opentalk.Sips
---@field streaming_targets salon.opentalk.StreamingTargets
local RoomRecord = {}

---One room. A foreign or unknown room is a 403 without a body.
---
---Source: `GET /rooms/{room_id}`.
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Room? result
---@return salon.Error? err
---@return_overload salon.opentalk.Room
---@return_overload nil, salon.Error
function RoomRecord:refresh(opts) end

---Changes a room. The result names you as `created_by`. Servers of 2023 refuse it (403).
---
---Source: `PATCH /rooms/{room_id}`.
---@param fields? salon.opentalk.RoomsUpdateFields
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Room? result
---@return salon.Error? err
---@return_overload salon.opentalk.Room
---@return_overload nil, salon.Error
function RoomRecord:update(fields, opts) end

---Deletes a room and its event.
---
---Source: `DELETE /rooms/{room_id}`.
---@param opts? salon.opentalk.RoomsDeleteOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function RoomRecord:delete(opts) end

---What a room's event is called. 404: the room has none.
---
---Source: `GET /rooms/{room_id}/event`, servers since 0.5.
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.EventInfo? result
---@return salon.Error? err
---@return_overload salon.opentalk.EventInfo
---@return_overload nil, salon.Error
function RoomRecord:event(opts) end

---A link for guests: one that is there already and ends within `expires_in`, with at least half of that time left, or at exactly `expiration`; else a new one. Without both one without an end. Since 0.66 it is the room's own link, the same whatever `expiration` is, so that none ends before another. Of a room that is not yours (see `event.can_edit`) none can be made (403), and none comes where the operator or the room lets no guests in (404).
---
---Source: `GET /rooms/{room_id}/invites`.
---@param fields? salon.opentalk.RoomsGuestUrlFields
---@param opts? salon.opentalk.CallOptions
---@return string? result
---@return salon.Error? err
---@return_overload string
---@return_overload nil, salon.Error
function RoomRecord:guest_url(fields, opts) end

---A ticket to join as the user who is logged in; the vendor's programs join with it.
---
---Source: `POST /rooms/{room_id}/start`.
---@param fields? salon.opentalk.RoomsStartFields
---@param opts? salon.opentalk.RoomsStartOptions
---@return salon.opentalk.Joining? result
---@return salon.Error? err
---@return_overload salon.opentalk.Joining
---@return_overload nil, salon.Error
function RoomRecord:start(fields, opts) end

---A ticket to join as a guest, without a login. Servers up to 0.65 want `invite_code`; one of 2023 takes a code that has expired, too.
---
---Source: `POST /rooms/{room_id}/start_invited`.
---@param fields? salon.opentalk.RoomsStartInvitedFields
---@param opts? salon.opentalk.RoomsStartInvitedOptions
---@return salon.opentalk.Joining? result
---@return salon.Error? err
---@return_overload salon.opentalk.Joining
---@return_overload nil, salon.Error
function RoomRecord:start_invited(fields, opts) end

---The tariff of the room's creator.
---
---Source: `GET /rooms/{room_id}/tariff`.
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Tariff? result
---@return salon.Error? err
---@return_overload salon.opentalk.Tariff
---@return_overload nil, salon.Error
function RoomRecord:tariff(opts) end

---@class salon.opentalk.SharedFolder: salon.Record
---@field backend "opentalk"
---@field read { url: string, password: string }
---@field read_write? { url: string, password: string }  of your own events
local SharedFolderRecord = {}

---@class salon.opentalk.Sip: salon.Record
---@field backend "opentalk"
---@field lobby boolean  do callers wait until they are let in?
---@field password string  ten digits: the PIN; leading zeros count
---@field room string  its id
---@field sip_id string  ten digits: the conference's id
local SipRecord = {}

---The dial-in of a room. Servers of 2023 refuse it to everybody (403). 404: it has none.
---
---Source: `GET /rooms/{room_id}/sip`.
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Sip? result
---@return salon.Error? err
---@return_overload salon.opentalk.Sip
---@return_overload nil, salon.Error
function SipRecord:refresh(opts) end

---Takes a room's dial-in away. Servers of 2023 refuse it to everybody (403).
---
---Source: `DELETE /rooms/{room_id}/sip`.
---@param opts? salon.opentalk.CallOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function SipRecord:remove(opts) end

---Gives a room a dial-in, or changes it. Servers of 2023 refuse it to everybody (403).
---
---Source: `PUT /rooms/{room_id}/sip`.
---@param fields? salon.opentalk.SipsSetFields
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.Sip? result
---@return salon.Error? err
---@return_overload salon.opentalk.Sip
---@return_overload nil, salon.Error
function SipRecord:set(fields, opts) end

---@class salon.opentalk.StreamingTarget: salon.Record
---@field backend "opentalk"
---@field id string
---@field kind "custom"
---@field name string
---@field public_url string  for those who watch
---@field streaming_endpoint string
---@field streaming_key? salon.Secret  of your own rooms
local StreamingTargetRecord = {}

---One streaming target.
---
---Source: `GET /rooms/{room_id}/streaming_targets/{streaming_target_id}`, servers since 0.9.
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.StreamingTarget? result
---@return salon.Error? err
---@return_overload salon.opentalk.StreamingTarget
---@return_overload nil, salon.Error
function StreamingTargetRecord:refresh(opts) end

---Changes a streaming target.
---
---Source: `PATCH /rooms/{room_id}/streaming_targets/{streaming_target_id}`, servers since 0.9.
---@param fields? salon.opentalk.StreamingTargetsUpdateFields
---@param opts? salon.opentalk.CallOptions
---@return salon.opentalk.StreamingTarget? result
---@return salon.Error? err
---@return_overload salon.opentalk.StreamingTarget
---@return_overload nil, salon.Error
function StreamingTargetRecord:update(fields, opts) end

---Removes a streaming target.
---
---Source: `DELETE /rooms/{room_id}/streaming_targets/{streaming_target_id}`, servers since 0.9.
---@param opts? salon.opentalk.StreamingTargetsDeleteOptions
---@return true? result
---@return salon.Error? err
---@return_overload true
---@return_overload nil, salon.Error
function StreamingTargetRecord:delete(opts) end

---@class salon.opentalk.Tariff: salon.Record
---@field backend "opentalk"
---@field enabled_modules? string[]  servers of 2023
---@field id string
---@field modules? table<string, { features: string[] }>  newer servers
---@field name string
---@field quotas table<string, integer>  room_time_limit_secs …; what is missing has no limit
local TariffRecord = {}

---@class salon.opentalk.User: salon.Record
---@field backend "opentalk"
---@field avatar_url string
---@field conference_theme? string  of your own profile
---@field dashboard_theme? string  of your own profile
---@field display_name string
---@field email string
---@field firstname string
---@field id? string  the controller's own id; people who never logged in have none
---@field kind? ("registered"|"unregistered")  of a search; unregistered: without id, title and display_name
---@field language? string  of your own profile
---@field lastname string
---@field tariff_status? ("default"|"paid"|"downgraded")  of your own profile
---@field title string
---@field used_storage? integer  bytes, of your own profile
local UserRecord = {}

---@class salon.opentalk.Verified: salon.Record
---@field backend "opentalk"
---@field password_required boolean  do guests have to type the room's password?
---@field room_id string
local VerifiedRecord = {}
