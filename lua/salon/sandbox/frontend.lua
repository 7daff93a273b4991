-- OpenTalk's web front end: the well-known file that names the controller, and
-- a page for everything else.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"

local frontend = {}

function frontend.answer(request)
  if request.path == "/.well-known/opentalk/client" then
    local controller = store.settings.addresses[request.scheme].controller
    return { status = 200, headers = { ["Content-Type"] = "application/json" },
      body = json.object("opentalk_controller",
        json.object("base_url", json.quote(controller))) }
  end
  return { status = 200, headers = { ["Content-Type"] = "text/html" },
    body = "<!doctype html>\n<html><head><title>OpenTalk</title></head>"
      .. "<body><div id=\"root\"></div></body></html>\n" }
end

return frontend
