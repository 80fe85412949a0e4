"""Tests of `pantheon.base.clock`."""

from datetime import UTC, datetime, timedelta, timezone

from pantheon.base import clock


def test_now_is_aware_and_in_utc():
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    assert clock.now().utcoffset() == timedelta(0)


def test_moments_are_written_in_utc_with_milliseconds():
    noon = datetime(2026, 3, 1, 12, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))
    assert clock.rfc3339(noon) == "2026-03-01T10:00:00.123Z"
    assert clock.rfc3339(datetime(2026, 3, 1, tzinfo=UTC)) == "2026-03-01T00:00:00.000Z"
    assert clock.rfc3339(None) is None
