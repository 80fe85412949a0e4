"""Metrics: rendered in Prometheus' format."""

from pantheon.base import metrics


def test_metrics_are_rendered_with_their_values():
    metrics.CHECKPOINTER_FALLBACK.set(1)
    try:
        lines = metrics.render().decode().splitlines()
    finally:
        metrics.CHECKPOINTER_FALLBACK.set(0)
    assert "pantheon_checkpointer_fallback 1.0" in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
