"""The load client against the fake model server; quantiles."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.measure import Bench, open_bench, quantile
from benchmarks.processes import Process, cpu_seconds
from benchmarks.subjects import ONE, PACED_ONE, Direct, text_of


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """The fake and the clients, running."""
    with open_bench(tmp_path) as bench:
        yield bench


def test_turns_in_step_and_one_after_another_bring_their_whole_text(bench: Bench) -> None:
    direct = Direct(bench.url)
    for ask in (ONE, PACED_ONE):
        in_step = bench.run(direct, direct.sessions(ask, 3), 2, in_step=True, show=True)
        in_order = bench.run(direct, direct.sessions(ask, 2), 2, show=True)
        assert (in_step.turns, in_order.turns) == (6, 4)
        assert text_of(in_step.body) == text_of(in_order.body) == ask.answer
        assert all(a < b for a, b in zip(in_order.sent_at, in_order.sent_at[1:], strict=False))


def test_a_first_token_is_not_there_before_the_provider_sends_it(bench: Bench) -> None:
    direct = Direct(bench.url)
    run = bench.run(direct, direct.sessions(PACED_ONE, 1), 2)
    assert min(run.first_ms) > 45  # 50, less what a timer may be early
    assert run.seconds >= 2 * (0.05 + 99 * 0.005)


@pytest.mark.parametrize("change", [{"status": 201}, {"marks": ("w100",)}])
def test_an_answer_that_was_not_asked_for_ends_the_benchmark(bench: Bench, change: dict) -> None:
    direct = Direct(bench.url)
    wrong = [replace(session, **change) for session in direct.sessions(ONE, 2)]
    with pytest.raises(RuntimeError, match="4 wrong"):
        bench.run(direct, wrong, 2)


def test_cpu_time_of_a_child_that_is_gone_counts(tmp_path: Path) -> None:
    burn = "import time; [None for _ in iter(lambda: time.process_time() < 0.3, False)]"
    code = (
        "import subprocess, sys\n"
        f"subprocess.run([sys.executable, '-c', {burn!r}])\n"
        "print('burnt', flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = Process([sys.executable, "-c", code], tmp_path / "log")
    try:
        assert process.read_line() == "burnt"
        total, postgres = cpu_seconds([process])
        assert total >= 0.29
        assert postgres == 0
    finally:
        process.stop()


def test_quantiles_are_values_that_were_measured() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert (quantile(values, 0.5), quantile(values, 0.95), quantile([7.0], 0.95)) == (3.0, 5.0, 7.0)
