-- From the one address a person knows to everything a call needs: the web front
-- end (for links), the controller's API, and the token endpoint of the login
-- service. Every step can be overridden by an option. Looked up when first
-- needed, once per client, by one caller at a time.
--
-- Where a file is not there, or not now, the address is guessed; a guess is forgotten
-- unless a controller answers there.
--
-- Sources: `/.well-known/opentalk/client` (front end), `/.well-known/opentalk/api`
-- (controller, >= 0.30), `GET /v1/auth/login`, OpenID Connect discovery.

local Error = require "salon.internal.error"
local SingleFlight = require "salon.internal.single_flight"
local find_hint = require "salon.internal.hints".find
local hints = require "salon.opentalk.hints"
local options = require "salon.internal.options"

---@class salon.opentalk.Discovery
---@field frontend? string  web front end, for links
---@field api? string  base of the REST API, ends in /v1
---@field says_version? boolean  the controller names its API's versions: it is 0.30 or newer
---@field guess? salon.Error  why the address of controller or API is none that a server named
---@field endpoints table<string, string>  of the login service, by their names in its document
---@field misnamed? string  what to say of a refusal: the login service has another name
---@field document? table  of the login service, once it was read
---@field basic? boolean  the client's secret goes into a header, not into the form
local Discovery = {}
Discovery.__index = Discovery

---@param http salon.Http
---@param given table  the client's options
function Discovery.new(http, given)
  return setmetatable({
    http = http,
    given = given,
    frontend = given.frontend_url or given.controller_url and given.url or nil,
    controller = given.controller_url,
    endpoints = { token_endpoint = given.token_endpoint },
    api_lookup = SingleFlight.new(),
    login_lookup = SingleFlight.new(),
  }, Discovery)
end

local function without_slash(url)
  return (url:gsub("/+$", ""))
end

-- The server has no such file: an older version, or another kind of server.
local function absent(err)
  return err.kind == "decode" or err.status == 404 or err.status == 403 or err.status == 401
end

local function fetch(self, url, deadline)
  return self.http:fetch { url = url, deadline = deadline, inner = true }
end

-- An address that a server named; the token or the password will go there.
local function trusted(self, url, what, override, asked)
  local message, clean
  if type(url) ~= "string" then
    message = "is missing"
  else
    message, clean = options.named_url_fault(url, asked, self.given.allow_insecure)
  end
  if message == nil then return clean end
  return nil, Error.new {
    kind = "decode",
    message = ("the address of %s, as the server names it, %s"):format(what, message),
    hint = "give it yourself with option '" .. override .. "'",
    method = "GET",
    url = asked,
    outcome = "done",
    attempts = 1,
  }
end

-- The front end names the controller; a server without that file is the controller.
local function find_controller(self, deadline)
  if self.controller then return self.controller end
  local entrance = self.given.frontend_url or self.given.url
  local asked = entrance .. "/.well-known/opentalk/client"
  local data, err = fetch(self, asked, deadline)
  if data == nil then
    if not absent(err) then return nil, err end
    self.guess = err
    return entrance
  end
  local controller = type(data.opentalk_controller) == "table" and data.opentalk_controller.base_url
  controller, err = trusted(self, controller, "the controller", "controller_url", asked)
  if controller == nil then return nil, err end
  self.frontend = self.frontend or entrance
  self.controller = controller
  return controller
end

-- "/v1" and "v1" are meant below the place the file came from.
local function resolve(controller, base)
  if base:find("^[A-Za-z][A-Za-z0-9+.-]*://") then return base end
  return controller .. "/" .. base:gsub("^/+", "")
end

local function find_api(self, deadline)
  local controller, err = find_controller(self, deadline)
  if controller == nil then return nil, err end
  local asked = controller .. "/.well-known/opentalk/api"
  local data
  data, err = fetch(self, asked, deadline)
  if data == nil and not absent(err) then return nil, err end
  self.guess = self.guess or data == nil and err or nil
  local v1 = data and type(data.opentalk_api) == "table" and data.opentalk_api.v1
  local base = type(v1) == "table" and v1.base_url
  if type(base) == "string" then
    local api
    api, err = trusted(self, resolve(controller, base), "the API", "controller_url", asked)
    if api == nil then return nil, err end
    self.api, self.guess, self.says_version = api, nil, true
  else
    self.api = controller .. "/v1"
  end
  self.controller = controller
  return self.api
end

---Takes note of what a guess was worth.
---@param right boolean  did a controller answer?
function Discovery:confirm(right)
  if self.guess and not right then
    self.api, self.controller = nil, self.given.controller_url
  end
  self.guess = nil
end

---The base of the REST API.
---@param deadline number
---@return string? base
---@return salon.Error? err
function Discovery:locate(deadline)
  if self.api then return self.api end
  local host, err = self.http:host()
  if host == nil then return nil, err end
  return self.api_lookup:run(host, deadline, "discovery", find_api, self, deadline)
end

local function no_controller(self)
  local hint = "no OpenTalk controller answers at " .. Error.short_url(self.controller)
    .. ": check 'url', or give its address with option 'controller_url'"
  local guess = self.guess
  if guess == nil or guess.status == 404 then return hint end
  return ("%s (%s: %s)"):format(hint, Error.short_url(guess.url), guess.message)
end

local function find_issuer(self, deadline)
  if self.given.issuer then return self.given.issuer end
  local api, err = self:locate(deadline)
  if api == nil then return nil, err end
  local asked = api .. "/auth/login"
  local data
  data, err = fetch(self, asked, deadline)
  if data == nil then
    if absent(err) then
      err.hint = no_controller(self)
      self:confirm(false)
    end
    return nil, err
  end
  self:confirm(true)
  local issuer = type(data.oidc) == "table" and data.oidc.url
  return trusted(self, issuer, "the login service", "issuer", asked)
end

-- Tokens bear the name that the service gives itself, so a controller may refuse them. No
-- fault in itself: behind a proxy a service often has two addresses.
local function misnaming(asked, named)
  if type(named) ~= "string" then return nil end
  local fault, clean = options.url_fault(named, true)
  if fault or clean == without_slash(asked) then return nil end
  return ("the login service calls itself %s, not %s: check 'issuer'"):format(
    Error.short_url(clean), Error.short_url(asked))
end

-- Does the login service take a client's secret by HTTP Basic only? By the standard a
-- service that does not say takes nothing but Basic. Those that people run take both, and
-- what they were sent up to now is the form: so only its absence from a list counts.
local function wants_basic(methods)
  local offered = {}
  for _, method in ipairs(type(methods) == "table" and methods or {}) do offered[method] = true end
  return offered.client_secret_basic and not offered.client_secret_post
end

local function read_document(self, deadline)
  local issuer, err = find_issuer(self, deadline)
  if issuer == nil then return nil, err end
  local asked = without_slash(issuer) .. "/.well-known/openid-configuration"
  local data
  data, err = fetch(self, asked, deadline)
  if data == nil then
    local hint = find_hint(hints.LOGIN, err)
    if absent(err) then
      hint = "no login service answers at " .. Error.short_url(issuer) .. ": " .. (hint or "check the address")
        .. "; options 'issuer' and 'token_endpoint' override what was found"
    end
    err.hint = hint or err.hint
    return nil, err
  end
  self.document, self.document_url = data, asked
  self.misnamed = misnaming(issuer, data.issuer)
  self.basic = wants_basic(data.token_endpoint_auth_methods_supported)
  return data
end

---Adds to an error of the login, or of a token, what the OpenID document made doubtful.
---@param err salon.Error
function Discovery:explain(err)
  if self.misnamed == nil or err.kind ~= "auth" then return end
  err.hint = err.hint and err.hint .. "; " .. self.misnamed or self.misnamed
end

local ENDPOINTS = {
  token_endpoint = "the token endpoint",
  device_authorization_endpoint = "the device login",
  end_session_endpoint = "the logout",
  revocation_endpoint = "the revocation",
}

---An endpoint of the login service.
---@param name string  in its document
---@param deadline number
---@return string? url
---@return salon.Error? err  nil too: the login service has no such endpoint
function Discovery:endpoint(name, deadline)
  if self.endpoints[name] then return self.endpoints[name] end
  local document = self.document
  if document == nil then
    local host, err = self.http:host()
    if host == nil then return nil, err end
    document, err = self.login_lookup:run(host, deadline, "discovery", read_document, self, deadline)
    if document == nil then return nil, err end
  end
  local is_token = name == "token_endpoint"
  if document[name] == nil and not is_token then return nil end
  local url, err = trusted(self, document[name], ENDPOINTS[name], is_token and name or "issuer",
    self.document_url)
  self.endpoints[name] = url
  return url, err
end

return Discovery
