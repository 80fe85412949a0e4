"""The app: all routes, who may call them, and how errors are told."""

import asyncio
from functools import partial
from importlib.metadata import version

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from pantheon.accounts.credentials import Credentials
from pantheon.api import shapes
from pantheon.api.deps import Shared, signed_in
from pantheon.api.document import describe
from pantheon.api.edge import Edge, allowed_hosts
from pantheon.api.problems import handle_problems
from pantheon.api.routes import (
    admin,
    agents,
    budgets,
    info,
    keys,
    login,
    messages,
    models,
    page,
    probes,
    providers,
    rooms,
    search,
    session_turns,
    sessions,
    steps,
    summaries,
    turns,
    usage,
    v1,
    wallet,
    webhooks,
)
from pantheon.ops.runtime import Runtime

BASE = "/api/v1"

# For who is signed in, with the scope that the method needs: read, or write. Looked through in
# this order: what is asked for most often comes first.
SIGNED_IN = (
    session_turns.router,
    turns.router,
    sessions.router,
    rooms.router,
    agents.router,
    steps.router,
    summaries.router,
    messages.router,
    usage.router,
    wallet.router,
    models.router,
    providers.router,
    search.router,
    info.router,
    keys.router,
    budgets.router,
    admin.router,
    login.signed_in_router,
)


def create_app(runtime: Runtime, *, closing: asyncio.Event | None = None) -> FastAPI:
    """Return the app that serves `runtime`, which whoever calls this has opened and will close.

    `closing`, when set, ends event streams and waiting requests at once; a server sets it before
    it stops.
    """
    app = routes_only()
    shared = Shared(runtime, Credentials(runtime.db), closing or asyncio.Event())
    app.state.shared = shared
    app.add_middleware(Edge, hosts=allowed_hosts(runtime.settings))
    return app


def routes_only() -> FastAPI:
    """Return the app without anything to serve: enough to describe it."""
    app = FastAPI(
        title="Pantheon",
        version=version("pantheon"),
        summary="A room of AI agents that answer together.",
        openapi_url=f"{BASE}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        responses={
            "default": {
                "description": "A problem (RFC 9457); `code` says which.",
                "model": shapes.Problem,
            }
        },
    )
    app.openapi = partial(describe, app)  # type: ignore[method-assign]
    handle_problems(app)
    for router in SIGNED_IN:
        app.include_router(router, prefix=BASE, dependencies=[Depends(signed_in)])
    app.include_router(v1.router, dependencies=[Depends(signed_in)])
    app.include_router(login.router, prefix=BASE)
    app.include_router(webhooks.router, prefix=BASE)
    app.include_router(probes.router)
    page.add_page(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
