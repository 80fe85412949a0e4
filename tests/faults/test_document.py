"""Whatever the OpenAPI document allows or forbids is sent to a real server: schemathesis."""

import asyncio
import json
import os
import random
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pantheon.accounts import keys
from tests.faults.books import check_drift, check_logs
from tests.faults.conftest import Figures, Size, must_fail
from tests.faults.world import MODES, World

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "openapi.json"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
    "ignored_auth",
    "documented_problem",
)
# It has no end to wait for.
ENDLESS = "/api/v1/sessions/{session_id}/events"
# The key of the run itself is not to be revoked where ids are followed.
SPARED = """
# Too long is refused too, before anybody looks at what is in it.
[checks.negative_data_rejection]
expected-statuses = ["4xx", "5xx"]

[[operations]]
include-name = "DELETE /api/v1/keys/{key_id}"
phases.stateful.enabled = false

# No payment service is configured: they say so.
[[operations]]
include-path-regex = "^/api/v1/(wallet/top-up|webhooks/stripe)$"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]
"""
RUN_SECONDS = 1200.0


async def try_document(
    here: World,
    rng: random.Random,
    examples: int,
    *,
    phases: Collection[str] = ("examples", "coverage", "fuzzing", "stateful"),
    without: Collection[str] = (),
    **options: Any,
) -> dict[str, Any]:
    """Send a real server up to so many cases for each operation and phase; returns what was told.

    Asserts that every check holds for every answer, and that the books hold afterwards.
    """
    up = await here.start("up", without=without)
    async with here.db.transaction(here.who.workspace_id) as conn:
        key, _ = await keys.create_key(conn, here.who, "all", ["read", "write", "admin"])
    (here.folder / "schemathesis.toml").write_text(SPARED)
    report = here.folder / "document.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        str(DOCUMENT),
        f"--url={up.url}",
        f"--header=Authorization: Bearer {key}",
        f"--phases={','.join(phases)}",
        f"--checks={','.join(CHECKS)}",
        f"--exclude-path={ENDLESS}",
        f"--max-examples={examples}",
        f"--seed={rng.randrange(1 << 32)}",
        f"--report-json-path={report}",
        "--generation-database=none",
        "--continue-on-failure",
        "--request-timeout=30",
        "--no-color",
        *(f"--{name.replace('_', '-')}={value}" for name, value in options.items()),
        cwd=here.folder,
        env=os.environ
        | {"SCHEMATHESIS_HOOKS": "tests.faults.document_checks", "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(RUN_SECONDS):
        told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    headers = {"Authorization": f"Bearer {key}"}
    assert (await here.client.get(f"{up.url}/api/v1/keys", headers=headers)).status_code == 200
    check_logs(here)
    await here.all_over()
    await check_drift(here)
    found: dict[str, Any] = json.loads(report.read_text())
    return found


async def test_the_document_is_kept(
    here: World, rng: random.Random, size: Size, figures: Figures
) -> None:
    """No 5xx, no undocumented answer, nothing taken that the document forbids, in all phases."""
    for mode in MODES:
        await here.session(mode, "ok")
    found = await try_document(here, rng, size(2, 30))
    cases = found["test_cases"]
    assert cases["generated"] >= size(1_000, 5_000)
    figures(
        "schemathesis over openapi.json",
        operations=found["operations"]["tested"],
        cases=cases["generated"],
        failures=cases["with_failures"],
    )


async def test_an_error_that_nobody_thought_of_is_found(
    here: World, rng: random.Random, figures: Figures
) -> None:
    """Control: a session that is not there makes an error of the server's."""
    options = {"phases": ["coverage"], "include_path_regex": "turns"}
    found = await must_fail(try_document(here, rng, 1, without=["not_found"], **options))
    figures("control: schemathesis without 'not_found'", found=found)
