"""Fixtures of the machines: a place, and a walk of the size that the run asks for."""

import asyncio
import random
from collections.abc import Callable, Iterator
from functools import partial

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from pantheon.base.settings import Settings
from pantheon.ops.embedded import Server
from pantheon.ops.runtime import open_runtime
from tests.faults.conftest import Figures, Size, figures, pytest_runtest_makereport, rng, size
from tests.properties.machines import Place, Walk

__all__ = ["figures", "pytest_runtest_makereport", "rng", "size"]

QUICK = (40, 20)
CONTROL = (300, 20)
LONG = (500, 50)


@pytest.fixture
def place(server: Server, settings: Settings) -> Iterator[Place]:
    """A runtime on a database of its own, in a loop of its own."""
    opened = open_runtime(settings, server, environment={})
    with (
        asyncio.Runner() as runner,
        psycopg.connect(server.admin_url, autocommit=True) as owner,
    ):
        runtime = runner.run(opened.__aenter__())
        yield Place(runner, runtime, owner)
        runner.run(opened.__aexit__(None, None, None))


@pytest.fixture
def walk(place: Place, rng: random.Random, size: Size, figures: Figures) -> Walk:
    """Walk through a machine many times, each time another way; tell what it was.

    Where a guard is off, some walk has to fail, else the machine proves nothing.
    """

    def walk(
        what: str,
        machine: Callable[[Place], RuleBasedStateMachine],
        *,
        without: str | None = None,
    ) -> None:
        examples, steps = CONTROL if without else size(QUICK, LONG)
        made = partial(machine, place)
        seed(rng.randrange(1 << 32))(made)
        once = settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate] if without else list(Phase),
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        if without:
            # What a race has shown once it need not show again: hypothesis tells that as flaky.
            with pytest.raises((AssertionError, pytest.fail.Exception, Flaky)):
                run_state_machine_as_test(made, settings=once)
            figures(f"control: {what} without '{without}'", found_in_walk=place.walks)
            return
        run_state_machine_as_test(made, settings=once)
        assert place.walks >= examples
        figures(what, walks=place.walks, steps_each=steps, calls=place.steps, differences=0)

    return walk
