"""Roles: what a credential may do is what its scopes and its user's role both allow."""

import pytest

from pantheon.accounts.roles import ALL_SCOPES, Who, allowed
from pantheon.base import ids
from pantheon.base.errors import Problem


@pytest.mark.parametrize(
    ("role", "scopes", "may"),
    [
        ("owner", ALL_SCOPES, ALL_SCOPES),
        ("admin", ["read", "admin"], {"read", "admin"}),
        ("member", ALL_SCOPES, {"read", "write"}),
        ("member", ["admin"], set()),
        ("owner", ["root"], set()),
    ],
)
def test_a_credential_may_what_scopes_and_role_allow(role, scopes, may):
    assert allowed(role, scopes) == may


def test_a_missing_scope_is_named_beside_those_there_are():
    who = Who(ids.new(), ids.new(), "member", frozenset({"write", "read"}))
    who.need("write")
    with pytest.raises(Problem) as refused:
        who.need("admin")
    assert (refused.value.kind.code, refused.value.kind.status) == ("forbidden", 403)
    assert refused.value.detail == (
        "This needs the scope 'admin'; the credential has: read, write."
    )
