"""The PyPI package django-oauth-toolkit on loopback: the smallest Django project around it, in one file, with its database
in memory. Owns the clients and the one line that describes them; run.sh owns the installation."""
import json
import os
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django
from django.conf import settings

sys.path.insert(0, str(Path(__file__).parents[1]))
import lifetime  # noqa: E402
from client_secrets import random, special  # noqa: E402

SCOPES = ["webpremios.backoffice/all.read", "read:appointments"]

settings.configure(
    SECRET_KEY=random(32),
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    # Adds the slash that a URL lacks by a redirect, as most Django projects do.
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "file:m2m?mode=memory&cache=shared",
            "OPTIONS": {"uri": True},
        }
    },
    LOGGING_CONFIG=None,
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "SCOPES": {"openid": "OpenID", **dict.fromkeys(SCOPES, "a scope")},
        "DEFAULT_SCOPES": SCOPES,
        "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
        # Otherwise all views share the core of the first one, which reads forms.
        "ALWAYS_RELOAD_OAUTHLIB_CORE": True,
    },
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.decorators import protected_resource_metadata  # noqa: E402
from oauth2_provider.models import get_access_token_model, get_application_model  # noqa: E402
from oauth2_provider.oauth2_backends import JSONOAuthLibCore  # noqa: E402
from oauth2_provider.urls import metadata_urlpatterns  # noqa: E402
from oauth2_provider.views import TokenView  # noqa: E402


class JsonTokenView(TokenView):
    """The package's other way to read a request."""

    oauthlib_backend_class = JSONOAuthLibCore


def token_of(request):
    return get_access_token_model().objects.get(token=request.headers["Authorization"].split()[1])


@protected_resource_metadata(scopes=["read:appointments"])
def whoami(request):
    application = token_of(request).application
    tokens = get_access_token_model().objects.filter(application=application)
    return JsonResponse({"client_id": application.client_id, "tokens": tokens.count()})


@protected_resource_metadata()
def forget(request):
    token_of(request).delete()
    return JsonResponse({"forgotten": True})


urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    # An API, guarded by the package.
    path("api/whoami", whoami),
    path("api/forget", forget),
    path("json/token/", JsonTokenView.as_view()),
    # RFC 8414 metadata for any issuer with a path, `/tenant` for one; it has no OpenID document.
    *metadata_urlpatterns,
]

# A database in memory lives as long as one connection to it does.
kept = connection.cursor()
call_command("migrate", verbosity=0, interactive=False)
Application = get_application_model()


def client(client_id, client_secret, grant=Application.GRANT_CLIENT_CREDENTIALS, **more):
    Application.objects.create(
        client_id=client_id,
        client_secret=client_secret,
        name=client_id,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=grant,
        **more,
    )
    return {"client_id": client_id, "client_secret": client_secret}


clients = {
    "plain": client("m2m-plain", random(24)),
    "special": client("m2m-special", special()),
    "api": client("m2m-api", random(24)),
    "concurrent": client("m2m-concurrent", random(24)),
    "odd_id": client("m2m cli:odd/id+1%41", random(24)),
    "no_grant": client(
        "m2m-no-grant",
        random(24),
        Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris="https://app.example.com/callback",
    ),
}


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


application = get_wsgi_application()
turn = threading.Lock()


def one_at_a_time(environ, start_response):
    """A database in memory that threads share does not wait for its locks."""
    with turn:
        response = application(environ, start_response)
        try:
            return list(response)
        finally:
            response.close()


server = Server(("127.0.0.1", int(os.environ.get("PORT", 0))), Quiet)
server.set_app(one_at_a_time)
origin = f"http://localhost:{server.server_port}"
print(
    json.dumps(
        {
            "name": "django-oauth-toolkit",
            "version": version("django-oauth-toolkit"),
            "issuer": f"{origin}/o",
            "token_endpoint": f"{origin}/o/token/",
            "json_token_endpoint": f"{origin}/json/token/",
            "rfc8414_issuer": f"{origin}/tenant",
            "api": f"{origin}/api",
            "scopes": SCOPES,
            "clients": clients,
        }
    ),
    flush=True,
)
lifetime.serve(server)
