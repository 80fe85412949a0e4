"""Answers: JSON bytes as they leave, with the headers that the contract wants beside them."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response


class Json(Response):
    """A JSON answer; its content is made by us and not checked again."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the bytes."""
        return orjson.dumps(content)


def resource(shape: Mapping[str, Any], status: int = 200, *, location: str | None = None) -> Json:
    """Answer with a resource: its `version` as ETag, and where it is to be found if it is new."""
    headers = {"ETag": f'"{shape["version"]}"'} if "version" in shape else {}
    if location is not None:
        headers["Location"] = location
    return Json(shape, status, headers)


def gone() -> Response:
    """Answer a DELETE: nothing is there any more."""
    return Response(status_code=204)
