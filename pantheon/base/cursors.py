"""Cursors of lists: the place where the next page begins, opaque to who holds it."""

import base64
import binascii
from datetime import datetime
from uuid import UUID

import orjson

from pantheon.base.errors import INVALID, Problem


def encode(*place: str | int) -> str:
    """Return a cursor for the sort values of the last item that was given."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def decode(cursor: str, count: int) -> list[str | int]:
    """Return the `count` sort values of a cursor. Raises `validation_error` if it is none."""
    try:
        place = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise not_ours() from error
    if not isinstance(place, list) or len(place) != count:
        raise not_ours()
    if not all(isinstance(value, str | int) for value in place):
        raise not_ours()
    return place


def of_moment(moment: datetime, row_id: UUID) -> str:
    """Return the cursor of a list ordered by a moment and, where moments are equal, by id."""
    return encode(moment.isoformat(), str(row_id))


def moment(cursor: str | None) -> tuple[datetime, UUID] | tuple[None, None]:
    """Read what `of_moment` wrote; two times `None` for the first page."""
    if cursor is None:
        return None, None
    at, row_id = decode(cursor, 2)
    try:
        return datetime.fromisoformat(str(at)), UUID(str(row_id))
    except ValueError as error:
        raise not_ours() from error


def row(cursor: str | None) -> UUID | None:
    """Read the cursor of a list ordered by id alone; `None` for the first page."""
    if cursor is None:
        return None
    try:
        return UUID(str(decode(cursor, 1)[0]))
    except ValueError as error:
        raise not_ours() from error


def not_ours() -> Problem:
    """Return the problem of a cursor that no list gave."""
    return INVALID("The cursor is not one that this list gave.")
