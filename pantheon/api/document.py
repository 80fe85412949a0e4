"""The OpenAPI document of the app, with what FastAPI cannot know by itself."""

from typing import Any

from fastapi import FastAPI

from pantheon.accounts.logins import SESSION_COOKIE
from pantheon.api.idempotency import LONGEST_KEY
from pantheon.api.problems import MEDIA_TYPE

SECURITY_SCHEMES = {
    "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key, `pan_…`."},
    "login": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "The page's cookie. Unsafe methods also need the page's own `Origin`.",
    },
}
OPEN_PATHS = ("/api/v1/login", "/api/v1/webhooks/stripe", "/healthz", "/readyz", "/metrics")
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body within 24 hours: the first one's resource again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document, with what FastAPI cannot know: credentials, problems, keys of POSTs.

    Made once and kept by the app.
    """
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        document["components"]["securitySchemes"] = SECURITY_SCHEMES
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                _complete(path, method, operation)
        app.openapi_schema = document
    return app.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    problem = operation["responses"]["default"]["content"]
    problem[MEDIA_TYPE] = problem.pop("application/json")
    if path not in OPEN_PATHS:
        operation["security"] = [{name: []} for name in SECURITY_SCHEMES]
    if method == "post" and "201" in operation["responses"]:
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
