"""One outgoing connection: reads in batches, and what happens when the other side goes."""

import asyncio

import pytest
from httpcore2 import ConnectError, ReadError, ReadTimeout, WriteError

from pantheon.base.tcp import connect
from tests.base.servers import serving


async def test_a_read_takes_all_that_has_come():
    written = asyncio.Event()

    async def talk(reader, writer):
        for part in (b"one ", b"two ", b"three"):
            writer.write(part)
            await writer.drain()
        written.set()
        await reader.read()

    async with serving(talk) as port:
        stream = await connect(["localhost"], port)
        await written.wait()
        assert await stream.read(1_000, 5) == b"one two three"
        await stream.aclose()


async def test_a_read_gives_no_more_than_was_asked_for():
    async def talk(reader, writer):
        writer.write(b"abcdef")
        await reader.read()

    async with serving(talk) as port:
        stream = await connect(["localhost"], port)
        assert [await stream.read(4, 5), await stream.read(4, 5)] == [b"abcd", b"ef"]
        await stream.aclose()


async def test_the_end_is_an_empty_read():
    async def talk(reader, writer):
        writer.write(b"last")

    async with serving(talk) as port:
        stream = await connect(["localhost"], port)
        assert [await stream.read(100, 5), await stream.read(100, 5)] == [b"last", b""]
        with pytest.raises(WriteError):
            await stream.write(b"too late")
        await stream.aclose()


async def test_a_reset_is_an_error():
    async def talk(reader, writer):
        await reader.read(1)
        writer.transport.get_extra_info("socket").setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with serving(talk) as port:
        stream = await connect(["localhost"], port)
        await stream.write(b"x")
        with pytest.raises(ReadError):
            await stream.read(100, 5)
        await stream.aclose()


async def test_short_writes_leave_together_when_something_is_read():
    async def talk(reader, writer):
        writer.write(b"got " + await reader.read(1_000))

    async with serving(talk) as port:
        stream = await connect(["localhost"], port)
        await stream.write(b"head ")
        await stream.write(b"body")
        assert await stream.read(100, 5) == b"got head body"
        await stream.aclose()


async def test_silence_is_an_error_after_the_time():
    async def talk(reader, writer):
        await reader.read()

    async with serving(talk) as port:
        stream = await connect(["localhost"], port)
        with pytest.raises(ReadTimeout):
            await stream.read(100, 0.02)
        assert stream.get_extra_info("is_readable") is False
        await stream.aclose()


async def test_much_is_written_as_fast_as_it_is_taken():
    size = 0
    all_taken = asyncio.Event()

    async def talk(reader, writer):
        nonlocal size
        while data := await reader.read(65_536):
            size += len(data)
            if size == 8_000_000:
                all_taken.set()

    async with serving(talk) as port:
        stream = await connect(["localhost"], port)
        for _ in range(8):
            await stream.write(b"x" * 1_000_000, 10)
        async with asyncio.timeout(10):
            await all_taken.wait()
        await stream.aclose()


async def test_the_first_address_that_answers_is_taken():
    async def talk(reader, writer):
        writer.write(b"here")

    async with serving(talk) as port:
        stream = await connect(["127.1.2.3", "localhost"], port, 5)
        assert await stream.read(100, 5) == b"here"
        await stream.aclose()


async def test_no_address_that_answers_is_an_error():
    with pytest.raises(ConnectError):
        await connect(["127.0.0.1"], 1, 5)
    with pytest.raises(ConnectError, match="no address"):
        await connect([], 80, 5)
