-- The one place that holds salon's version number. The rockspec, the user
-- agent and `salon.version()` take it from here.

return "0.1.0"
