-- What all operations of OpenTalk's API share: options of calls and lists.

local is = require "salon.internal.is"
local options = require "salon.internal.options"

local LARGEST = 100  -- newer servers refuse more, older ones cut it

local PER_PAGE = is.integer { min = 1, max = LARGEST, always = LARGEST,
  says = "entries of a page: 100, which is the most" }

local api = { name = "opentalk", options = options.CALL }

api.pages = {
  numbered = { per_page = PER_PAGE, page = options.merge(options.PAGE, { here = true }) },
  cursor = { per_page = PER_PAGE, after = is.text { here = true, says = "cursor, from page.next" } },
  all = {},
}

---An option that keeps the server from writing mails.
api.NOTIFY = is.flag {
  as = "suppress_email_notification", to = function(value) return not value end,
  says = "false: nobody gets a mail about it",
}

---Deletes although something outside of the controller cannot be deleted.
api.FORCE = is.flag { as = "force_delete_reference_if_external_services_fail",
  says = "true: also when a shared folder or the like cannot be deleted" }

return api
