"""Metrics for Prometheus, each name once. Labels have few values: no ids, no texts."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
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


def render() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
