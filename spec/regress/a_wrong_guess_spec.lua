-- While a server was maintained, its file that names the controller was a web page. The
-- address that was guessed instead was kept for as long as the client lived.

local nginx = require "spec.support.nginx"
local salon = require "salon"
local support = require "spec.support"

-- One port: the front end below /front, what it names below /there. The file `trouble`
-- in nginx's folder is what the front end says instead, as a chunk of Lua.
local HTTP = [[
  server { listen 127.0.0.1:@PORT@; default_type application/json;
    location = /front/.well-known/opentalk/client { content_by_lua_block {
      local trouble = loadfile(ngx.config.prefix() .. "trouble")
      if trouble then return trouble() end
      ngx.say('{"opentalk_controller":{"base_url":"http://127.0.0.1:@PORT@/there"}}')
    } }
    location /front { content_by_lua_block {
      local trouble = loadfile(ngx.config.prefix() .. "trouble")
      if trouble then return trouble() end
      ngx.exit(404)
    } }
    location = /there/v1/auth/login { return 200 '{"oidc":{}}'; }
    location = /there/v1/rooms/gone { return 403; }
    location /there/v1 { return 200 '{"id":"r-1"}'; }
    location /there { access_log guesses; return 404; }
  } ]]

local TROUBLES = {
  ["a web page"] = "ngx.header.content_type = 'text/html' ngx.say '<!doctype html><title>Soon</title>'",
  ["a 401"] = "ngx.status = 401 ngx.header.content_length = 0 ngx.send_headers()",
  ["a 403"] = "ngx.status = 403 ngx.header.content_length = 0 ngx.send_headers()",
  ["a 404"] = "ngx.status = 404 ngx.say 'nothing here'",
  ["broken JSON"] = "ngx.say '{\"opentalk_'",
}

describe("a guessed address", function()
  local server, url
  setup(function()
    local port = support.free_ports()()
    url = "http://127.0.0.1:" .. port
    server = nginx.start((HTTP:gsub("@PORT@", port)))
  end)
  teardown(function() server:stop() end)

  for name, chunk in pairs(TROUBLES) do
    local function break_it() support.write(server.folder .. "/trouble", chunk) end
    local function mend() os.remove(server.folder .. "/trouble") end

    it("is forgotten when no controller answers there, but " .. name, function()
      break_it()
      local client = salon.opentalk { url = url .. "/front", token = "t" }
      for _ = 1, 2 do assert.is_nil((client.rooms:get("r-1"))) end
      mend()
      assert.are.equal("r-1", salon.check(client.rooms:get("r-1")).id)
    end)

    it("is forgotten when the login is not found there, but " .. name, function()
      break_it()
      local client = salon.opentalk { url = url .. "/front", client_id = "c", username = "u",
        password = "p" }
      local _, err = client.rooms:get("r-1")
      assert.matches("no OpenTalk controller answers at", err.hint)
      assert.are.equal(name ~= "a 404", err.hint:find("well-known/opentalk/client: ", 1, true) ~= nil)
      mend()
      _, err = client.rooms:get("r-1")
      assert.matches("the address of the login service, as the server names it, is missing", err.message)
    end)
  end

  it("is kept once a controller has answered there", function()
    local function guesses()
      return select(2, support.read(server.folder .. "/guesses"):gsub("\n", ""))
    end
    local before = guesses()
    local client = salon.opentalk { controller_url = url .. "/there", token = "t" }
    for _ = 1, 3 do assert(client.rooms:get("r-1")) end
    assert.is_nil((client.rooms:get("gone")))
    assert(client.rooms:get("r-1"))
    assert.are.equal(before + 1, guesses())
  end)
end)
