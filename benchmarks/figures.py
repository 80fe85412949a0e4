"""The figures: each function measures one group of them for all subjects."""

import time
from collections.abc import Callable, Iterable, Sequence

from benchmarks.measure import Bench, Run, quantile
from benchmarks.pantheon_subject import Pantheon
from benchmarks.processes import make_folder, resident_mb
from benchmarks.sizes import Sizes
from benchmarks.subjects import (
    AT_ONCE,
    IN_ORDER,
    LAST_TEN,
    MANAGED,
    ONE,
    PACED_MANAGED,
    PACED_ONE,
    TRICKLE_ONE,
    Subject,
    text_of,
)

RUN_IN_TURNS = 10
PART_TURNS = 10
IDLE_SECONDS = 1.0
MEMORY_SESSIONS = 8
FEWEST_READERS = 32
MANAGED_STEPS = 10

Subjects = Sequence[Subject]


def warm_up(bench: Bench, subjects: Subjects, sizes: Sizes) -> None:
    """Bring each subject to the state it has when it has served for a while; check its text."""
    for subject in subjects:
        for ask in (ONE, TRICKLE_ONE):
            run = bench.run(subject, subject.sessions(ask, 1), sizes.warm_up_turns, show=True)
            if text_of(run.body) != ask.answer:
                raise RuntimeError(f"{subject.title} lost or changed text: {run.body[-2000:]}")
        bench.run(subject, subject.sessions(PACED_ONE, sizes.step_sessions), 1, in_step=True)


def first_token(bench: Bench, subjects: Subjects, sizes: Sizes) -> None:
    """One session after another, 20 turns each: what is added before the first token, CPU."""
    for ask, name in ((ONE, ""), (TRICKLE_ONE, "_trickle")):
        for subject in subjects:
            sessions = subject.sessions(ask, sizes.first_sessions)
            run = bench.run(subject, sessions, sizes.first_turns)
            added = _added(bench, subject, f"first{name}", run)
            bench.results.add(f"first{name}_p50_ms", subject, quantile(added, 0.5))
            bench.results.add(f"first{name}_p95_ms", subject, quantile(added, 0.95))
            if ask is ONE:
                _add_cpu(bench, subject, "burst", run)


def paced(bench: Bench, subjects: Subjects, sizes: Sizes) -> None:
    """32 sessions in step, tokens every 5 ms: CPU, turns a second, the last one's first token."""
    for subject in subjects:
        sessions = subject.sessions(PACED_ONE, sizes.step_sessions)
        run = bench.run(subject, sessions, sizes.step_turns, in_step=True)
        added = _added(bench, subject, "step", run)
        bench.results.add("step_p95_ms", subject, quantile(added, 0.95))
        bench.results.add("step_turns_s", subject, run.turns / run.seconds)
        _add_cpu(bench, subject, "paced", run)
        bench.results.add("fake_share", subject, run.fake_cpu_ms / run.seconds / 1000)
        bench.results.add("load_share", subject, run.load_cpu_ms / run.seconds / 1000)


def crowd(bench: Bench, subjects: Subjects, sizes: Sizes) -> None:
    """256 sessions in step: what is left when a process has more to do than it can."""
    for subject in subjects:
        sessions = subject.sessions(PACED_ONE, sizes.crowd_sessions)
        run = bench.run(subject, sessions, sizes.crowd_turns, in_step=True)
        added = _added(bench, subject, "crowd", run)
        bench.results.add("crowd_p95_ms", subject, quantile(added, 0.95))
        bench.results.add("crowd_turns_s", subject, run.turns / run.seconds)


def agents(bench: Bench, subjects: Subjects, sizes: Sizes) -> None:
    """Three agents answer a turn, in order or at once: CPU per turn."""
    for ask, key in ((IN_ORDER, "cpu_in_order_ms"), (AT_ONCE, "cpu_at_once_ms")):
        for subject in _served(subjects):
            sessions = subject.sessions(ask, sizes.agent_sessions)
            turns = sizes.agent_sessions * sizes.agent_turns
            requests = sessions[0].requests
            if requests == 1:
                run = bench.run(subject, sessions, sizes.agent_turns)
            elif ask is IN_ORDER:
                run = bench.run(subject, sessions, sizes.agent_turns * requests)
            else:
                run = bench.run(subject, sessions[:1] * requests, turns, in_step=True)
            bench.results.add(key, subject, run.cpu_ms / turns)


def managed(bench: Bench, subjects: Subjects, sizes: Sizes) -> None:
    """A manager asks three agents twice, then writes the answer: ten steps a turn.

    From the last agent's closing commit to the next decision's request, what a round takes beside
    its slowest agent, and CPU per step.
    """
    for subject in subjects:
        if not isinstance(subject, Pantheon):
            continue
        run = bench.run(subject, subject.sessions(MANAGED, 1), sizes.managed_turns)
        bench.results.add("managed_step_cpu_ms", subject, run.cpu_ms / run.turns / MANAGED_STEPS)
        bench.forget_requests()
        sessions = subject.sessions(PACED_MANAGED, 1)
        bench.run(subject, sessions, sizes.managed_turns)
        arrived = {request["id"]: request["at"] for request in bench.requests()}
        gaps, beside = [], []
        for decision, agents, following in subject.rounds(sessions[0]):
            closed = max(agent.finished_at for agent in agents)
            gaps.append((arrived[following.attempt_id] - closed) * 1000)
            seconds = following.started_at - decision.finished_at
            beside.append(seconds * 1000 - max(agent.latency_ms for agent in agents))
        bench.results.add("managed_gap_ms", subject, quantile(gaps, 0.5))
        bench.results.add("managed_round_ms", subject, quantile(beside, 0.5))


def length(bench: Bench, subjects: Subjects, sizes: Sizes) -> None:
    """A long session: its last turns against turns 11 to 30, CPU and first token.

    Once with ten turns of history sent, so that all requests are of one size and the ratio shows
    what storing costs; once with the whole history sent.
    """
    for ask, name in ((LAST_TEN, "flat"), (ONE, "flat_whole")):
        for subject in _served(subjects):
            if ask is ONE and subject.name in ("proxy", "apart"):
                continue
            sessions = subject.sessions(ask, 1 if ask is ONE or subject.name == "langgraph" else 2)
            bench.run(subject, sessions, RUN_IN_TURNS)
            early = bench.run(subject, sessions, sizes.window_turns)
            between = sizes.length_turns - RUN_IN_TURNS - 2 * sizes.window_turns
            for _ in range(between // PART_TURNS):
                bench.run(subject, sessions, PART_TURNS)
            late = bench.run(subject, sessions, sizes.window_turns)
            bench.results.add(f"{name}_cpu", subject, late.cpu_ms / early.cpu_ms)
            middle = [quantile(run.first_ms, 0.5) for run in (early, late)]
            bench.results.add(f"{name}_first", subject, middle[1] / middle[0])


def readers(bench: Bench, subjects: Subjects, sizes: Sizes) -> None:
    """How many readers may follow eight sessions until the added p95 has doubled."""
    for subject in subjects:
        sessions = subject.sessions(PACED_ONE, sizes.reader_sessions)
        if subject.name == "direct":
            run = bench.run(subject, sessions, sizes.reader_turns, in_step=True)
            _added(bench, subject, "readers", run)
        if sessions[0].followed_by is None or subject.name == "apart":
            continue
        alone = followed = 0.0
        fine, count = 0, 0
        while followed <= 2 * alone:
            fine = count
            run = bench.run(subject, sessions, sizes.reader_turns, in_step=True)
            followed = quantile(_added(bench, subject, "readers", run), 0.95)
            alone = alone or followed
            if count == sizes.most_readers:
                break
            more = count or FEWEST_READERS
            bench.follow(sessions, more)
            count += more
        bench.leave()
        bench.results.add("readers", subject, fine)


def restart(bench: Bench, subjects: Subjects, sizes: Sizes) -> None:
    """Start in an empty folder, and again on what is stored; then memory, idle and after work.

    A start is timed to the end of the first answer. In an empty folder that includes signing in
    and making the first agent, where there are such things.
    """
    for subject in _served(subjects):
        for at in range(sizes.starts):
            fresh = subject.fresh(make_folder(bench.folder / f"{subject.name}-{at}"))
            if fresh is not None:
                _first_start(bench, fresh)
            sessions = subject.sessions(ONE, MEMORY_SESSIONS)
            subject.stop()
            began = time.perf_counter()
            subject.start()
            ready = time.perf_counter() - began
            idle = resident_mb(subject.processes())
            run = bench.run(subject, sessions[:1], 1)
            bench.results.add("warm_start_s", subject, ready + run.seconds)
            bench.results.add("rss_idle_mb", subject, idle)
        bench.run(subject, sessions, sizes.memory_turns // MEMORY_SESSIONS, in_step=True)
        time.sleep(IDLE_SECONDS)
        bench.results.add("rss_growth_mb", subject, resident_mb(subject.processes()) - idle)
        bench.forget_requests()


def _first_start(bench: Bench, fresh: Subject) -> None:
    try:
        began = time.perf_counter()
        fresh.start()
        sessions = fresh.sessions(ONE, 1)
        ready = time.perf_counter() - began
        run = bench.run(fresh, sessions, 1)
        bench.results.add("cold_start_s", fresh, ready + run.seconds)
    finally:
        fresh.stop()


def _add_cpu(bench: Bench, subject: Subject, pace: str, run: Run) -> None:
    bench.results.add(f"cpu_{pace}_ms", subject, run.cpu_ms / run.turns)
    bench.results.add(f"cpu_{pace}_postgres_ms", subject, run.postgres_cpu_ms / run.turns)


def _served(subjects: Iterable[Subject]) -> list[Subject]:
    return [subject for subject in subjects if subject.name != "direct"]


def _added(bench: Bench, subject: Subject, kind: str, run: Run) -> list[float]:
    """Return what a subject adds to each first token: less the median of the provider itself.

    That is measured first, by the same client in the same way.
    """
    if subject.name == "direct":
        bench.direct_ms[kind] = quantile(run.first_ms, 0.5)
    return [first - bench.direct_ms[kind] for first in run.first_ms]


GROUPS: dict[str, tuple[bool, Callable[[Bench, Subjects, Sizes], None]]] = {
    "first-token": (True, first_token),
    "paced": (True, paced),
    "agents": (True, agents),
    "managed": (True, managed),
    "crowd": (False, crowd),
    "length": (False, length),
    "readers": (False, readers),
    "restart": (False, restart),
}
"""What `--only` names, in the order of measuring; whether it is measured in every round."""

QUICK_GROUPS = ("first-token", "paced", "agents", "restart")
