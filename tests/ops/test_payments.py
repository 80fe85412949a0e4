"""Tests of `pantheon.ops.payments`: nothing is taken where nothing is configured."""

import pytest

from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.base.settings import Settings
from pantheon.ops import payments


@pytest.mark.parametrize("given", [{}, {"stripe_secret_key": "sk"}, {"stripe_webhook_secret": "s"}])
async def test_without_both_secrets_payments_are_off(tmp_path, given):
    settings = Settings(data_dir=tmp_path, _env_file=None, **given)
    with pytest.raises(Problem, match="payments_not_configured"):
        payments.check_configured(settings)
    with pytest.raises(Problem, match="payments_not_configured"):
        await payments.read_event(settings, b"{}", "t=1,v1=x")
    with pytest.raises(Problem, match="payments_not_configured"):
        await payments.open_checkout(settings, ids.new(), ids.new(), 100, "credits", "/")
