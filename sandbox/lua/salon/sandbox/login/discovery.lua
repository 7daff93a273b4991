-- The discovery document, as far as clients use it. It also names grants and endpoints
-- that the sandbox does not have.

local ENDPOINTS = { authorization_endpoint = "auth", token_endpoint = "token", userinfo_endpoint = "userinfo",
  introspection_endpoint = "token/introspect", revocation_endpoint = "revoke", end_session_endpoint = "logout",
  device_authorization_endpoint = "auth/device", jwks_uri = "certs" }

local URN = "urn:ietf:params:oauth:grant-type:"
local LISTS = {
  grant_types_supported = "authorization_code client_credentials implicit password refresh_token "
    .. URN .. "device_code " .. URN .. "jwt-bearer " .. URN .. "token-exchange " .. URN .. "uma-ticket "
    .. "urn:openid:params:grant-type:ciba",
  scopes_supported = "openid offline_access email microprofile-jwt basic organization web-origins profile "
    .. "service_account address acr roles phone",
  token_endpoint_auth_methods_supported =
    "private_key_jwt client_secret_basic client_secret_post tls_client_auth client_secret_jwt",
}

---The document of an issuer. basic_only: a client's secret comes by HTTP Basic.
return function(issuer, basic_only)
  local document = { issuer = issuer }
  for name, path in pairs(ENDPOINTS) do document[name] = issuer .. "/protocol/openid-connect/" .. path end
  for name, words in pairs(LISTS) do
    document[name] = {}
    for word in words:gmatch "%S+" do table.insert(document[name], word) end
  end
  if basic_only then document.token_endpoint_auth_methods_supported = { "client_secret_basic" } end
  return document
end
