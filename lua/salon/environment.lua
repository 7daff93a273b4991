-- salon.environment: a client's options out of the environment, for scripts. Which there are
-- is read from the descriptions of the options: those that may be a text.

local options = require "salon.internal.options"

local BACKENDS = { OPENTALK = "salon.opentalk", MEET = "salon.meet" }

local PREFIX = { "string", required = true, check = function(value)
  if BACKENDS[value:match "^%u+"] == nil or value:find "[^%u%d_]" or value:find "_$" then
    return "must be 'OPENTALK' or 'MEET', perhaps with more after it: 'OPENTALK_TEST'"
  end
end }

local function may_be(want, kind)
  for _, allowed in ipairs(want) do
    if allowed == kind then return true end
  end
  return false
end

---A client's options that are texts, out of the environment: OPENTALK_URL is `url`,
---OPENTALK_CLIENT_ID `client_id`, OPENTALK_USERNAME `username`, OPENTALK_PASSWORD `password`, and
---so on; with "MEET" MEET_URL, MEET_CLIENT_ID, MEET_CLIENT_SECRET, MEET_USER and so on. What is
---not set, or empty, is left out. Without the URL a text is raised for whoever runs the script,
---"OPENTALK_URL is not set", and by the client where it needs more. The table is yours: add to it.
---Secrets in it are Secrets, but for a login in the URL of a proxy.
---
---nginx hides variables from its workers unless `env OPENTALK_URL;` and so on in the main part of
---nginx.conf names them.
---@param prefix string  "OPENTALK", "MEET"; for one server more "OPENTALK_TEST" or the like
---@return table
return function(prefix)
  options.check("salon.environment", { prefix = prefix }, { prefix = PREFIX }, 3, "argument")
  local given = {}
  for name, want in pairs(require(BACKENDS[prefix:match "^%u+"]).OPTIONS) do
    local text = may_be(want, "string") and not want.of_program and os.getenv(prefix .. "_" .. name:upper())
    if text and (text ~= "" or want.empty) then
      -- A user's name is no secret: messages and the log tell it.
      given[name] = name ~= "username" and may_be(want, "secret") and options.hide(text) or text
    end
  end
  if given.url == nil then error(options.not_set(prefix .. "_URL"), 0) end
  return setmetatable(given, { __name = "salon.environment", environment = prefix })
end
