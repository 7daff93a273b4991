-- What luacheck may take for granted.  The Lua here runs on 5.1 to 5.4, so only
-- globals that all of them have are known ("min"), plus what is tested for.
std = "min"
max_line_length = 110
exclude_files = { "build/", "types/" }
read_globals = {
  "ngx", "jit",
  "table.unpack", "table.pack", "table.move", "math.type", "utf8", "rawlen",
}
files["spec"] = { std = "+busted" }
files[".busted"] = { ignore = { "111" } }
files["*.rockspec"] = {
  std = "none",
  globals = {
    "rockspec_format", "package", "version", "source", "description",
    "dependencies", "external_dependencies", "build", "test",
    "test_dependencies", "build_dependencies",
  },
}
