-- The mails that the controller would send: how many, in the log of the requests
-- (sandbox:requests(), field `mails`). Later servers write to an event's creator, too.

local mails = {}

---query: as input.change reads it; people: how many instead of all invitees.
function mails.count(request, query, event, old, people)
  local silent = query.suppress_email_notification or not event or event.is_adhoc
  request.mails = silent and 0 or (people or #event.invitees) + (old and 0 or 1)
end

return mails
