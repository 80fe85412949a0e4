"""`pantheon usage`: sums made anew, and a provider's invoice."""

import asyncio
from dataclasses import replace
from pathlib import Path

from pantheon.accounts.workspaces import ensure_local_owner
from pantheon.base.clock import now
from pantheon.db.pool import Database
from pantheon.ops.embedded import Server
from pantheon.providers.types import TokenUsage
from tests.cli.commands import Commands
from tests.make import make_call


def test_sums_and_an_invoice(commands: Commands, server: Server, tmp_path: Path) -> None:
    there = replace(
        commands, environment=commands.environment | {"PANTHEON_DATABASE_URL": server.url}
    )

    async def call() -> None:
        db = Database(server.url, size=1)
        await db.open()
        who = await ensure_local_owner(db)
        async with db.transaction(who.workspace_id) as conn:
            usage = TokenUsage(100, 10, 20, 5)
            await make_call(conn, who, model="lab/m1", usage=usage, cost_usd="0.5")
        await db.close()

    asyncio.run(call())
    made = there.run("usage", "rebuild")
    assert made.code == 0, made.err
    assert made.out == "Every day that is over is summed.\n"
    assert "is summed." in made.err

    file, today = tmp_path / "invoice.csv", now().date().isoformat()
    file.write_text(f"date,model,input_tokens,cost_usd\n{today},m1,100,0.50\n")
    same = there.run("usage", "invoice", "lab", str(file))
    assert same.out == f"Invoice and ledger agree: {today} to {today}, 1 models and days.\n"
    assert same.code == 0
    file.write_text("model,input_tokens,cost_usd\nm1,90,0.75\n")
    apart = there.run("usage", "invoice", "lab", str(file), "--from", today, "--to", today)
    assert apart.code == 1
    assert apart.out == (
        "in all      m1: -10 input tokens, +0.250000 US dollars\n"
        "The invoice says, beyond the ledger, -10 input tokens, +0.250000 US dollars"
        f" ({today} to {today}, 1 models and days).\n"
    )
    unclear = there.run("usage", "invoice", "lab", str(file))
    assert unclear.code == 1
    assert "Totals without a day need 'from' and 'to'" in unclear.err
