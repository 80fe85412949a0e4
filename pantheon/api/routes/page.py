"""The page: its one document for every path of its own, its assets, its security policy."""

import asyncio
import re
import secrets
from collections.abc import MutableMapping
from os import PathLike, stat_result
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

STATIC = Path(__file__).parents[2] / "static"
"""Where the build of `web/` is."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}';"
    " img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
NOT_BUILT = """\
The page is not built, so there is nothing to show here. The API under /api/v1 works without it.

In a checkout, 'make env' builds it. An installed Pantheon brings it: reinstall the package.
"""

_NONCE = re.compile(r'(<meta\s+property="csp-nonce"\s+nonce=")[^"]*(")')


def add_page(app: FastAPI, folder: Path = STATIC) -> None:
    """Serve the page in `folder` for every path that is no route of `app` and no file."""
    assets = _Assets(directory=folder / "assets", check_dir=False)
    # Without a build there is no folder, and then no file: 404 as for any other.
    assets.config_checked = True
    app.mount("/assets", assets, name="assets")

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        own = scope["method"] in ("GET", "HEAD") and "." not in path.rpartition("/")[2]
        if not own or path == "/api" or path.startswith("/api/"):
            raise HTTPException(404)
        await (await _document(folder))(scope, receive, send)

    app.router.default = page


async def _document(folder: Path) -> Response:
    try:
        html = await asyncio.to_thread((folder / "index.html").read_text, "utf-8")
    except FileNotFoundError:
        return PlainTextResponse(NOT_BUILT, 404)
    nonce = secrets.token_urlsafe(16)
    headers = {
        "Content-Security-Policy": POLICY.format(nonce=nonce),
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    return Response(_NONCE.sub(rf"\g<1>{nonce}\g<2>", html), 200, headers, "text/html")


class _Assets(StaticFiles):
    """Files whose names change with their content: a browser asks for each once."""

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: MutableMapping[str, Any],
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
