"""A check of ours for schemathesis, loaded by it (SCHEMATHESIS_HOOKS): refusals are documented."""

import re
from pathlib import Path

import schemathesis
from schemathesis.core.failures import Failure

ERRORS = Path(__file__).parents[2] / "docs" / "errors.md"
DOCUMENTED = set(re.findall(r"^\| `(\w+)` \| (\d{3}) \|", ERRORS.read_text(), re.MULTILINE))


@schemathesis.check
def documented_problem(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """Assert that a refusal is a problem whose code docs/errors.md has, with this status."""
    if response.status_code < 400:
        return
    media_type = response.headers.get("content-type", ["none"])[0]
    code = response.json().get("code") if media_type == "application/problem+json" else media_type
    if (code, str(response.status_code)) not in DOCUMENTED:
        raise Failure(
            operation=case.operation.label,
            title="Undocumented refusal",
            message=f"{response.status_code} {code} is not in docs/errors.md",
        )
