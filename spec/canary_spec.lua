-- Nothing leaks: marked secrets go in by every way there is, clients of both systems meet every
-- kind of trouble, and what leaves the program other than by the wire is searched for them.

local Authority = require "spec.support.authority"
local canary = require "spec.support.canary"
local json = require "salon.internal.json"
local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local redis = require "spec.support.redis"
local support = require "spec.support"

describe("a secret", function()
  local server, tls, authority, folder, cache
  setup(function()
    server, tls, authority, folder = raw.start(), raw.start(true), Authority.new(), support.folder()
    server:answer("hang", "", "hang")
    cache = redis.start(nil, "--rename-command AUTH ''")
  end)
  teardown(function()
    for _, one in ipairs { server, tls, cache } do one:stop() end
    authority:remove()
    support.remove(folder)
  end)

  -- All that go in, by name.
  local function words()
    local all, number = {}, 0
    for name in ("password client_secret refresh_token one_time_code proxy_password client_key_password redis_password "
      .. "room_password invite_code streaming_key"):gmatch "%S+" do
      number = number + 1
      all[name] = canary.word(number)
    end
    for name in ("token header access_token issued_refresh_token id_token device_code"):gmatch "%S+" do
      number = number + 1
      all[name] = canary.word(number, true)
    end
    all.invite_code = canary.word(number + 1, true)
    return all
  end

  -- Writes what spec/support/canary/traffic.lua is given.
  local function setup_of(all, more)
    os.remove(folder .. "/store.json")
    support.write(folder .. "/secret", all.password)
    authority:sign("client", "localhost", "-days 2")
    support.write(folder .. "/passphrase", all.client_key_password)
    authority:openssl("ec -aes256 -in client.key -out locked.key -passout file:%s/passphrase", folder)
    local given = { words = all, url = server.url, tls_url = tls.url, ca_file = tls.ca_file, folder = server.folder,
      cert_file = authority.folder .. "/client.pem", key_file = authority.folder .. "/locked.key",
      secret_file = folder .. "/secret", store_file = folder .. "/store.json", redis_port = cache.port }
    for name, value in pairs(more or {}) do given[name] = value end
    support.write(folder .. "/setup.json", json.encode(given))
    server:forget()
  end

  local RUN = [[
    package.path = package.path .. ";/usr/share/lua/5.3/?.lua"  -- as in spec/support/redis.lua
    local json = require "salon.internal.json"
    local file = assert(io.open "FOLDER/setup.json")
    local setup = json.decode(file:read "*a")
    file:close()
    file = assert(io.open("FOLDER/unfinished", "w"))
    file:write(json.encode(require "spec.support.canary.traffic"(setup)))
    file:close()
    os.rename("FOLDER/unfinished", "FOLDER/report.json")]]

  -- What came of it, and that it is worth something: that much was said, and each word sent.
  local function report_of(output, all)
    local report = io.open(folder .. "/report.json")
    if report == nil then error("no report: " .. output:sub(-1000)) end
    report:close()
    report = json.decode(support.read(folder .. "/report.json"))
    os.remove(folder .. "/report.json")
    local _, found = canary.search({ [server:log()] = "wire" }, all)
    local sent = {}
    for name in pairs(all) do sent[name] = found[name] or nil end
    for _, name in ipairs { "id_token", "client_key_password", "redis_password" } do sent[name] = true end
    for name in pairs(all) do assert(sent[name], name .. " was not sent") end
    return report
  end

  local function run_script(all, more)
    setup_of(all, more)
    local output = support.run(("SALON_LOG=debug CANARY_SECRET=$(cat %s/secret) %s -e %s <%s/secret"):format(folder,
      support.quote(support.lua), support.quote((RUN:gsub("FOLDER", folder))), folder))
    return report_of(output, all), output
  end

  local function assert_none(report, output, all, calls)
    assert.same({}, report.hits)
    assert.same({}, (canary.search({ [output] = "the output" }, all)))
    assert.is_true(report.texts > 5 * calls and report.calls > calls and report.forms == 16 and #output > 1e5)
  end

  it("is found in every form by this search, whole or in part", function()
    for _, form in ipairs(canary.FORMS) do
      for number, word in ipairs { canary.word(1), canary.word(2, true) } do
        for _, text in ipairs { form.play(word), "x" .. form.play("x" .. word) .. "x", form.play(word:sub(1, 22)) } do
          local collection = canary.collection()
          collection:add("here", setmetatable({ { [text] = 1 } }, {}))
          assert.is_true(#canary.search(collection.texts, { word = word }) > 0, form.name .. " of word " .. number)
          assert.same({}, (canary.search(collection.texts, { word = canary.word(1) })))
        end
      end
    end
  end)

  it("is in nothing that a script lets out", function()
    local all = words()
    local report, output = run_script(all, { step = 1 })
    assert_none(report, output, all, 2000)
  end)

  it("is in nothing that nginx lets out", function()
    local all, port = words(), support.free_ports()()
    setup_of(all, { step = 4 })
    local guest = nginx.start(([[
      error_log error.log info; lua_shared_dict logins 1m;
      server { listen 127.0.0.1:%d; location / { content_by_lua_block {
        ngx.timer.at(0, function() %s end)
        ngx.say "begun"
      } } }]]):format(port, (RUN:gsub("FOLDER", folder))), { CANARY_SECRET = all.password }, "env CANARY_SECRET;")
    support.curl("http://127.0.0.1:" .. port)
    support.run(("for i in $(seq 1200); do [ -e %s/report.json ] && break; sleep 0.1; done"):format(folder))
    local log = guest:log()
    guest:stop()
    assert_none(report_of(log, all), log, all, 500)
  end)

  it("would be noticed if a single event held it", function()
    local report = run_script(words(), { step = #canary.FORMS, plant = true })
    assert.is_true(#report.hits > 0)
    for _, hit in ipairs(report.hits) do assert.matches("^password, plain, in event.note: canary%-", hit) end
  end)
end)
