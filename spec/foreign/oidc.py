"""Authlib as a client of the sandbox's login service, over TLS: discovery,
password grant, tokens verified through the key set, refresh, a call with
automatic renewal, logout. Where to is in the environment (run.lua sets it); the
first surprise ends it.

With SPOIL=1 the tokens' signatures are altered on the way in: then the script
has to end with "bad signature", or its checks are worth nothing.
"""

import os
import sys
import time

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet, RSAKey

CA = os.environ["OPENTALK_CA"]
CLIENT = os.environ["OPENTALK_CLIENT"]
USER = os.environ["OPENTALK_USER"]
SPOIL = os.environ.get("SPOIL") == "1"


def ok(what, good):
    if not good:
        sys.exit("not true: " + what)
    print("ok: " + what)


def spoiled(token):
    """The same token, one letter in the middle of its signature changed."""
    at = token.rindex(".") + 100
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]


def decoded(token):
    return jwt.decode(token, KEYS, algorithms=["RS256"])


def forged(token):
    """The same signature under claims that name another user."""
    head, _, tail = token.split(".")
    claims = dict(decoded(token).claims, preferred_username="mallory")
    other = jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048))
    return ".".join((head, other.split(".")[1], tail))


def verified(token):
    try:
        return decoded(spoiled(token) if SPOIL else token)
    except BadSignatureError:
        sys.exit("bad signature")


def refused(token):
    try:
        decoded(token)
    except BadSignatureError:
        return True
    return False


def check_tokens(token):
    access = verified(token["access_token"]).claims
    jwt.JWTClaimsRegistry(
        leeway=5, exp={"essential": True}, iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": "Controller"}).validate(access)
    ok("access token", access["preferred_username"] == USER)
    found = verified(token["id_token"])
    identity = CodeIDToken(
        found.claims, found.header, {"iss": {"value": ISSUER}, "aud": {"value": CLIENT}},
        {"client_id": CLIENT, "access_token": token["access_token"]})
    identity.validate(leeway=5)
    ok("ID token, and it belongs to the access token",
       identity["email"] == USER + "@example.org")
    ok("both are of one person and one session",
       (access["sub"], access["sid"]) == (identity["sub"], identity["sid"]))
    return access


plain = OAuth2Session()
plain.verify = CA
plain.trust_env = False


def fetch(url):
    response = plain.get(url, withhold_token=True)
    response.raise_for_status()
    return response.json()


controller = fetch(os.environ["OPENTALK_TLS_URL"]
                   + "/.well-known/opentalk/client")["opentalk_controller"]["base_url"]
ISSUER = fetch(controller + "/v1/auth/login")["oidc"]["url"]
server = fetch(ISSUER + "/.well-known/openid-configuration")
ok("issuer", server["issuer"] == ISSUER)
KEYS = KeySet.import_key_set(fetch(server["jwks_uri"]))

session = OAuth2Session(CLIENT, scope="openid", token_endpoint_auth_method="none",
                        token_endpoint=server["token_endpoint"])
session.verify = CA
session.trust_env = False
first = session.fetch_token(server["token_endpoint"], username=USER,
                            password=os.environ["OPENTALK_PASSWORD"])
ok("password grant", first["token_type"] == "Bearer" and first["expires_in"] > 0)
claims = check_tokens(first)
ok("an altered signature is refused", refused(spoiled(first["access_token"])))
ok("altered claims are refused", refused(forged(first["access_token"])))

second = session.refresh_token(server["token_endpoint"],
                               refresh_token=first["refresh_token"])
ok("refresh gives another token", second["access_token"] != first["access_token"])
ok("of the same session", check_tokens(second)["sid"] == claims["sid"])

if os.environ["OPENTALK_VERSION"] == "2023":
    response = session.post(controller + "/v1/auth/login",
                          json={"id_token": session.token["id_token"]})
    ok("registered", response.status_code == 200)
session.token["expires_at"] = int(time.time()) - 1
response = session.get(controller + "/v1/rooms")
ok("a call with automatic renewal",
   response.status_code == 200 and len(response.json()) == int(os.environ["OPENTALK_EVENTS"])
   and session.token["access_token"] != second["access_token"])

response = plain.post(server["end_session_endpoint"], withhold_token=True, data={
    "client_id": CLIENT, "refresh_token": session.token["refresh_token"]})
ok("logout", response.status_code == 204)
try:
    session.refresh_token(server["token_endpoint"],
                          refresh_token=session.token["refresh_token"])
    sys.exit("refreshed after logout")
except OAuthError as error:
    ok("no refresh after logout", error.error == "invalid_grant")
