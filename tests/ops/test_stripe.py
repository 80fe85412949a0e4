"""Tests of `pantheon.ops.stripe` where nobody answers; the rest is in `tests/api/routes`."""

import pytest

from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.base.settings import Settings
from pantheon.ops.stripe import open_checkout


async def test_stripe_that_is_away_is_told(tmp_path, unused_tcp_port):
    settings = Settings(
        data_dir=tmp_path,
        stripe_secret_key="sk",
        stripe_webhook_secret="whsec",
        stripe_api_url=f"http://127.0.0.1:{unused_tcp_port}",
        _env_file=None,
    )
    with pytest.raises(Problem, match=r"payment_failed: .*cannot be reached"):
        await open_checkout(settings, ids.new(), ids.new(), 100, "1 credit", "http://x/usage")
