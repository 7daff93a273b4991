-- What salon makes of Meet 1.31: one line per exchange of meet-1.31.jsonl, written
-- from the API sheet (spec/support/cassettes.lua says how a line reads).
return {
  { "token-form-five-scopes", "token", scopes = "rooms:list rooms:retrieve rooms:create rooms:update rooms:delete", life = 3600, refresh = false, sum = "a059e765", unlike = "a form" },
  { "patch-level", "meet:update", access = "restricted", ["configuration.everyone_can_mute"] = true, ["dial_in.tel"] = "+33901020304", sum = "8915641e" },
  { "patch-configuration", "meet:update", access = "restricted", ["dial_in.tel"] = "+33901020304", sum = "b09d6696" },
  { "patch-ignored-fields", "meet:update", access = "trusted", ["dial_in.tel"] = "+33901020304", sum = "8212599a", unlike = "fields nobody may set" },
  { "patch-empty-body", "meet:update", access = "trusted", ["dial_in.tel"] = "+33901020304", sum = "8212599a", unlike = "no body" },
  { "patch-administrator", "meet:update", access = "public", ["configuration.everyone_can_mute"] = false, ["dial_in.tel"] = "+33901020304", sum = "8f2f6638" },
  { "patch-public-refused", "meet:update", http = 400, fields = "access_level", hint = "EXTERNAL_API_ALLOW_PUBLIC_ACCESS", sum = "529b182e" },
  { "patch-several-faults", "meet:update", http = 400, fields = "access_level configuration.lobby:extra_forbidden", hint = "err%.fields", sum = "f3174db5", unlike = "null" },
  { "patch-malformed-json", "meet:update", http = 400, sum = "80541aa5", unlike = "no JSON" },
  { "patch-no-scope", "meet:update", http = 403, hint = "grant the application", sum = "4a031901" },
  { "patch-member", "meet:update", http = 403, hint = "owner or administrator", sum = "cc8a16be" },
  { "patch-foreign", "meet:update", http = 403, hint = "owner or administrator", sum = "cc8a16be", unlike = "no JSON" },
  { "patch-unknown", "meet:update", http = 404, hint = "never there", sum = "64ef0fcb" },
  { "patch-no-slash", "meet:call", http = 301, hint = "slash at its end" },
  { "put-still-refused", "meet:call", http = 405, hint = "newer versions", sum = "0fc20d4b" },
}
