"""Tests of `pantheon.ops.webhooks`: signed, sent again until it is taken, then never."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pantheon.base.settings import Settings
from pantheon.ledger import wallets
from pantheon.ops import webhooks
from tests.ledger.test_low_balance import FALL

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """A server that takes messages, or does not."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict, bytes]] = []
        self.status = 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.heard.append((dict(self.headers), body))
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing on the standard error."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def test_the_signature_is_that_of_the_standard():
    """The example of https://github.com/standard-webhooks/standard-webhooks."""
    body = b'{"test": 2432232314}'
    signature = webhooks.signed(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_low_balance_is_told_until_it_is_taken(db, who, tmp_path, receiver):
    settings = Settings(
        data_dir=tmp_path,
        webhook_url=f"http://127.0.0.1:{receiver.server.server_port}/hook",
        webhook_secret=SECRET,
        _env_file=None,
    )
    async with db.sweep() as conn:
        others = await conn.execute("SELECT count(*) FROM wallets WHERE low_since IS NOT NULL")
        assert (await others.fetchone())[0] == 0
    async with db.transaction(who.workspace_id) as conn:
        await wallets.grant(conn, who.workspace_id, 2_000_000, reason="R")
        await wallets.enforce(conn, who, "enforce")
        await conn.execute(FALL, (500_000, who.workspace_id))
    assert await webhooks.tell_low_balances(db, Settings(data_dir=tmp_path, _env_file=None)) == 0
    receiver.status = 500
    assert await webhooks.tell_low_balances(db, settings) == 0
    receiver.status = 204
    assert await webhooks.tell_low_balances(db, settings) == 1
    assert await webhooks.tell_low_balances(db, settings) == 0
    (first, _), (second, body) = receiver.heard
    assert first["webhook-id"] == second["webhook-id"]
    assert json.loads(body)["type"] == "low_balance"
    assert second["webhook-signature"] == webhooks.signed(
        SECRET, second["webhook-id"], int(second["webhook-timestamp"]), body
    )
    await asyncio.to_thread(receiver.server.shutdown)
    receiver.server.server_close()
    async with db.transaction(who.workspace_id) as conn:
        await wallets.grant(conn, who.workspace_id, 2_000_000, reason="R")
        await conn.execute(FALL, (1, who.workspace_id))
    assert await webhooks.tell_low_balances(db, settings) == 0
