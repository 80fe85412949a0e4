"""Tokens: 256 random bits, shown once, stored as their SHA-256."""

import secrets
from hashlib import sha256

API_KEY_PREFIX = "pan_"


def new(prefix: str = "") -> str:
    """Return a fresh token: the prefix and 256 random bits, safe in URLs and cookies."""
    return prefix + secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """Return what is stored of a token. Random bits need no salt and no slow hash."""
    return sha256(token.encode()).digest()
