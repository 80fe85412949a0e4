"""Tests of `pantheon.base.ids`."""

import time
from uuid import UUID

from pantheon.base import ids


def test_ids_are_uuids_of_version_7_that_sort_by_their_making():
    made = [ids.new() for _ in range(10_000)]
    assert type(made[0]) is UUID
    assert {made_id.version for made_id in made} == {7}
    assert len(set(made)) == len(made)
    assert made == sorted(made)


def test_an_id_tells_when_it_was_made():
    milliseconds = ids.new().int >> 80
    assert abs(milliseconds - time.time_ns() // 1_000_000) < 60_000
