"""Metrics for Prometheus, each name once. Labels have few values: no ids, no texts."""

from collections.abc import Mapping
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
    write_to_textfile,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

HTTP_SECONDS = Histogram(
    "pantheon_http_request_seconds",
    "Time from a request to the head of its answer.",
    ("method", "route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
    registry=REGISTRY,
)
STREAMS_OPEN = Gauge(
    "pantheon_streams_open", "Event streams that are open in this process.", registry=REGISTRY
)
TURNS_RUNNING = Gauge("pantheon_turns_running", "Turns that this process runs.", registry=REGISTRY)
TURNS_ENDED = Counter(
    "pantheon_turns_ended_total",
    "Turns that this process brought to an end.",
    ("mode", "status"),
    registry=REGISTRY,
)
TAKEOVERS = Counter(
    "pantheon_takeovers_total",
    "Turns taken over from a worker whose lease was over.",
    registry=REGISTRY,
)
CALLS = Counter(
    "pantheon_model_calls_total",
    "Requests to model providers that this process closed.",
    ("provider", "purpose", "outcome"),
    registry=REGISTRY,
)
FIRST_TOKEN_SECONDS = Histogram(
    "pantheon_first_token_seconds",
    "Time from a model request to the first token of its answer.",
    ("provider",),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
EVENTS_DROPPED = Counter(
    "pantheon_provider_events_dropped_total",
    "Parts of provider streams that are none of the known kinds.",
    ("provider",),
    registry=REGISTRY,
)
CHECKPOINTER_FALLBACK = Gauge(
    "pantheon_checkpointer_fallback",
    "1 while checkpoints are kept in memory only.",
    registry=REGISTRY,
)
TURNS_WAITING = Gauge(
    "pantheon_turns_waiting",
    "Turns in the whole installation that wait for a worker; the same in every process.",
    registry=REGISTRY,
)
TURNS_OVERDUE = Gauge(
    "pantheon_turns_overdue",
    "Turns in the whole installation whose lease ended a minute ago and that nobody took over.",
    registry=REGISTRY,
)

# What `pantheon reconcile` has found, in a file of its own: it is no figure of this process.
BOOKS = CollectorRegistry()
DRIFT = Gauge(
    "pantheon_invariant_drift",
    "Rows that break an invariant, as the last reconciliation found them.",
    ("invariant",),
    registry=BOOKS,
)
RECONCILED_AT = Gauge(
    "pantheon_reconciled_at_seconds",
    "When the last reconciliation ended, in seconds since 1970.",
    registry=BOOKS,
)


def write_drift(drift: Mapping[str, int], path: Path) -> None:
    """Write the rows that break each invariant to a file for a collector that reads files.

    It appears at once and whole. Raises OSError.
    """
    for invariant, rows in drift.items():
        DRIFT.labels(invariant).set(rows)
    RECONCILED_AT.set_to_current_time()
    write_to_textfile(str(path), BOOKS)


def render() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
