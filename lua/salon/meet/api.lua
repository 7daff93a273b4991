-- What all operations of Meet's External API share: on whose behalf, and what a page is.

local is = require "salon.internal.is"
local options = require "salon.internal.options"

local api = { name = "meet" }

api.options = options.merge(options.CALL, {
  user = is.text { here = true, check = options.NAME.check, says = "e-mail address of the user to act for" },
})

api.pages = {
  numbered = {
    page = options.merge(options.PAGE, { here = true }),
    page_size = is.integer { min = 1, max = 100, says = "all servers so far send 20" },
  },
}

---What is wrong with a call that names `user`, or none.
---@param session salon.Session
---@param user string?
---@return string? message
function api.user_fault(session, user)
  local backend = session.backend
  if user and backend.given.token then
    return "option 'user' makes no sense with a token from outside"
  elseif not (user or backend.user or backend.given.token) then
    return "option 'user' is required (here or for the client)"
  end
end

---Why an id that could be a segment of a path is none: at a dot Meet's routes end.
---@param value string
---@return string?
function api.id_fault(value)
  if value:find(".", 1, true) then return "must not hold a dot" end
end

function api.check(service, given)
  return api.user_fault(service.session, given.user or service.user)
end

function api.decode(source, response)
  local data, err = source.session:decode(response, "object")
  if data == nil then return nil, err end
  if type(data.results) ~= "table" then
    return nil, source.session:shape_error(response, "the page holds no list 'results'")
  end
  return data.results, data
end

return api
