"""A proxy that cuts connections, to see what a client does then."""

import socket
import threading
from urllib.parse import urlsplit

CUTS = 2


class CuttingProxy:
    """Passes TCP on to a server; the first event streams are cut after so many bytes."""

    def __init__(self, url: str, after_bytes: int) -> None:
        """Stand before the server at `url`."""
        there = urlsplit(url)
        assert there.hostname is not None
        self._there = (there.hostname, there.port or 80)
        self._after_bytes = after_bytes
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.cuts = 0

    def __enter__(self) -> "CuttingProxy":
        """Begin to listen."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything."""
        for sock in (self._listening, *self._open):
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(self._there)
            self._open += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        passed = 0
        stream = False
        try:
            while data := source.recv(1024):
                stream = stream or (b"text/event-stream" in data and data.startswith(b"HTTP/"))
                passed += len(data) if stream else 0
                if stream and passed > self._after_bytes and self.cuts < CUTS:
                    self.cuts += 1
                    break
                target.sendall(data)
        except OSError:
            # The other direction has closed both.
            return
        for sock in (source, target):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
