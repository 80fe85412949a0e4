"""Webhooks that leave: signed as Standard Webhooks says, sent until somebody takes them."""

import asyncio
import base64
import hashlib
import hmac

import orjson
import structlog

from pantheon.base import http
from pantheon.base.clock import now
from pantheon.base.settings import WHSEC, Settings
from pantheon.db.pool import Database
from pantheon.ledger import low_balance

BATCH = 20
SECONDS = 10.0
MOST_BYTES = 64 * 1024

log = structlog.get_logger()


async def tell_low_balances(db: Database, settings: Settings) -> int:
    """Tell of wallets that became low; returns of how many. Nothing is done without a URL.

    The first that is not taken ends the pass: the next one tries it again, with the same id.
    """
    if settings.webhook_url is None:
        return 0
    async with db.sweep() as conn:
        waiting = await low_balance.untold(conn, BATCH)
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else None
    for told, low in enumerate(waiting):
        body = orjson.dumps(low.message())
        if not await _send(settings.webhook_url, secret, low.message_id, body):
            return told
        async with db.transaction(low.workspace_id) as conn:
            await low_balance.mark_told(conn, low)
    return len(waiting)


def signed(secret: str, message_id: str, moment: int, body: bytes) -> str:
    """Return the signature of a message (https://www.standardwebhooks.com).

    A secret that begins with `whsec_` is Base64, any other is taken as it is.
    """
    key = secret.encode()
    if secret.startswith(WHSEC):
        key = base64.b64decode(secret.removeprefix(WHSEC))
    what = f"{message_id}.{moment}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, what, hashlib.sha256).digest()).decode()}"


async def _send(url: str, secret: str | None, message_id: str, body: bytes) -> bool:
    moment = int(now().timestamp())
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
    }
    if secret is not None:
        headers["webhook-signature"] = signed(secret, message_id, moment, body)
    client = http.open_client([url], read_seconds=SECONDS, most_bytes=MOST_BYTES)
    try:
        async with asyncio.timeout(SECONDS):
            answer = await client.post(url, content=body, headers=headers)
        taken = 200 <= answer.status_code < 300
        if not taken:
            log.warning("webhook not taken", status=answer.status_code, id=message_id)
        return taken
    except (TimeoutError, http.TransportError) as error:
        log.warning("webhook not taken", error=str(error) or "no answer in time", id=message_id)
        return False
    finally:
        await client.aclose()
