"""The one client for requests that leave: where they may go, and how much may come back."""

import asyncio

import pytest

from pantheon.base import http
from tests.base.servers import CERTIFICATE, answering, plain, read_head, serving


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch):
    """The test server's certificate counts as the system's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    http._tls.cache_clear()
    yield
    http._tls.cache_clear()


async def test_a_configured_origin_is_allowed_loopback_included():
    async with serving(answering(plain(b"hello"))) as port:
        client = http.open_client([f"http://localhost:{port}/v1"])
        url = f"http://localhost:{port}/x"
        assert await http.fetch(client, url, headers={}, seconds=5) == (200, b"hello")
        await client.aclose()


@pytest.mark.parametrize("url", ["http://localhost:{}/", "http://127.0.0.1:{}/"])
async def test_loopback_is_refused_where_nobody_configured_it(url):
    async def fail(*_):
        raise AssertionError("a connection was made")

    async with serving(fail) as port:
        client = http.open_client(["http://127.0.0.1:1/v1"])
        with pytest.raises(http.EgressRefused):
            await client.get(url.format(port))
        await client.aclose()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1/", "127.0.0.1"),
        ("https://localhost/", "not a public address"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("http://[::1]/", "::1"),
        ("http://[::ffff:127.0.0.1]/", "not a public address"),
        ("http://1.1.1.1:25/", "port 25"),
        ("https://1.1.1.1:8443/", "port 8443"),
        ("http://1.1.1.1:443/", "port 443"),
        ("ftp://1.1.1.1/", "ftp"),
    ],
)
async def test_what_is_not_the_usual_port_of_a_public_address_is_refused(url, why):
    client = http.open_client([])
    with pytest.raises(http.EgressRefused, match=why.replace(".", r"\.")) as refused:
        await client.get(url)
    assert http.never_left(refused.value)
    await client.aclose()


async def test_the_checked_address_is_the_one_that_is_connected_to(monkeypatch):
    """A name that changes between the check and the connection gains nothing: it is asked once."""
    asked = []
    loop = asyncio.get_running_loop()

    async def resolve(host, port, **_):
        asked.append(host)
        return [(0, 0, 0, "", ("1.1.1.1", port))]

    connected = []

    async def connect(protocol, host, port, **_):
        connected.append(host)
        raise ConnectionRefusedError("no")

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    monkeypatch.setattr(loop, "create_connection", connect)
    client = http.open_client([])
    with pytest.raises(http.TransportError):
        await client.get("https://rebinding.example/")
    assert (asked, connected) == (["rebinding.example"], ["1.1.1.1"])
    await client.aclose()


async def test_a_redirect_is_not_followed():
    async with serving(
        answering(plain(b"", "Location: http://169.254.169.254/", status="302 Found"))
    ) as port:
        client = http.open_client([f"http://localhost:{port}"])
        response = await client.get(f"http://localhost:{port}/")
        assert (response.status_code, response.history) == (302, [])
        await client.aclose()


async def test_a_body_longer_than_allowed_is_cut_off():
    async with serving(answering(plain(b"x" * 2_000))) as port:
        client = http.open_client([f"http://localhost:{port}"], most_bytes=1_000)
        with pytest.raises(http.TooMuch):
            await client.get(f"http://localhost:{port}/")
        await client.aclose()


async def test_a_compressed_body_is_not_read():
    async with serving(answering(plain(b"\x1f\x8b", "Content-Encoding: gzip"))) as port:
        client = http.open_client([f"http://localhost:{port}"])
        with pytest.raises(http.TransportError, match="compressed"):
            await client.get(f"http://localhost:{port}/")
        await client.aclose()


async def test_silence_ends_after_the_time_that_is_allowed():
    async def mute(reader, writer):
        await reader.read()

    async with serving(mute) as port:
        client = http.open_client([f"http://localhost:{port}"], read_seconds=0.05)
        with pytest.raises(http.TransportError) as silent:
            await client.get(f"http://localhost:{port}/")
        assert http.timed_out(silent.value)
        assert not http.never_left(silent.value)
        await client.aclose()


async def test_a_document_that_drips_is_given_up_in_time():
    async def drip(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not reader.at_eof():
            writer.write(b"x")
            await asyncio.sleep(0.01)

    async with serving(drip) as port:
        client = http.open_client([f"http://localhost:{port}"], read_seconds=5)
        with pytest.raises(http.TransportError, match=r"0\.1 s"):
            await http.fetch(client, f"http://localhost:{port}/", headers={}, seconds=0.1)
        await client.aclose()


async def test_a_refused_connection_never_left():
    async with serving(answering(b"")) as port:
        pass
    client = http.open_client([f"http://localhost:{port}"])
    with pytest.raises(http.TransportError) as refused:
        await client.get(f"http://localhost:{port}/")
    assert http.never_left(refused.value)
    await client.aclose()


async def test_a_body_comes_read_by_read_not_chunk_by_chunk():
    more = asyncio.Event()

    async def talk(reader, writer):
        await read_head(reader)
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head + b"".join(b"2\r\na%d\r\n" % n for n in range(10)))
        await more.wait()
        writer.write(b"".join(b"2\r\nb%d\r\n" % n for n in range(10)) + b"0\r\n\r\n")
        await writer.drain()

    async with serving(talk) as port:
        client = http.open_client([f"http://localhost:{port}"])
        pieces = []
        async with client.stream("GET", f"http://localhost:{port}/") as response:
            async for piece in response.aiter_raw():
                pieces.append(piece)
                more.set()
        assert pieces == [b"a0a1a2a3a4a5a6a7a8a9", b"b0b1b2b3b4b5b6b7b8b9"]
        await client.aclose()


async def test_equal_chunks_of_one_read_stay_together():
    chunk = b"14\r\ndata: the same again\r\n"

    async def talk(reader, writer):
        await read_head(reader)
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head + chunk * 50 + b"0\r\n\r\n")
        await writer.drain()

    async with serving(talk) as port:
        client = http.open_client([f"http://localhost:{port}"])
        async with client.stream("GET", f"http://localhost:{port}/") as response:
            pieces = [piece async for piece in response.aiter_raw()]
        assert pieces == [b"data: the same again" * 50]
        await client.aclose()


async def test_a_stream_that_is_gathered_does_not_fall_behind(trusted):
    """Tokens every 2 ms, read every 25 ms: what has come is read whole, however equal it is."""

    async def talk(reader, writer):
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100):
            writer.write(b"14\r\ndata: the same again\r\n")
            await asyncio.sleep(0.002)
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    for encrypted in (False, True):
        async with serving(talk, encrypted=encrypted) as port:
            url = f"http{'s' * encrypted}://localhost:{port}/"
            client = http.open_client([url], gather_seconds=0.025)
            async with client.stream("GET", url) as response:
                pieces = [piece async for piece in response.aiter_raw()]
            assert b"".join(pieces) == b"data: the same again" * 100
            assert len(pieces) < 30
            await client.aclose()


async def test_a_connection_is_used_again():
    connections = 0

    async def talk(reader, writer):
        nonlocal connections
        connections += 1
        for _ in range(2):
            await read_head(reader)
            writer.write(plain(b"hello"))
            await writer.drain()

    async with serving(talk) as port:
        client = http.open_client([f"http://localhost:{port}"])
        for _ in range(2):
            await client.get(f"http://localhost:{port}/")
        assert connections == 1
        await client.aclose()


async def test_a_connection_that_the_server_closed_is_not_used_again():
    async with serving(answering(plain(b"hello"))) as port:
        client = http.open_client([f"http://localhost:{port}"])
        for _ in range(3):
            response = await client.get(f"http://localhost:{port}/")
            assert response.content == b"hello"
        await client.aclose()


async def test_tls_is_spoken_with_a_certificate_that_is_trusted(trusted):
    async with serving(answering(plain(b"hello")), encrypted=True) as port:
        client = http.open_client([f"https://localhost:{port}"])
        response = await client.get(f"https://localhost:{port}/")
        assert response.content == b"hello"
        await client.aclose()


async def test_a_certificate_that_nobody_vouches_for_is_refused():
    http._tls.cache_clear()
    async with serving(answering(plain(b"hello")), encrypted=True) as port:
        client = http.open_client([f"https://localhost:{port}"])
        with pytest.raises(http.TransportError, match="certificate") as refused:
            await client.get(f"https://localhost:{port}/")
        assert http.never_left(refused.value)
        await client.aclose()


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("http://127.0.0.1:8001/v1", True),
        ("https://[::1]:8001", True),
        ("https://api.example.com/v1", True),
        ("http:///v1", False),
        ("http://host:99999", False),
        ("http://[::1/v1", False),
        ("http://a b/", False),
        ("ftp://host/", False),
        ("nonsense", False),
    ],
)
def test_an_address_of_a_server_is_told_from_other_text(url, is_one):
    assert http.is_address(url) is is_one
