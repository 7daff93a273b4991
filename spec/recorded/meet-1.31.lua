-- What salon makes of Meet 1.31: one line per exchange of meet-1.31.jsonl, written
-- from the API sheet (spec/support/recordings.lua says how a line reads).
return {
  { "token-form-five-scopes", "token", scopes = "rooms:list rooms:retrieve rooms:create rooms:update rooms:delete", life = 3600, refresh = false, unlike = "a form" },
  { "patch-level", "meet:update", access = "restricted", ["configuration.everyone_can_mute"] = true, ["dial_in.tel"] = "+33901020304" },
  { "patch-configuration", "meet:update", access = "restricted", ["dial_in.tel"] = "+33901020304" },
  { "patch-ignored-fields", "meet:update", access = "trusted", ["dial_in.tel"] = "+33901020304", unlike = "fields nobody may set" },
  { "patch-empty-body", "meet:update", access = "trusted", ["dial_in.tel"] = "+33901020304", unlike = "no body" },
  { "patch-administrator", "meet:update", access = "public", ["configuration.everyone_can_mute"] = false, ["dial_in.tel"] = "+33901020304" },
  { "patch-public-refused", "meet:update", http = 400, fields = "access_level", hint = "EXTERNAL_API_ALLOW_PUBLIC_ACCESS" },
  { "patch-several-faults", "meet:update", http = 400, fields = "access_level configuration.lobby:extra_forbidden", hint = "err%.fields", unlike = "null" },
  { "patch-malformed-json", "meet:update", http = 400, unlike = "no JSON" },
  { "patch-no-scope", "meet:update", http = 403, hint = "grant the application.*rooms:update" },
  { "patch-member", "meet:update", http = 403, hint = "owner or administrator" },
  { "patch-foreign", "meet:update", http = 403, hint = "owner or administrator", unlike = "no JSON" },
  { "patch-unknown", "meet:update", http = 404, hint = "never there" },
  { "patch-no-slash", "meet:call", http = 301, hint = "slash at its end" },
  { "put-still-refused", "meet:call", http = 405, hint = "newer versions" },
}
