-- Where logins are kept: what option `store` of a client takes. A store is a table of
-- four functions, called without self; doc/sessions.md has the contract for those of
-- one's own:
--
--   read(key)                      -> blob, version; nil where there is nothing
--   write(key, blob, ttl, version) -> true; false: it is not the version read any more
--   lock(key, ttl)                 -> fence; nil or false: somebody else has it. Fails where
--                                     a write would, as a renewal comes in between
--   unlock(key, fence)
--   name                           for messages: "file /var/lib/…"
--
-- Where one cannot be done: nil, a message, and what to do if that is known. The version here is the blob itself: it
-- never comes twice, and nothing has to count.

return {
  memory = require "salon.store.memory",
  file = require "salon.store.file",
  shdict = require "salon.store.shdict",
  redis = require "salon.store.redis",
}
