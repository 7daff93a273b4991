-- A login service with brute-force protection checks one password of an account at a
-- time and refuses the others meanwhile, as if theirs were wrong; two wrong ones within
-- a second lock the account.

local core = require "salon.core"
local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local salon = require "salon"
local support = require "spec.support"

local function refusal(text)
  return '{"error":"invalid_grant","error_description":"' .. text .. '"}'
end

local TOKEN = '{"access_token":"t-1","expires_in":300}'

describe("logins of one account at the same moment", function()
  local sandbox
  setup(function() sandbox = support.start { meet = false } end)
  teardown(function() sandbox:stop() end)

  -- Logs in when the clock says so, as all others do.
  local PROGRAM = [[
    local salon, core = require "salon", require "salon.core"
    local client = salon.opentalk { controller_url = arg[1], issuer = arg[2], client_id = "Frontend",
      username = "alice", password = "throwaway-password" }
    while core.now() < tonumber(arg[3]) do end
    local token, err = client:token()
    if not token then io.stdout:write(tostring(err), "\n") end
  ]]

  local function processes(n)
    local program = support.write(os.tmpname(), PROGRAM)
    local begin, pipes = core.now() + 0.2 + n * 0.02, {}
    for i = 1, n do
      pipes[i] = assert(io.popen(("exec %s %s %s %s %s 2>&1"):format(support.quote(support.lua),
        program, sandbox.opentalk.controller_url, sandbox.opentalk.issuer, core.encode(begin))))  -- no decimal comma
    end
    local complaints = {}
    for i, pipe in ipairs(pipes) do
      complaints[i] = pipe:read "*a"
      pipe:close()
    end
    os.remove(program)
    return table.concat(complaints)
  end

  it("all succeed, from as many processes", function()
    for _ = 1, 2 do assert.are.equal("", processes(4)) end
    assert.are.equal("", processes(16))
  end)

  it("all succeed, from as many clients of one process", function()
    local clients = {}
    for i = 1, 16 do clients[i] = salon.opentalk(support.opentalk(sandbox)) end
    for _, err in salon.map(clients, function(client)
      return select(2, client:token()) or false
    end, { concurrency = 16 }) do
      assert.is_false(err)
    end
  end)

  it("all succeed, from as many clients in nginx", function()
    local port = support.free_ports()()
    local role = sandbox.opentalk
    local server = nginx.start(([[ server { listen 127.0.0.1:%d; location / { content_by_lua_block {
      local salon = require "salon"
      local threads = {}
      for i = 1, 16 do
        threads[i] = ngx.thread.spawn(function()
          return salon.opentalk { url = %q, client_id = %q, username = %q, password = %q }:token()
        end)
      end
      for i = 1, 16 do
        local _, token, err = ngx.thread.wait(threads[i])
        if not token then ngx.say(tostring(err)) end
      end
      ngx.print("done") } } } ]]):format(port, role.url, role.client_id, role.username, role.password))
    assert.are.equal("done", (support.curl("http://127.0.0.1:" .. port .. "/")))
    server:stop()
  end)

  -- As where a signal arrives again and again.
  it("send a wrong password no sooner where something ends a wait early", function()
    local sleep = core.sleep
    finally(function() core.sleep = sleep end)
    function core.sleep(seconds) sleep(math.min(seconds, 0.01)) end
    local client, began = salon.opentalk(support.opentalk(sandbox, { username = "bob", password = "y" })), core.now()
    assert.are.equal(2, select(2, client:token()).attempts)
    assert.is_true(core.now() - began > 1.2)
    assert(salon.opentalk(support.opentalk(sandbox, { username = "bob" })):token())
  end)

  it("send a wrong password twice, more than a second apart, and lock nothing", function()
    local client = salon.opentalk(support.opentalk(sandbox, { username = "bob", password = "x" }))
    local before, began = #sandbox:requests(), core.now()
    local _, err = client:token()
    assert.are.same({ "auth", 400, 2 }, { err.kind, err.status, err.attempts })
    assert.is_true(core.now() - began > 1.2)
    for _ = 1, 3 do assert.are.equal(0, select(2, client:token()).attempts) end
    local sent = 0
    for i, request in ipairs(sandbox:requests()) do
      if i > before and request.path:find "/token$" then sent = sent + 1 end
    end
    assert.are.equal(2, sent)
    assert(salon.opentalk(support.opentalk(sandbox, { username = "bob" })):token())
  end)
end)

describe("a password that was refused once", function()
  local server
  setup(function() server = raw.start() end)
  teardown(function() server:stop() end)

  -- A client whose logins get `text` at first and a token after `seconds`.
  local function client(name, text, seconds, more)
    server:reply(name, "400 Bad Request", "", refusal(text))
    os.execute(("{ sleep %g; printf 'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' >%s.new; "
      .. "mv %s.new %s; } &"):format(seconds, #TOKEN, TOKEN, server.folder .. "/" .. name,
      server.folder .. "/" .. name, server.folder .. "/" .. name))
    local given = { controller_url = server.url, token_endpoint = server.url .. "/" .. name,
      client_id = "c", username = "u", password = "p" }
    for key, value in pairs(more or {}) do given[key] = value end
    return salon.opentalk(given)
  end

  it("is sent once more, and may be right then", function()
    local one = client("a", "Invalid user credentials", 0.6)
    assert.are.equal("t-1", assert(one:token()):reveal())
  end)

  it("is believed at once where the time is short, and not for long", function()
    local one = client("b", "Invalid user credentials", 0.6)
    local _, err = one:token { timeout = 1 }
    assert.are.same({ "auth", 1 }, { err.kind, err.attempts })
    _, err = one:token()
    assert.are.same({ "auth", 0 }, { err.kind, err.attempts })
    core.sleep(3.1)
    assert(one:token())
  end)

  it("is believed with max_tries = 1, and where it is the account that is refused", function()
    local _, err = client("c", "Invalid user credentials", 0, { max_tries = 1 }):token()
    assert.are.equal(1, err and err.attempts or 1)
    for _, text in ipairs { "Account disabled", "Account is not fully set up" } do
      local one = client("d", text, 0.4)
      _, err = one:token()
      assert.are.equal(1, err.attempts)
      core.sleep(0.6)
      assert(one:token())  -- as soon as the account is put right
    end
  end)
end)
