-- The discovery document. Endpoints follow the issuer; the rest is what this
-- login service says of itself, grants included that the sandbox leaves out.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"

local ECC = "PS384 RS384 EdDSA ES384"
local SIGN = ECC .. " HS256 HS512 ES256 RS256 HS384 ES512 PS256 PS512 RS512"
local WRAP = "ECDH-ES+A256KW ECDH-ES+A192KW ECDH-ES+A128KW RSA-OAEP RSA-OAEP-256 RSA1_5 ECDH-ES"
local CIPHER = "A256GCM A192GCM A128GCM A128CBC-HS256 A192CBC-HS384 A256CBC-HS512"
local CLIENT = "private_key_jwt client_secret_basic client_secret_post tls_client_auth client_secret_jwt"
local PUBLIC_KEYS = ECC .. " ES256 RS256 ES512 PS256 PS512 RS512"
local GRANT = "urn:ietf:params:oauth:grant-type:"

-- name = "/path" below the issuer, { words }, or the JSON text itself; in order.
local OIDC = "/protocol/openid-connect"
local MEMBERS = {
  "authorization_endpoint", OIDC .. "/auth", "token_endpoint", OIDC .. "/token",
  "introspection_endpoint", OIDC .. "/token/introspect", "userinfo_endpoint", OIDC .. "/userinfo",
  "end_session_endpoint", OIDC .. "/logout",
  "frontchannel_logout_session_supported", "true", "frontchannel_logout_supported", "true",
  "jwks_uri", OIDC .. "/certs", "check_session_iframe", OIDC .. "/login-status-iframe.html",
  "grant_types_supported", { "authorization_code client_credentials implicit password refresh_token "
    .. GRANT .. "device_code " .. GRANT .. "jwt-bearer " .. GRANT .. "token-exchange " .. GRANT
    .. "uma-ticket urn:openid:params:grant-type:ciba" },
  "acr_values_supported", { "0 1" },
  "response_types_supported",
  '["code","none","id_token","token","id_token token","code id_token","code token","code id_token token"]',
  "subject_types_supported", { "public pairwise" }, "prompt_values_supported", { "none login consent" },
  "id_token_signing_alg_values_supported", { SIGN },
  "id_token_encryption_alg_values_supported", { WRAP }, "id_token_encryption_enc_values_supported", { CIPHER },
  "userinfo_signing_alg_values_supported", { SIGN .. " none" },
  "userinfo_encryption_alg_values_supported", { WRAP }, "userinfo_encryption_enc_values_supported", { CIPHER },
  "request_object_signing_alg_values_supported", { SIGN .. " none" },
  "request_object_encryption_alg_values_supported", { WRAP },
  "request_object_encryption_enc_values_supported", { CIPHER },
  "response_modes_supported", { "query fragment form_post query.jwt fragment.jwt form_post.jwt jwt" },
  "registration_endpoint", "/clients-registrations/openid-connect",
  "token_endpoint_auth_methods_supported", { CLIENT },
  "token_endpoint_auth_signing_alg_values_supported", { SIGN },
  "introspection_endpoint_auth_methods_supported", { CLIENT },
  "introspection_endpoint_auth_signing_alg_values_supported", { SIGN },
  "authorization_signing_alg_values_supported", { SIGN },
  "authorization_encryption_alg_values_supported", { WRAP },
  "authorization_encryption_enc_values_supported", { CIPHER },
  "claims_supported", { "iss sub aud exp iat auth_time name given_name family_name preferred_username "
    .. "email acr azp nonce" },
  "claim_types_supported", { "normal" }, "claims_parameter_supported", "true",
  "scopes_supported", { "openid offline_access email microprofile-jwt basic organization web-origins "
    .. "profile service_account address acr roles phone" },
  "request_parameter_supported", "true", "request_uri_parameter_supported", "true",
  "require_request_uri_registration", "true", "code_challenge_methods_supported", { "plain S256" },
  "tls_client_certificate_bound_access_tokens", "true",
  "dpop_signing_alg_values_supported", { PUBLIC_KEYS },
  "revocation_endpoint", OIDC .. "/revoke", "revocation_endpoint_auth_methods_supported", { CLIENT },
  "revocation_endpoint_auth_signing_alg_values_supported", { SIGN },
  "backchannel_logout_supported", "true", "backchannel_logout_session_supported", "true",
  "device_authorization_endpoint", OIDC .. "/auth/device",
  "backchannel_token_delivery_modes_supported", { "poll ping" },
  "backchannel_authentication_endpoint", OIDC .. "/ext/ciba/auth",
  "backchannel_authentication_request_signing_alg_values_supported", { PUBLIC_KEYS },
  "require_pushed_authorization_requests", "false",
  "pushed_authorization_request_endpoint", OIDC .. "/ext/par/request",
}

-- 26.0: what it has otherwise; false: not at all.
local OLD = { prompt_values_supported = false, dpop_signing_alg_values_supported = false,
  claims_supported = { "aud sub iss auth_time name given_name family_name preferred_username email acr" },
  grant_types_supported = { "authorization_code implicit refresh_token password client_credentials "
    .. "urn:openid:params:grant-type:ciba " .. GRANT .. "device_code" },
  scopes_supported = { "openid phone profile web-origins email microprofile-jwt organization address "
    .. "basic acr offline_access roles" } }

local ALIASES = { "token_endpoint", "revocation_endpoint", "introspection_endpoint",
  "device_authorization_endpoint", "registration_endpoint", "userinfo_endpoint",
  "pushed_authorization_request_endpoint", "backchannel_authentication_endpoint" }

---The document of an issuer, as JSON text.
return function(issuer)
  local old = store.settings.keycloak == "26.0"
  local parts, by_name = { "issuer", json.quote(issuer) }, {}
  for i = 1, #MEMBERS, 2 do
    local name, value = MEMBERS[i], MEMBERS[i + 1]
    if old and OLD[name] ~= nil then value = OLD[name] end
    if type(value) == "table" then
      value = '["' .. value[1]:gsub(" ", '","') .. '"]'
    elseif value and value:find "^/" then
      value = json.quote(issuer .. value)
    end
    if value then
      parts[#parts + 1], parts[#parts + 2] = name, value
      by_name[name] = value
    end
  end
  local aliases = {}
  for _, name in ipairs(ALIASES) do
    aliases[#aliases + 1], aliases[#aliases + 2] = name, by_name[name]
  end
  parts[#parts + 1], parts[#parts + 2] = "mtls_endpoint_aliases", json.object(unpack(aliases))
  parts[#parts + 1], parts[#parts + 2] = "authorization_response_iss_parameter_supported", "true"
  return json.object(unpack(parts))
end
