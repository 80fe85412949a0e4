"""Tokens: long enough, never the same, known only by their digest."""

import re
from hashlib import sha256

from pantheon.accounts import tokens


def test_a_token_has_256_bits_and_is_safe_in_urls_and_cookies():
    made = {tokens.new("pan_") for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"pan_[\w-]{43}", token, re.ASCII) for token in made)


def test_what_is_stored_is_the_sha256():
    assert tokens.digest("pan_x") == sha256(b"pan_x").digest()
