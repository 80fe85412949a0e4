"""Tests of the page's revision: a message of any length and form is stored with its words."""

import psycopg
import pytest

from tests.db.rows import fill

WORST = "".join(f"{chr(0x20000 + i % 30_000)}{chr(0x20000 + i // 300)} " for i in range(50_000))


@pytest.mark.parametrize(
    "text",
    ["", "x" * 3_000_000, "a b " * 500_000, WORST, "\n".join(f"w{i}" for i in range(200_000))],
    ids=["empty", "one long word", "two words", "four bytes each", "all different"],
)
def test_no_message_is_too_much_for_its_words(server, text):
    workspace = fill(server.admin_url)
    with psycopg.connect(server.admin_url) as conn:
        conn.execute("UPDATE messages SET content = %s WHERE workspace_id = %s", (text, workspace))
        row = conn.execute(
            "SELECT length(content), length(words) > 0 FROM messages WHERE workspace_id = %s",
            (workspace,),
        ).fetchone()
    assert row == (len(text), text != "" and len(text) != 3_000_000)
