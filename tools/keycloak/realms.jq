# The realms made of realm.json.  What all users have in common is added
# here: an address, the password, the roles of everybody.
def realm($name; $changes):
  . + $changes + { realm: $name }
  | .users |= map(
      { enabled: true, emailVerified: true, email: "\(.username)@example.org",
        realmRoles: ["default-roles-\($name | ascii_downcase)"],
        credentials: [{ type: "password", value: "throwaway-password" }] } + .);

realm("OPENTALK"; {}),
realm("LOGINS"; { revokeRefreshToken: true, refreshTokenMaxReuse: 0, eventsEnabled: true,
  enabledEventTypes: ["LOGIN", "LOGIN_ERROR", "REFRESH_TOKEN", "REFRESH_TOKEN_ERROR"] }),
(.users |= .[:3]
 | realm("ROTATE"; { revokeRefreshToken: true, refreshTokenMaxReuse: 0 }),
   realm("SHORT"; { accessTokenLifespan: 5, ssoSessionIdleTimeout: 10, ssoSessionMaxLifespan: 60 }))
