-- The discovery document. Endpoints follow the issuer; the rest is what this
-- login service says of itself, grants included that the sandbox leaves out.

local json = require "salon.sandbox.json"
local store = require "salon.sandbox.store"

-- The members in order, each ended by a semicolon: a path below the issuer, "= words" for a list of
-- them, or JSON itself. Words in capitals with a $ are put in from WORDS.
local MEMBERS = [[
authorization_endpoint $OIDC/auth; token_endpoint $OIDC/token; introspection_endpoint $OIDC/token/introspect;
userinfo_endpoint $OIDC/userinfo; end_session_endpoint $OIDC/logout; frontchannel_logout_session_supported true;
frontchannel_logout_supported true; jwks_uri $OIDC/certs; check_session_iframe $OIDC/login-status-iframe.html;
grant_types_supported = authorization_code client_credentials implicit password refresh_token $MORE;
acr_values_supported = 0 1; response_types_supported ["code","none","id_token","token","id_token token",$CODE];
subject_types_supported = public pairwise; prompt_values_supported = none login consent;
id_token_signing_alg_values_supported = $SIGN; id_token_encryption_alg_values_supported = $WRAP;
id_token_encryption_enc_values_supported = $CIPHER; userinfo_signing_alg_values_supported = $SIGN none;
userinfo_encryption_alg_values_supported = $WRAP; userinfo_encryption_enc_values_supported = $CIPHER;
request_object_signing_alg_values_supported = $SIGN none; request_object_encryption_alg_values_supported = $WRAP;
request_object_encryption_enc_values_supported = $CIPHER;
response_modes_supported = query fragment form_post query.jwt fragment.jwt form_post.jwt jwt;
registration_endpoint /clients-registrations/openid-connect; token_endpoint_auth_methods_supported = $CLIENT;
token_endpoint_auth_signing_alg_values_supported = $SIGN; introspection_endpoint_auth_methods_supported = $CLIENT;
introspection_endpoint_auth_signing_alg_values_supported = $SIGN; authorization_signing_alg_values_supported = $SIGN;
authorization_encryption_alg_values_supported = $WRAP; authorization_encryption_enc_values_supported = $CIPHER;
claims_supported = iss sub aud exp iat auth_time name given_name family_name preferred_username email acr azp nonce;
claim_types_supported = normal; claims_parameter_supported true;
scopes_supported = openid offline_access email microprofile-jwt basic organization web-origins profile $SCOPES;
request_parameter_supported true; request_uri_parameter_supported true; require_request_uri_registration true;
code_challenge_methods_supported = plain S256; tls_client_certificate_bound_access_tokens true;
dpop_signing_alg_values_supported = $PUBLIC; revocation_endpoint $OIDC/revoke;
revocation_endpoint_auth_methods_supported = $CLIENT; revocation_endpoint_auth_signing_alg_values_supported = $SIGN;
backchannel_logout_supported true; backchannel_logout_session_supported true;
device_authorization_endpoint $OIDC/auth/device; backchannel_token_delivery_modes_supported = poll ping;
backchannel_authentication_endpoint $OIDC/ext/ciba/auth;
backchannel_authentication_request_signing_alg_values_supported = $PUBLIC; require_pushed_authorization_requests false;
pushed_authorization_request_endpoint $OIDC/ext/par/request;
]]

local GRANT = "urn:ietf:params:oauth:grant-type:"
local CIBA = "urn:openid:params:grant-type:ciba"
local WORDS = {
  OIDC = "/protocol/openid-connect", CODE = '"code id_token","code token","code id_token token"',
  SIGN = "PS384 RS384 EdDSA ES384 HS256 HS512 ES256 RS256 HS384 ES512 PS256 PS512 RS512",
  PUBLIC = "PS384 RS384 EdDSA ES384 ES256 RS256 ES512 PS256 PS512 RS512",
  WRAP = "ECDH-ES+A256KW ECDH-ES+A192KW ECDH-ES+A128KW RSA-OAEP RSA-OAEP-256 RSA1_5 ECDH-ES",
  CIPHER = "A256GCM A192GCM A128GCM A128CBC-HS256 A192CBC-HS384 A256CBC-HS512",
  CLIENT = "private_key_jwt client_secret_basic client_secret_post tls_client_auth client_secret_jwt",
  SCOPES = "service_account address acr roles phone",
  MORE = ("%sdevice_code %sjwt-bearer %stoken-exchange %suma-ticket ")
    :format(GRANT, GRANT, GRANT, GRANT) .. CIBA,
}

-- 26.0: what it has otherwise; false: not at all.
local OLD = { prompt_values_supported = false, dpop_signing_alg_values_supported = false,
  claims_supported = "= aud sub iss auth_time name given_name family_name preferred_username email acr",
  grant_types_supported = "= authorization_code implicit refresh_token password client_credentials " .. CIBA
    .. " " .. GRANT .. "device_code",
  scopes_supported = "= openid phone profile web-origins email microprofile-jwt organization address basic acr "
    .. "offline_access roles" }

local ALIASES = "token revocation introspection device_authorization registration userinfo "
  .. "pushed_authorization_request backchannel_authentication"

---The document of an issuer, as JSON text.
return function(issuer)
  local old = store.settings.keycloak == "26.0"
  local parts, endpoints, aliases = { "issuer", json.quote(issuer) }, {}, {}
  local function add(name, text) parts[#parts + 1], parts[#parts + 2] = name, text end
  for name, value in MEMBERS:gmatch("([^;%s]+) ([^;]+);") do
    if old and OLD[name] ~= nil then value = OLD[name] end
    value = value and value:gsub("%$(%u+)", WORDS)
    if value and value:find "^= " then
      value = '["' .. value:sub(3):gsub(" ", '","') .. '"]'
    elseif value and value:find "^/" then
      value = json.quote(issuer .. value)
      endpoints[name] = value
    end
    if value then add(name, value) end
  end
  for word in ALIASES:gmatch("%S+") do
    local name = word .. "_endpoint"
    aliases[#aliases + 1], aliases[#aliases + 2] = name, endpoints[name]
  end
  add("mtls_endpoint_aliases", json.object(unpack(aliases)))
  add("authorization_response_iss_parameter_supported", "true")
  return json.object(unpack(parts))
end
