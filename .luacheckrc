-- What luacheck may take for granted.  The Lua here runs on 5.1 to 5.4, so only
-- globals that all of them have are known ("min"), plus what is tested for.
std = "min"
max_line_length = 120
exclude_files = { "build/", "types/" }
self = false
globals = { "ngx" }
read_globals = {
  "jit", "setfenv", "loadstring", "unpack", "utf8", "rawlen",
  "table.unpack", "table.pack", "table.move",
  "coroutine.isyieldable", "coroutine.close", "math.type", "math.tointeger", "math.maxinteger", "math.mininteger",
}
-- A loop that is left at its first step is a test of leaving it.
files["spec"] = { std = "+busted", ignore = { "512" } }
-- One line per recorded exchange, however long.
files["spec/recorded"] = { max_line_length = false }
files["examples/*_spec.lua"] = { std = "+busted" }
files[".busted"] = { ignore = { "111" } }
files["*.rockspec"] = {
  std = "none",
  globals = {
    "rockspec_format", "package", "version", "source", "description",
    "dependencies", "external_dependencies", "build", "test",
    "test_dependencies", "build_dependencies",
  },
}
