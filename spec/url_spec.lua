-- core.url and its neighbours as Lua sees them; what they accept and refuse in
-- detail is tested on the C below, in spec/c.
local core = require("salon.core")

describe("core.url", function()
  it("joins a base, path parts and a query", function()
    assert.equal("https://meet.example.org/api/v1/rooms/6f1d",
      core.url("https://Meet.example.org:443/api/", { "v1", "rooms", "6f1d" }))
    assert.equal("http://127.0.0.1:8080/rooms?page=2&q=a%2Bb%20c",
      core.url("http://127.0.0.1:8080", { "rooms" }, { "page", 2, "q", "a+b c" }))
    assert.equal("https://a/x", core.url("https://a/x", {}))
    assert.equal("https://a/", core.url("https://a"))
  end)

  it("gives the final slash for an empty last part", function()
    assert.equal("https://a/external-api/v1.0/rooms/",
      core.url("https://a", { "external-api", "v1.0", "rooms", "" }))
    local url, message = core.url("https://a", { "rooms", "", "invites" })
    assert.is_nil(url)
    assert.equal("the URL must not have an empty part in its path", message)
  end)

  it("makes every part one segment", function()
    assert.equal("https://a/b%3Fc%23d%25e/%C3%BC",
      core.url("https://a", { "b?c#d%e", "\195\188" }))
    for _, part in ipairs { ".", "..", "a/b", "a\\b", "a\nb", "a\0b", "a\127" } do
      local url, message = core.url("https://a", { "rooms", part })
      assert.is_nil(url)
      assert.matches("^the URL must not have .* path$", message)
    end
  end)

  it("writes whole numbers alike on every Lua", function()
    assert.equal("https://a/7/1000000000000000?n=20&m=-3&t=true&f=false",
      core.url("https://a", { 7, 1e15 },
        { "n", 20.0, "m", -3, "t", true, "f", false }))
  end)

  it("takes parts and values of any length", function()
    local long = ("x"):rep(100000)
    local parts, query = {}, {}
    for i = 1, 300 do
      parts[i], query[2 * i - 1], query[2 * i] = "p", "n", i
    end
    assert.equal("https://a/" .. long, core.url("https://a", { long }))
    assert.matches("^https://a/p/.*/p%?n=1&n=2&.*&n=300$",
      core.url("https://a", parts, query))
  end)

  it("says what is wrong with the base", function()
    local url, message = core.url("ftp://a", { "x" })
    assert.is_nil(url)
    assert.equal("the URL must start with http:// or https://", message)
  end)

  it("raises on wrong types", function()
    assert.error_matches(function() core.url() end, "string expected")
    assert.error_matches(function() core.url("https://a", "x") end, "table expected")
    assert.error_matches(function() core.url("https://a", { "x", {} }) end,
      "item 2 is table")
    assert.error_matches(function() core.url("https://a", {}, { "x", 0.5 }) end,
      "item 2 is not a whole number")
    assert.error_matches(function() core.url("https://a", {}, { "x", 0 / 0 }) end,
      "item 2 is not a whole number")
    assert.error_matches(function() core.url("https://a", {}, { "x" }) end,
      "a name has no value")
  end)
end)

describe("core.url_parse", function()
  it("takes a base URL apart", function()
    assert.same({
      scheme = "https", origin = "https://meet.example.org", path = "/sub", loopback = false,
    }, core.url_parse("HTTPS://Meet.Example.org/sub//"))
    assert.same({
      scheme = "http", origin = "http://[::1]:8080", path = "", loopback = true,
    }, core.url_parse("http://[0::1]:8080/"))
  end)

  it("refuses what is no base URL, without repeating it", function()
    for _, text in ipairs {
      "", "meet.example.org", "ftp://secret", "https://", "https://secret@a",
      "https://a/?secret", "https://a/#secret", "https://a/sec ret",
      "https://a\0secret", "https://a\\secret", "https://a:0", "https://a/..",
    } do
      local url, message = core.url_parse(text)
      assert.is_nil(url)
      assert.matches("^the URL ", message)
      assert.not_matches("sec", message)
    end
  end)

  it("knows what stays on this machine", function()
    for _, url in ipairs {
      "http://localhost/x", "http://a.localhost:1", "http://127.9.9.9", "http://[::1]",
    } do
      assert.is_true(core.url_parse(url).loopback)
    end
    for _, url in ipairs {
      "http://example.org", "http://127.0.0.1.example.org", "http://localhost.org",
    } do
      assert.is_false(core.url_parse(url).loopback)
    end
  end)
end)

describe("core.url_plain", function()
  it("knows what is one part of a path as it stands", function()
    for _, text in ipairs { "a", "6f1d7a52-0000-4000-8000-000000000001", "A_z-09" } do
      assert.is_true(core.url_plain(text))
    end
    for _, value in ipairs { "", ".", "a.b", "a/b", "a b", "a\0", "ä", "a\n", 1, true, {} } do
      assert.is_false(core.url_plain(value))
    end
    assert.is_false(core.url_plain(nil))
  end)
end)

describe("core.query_param", function()
  it("finds the last parameter of a name, decoded", function()
    local link = "http://wrong.example:81/v1/rooms?page=1&t=10%3A00%2C+x&page=2"
    assert.equal("2", core.query_param(link, "page"))
    assert.equal("10:00, x", core.query_param(link, "t"))
    assert.equal("", core.query_param("?a", "a"))
    assert.is_nil(core.query_param(link, "after"))
    assert.is_nil(core.query_param("", "after"))
    assert.equal(("x"):rep(5000), core.query_param("?a=" .. ("x"):rep(5000), "a"))
  end)
end)

describe("core.form", function()
  it("encodes so that every server reads the same", function()
    assert.equal("grant_type=password&password=p%26%20%2B%3D%25",
      core.form { "grant_type", "password", "password", "p& +=%" })
    assert.equal("", core.form {})
    assert.error_matches(function() core.form { "a" } end, "a name has no value")
  end)
end)

describe("core.ids", function()
  it("lists the ids of a list of objects", function()
    assert.same({ "a", "B-2_" }, core.ids({ { id = "a" }, { id = "B-2_" } }, "id"))
    assert.same({ "x" }, core.ids({ { id = 7, invite_code = "x" } }, "invite_code"))
    assert.same({}, core.ids({}, "id"))
  end)

  it("says which is the first that may not fit into a path", function()
    for _, id in ipairs { "a b", "", "a/b", 7, true } do
      local ids, odd = core.ids({ { id = "a" }, { id = id }, { id = id } }, "id")
      assert.same({ "a", id, id }, ids)
      assert.equal(2, odd)
    end
    local _, odd = core.ids({ { id = "a" }, {}, { id = "b" } }, "id")
    assert.equal(2, odd)
  end)

  it("takes no list that holds anything but objects, or a gap", function()
    for _, list in ipairs { { "a" }, { { id = "a" }, 1 }, { { id = "a" }, nil, { id = "b" } },
        { nil, { id = "a" } }, { { id = "a" }, nil, nil, { id = "b" } }, { x = {} },
        { { id = "a" }, x = 1 } } do
      assert.is_nil((core.ids(list, "id")))
    end
    assert.error_matches(function() core.ids("x", "id") end, "table expected")
  end)
end)

describe("core.link", function()
  it("reads a page list", function()
    assert.same({
      first = "http://c/v1/rooms?page=1", prev = "http://c/v1/rooms?page=2",
      next = "http://c/v1/rooms?page=4", last = "http://c/v1/rooms?page=9",
    }, core.link(
      '<http://c/v1/rooms?page=1>; rel="first",<http://c/v1/rooms?page=2>; rel="prev",' ..
      '<http://c/v1/rooms?page=4>; rel="next",<http://c/v1/rooms?page=9>; rel="last"'))
  end)

  it("reads a cursor", function()
    local link = core.link('<https://c/v1/events?per_page=30&after=EAAA_-oA>; rel="after"')
    assert.equal("EAAA_-oA", core.query_param(link.after, "after"))
  end)

  it("finds nothing where there is nothing", function()
    assert.same({}, core.link(""))
    assert.same({}, core.link(nil))
    assert.same({}, core.link("rubbish"))
  end)

  it("lowers relations and keeps the first of two", function()
    assert.same({ next = "/a" }, core.link("</a>; rel=NEXT, </b>; rel=next"))
  end)
end)
