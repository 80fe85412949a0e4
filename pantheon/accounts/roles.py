"""Who acts, and what they may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pantheon.base.errors import ProblemType

FORBIDDEN = ProblemType("forbidden", 403, "Not allowed")

ALL_SCOPES = frozenset({"read", "write", "admin"})
SEE_ALL = ("owner", "admin")
"""The roles that see what everybody in the workspace has used; others see their own."""
ROLE_SCOPES = {"owner": ALL_SCOPES, "admin": ALL_SCOPES, "member": frozenset({"read", "write"})}


@dataclass(frozen=True, slots=True)
class Who:
    """The resolved credential of a request: a user of a workspace, with a role and scopes."""

    workspace_id: UUID
    user_id: UUID
    role: str
    scopes: frozenset[str]

    def need(self, scope: str) -> None:
        """Raise `forbidden` unless the credential has `scope` (`read`, `write` or `admin`)."""
        if scope not in self.scopes:
            have = ", ".join(sorted(self.scopes)) or "none"
            raise FORBIDDEN(f"This needs the scope '{scope}'; the credential has: {have}.")


def allowed(role: str, scopes: Iterable[str]) -> frozenset[str]:
    """Return what a credential with `scopes` may do in the hands of a user with `role`."""
    return ROLE_SCOPES[role].intersection(scopes)
