-- Forms for the login service, which all grants and the logout share: where they go, how
-- the client names itself, how a secret option is read, what a refusal means.

local Error = require "salon.internal.error"
local Login = require "salon.internal.login"
local Secrets = require "salon.internal.secrets"
local core = require "salon.core"
local find_hint = require "salon.internal.hints".find
local hints = require "salon.opentalk.hints"
local options = require "salon.internal.options"

---@class salon.opentalk.Route
---@field http salon.Http
---@field discovery salon.opentalk.Discovery
---@field secrets salon.Secrets
---@field given table  the client's options
local Route = {}
Route.__index = Route

---@param fields { http: salon.Http, discovery: salon.opentalk.Discovery, secrets: salon.Secrets,
---  given: table }
function Route.new(fields)
  return setmetatable({ http = fields.http, discovery = fields.discovery, secrets = fields.secrets,
    given = fields.given }, Route)
end

---The text of a secret option.
---@param name string
---@return string? text
---@return salon.Error? err
function Route:reveal(name)
  local text, message = options.reveal(self.given[name],
    name == "password" and options.PASSWORD or options.SECRET)
  if text then
    if name ~= "username" then self.secrets:note(name, text) end
    return text
  end
  return nil, Error.new { kind = "auth", message = ("option '%s': %s"):format(name, message) }
end

-- As in a form, before base64 (RFC 6749, 2.3.1): a colon inside would end the id.
local function basic(id, secret)
  return Secrets.base64(core.form({ "", id }):sub(2) .. ":" .. core.form({ "", secret }):sub(2))
end

local function append(form, ...)
  for i = 1, select("#", ...) do form[#form + 1] = (select(i, ...)) end
end

---A form from this client.
---@param endpoint string  its name in the login service's document
---@param deadline number
---@param grant? string
---@param ... string  names and values
---@return table? form
---@return salon.Error? err  nil too: there is no such endpoint
function Route:form(endpoint, deadline, grant, ...)
  local url, err = self.discovery:endpoint(endpoint, deadline)
  if url == nil then return nil, err end
  local form = { endpoint = url }
  if grant then append(form, "grant_type", grant) end
  local id, secret = self.given.client_id, nil
  if self.given.client_secret then
    secret, err = self:reveal "client_secret"
    if secret == nil then return nil, err end
  end
  if secret and self.discovery.basic then
    form.basic = basic(id, secret)
    self.secrets:note("basic", form.basic)
  else
    append(form, "client_id", id)
    if secret then append(form, "client_secret", secret) end
  end
  append(form, ...)
  return form
end

---@class salon.opentalk.RouteCall
---@field rows? table[]  hints, tried before those for all forms
---@field retry? "idempotent"  "never" if it is not given
---@field old_refresh? string  stays good where the response brings none

-- Says who refused, and makes a refusal of the login an "auth" error.
local function explain(self, err, rows)
  if not Error.is_told(err) then return err end
  if err.status < 300 then err.body = nil end  -- broken JSON, perhaps with a token in it
  err.hint = rows and find_hint(rows, err) or find_hint(hints.LOGIN, err) or err.hint
  if err.status == 400 or err.status == 401 or err.status == 403 then
    err.kind = "auth"
    err.message = "login refused: " .. err.message
    self.discovery:explain(err)
  end
  return err
end

---Sends a form.
---@param form table
---@param deadline number
---@param about? salon.opentalk.RouteCall
---@return table? response
---@return salon.Error? err
function Route:send(form, deadline, about)
  local response, err = self.http:call {
    method = "POST",
    url = form.endpoint,
    body = core.form(form),
    basic = form.basic,
    form = true,
    deadline = deadline,
    inner = true,
    retry = about and about.retry or "never",
  }
  if response == nil then return nil, explain(self, err, about and about.rows) end
  return response
end

---Sends a form and decodes the object that comes back.
---@param form table
---@param deadline number
---@param about? salon.opentalk.RouteCall
---@return table? data
---@return table|salon.Error response_or_err
function Route:fetch(form, deadline, about)
  local response, err = self:send(form, deadline, about)
  if response == nil then return nil, err end
  local data
  data, err = self.http:decode(response, "object")
  if data == nil then return nil, explain(self, err) end
  return data, response
end

local function text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

---Sends a form and makes a Token of the response.
---@param form table
---@param deadline number
---@param about? salon.opentalk.RouteCall
---@return salon.Token? token
---@return salon.Error? err
function Route:token(form, deadline, about)
  local data, response = self:fetch(form, deadline, about)
  if data == nil then return nil, response end
  local token, err = Login.read(self.http, response, data, {
    refresh = text(data.refresh_token) or about and about.old_refresh,
    id_token = text(data.id_token),
  })
  if token then self.secrets:note("token", token) end
  return token, err
end

return Route
