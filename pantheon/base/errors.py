"""Problems: typed errors that a caller can act on (RFC 9457)."""

from dataclasses import dataclass
from typing import Any


class Problem(Exception):
    """An error with a stable code, told to the caller as `application/problem+json`.

    `extra` holds further members of the problem document (for example `errors`),
    `headers` what the HTTP answer carries beside it (for example `Retry-After`).
    """

    def __init__(
        self,
        kind: "ProblemType",
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(f"{kind.code}: {detail}")
        self.kind = kind
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem, defined beside the code that raises it.

    Calling it makes the exception: `raise KEY_TAKEN("An agent 'critic' exists already.")`.
    """

    code: str
    status: int
    title: str

    def __call__(
        self, detail: str, *, headers: dict[str, str] | None = None, **extra: Any
    ) -> Problem:
        return Problem(self, detail, headers=headers, **extra)


NOT_FOUND = ProblemType("not_found", 404, "Not found")
INVALID = ProblemType("validation_error", 422, "The request is not valid")
STALE_VERSION = ProblemType("stale_version", 409, "Changed by somebody else meanwhile")
UNAVAILABLE = ProblemType("unavailable", 503, "The database is away")
