"""Identifiers: UUIDv7, so that ids sort by the time they were made."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new() -> UUID:
    """Return a fresh UUIDv7 (RFC 9562)."""
    return uuid7()
