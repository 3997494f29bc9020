"""The PyPI package Authlib on loopback, under Flask. Client authentication, grant, tokens and the validation of the metadata
are the package's; clients and memory are a dictionary each. run.sh owns the installation. Keys are in a folder that is gone
when the run is over."""
import json
import logging
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

# The package wants TLS otherwise; this is loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer  # noqa: E402
from authlib.oauth2.rfc6749 import ClientMixin, grants  # noqa: E402
from authlib.oauth2.rfc6750 import BearerTokenGenerator  # noqa: E402
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion  # noqa: E402
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata  # noqa: E402
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator  # noqa: E402
from flask import Flask, jsonify  # noqa: E402
from joserfc import jwk  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1]))
import lifetime  # noqa: E402
from client_secrets import random, special  # noqa: E402

SCOPES = ["webpremios.backoffice/all.read", "read:appointments"]
RESOURCE = "https://api.example.com/"
BASIC, POST = "client_secret_basic", "client_secret_post"
# The package's name for both kinds of assertion.
ASSERTION = JWTBearerClientAssertion.CLIENT_AUTH_METHOD

app = Flask(__name__)
# The socket comes first, since the issuer names its port.
http = make_server("127.0.0.1", int(os.environ.get("PORT", 0)), app, threaded=True)
logging.getLogger("werkzeug").setLevel(logging.ERROR)
issuer = f"http://localhost:{http.port}"
token_endpoint = f"{issuer}/oauth/token"
folder = tempfile.TemporaryDirectory(prefix="m2m-authlib-")


class Client(ClientMixin):
    def __init__(self, client_id, client_secret, *methods, key=None, grant="client_credentials"):
        self.client_id, self.client_secret, self.methods, self.key, self.grant = client_id, client_secret, methods, key, grant

    def get_client_id(self):
        return self.client_id

    def get_allowed_scope(self, scope):
        return " ".join(name for name in (scope or "").split() if name in SCOPES)

    def check_client_secret(self, client_secret):
        return self.client_secret == client_secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method in self.methods

    def check_grant_type(self, grant_type):
        return grant_type == self.grant


def private_key(name, key):
    path = Path(folder.name, f"{name}.pem")
    path.touch(mode=0o600)
    path.write_bytes(key.as_pem(private=True))
    return str(path)


keys = {"rsa": jwk.RSAKey.generate_key(2048), "p256": jwk.ECKey.generate_key("P-256"), "stranger": jwk.RSAKey.generate_key(2048)}
clients = {
    "plain": Client("m2m-plain", random(24), BASIC, POST),
    "special": Client("m2m-special", special(), BASIC, POST),
    "basic_only": Client("m2m-basic-only", random(24), BASIC),
    "post_only": Client("m2m-post-only", random(24), POST),
    "odd_id": Client("m2m cli:odd/id+1%41", random(24), BASIC),
    "jwt": Client("m2m-jwt", random(24), BASIC),
    "secret_jwt": Client("m2m-secret-jwt", random(32), ASSERTION),
    "key": Client("m2m-key", None, ASSERTION, key=keys["rsa"]),
    "key_p256": Client("m2m-key-p256", None, ASSERTION, key=keys["p256"]),
    "no_grant": Client("m2m-no-grant", random(24), BASIC, grant="authorization_code"),
}
registered = {client.client_id: client for client in clients.values()}

app.config["OAUTH2_SCOPES_SUPPORTED"] = SCOPES
server = AuthorizationServer(app, query_client=registered.get, save_token=lambda token, request: None)


class Grant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = [BASIC, POST, ASSERTION]


server.register_grant(Grant)

used = set()


class Assertion(JWTBearerClientAssertion):
    def get_audiences(self):
        return [issuer, token_endpoint]

    def validate_jti(self, claims, jti):
        fresh = (claims["sub"], jti) not in used
        used.add((claims["sub"], jti))
        return fresh

    def resolve_client_public_key(self, client):
        return client.key or jwk.OctKey.import_key(client.client_secret)


server.register_client_auth_method(ASSERTION, Assertion())

signing_key = jwk.RSAKey.generate_key(2048, {"kid": "test", "use": "sig", "alg": "RS256"})


class Jwt(JWTBearerTokenGenerator):
    def get_jwks(self):
        return jwk.KeySet([signing_key])

    def get_audiences(self, client, user, scope):
        return [RESOURCE]


def lifetime_in_seconds(client, grant_type):
    return 600


jwt = Jwt(issuer, expires_generator=lifetime_in_seconds)
opaque = BearerTokenGenerator(lambda **_: random(24), expires_generator=lifetime_in_seconds)


def generate(client, **more):
    """A JWT for the client that wants one."""
    return (jwt if client is clients["jwt"] else opaque)(client=client, **more)


server.register_token_generator("client_credentials", generate)

metadata = AuthorizationServerMetadata(
    issuer=issuer,
    token_endpoint=token_endpoint,
    jwks_uri=f"{issuer}/oauth/jwks",
    grant_types_supported=["client_credentials"],
    response_types_supported=[],
    scopes_supported=SCOPES,
    token_endpoint_auth_methods_supported=[BASIC, POST, "client_secret_jwt", "private_key_jwt"],
    token_endpoint_auth_signing_alg_values_supported=["RS256", "ES256", "HS256"],
)


@app.post("/oauth/token")
def token():
    return server.create_token_response()


@app.get("/oauth/jwks")
def jwks():
    return jsonify(jwk.KeySet([signing_key]).as_dict(private=False))


# There is no OpenID document: this is RFC 8414 alone.
@app.get("/.well-known/oauth-authorization-server")
def describe():
    return jsonify(metadata)


print(
    json.dumps(
        {
            "name": "Authlib",
            "version": version("Authlib"),
            "issuer": issuer,
            "token_endpoint": token_endpoint,
            "scopes": SCOPES,
            "resource": RESOURCE,
            "keys": {name: {"pkcs8": private_key(name, key)} for name, key in keys.items()},
            "clients": {
                name: {"client_id": client.client_id, "client_secret": client.client_secret}
                for name, client in clients.items()
            },
        }
    ),
    flush=True,
)
lifetime.serve(http)
