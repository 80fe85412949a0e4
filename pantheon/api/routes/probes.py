"""`/healthz`, `/readyz`, `/metrics`: for whoever watches over this process."""

from ipaddress import ip_address

from fastapi import APIRouter, Request
from starlette.responses import Response

from pantheon.api import shapes
from pantheon.api.answers import Json
from pantheon.api.deps import RuntimeOf, signed_in
from pantheon.base import metrics
from pantheon.ops.health import Health, check_health

router = APIRouter(tags=["probes"])

PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip")


@router.get("/healthz", response_model=shapes.Alive)
async def get_health() -> Json:
    """The process is alive."""
    return Json({"status": "ok"})


@router.get(
    "/readyz",
    response_model=shapes.Readiness,
    responses={503: {"model": shapes.Readiness, "description": "It cannot answer."}},
)
async def get_readiness(runtime: RuntimeOf) -> Json:
    """Whether this process can answer, and whether what it takes will be worked on."""
    health, checks = await check_health(runtime)
    return Json({"status": health, "checks": checks}, 503 if health is Health.down else 200)


@router.get("/metrics", response_class=Response)
async def get_metrics(request: Request) -> Response:
    """Metrics for Prometheus: from this machine without a credential, else by an admin's key."""
    if not _is_local(request):
        (await signed_in(request)).need("admin")
    return Response(metrics.render(), headers={"Content-Type": metrics.CONTENT_TYPE})


def _is_local(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
