"""One outgoing connection: whole reads, answers of every shape, and what happens when it breaks."""

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from httpx2 import (
    ConnectError,
    LocalProtocolError,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    WriteTimeout,
)

from pantheon.base.http11 import LONGEST_HEAD, HttpConnection, connect, request_head
from tests.base.servers import Talk, answering, plain, read_head, serving

HEAD = request_head("GET", b"/", [(b"Host", b"localhost")])
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def connected(talk: Talk) -> AsyncIterator[HttpConnection]:
    async with serving(talk) as port:
        connection = await connect(["localhost"], port, 5)
        yield connection
        connection.close()


async def asked(connection: HttpConnection) -> tuple[int, bytes]:
    await connection.send(HEAD, b"", 5)
    answer = await connection.read_head(5)
    return answer.status, b"".join([piece async for piece in connection.read_body(5)])


def wait_for_input(connection: HttpConnection) -> None:
    assert select.select([connection._transport.get_extra_info("socket")], [], [], 5)[0]


@pytest.mark.parametrize(
    ("answer", "is_kept"),
    [
        (plain(b"hello"), True),
        (plain(b"hello", "Connection: close"), False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", False),
        (CHUNKED + b"2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nDigest: x\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", False),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + plain(b"hello"), True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + plain(b"hello"), True),
    ],
)
async def test_a_body_ends_where_its_head_says(answer, is_kept):
    async def talk(reader, writer):
        await read_head(reader)
        writer.write(answer)
        await writer.drain()
        if is_kept:
            await reader.read()

    async with connected(talk) as connection:
        assert await asked(connection) == (200, b"hello")
        assert connection.release() is is_kept
        assert connection.is_usable is is_kept


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_an_answer_without_a_body_is_whole_with_its_head(status):
    async def talk(reader, writer):
        await read_head(reader)
        writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
        await reader.read()

    async with connected(talk) as connection:
        assert await asked(connection) == (int(status[:3]), b"")
        assert connection.release()


async def test_headers_are_the_answers_own():
    early = b"HTTP/1.1 103 Early Hints\r\nLink: early\r\n\r\n"
    async with connected(answering(early + plain(b"", "X-One: 1", "X-One: 2"))) as connection:
        await connection.send(HEAD, b"", 5)
        answer = await connection.read_head(5)
        told = [(b"content-length", b"0"), (b"x-one", b"1"), (b"x-one", b"2")]
        assert answer.headers == told


@pytest.mark.parametrize("cut", range(1, len(CHUNKED) + 12))
async def test_an_answer_may_be_cut_anywhere(cut):
    whole = CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"
    taken = asyncio.Event()

    async def talk(reader, writer):
        await read_head(reader)
        writer.write(whole[:cut])
        await writer.drain()
        taken.set()
        await asyncio.sleep(0)
        writer.write(whole[cut:])
        await reader.read()

    async with connected(talk) as connection:
        assert await asked(connection) == (200, b"hello")
        assert taken.is_set()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "hung up"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "hung up"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "hung up"),
        (CHUNKED + b"5\r\nhello\r\n", "hung up"),
        (CHUNKED + b"x\r\nhello\r\n", "no HTTP/1.1"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "no HTTP/1.1"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "no HTTP/1.1"),
    ],
)
async def test_what_is_no_whole_answer_is_an_error(answer, why):
    async with connected(answering(answer)) as connection:
        with pytest.raises(RemoteProtocolError, match=why):
            await asked(connection)
        assert not connection.release()
        assert not connection.is_usable


async def test_a_head_without_an_end_is_an_error():
    async def talk(reader, writer):
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * LONGEST_HEAD)
        await reader.read()

    async with connected(talk) as connection:
        with pytest.raises(RemoteProtocolError, match="too long"):
            await asked(connection)


async def test_more_than_was_asked_for_ends_the_connection():
    async def talk(reader, writer):
        await read_head(reader)
        writer.write(plain(b"hello"))
        await writer.drain()
        await reader.read(1)
        writer.write(plain(b"and more"))
        await writer.drain()
        await reader.read()

    async with connected(talk) as connection:
        assert await asked(connection) == (200, b"hello")
        assert connection.release()
        connection._transport.write(b"x")
        await asyncio.to_thread(wait_for_input, connection)
        assert not connection.is_usable


async def test_a_connection_that_the_other_side_left_is_not_usable():
    async with connected(answering(plain(b"hello"))) as connection:
        assert await asked(connection) == (200, b"hello")
        assert connection.release()
        await asyncio.to_thread(wait_for_input, connection)
        assert not connection.is_usable


async def test_a_request_that_is_under_way_takes_no_other():
    async def talk(reader, writer):
        await reader.read()

    async with connected(talk) as connection:
        assert connection.is_usable
        await connection.send(HEAD, b"", 5)
        assert not connection.is_usable
        assert not connection.release()


async def test_a_piece_is_all_that_has_come():
    written = asyncio.Event()

    async def talk(reader, writer):
        await read_head(reader)
        writer.write(CHUNKED)
        await writer.drain()
        for part in (b"4\r\none \r\n", b"4\r\ntwo \r\n", b"5\r\nthree\r\n"):
            writer.write(part)
            await writer.drain()
        written.set()
        await reader.read()

    async with connected(talk) as connection:
        await connection.send(HEAD, b"", 5)
        await written.wait()
        await connection.read_head(5)
        assert await anext(connection.read_body(5)) == b"one two three"


async def test_a_reset_is_an_error():
    async def talk(reader, writer):
        await read_head(reader)
        writer.transport.get_extra_info("socket").setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with connected(talk) as connection:
        with pytest.raises(ReadError):
            await asked(connection)


async def test_silence_is_an_error_after_the_time():
    async def talk(reader, writer):
        await reader.read()

    async with connected(talk) as connection:
        await connection.send(HEAD, b"", 5)
        with pytest.raises(ReadTimeout, match=r"0\.02 s"):
            await connection.read_head(0.02)


async def test_much_is_sent_as_fast_as_it_is_taken():
    size = 8_000_000

    async def talk(reader, writer):
        await read_head(reader)
        await reader.readexactly(size)
        writer.write(plain(b"taken"))
        await writer.drain()

    async with connected(talk) as connection:
        head = request_head("POST", b"/", [(b"Content-Length", b"%d" % size)])
        await connection.send(head, b"x" * size, 10)
        assert (await connection.read_head(10)).status == 200


async def test_a_request_that_nobody_takes_is_given_up():
    async def talk(reader, writer):
        writer.transport.pause_reading()
        await asyncio.sleep(5)

    async with connected(talk) as connection:
        with pytest.raises(WriteTimeout, match=r"0\.05 s"):
            await connection.send(HEAD, b"x" * 20_000_000, 0.05)


async def test_the_first_address_that_answers_is_taken():
    async with serving(answering(plain(b"here"))) as port:
        connection = await connect(["127.1.2.3", "localhost"], port, 5)
        assert await asked(connection) == (200, b"here")
        connection.close()


async def test_no_address_that_answers_is_an_error():
    with pytest.raises(ConnectError):
        await connect(["127.0.0.1"], 1, 5)
    with pytest.raises(ConnectError, match="no address"):
        await connect([], 80, 5)


def test_a_head_is_what_the_protocol_says():
    head = request_head("POST", b"/v1/x?y=1", [(b"Host", b"a"), (b"Content-Length", b"3")])
    assert head == b"POST /v1/x?y=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "target", "header"),
    [
        ("GET", b"/", (b"X", b"1\r\nEvil: 2")),
        ("GET", b"/", (b"X", b"1\nEvil: 2")),
        ("GET", b"/", (b"X", b"1\r")),
        ("GET", b"/", (b"X\r\nEvil", b"1")),
        ("GET", b"/ HTTP/1.1\r\nEvil: 2", (b"X", b"1")),
        ("GET", b"/", (b"X", b"\0")),
        ("POST", b"/", (b"Transfer-Encoding", b"chunked")),
        ("HEAD", b"/", (b"X", b"1")),
    ],
)
def test_a_head_that_would_say_something_else_is_not_sent(method, target, header):
    with pytest.raises(LocalProtocolError):
        request_head(method, target, [(b"Host", b"a"), header])
