"""A stand-in for Stripe: the two requests that we make, in its wire format, and signed webhooks.

`python -m tests.fakes.stripe` is a process of its own on real HTTP; it prints its URL as JSON. What
it remembers is at `GET /log`. Formats: https://docs.stripe.com/api and, for signatures,
https://docs.stripe.com/webhooks#verify-manually.
"""

import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
KEY = "sk_test_of_the_stand_in"
SECRET = "whsec_of_the_stand_in"
DECLINED = 666


class Handler(BaseHTTPRequestHandler):
    """Checkout sessions and payment intents, as forms come in and JSON goes out."""

    protocol_version = "HTTP/1.1"
    sessions: ClassVar[dict[str, dict[str, Any]]] = {}
    by_key: ClassVar[dict[str, str]] = {}
    log: ClassVar[list[dict[str, Any]]] = []
    lock: ClassVar[threading.Lock] = threading.Lock()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        form = dict(parse_qsl(body, keep_blank_values=True))
        with self.lock:
            self.log.append({"path": self.path, "form": form})
        if self.headers.get("authorization") != f"Bearer {KEY}":
            self._refuse(401, "invalid_request_error", "Invalid API Key provided")
        elif self.path != "/v1/checkout/sessions" or form.get("mode") != "payment":
            self._refuse(404, "invalid_request_error", "Unrecognized request URL")
        elif int(form["line_items[0][price_data][unit_amount]"]) == DECLINED:
            self._refuse(400, "invalid_request_error", "This amount is not taken")
        else:
            self._answer(200, self._session(form))

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if self.path == "/log":
            self._answer(200, {"requests": self.log})
            return
        for session in self.sessions.values():
            if session["payment_intent"] == name:
                intent = {"id": name, "object": "payment_intent", "metadata": session["metadata"]}
                self._answer(200, intent)
                return
        if name == "pi_of_others":
            self._answer(200, {"id": name, "object": "payment_intent", "metadata": {}})
        else:
            self._refuse(404, "invalid_request_error", f"No such payment_intent: '{name}'")

    def _session(self, form: dict[str, str]) -> dict[str, Any]:
        """Make a session, or give the one that was made with this idempotency key."""
        key = self.headers["idempotency-key"]
        with self.lock:
            number = len(self.sessions) + 1
            name = self.by_key.setdefault(key, f"cs_test_{number}")
            return self.sessions.setdefault(
                name,
                {
                    "id": name,
                    "object": "checkout.session",
                    "mode": "payment",
                    "currency": form["line_items[0][price_data][currency]"],
                    "amount_total": int(form["line_items[0][price_data][unit_amount]"]),
                    "payment_status": "unpaid",
                    "payment_intent": f"pi_test_{number}",
                    "client_reference_id": form["client_reference_id"],
                    "metadata": {
                        part: form[f"metadata[{part}]"]
                        for part in ("pantheon_workspace", "pantheon_top_up")
                    },
                    "url": f"https://checkout.stripe.com/c/pay/{name}",
                },
            )

    def _refuse(self, status: int, kind: str, message: str) -> None:
        self._answer(status, {"error": {"type": kind, "message": message}})

    def _answer(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("request-id", "req_test")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on the standard error."""


@contextmanager
def running() -> Iterator[str]:
    """Run the stand-in as a process; its URL is given out. It ends when its input does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.stripe"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()


def requests(url: str) -> list[dict[str, Any]]:
    """Return what it was asked, the oldest first."""
    with urlopen(f"{url}/log", timeout=5) as response:
        return json.load(response)["requests"]


def event(kind: str, thing: dict[str, Any], event_id: str) -> bytes:
    """Write an event as a webhook's body."""
    return json.dumps(
        {
            "id": event_id,
            "object": "event",
            "api_version": "2026-05-27.dahlia",
            "created": int(time.time()),
            "type": kind,
            "data": {"object": thing},
        }
    ).encode()


def signature(body: bytes, *, secret: str = SECRET, age_seconds: int = 0) -> str:
    """Sign a webhook's body: the value of `Stripe-Signature`."""
    moment = int(time.time()) - age_seconds
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


def main() -> None:
    """Serve until the standard input ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
