-- Secrets, tokens (src/lua/secret.c, src/lua/token.c) and the clock they age on.

local core = require "salon.core"

local MARKER = "m4rker-s3cret"

-- Everything of a value that could end up in a log.
local function texts(value)
  local list = { tostring(value), ("%s"):format(tostring(value)) }
  for _, operation in ipairs {
    function() return value .. "" end, function() return value + 1 end,
    function() return #value end, function() return value.nothing end,
    function() return core.encode { value } end,
    function() return error(value, 0) end,
  } do
    list[#list + 1] = tostring(select(2, pcall(operation)))
  end
  return table.concat(list, "\n")
end

describe("core.secret", function()
  it("gives its bytes to reveal() alone", function()
    local secret = core.secret(MARKER)
    assert.equal(MARKER, secret:reveal())
    assert.equal("salon.Secret(***)", tostring(secret))
    assert.is_nil(texts(secret):find(MARKER, 1, true))
  end)

  it("keeps every byte", function()
    assert.equal("", core.secret(""):reveal())
    assert.equal("a\0b\255", core.secret("a\0b\255"):reveal())
  end)

  it("takes strings only", function()
    for _, value in ipairs { 1, true, {}, core.secret "x" } do
      assert.error_matches(function() core.secret(value) end, "bad argument #1")
    end
    assert.error(function() core.secret() end)
  end)

  it("is told from everything else", function()
    assert.is_true(core.is_secret(core.secret "x"))
    for _, value in ipairs { "x", 1, {}, io.stdout,
        core.token { access = "x" } } do
      assert.is_false(core.is_secret(value))
    end
    assert.is_false(core.is_secret())
  end)

  it("checks its self", function()
    local reveal = core.secret("x").reveal
    for _, value in ipairs { "x", {}, io.stdout, core.null } do
      assert.error_matches(function() reveal(value) end, "bad argument #1")
    end
    assert.is_nil(core.secret("x").__gc)
  end)

  it("is wiped on release and says so", function()
    local secret = core.secret(MARKER)
    local release = debug.getmetatable(secret).__gc
    release(secret)
    release(secret)
    assert.error_matches(function() secret:reveal() end, "secret is wiped")
    assert.equal("salon.Secret(***)", tostring(secret))
  end)
end)

describe("core.token", function()
  local function token(extra)
    local options = { access = MARKER, refresh = MARKER .. "-r",
      id_token = MARKER .. "-i", expires_in = 3600, scope = "a b" }
    for name, value in pairs(extra or {}) do options[name] = value end
    return core.token(options)
  end

  it("reveals each part by its own method", function()
    local t = token()
    assert.equal(MARKER, t:reveal())
    assert.equal(MARKER .. "-r", t:reveal_refresh())
    assert.equal(MARKER .. "-i", t:reveal_id())
    assert.is_nil(core.token { access = "x" }:reveal_refresh())
    assert.is_nil(core.token { access = "x" }:reveal_id())
    assert.equal("", core.token { access = "x", refresh = "" }:reveal_refresh())
  end)

  it("never shows them otherwise", function()
    assert.is_nil(texts(token()):find(MARKER, 1, true))
  end)

  it("counts down to its expiry", function()
    local t = token()
    assert.equal(3600, t:lifetime())
    assert.is_true(t:expires_in() <= 3600 and t:expires_in() > 3590)
    assert.matches("^salon%.Token%(expires in 3%d%d%d s%)$", tostring(t))
  end)

  it("knows when it has expired, and when nobody said", function()
    local old, forever = token { expires_in = -5 }, core.token { access = "x" }
    assert.is_true(old:expires_in() <= -5)
    assert.equal("salon.Token(expired)", tostring(old))
    assert.equal("salon.Token(expired)", tostring(token { expires_in = 0 }))
    assert.is_nil(forever:expires_in())
    assert.is_nil(forever:lifetime())
    assert.equal("salon.Token(no expiry)", tostring(forever))
    assert.matches("^salon.Token%(expires in 1%d+", tostring(token {
      expires_in = 1e300 }))
  end)

  it("splits the scope at its blanks", function()
    assert.same({ "a", "b" }, token().scopes)
    assert.same({ "a", "b:c" }, token { scope = "  a   b:c " }.scopes)
    assert.same({}, token { scope = "" }.scopes)
    assert.same({}, core.token { access = "x" }.scopes)
  end)

  it("carries the details of the answer it came with", function()
    local answer = { status = 200 }
    assert.equal(answer, token { response = answer }.response)
    assert.is_nil(token().response)
    assert.is_nil(token().nothing)
    assert.is_nil(token()[1])
  end)

  it("refuses parameters of a wrong type by name", function()
    for name, value in pairs { refresh = 1, id_token = true, expires_in = "60",
        scope = {}, response = "x" } do
      assert.error_matches(function() token { [name] = value } end,
        "token: '" .. name .. "' must be a ")
    end
    assert.error_matches(function() token { expires_in = math.huge } end,
      "'expires_in' must be finite")
    assert.error_matches(function() core.token {} end, "'access' is missing")
    assert.error_matches(function() core.token { access = "" } end, "missing")
    assert.error_matches(function() core.token "x" end, "bad argument #1")
  end)

  it("refuses an access token that would break a header line", function()
    for _, access in ipairs { "x\n", "x\r\nHost: y", "a b", "a\0b", "\127" } do
      assert.error_matches(function() core.token { access = access } end,
        "blank or control character")
    end
  end)

  it("checks its self", function()
    local t = token()
    for _, name in ipairs { "reveal", "reveal_refresh", "reveal_id",
        "expires_in", "lifetime" } do
      assert.error_matches(function() t[name]("x") end, "bad argument #1")
      assert.error(function() t[name](core.secret "x") end)
    end
    for _, event in ipairs { "__gc", "__index", "__tostring" } do
      assert.error(function() debug.getmetatable(t)[event]({}) end)
    end
    assert.is_nil(t.__gc)
  end)

  it("cannot be closed: the client that gave it out goes on using it", function()
    assert.is_nil(debug.getmetatable(token()).__close)
  end)

  it("is wiped on release and says so", function()
    local t = token()
    debug.getmetatable(t).__gc(t)
    assert.error_matches(function() t:reveal() end, "token is wiped")
    assert.error_matches(function() t:reveal_refresh() end, "token is wiped")
    assert.matches("expires in", tostring(t))
  end)
end)

describe("the clock", function()
  it("goes forward", function()
    local before = core.now()
    assert.is_true(before > 0)
    assert.is_true(core.now() >= before)
  end)

  it("stands beside the number of this process", function()
    assert.is_true(core.pid() > 0)
    if math.type then assert.equal("integer", math.type(core.pid())) end
  end)
end)
